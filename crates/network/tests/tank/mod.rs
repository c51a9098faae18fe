//! A world with a few machines, one node each, for tests of the model. Judges
//! nothing but that every task ended.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::future::Future;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use wavetank_core::{NetworkProvider, TcpListener, TimeProvider};
use wavetank_engine::{
    Control, CrashKind, Decisions, Digest, EngineConfig, FaultKind, Home, Kernel, Key, Local, MachineId, NodeId,
    Placement, Scope, SimTimeProvider, Stop, Tally, World,
};
use wavetank_network::{Broken, Fabric, NetworkConfig, SimNetworkProvider, SimTcpStream, address_of};

pub(crate) struct Tank {
    world: World,
    key: Key<Fabric>,
}

/// What a script may do from inside a run.
#[derive(Clone, Copy)]
pub(crate) struct Hand {
    control: Control,
    fabric: Local<Fabric>,
    home: Home,
}

impl Tank {
    pub(crate) fn new(config: NetworkConfig, machines: u32) -> Tank {
        let mut world = World::new();
        world.kernel(|kernel| {
            for n in 0..machines {
                let machine = kernel.topology.add_machine(format!("m{n}"), Placement::default());
                kernel.topology.add_node(format!("n{n}"), machine);
            }
        });
        let key = world.add(Fabric::new(config));
        Tank { world, key }
    }

    /// Begins a run; `script` boots nodes and spawns their tasks.
    pub(crate) fn begin(&mut self, seed: u64, script: impl FnOnce(Hand)) {
        self.world.begin(Decisions::of(seed), &EngineConfig::default(), None);
        let (control, fabric) = (self.world.control(), self.world.local(self.key));
        self.world.enter(|| {
            let home = control.boot(NodeId(0));
            script(Hand { control, fabric, home });
        });
    }

    /// Runs to the end; whatever did not end by itself is a failure.
    pub(crate) fn end(&mut self) -> Digest {
        let stop = self.world.run(u64::MAX);
        assert_eq!(stop, Stop::Idle, "{:?}", self.world.panics());
        let stuck: Vec<String> = self.world.tasks().iter().map(ToString::to_string).collect();
        assert!(stuck.is_empty(), "{stuck:#?}");
        let digest = self.world.kernel(|kernel| kernel.digest());
        let leaks = self.world.finish();
        assert!(leaks.is_empty(), "{leaks:?}");
        digest
    }

    /// Runs as far as it goes: the tasks that wait for ever, in words.
    pub(crate) fn stuck(&mut self) -> Vec<String> {
        let stop = self.world.run(u64::MAX);
        assert_eq!(stop, Stop::Idle, "{:?}", self.world.panics());
        self.world.tasks().iter().map(ToString::to_string).collect()
    }

    /// Runs as far as it goes: why it stopped there.
    pub(crate) fn stop(&mut self) -> Stop {
        let stop = self.world.run(u64::MAX);
        assert!(self.world.panics().is_empty(), "{:?}", self.world.panics());
        stop
    }

    /// Runs for so many nanoseconds at most: there may be no end.
    pub(crate) fn run_for(&mut self, nanos: u64) {
        let stop = self.world.run(nanos);
        assert!(matches!(stop, Stop::Idle | Stop::Until), "{stop:?} {:?}", self.world.panics());
    }

    pub(crate) fn tally(&mut self, kind: &FaultKind) -> Tally {
        self.world.kernel(|kernel| *kernel.faults().tally(kind))
    }

    /// What is still open when every task is gone.
    pub(crate) fn leaks(&mut self) -> Vec<String> {
        self.world.finish()
    }

    /// Bytes that the network holds.
    pub(crate) fn memory(&mut self) -> usize {
        let key = self.key;
        self.world.device(key, |fabric, _| fabric.memory())
    }

    pub(crate) fn kernel<R>(&mut self, body: impl FnOnce(&mut Kernel) -> R) -> R {
        self.world.kernel(body)
    }

    /// One run from beginning to end.
    pub(crate) fn run(&mut self, seed: u64, script: impl FnOnce(Hand)) -> Digest {
        self.begin(seed, script);
        self.end()
    }
}

impl Hand {
    /// Boots a node, with other hands.
    pub(crate) fn boot(self, node: u32) -> Hand {
        Hand { home: self.control.boot(NodeId(node)), ..self }
    }

    pub(crate) fn spawn<F>(self, future: F)
    where
        F: Future<Output = ()> + 'static,
    {
        drop(self.control.spawn(self.home, "test", future));
    }

    pub(crate) fn network(self) -> SimNetworkProvider {
        SimNetworkProvider::new(self.home)
    }

    pub(crate) async fn sleep(self, millis: u64) {
        self.sleep_micros(1000 * millis).await;
    }

    pub(crate) async fn sleep_micros(self, micros: u64) {
        SimTimeProvider::new(self.home).sleep(Duration::from_micros(micros)).await;
    }

    pub(crate) fn now(self) -> Duration {
        Duration::from_nanos(self.control.kernel(|kernel| kernel.now()))
    }

    pub(crate) fn fabric<R>(self, body: impl FnOnce(&mut Fabric, &mut Kernel) -> R) -> R {
        self.fabric.with(body)
    }

    pub(crate) fn partition(self, one: u32, other: u32) {
        self.fabric(|fabric, kernel| fabric.partition(kernel, &[MachineId(one)], &[MachineId(other)]));
    }

    /// Cuts the way from one machine to another.
    pub(crate) fn cut(self, from: u32, to: u32) {
        self.fabric(|fabric, kernel| fabric.cut(kernel, MachineId(from), MachineId(to)));
    }

    pub(crate) fn heal(self) {
        self.fabric(|fabric, kernel| fabric.heal(kernel));
    }

    /// Holds what departs from one machine to another for so many nanoseconds; 0 ends that.
    pub(crate) fn clog(self, from: u32, to: u32, nanos: u64) {
        self.fabric(|fabric, kernel| fabric.clog(kernel, MachineId(from), MachineId(to), nanos));
    }

    pub(crate) fn crash(self, node: u32, kind: CrashKind) {
        let scope = match kind {
            CrashKind::Process => Scope::Node(NodeId(node)),
            _ => Scope::Machine(MachineId(node)),
        };
        self.control.crash(scope, kind);
    }
}

/// Runs a script on three machines, and once more with a promise broken, to see it fail.
pub(crate) fn check(broken: Broken, script: impl Fn(Hand)) {
    for seed in 0..20 {
        Tank::new(NetworkConfig::lan(), 3).run(seed, &script);
    }
    let config = NetworkConfig { broken: Some(broken), ..NetworkConfig::lan() };
    let red = catch_unwind(AssertUnwindSafe(|| Tank::new(config, 3).run(1, &script)));
    assert!(red.is_err(), "{broken:?} turns nothing red");
}

/// A client on one machine and a server on another, connected a millisecond later.
pub(crate) fn pair<C, S>(
    [here, there]: [Hand; 2],
    client: impl FnOnce(SimTcpStream) -> C + 'static,
    server: impl FnOnce(SimTcpStream) -> S + 'static,
) where
    C: Future<Output = ()> + 'static,
    S: Future<Output = ()> + 'static,
{
    let address = at(there.home.node.0, 80);
    there.spawn(async move {
        let listener = there.network().bind(address).await.expect("the port is free");
        let (stream, _) = listener.accept().await.expect("accepting never fails");
        server(stream).await;
    });
    here.spawn(async move {
        here.sleep(1).await;
        client(here.network().connect(address).await.expect("the server listens")).await;
    });
}

pub(crate) fn at(machine: u32, port: u16) -> SocketAddr {
    SocketAddr::new(address_of(MachineId(machine)), port)
}

/// A byte that depends on its offset.
pub(crate) fn pattern(offset: u64) -> u8 {
    (offset ^ offset >> 8 ^ offset >> 16).wrapping_mul(167) as u8
}

pub(crate) fn bytes(from: u64, len: usize) -> Vec<u8> {
    (from..from + len as u64).map(pattern).collect()
}
