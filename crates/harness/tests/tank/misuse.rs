//! What is said to who misuses a tank, in one line each: nothing is done then.

use super::{MS, greet, tank};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;
use wavetank_core::{Providers, panic_message};
use wavetank_harness::{EngineConfig, Limits, NetworkConfig, StorageConfiguration, Tank, TankError};

#[test]
#[should_panic(expected = "add one with .client(..), or let time pass with .run_for(..)")]
fn a_run_without_a_client_shows_nothing() {
    let mut tank = tank();
    tank.host("server", greet);
    drop(tank.run());
}

#[test]
fn a_client_that_nobody_will_start_is_not_waited_for() {
    let failing = Rc::new(Cell::new(true));
    let (mut tank, fails) = (tank(), failing.clone());
    tank.host("clock", |world| async move {
        loop {
            world.sleep(MS).await;
        }
    });
    tank.client("client", move |world| {
        let fails = fails.clone();
        async move {
            world.sleep(MS).await;
            if fails.get() { Err("no") } else { Ok(()) }
        }
    });
    let gone = Err(TankError::NotRunning { seed: 7, host: "client".into() });
    for kill in [Tank::crash, Tank::power_loss] {
        kill(&mut tank, "client");
        assert_eq!(tank.run(), gone);
        tank.restart("client");
    }
    assert!(matches!(tank.run(), Err(TankError::Error { .. })));
    assert_eq!(tank.run(), gone, "it has failed, and is over");
    let line = tank.run().expect_err("it is gone").to_string();
    assert!(line.contains("client client was crashed or has failed") && line.contains("restart it"), "{line}");
    failing.set(false);
    tank.restart("client");
    assert_eq!((tank.run(), tank.run()), (Ok(()), Ok(())));
    tank.crash("client");
    assert_eq!(tank.run(), Ok(()), "it was done before");
}

#[test]
fn time_that_may_not_pass_is_no_time_that_passed() {
    let limits = Limits { time: Duration::from_secs(1), ..Limits::default() };
    let engine = EngineConfig { limits, ..EngineConfig::default() };
    for time in [Duration::from_secs(2), Duration::MAX] {
        let mut tank = Tank::with_configs(7, NetworkConfig::perfect(), StorageConfiguration::default(), engine.clone());
        tank.run_for(limits.time / 2);
        assert_eq!(tank.elapsed(), limits.time / 2);
        let ran = catch_unwind(AssertUnwindSafe(|| tank.run_for(time)));
        let payload = ran.expect_err("so much time may not pass");
        let line = panic_message(payload.as_ref());
        assert!(line.contains("1.0 s of virtual time passed (Limits::time)"), "{line}");
    }
}

#[test]
fn who_waits_was_added_by_the_test() {
    let mut tank = tank();
    tank.client("client", |_| std::future::pending::<()>());
    let error = tank.run().expect_err("it never ends").to_string();
    assert!(error.contains("spawned at crates/harness/tests/tank/misuse.rs:"), "{error}");
}

#[test]
fn what_is_no_name_and_no_pair_is_said_to_be() {
    let says = |misuse: fn(&mut Tank), words: &str| {
        let mut tank = tank();
        tank.host("server", greet);
        let misused = catch_unwind(AssertUnwindSafe(|| misuse(&mut tank)));
        let payload = misused.expect_err("it is a mistake");
        let line = panic_message(payload.as_ref());
        assert!(line.contains(words), "{line}");
        assert_eq!(tank.faults(), 0, "nothing was done");
    };
    for name in ["localhost", "127.0.0.1", "10.0.0.9", "[::1]"] {
        let mut tank = tank();
        let added = catch_unwind(AssertUnwindSafe(|| tank.host(name, greet)));
        let payload = added.expect_err("whoever looks it up gets an address");
        let line = panic_message(payload.as_ref());
        assert_eq!(line, format!("`{name}` is an address to whoever looks it up: give the host another name"));
    }
    says(|tank| tank.partition("server", "server"), "nothing lies between host `server` and itself");
    says(|tank| tank.slow("server", "server", MS), "nothing lies between host `server` and itself");
    says(|tank| tank.crash("sever"), "there is no host `sever`");
    says(|tank| tank.partition("server", "sever"), "there is no host `sever`");
}

#[test]
fn who_misnames_a_host_is_told_where() {
    thread_local!(static FILE: Cell<Option<&'static str>> = const { Cell::new(None) });
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        FILE.set(info.location().map(|site| if site.file() == file!() { file!() } else { "elsewhere" }));
        before(info);
    }));
    let blows: [fn(&mut Tank); 8] = [
        |tank| tank.crash("sever"),
        |tank| tank.power_loss("sever"),
        |tank| tank.restart("sever"),
        |tank| tank.isolate("sever"),
        |tank| tank.partition("sever", "server"),
        |tank| tank.cut("server", "server"),
        |tank| tank.skew_clock("sever", 1),
        |tank| assert!(tank.ip("sever").is_ipv4()),
    ];
    for (nth, blow) in blows.into_iter().enumerate() {
        let mut tank = tank();
        tank.host("server", greet);
        catch_unwind(AssertUnwindSafe(|| blow(&mut tank))).expect_err("it is a mistake");
        assert_eq!(FILE.take(), Some(file!()), "blow {nth}");
    }
}

#[test]
fn a_name_that_leads_nowhere_is_told() {
    for (name, words) in [("sever:80", "no machine or process is called `sever`"), ("server", "`server` has no port")] {
        let mut tank = tank();
        tank.host("server", greet);
        tank.client("client", move |world| async move { world.connect_to(name).await.map(drop) });
        let error = tank.run().expect_err("it leads nowhere").to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
#[should_panic(expected = "NetworkConfig: backlog must be above zero")]
fn a_network_that_cannot_be_is_told_in_words() {
    let network = NetworkConfig { backlog: 0, ..NetworkConfig::lan() };
    drop(Tank::with_configs(7, network, StorageConfiguration::default(), EngineConfig::default()));
}
