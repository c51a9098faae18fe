//! A small world with one disk per machine, to run code on it and crash it.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use wavetank_engine::{
    Control, CrashKind, Decisions, Digest, EngineConfig, FaultKind, Home, Key, MachineId, NodeId, Placement, Scope,
    Stop, Tally, World,
};
use wavetank_storage::{Disks, SimStorageProvider, StorageConfiguration};

/// Two machines; two nodes on the first, one on the second.
#[allow(dead_code, reason = "each test file uses some of it")]
pub(crate) struct Tank {
    pub(crate) world: World,
    pub(crate) disks: Key<Disks>,
    pub(crate) machine: MachineId,
    pub(crate) node: NodeId,
    pub(crate) sibling: NodeId,
    pub(crate) stranger: NodeId,
}

#[allow(dead_code, reason = "each test file uses some of it")]
impl Tank {
    pub(crate) fn new(config: StorageConfiguration) -> Tank {
        let mut world = World::new();
        let disks = world.add(Disks::new(config));
        let (machine, node, sibling, stranger) = world.kernel(|kernel| {
            let machine = kernel.topology.add_machine("machine", Placement::default());
            let other = kernel.topology.add_machine("other", Placement::default());
            let node = kernel.topology.add_node("node", machine);
            let sibling = kernel.topology.add_node("sibling", machine);
            (machine, node, sibling, kernel.topology.add_node("stranger", other))
        });
        Tank { world, disks, machine, node, sibling, stranger }
    }

    pub(crate) fn begin(&mut self, seed: u64) -> &mut Tank {
        self.world.begin(Decisions::of(seed), &EngineConfig::default(), None);
        self
    }

    pub(crate) fn control(&self) -> Control {
        self.world.control()
    }

    /// Boots a node and starts code on it.
    pub(crate) fn start<F, T>(&mut self, node: NodeId, code: impl FnOnce(SimStorageProvider, Home) -> F) -> Output<T>
    where
        F: Future<Output = T> + 'static,
        T: 'static,
    {
        let control = self.world.control();
        let output = Rc::new(RefCell::new(None));
        let place = output.clone();
        self.world.enter(|| {
            let home = control.boot(node);
            let future = code(SimStorageProvider::new(home), home);
            drop(control.spawn(home, "code", async move {
                let value = future.await;
                *place.borrow_mut() = Some(value);
            }));
        });
        Output(output)
    }

    /// Runs until nothing happens any more.
    pub(crate) fn run(&mut self) -> &mut Tank {
        let stop = self.world.run(u64::MAX);
        assert!(self.world.panics().is_empty(), "{:?}", self.world.panics());
        assert_eq!(stop, Stop::Idle);
        self
    }

    /// Boots the first node, runs code on it to its end, and takes the process down.
    pub(crate) fn does<F, T>(&mut self, code: impl FnOnce(SimStorageProvider) -> F) -> T
    where
        F: Future<Output = T> + 'static,
        T: 'static,
    {
        let output = self.start(self.node, |storage, _| code(storage));
        self.run();
        let value = output.take().expect("the code came to its end");
        self.crash(Scope::Node(self.node), CrashKind::Process);
        value
    }

    pub(crate) fn crash(&mut self, scope: Scope, kind: CrashKind) {
        let control = self.control();
        self.world.enter(|| control.crash(scope, kind));
    }

    /// The first machine loses its memory.
    pub(crate) fn crash_machine(&mut self) {
        self.crash(Scope::Machine(self.machine), CrashKind::Machine);
    }

    pub(crate) fn contents(&mut self, path: &str) -> Option<Vec<u8>> {
        let machine = self.machine;
        self.world.device(self.disks, |disks, _| disks.contents(machine, path))
    }

    pub(crate) fn durable(&mut self, path: &str) -> Option<Vec<u8>> {
        let machine = self.machine;
        self.world.device(self.disks, |disks, _| disks.durable(machine, path))
    }

    pub(crate) fn digest(&mut self) -> Digest {
        self.world.kernel(|kernel| kernel.digest())
    }

    pub(crate) fn now(&mut self) -> u64 {
        self.world.kernel(|kernel| kernel.now())
    }

    pub(crate) fn tally(&mut self, kind: &FaultKind) -> Tally {
        self.world.kernel(|kernel| *kernel.faults().tally(kind))
    }
}

/// What a task gave.
pub(crate) struct Output<T>(Rc<RefCell<Option<T>>>);

impl<T> Output<T> {
    pub(crate) fn take(&self) -> Option<T> {
        self.0.borrow_mut().take()
    }
}
