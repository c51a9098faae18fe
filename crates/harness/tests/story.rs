//! The story of a run: it changes nothing, each message has two ends, and a failure
//! leads back to what it comes of.

mod notebook;

use notebook::notebook;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{Providers, TcpListener};
use wavetank_engine::{StoryEvent, Value};
use wavetank_harness::{Overrides, RunRecord, RunStory, SimContext, SimulationBuilder, StoryRole};

#[test]
fn telling_a_run_changes_nothing() {
    let (mut told, mut untold) = (notebook().recorder(), notebook().recorder());
    let mut kinds = BTreeSet::new();
    for seed in 0..50 {
        let with = told.tell(seed, Overrides::new());
        let without = untold.run(seed, Overrides::new(), None);
        assert_eq!((with.digest, with.noted, with.events), (without.digest, without.noted, without.events), "{seed}");
        assert_eq!(with.atoms, without.atoms, "seed {seed}");
        assert!(without.story.is_none());
        let story = with.story.expect("it was told");
        check_order(&story);
        check_messages(&story);
        let faults = story.events.iter().filter(|event| event.kind == "fault").count();
        assert_eq!(faults, with.atoms.len(), "seed {seed}: a fault is an atom");
        kinds.extend(story.events.iter().map(|event| event.kind));
    }
    let expected = [
        "assert",
        "fault",
        "network.cut",
        "network.mend",
        "node.boot",
        "node.crash",
        "node.pause",
        "node.resume",
        "storage.land",
        "storage.lost",
        "storage.submit",
        "storage.write",
        "task.end",
        "task.poll",
        "task.spawn",
        "tcp.accept",
        "tcp.close",
        "tcp.connect",
        "tcp.depart",
        "tcp.land",
        "tcp.lost",
        "tcp.read",
        "tcp.retry",
        "tcp.write",
        "timer.arm",
        "timer.fire",
        "udp.depart",
        "udp.drop",
        "udp.land",
        "udp.receive",
    ];
    for kind in expected {
        assert!(kinds.contains(kind), "nobody tells of {kind}: {kinds:?}");
    }
}

/// Numbers are places, time goes on, causes come before, and a process has its incarnation.
fn check_order(story: &RunStory) {
    let mut time = 0;
    for (place, event) in story.events.iter().enumerate() {
        assert_eq!(event.number, place as u64);
        assert!(event.time >= time, "{event:?}");
        time = event.time;
        assert!(event.cause.is_none_or(|cause| cause < event.number), "{event:?}");
        if let Some(Value::Numbers(also)) = event.arg("also") {
            assert!(also.iter().all(|number| *number < event.number), "{event:?}");
        }
    }
}

/// A message departs once, and ends at most once: it lands, or it is lost.
fn check_messages(story: &RunStory) {
    let mut ends: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for event in &story.events {
        let Some(message) = event.message.as_deref() else { continue };
        let end = ends.entry(message).or_default();
        match event.kind {
            "tcp.depart" | "udp.depart" | "storage.submit" => end.0 += 1,
            "tcp.land" | "tcp.lost" | "udp.land" | "udp.drop" | "storage.land" => {
                end.1 += 1;
                let cause = &story.events[event.cause.expect("its departure") as usize];
                assert_eq!(cause.message.as_deref(), Some(message), "{event:?}");
                assert!(cause.kind.ends_with("depart") || cause.kind.ends_with("submit"), "{event:?} by {cause:?}");
            }
            other => panic!("{other} is about {message}"),
        }
    }
    for (message, (departed, ended)) in ends {
        assert!(departed == 1 && ended <= 1, "{message} departed {departed} times and ended {ended} times");
    }
}

const PORT: u16 = 80;

async fn echo(context: SimContext) -> std::io::Result<()> {
    let world = context.providers();
    let listener = world.bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), PORT)).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        let byte = stream.read_u8().await?;
        tracing::info!(target: "echo", byte, "answering");
        stream.write_u8(byte).await?;
    }
}

/// A client that finds its answer wrong.
fn red() -> SimulationBuilder {
    SimulationBuilder::new().with_name("echo").process("server", 1, echo).workload(
        "client",
        1,
        |context: SimContext| async move {
            let server = context.topology().processes[0].members[0].ip;
            let mut stream = context.providers().connect(SocketAddr::new(server, PORT)).await.expect("it listens");
            stream.write_u8(7).await.expect("it is open");
            let answer = stream.read_u8().await.expect("it answers");
            assert_eq!(answer, 8, "an answer is one more");
        },
    )
}

fn told(simulation: &SimulationBuilder) -> (RunRecord, RunStory) {
    let mut record = simulation.recorder().tell(1, Overrides::new());
    let story = record.story.take().expect("it was told");
    (record, story)
}

/// What an event comes of, the nearest first.
fn causes<'a>(story: &'a RunStory, event: &'a StoryEvent) -> Vec<&'a StoryEvent> {
    std::iter::successors(Some(event), |event| event.cause.map(|cause| &story.events[cause as usize])).skip(1).collect()
}

#[test]
fn a_failure_leads_back_to_what_it_comes_of() {
    let (record, story) = told(&red());
    assert_eq!((record.failures.len(), story.failures.len()), (1, 1), "{:?}", record.failures);
    let failure = &story.events[story.failures[0].event as usize];
    assert_eq!((failure.kind, failure.number as usize + 1), ("failure", story.events.len()));
    let node = story.failures[0].node.expect("it was on the client");
    assert_eq!(
        (&*story.nodes[node.0 as usize].name, story.nodes[node.0 as usize].role),
        ("client", StoryRole::Workload)
    );
    let chain: Vec<&str> = causes(&story, failure).iter().map(|event| event.kind).collect();
    assert_eq!(
        chain[..7],
        ["task.panic", "task.poll", "tcp.land", "tcp.depart", "task.poll", "tcp.land", "tcp.depart"],
        "{chain:?}"
    );
}

#[test]
fn a_log_line_is_an_event_at_its_place() {
    let (_, story) = told(&red());
    let log = story.events.iter().find(|event| event.kind == "log").expect("the server logs");
    let node = log.node.expect("a process logged it").0;
    assert_eq!(&*story.nodes[node.0 as usize].name, "server");
    let text = |name| match log.arg(name) {
        Some(Value::Text(text)) => text.as_str(),
        other => panic!("{name} is {other:?}"),
    };
    assert_eq!((text("level"), text("target"), text("message")), ("INFO", "echo", "answering byte=7"));
}

#[test]
fn bytes_are_named_at_both_ends() {
    let (_, story) = told(&red());
    let data = |kind: &str| {
        let is_data = |event: &&StoryEvent| event.arg("what") == Some(&Value::Text("data".to_string()));
        story.events.iter().filter(|event| event.kind == kind).find(is_data).expect("a byte was sent")
    };
    let (depart, land) = (data("tcp.depart"), data("tcp.land"));
    assert_eq!(depart.message.as_deref(), Some("c1:0:0"));
    assert_eq!((&land.message, land.cause), (&depart.message, Some(depart.number)));
    assert_eq!(depart.arg("bytes"), Some(&Value::Number(1)));
    assert_eq!(depart.arg("due"), Some(&Value::Number(land.time)));
    let read = story.events.iter().find(|event| event.kind == "tcp.read").expect("it was read");
    assert_eq!(read.arg("also"), Some(&Value::Numbers(vec![land.number])));
    assert!(depart.machine != land.machine && land.machine == read.machine);
}
