//! Swarm testing, tolerances, and a run's expanded configuration.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wavetank_core::{Providers, TcpListener};
use wavetank_engine::{CrashKind, MachineId, NodeId, kinds};
use wavetank_harness::{
    Atom, Chaos, Domain, NetworkConfig, Overrides, Ratio, RunConfiguration, RunRecord, SimContext, SimulationBuilder,
    StorageConfiguration, Swarm, Target, TestStrategy, Tolerance,
};

const WINDOW: Duration = Duration::from_secs(5);

async fn serve(context: SimContext) -> std::io::Result<()> {
    let listener = context.providers().bind((context.ip(), 80).into()).await?;
    loop {
        listener.accept().await?;
    }
}

async fn visit(context: SimContext) {
    let world = context.providers();
    for _ in 0..20 {
        for ip in context.topology().ips("server") {
            // What a fault does to it is not the point here.
            let _ = world.timeout(Duration::from_millis(100), world.connect((ip, 80).into())).await;
        }
        world.sleep(Duration::from_millis(100)).await;
    }
    context.quiet().await;
}

fn simulation() -> SimulationBuilder {
    SimulationBuilder::new()
        .process("server", 2..=5, serve)
        .workload("visitor", 1..=2, visit)
        .with_network_config(NetworkConfig::hostile())
        .with_storage_config(StorageConfiguration::hostile())
        .with_chaos(Chaos { clock_steps: 0..=2, ..Chaos::storm(WINDOW) })
        .with_swarm(Swarm::default())
}

fn run(simulation: &SimulationBuilder, seed: u64) -> RunRecord {
    let record = simulation.run_seed(seed, Overrides::new(), None);
    assert!(record.failures.is_empty(), "seed {seed}: {:?}", record.failures);
    record
}

fn configurations(simulation: &SimulationBuilder, seeds: u64) -> Vec<RunConfiguration> {
    (0..seeds).map(|seed| run(simulation, seed).configuration).collect()
}

/// How many kinds of fault a configuration has, of all that there are.
fn kinds_on(one: &RunConfiguration) -> usize {
    which_on(one).len()
}

/// Which kinds of fault a configuration has: rates first, then counts.
fn which_on(one: &RunConfiguration) -> Vec<usize> {
    let (engine, network, storage, chaos) = (&one.engine, &one.network, &one.storage, &one.chaos);
    let rates = [
        engine.timer_late,
        engine.poll_cost,
        engine.buggify_active,
        network.spike,
        network.segment_loss,
        network.reset,
        network.connect_refused,
        network.connect_hang,
        network.short_read,
        network.short_write,
        network.datagram_loss,
        network.datagram_duplicate,
        storage.crash_fault_probability,
        storage.sync_failure_probability,
    ];
    let counts = [
        &chaos.crashes,
        &chaos.machine_crashes,
        &chaos.power_losses,
        &chaos.pauses,
        &chaos.partitions,
        &chaos.slow_links,
        &chaos.clogs,
        &chaos.clock_steps,
        &chaos.clock_skews,
    ];
    let on = rates.iter().map(|rate| !rate.is_zero()).chain(counts.iter().map(|count| *count.end() > 0));
    on.enumerate().filter(|(_, is_on)| *is_on).map(|(place, _)| place).collect()
}

#[test]
fn kinds_are_off_in_half_of_all_runs_and_some_runs_are_calm_or_have_one() {
    let all = configurations(&simulation(), 600);
    let share = |is: &dyn Fn(&RunConfiguration) -> bool| all.iter().filter(|one| is(one)).count();
    let reset = share(&|one| !one.network.reset.is_zero());
    assert!((180..360).contains(&reset), "a kind is on in {reset} of 600 runs");
    let calm = share(&|one| kinds_on(one) == 0);
    let single = share(&|one| kinds_on(one) == 1);
    // A tenth is 60; any other run has none or one of two dozen by the rarest chance only.
    assert!((40..=80).contains(&calm), "{calm} of 600 runs have no kind");
    assert!((40..=80).contains(&single), "{single} of 600 runs have one kind");
    let rates: BTreeSet<u64> = all.iter().map(|one| one.network.reset.parts()).filter(|parts| *parts > 0).collect();
    let (least, most) = (*rates.first().expect("some"), *rates.last().expect("some"));
    assert!(rates.len() > 50 && most <= 8 * NetworkConfig::hostile().reset.parts(), "{rates:?}");
    assert!(most / least > 30, "rates lie within a factor of {}", most / least);
    let latencies: BTreeSet<u64> = all.iter().map(|one| one.network.latency_max).collect();
    assert_eq!(latencies.len(), 5, "{latencies:?}");
    let reads: BTreeSet<Duration> = all.iter().map(|one| one.storage.read_latency.min).collect();
    assert_eq!(reads.len(), 5, "the least is drawn with the most: {reads:?}");
    let alone: BTreeSet<usize> = all.iter().filter(|one| kinds_on(one) == 1).flat_map(which_on).collect();
    assert!(alone.len() > 12 && alone.last() > Some(&13), "any kind can be the one, planned ones too: {alone:?}");
}

#[test]
fn what_is_benign_is_rare_and_as_stated() {
    let mut overrides = Overrides::new();
    for name in ["swarm.rate", "swarm.knob"] {
        overrides.set_domain_benign(Domain::new(name));
    }
    let stated = NetworkConfig::hostile();
    for seed in 0..50 {
        let drawn = simulation().run_seed(seed, overrides.clone(), None).configuration.network;
        assert_eq!((drawn.latency_max, drawn.send_buffer), (stated.latency_max, stated.send_buffer), "seed {seed}");
        // A 16th at most: it is halved four times.
        assert!(drawn.reset.parts() <= stated.reset.parts() / 8, "seed {seed}: {:?}", drawn.reset);
    }
}

#[test]
fn a_drawn_rate_is_one_in_two_at_most_or_what_was_stated() {
    for (stated, most) in [(Ratio::new(1, 4), Ratio::new(1, 2)), (Ratio::new(3, 4), Ratio::new(3, 4))] {
        let simulation = SimulationBuilder::new()
            .workload("idle", 1, async |_| {})
            .with_network_config(NetworkConfig { datagram_loss: stated, ..NetworkConfig::perfect() })
            .with_swarm(Swarm::default());
        let drawn = configurations(&simulation, 100).iter().map(|one| one.network.datagram_loss).max();
        assert_eq!(drawn, Some(most));
    }
}

#[test]
fn a_kind_that_is_off_never_strikes_and_a_planned_one_that_is_on_does() {
    let (mut on, mut strikes) = (0, 0);
    for seed in 0..100 {
        let record = run(&simulation(), seed);
        let struck = |atom: &&Atom| atom.kind.index() == kinds::CRASH.index();
        let crashes = record.atoms.iter().filter(struck).count();
        let is_on = *record.configuration.chaos.crashes.end() > 0;
        assert!(is_on || crashes == 0, "seed {seed}: {crashes} crashes");
        on += u32::from(is_on);
        strikes += u32::from(crashes > 0);
    }
    // Now and then everybody is down already when it comes.
    assert!(on > 25 && strikes * 10 >= on * 9, "{strikes} of {on}");
}

#[test]
fn an_expanded_configuration_is_the_same_run_again_also_from_its_file() {
    for seed in 0..30 {
        let record = run(&simulation(), seed);
        let file = serde_json::to_string(&record.configuration).expect("it is data");
        let configuration: RunConfiguration = serde_json::from_str(&file).expect("it was written as such");
        assert_eq!(configuration, record.configuration);
        let again = run(&simulation().with_configuration(configuration), seed);
        assert_eq!((again.digest, again.atoms.len()), (record.digest, record.atoms.len()), "seed {seed}");
    }
}

#[test]
fn an_expanded_configuration_holds_for_other_seeds_too() {
    let configuration = run(&simulation(), 5).configuration;
    let fixed = simulation().with_configuration(configuration.clone());
    let other = run(&fixed, 6).configuration;
    assert_eq!(RunConfiguration { seed: 5, ..other }, configuration);
    assert_ne!(run(&fixed, 6).digest, run(&fixed, 5).digest);
}

#[test]
fn faults_of_a_configuration_strike_where_none_were_stated() {
    let nobody = |_: SimContext| async { std::future::pending::<()>().await };
    let calm =
        SimulationBuilder::new()
            .process("server", 1, nobody)
            .workload("user", 1, |context: SimContext| async move { context.quiet().await });
    let mut configuration = run(&calm, 1).configuration;
    configuration.chaos = Chaos { window: WINDOW, crashes: 1..=1, ..Chaos::none() };
    let record = run(&calm.with_configuration(configuration), 1);
    assert!(record.atoms.iter().any(|atom| atom.kind.index() == kinds::CRASH.index()), "{:?}", record.atoms);
}

#[test]
fn a_configuration_that_no_run_can_have_is_refused_in_a_line() {
    let refused = |change: &dyn Fn(&mut RunConfiguration)| {
        let mut configuration = run(&simulation(), 1).configuration;
        change(&mut configuration);
        simulation().with_configuration(configuration).validate().expect_err("it cannot be run")
    };
    let stranger = refused(&|one| one.simulation = "kv/storm".into());
    let hint = r#"was given the configuration of a run of `kv/storm`: give it one of its own, or call it so with .with_name("kv/storm")"#;
    assert!(stranger.ends_with(hint), "{stranger}");
    let resized = refused(&|one| _ = one.sizes.insert("server".into(), 0));
    assert!(resized.ends_with("whose `sizes` says 0 for group `server`: give a number from 1 to 10000"), "{resized}");
    let unknown = refused(&|one| _ = one.sizes.insert("owl".into(), 1));
    assert!(unknown.ends_with("whose `sizes` has a group `owl`, and the simulation has server, visitor"), "{unknown}");
    let timeless = refused(&|one| (one.chaos.window, one.chaos.crashes) = (Duration::ZERO, 1..=1));
    assert!(timeless.contains("but `Chaos::window` is zero"), "{timeless}");
}

#[test]
fn figures_as_large_as_can_be_are_drawn_around_too() {
    let figures = Swarm { halvings: u32::MAX, doublings: u32::MAX, calm: Ratio::ZERO, ..Swarm::default() };
    let mut disks = StorageConfiguration::hostile();
    disks.sync_latency.max = Duration::MAX;
    let result = simulation().with_swarm(figures).with_storage_config(disks).with_threads(2).run();
    result.assert_green();
}

/// Intervals in which processes are out of order because of crashes and pauses.
fn outages(atoms: &[Atom]) -> Vec<(u64, u64, u32)> {
    let who = |target| match target {
        Target::Node(NodeId(node)) => Some(node),
        Target::Machine(MachineId(machine)) => Some(machine),
        _ => None,
    };
    let end = WINDOW.as_nanos() as u64;
    let strikes =
        atoms.iter().filter(|atom| atom.kind.name().starts_with("node.") || atom.kind.name().starts_with("machine."));
    strikes
        .filter(|atom| atom.time < end)
        .filter_map(|atom| Some((atom.time, (atom.time + atom.parameters[0]).min(end), who(atom.target)?)))
        .collect()
}

fn most_at_once(outages: &[(u64, u64, u32)]) -> usize {
    let at = |time| outages.iter().filter(|(from, to, _)| *from <= time && time < *to).count();
    outages.iter().map(|outage| at(outage.0)).max().unwrap_or(0)
}

fn tolerant(tolerance: Tolerance) -> SimulationBuilder {
    SimulationBuilder::new()
        .process("server", 5, serve)
        .workload("visitor", 1, visit)
        .with_chaos(Chaos { crashes: 3..=5, power_losses: 2..=3, pauses: 2..=4, ..Chaos::storm(WINDOW) })
        .with_tolerance(tolerance)
}

#[test]
fn a_tolerance_is_kept_but_where_it_is_overdrawn() {
    let simulation = tolerant(Tolerance { overdraft: Ratio::new(1, 4), ..Tolerance::down(2) });
    let (mut within, mut beyond) = (0, 0);
    for seed in 0..100 {
        let record = run(&simulation, seed);
        let most = most_at_once(&outages(&record.atoms));
        if record.configuration.overdrawn {
            beyond += usize::from(most > 2);
        } else {
            assert!(most <= 2, "seed {seed}: {most} at once");
            within += usize::from(most == 2);
        }
    }
    assert!(within > 40 && beyond > 10, "{within} runs use it up, {beyond} go beyond it");
}

#[test]
fn a_run_that_overdraws_says_so_and_nothing_is_demanded_of_it() {
    let told = Arc::new(Mutex::new(None));
    let tell = told.clone();
    let simulation = tolerant(Tolerance { overdraft: Ratio::new(1, 2), ..Tolerance::down(1) })
        .workload("asker", 1, move |context: SimContext| {
            *tell.lock().expect("free") = Some(context.is_overdrawn());
            context.state().register("overdrawn", context.is_overdrawn().into());
            async {}
        })
        .with_checker("who judges is told the same", |run| {
            let told = run.state().get("overdrawn") == Some(run.is_overdrawn().into());
            if told { Ok(()) } else { Err("it is told otherwise") }
        })
        .with_liveness("nobody can meet this", Duration::from_secs(1), |_: SimContext| std::future::pending::<()>());
    let mut seen = BTreeSet::new();
    for seed in 0..20 {
        let record = simulation.run_seed(seed, Overrides::new(), None);
        let overdrawn = record.configuration.overdrawn;
        assert_eq!(told.lock().expect("free").take(), Some(overdrawn), "seed {seed}");
        assert_eq!(record.failures.is_empty(), overdrawn, "seed {seed}: {:?}", record.failures);
        seen.insert(overdrawn);
    }
    assert_eq!(seen.len(), 2);
}

#[test]
fn what_a_tolerance_refuses_and_weakens_is_counted() {
    let tolerance = Tolerance { worst: CrashKind::Process, overdraft: Ratio::ZERO, ..Tolerance::down(1) };
    let result = tolerant(tolerance).with_strategy(TestStrategy::Count(50)).run();
    result.assert_green();
    for kind in [&kinds::CRASH, &kinds::PAUSE, &kinds::POWER_LOSS] {
        let tally = result.tally(kind);
        assert!(tally.asked >= 100 && tally.refused > 20, "{}: {tally:?}", kind.name());
        assert_eq!(tally.asked, tally.granted + tally.downgraded + tally.refused, "{}: {tally:?}", kind.name());
    }
    let power = result.tally(&kinds::POWER_LOSS);
    assert!(power.granted == 0 && power.downgraded > 5, "a power loss became a crash: {power:?}");
    let cuts = result.faults().find(|(kind, _)| kind.name() == "network.partition").expect("asked for").1;
    assert!(cuts.downgraded > 5, "halves became one process alone: {cuts:?}");
}

#[test]
fn a_fault_that_is_taken_out_makes_room_for_no_other() {
    let simulation = tolerant(Tolerance { overdraft: Ratio::ZERO, ..Tolerance::down(1) });
    for seed in 0..30 {
        let before = run(&simulation, seed);
        let planned = |record: &RunRecord| {
            let names = ["node.", "machine.", "network.partition"];
            let is_planned = |atom: &&Atom| names.iter().any(|name| atom.kind.name().starts_with(name));
            record.atoms.iter().filter(is_planned).map(|atom| (atom.address, atom.time)).collect::<Vec<_>>()
        };
        let first = planned(&before)[0].0;
        let mut overrides = Overrides::new();
        overrides.set(first, wavetank_harness::Choice::Benign);
        let after = simulation.run_seed(seed, overrides, None);
        let expected: Vec<_> = planned(&before).into_iter().filter(|(address, _)| *address != first).collect();
        assert_eq!(planned(&after), expected, "seed {seed}");
    }
}
