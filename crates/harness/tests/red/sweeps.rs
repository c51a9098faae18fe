//! What a sweep keeps of its red runs, and finds on other threads.

use super::{says, simulation};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use wavetank_core::Providers;
use wavetank_harness::{FirstFailure, Progress, Signature, SimContext, SimulationResult, TestStrategy};

/// The thread of seed 1 outlives its run; seed 3 waits for it, so that the sweep is still there.
#[test]
fn a_handle_used_on_another_thread_after_its_run_makes_that_seed_red() {
    static THREAD: Mutex<Option<std::thread::JoinHandle<()>>> = Mutex::new(None);
    static IS_OVER: AtomicBool = AtomicBool::new(false);
    let result = simulation()
        .workload("user", 1, |context: SimContext| async move {
            let world = context.providers();
            let mut thread = THREAD.lock().expect("free");
            #[expect(clippy::disallowed_methods, reason = "what is forbidden is what is tested")]
            match context.seed() {
                1 => {
                    *thread = Some(std::thread::spawn(move || {
                        while !IS_OVER.load(Ordering::Acquire) {
                            std::thread::yield_now();
                        }
                        let used = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.now()));
                        assert!(used.is_err(), "it panics there");
                    }));
                }
                3 => {
                    IS_OVER.store(true, Ordering::Release);
                    thread.take().expect("seed 1 has started it").join().expect("its panic was caught");
                }
                _ => {}
            }
        })
        .with_threads(1)
        .run_strategy(&TestStrategy::Count(5), &Progress::default());
    let [red] = &result.red[..] else { panic!("{result}") };
    says(&red.failures[0], &["outside of their run", "another thread"]);
    assert_eq!((red.seed, red.failures.len(), result.red_count, result.seeds), (1, 1, 1, 5));
    assert!(red.reproduce.contains("SEED=1"), "{}", red.reproduce);
}

/// Nearly every run is red, one of them in another way, behind more than are kept whole.
#[test]
fn a_rare_failure_behind_common_ones_has_its_first_seed() {
    let result = |threads| {
        simulation()
            .workload("user", 1, |context: SimContext| async move {
                match context.seed() {
                    2_500 => Err::<(), _>("the dam is cracked".to_string()),
                    seed => Err(format!("pump {seed} broke")),
                }
            })
            .with_threads(threads)
            .with_reproduce_line("again {seed}!")
            .run_strategy(&TestStrategy::Range(1..2_600), &Progress::default())
    };
    let one = result(1);
    assert!(one.red.iter().all(|red| red.seed < 2_500), "it is not among the red runs that are kept");
    let firsts = |result: &SimulationResult| {
        let first = |(signature, first): (&Signature, &FirstFailure)| {
            (signature.to_string(), first.seed, first.reproduce.clone())
        };
        result.firsts.iter().map(first).collect::<Vec<_>>()
    };
    let expected = [("pump # broke", 1, "again 1!"), ("the dam is cracked", 2_500, "again 2500!")]
        .map(|(words, seed, line)| (format!("error of user: {words}"), seed, line.to_string()));
    assert_eq!(firsts(&one), expected);
    assert_eq!(firsts(&result(3)), expected);
    assert!(one.to_string().contains("1 x error of user: the dam is cracked\n      reproduce: again 2500!"), "{one}");
}

/// More ways to fail than are kept: those with the lowest seeds are, on any number of threads.
#[test]
fn first_failures_are_bounded_and_the_same_on_any_number_of_threads() {
    let letters = |seed: u64| -> String {
        let digit = |place: u32| char::from(b'a' + (seed / 26_u64.pow(place) % 26) as u8);
        (0..3).map(digit).collect()
    };
    let seeds = |threads| {
        let result = simulation()
            .workload("user", 1, move |context: SimContext| {
                std::future::ready(Err::<(), _>(letters(context.seed() ^ 1_023)))
            })
            .with_threads(threads)
            .run_strategy(&TestStrategy::Seeds((0..2_400).rev().collect()), &Progress::default());
        let mut seeds: Vec<u64> = result.firsts.values().map(|first| first.seed).collect();
        seeds.sort_unstable();
        seeds
    };
    let lowest: Vec<u64> = (0..SimulationResult::FIRSTS_MOST as u64).collect();
    assert_eq!(seeds(1), lowest);
    assert_eq!(seeds(3), lowest);
}

#[test]
fn red_runs_are_counted_by_signature_and_kept_by_seed() {
    let result = simulation()
        .workload("user", 1, |context: SimContext| async move {
            match context.seed() % 3 {
                0 => Ok(()),
                1 => Err(format!("pump {} broke", context.seed())),
                _ => Err("the light is out".to_string()),
            }
        })
        .with_threads(2)
        .with_reproduce_line("again {seed}!")
        .run_strategy(&TestStrategy::Count(3000), &Progress::default());
    assert_eq!((result.red_count, result.red.len()), (2000, wavetank_harness::SimulationResult::RED_RUNS_MOST));
    let signatures: Vec<_> = result.signatures.iter().map(|(one, count)| (one.to_string(), *count)).collect();
    let expected =
        ["error of user: pump # broke", "error of user: the light is out"].map(|words| (words.to_string(), 1000));
    assert_eq!(signatures, expected);
    let first: Vec<(u64, &str)> = result.red.iter().take(3).map(|red| (red.seed, red.reproduce.as_str())).collect();
    assert_eq!(first, [(1, "again 1!"), (2, "again 2!"), (4, "again 4!")]);
    assert!(result.red.windows(2).all(|pair| pair[0].seed < pair[1].seed), "the lowest seeds, in order");
    let report = result.to_string();
    for words in ["3000 seeds, 2000 of them RED", "RED seed 1\n", "reproduce: again 1!", "1000 x error of user: pump #"]
    {
        assert!(report.contains(words), "no `{words}` in {report}");
    }
    let panic = std::panic::catch_unwind(|| result.assert_green()).expect_err("it is red");
    assert_eq!(wavetank_core::panic_message(panic.as_ref()), report);
}

#[test]
fn a_report_of_many_kinds_of_failure_can_be_read() {
    let letters = |seed: u64| (0..3).map(|place| char::from(b'a' + (seed / 26_u64.pow(place) % 26) as u8)).collect();
    let result = simulation()
        .workload("user", 1, move |context: SimContext| {
            let rare: String = letters(context.seed());
            std::future::ready(Err::<(), _>(if context.seed() < 2_000 { rare } else { "the pump broke".to_string() }))
        })
        .run_strategy(&TestStrategy::Count(2_010), &Progress::default());
    let report = result.to_string();
    assert!(report.lines().count() < 100, "{} lines", report.lines().count());
    assert!(report.contains("    10 x error of user: the pump broke\n"), "the frequent ones first: {report}");
    assert!(report.ends_with("    and 1981 more kinds of failure\n"), "{report}");
}
