//! Every reason for a run to be red, each seen red, with words that lead to it.

mod ruins;
mod stuck;
mod sweeps;
mod told;

use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wavetank_core::Providers;
use wavetank_harness::{
    BoxError, Chaos, Failure, Overrides, Process, Progress, SimContext, SimulationBuilder, SimulationMetrics,
    TestStrategy, Workload, async_trait,
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
    says(&failure(&process), &["`process` of server-", "tests/red/main.rs:", "the pump broke"]);
    let eager = |_: SimContext| {
        assert_eq!(1, 2, "no pump");
        async {}
    };
    says(&failure(&simulation().workload("user", 1, eager)), &["factory", "tests/red/main.rs:", "no pump"]);
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
