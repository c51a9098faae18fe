//! How a tank tells what went wrong, in the run and at its end.

use super::{MS, greet, tank};
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;
use wavetank_core::{Providers, TaskProvider, TcpListener};
use wavetank_harness::{EngineConfig, Limits, NetworkConfig, StorageConfiguration, Tank, TankError};

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
    assert!(site.contains("tests/tank/failures.rs:") && message.contains("the pump broke"), "{error}");
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
        matches!(&error, TankError::Panic { message, site, .. } if message == "dropped in use" && site.contains("failures.rs")),
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
fn a_panic_of_what_a_task_returned_to_nobody_is_its_hosts() {
    let mut tank = tank();
    tank.client("client", |world| async move {
        drop(world.spawn(async { Fragile }));
        world.sleep(MS).await;
    });
    let error = tank.run().expect_err("what a detached task returned is dropped");
    assert!(
        matches!(&error, TankError::Panic { host, message, .. } if host == "client" && message == "dropped in use"),
        "{error}"
    );
}
