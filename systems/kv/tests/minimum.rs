//! The smallest runs that show planted bugs, as told by hand: what shrinking is held
//! against. Each counts its faults and operations itself, and the manifest says how many.
#![cfg(feature = "bugs")]

use kv::{Bug, Bytes, Client, Command, Condition, Entry, Options, Outcome, serve};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use wavetank_core::Providers;
use wavetank_harness::{EngineConfig, NetworkConfig, Ratio, SimProviders, StorageConfiguration, Tank};

const PORT: u16 = 8080;
const PATIENCE: Duration = Duration::from_millis(300);
/// What a power loss takes is drawn, and some moments are short: of so many seeds, the one
/// with the fewest faults counts.
const SEEDS: u64 = 200;
/// How long the disk takes to sync.
const SYNC: Duration = Duration::from_millis(20);

/// A server, and clients that come one after another.
struct Story {
    seed: u64,
    tank: Tank,
    operations: usize,
}

/// What an operation came to; nothing until it is answered.
type Told = Rc<RefCell<Option<Outcome>>>;

impl Story {
    fn new(seed: u64, bug: Option<Bug>) -> Story {
        let storage = StorageConfiguration {
            sync_latency: (SYNC..=SYNC).into(),
            crash_fault_probability: Ratio::new(1, 2),
            ..StorageConfiguration::default()
        };
        let mut tank = Tank::with_configs(seed, NetworkConfig::default(), storage, EngineConfig::default());
        tank.host("server", move |world| async move {
            let everywhere = SocketAddr::from(([0, 0, 0, 0], PORT));
            let options = Options { compact_bytes: 600, bug, ..Options::new(everywhere) };
            serve(&world, options, std::future::pending(), |_| ()).await
        });
        Story { seed, tank, operations: 0 }
    }

    /// Asks for a write, and goes on at once.
    fn ask(&mut self, command: Command) -> Told {
        self.operations += 1;
        let told = Told::default();
        let (command, answer) = (command, told.clone());
        self.add(move |world, server| {
            let (command, answer) = (command.clone(), answer.clone());
            async move {
                let answered = connected(&world, server).await.write(&command).await;
                *answer.borrow_mut() = answered.ok().map(|answer| answer.outcome);
            }
        });
        told
    }

    /// Asks for a write, and waits for the answer.
    fn write(&mut self, command: Command) -> Outcome {
        let told = self.ask(command);
        self.tank.run().expect("it is answered");
        let outcome = told.borrow_mut().take();
        outcome.expect("nothing is wrong meanwhile")
    }

    /// Sends a write again that was asked for before: the same operation.
    fn repeat(&mut self, command: Command) -> Outcome {
        self.operations -= 1;
        self.write(command)
    }

    /// Looks at a key when all is over, as the simulation's checks do: no operation.
    fn look(&mut self, key: &'static str) -> Option<Entry> {
        let seen = Rc::new(RefCell::new(None));
        let shown = seen.clone();
        self.add(move |world, server| {
            let shown = shown.clone();
            async move {
                let entry = connected(&world, server).await.read(key).await.expect("nothing is wrong any more");
                *shown.borrow_mut() = entry;
            }
        });
        self.tank.run().expect("it is answered");
        seen.take()
    }

    fn add<Fut: Future<Output = ()> + 'static>(&mut self, ask: impl Fn(SimProviders, SocketAddr) -> Fut + 'static) {
        let server = SocketAddr::new(self.tank.ip("server"), PORT);
        let name = format!("client-{:?}", self.tank.elapsed());
        self.tank.client(&name, move |world| {
            let asking = ask(world, server);
            async move {
                asking.await;
                std::io::Result::Ok(())
            }
        });
    }

    fn lose_power(&mut self) {
        self.tank.power_loss("server");
        self.tank.restart("server");
    }

    fn crash(&mut self) {
        self.tank.crash("server");
        self.tank.restart("server");
    }

    fn size(&mut self) -> (usize, usize) {
        (self.tank.faults(), self.operations)
    }
}

/// A connection; the service may be starting.
async fn connected(world: &SimProviders, server: SocketAddr) -> Client<SimProviders> {
    loop {
        match Client::connect(world, server, PATIENCE).await {
            Ok(connection) => return connection,
            Err(_) => world.sleep(Duration::from_millis(5)).await,
        }
    }
}

/// The story shows the bug, with as many faults and operations as the manifest says, and
/// nothing without it.
fn check(name: &str, story: impl Fn(&mut Story) -> bool) {
    let bug = Bug::named(name).expect("it is compiled in");
    let red = (0..SEEDS).filter_map(|seed| {
        let mut with = Story::new(seed, Some(bug));
        let is_red = story(&mut with);
        let mut without = Story::new(seed, None);
        assert!(!story(&mut without), "{name}: seed {seed} is red without the bug");
        is_red.then(|| with.size())
    });
    let (faults, operations) = red.min().unwrap_or_else(|| panic!("no seed shows {name}"));
    let declared = include_str!("../Cargo.toml").lines().find(|line| line.contains(&format!("name = \"{name}\"")));
    let minimum = format!("minimum = {{ faults = {faults}, operations = {operations} }}");
    assert!(declared.is_some_and(|line| line.contains(&minimum)), "{name}: the manifest does not say {minimum}");
}

fn version(outcome: Outcome) -> Option<u64> {
    match outcome {
        Outcome::Stored { version, .. } => Some(version),
        _ => None,
    }
}

#[test]
fn acknowledging_before_the_sync_gives_a_version_twice() {
    check("acknowledge-before-sync", |story| {
        let first = story.write(Command::put("k", "a"));
        story.lose_power();
        let second = story.write(Command::put("k", "a"));
        version(first) == version(second)
    });
}

#[test]
fn accepting_a_torn_record_shows_what_nobody_wrote() {
    check("accept-torn-record", |story| {
        let long = Bytes::from(vec![b'a'; 2_600]);
        // Until it listens.
        story.tank.run_for(SYNC * 10);
        story.ask(Command::put("k", long.clone()));
        story.tank.run_for(SYNC / 2);
        story.lose_power();
        story.look("k").is_some_and(|entry| entry.value != long)
    });
}

#[test]
fn forgetting_answers_does_a_write_twice() {
    check("forget-idempotency", |story| {
        let once = || Command::put("k", "a").once("once");
        story.tank.run_for(SYNC * 10);
        let told = story.ask(once());
        // At one of these moments it is durable, and the answer has not left.
        story.tank.run_for(SYNC * story.seed as u32 / 100);
        story.crash();
        story.tank.run_for(SYNC * 20);
        if told.borrow().is_some() {
            return false;
        }
        story.crash();
        version(story.repeat(once())) != Some(1)
    });
}

#[test]
fn comparing_values_takes_an_old_version_for_the_last() {
    check("compare-value", |story| {
        let first = version(story.write(Command::put("k", "a"))).expect("it is stored");
        story.write(Command::put("k", "a"));
        version(story.write(Command::put("k", "b").when(Condition::Version(first)))).is_some()
    });
}
