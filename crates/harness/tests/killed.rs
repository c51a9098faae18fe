//! A process is killed at each await point of a program that uses every provider:
//! not one more poll, no listener, no completion; and its next incarnation works.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use wavetank_core::{
    EntropyProvider, JoinHandle, NetworkProvider, OpenOptions, Providers, RandomProvider, StorageFile, StorageProvider,
    TaskProvider, TcpListener, TcpStream, TimeProvider, UdpSocket, select, watch,
};
use wavetank_engine::{
    Control, CrashKind, Decisions, EngineConfig, MachineId, NodeId, NodeState, Placement, Scope, Stop, World,
};
use wavetank_harness::SimProviders;
use wavetank_network::{Fabric, NetworkConfig, address_of};
use wavetank_storage::{Disks, StorageConfiguration};

const PORT: u16 = 80;
const ECHO: u16 = 7;
const PROGRAM: NodeId = NodeId(0);
const PEER: NodeId = NodeId(1);
/// How long after a crash the world is watched for a sign of life.
const AFTERLIFE: u64 = 20_000_000_000;
const MINUTE: u64 = 60_000_000_000;

/// The await points that the program has passed, over all its incarnations.
type Steps = Rc<RefCell<Vec<&'static str>>>;

/// Everything that a provider can make a program wait for, a step each.
async fn program(world: SimProviders, steps: Steps) -> io::Result<()> {
    let pass = |step| steps.borrow_mut().push(step);
    let listener = world.bind((Ipv4Addr::UNSPECIFIED, PORT).into()).await?;
    pass("bind");
    let serving = serve(&world, listener, steps.clone());
    talk(&world, &steps).await?;
    keep_time(&world, &steps).await?;
    run_tasks(&world, &steps).await;
    keep_files(&world, &steps).await?;
    choose(&world, &steps).await;
    serving.await.expect("the acceptor neither panics nor is aborted")?;
    pass("end");
    Ok(())
}

/// Accepts until somebody says goodbye.
fn serve(
    world: &SimProviders,
    listener: wavetank_core::Listener<SimProviders>,
    steps: Steps,
) -> wavetank_engine::SimJoinHandle<io::Result<()>> {
    let pass = move |step| steps.borrow_mut().push(step);
    world.task().spawn_local(async move {
        loop {
            let (mut stream, _) = listener.accept().await?;
            pass("accept");
            let mut word = [0; 4];
            // Who only looks whether somebody listens says nothing.
            if stream.read_exact(&mut word).await.is_err() {
                continue;
            }
            pass("read");
            stream.write_all(&word).await?;
            pass("write");
            stream.shutdown().await?;
            pass("shutdown");
            return Ok(());
        }
    })
}

async fn talk(world: &SimProviders, steps: &Steps) -> io::Result<()> {
    let pass = |step| steps.borrow_mut().push(step);
    let echo = world.network().lookup("peer:7").await?[0];
    pass("lookup");
    let stream = world.connect(echo).await?;
    pass("connect");
    let (mut read, mut write) = stream.into_split();
    // More than a send buffer and a window: the writer waits for the reader.
    let flood = vec![5; 200_000];
    let sender = world.spawn(async move {
        write.write_all(&flood).await?;
        write.shutdown().await
    });
    let mut echoed = Vec::new();
    read.read_to_end(&mut echoed).await?;
    pass("echo");
    assert_eq!(echoed.len(), 200_000);
    sender.await.expect("it neither panics nor is aborted")?;
    pass("sent");
    let socket = world.bind_udp((Ipv4Addr::UNSPECIFIED, 0).into()).await?;
    pass("bind_udp");
    socket.send_to(b"hello", echo).await?;
    pass("send_to");
    let mut buffer = [0; 16];
    let (len, _) = socket.recv_from(&mut buffer).await?;
    pass("recv_from");
    assert_eq!(&buffer[..len], b"hello");
    Ok(())
}

async fn keep_time(world: &SimProviders, steps: &Steps) -> io::Result<()> {
    let pass = |step| steps.borrow_mut().push(step);
    world.sleep(Duration::from_millis(1)).await;
    pass("sleep");
    world.sleep_until(world.now() + Duration::from_millis(1)).await;
    pass("sleep_until");
    let late = world.timeout(Duration::from_millis(1), std::future::pending::<()>()).await;
    pass("timeout");
    assert!(late.is_err());
    let mut interval = world.interval(Duration::from_millis(1));
    for step in ["first tick", "second tick"] {
        interval.tick().await;
        pass(step);
    }
    let _ = (world.time().wall(), world.random().next_u64());
    let mut key = [0; 32];
    world.entropy().fill(&mut key)
}

async fn run_tasks(world: &SimProviders, steps: &Steps) {
    let pass = |step| steps.borrow_mut().push(step);
    let child = world.spawn({
        let world = world.clone();
        async move {
            world.sleep(Duration::from_micros(10)).await;
            1
        }
    });
    assert_eq!(child.await.expect("it returns"), 1);
    pass("join");
    world.task().yield_now().await;
    pass("yield_now");
    let local = world.task().spawn_local({
        let (world, shared) = (world.clone(), Rc::new(2));
        async move {
            world.sleep(Duration::from_micros(10)).await;
            *shared
        }
    });
    assert_eq!(local.await.expect("it returns"), 2);
    pass("join local");
    assert_eq!(world.task().spawn_blocking(|| 3).await.expect("it returns"), 3);
    pass("join blocking");
    let endless = world.spawn(std::future::pending::<()>());
    world.sleep(Duration::from_micros(10)).await;
    pass("let it wait");
    endless.abort();
    assert!(endless.await.is_err());
    pass("join aborted");
}

/// Whatever an earlier incarnation left, or a crash left of it.
async fn keep_files(world: &SimProviders, steps: &Steps) -> io::Result<()> {
    let pass = |step| steps.borrow_mut().push(step);
    let disk = world.storage();
    disk.create_dir_all("a/b").await?;
    pass("create_dir_all");
    let mut file = disk.open("a/new", OpenOptions::create_write().truncate(true)).await?;
    pass("open");
    file.write_all(&[9; 10_000]).await?;
    pass("write file");
    file.write_all_at(&[8; 100], 50).await?;
    pass("write_at");
    file.sync_data().await?;
    pass("sync_data");
    file.set_len(9_000).await?;
    pass("set_len");
    file.sync_all().await?;
    pass("sync_all");
    file.seek(io::SeekFrom::Start(40)).await?;
    pass("seek");
    let mut bytes = [0; 20];
    file.read_exact(&mut bytes).await?;
    pass("read file");
    assert_eq!(bytes, [[9; 10], [8; 10]].concat()[..]);
    file.read_exact_at(&mut bytes, 8_980).await?;
    pass("read_at");
    assert_eq!(file.size().await?, 9_000);
    pass("size");
    drop(file);
    disk.rename("a/new", "a/kept").await?;
    pass("rename");
    disk.sync_dir("a").await?;
    pass("sync_dir");
    assert!(disk.read_dir("a").await?.iter().any(|entry| entry.path.ends_with("kept")));
    pass("read_dir");
    assert!(disk.exists("a/kept").await?);
    pass("exists");
    disk.delete("a/kept").await?;
    pass("delete");
    disk.remove_dir("a/b").await?;
    pass("remove_dir");
    Ok(())
}

async fn choose(world: &SimProviders, steps: &Steps) {
    let pass = |step| steps.borrow_mut().push(step);
    let (sender, mut receiver) = watch::channel(0);
    let publisher = world.spawn({
        let world = world.clone();
        async move {
            world.sleep(Duration::from_millis(1)).await;
            // Nobody may be left to hear it.
            let _ = sender.send(1);
        }
    });
    select! {
        changed = receiver.changed() => changed.expect("the sender lives"),
        () = world.sleep(Duration::from_secs(1)) => unreachable!("a millisecond is shorter"),
    }
    pass("select and watch");
    publisher.await.expect("it returns");
    pass("join publisher");
}

/// Echoes over TCP and UDP, and calls the program until it answers.
async fn peer(world: SimProviders) -> io::Result<()> {
    let listener = world.bind((Ipv4Addr::UNSPECIFIED, ECHO).into()).await?;
    let socket = world.bind_udp((Ipv4Addr::UNSPECIFIED, ECHO).into()).await?;
    world.spawn(async move {
        let mut buffer = [0; 100];
        loop {
            // A program that died may make a send fail.
            if let Ok((len, from)) = socket.recv_from(&mut buffer).await {
                let _ = socket.send_to(&buffer[..len], from).await;
            }
        }
    });
    world.spawn({
        let world = world.clone();
        async move {
            loop {
                let _ = greet(&world).await;
                world.sleep(Duration::from_millis(20)).await;
            }
        }
    });
    loop {
        let (stream, _) = listener.accept().await?;
        world.spawn(async move {
            let (mut read, mut write) = stream.into_split();
            let _ = tokio::io::copy(&mut read, &mut write).await;
            let _ = write.shutdown().await;
        });
    }
}

async fn greet(world: &SimProviders) -> io::Result<()> {
    let mut stream = world.connect(program_address()).await?;
    stream.write_all(b"ping").await?;
    let mut pong = [0; 4];
    stream.read_exact(&mut pong).await?;
    stream.read_exact(&mut pong).await.map(drop)
}

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
