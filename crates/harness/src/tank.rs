//! The tank: a simulation that a test drives by hand, host by host and step by
//! step. The builder is for sweeps; this is for stories.

mod blows;
mod host;

use self::host::{Boot, Host, Role};
use crate::cast::{add_machine, is_address};
use crate::failure::limit_reached;
use crate::ledger::ALARM;
use crate::outcome::{Ending, Outcome};
use crate::panic_site::Simulating;
use crate::providers::SimProviders;
use crate::rig::Rig;
use crate::tank_error::TankError;
use std::collections::BTreeMap;
use std::future::Future;
use std::net::IpAddr;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;
use wavetank_core::saturating_nanos;
use wavetank_engine::{Decisions, Digest, EngineConfig, Home, Limit, Limits, SimTaskProvider, Stop};
use wavetank_network::NetworkConfig;
use wavetank_storage::StorageConfiguration;

/// A simulated world for one test, driven by hand.
///
/// When it is dropped, the hosts' tasks are, while their world is still there. What that
/// brings to light, such as a panic of a destructor, is a panic of the test, unless the
/// test panics already or was told that the run is red; [`finish`](Self::finish) has it as
/// an error instead.
///
/// ```
/// use std::time::Duration;
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// use wavetank_core::{Providers, TcpListener};
/// use wavetank_harness::Tank;
///
/// let mut tank = Tank::new(7);
/// tank.host("server", |world| async move {
///     let listener = world.bind(([0, 0, 0, 0], 80).into()).await?;
///     loop {
///         let (mut stream, _) = listener.accept().await?;
///         stream.write_all(b"hello").await?;
///     }
///     #[allow(unreachable_code)]
///     std::io::Result::Ok(())
/// });
/// tank.client("client", |world| async move {
///     let mut stream = world.connect_to("server:80").await?;
///     let mut word = [0; 5];
///     stream.read_exact(&mut word).await?;
///     assert_eq!(&word, b"hello");
///     std::io::Result::Ok(())
/// });
/// tank.partition("server", "client");
/// tank.run_for(Duration::from_millis(100));
/// tank.heal();
/// tank.run().unwrap();
/// ```
pub struct Tank {
    rig: Rig,
    seed: u64,
    limits: Limits,
    hosts: BTreeMap<String, Host>,
    order: Vec<String>,
    /// Faults by hand so far.
    blows: usize,
    /// The test was told that the run is red, or has asked how it ends: its end is not judged again.
    is_judged: bool,
}

impl Tank {
    /// A tank without hosts, on the default network and disks.
    pub fn new(seed: u64) -> Tank {
        Tank::with_configs(seed, NetworkConfig::default(), StorageConfiguration::default(), EngineConfig::default())
    }

    /// A tank without hosts, under the given conditions. If the engine
    /// [survives panics](EngineConfig::survive_panics), a panic is an error only when nobody
    /// can hear of it any more by joining its task.
    pub fn with_configs(
        seed: u64,
        network: NetworkConfig,
        storage: StorageConfiguration,
        engine: EngineConfig,
    ) -> Tank {
        let mut rig = Rig::new(&network, &storage);
        rig.world.begin(Decisions::of(seed), &engine, None);
        Tank { rig, seed, limits: engine.limits, hosts: BTreeMap::new(), order: Vec::new(), blows: 0, is_judged: false }
    }

    /// Adds a host on a machine of its own and boots it. The function is called
    /// again at each restart; what it returns does not end the run, unless it is an error.
    ///
    /// # Panics
    /// If there is a host of that name, or the name means something else to who looks it up.
    #[track_caller]
    pub fn host<F, Fut>(&mut self, name: &str, boot: F)
    where
        F: Fn(SimProviders) -> Fut + 'static,
        Fut: Future<Output: Outcome> + 'static,
    {
        self.add(name, boot, Role::Host);
    }

    /// Adds a client: a host whose end [`run`](Self::run) waits for.
    ///
    /// # Panics
    /// If there is a host of that name, or the name means something else to who looks it up.
    #[track_caller]
    pub fn client<F, Fut>(&mut self, name: &str, boot: F)
    where
        F: Fn(SimProviders) -> Fut + 'static,
        Fut: Future<Output: Outcome> + 'static,
    {
        self.add(name, boot, Role::Client);
    }

    /// The address of a host.
    ///
    /// # Panics
    /// If there is no such host; so it is with every method that takes a name.
    #[track_caller]
    pub fn ip(&self, name: &str) -> IpAddr {
        self.find(name).ip
    }

    /// Virtual time since the start.
    pub fn elapsed(&mut self) -> Duration {
        Duration::from_nanos(self.now())
    }

    /// The digest of all that happened so far.
    pub fn digest(&mut self) -> Digest {
        self.rig.world.kernel(|kernel| kernel.digest())
    }

    /// How many faults there were so far, as a shrinker counts them: each cut, slow link,
    /// crash, power loss and pause by hand, and each that was drawn and fired, such as a
    /// write that a power loss took.
    pub fn faults(&mut self) -> usize {
        self.blows + self.rig.world.kernel(|kernel| kernel.faults().atoms().len())
    }

    /// Runs until every client is done.
    ///
    /// # Errors
    /// [`TankError`].
    ///
    /// # Panics
    /// If there is no client: such a run would be over before it begins.
    pub fn run(&mut self) -> Result<(), TankError> {
        assert!(
            self.hosts.values().any(|host| host.role == Role::Client),
            "a tank runs until its clients are done, and has none: add one with .client(..), or let time pass with .run_for(..)"
        );
        let run = self
            .settle()
            .and_then(|()| self.expect_clients())
            .and_then(|()| self.advance(u64::MAX, |tank| tank.clients_are_done()));
        self.is_judged |= run.is_err();
        run
    }

    /// Runs for so much virtual time, whoever is done.
    ///
    /// # Panics
    /// If a host panics, returns an error, violates an assertion or reaches a limit meanwhile.
    pub fn run_for(&mut self, duration: Duration) {
        let until = self.now().saturating_add(saturating_nanos(duration));
        // Time passes even where nothing else is due.
        let device = self.rig.handles().ledger.number();
        self.rig.world.kernel(|kernel| kernel.at(until, device, ALARM));
        match self.advance(until, |_| false) {
            Ok(()) => {}
            Err(TankError::NotDone { .. } | TankError::Deadlock { .. }) if self.now() >= until => {}
            Err(TankError::NotDone { seed, tasks, .. } | TankError::Deadlock { seed, tasks }) => {
                let limit = limit_reached(Limit::Time, &self.limits);
                panic!("{}", TankError::Limit { seed, limit, tasks });
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Runs until a condition holds, looking after every instant at which something
    /// happened, for `most` of virtual time.
    ///
    /// # Errors
    /// [`TankError`].
    pub fn run_until(&mut self, most: Duration, mut holds: impl FnMut() -> bool) -> Result<(), TankError> {
        let until = self.now().saturating_add(saturating_nanos(most));
        self.advance(until, |_| holds())
    }

    /// Moves to the next instant at which something is due, and polls whom it woke.
    /// False if nothing is left to do.
    ///
    /// # Errors
    /// [`TankError`], but that it is not done.
    pub fn step(&mut self) -> Result<bool, TankError> {
        // Whoever is ready now may have something due before what is due next.
        self.settle()?;
        let Some(next) = self.rig.world.kernel(|kernel| kernel.next_time()) else { return Ok(false) };
        let stop = self.run_world(next);
        self.judge(stop)?;
        Ok(true)
    }

    /// Drops every host's tasks, and says what was wrong with that: a panic of a destructor,
    /// an assertion that was violated, a handle used on another thread.
    ///
    /// # Errors
    /// [`TankError`], unless the test was told that the run is red: what destructors find
    /// in the ruins of one that failed is nobody's business.
    pub fn finish(mut self) -> Result<(), TankError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), TankError> {
        if std::mem::replace(&mut self.is_judged, true) {
            return Ok(());
        }
        let _simulating = Simulating::begin(self.seed);
        // What is still open may be the test's own.
        let _ = self.rig.world.finish();
        self.judge(Stop::Idle)
    }

    #[track_caller]
    fn add<F, Fut>(&mut self, name: &str, boot: F, role: Role)
    where
        F: Fn(SimProviders) -> Fut + 'static,
        Fut: Future<Output: Outcome> + 'static,
    {
        assert!(!self.hosts.contains_key(name), "there is a host `{name}` already");
        assert!(!is_address(name), "`{name}` is an address to whoever looks it up: give the host another name");
        let boot: Boot = Rc::new(move |world| Box::pin(Ending::of(boot(world))));
        let peer = add_machine(&mut self.rig, name.into());
        let machine = self.rig.world.kernel(|kernel| kernel.topology.node(peer.node).machine);
        self.hosts.insert(name.to_string(), Host::new(&peer, machine, boot, role, Location::caller()));
        self.order.push(name.to_string());
        if role == Role::Client {
            self.ledger(|ledger| ledger.remaining += 1);
        }
        self.boot(name);
    }

    fn boot(&mut self, name: &str) {
        let Host { node, ref boot, role, ref awaited, ref running, site, .. } = *self.find(name);
        let (boot, awaited, running, name) = (boot.clone(), awaited.clone(), running.clone(), name.to_string());
        let handles = self.rig.handles();
        self.rig.world.enter(|| {
            let home: Home = handles.control.boot(node);
            let body = boot(SimProviders::new(home));
            running.set(true);
            let run = async move {
                let ended = body.await;
                running.set(false);
                handles.ledger.with(|ledger, _| {
                    // A client that was done once is done, even if it is started again.
                    if ended.is_ok() && awaited.replace(false) {
                        ledger.remaining -= 1;
                    }
                    ledger.enter(|| name, ended);
                });
                // Whoever runs the tank looks at what ended.
                handles.control.stop();
            };
            drop(SimTaskProvider::new(home).spawn_at(role.name(), site, run));
        });
    }

    /// Polls whoever is ready, while time stands still.
    fn settle(&mut self) -> Result<(), TankError> {
        let now = self.now();
        loop {
            let stop = self.run_world(now);
            self.judge(stop)?;
            if stop != Stop::Requested {
                return Ok(());
            }
        }
    }

    /// Runs to `until`, or until `enough` says so after an instant.
    fn advance(&mut self, until: u64, mut enough: impl FnMut(&mut Tank) -> bool) -> Result<(), TankError> {
        loop {
            self.settle()?;
            if enough(self) {
                return Ok(());
            }
            let next = self.rig.world.kernel(|kernel| kernel.next_time()).unwrap_or(until).min(until);
            let stop = self.run_world(next);
            self.judge(stop)?;
            if enough(self) {
                return Ok(());
            }
            let over = match stop {
                Stop::Idle => true,
                Stop::Until => next >= until,
                _ => false,
            };
            if over {
                return Err(self.not_done(stop));
            }
        }
    }

    fn run_world(&mut self, until: u64) -> Stop {
        let _simulating = Simulating::begin(self.seed);
        self.rig.world.run(until)
    }

    /// Turns a stop into an error, if it is one.
    fn judge(&mut self, stop: Stop) -> Result<(), TankError> {
        let judged = self.find_wrong(stop);
        self.is_judged |= judged.is_err();
        judged
    }

    fn find_wrong(&mut self, stop: Stop) -> Result<(), TankError> {
        let seed = self.seed;
        // One that somebody joined, or may still join, is no finding if panics are survived.
        let panic = match stop {
            Stop::Panic => self.rig.world.panics().last(),
            _ if self.rig.world.panics().is_empty() => None,
            _ => self.rig.world.unheard_panics(usize::MAX).pop(),
        };
        if let Some(panic) = panic {
            let (node, site, message) = (panic.node, panic.site.clone(), panic.message.clone());
            return Err(TankError::Panic { seed, host: self.rig.name_of(node), site, message });
        }
        if let Some(violation) = self.rig.world.kernel(|kernel| kernel.violations().first().cloned()) {
            let host = violation.node.map_or("the harness".into(), |(node, _)| self.rig.name_of(node));
            return Err(TankError::Violated { seed, host, assertion: violation.to_string() });
        }
        if let Some((host, message)) = self.ledger(|ledger| ledger.errors.pop()) {
            return Err(TankError::Error { seed, host, message });
        }
        let uses = self.rig.world.foreign_uses();
        if uses > 0 {
            return Err(TankError::Foreign { seed, uses });
        }
        match stop {
            Stop::Limit(_) => Err(self.not_done(stop)),
            _ => Ok(()),
        }
    }

    fn not_done(&mut self, stop: Stop) -> TankError {
        let (seed, after, tasks) = (self.seed, self.elapsed(), self.rig.world.tasks());
        match stop {
            Stop::Idle => TankError::Deadlock { seed, tasks },
            Stop::Limit(limit) if limit != Limit::Time => {
                TankError::Limit { seed, limit: limit_reached(limit, &self.limits), tasks }
            }
            _ => TankError::NotDone { seed, after, tasks },
        }
    }

    fn now(&mut self) -> u64 {
        self.rig.world.kernel(|kernel| kernel.now())
    }

    fn clients_are_done(&mut self) -> bool {
        self.ledger(|ledger| ledger.remaining == 0)
    }

    fn ledger<R>(&mut self, body: impl FnOnce(&mut crate::ledger::Ledger) -> R) -> R {
        let ledger = self.rig.ledger;
        self.rig.world.device(ledger, |ledger, _| body(ledger))
    }
}

impl Drop for Tank {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if let Err(error) = self.end() {
            panic!("{error}");
        }
    }
}
