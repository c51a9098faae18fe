//! The tank, method by method: a world driven by hand.

mod blows;
mod failures;
mod faults;
mod misuse;

use std::cell::{Cell, RefCell};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{Providers, TcpListener};
use wavetank_harness::{EngineConfig, NetworkConfig, SimProviders, StorageConfiguration, Tank, TankError};

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
