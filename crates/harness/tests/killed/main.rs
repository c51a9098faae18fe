//! A process is killed at each await point of a program that uses every provider:
//! not one more poll, no listener, no completion; and its next incarnation works.

mod program;

use program::{peer, program};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use wavetank_core::Providers;
use wavetank_engine::{
    Control, CrashKind, Decisions, EngineConfig, MachineId, NodeId, NodeState, Placement, Scope, Stop, World,
};
use wavetank_harness::SimProviders;
use wavetank_network::{Fabric, NetworkConfig, address_of};
use wavetank_storage::{Disks, StorageConfiguration};

const PORT: u16 = 80;
const PROGRAM: NodeId = NodeId(0);
const PEER: NodeId = NodeId(1);

/// How long after a crash the world is watched for a sign of life.
const AFTERLIFE: u64 = 20_000_000_000;
const MINUTE: u64 = 60_000_000_000;

/// The await points that the program has passed, over all its incarnations.
type Steps = Rc<RefCell<Vec<&'static str>>>;

fn program_address() -> SocketAddr {
    SocketAddr::new(address_of(MachineId(0)), PORT)
}

/// A world with the program's machine and its peer's.
struct Stage {
    world: World,
    steps: Steps,
}

/// When the program is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Right after this of its own polls, counted from 1.
    Poll(u64),
    /// Right after this event or poll of anybody's: it may have been woken and not polled yet.
    Event(u64),
    Never,
}

/// What an observer saw of a run.
#[derive(Default)]
struct Watch {
    polls: Cell<u64>,
    events: Cell<u64>,
    killed: Cell<bool>,
}

impl Stage {
    fn new() -> Stage {
        let mut world = World::new();
        world.add(Fabric::new(NetworkConfig::default()));
        world.add(Disks::new(StorageConfiguration::default()));
        world.kernel(|kernel| {
            for name in ["program", "peer"] {
                let machine = kernel.topology.add_machine(name, Placement::default());
                kernel.topology.add_node(name, machine);
            }
        });
        Stage { world, steps: Steps::default() }
    }

    fn begin(&mut self, seed: u64) {
        self.world.begin(Decisions::of(seed), &EngineConfig::default(), None);
        self.steps.borrow_mut().clear();
        self.boot_program();
        self.boot(PEER, "peer", |world| async move { peer(world).await.expect("the peer is never struck") });
    }

    fn boot<Fut: Future + 'static>(
        &mut self,
        node: NodeId,
        name: &'static str,
        main: impl FnOnce(SimProviders) -> Fut,
    ) {
        let control = self.world.control();
        self.world.enter(|| {
            let home = control.boot(node);
            drop(control.spawn(home, name, main(SimProviders::new(home))));
        });
    }

    /// Boots the program; the run stops when it is through.
    fn boot_program(&mut self) {
        let (control, steps) = (self.world.control(), self.steps.clone());
        self.boot(PROGRAM, "program", |world| async move {
            let ended = program(world, steps).await;
            assert!(ended.is_ok(), "{ended:?}");
            control.stop();
        });
    }

    /// Runs to the moment at which the program is killed, or to its end.
    fn run_and_kill(&mut self, moment: Moment, (scope, kind): (Scope, CrashKind)) -> Watch {
        let (watch, control) = (Watch::default(), self.world.control());
        let mut observer = || {
            watch.events.set(watch.events.get() + 1);
            if polled(control) == Some((PROGRAM, 1)) {
                watch.polls.set(watch.polls.get() + 1);
            }
            let is_now = match moment {
                Moment::Poll(poll) => polled(control) == Some((PROGRAM, 1)) && watch.polls.get() == poll,
                Moment::Event(event) => watch.events.get() == event,
                Moment::Never => false,
            };
            if is_now {
                control.crash(scope, kind);
                watch.killed.set(true);
                control.stop();
            }
        };
        let stop = self.world.run_observed(MINUTE, Some(&mut observer));
        let tasks = self.world.tasks();
        assert_eq!(stop, Stop::Requested, "{:?} {tasks:#?}", self.world.panics());
        watch
    }

    /// Lets the world go on without the program: polls of its first incarnation.
    fn outlive(&mut self) -> u64 {
        let (ghosts, control) = (Cell::new(0), self.world.control());
        let mut observer =
            || ghosts.set(ghosts.get() + u64::from(polled(control).is_some_and(|(node, _)| node == PROGRAM)));
        let until = self.now() + AFTERLIFE;
        let stop = self.world.run_observed(until, Some(&mut observer));
        assert_eq!(stop, Stop::Until, "{:?}", self.world.panics());
        ghosts.get()
    }

    /// What a stranger who connects is told, within a minute.
    fn connects(&mut self) -> Option<io::Result<()>> {
        let (told, control) = (Rc::new(RefCell::new(None)), self.world.control());
        let answer = told.clone();
        self.world.enter(|| {
            let world = SimProviders::new(control.home(PEER));
            drop(control.spawn(control.home(PEER), "stranger", async move {
                *answer.borrow_mut() = Some(world.connect(program_address()).await.map(drop));
                control.stop();
            }));
        });
        let until = self.now() + MINUTE;
        self.world.run(until);
        told.take()
    }

    fn now(&mut self) -> u64 {
        self.world.kernel(|kernel| kernel.now())
    }
}

/// Whose task was polled just now.
fn polled(control: Control) -> Option<(NodeId, u32)> {
    control.kernel(|kernel| kernel.current_node())
}

/// A program that is killed at that moment stays dead, and its next incarnation lives.
fn kill(stage: &mut Stage, moment: Moment, strike: (Scope, CrashKind)) {
    let told = match strike.1 {
        CrashKind::Process => io::ErrorKind::ConnectionRefused,
        CrashKind::Machine | CrashKind::PowerLoss => io::ErrorKind::TimedOut,
    };
    stage.begin(1);
    let watch = stage.run_and_kill(moment, strike);
    let here = format!("killed by {strike:?} at {moment:?}, after {:?}", stage.steps.borrow().last());
    assert!(watch.killed.get(), "{here}: it ended first");
    let passed = stage.steps.borrow().len();
    assert!(stage.world.tasks().iter().all(|task| task.node != PROGRAM), "{here}: a task is left");
    assert_eq!(stage.outlive(), 0, "{here}: polls after death");
    assert_eq!(stage.steps.borrow().len(), passed, "{here}: something completed for the dead");
    let refused = stage.connects().map(|connected| connected.map_err(|error| error.kind()));
    assert_eq!(refused, Some(Err(told)), "{here}: is there a listener?");

    stage.boot_program();
    let state = stage.world.kernel(|kernel| {
        let node = kernel.topology.node(PROGRAM);
        (node.incarnation, node.state)
    });
    assert_eq!(state, (2, NodeState::Up), "{here}");
    stage.steps.borrow_mut().clear();
    let until = stage.now() + MINUTE;
    let stop = stage.world.run(until);
    let tasks = stage.world.tasks();
    assert_eq!(stop, Stop::Requested, "{here}: {:?} {tasks:#?}", stage.world.panics());
    assert_eq!(stage.steps.borrow().last(), Some(&"end"), "{here}");
}

/// How many polls the program has, and how many events and polls there are in all.
fn whole(stage: &mut Stage) -> (u64, u64) {
    stage.begin(1);
    let watch = stage.run_and_kill(Moment::Never, (Scope::Node(PROGRAM), CrashKind::Process));
    (watch.polls.get(), watch.events.get())
}

/// Kills the program at each of its polls but the last, which ends it.
fn kill_at_each_await_point(strike: (Scope, CrashKind)) {
    let mut stage = Stage::new();
    let (polls, _) = whole(&mut stage);
    assert!(polls > 60, "the program has only {polls} polls");
    for poll in 1..polls {
        kill(&mut stage, Moment::Poll(poll), strike);
    }
}

#[test]
fn a_process_that_dies_at_any_await_point_is_dead() {
    kill_at_each_await_point((Scope::Node(PROGRAM), CrashKind::Process));
}

#[test]
fn a_machine_that_crashes_at_any_await_point_is_dead() {
    kill_at_each_await_point((Scope::Machine(MachineId(0)), CrashKind::Machine));
}

#[test]
fn a_machine_that_loses_power_at_any_await_point_is_dead() {
    kill_at_each_await_point((Scope::Machine(MachineId(0)), CrashKind::PowerLoss));
}

#[test]
fn slow_a_process_that_dies_after_any_event_is_dead() {
    let mut stage = Stage::new();
    let (polls, events) = whole(&mut stage);
    assert!(events > 2 * polls, "{events} events and polls, {polls} of them the program's polls");
    println!("{events} events and polls, {polls} of them the program's polls");
    for event in 1..events {
        kill(&mut stage, Moment::Event(event), (Scope::Node(PROGRAM), CrashKind::Process));
    }
}

#[test]
fn every_kind_of_await_point_is_among_them() {
    let mut stage = Stage::new();
    stage.begin(1);
    stage.run_and_kill(Moment::Never, (Scope::Node(PROGRAM), CrashKind::Process));
    let mut steps = stage.steps.borrow().clone();
    steps.sort_unstable();
    let mut expected = vec![
        "accept",
        "bind",
        "bind_udp",
        "connect",
        "create_dir_all",
        "delete",
        "echo",
        "end",
        "exists",
        "first tick",
        "join",
        "join aborted",
        "join blocking",
        "join local",
        "join publisher",
        "let it wait",
        "lookup",
        "open",
        "read",
        "read file",
        "read_at",
        "read_dir",
        "recv_from",
        "remove_dir",
        "rename",
        "second tick",
        "seek",
        "select and watch",
        "send_to",
        "sent",
        "set_len",
        "shutdown",
        "size",
        "sleep",
        "sleep_until",
        "sync_all",
        "sync_data",
        "sync_dir",
        "timeout",
        "write",
        "write file",
        "write_at",
        "yield_now",
    ];
    expected.sort_unstable();
    assert_eq!(steps, expected);
}
