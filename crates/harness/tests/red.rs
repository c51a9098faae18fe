//! Every reason for a run to be red, each seen red, with words that lead to it.

use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wavetank_core::{OpenOptions, Providers, TaskProvider};
use wavetank_harness::{
    BoxError, Chaos, Failure, FirstFailure, Limits, Overrides, Process, Progress, Signature, SimContext,
    SimulationBuilder, SimulationMetrics, SimulationResult, TestStrategy, Workload, async_trait,
};
use wavetank_probe::always_assert;

fn simulation() -> SimulationBuilder {
    SimulationBuilder::new().with_name("red").with_threads(1)
}

/// The one failure of a run.
fn failure(simulation: &SimulationBuilder) -> Failure {
    let mut failures = simulation.run_seed(1, Overrides::new(), None).failures;
    assert_eq!(failures.len(), 1, "{failures:#?}");
    failures.pop().expect("there is one")
}

fn says(failure: &Failure, words: &[&str]) {
    let text = failure.to_string();
    for word in words {
        assert!(text.contains(word), "no `{word}` in: {text}");
    }
}

/// Fails in the phase that it is told.
struct FailsIn(&'static str);

impl FailsIn {
    fn is(&self, phase: &str) -> Result<(), BoxError> {
        if self.0 == phase { Err(format!("{phase} went wrong").into()) } else { Ok(()) }
    }
}

#[async_trait]
impl Workload for FailsIn {
    async fn setup(&mut self, _: &SimContext) -> Result<(), BoxError> {
        self.is("setup")
    }

    async fn run(&mut self, _: &SimContext) -> Result<SimulationMetrics, BoxError> {
        self.is("run").map(|()| SimulationMetrics::new())
    }

    async fn check(&mut self, _: &SimContext) -> Result<(), BoxError> {
        self.is("check")
    }
}

#[async_trait]
impl Process for FailsIn {
    async fn run(&mut self, _: &SimContext) -> Result<(), BoxError> {
        self.is("process")
    }
}

#[test]
fn an_error_of_any_phase_is_red() {
    for phase in ["setup", "run", "check"] {
        let failure = failure(&simulation().workload_object("driver", 1, move || FailsIn(phase)));
        assert_eq!(failure, Failure::Error { who: "driver".into(), message: format!("{phase} went wrong") });
    }
    simulation().workload_object("driver", 1, || FailsIn("never")).run().assert_green();
}

#[test]
fn an_error_of_a_function_is_red() {
    let broken = simulation().workload("driver", 2, |context: SimContext| async move {
        if context.number() == 1 { Err(std::io::Error::other("the pump broke")) } else { Ok(()) }
    });
    assert_eq!(failure(&broken), Failure::Error { who: "driver-1".into(), message: "the pump broke".into() });
}

#[test]
fn an_error_of_a_process_is_red_but_its_end_is_not() {
    let idle = |context: SimContext| async move { context.providers().sleep(Duration::from_secs(1)).await };
    let object = simulation().process_object("server", 1, || FailsIn("process")).workload("user", 1, idle);
    assert_eq!(failure(&object), Failure::Error { who: "server".into(), message: "process went wrong".into() });
    let function = simulation()
        .process("server", 1, |context: SimContext| async move {
            context.providers().sleep(Duration::from_millis(3)).await;
            Err::<(), _>("the pump broke")
        })
        .workload("user", 1, idle);
    let record = function.run_seed(1, Overrides::new(), None);
    assert_eq!(record.failures, [Failure::Error { who: "server".into(), message: "the pump broke".into() }]);
    assert_eq!(record.virtual_time, 3_000_000, "the run ends there");
    simulation().process("server", 1, async |_| {}).workload("user", 1, idle).run().assert_green();
}

#[test]
fn nothing_comes_after_an_error() {
    let phases = Arc::new(Mutex::new(Vec::new()));
    let written = phases.clone();
    let failing = simulation().workload_object("driver", 1, || FailsIn("setup")).workload("other", 1, move |_| {
        written.lock().expect("free").push("run");
        async {}
    });
    let setup = Failure::Error { who: "driver".into(), message: "setup went wrong".into() };
    assert_eq!(failure(&failing), setup);
    assert_eq!(*phases.lock().expect("free"), [""; 0], "nobody runs after a failed setup");
    let failing = simulation().workload("first", 1, async |_| Err::<(), _>("too early")).workload(
        "second",
        1,
        |context: SimContext| async move {
            context.providers().sleep(Duration::from_millis(1)).await;
            Err::<(), _>("too late")
        },
    );
    assert_eq!(failure(&failing), Failure::Error { who: "first".into(), message: "too early".into() });
}

#[test]
fn a_crash_of_a_process_is_not_red() {
    let chaos = Chaos { window: Duration::from_secs(1), crashes: 3..=3, ..Chaos::none() };
    let result = simulation()
        .process("server", 3, |context: SimContext| async move {
            context.providers().sleep(Duration::from_secs(3600)).await;
            Err::<(), _>("nobody gets here")
        })
        .workload("user", 1, |context: SimContext| async move {
            context.providers().sleep(Duration::from_secs(10)).await;
        })
        .with_chaos(chaos)
        .run_strategy(&TestStrategy::Count(20), &Progress::default());
    result.assert_green();
    assert!(result.tally(&wavetank_engine::kinds::CRASH).fired >= 40, "{result}");
}

#[test]
fn a_panic_is_told_with_task_node_spawn_site_and_panic_site() {
    let spawned =
        simulation().process("server", 2, async |_| {}).workload("user", 1, |context: SimContext| async move {
            let world = context.providers();
            let spawn_line = line!() + 1;
            let task = world.spawn(async { panic!("the pump broke, line {}", line!()) });
            context.state().register("line", json!(spawn_line));
            let _: Result<(), _> = task.await;
        });
    let failure = failure(&spawned);
    let Failure::Panic { task, site, message } = &failure else { panic!("{failure:?}") };
    let line = message.strip_prefix("the pump broke, line ").expect("its message");
    assert_eq!(*site, format!("{}:{line}", file!()));
    assert!(task.contains("`task` of user") && task.contains(&format!("{}:{line}", file!())), "{task}");
    says(&failure, &["panicked at", "the pump broke", "user"]);
    assert_eq!(failure.signature().to_string(), format!("panic at {site} of user: the pump broke, line #"));
}

#[test]
fn the_same_words_on_two_lines_are_two_failures() {
    let words = |seed: u64| format!("no pump in tank {seed}");
    let result = simulation()
        .workload("user", 1, move |context: SimContext| async move {
            match context.seed() % 2 {
                0 => panic!("{}", words(context.seed())),
                _ => panic!("{}", words(context.seed())),
            }
        })
        .run_strategy(&TestStrategy::Count(10), &Progress::default());
    let counts: Vec<u64> = result.signatures.values().copied().collect();
    assert_eq!(counts, [5, 5], "{result}");
}

#[test]
fn a_panic_in_a_process_and_in_a_factory_is_red() {
    let idle = |context: SimContext| async move { context.providers().sleep(Duration::from_secs(1)).await };
    let process = simulation().process("server", 2, async |_| panic!("the pump broke")).workload("user", 1, idle);
    says(&failure(&process), &["`process` of server-", "tests/red.rs:", "the pump broke"]);
    let eager = |_: SimContext| {
        assert_eq!(1, 2, "no pump");
        async {}
    };
    says(&failure(&simulation().workload("user", 1, eager)), &["factory", "tests/red.rs:", "no pump"]);
    says(&failure(&simulation().process("server", 1, eager).workload("user", 1, idle)), &["factory", "no pump"]);
    let object = || -> FailsIn { panic!("no object") };
    says(&failure(&simulation().workload_object("user", 1, object)), &["factory", "no object"]);
    // The same worker goes on after a panic.
    let result = simulation()
        .workload("user", 1, async |context: SimContext| assert!(context.seed().is_multiple_of(2), "odd"))
        .run_strategy(&TestStrategy::Count(10), &Progress::default());
    assert_eq!(result.red.iter().map(|red| red.seed).collect::<Vec<_>>(), [1, 3, 5, 7, 9]);
}

#[test]
fn a_violated_invariant_names_itself_and_ends_the_run_at_once() {
    let highest = Arc::new(Mutex::new(0));
    let reached = highest.clone();
    let counting = simulation()
        .workload("counter", 1, move |context: SimContext| {
            let reached = reached.clone();
            async move {
                for count in 0..100u64 {
                    *reached.lock().expect("free") = count;
                    context.state().register("counter", json!({ "count": count }));
                    context.providers().sleep(Duration::from_millis(1)).await;
                }
            }
        })
        .with_invariant("numbers are small", |state| {
            let count = state.count("counter", "count");
            if count < 5 { Ok(()) } else { Err(format!("{count} is not")) }
        });
    let expected = Failure::Invariant { name: "numbers are small".into(), message: "5 is not".into() };
    assert_eq!(failure(&counting), expected);
    assert_eq!(*highest.lock().expect("free"), 5, "not one poll more");
    says(&expected, &["invariant `numbers are small` does not hold: 5 is not"]);

    let panicking =
        simulation()
            .workload("idle", 1, |context: SimContext| async move {
                context.providers().sleep(Duration::from_secs(1)).await
            })
            .with_invariant("holds", |_| {})
            .with_invariant("never holds", |_| assert_eq!(1, 2, "one is two"));
    let Failure::Invariant { name, message } = failure(&panicking) else { panic!("not an invariant's") };
    assert!(name == "never holds" && message.contains("one is two"), "{name}: {message}");
}

#[test]
fn a_violated_assertion_is_red_even_where_its_panic_is_caught() {
    let caught = simulation().workload("user", 1, |context: SimContext| async move {
        let gallons = 7;
        let result = std::panic::catch_unwind(|| always_assert!(gallons < 5, "the tank is not too full", gallons));
        assert!(result.is_err());
        context.providers().sleep(Duration::from_millis(1)).await;
    });
    says(&failure(&caught), &["user violated", "the tank is not too full", "gallons"]);
    let loud = simulation().workload("user", 1, async |_| always_assert!(false, "the tank is whole"));
    // It is told once, not as a panic too.
    says(&failure(&loud), &["user violated", "the tank is whole"]);
}

#[test]
fn a_deadlock_names_who_waits_where_it_was_spawned_and_for_what() {
    let stuck = simulation().workload("user", 1, |context: SimContext| async move {
        let world = context.providers();
        let listener = world.bind((context.ip(), 80).into()).await.expect("the port is free");
        let waiting = world.spawn(async move { drop(wavetank_core::TcpListener::accept(&listener).await) });
        let _ = waiting.await;
    });
    let failure = failure(&stuck);
    let Failure::Deadlock { tasks } = &failure else { panic!("{failure}") };
    assert_eq!(tasks.len(), 2);
    says(
        &failure,
        &[
            "deadlock",
            "task `workload` of user (incarnation 1)",
            "waits for the end of task `task`, spawned at",
            "tests/red.rs:",
            "waits for a connection to accept",
            ":80",
        ],
    );
    let silent = simulation().workload("user", 1, async |_| std::future::pending::<()>().await);
    says(&self::failure(&silent), &["something outside the engine"]);
}

#[test]
fn every_limit_is_red_and_names_itself() {
    let limits = |change: fn(&mut Limits)| {
        let mut limits = Limits { events: 1 << 40, polls: 1 << 40, polls_per_instant: 1 << 40, time: Duration::MAX };
        change(&mut limits);
        limits
    };
    let ticking = simulation().workload("clock", 1, |context: SimContext| async move {
        loop {
            context.providers().sleep(Duration::from_millis(1)).await;
        }
    });
    let run = |limits| simulation_with(&ticking, limits);
    let (failure, record) = run(limits(|limits| limits.events = 100));
    says(&failure, &["before 100 events fired (Limits::events)", "`workload` of clock", "a sleep"]);
    assert_eq!(record.events, 100);
    let (failure, record) = run(limits(|limits| limits.polls = 100));
    says(&failure, &["before 100 polls were made (Limits::polls)"]);
    assert!((100..=101).contains(&record.polls), "{}", record.polls);
    let (failure, record) = run(limits(|limits| limits.time = Duration::from_secs(3)));
    says(&failure, &["before 3.0 s of virtual time passed (Limits::time)"]);
    assert!((2_999_000_000..=3_000_000_000).contains(&record.virtual_time), "{}", record.virtual_time);

    let spinning = simulation().workload("top", 1, |context: SimContext| async move {
        loop {
            context.providers().task().yield_now().await;
        }
    });
    let (failure, _) = simulation_with(&spinning, limits(|limits| limits.polls_per_instant = 100));
    says(&failure, &["100 polls", "time stood still", "Limits::polls_per_instant"]);
}

fn simulation_with(simulation: &SimulationBuilder, limits: Limits) -> (Failure, wavetank_harness::RunRecord) {
    let record = simulation.clone().with_limits(limits).run_seed(1, Overrides::new(), None);
    assert_eq!(record.failures.len(), 1, "{:?}", record.failures);
    (record.failures[0].clone(), record)
}

#[test]
fn a_task_that_outlives_all_workloads_is_red_unless_it_ends_soon() {
    let leaving = |behind: Duration| {
        simulation().workload("user", 1, move |context: SimContext| async move {
            let world = context.providers();
            let sleep = world.sleep(behind);
            world.spawn(sleep);
        })
    };
    leaving(Duration::from_secs(50)).run().assert_green();
    let leaking = leaving(Duration::from_secs(4000));
    says(&failure(&leaking), &["left tasks behind", "`task` of user", "tests/red.rs:", "a sleep"]);
    leaking.with_leak_check(false).run().assert_green();
    let waiting = simulation().workload("user", 1, |context: SimContext| async move {
        context.providers().spawn(std::future::pending::<()>());
    });
    says(&failure(&waiting), &["left tasks behind"]);
    waiting.with_leak_check(false).run().assert_green();
    // Processes serve for ever, and may.
    simulation()
        .process("server", 1, async |_| std::future::pending::<()>().await)
        .workload("user", 1, async |_| {})
        .run()
        .assert_green();
}

/// A place that outlives every run, as a static does.
type Keep = Arc<Mutex<Vec<Box<dyn std::any::Any + Send>>>>;

#[test]
fn a_socket_or_file_that_nobody_owns_is_red() {
    for (what, words) in [("listener", "listen"), ("stream", "TCP stream"), ("datagrams", "UDP"), ("file", "file")] {
        let keep = Keep::default();
        let kept = keep.clone();
        let leaking = simulation().workload("user", 1, move |context: SimContext| {
            let kept = kept.clone();
            async move {
                let world = context.providers();
                let listener = world.bind((context.ip(), 80).into()).await.expect("free");
                let handle: Box<dyn std::any::Any + Send> = match what {
                    "listener" => Box::new(listener),
                    "stream" => Box::new(world.connect((context.ip(), 80).into()).await.expect("it listens")),
                    "datagrams" => Box::new(world.bind_udp((context.ip(), 80).into()).await.expect("free")),
                    _ => Box::new(world.open("f", OpenOptions::create_write()).await.expect("there is room")),
                };
                kept.lock().expect("free").push(handle);
            }
        });
        let record = leaking.run_seed(1, Overrides::new(), None);
        let told: String = record.failures.iter().map(ToString::to_string).collect();
        assert!(told.contains("leaked") && told.contains(words), "{what}: {told}");
        keep.lock().expect("free").clear();
        leaking.with_leak_check(false).run_strategy(&TestStrategy::Count(1), &Progress::default()).assert_green();
    }
}

#[test]
fn a_handle_used_on_another_thread_is_red() {
    let foreign = simulation().workload("user", 1, |context: SimContext| async move {
        let world = context.providers();
        #[expect(clippy::disallowed_methods, reason = "what is forbidden is what is tested")]
        let thread =
            std::thread::spawn(move || std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.now())).is_err());
        assert!(thread.join().expect("the panic was caught"), "it panics there");
    });
    says(&failure(&foreign), &["outside of their run", "another thread"]);
}

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

/// Does something when it is dropped.
struct OnDrop(fn());

impl Drop for OnDrop {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[async_trait]
impl Workload for OnDrop {
    async fn run(&mut self, _: &SimContext) -> Result<SimulationMetrics, BoxError> {
        Ok(SimulationMetrics::new())
    }
}

/// Values that workloads share are made by their default.
struct Shared(OnDrop);

impl Default for Shared {
    fn default() -> Shared {
        Shared(OnDrop(|| panic!("shared in use")))
    }
}

/// A process that lives until the run's end, and then does this.
fn dropped_at_the_end(last: fn()) -> SimulationBuilder {
    simulation()
        .process("server", 1, move |context: SimContext| async move {
            let _guard = OnDrop(last);
            context.providers().sleep(Duration::from_secs(3600)).await;
        })
        .workload("user", 1, async |context: SimContext| context.providers().sleep(Duration::from_secs(1)).await)
}

#[test]
fn a_destructor_that_fails_at_the_end_is_red() {
    let panics = dropped_at_the_end(|| panic!("closed while in use"));
    says(&failure(&panics), &["task `process` of server", "closed while in use", "red.rs"]);
    let violates = dropped_at_the_end(|| always_assert!(std::hint::black_box(false), "it is closed in order"));
    says(&failure(&violates), &["violated", "it is closed in order"]);
    let object = simulation().workload_object("user", 1, || OnDrop(|| panic!("closed while in use")));
    says(&failure(&object), &["the destructor of workload user", "closed while in use", "red.rs"]);
    let shared = simulation().workload("user", 1, async |context: SimContext| {
        context.shared::<Shared>().with(|shared| _ = &shared.0);
    });
    says(&failure(&shared), &["the destructor of what workloads share", "shared in use"]);
}

#[test]
fn what_destructors_find_in_the_ruins_of_a_run_that_failed_is_not_told() {
    let failed = dropped_at_the_end(|| panic!("closed while in use"))
        .workload("other", 1, async |_: SimContext| Err::<(), _>("the pump broke"));
    says(&failure(&failed), &["other", "the pump broke"]);
}

#[test]
fn a_swallowed_assertion_hides_no_other_panic() {
    let both = simulation().workload("user", 1, async |_: SimContext| {
        let swallowed = std::panic::catch_unwind(|| always_assert!(std::hint::black_box(false), "a"));
        assert!(swallowed.is_ok(), "a tank that leaks");
    });
    let failures = both.run_seed(1, Overrides::new(), None).failures;
    assert_eq!(failures.len(), 2, "{failures:#?}");
    says(&failures[0], &["a tank that leaks"]);
    says(&failures[1], &["violated", "\"a\""]);
}

/// A workload that leaves a task behind, which does something a second later.
fn leaving<F>(later: impl Fn(SimContext) -> F + Clone + Send + Sync + 'static) -> SimulationBuilder
where
    F: Future<Output = ()> + Send + 'static,
{
    simulation().workload("user", 1, move |context: SimContext| {
        let later = later.clone();
        async move {
            let world = context.providers();
            drop(world.clone().spawn(async move {
                world.sleep(Duration::from_secs(1)).await;
                later(context).await;
            }));
        }
    })
}

#[test]
fn what_a_task_does_that_was_left_behind_is_looked_at() {
    let breaks = leaving(async |context: SimContext| context.state().register("pressure", json!(11)));
    let breaks = breaks.with_invariant("the pressure is low", |state| match state.get("pressure") {
        None => Ok(()),
        Some(pressure) => Err(format!("{pressure} bar")),
    });
    says(&failure(&breaks), &["the pressure is low", "11 bar"]);
    let spins = leaving(async |context: SimContext| {
        loop {
            context.providers().task().yield_now().await;
        }
    });
    says(&failure(&spins), &["while time stood still"]);
}

/// What a panic may carry, and fails itself when it is dropped.
fn burst() -> ! {
    std::panic::panic_any(OnDrop(|| panic!("and it burst")))
}

#[test]
fn a_panic_whose_payload_fails_too_is_a_finding_wherever_it_is() {
    let quiet = || simulation().workload("user", 1, async |_| {});
    let load = simulation().workload("user", 1, async |_| burst());
    says(&failure(&load), &["`workload` of user", "tests/red.rs:", "a payload that is not text"]);
    let factory = simulation().workload("user", 1, |_| -> std::future::Ready<()> { burst() });
    says(&failure(&factory), &["factory", "tests/red.rs:", "a payload that is not text"]);
    let checker = quiet().with_checker("judges", |_| -> Result<(), String> { burst() });
    says(&failure(&checker), &["checker `judges`", "a payload that is not text"]);
    let invariant = quiet().with_invariant("holds", |_| -> Result<(), String> { burst() });
    says(&failure(&invariant), &["invariant `holds`", "a payload that is not text"]);
    let object = simulation().workload_object("user", 1, || OnDrop(|| burst()));
    says(&failure(&object), &["the destructor of workload user", "tests/red.rs:", "a payload that is not text"]);
}

#[test]
fn an_error_is_known_by_its_first_line_that_says_something() {
    let error = |message: &'static str| {
        let failing = simulation().workload("user", 1, move |_| std::future::ready(Err::<(), _>(message)));
        failure(&failing).signature().to_string()
    };
    assert_eq!(error("\n  the pump broke\nin tank 3"), "error of user: the pump broke");
    assert_ne!(error("\nthe pump broke"), error("\nthe light is out"));
    assert_eq!(error(""), "error of user");
    let judged = simulation().workload("user", 1, async |_| {}).with_checker("judges", |_| Err::<(), _>("\n\na leak"));
    assert_eq!(failure(&judged).signature().to_string(), "checker `judges`: a leak");
}

#[test]
fn an_assertion_in_an_invariant_or_a_checker_is_nobodys() {
    let quiet = || simulation().workload("user", 1, async |_| {});
    let invariant = quiet().with_invariant("holds", |_| always_assert!(std::hint::black_box(false), "b"));
    let checker = quiet().with_checker("judges", |_| -> Result<(), String> {
        always_assert!(std::hint::black_box(false), "c");
        Ok(())
    });
    for (simulation, words) in [(invariant, "invariant `holds`"), (checker, "checker `judges`")] {
        let failures = simulation.run_seed(1, Overrides::new(), None).failures;
        assert_eq!(failures.len(), 2, "{failures:#?}");
        says(&failures[0], &[words, "violated: "]);
        says(&failures[1], &[&format!("{words} violated ")]);
    }
}

#[test]
fn an_assertion_that_is_swallowed_without_end_is_told_once() {
    let deaf = simulation().workload("user", 1, async |_| {
        for gallons in 0..10_000_u32 {
            let _ = std::panic::catch_unwind(|| always_assert!(std::hint::black_box(false), "d", gallons));
        }
        let _ = std::panic::catch_unwind(|| always_assert!(std::hint::black_box(false), "e"));
    });
    let failures = deaf.run_seed(1, Overrides::new(), None).failures;
    assert_eq!(failures.len(), 2, "{}", failures.len());
    says(&failures[0], &["user violated", "\"d\"", "gallons=0"]);
    says(&failures[1], &["user violated", "\"e\""]);
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
