//! What `docs/trace.md` says of a trace and what a trace is are the same.

#[path = "../../harness/tests/notebook/mod.rs"]
mod notebook;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_check::{History, Limits, Register, RegisterOp, RegisterRet, linearizable};
use wavetank_core::{OpenOptions, Providers, StorageFile, StorageProvider, TcpListener};
use wavetank_debug::trace::{TraceEvent, TraceFile};
use wavetank_harness::{
    Chaos, CrashKind, Finished, Injector, NetworkConfig, Overrides, SimContext, SimulationBuilder, StorageConfiguration,
};
use wavetank_probe::always_assert;

const PAGE: &str = include_str!("../../../docs/trace.md");

/// What the page says of a kind.
#[derive(Debug)]
struct Documented {
    has_message: bool,
    /// Its arguments, and whether each may be missing.
    args: BTreeMap<String, bool>,
}

/// The rows of the page's table under a heading, cell by cell.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, section) = PAGE.split_once(&format!("\n## {heading}\n")).expect("the page has that heading");
    let section = section.split("\n## ").next().expect("a section has an end");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn documented() -> BTreeMap<String, Documented> {
    let rows = table("Kinds").into_iter().map(|row| {
        let [kind, _, message, args] = row[..] else { panic!("a row has four cells: {row:?}") };
        let args = quoted(args).map(|arg| (arg.trim_end_matches('?').to_string(), arg.ends_with('?')));
        let kind = quoted(kind).next().expect("a kind").to_string();
        (kind, Documented { has_message: message == "yes", args: args.collect() })
    });
    rows.collect()
}

const PORT: u16 = 80;

/// Answers with as many bytes as it is asked for, and reads and cuts a file meanwhile.
async fn serve(context: SimContext) -> std::io::Result<()> {
    let world = context.providers();
    let options = OpenOptions { read: true, write: true, create: true, ..OpenOptions::default() };
    let file = world.storage().open("numbers", options).await?;
    file.write_at(b"0123456789", 0).await?;
    file.sync_all().await?;
    let mut some = [0; 4];
    file.read_at(&mut some, 2).await?;
    file.set_len(5).await?;
    let listener = world.bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), PORT)).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        drop(world.spawn(async move {
            while let Ok(count) = stream.read_u32().await {
                tracing::info_span!("request").in_scope(|| tracing::info!(count, "asked"));
                if stream.write_all(&vec![7; count as usize]).await.is_err() {
                    return;
                }
            }
        }));
    }
}

async fn ask(context: SimContext) {
    let world = context.providers();
    let server = context.topology().processes[0].members[0].ip;
    for operation in context.operations(80..=90, &["fetch"]) {
        operation.begin(|| "asks for much".to_string());
        let fetched = async {
            let mut stream = world.connect(SocketAddr::new(server, PORT)).await?;
            stream.write_u32(1 << 18).await?;
            let mut bytes = vec![0; 1 << 18];
            stream.read_exact(&mut bytes).await.map(|_| ())
        };
        let fetched = fetched.await;
        operation.end(|| format!("{fetched:?}"));
        world.sleep(Duration::from_millis(5)).await;
    }
    world.sleep(Duration::from_secs(30)).await;
    always_assert!(context.seed().is_multiple_of(2), "the seed is even", seed = context.seed());
    panic!("a panic is told");
}

/// What no plan does: a disk is slow, and is replaced.
fn harmed() -> SimulationBuilder {
    SimulationBuilder::new()
        .with_name("harmed")
        .process("server", 1, serve)
        .workload("client", 1, async |context: SimContext| context.quiet().await)
        .with_chaos(Chaos { window: Duration::from_secs(1), ..Chaos::none() })
        .with_injector("harm", async |injector: Injector| {
            let server = &injector.context().topology().processes[0].members[0];
            injector.slow_disk(server, 10);
            injector.crash(server, CrashKind::Process);
            injector.wipe(server);
        })
}

/// What the notebook does not do: read files, operations, logs, much data, time-outs, panics.
fn rest() -> SimulationBuilder {
    SimulationBuilder::new()
        .with_name("rest")
        .process("server", 1, serve)
        .workload("client", 1, ask)
        .with_network_config(NetworkConfig { retransmit_limit: 1_000_000_000, ..NetworkConfig::default() })
        .with_storage_config(StorageConfiguration::default())
        .with_chaos(Chaos {
            window: Duration::from_secs(3),
            duration: Duration::from_secs(3)..=Duration::from_secs(5),
            partitions: 1..=2,
            machine_crashes: 0..=1,
            ..Chaos::none()
        })
}

type Asked = History<RegisterOp<u64>, RegisterRet<u64>>;

/// Clients one of whom says of itself what is impossible.
fn judged() -> SimulationBuilder {
    SimulationBuilder::new().with_name("judged").workload("client", 2, |context: SimContext| async move {
        let world = context.providers();
        for operation in context.operations(2, &["read"]) {
            operation.begin(|| "reads".to_string());
            let asked = context.shared::<Asked>();
            let ticket = asked.with(|asked| asked.invoke(context.number(), RegisterOp::Read, context.elapsed()));
            world.sleep(Duration::from_millis(1)).await;
            let read = if context.number() == 1 && operation.nth() == 1 { 9 } else { 0 };
            asked.with(|asked| asked.complete(ticket, RegisterRet::Value(read), context.elapsed()));
            operation.end(|| format!("{read}"));
            world.sleep(Duration::from_millis(5)).await;
        }
    })
}

fn explained() -> SimulationBuilder {
    judged().with_checker("reads are explained", |run: &Finished| {
        let verdict = run.shared::<Asked>().with(|asked| linearizable(&Register::default(), asked, Limits::default()));
        run.explain(verdict.violation().expect("nobody wrote 9"));
        verdict.into_result()
    })
}

/// The same with a checker that is content with nobody's two reads.
fn blamed() -> SimulationBuilder {
    judged().with_checker("reads agree", |run: &Finished| {
        run.shared::<Asked>().with(|asked| {
            let reads: Vec<_> = asked.operations().iter().filter(|one| one.client == 0).collect();
            run.blame("both are wrong", &reads);
            Err::<(), _>("both are wrong".to_string())
        })
    })
}

#[test]
fn a_history_that_no_order_explains_leads_to_the_operation_that_is_blamed() {
    let trace = TraceFile::of(&explained().recorder().tell(1, Overrides::new())).expect("it was told");
    let event = |n: u64| &trace.events[n as usize];
    let failure = event(trace.header.failures[0].event.expect("it has an event"));
    let history = event(failure.cause.expect("a checker found it"));
    assert_eq!((&*history.kind, history.text("object")), ("history", Some("")));
    let node = trace.header.failures[0].node.map(|node| trace.header.nodes[node as usize].name.as_str());
    assert_eq!(node, Some("client-1"));
    let end = event(history.cause.expect("an operation is blamed"));
    assert_eq!((&*end.kind, end.text("client"), end.text("words")), ("op.end", Some("client-1"), Some("9")));
    assert!(trace.causal_past(failure.n).contains(&end.n));
}

#[test]
fn operations_that_contradict_each_other_are_what_a_failure_comes_of() {
    let trace = TraceFile::of(&blamed().recorder().tell(1, Overrides::new())).expect("it was told");
    let blamed = trace.events.iter().find(|event| event.text("words") == Some("both are wrong")).expect("it was said");
    let ends: Vec<&TraceEvent> = blamed.causes().map(|n| &trace.events[n as usize]).collect();
    assert_eq!(ends.len(), 2);
    assert!(ends.iter().all(|end| end.kind == "op.end" && end.text("client") == Some("client-0")), "{ends:?}");
    assert!(blamed.cause == ends.iter().map(|end| end.n).max(), "the last comes first: {blamed:?}");
    let failure = trace.header.failures[0].event.expect("it has an event");
    assert_eq!(trace.events[failure as usize].cause, Some(blamed.n));
}

fn check_event(event: &TraceEvent, documented: &BTreeMap<String, Documented>) {
    let known = documented.get(&event.kind).unwrap_or_else(|| panic!("no such kind: {event:?}"));
    assert_eq!(event.msg.is_some(), known.has_message, "{event:?}");
    for arg in event.args.keys() {
        assert!(known.args.contains_key(arg), "no such argument, {arg}: {event:?}");
    }
    for (arg, may_miss) in &known.args {
        assert!(*may_miss || event.args.contains_key(arg), "{arg} is missing: {event:?}");
    }
}

#[test]
fn the_page_has_every_kind_and_argument_and_no_other() {
    let documented = documented();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    for (simulation, seeds) in
        [(notebook::notebook(), 40), (rest(), 12), (harmed(), 1), (explained(), 1), (blamed(), 1)]
    {
        let mut recorder = simulation.recorder();
        for seed in 0..seeds {
            let trace = TraceFile::of(&recorder.tell(seed, Overrides::new())).expect("it was told");
            for event in &trace.events {
                check_event(event, &documented);
                seen.insert((event.kind.clone(), String::new()));
                seen.extend(event.args.keys().map(|arg| (event.kind.clone(), arg.clone())));
            }
        }
    }
    let mut missing = Vec::new();
    for (kind, known) in &documented {
        let parts = known.args.keys().cloned().chain([String::new()]);
        missing.extend(parts.map(|part| (kind.clone(), part)).filter(|part| !seen.contains(part)));
    }
    assert!(missing.is_empty(), "the page has kinds, or arguments of kinds, that never occur: {missing:?}");
}

#[test]
fn the_page_explains_every_argument_and_no_other() {
    let explained: BTreeSet<String> =
        table("Arguments").iter().filter_map(|row| quoted(row[0]).next()).map(str::to_string).collect();
    let used: BTreeSet<String> = documented().into_values().flat_map(|known| known.args.into_keys()).collect();
    assert_eq!(explained, used, "explained on the left, used on the right");
}

#[test]
fn the_page_has_every_field() {
    let fields = |heading: &str| -> BTreeSet<String> {
        table(heading).iter().flat_map(|row| quoted(row[0])).map(str::to_string).collect()
    };
    let trace = TraceFile::of(&rest().recorder().tell(1, Overrides::new())).expect("it was told");
    let text = trace.to_json_lines();
    let keys = |line: &str| -> BTreeSet<String> {
        let map: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).expect("a line is an object");
        map.keys().cloned().collect()
    };
    let mut lines = text.lines();
    assert_eq!(keys(lines.next().expect("a header")), fields("The header"));
    assert_eq!(keys(lines.next().expect("an event")), fields("Events"));
}
