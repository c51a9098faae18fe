//! Planned faults: how many, when and whom; and that they are over when they should be.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wavetank_core::{Instant, Providers, TcpListener, TimeProvider};
use wavetank_engine::Value;
use wavetank_harness::{
    Atom, BoxError, Chaos, FaultKind, NetworkConfig, Overrides, RunRecord, SimContext, SimulationBuilder,
    SimulationMetrics, Target, Tolerance, Workload, all_kinds, async_trait,
};

const WINDOW: Duration = Duration::from_secs(5);

async fn serve(context: SimContext) -> std::io::Result<()> {
    let listener = context.providers().bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 80)).await?;
    loop {
        listener.accept().await?;
    }
}

/// When the window is over, everybody answers at the first attempt, and at once.
async fn visit(context: SimContext) -> std::io::Result<()> {
    let world = context.providers();
    world.sleep_until(Instant::ZERO + WINDOW + Duration::from_millis(1)).await;
    for ip in context.topology().ips("server") {
        let before = world.now();
        world.connect(SocketAddr::new(ip, 80)).await?;
        // There and back, at 100 us each.
        assert_eq!(world.now() - before, Duration::from_micros(200), "no link is slow");
    }
    Ok(())
}

fn simulation(chaos: Chaos) -> SimulationBuilder {
    SimulationBuilder::new()
        .process("server", 10, serve)
        .workload("visitor", 2, visit)
        .with_network_config(NetworkConfig::perfect())
        .with_chaos(Chaos { window: WINDOW, ..chaos })
}

/// The atoms of seeds 0 to 49, which are all green.
fn atoms(chaos: Chaos) -> Vec<Vec<Atom>> {
    let mut recorder = simulation(chaos).recorder();
    let run = |seed| {
        let record = recorder.run(seed, Overrides::new(), None);
        assert!(record.failures.is_empty(), "seed {seed}: {:?}", record.failures);
        record.atoms
    };
    (0..50).map(run).collect()
}

fn kind(name: &str) -> &'static FaultKind {
    all_kinds().find(|kind| kind.name() == name).expect("there is such a kind")
}

/// Short enough that there is always somebody left to strike.
fn brief() -> Chaos {
    let moment = Duration::from_millis(1);
    Chaos { duration: moment..=2 * moment, ..Chaos::none() }
}

fn check_counts(name: &str, chaos: Chaos) {
    let counts: BTreeSet<usize> = atoms(chaos)
        .iter()
        .map(|atoms| {
            assert!(atoms.iter().all(|atom| atom.kind == kind(name) && atom.time <= 5_000_000_000), "{atoms:?}");
            atoms.len()
        })
        .collect();
    assert_eq!(counts, BTreeSet::from([2, 3, 4]), "{name}");
}

#[test]
fn a_run_has_as_many_faults_of_a_kind_as_asked_for_and_no_other() {
    check_counts("node.crash", Chaos { crashes: 2..=4, ..brief() });
    check_counts("machine.crash", Chaos { machine_crashes: 2..=4, ..brief() });
    check_counts("machine.power-loss", Chaos { power_losses: 2..=4, ..brief() });
    check_counts("node.pause", Chaos { pauses: 2..=4, ..brief() });
    check_counts("network.partition", Chaos { partitions: 2..=4, ..brief() });
    check_counts("network.slow", Chaos { slow_links: 2..=4, ..brief() });
}

#[test]
fn every_kind_strikes_everybody_over_the_seeds_and_all_of_it_is_over_in_time() {
    let all: Vec<Atom> = atoms(Chaos::storm(WINDOW)).into_iter().flatten().collect();
    for name in ["node.crash", "node.pause", "machine.crash", "machine.power-loss"] {
        let struck: BTreeSet<Target> =
            all.iter().filter(|atom| atom.kind == kind(name)).map(|atom| atom.target).collect();
        assert!(struck.len() >= 7, "{name} struck only {struck:?}");
        let is_workload = |target: &Target| match target {
            Target::Node(node) => node.0 >= 10,
            Target::Machine(machine) => machine.0 >= 10,
            _ => true,
        };
        assert!(!struck.iter().any(is_workload), "{name} struck a workload: {struck:?}");
    }
    for name in ["network.partition", "network.slow"] {
        assert!(all.iter().filter(|atom| atom.kind == kind(name)).count() > 20, "{name}");
    }
}

#[test]
fn a_fault_that_outlasts_the_window_is_ended_by_its_end() {
    let hour = Duration::from_secs(3600);
    let all = atoms(Chaos { duration: hour..=hour, ..Chaos::storm(WINDOW) });
    assert!(all.iter().flatten().all(|atom| atom.parameters[0] == 3_600_000_000_000));
    assert!(all.iter().flatten().count() > 100);
}

/// When each try of a visitor began, and how long it took; nothing if it had no answer in time.
type Visits = Arc<Mutex<Vec<(u64, Option<u64>)>>>;

/// How often a visitor comes.
const STEP: Duration = Duration::from_millis(10);

/// A server, and who connects to it at each step until so late, with so much patience.
fn visited(until: Duration, patience: Duration, chaos: Chaos) -> (SimulationBuilder, Visits) {
    let visits = Visits::default();
    let told = visits.clone();
    let simulation = SimulationBuilder::new()
        .process("server", 1, serve)
        .workload("visitor", 1, move |context: SimContext| {
            let told = told.clone();
            async move {
                let world = context.providers();
                let server = SocketAddr::new(context.topology().ip("server"), 80);
                while world.now() < Instant::ZERO + until {
                    let begin = world.now();
                    let answer = world.timeout(patience, world.connect(server)).await;
                    let took = answer.is_ok().then(|| (world.now() - begin).as_nanos() as u64);
                    if let Ok(connected) = answer {
                        connected?;
                    }
                    told.lock().expect("free").push((begin.as_nanos(), took));
                    world.sleep_until(begin + STEP).await;
                }
                std::io::Result::Ok(())
            }
        })
        .with_network_config(NetworkConfig::perfect())
        .with_chaos(chaos);
    (simulation, visits)
}

#[test]
fn a_partition_cuts_from_its_time_for_its_duration() {
    let second = Duration::from_secs(1);
    let chaos = Chaos { window: 10 * second, partitions: 1..=1, duration: second..=4 * second, ..Chaos::none() };
    check_partitions(chaos.clone());
    // Another fault that lasts has its own end, also if it is the first of its kind, too.
    check_partitions(Chaos { clock_skews: 1..=1, ..chaos });
}

fn check_partitions(chaos: Chaos) {
    let (simulation, visits) = visited(Duration::from_secs(11), STEP, chaos);
    let mut recorder = simulation.recorder();
    for seed in 0..20 {
        let record = recorder.run(seed, Overrides::new(), None);
        assert!(record.failures.is_empty(), "seed {seed}: {:?}", record.failures);
        let cuts = record.atoms.iter().filter(|atom| atom.kind == kind("network.partition"));
        let [cut] = cuts.collect::<Vec<_>>()[..] else { panic!("one partition was asked for: {:?}", record.atoms) };
        let end = (cut.time + cut.parameters[0]).min(10_000_000_000);
        let visits = std::mem::take(&mut *visits.lock().expect("free"));
        let silences: Vec<u64> = visits.iter().filter(|(_, took)| took.is_none()).map(|(begin, _)| *begin).collect();
        let (first, last) = (silences[0], silences[silences.len() - 1]);
        let step = STEP.as_nanos() as u64;
        assert!(first + step >= cut.time && first <= cut.time + step, "seed {seed}: {first} {cut:?}");
        assert!(last <= end && last + 2 * step >= end, "seed {seed}: {last} {end}");
        assert!(silences.windows(2).all(|pair| pair[1] - pair[0] == step), "seed {seed}: without a gap");
    }
}

#[test]
fn who_is_cut_off_from_whom_is_recorded_for_each_partition() {
    let chaos = Chaos { window: WINDOW, partitions: 1..=1, ..Chaos::none() };
    let simulation = SimulationBuilder::new()
        .process("server", 4, serve)
        .workload("client", 1, async |context: SimContext| context.quiet().await)
        .with_chaos(chaos)
        // Some are left behind dead, cut off, mute or deaf.
        .with_tolerance(Tolerance::down(1));
    let mut recorder = simulation.recorder();
    let mut left = 0;
    for seed in 0..50 {
        let record = recorder.tell(seed, Overrides::new());
        assert_eq!(record.names.machines, ["server-0", "server-1", "server-2", "server-3", "client"]);
        let partitions = record.atoms.iter().filter(|atom| atom.kind.name() == "network.partition");
        for atom in partitions.clone() {
            let cut = &record.cuts[&atom.address];
            let pairs = cut.ones.iter().flat_map(|one| cut.others.iter().map(move |other| (one.0, other.0)));
            let both = pairs.flat_map(|(one, other)| [Some((one, other)), cut.back.then_some((other, one))]);
            assert_eq!(both.flatten().collect::<BTreeSet<_>>(), cut_at(&record, atom.time), "seed {seed}: {cut:?}");
            left += usize::from(atom.parameters[0] == u64::MAX);
        }
        assert_eq!(partitions.count(), record.cuts.len());
    }
    assert!(left > 5, "{left} of 50");
}

/// The links that are told to be cut then.
fn cut_at(record: &RunRecord, time: u64) -> BTreeSet<(u32, u32)> {
    let events = &record.story.as_ref().expect("the run was told").events;
    let cuts = events.iter().filter(|event| event.kind == "network.cut" && event.time == time);
    let number = |value: Option<&Value>| match value {
        Some(Value::Number(number)) => u32::try_from(*number).expect("a machine"),
        other => panic!("no machine: {other:?}"),
    };
    cuts.map(|cut| (number(cut.arg("from")), number(cut.arg("to")))).collect()
}

#[test]
fn a_link_is_cut_as_long_as_any_of_what_cuts_it_lasts() {
    let second = Duration::from_secs(1);
    // Between two machines each partition cuts the way there, the way back, or both: nobody connects.
    let chaos = Chaos { window: WINDOW, partitions: 3..=3, duration: second / 2..=2 * second, ..Chaos::none() };
    let (simulation, visits) = visited(WINDOW - second, STEP / 2, chaos);
    let mut overlaps = 0;
    for seed in 0..10 {
        let record = simulation.run_seed(seed, Overrides::new(), None);
        assert!(record.failures.is_empty(), "{:?}", record.failures);
        let cuts: Vec<(u64, u64)> = record.atoms.iter().map(|cut| (cut.time, cut.time + cut.parameters[0])).collect();
        for (begin, took) in std::mem::take(&mut *visits.lock().expect("free")) {
            // A visit takes 200 us; what is cut or mended meanwhile is another test's.
            let is_cut = |time: u64| cuts.iter().any(|(from, to)| (from..to).contains(&&time));
            let (before, after) = (is_cut(begin), is_cut(begin + 5_000_000));
            assert!(before != after || took.is_some() != before, "seed {seed} at {begin}: {cuts:?}");
        }
        overlaps += cuts.iter().filter(|one| cuts.iter().any(|other| other.0 < one.1 && one.1 < other.1)).count();
    }
    assert!(overlaps > 5, "one ends while another goes on: {overlaps} times");
}

#[test]
fn a_plan_does_not_depend_on_who_is_there() {
    let plan = |servers: u32| {
        let simulation = SimulationBuilder::new()
            .process("server", servers, serve)
            .workload("idle", 1, |context: SimContext| async move {
                context.providers().sleep(WINDOW).await;
            })
            .with_chaos(Chaos { window: WINDOW, crashes: 3..=3, ..brief() });
        let record = simulation.run_seed(4, Overrides::new(), None);
        record.atoms.iter().map(|atom| (atom.address, atom.time, atom.parameters)).collect::<Vec<_>>()
    };
    assert_eq!(plan(3).len(), 3);
    assert_eq!(plan(3), plan(9));
}

#[test]
fn without_chaos_nothing_is_planned() {
    assert!(atoms(Chaos::none()).iter().all(Vec::is_empty));
}

/// Ends long before the window does, and checks for longer than it lasts.
struct Hasty;

/// How long its load takes.
const LOAD: Duration = Duration::from_millis(500);

#[async_trait]
impl Workload for Hasty {
    async fn run(&mut self, context: &SimContext) -> Result<SimulationMetrics, BoxError> {
        context.providers().sleep(LOAD).await;
        Ok(SimulationMetrics::new())
    }

    async fn check(&mut self, context: &SimContext) -> Result<(), BoxError> {
        context.providers().sleep(2 * WINDOW).await;
        Ok(())
    }
}

#[test]
fn no_planned_fault_strikes_while_workloads_check() {
    let chaos = Chaos { window: WINDOW, crashes: 20..=20, partitions: 5..=5, ..Chaos::none() };
    let simulation = SimulationBuilder::new()
        .process("server", 3, serve)
        .workload_object("hasty", 1, || Hasty)
        .with_network_config(NetworkConfig::perfect())
        .with_chaos(chaos);
    let mut recorder = simulation.recorder();
    let mut struck = 0;
    for seed in 0..20 {
        let record = recorder.run(seed, Overrides::new(), None);
        assert!(record.failures.is_empty(), "seed {seed}: {:?}", record.failures);
        assert!(
            record.virtual_time > LOAD.as_nanos() as u64 + 2 * WINDOW.as_nanos() as u64 - 1,
            "the check took its time"
        );
        let late = record.atoms.iter().find(|atom| atom.time > LOAD.as_nanos() as u64);
        assert_eq!(late, None, "seed {seed}");
        struck += record.atoms.len();
    }
    assert!(struck > 0, "some faults struck while there was load");
}

#[test]
fn a_clogged_link_holds_and_loses_nothing() {
    let second = Duration::from_secs(1);
    let simulation = SimulationBuilder::new()
        .process("server", 1, serve)
        .workload("visitor", 1, move |context: SimContext| async move {
            let world = context.providers();
            let server = SocketAddr::new(context.topology().ip("server"), 80);
            let mut longest = (Duration::ZERO, Instant::ZERO);
            while world.now() < Instant::ZERO + 10 * second {
                let begin = world.now();
                assert!(world.connect(server).await.is_ok(), "a clog loses nothing");
                longest = longest.max((world.now() - begin, world.now()));
                world.sleep_until(begin + Duration::from_millis(10)).await;
            }
            // A second, or up to the end of the window, which lets go of what is held.
            let (held, end) = (longest.0, longest.1 - Instant::ZERO);
            let is_over_in_time = end < 8 * second + Duration::from_millis(1);
            let is_cut_short = is_over_in_time && end >= 8 * second;
            assert!(is_over_in_time && held < 2 * second, "held for {held:?}, until {end:?}");
            assert!(held > second / 2 || is_cut_short, "held for {held:?}, until {end:?}");
        })
        .with_network_config(NetworkConfig::perfect())
        .with_chaos(Chaos { window: 8 * second, clogs: 1..=1, duration: second..=second, ..Chaos::none() })
        .with_strategy(wavetank_harness::TestStrategy::Count(20))
        .run();
    simulation.assert_green();
    let tally = simulation.tally(kind("network.clog"));
    assert!(tally.fired == 20 && tally.effective >= 20, "{tally:?}");
}

#[test]
fn a_disturbed_clock_is_seen_and_set_right() {
    let second = Duration::from_secs(1);
    let result = SimulationBuilder::new()
        .process("server", 1, move |context: SimContext| async move {
            let world = context.providers();
            for _ in 0..100 {
                world.time().wall();
                world.sleep(second / 10).await;
            }
            // Both are right again when the window is over; what was gained is kept.
            let (wall, now) = (world.time().wall(), world.now());
            world.sleep(100 * second).await;
            let passed = world.time().wall().duration_since(wall).expect("it goes forward");
            assert_eq!((passed, world.now() - now), (100 * second, 100 * second));
        })
        .workload("idle", 1, move |context: SimContext| async move { context.providers().sleep(150 * second).await })
        .with_chaos(Chaos {
            window: 5 * second,
            clock_steps: 1..=2,
            clock_skews: 1..=2,
            clock_skew_ppm: 100..=50_000,
            ..Chaos::none()
        })
        .with_strategy(wavetank_harness::TestStrategy::Count(50))
        .run();
    result.assert_green();
    for name in ["clock.step", "clock.skew"] {
        let tally = result.tally(kind(name));
        assert!(tally.fired >= 50 && tally.effective >= 50, "{name}: {tally:?}");
    }
}

#[test]
fn a_link_is_as_slow_as_the_worst_of_what_slows_it() {
    /// A link, from when until when, and by how much.
    type Slow = ((u32, u32), u64, u64, u64);
    let second = Duration::from_secs(1);
    let chaos = Chaos { window: WINDOW, slow_links: 8..=8, duration: second..=2 * second, ..Chaos::none() };
    let (simulation, visits) = visited(WINDOW, WINDOW, chaos);
    let mut overlaps = 0;
    for seed in 0..10 {
        let record = simulation.run_seed(seed, Overrides::new(), None);
        assert!(record.failures.is_empty(), "{:?}", record.failures);
        let slow: Vec<Slow> = (record.atoms.iter())
            .map(|atom| {
                let Target::Link(from, to) = atom.target else { panic!("{atom:?}") };
                let [duration, extra] = atom.parameters;
                ((from.0, to.0), atom.time, (atom.time + duration).min(5_000_000_000), extra)
            })
            .collect();
        let worst = |link, time| {
            let on = |slow: &&Slow| slow.0 == link && (slow.1..slow.2).contains(&time);
            slow.iter().filter(on).map(|slow| slow.3).max().unwrap_or(0)
        };
        for (begin, took) in std::mem::take(&mut *visits.lock().expect("free")) {
            let there = 100_000 + worst((1, 0), begin);
            assert_eq!(took, Some(there + 100_000 + worst((0, 1), begin + there)), "seed {seed} at {begin}: {slow:?}");
        }
        let outlasts = |one: &Slow, other: &Slow| one.0 == other.0 && other.1 < one.2 && one.2 < other.2;
        overlaps += slow.iter().filter(|one| slow.iter().any(|other| outlasts(one, other))).count();
    }
    assert!(overlaps > 5, "one ends while another goes on: {overlaps} times");
}
