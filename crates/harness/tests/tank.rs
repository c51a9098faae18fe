//! The tank, method by method: a world driven by hand.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{OpenOptions, Providers, StorageFile, StorageProvider, TaskProvider, TcpListener};
use wavetank_harness::{EngineConfig, Limits, NetworkConfig, SimProviders, StorageConfiguration, Tank, TankError};

const MS: Duration = Duration::from_millis(1);

/// A tank whose every packet takes exactly 100 us.
fn tank() -> Tank {
    Tank::with_configs(7, NetworkConfig::perfect(), StorageConfiguration::default(), EngineConfig::default())
}

/// Answers each connection with a word.
async fn greet(world: SimProviders) -> io::Result<()> {
    let listener = world.bind((Ipv4Addr::UNSPECIFIED, 80).into()).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        world.spawn(async move { stream.write_all(b"hello").await });
    }
}

async fn greeting(world: &SimProviders) -> io::Result<String> {
    let mut word = String::new();
    world.connect_to("server:80").await?.read_to_string(&mut word).await?;
    Ok(word)
}

/// Asks the server every millisecond whether it can be reached, and counts.
fn add_prober(tank: &mut Tank) -> (Rc<Cell<u32>>, Rc<Cell<u32>>) {
    let counts = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (reached, missed) = counts.clone();
    tank.host("prober", move |world| {
        let (reached, missed) = (reached.clone(), missed.clone());
        async move {
            loop {
                let count = match world.timeout(MS / 2, greeting(&world)).await {
                    Ok(Ok(_)) => &reached,
                    _ => &missed,
                };
                count.set(count.get() + 1);
                world.sleep(MS).await;
            }
        }
    });
    counts
}

/// How many probes reached the server, and how many did not, in a tenth of a second.
fn probe(tank: &mut Tank, (reached, missed): &(Rc<Cell<u32>>, Rc<Cell<u32>>)) -> (bool, bool) {
    // One that is under way counts for neither.
    tank.run_for(2 * MS);
    reached.set(0);
    missed.set(0);
    tank.run_for(100 * MS);
    assert!(reached.get() + missed.get() >= 50, "it goes on probing");
    (reached.get() > 0, missed.get() > 0)
}

const ALL: (bool, bool) = (true, false);
const NONE: (bool, bool) = (false, true);

#[test]
fn a_client_asks_a_host() {
    let mut tank = tank();
    tank.host("server", greet);
    tank.client("client", |world| async move {
        assert_eq!(greeting(&world).await?, "hello");
        io::Result::Ok(())
    });
    assert_eq!(tank.run(), Ok(()));
    assert!((400..=700).contains(&tank.elapsed().as_micros()), "{:?}", tank.elapsed());
    assert_ne!(tank.ip("server"), tank.ip("client"));
}

#[test]
fn a_partition_lasts_until_it_is_healed() {
    let mut tank = tank();
    tank.host("server", greet);
    let counts = add_prober(&mut tank);
    assert_eq!(probe(&mut tank, &counts), ALL);
    tank.partition("server", "prober");
    assert_eq!(probe(&mut tank, &counts), NONE);
    tank.heal();
    assert_eq!(probe(&mut tank, &counts), ALL);
}

#[test]
fn a_slow_link_is_slow_until_it_is_healed() {
    let mut tank = tank();
    tank.host("server", greet);
    let counts = add_prober(&mut tank);
    tank.slow("server", "prober", 10 * MS);
    assert_eq!(probe(&mut tank, &counts), NONE);
    tank.heal();
    assert_eq!(probe(&mut tank, &counts), ALL);
    tank.slow("server", "prober", 10 * MS);
    tank.slow("server", "prober", Duration::ZERO);
    assert_eq!(probe(&mut tank, &counts), ALL);
}

#[test]
fn a_crashed_host_is_down_until_it_is_restarted() {
    let mut tank = tank();
    tank.host("server", greet);
    let counts = add_prober(&mut tank);
    tank.crash("server");
    assert_eq!(probe(&mut tank, &counts), NONE);
    tank.crash("server");
    tank.restart("server");
    assert_eq!(probe(&mut tank, &counts), ALL);
    tank.power_loss("server");
    assert_eq!(probe(&mut tank, &counts), NONE);
    tank.restart("server");
    assert_eq!(probe(&mut tank, &counts), ALL);
    // One that runs is crashed first: its port is free.
    tank.restart("server");
    assert_eq!(probe(&mut tank, &counts), ALL);
}

#[test]
fn a_paused_host_stands_still_until_it_is_resumed() {
    let mut tank = tank();
    tank.host("server", greet);
    let ticks = Rc::new(Cell::new(0));
    let counted = ticks.clone();
    tank.host("clock", move |world| {
        let counted = counted.clone();
        async move {
            loop {
                world.sleep(MS).await;
                counted.set(counted.get() + 1);
            }
        }
    });
    let counts = add_prober(&mut tank);
    tank.pause("clock");
    tank.pause("server");
    assert_eq!(probe(&mut tank, &counts), NONE);
    assert_eq!(ticks.get(), 0);
    tank.resume("server");
    tank.resume("clock");
    assert_eq!(probe(&mut tank, &counts), ALL);
    assert!(ticks.get() >= 95, "{}", ticks.get());
}

#[test]
fn what_was_synced_outlives_a_loss_of_power_and_a_crash_keeps_the_rest_too() {
    let mut tank = tank();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let boots = seen.clone();
    tank.host("store", move |world| {
        let boots = boots.clone();
        async move {
            let synced = world.open("synced", OpenOptions::append()).await?;
            let cached = world.open("cached", OpenOptions::append()).await?;
            let sizes = (synced.size().await?, cached.size().await?);
            boots.borrow_mut().push(sizes);
            synced.write_all_at(b"x", 0).await?;
            synced.sync_all().await?;
            cached.sync_all().await?;
            world.storage().sync_dir("/").await?;
            cached.write_all_at(b"xx", 0).await?;
            std::future::pending::<io::Result<()>>().await
        }
    });
    for _ in 0..3 {
        tank.run_for(100 * MS);
        tank.crash("store");
        tank.restart("store");
    }
    tank.run_for(100 * MS);
    assert_eq!(*seen.borrow(), [(0, 0), (1, 2), (2, 4), (3, 6)], "the kernel's cache outlives a process");
    let mut lost = 0;
    for boot in 4..20 {
        tank.power_loss("store");
        tank.restart("store");
        tank.run_for(100 * MS);
        let (synced, cached) = *seen.borrow().last().expect("it booted");
        assert_eq!(synced, boot, "what was synced is there");
        assert!(cached <= 2 * boot);
        lost += u64::from(cached < 2 * boot);
    }
    assert!(lost > 0, "what was not synced is sometimes gone");
}

#[test]
fn a_step_fires_one_instant() {
    let mut tank = tank();
    let naps = Rc::new(Cell::new(0));
    let taken = naps.clone();
    tank.host("napper", move |world| {
        let taken = taken.clone();
        async move {
            for nap in 1..=3 {
                world.sleep(nap * MS).await;
                taken.set(nap);
            }
        }
    });
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push((tank.step(), tank.elapsed(), naps.get()));
    }
    let (step, over) = (Ok(true), Ok(false));
    let expected = [
        (step.clone(), MS, 1),
        (step.clone(), 3 * MS, 2),
        (step, 6 * MS, 3),
        (over.clone(), 6 * MS, 3),
        (over, 6 * MS, 3),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_condition_is_looked_at_after_every_instant() {
    let mut tank = tank();
    let count = Rc::new(Cell::new(0));
    let counted = count.clone();
    tank.host("counter", move |world| {
        let counted = counted.clone();
        async move {
            loop {
                world.sleep(MS).await;
                counted.set(counted.get() + 1);
            }
        }
    });
    assert_eq!(tank.run_until(Duration::from_secs(1), || count.get() == 5), Ok(()));
    assert_eq!((count.get(), tank.elapsed()), (5, 5 * MS));
    let error = tank.run_until(10 * MS, || false).expect_err("it never holds");
    assert!(matches!(error, TankError::NotDone { seed: 7, after, .. } if after == 15 * MS), "{error}");
    assert!(error.to_string().contains("not done after 15ms") && error.to_string().contains("a sleep"), "{error}");
    tank.run_for(10 * MS);
    assert_eq!((count.get(), tank.elapsed()), (25, 25 * MS));
}

#[test]
fn time_passes_where_nothing_happens() {
    let mut tank = tank();
    tank.run_for(MS);
    assert_eq!(tank.elapsed(), MS);
    tank.host("idle", |_| async { std::future::pending::<()>().await });
    tank.run_for(MS);
    assert_eq!(tank.elapsed(), 2 * MS);
}

#[test]
fn the_same_seed_is_the_same_story() {
    let story = |seed| {
        let mut tank = Tank::new(seed);
        tank.host("server", greet);
        tank.client("client", |world| async move { greeting(&world).await.map(drop) });
        tank.partition("server", "client");
        tank.run_for(100 * MS);
        tank.heal();
        assert_eq!(tank.run(), Ok(()));
        (tank.digest(), tank.elapsed())
    };
    assert_eq!(story(7), story(7));
    assert_ne!(story(7), story(8));
}

#[test]
fn a_panic_of_a_host_is_told() {
    let mut tank = tank();
    tank.host("server", |world| async move {
        world.sleep(MS).await;
        assert_eq!(1, 2, "the pump broke");
    });
    tank.client("client", |world| async move { world.sleep(2 * MS).await });
    let error = tank.run().expect_err("the server panics");
    let TankError::Panic { seed: 7, host, site, message } = &error else { panic!("{error}") };
    assert_eq!(host, "server");
    assert!(site.contains("tests/tank.rs:") && message.contains("the pump broke"), "{error}");
    assert!(error.to_string().starts_with("seed 7: server panicked at"), "{error}");
}

#[test]
fn an_error_of_a_host_or_client_is_told() {
    let mut tank = tank();
    tank.host("server", |world| async move {
        world.sleep(MS).await;
        Err::<(), _>(io::Error::other("the pump broke"))
    });
    tank.client("client", |world| async move { world.sleep(2 * MS).await });
    let expected = TankError::Error { seed: 7, host: "server".into(), message: "the pump broke".into() };
    assert_eq!(tank.run(), Err(expected.clone()));
    assert_eq!(tank.elapsed(), MS);
    assert_eq!(expected.to_string(), "seed 7: server returned an error: the pump broke");

    let mut tank = self::tank();
    tank.client("client", |_| async { Err::<(), _>("no idea") });
    assert!(matches!(tank.run(), Err(TankError::Error { host, .. }) if host == "client"));
}

#[test]
#[should_panic(expected = "seed 7: server returned an error: the pump broke")]
fn running_for_a_time_panics_at_an_error() {
    let mut tank = tank();
    tank.host("server", |_| async { Err::<(), _>("the pump broke") });
    tank.run_for(MS);
}

#[test]
fn a_deadlock_names_who_waits() {
    let mut tank = tank();
    tank.client("client", |world| async move {
        let listener = world.bind((Ipv4Addr::UNSPECIFIED, 80).into()).await?;
        listener.accept().await.map(drop)
    });
    let error = tank.run().expect_err("nobody connects");
    assert!(matches!(&error, TankError::Deadlock { seed: 7, tasks } if tasks.len() == 1));
    for words in ["seed 7: deadlock", "`client` of client", "a connection to accept"] {
        assert!(error.to_string().contains(words), "no `{words}`: {error}");
    }
}

#[test]
fn a_limit_ends_a_run() {
    let limits = Limits { polls_per_instant: 1000, ..Limits::default() };
    let engine = EngineConfig { limits, ..EngineConfig::default() };
    let mut tank = Tank::with_configs(7, NetworkConfig::default(), StorageConfiguration::default(), engine);
    tank.client("top", |world| async move {
        loop {
            world.task().yield_now().await;
        }
    });
    let error = tank.run().expect_err("it never ends");
    assert!(matches!(&error, TankError::Limit { seed: 7, tasks, .. } if tasks.len() == 1), "{error}");
    assert!(error.to_string().contains("1000 polls were made while time stood still"), "{error}");
}

#[test]
fn a_host_that_ends_ends_nothing() {
    let mut tank = tank();
    tank.host("brief", |_| async {});
    tank.client("client", |world| async move { world.sleep(MS).await });
    tank.client("slower", |world| async move { world.sleep(2 * MS).await });
    assert_eq!(tank.run(), Ok(()));
    assert_eq!(tank.elapsed(), 2 * MS, "the last client's end is the end");
}

#[test]
fn a_client_that_was_crashed_and_restarted_is_waited_for() {
    let mut tank = tank();
    tank.client("client", |world| async move { world.sleep(10 * MS).await });
    tank.run_for(5 * MS);
    tank.crash("client");
    tank.run_for(5 * MS);
    tank.restart("client");
    assert_eq!(tank.run(), Ok(()));
    assert_eq!(tank.elapsed(), 20 * MS);
    // One that is done is done, however often it is started again.
    tank.restart("client");
    tank.run_for(20 * MS);
    assert_eq!(tank.run(), Ok(()));
    tank.client("another", |world| async move { world.sleep(MS).await });
    let before = tank.elapsed();
    assert_eq!(tank.run(), Ok(()));
    assert_eq!(tank.elapsed(), before + MS, "another one is waited for none the less");
}

#[test]
fn a_host_reaches_itself_and_a_stranger_is_not_found() {
    let mut tank = tank();
    tank.client("server", |world| async move {
        world.spawn(greet(world.clone()));
        world.sleep(MS).await;
        assert_eq!(greeting(&world).await?, "hello");
        let error = world.connect_to("nobody:80").await.expect_err("nobody has that name");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        world.connect(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 80)).await.map(drop)
    });
    assert_eq!(tank.run(), Ok(()));
}

#[test]
#[should_panic(expected = "there is no host `sever`; there are: server, client")]
fn an_unknown_name_is_told_with_those_that_are_there() {
    let mut tank = tank();
    tank.host("server", greet);
    tank.host("client", greet);
    tank.crash("sever");
}

#[test]
#[should_panic(expected = "there is a host `server` already")]
fn a_name_is_one_hosts() {
    let mut tank = tank();
    tank.host("server", greet);
    tank.host("server", greet);
}

#[test]
fn an_assertion_whose_panic_was_caught_is_an_error() {
    let mut tank = tank();
    tank.client("client", |_| async {
        let caught =
            std::panic::catch_unwind(|| wavetank_probe::always_assert!(std::hint::black_box(false), "it holds"));
        assert!(caught.is_err());
    });
    let error = tank.run().expect_err("it does not hold");
    assert!(matches!(&error, TankError::Violated { host, .. } if host == "client"), "{error}");
    assert!(error.to_string().contains("it holds"), "{error}");
}

#[test]
fn a_handle_used_on_another_thread_is_an_error() {
    let mut tank = tank();
    tank.client("client", |world| async move {
        #[expect(clippy::disallowed_methods, reason = "a foreign thread is what is tested")]
        let thread = std::thread::spawn(move || _ = world.now());
        thread.join().expect_err("it is told there, too");
    });
    assert_eq!(tank.run(), Err(TankError::Foreign { seed: 7, uses: 1 }));
}

#[test]
#[should_panic(expected = "while time stood still")]
fn running_for_a_time_panics_at_a_livelock() {
    let mut tank = tank();
    tank.host("host", |world| async move {
        loop {
            world.task().yield_now().await;
        }
    });
    tank.run_for(Duration::from_secs(5));
}

#[test]
fn a_stream_that_the_test_drops_between_two_steps_is_closed() {
    let mut tank = tank();
    let ended = Rc::new(Cell::new(false));
    let seen = ended.clone();
    tank.host("server", move |world| {
        let seen = seen.clone();
        async move {
            let listener = world.bind((Ipv4Addr::UNSPECIFIED, 80).into()).await?;
            let (mut stream, _) = listener.accept().await?;
            seen.set(stream.read(&mut [0]).await? == 0);
            io::Result::Ok(())
        }
    });
    let kept = Rc::new(RefCell::new(None));
    let put = kept.clone();
    tank.client("client", move |world| {
        let put = put.clone();
        async move {
            let stream = world.connect_to("server:80").await?;
            put.borrow_mut().replace(stream);
            io::Result::Ok(())
        }
    });
    tank.run_for(10 * MS);
    assert!(!ended.get());
    drop(kept.take().expect("it is connected"));
    tank.run_for(10 * MS);
    assert!(ended.get(), "the server has read the end");
}

/// A value that cannot be dropped in peace.
struct Fragile;

impl Drop for Fragile {
    fn drop(&mut self) {
        panic!("dropped in use");
    }
}

/// A tank with a host that holds something fragile for as long as it runs.
fn fragile() -> Tank {
    let mut tank = tank();
    tank.host("server", |world| async move {
        let _fragile = Fragile;
        world.sleep(Duration::MAX).await;
    });
    tank.run_for(MS);
    tank
}

#[test]
#[should_panic(expected = "dropped in use")]
fn a_panic_of_a_destructor_at_the_end_is_one_of_the_test() {
    drop(fragile());
}

#[test]
fn a_tank_that_is_finished_has_it_as_an_error() {
    let error = fragile().finish().expect_err("what the host held is dropped");
    assert!(
        matches!(&error, TankError::Panic { message, site, .. } if message == "dropped in use" && site.contains("tank.rs")),
        "{error}"
    );
    let mut sound = tank();
    sound.host("server", greet);
    sound.run_for(MS);
    assert_eq!(sound.finish(), Ok(()));
}

#[test]
fn what_comes_after_a_failure_is_nobodys_business() {
    let mut tank = fragile();
    tank.client("client", |_| async { Err::<(), _>("no") });
    assert!(matches!(tank.run(), Err(TankError::Error { .. })));
    drop(tank);
    // A test that panics is told of its own panic.
    let both = std::panic::catch_unwind(|| {
        let _tank = fragile();
        panic!("of the test");
    });
    assert_eq!(both.expect_err("it panics").downcast_ref(), Some(&"of the test"));
}

#[test]
fn a_panic_of_nobody_s_task_is_the_harness_s() {
    let mut tank = tank();
    tank.client("client", |world| async move {
        drop(world.spawn(async { Fragile }));
        world.sleep(MS).await;
    });
    let error = tank.run().expect_err("what a detached task returned is dropped");
    assert!(
        matches!(&error, TankError::Panic { host, message, .. } if host == "the harness" && message == "dropped in use"),
        "{error}"
    );
}
