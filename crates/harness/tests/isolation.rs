//! One process per seed, from plain tests: the same runs as in threads, and what ends
//! a process is a failure of its seed.

use std::process::{abort, exit};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wavetank_core::{Providers, RandomProvider, TcpListener};
use wavetank_harness::{
    Failure, Isolation, NetworkConfig, Progress, SimContext, SimulationBuilder, SimulationMetrics, SimulationResult,
    TestStrategy,
};
use wavetank_probe::{reachable, sometimes_assert};

const APART: Isolation = Isolation::Process { timeout: Duration::from_secs(60) };

fn run(simulation: SimulationBuilder, seeds: u64) -> SimulationResult {
    simulation.run_strategy(&TestStrategy::Count(seeds), &Progress::default())
}

/// A server and a client on a bad network, in which some seeds are red.
fn conversation() -> SimulationBuilder {
    SimulationBuilder::new()
        .process("server", 1, |context: SimContext| async move {
            let listener = context.providers().bind(([0, 0, 0, 0], 80).into()).await?;
            loop {
                let (mut stream, _) = listener.accept().await?;
                reachable!("somebody called");
                let _ = stream.write_u8(7).await;
            }
            #[expect(unreachable_code, reason = "it names the type of the error")]
            std::io::Result::Ok(())
        })
        .workload("client", 1..=3, |context: SimContext| async move {
            let (world, server) = (context.providers(), context.topology().ip("server"));
            let mut metrics = SimulationMetrics::new();
            for _ in 0..4 {
                let Ok(mut stream) = world.connect((server, 80).into()).await else { continue };
                sometimes_assert!(stream.read_u8().await.is_err(), "an answer is lost");
                metrics.add("calls", 1);
            }
            assert!(!world.random().ratio(1, 8), "the client drew the short straw");
            metrics
        })
        .with_network_config(NetworkConfig::hostile())
}

#[test]
fn processes_run_what_threads_run() {
    let threads = run(conversation(), 24);
    let apart = run(conversation().with_isolation(APART).with_threads(2), 24);
    assert!(threads.red_count > 0 && threads.red_count < 24, "{threads}");
    assert_eq!(apart.digest(), threads.digest());
    assert_eq!((apart.seeds, apart.events, apart.polls), (threads.seeds, threads.events, threads.polls));
    assert_eq!((apart.virtual_time, &apart.metrics), (threads.virtual_time, &threads.metrics));
    let tallies =
        |result: &SimulationResult| -> Vec<_> { result.faults().map(|(kind, tally)| (kind.name(), *tally)).collect() };
    assert!(tallies(&threads).len() > 3);
    assert_eq!(tallies(&apart), tallies(&threads));
    assert_eq!(apart.coverage, threads.coverage);
    let reds = |result: &SimulationResult| -> Vec<_> {
        result.red.iter().map(|red| (red.seed, red.failures.clone())).collect()
    };
    assert_eq!(reds(&apart), reds(&threads));
}

#[test]
fn each_run_has_a_process_of_its_own() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let simulation = SimulationBuilder::new().workload("counter", 1, |_: SimContext| async {
        assert_eq!(RUNS.fetch_add(1, Ordering::Relaxed), 0, "nobody ran here before");
    });
    let apart = run(simulation.clone().with_isolation(APART), 5);
    assert!(apart.is_green(), "{apart}");
    assert_eq!(run(simulation.with_threads(1), 5).red_count, 4, "a process has it once");
}

/// Seed 2 does something that a process does not survive; the others are green.
fn fatal(timeout: Duration, fate: fn()) -> Vec<(u64, String)> {
    let simulation = SimulationBuilder::new()
        .workload("client", 1, move |context: SimContext| async move {
            context.providers().sleep(Duration::from_secs(1)).await;
            if context.seed() == 2 {
                fate();
            }
        })
        .with_isolation(Isolation::Process { timeout });
    let result = run(simulation, 4);
    assert_eq!((result.seeds, result.red_count), (4, result.red.len() as u64), "{result}");
    let what = |failures: &[Failure]| match failures {
        [Failure::Process { what }] => what.clone(),
        other => panic!("{other:?}"),
    };
    result.red.iter().map(|red| (red.seed, what(&red.failures))).collect()
}

#[track_caller]
fn check_fatal(timeout: Duration, fate: fn(), words: &str) {
    match &fatal(timeout, fate)[..] {
        [(2, what)] if what.contains(words) => {}
        other => panic!("{words:?} is not in {other:?}"),
    }
}

#[test]
fn an_abort_is_a_failure_of_its_seed() {
    check_fatal(Duration::from_secs(60), || abort(), "died of signal: 6 (SIGABRT)");
}

#[test]
fn two_panics_at_once_are_a_failure_of_its_seed_that_tells_both() {
    /// Does not like to go.
    struct Stubborn;

    impl Drop for Stubborn {
        fn drop(&mut self) {
            assert!(!std::thread::panicking(), "the second");
        }
    }

    let fate = || {
        // Who catches a panic is not asked about it.
        let _ = std::panic::catch_unwind(|| panic!("an earlier one"));
        let _stubborn = Stubborn;
        panic!("the first");
    };
    let [(2, what)] = &fatal(Duration::from_secs(60), fate)[..] else { panic!("it is seed 2's") };
    let parts: Vec<&str> = what.split("; ").collect();
    assert_eq!(parts[0], "died of signal: 6 (SIGABRT): panic in a destructor during cleanup");
    let place = "panicked at crates/harness/tests/isolation.rs:";
    assert!(parts[1].starts_with(place) && parts[1].ends_with(": the first"), "{what}");
    assert!(parts[2].starts_with(place) && parts[2].ends_with(": the second") && parts.len() == 3, "{what}");
}

/// Calls itself without end; an optimiser must not see that.
fn deeper(depth: u64) -> u64 {
    let page = std::hint::black_box([depth; 512]);
    if depth == u64::MAX { 0 } else { deeper(std::hint::black_box(depth + 1)) + page[7] }
}

#[test]
fn a_signal_is_a_failure_of_its_seed() {
    let fate = || {
        std::hint::black_box(deeper(0));
    };
    check_fatal(Duration::from_secs(60), fate, "stack overflow");
}

#[test]
fn an_exit_is_a_failure_of_its_seed() {
    check_fatal(Duration::from_secs(60), || exit(3), "ended with exit code 3 before the run did");
}

#[test]
fn an_exit_without_an_error_is_one_all_the_same() {
    check_fatal(Duration::from_secs(60), || exit(0), "ended with exit code 0 before the run did");
}

#[test]
fn a_run_without_an_end_is_a_failure_of_its_seed() {
    let fate = || loop {
        std::hint::spin_loop();
    };
    check_fatal(Duration::from_secs(5), fate, "did not end within 5.0 s");
}

#[test]
fn a_test_may_have_several_that_it_judges_at_its_end() {
    let red_at = |name: &str, red: u64| {
        let simulation = SimulationBuilder::new().with_name(name);
        let simulation = simulation.workload("client", 1, move |context: SimContext| async move {
            assert!(context.seed() != red, "this seed is red");
        });
        run(simulation.with_isolation(APART), 3)
    };
    let results = [red_at("one", 0), red_at("one", 1), red_at("other", 2)];
    let reds: Vec<Vec<u64>> = results.iter().map(|result| result.red.iter().map(|red| red.seed).collect()).collect();
    assert_eq!(reds, [[0], [1], [2]]);
}
