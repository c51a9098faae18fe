//! The smallest run that shows the planted bug, as told by hand: what shrinking is held
//! against. It counts its faults and operations itself, and the manifest says how many.
#![cfg(feature = "bugs")]

use counter::{Bug, HttpClient, Options, serve};
use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use wavetank_core::Providers;
use wavetank_harness::{EngineConfig, NetworkConfig, Ratio, SimProviders, StorageConfiguration, Tank};

const PORT: u16 = 8080;
const PATIENCE: Duration = Duration::from_millis(300);
/// What a power loss takes is drawn: of so many seeds, the one with the fewest faults counts.
const SEEDS: u64 = 100;

fn tank(seed: u64, bug: Option<Bug>) -> Tank {
    let slow = Duration::from_millis(20);
    let storage = StorageConfiguration {
        sync_latency: (slow..=slow).into(),
        crash_fault_probability: Ratio::new(1, 2),
        ..StorageConfiguration::default()
    };
    let mut tank = Tank::with_configs(seed, NetworkConfig::default(), storage, EngineConfig::default());
    tank.host("server", move |world| async move {
        let listen = SocketAddr::from(([0, 0, 0, 0], PORT));
        serve(&world, Options { listen, bug }, std::future::pending(), |_| ()).await
    });
    tank
}

/// Has a client ask one thing, and waits for the answer.
fn ask<Fut: Future<Output = u64> + 'static>(
    tank: &mut Tank,
    name: &str,
    ask: impl Fn(HttpClient<SimProviders>) -> Fut + Clone + 'static,
) -> u64 {
    let answer = Rc::new(Cell::new(0));
    let (server, told) = (SocketAddr::new(tank.ip("server"), PORT), answer.clone());
    tank.client(name, move |world| {
        let (ask, told) = (ask.clone(), told.clone());
        async move {
            told.set(ask(connected(&world, server).await).await);
            std::io::Result::Ok(())
        }
    });
    tank.run().expect("it is answered");
    answer.get()
}

/// A connection; the service may be starting.
async fn connected(world: &SimProviders, server: SocketAddr) -> HttpClient<SimProviders> {
    loop {
        match HttpClient::connect(world, server, PATIENCE).await {
            Ok(connection) => return connection,
            Err(_) => world.sleep(Duration::from_millis(5)).await,
        }
    }
}

/// One increment and a power loss: how many faults and operations it took, if the value
/// that was shown is taken back.
fn story(seed: u64, bug: Option<Bug>) -> Option<(usize, usize)> {
    let mut tank = tank(seed, bug);
    let shown = ask(&mut tank, "client", |mut connection| async move {
        connection.increment("one").await.expect("nothing is wrong yet")
    });
    let operations = 1;
    tank.power_loss("server");
    tank.restart("server");
    // As the simulation's checks look: no operation.
    let value = ask(&mut tank, "reader", |mut connection| async move {
        connection.value("one").await.expect("nothing is wrong any more")
    });
    (value < shown).then(|| (tank.faults(), operations))
}

#[test]
fn acknowledging_before_the_sync_takes_a_value_back() {
    let bug = Bug::named("acknowledge-before-sync").expect("it is compiled in");
    let (faults, operations) = (0..SEEDS).filter_map(|seed| story(seed, Some(bug))).min().expect("a seed shows it");
    let minimum = format!("minimum = {{ faults = {faults}, operations = {operations} }}");
    assert!(include_str!("../Cargo.toml").contains(&minimum), "the manifest does not say {minimum}");
    assert_eq!((0..SEEDS).find_map(|seed| story(seed, None)), None, "red without the bug");
}
