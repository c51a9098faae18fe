//! What a simulation consists of and what its result says: sizes, phases, objects and
//! functions, state, metrics. Reasons to be red are `red`'s.

use serde_json::json;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wavetank_core::Providers;
use wavetank_harness::{
    BoxError, Chaos, Overrides, Process, Progress, SimContext, SimulationBuilder, SimulationMetrics, SimulationResult,
    StateRegistry, TestStrategy, Workload, async_trait,
};
use wavetank_probe::publish;

/// What runs wrote down, over all of a sweep of one thread.
type Log = Arc<Mutex<Vec<String>>>;

fn write(log: &Log, line: impl Into<String>) {
    log.lock().expect("nothing panics while it holds this").push(line.into());
}

fn read(log: &Log) -> Vec<String> {
    std::mem::take(&mut log.lock().expect("nothing panics while it holds this"))
}

/// Runs seeds, whatever the environment says.
fn run(simulation: &SimulationBuilder, strategy: TestStrategy) -> SimulationResult {
    simulation.run_strategy(&strategy, &Progress::default())
}

#[test]
fn sizes_are_drawn_from_their_ranges() {
    let sizes = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = sizes.clone();
    let simulation = SimulationBuilder::new()
        .process("fixed", 2, async |_| {})
        .process("closed", 1..=3, async |_| {})
        .process("open", 2..5, async |_| {})
        .workload("counter", 1, move |context: SimContext| {
            let topology = context.topology();
            let of = |name| topology.group(name).len();
            seen.lock().expect("free").insert((of("fixed"), of("closed"), of("open")));
            async {}
        });
    run(&simulation, TestStrategy::Count(200)).assert_green();
    let all: BTreeSet<_> = (1..=3).flat_map(|closed| (2..5).map(move |open| (2, closed, open))).collect();
    assert_eq!(*sizes.lock().expect("free"), all, "each combination is drawn");
}

#[test]
fn everybody_knows_who_and_where_it_is() {
    let log = Log::default();
    let lines = log.clone();
    let tell = move |context: SimContext| {
        let line = format!("{} {} {} {}", context.name(), context.number(), context.ip(), context.incarnation());
        write(&lines, line);
        assert_eq!(
            context.topology().group(context.name().split('-').next().expect("a name"))[context.number() as usize].ip,
            context.ip()
        );
        assert_eq!(context.seed(), 5);
        async {}
    };
    let simulation = SimulationBuilder::new()
        .process("store", 2, tell.clone())
        .process("lone", 1, tell.clone())
        .workload("user", 2, tell);
    run(&simulation, TestStrategy::Seeds(vec![5])).assert_green();
    let lines = read(&log);
    let names: Vec<&str> = lines.iter().map(|line| line.rsplit_once(' ').expect("fields").0).collect();
    let place = |line: &str| line.split(' ').nth(2).expect("an address").to_string();
    assert_eq!(lines.iter().map(|line| place(line)).collect::<BTreeSet<_>>().len(), 5, "each has its own address");
    let expected = ["store-0 0", "store-1 1", "lone 0", "user-0 0", "user-1 1"];
    for (name, expected) in names.iter().zip(expected) {
        assert!(name.starts_with(expected), "{name} is {expected}");
    }
    assert!(lines.iter().all(|line| line.ends_with(" 1")), "the first incarnation is number 1: {lines:?}");
}

/// Writes its phases down; sets up and runs for as long as its number says.
struct Phased {
    log: Log,
    /// Kept from one phase to the next.
    phases: u64,
}

#[async_trait]
impl Workload for Phased {
    async fn setup(&mut self, context: &SimContext) -> Result<(), BoxError> {
        context.providers().sleep(Duration::from_millis(10 * u64::from(context.number()))).await;
        self.phases += 1;
        write(&self.log, "setup");
        Ok(())
    }

    async fn run(&mut self, context: &SimContext) -> Result<SimulationMetrics, BoxError> {
        write(&self.log, "run");
        context.providers().sleep(Duration::from_millis(10 * u64::from(context.number()))).await;
        self.phases += 1;
        write(&self.log, "ran");
        let mut metrics = SimulationMetrics::new();
        metrics.add("runs", 1);
        Ok(metrics)
    }

    async fn check(&mut self, _: &SimContext) -> Result<(), BoxError> {
        write(&self.log, "check");
        if self.phases == 2 { Ok(()) } else { Err(format!("{} phases came before the check", self.phases).into()) }
    }
}

#[test]
fn all_set_up_before_any_runs_and_all_run_before_any_checks() {
    let log = Log::default();
    let (of_object, of_function) = (log.clone(), log.clone());
    let simulation = SimulationBuilder::new()
        .workload_object("phased", 3, move || Phased { log: of_object.clone(), phases: 0 })
        .workload("plain", 1, move |context: SimContext| {
            let log = of_function.clone();
            async move {
                write(&log, "run");
                context.providers().sleep(Duration::from_millis(100)).await;
                write(&log, "ran");
            }
        })
        .with_threads(1);
    for seed in 0..20 {
        let result = run(&simulation, TestStrategy::Seeds(vec![seed]));
        result.assert_green();
        assert_eq!(result.metrics.get("runs"), 3);
        let lines = read(&log);
        let last = |word| lines.iter().rposition(|line| line == word).expect("it was written");
        let first = |word| lines.iter().position(|line| line == word).expect("it was written");
        assert!(last("setup") < first("run") && last("ran") < first("check"), "{lines:?}");
        let count = |word| lines.iter().filter(|line| *line == word).count();
        assert_eq!((count("setup"), count("run"), count("ran"), count("check")), (3, 4, 4, 3));
    }
}

/// Counts its boots in a field, which a crash forgets, and in the state, which it does not.
struct Booted(u64);

#[async_trait]
impl Process for Booted {
    async fn run(&mut self, context: &SimContext) -> Result<(), BoxError> {
        self.0 += 1;
        context.state().register(format!("{}#{}", context.name(), context.incarnation()), json!({ "boots": self.0 }));
        std::future::pending().await
    }
}

#[test]
fn a_process_object_is_made_anew_at_each_boot() {
    let chaos = wavetank_harness::Chaos {
        window: Duration::from_secs(1),
        crashes: 2..=2,
        duration: Duration::from_millis(1)..=Duration::from_millis(1),
        ..Default::default()
    };
    let simulation = SimulationBuilder::new()
        .process_object("booted", 1, || Booted(0))
        .workload("reader", 1, |context: SimContext| async move {
            context.providers().sleep(Duration::from_secs(2)).await;
            let all = context.state().all();
            assert_eq!(all.keys().collect::<Vec<_>>(), ["booted#1", "booted#2", "booted#3"]);
            assert!(all.values().all(|value| value["boots"] == 1), "{all:?}");
        })
        .with_chaos(chaos);
    run(&simulation, TestStrategy::Count(20)).assert_green();
}

#[test]
fn the_state_is_read_by_name_key_and_prefix() {
    let simulation = SimulationBuilder::new()
        .process("store", 3, |context: SimContext| async move {
            let number = u64::from(context.number());
            context.state().register(context.name(), json!({ "kept": 0 }));
            context.state().register(context.name(), json!({ "kept": 10 + number }));
        })
        .workload("reader", 1, |context: SimContext| async move {
            context.providers().sleep(Duration::from_millis(1)).await;
            let state = context.state();
            assert_eq!(state.sum("store-", "kept"), 10 + 11 + 12);
            assert_eq!(state.count("store-1", "kept"), 11);
            assert_eq!((state.count("store-1", "lost"), state.count("nobody", "kept")), (0, 0));
            assert_eq!(state.get("store-2"), Some(json!({ "kept": 12 })));
            assert_eq!(state.get("nobody"), None);
            assert_eq!(state.all().len(), 3, "nothing is left of another seed");
        });
    run(&simulation, TestStrategy::Count(10)).assert_green();
}

#[test]
fn an_invariant_reads_what_product_code_publishes() {
    let seen = Log::default();
    let simulation = |invariant: bool| {
        let seen = seen.clone();
        let store = |context: SimContext| async move {
            for kept in 0..3u64 {
                publish!("kept in the builder's test", || (context.incarnation(), kept));
                context.providers().sleep(Duration::from_millis(1)).await;
            }
        };
        let reader = |context: SimContext| async move {
            context.quiet().await;
            assert!(context.state().published::<u64>("kept in the builder's test").is_empty(), "of another type");
        };
        let chaos = Chaos { window: Duration::from_secs(1), crashes: 1..=1, ..Chaos::default() };
        let simulation = SimulationBuilder::new().process("store", 2, store).workload("reader", 1, reader);
        let simulation = simulation.with_chaos(chaos);
        let look = move |state: &StateRegistry| {
            write(&seen, format!("{:?}", state.published::<(u32, u64)>("kept in the builder's test")));
        };
        if invariant { simulation.with_invariant("two stores are seen", look) } else { simulation }
    };
    run(&simulation(false), TestStrategy::Count(1)).assert_green();
    run(&simulation(true), TestStrategy::Count(20)).assert_green();
    let seen: BTreeSet<String> = read(&seen).into_iter().collect();
    for words in ["[(1, 0)]", "[(1, 2), (1, 2)]", "[(1, 2), (2, 2)]"] {
        assert!(seen.contains(words), "{words}: {seen:?}");
    }
}

#[test]
fn metrics_are_summed_over_workloads_and_seeds() {
    let simulation = SimulationBuilder::new()
        .workload("worker", 3, |context: SimContext| async move {
            let mut metrics = SimulationMetrics::new();
            metrics.add("work", u64::from(context.number()) + 1);
            metrics.add(format!("seed {}", context.seed()), 1);
            metrics
        })
        .with_threads(2);
    let result = run(&simulation, TestStrategy::Range(5..9));
    assert_eq!(result.metrics.get("work"), 4 * (1 + 2 + 3));
    let names: Vec<&str> = result.metrics.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["seed 5", "seed 6", "seed 7", "seed 8", "work"]);
}

#[test]
fn an_invariant_is_looked_at_after_every_event() {
    let looks = Arc::new(Mutex::new(Vec::new()));
    let seen = looks.clone();
    let simulation = SimulationBuilder::new()
        .workload("counter", 1, |context: SimContext| async move {
            for count in 0..50 {
                context.state().register("counter", json!({ "count": count }));
                context.providers().sleep(Duration::from_millis(1)).await;
            }
        })
        .with_invariant("looks", move |state| seen.lock().expect("free").push(state.count("counter", "count")))
        .with_threads(1);
    run(&simulation, TestStrategy::Count(1)).assert_green();
    let mut looks = looks.lock().expect("free").clone();
    assert!(looks.len() >= 100, "after each of 50 polls and 50 events: {}", looks.len());
    looks.dedup();
    assert_eq!(looks, (0..50).collect::<Vec<_>>(), "none is missed");
}

#[test]
fn a_run_is_over_when_its_workloads_are() {
    let simulation = SimulationBuilder::new()
        .process("clock", 1, |context: SimContext| async move {
            loop {
                context.providers().sleep(Duration::from_millis(1)).await;
            }
        })
        .workload("worker", 2, |context: SimContext| async move {
            context.providers().sleep(Duration::from_secs(1) * (context.number() + 1)).await;
        });
    let record = simulation.run_seed(1, Overrides::new(), None);
    assert!(record.failures.is_empty(), "{:?}", record.failures);
    assert_eq!(record.virtual_time, 2_000_000_000);
    assert!((2000..2010).contains(&record.events), "{} events", record.events);
    let result = run(&simulation, TestStrategy::Count(10));
    assert_eq!(result.virtual_time, Duration::from_secs(20));
    assert_eq!(result.seeds, 10);
}

#[test]
fn workloads_without_a_name_get_one() {
    let simulation = SimulationBuilder::new()
        .with_workload(async |context: SimContext| assert_eq!(context.name(), "workload"))
        .with_workload(async |context: SimContext| assert_eq!(context.name(), "workload-2"));
    run(&simulation, TestStrategy::Count(1)).assert_green();
}

#[test]
fn a_window_of_events_is_traced() {
    let simulation = SimulationBuilder::new().workload("napper", 1, |context: SimContext| async move {
        for _ in 0..20 {
            context.providers().sleep(Duration::from_millis(1)).await;
        }
    });
    let plain = simulation.run_seed(1, Overrides::new(), None);
    let traced = simulation.run_seed(1, Overrides::new(), Some((10, 15)));
    assert_eq!((plain.digest, plain.noted), (traced.digest, traced.noted), "looking changes nothing");
    assert_eq!((plain.trace.len(), traced.trace.len()), (0, 5), "{:?}", traced.trace);
    assert_eq!(traced.print().window_of_divergence(&plain.print()), None);
    let other = simulation.run_seed(2, Overrides::new(), Some((10, 15)));
    let window = traced.print().window_of_divergence(&other.print()).expect("another seed is another run");
    assert!(window.0 < window.1, "{window:?}");
}

#[test]
fn a_simulation_that_cannot_be_run_says_why_in_one_line() {
    let nobody = async |_: SimContext| {};
    let says = |simulation: &SimulationBuilder, words: &[&str]| {
        let error = simulation.validate().expect_err("it cannot be run");
        assert!(!error.contains('\n') && words.iter().all(|word| error.contains(word)), "{error:?}, {words:?}");
        // Running it panics with just that.
        let panic = std::panic::catch_unwind(AssertUnwindSafe(|| drop(run(simulation, TestStrategy::Count(1)))));
        let payload = panic.expect_err("it cannot be run");
        assert_eq!(wavetank_core::panic_message(payload.as_ref()), error);
    };
    let good = SimulationBuilder::new().with_name("swim").workload("user", 1, nobody);
    assert_eq!(good.validate(), Ok(()));
    let empty = SimulationBuilder::new().with_name("empty").process("server", 1, nobody);
    says(&empty, &["empty", "no workload", ".workload("]);
    says(&good.clone().process("user", 1, nobody), &["swim", "two groups", "`user`"]);
    let several = good.clone().process("pump", 1..=3, nobody);
    says(&several.clone().process("pump-2", 1, nobody), &["swim", "`pump-2`", "a member of group `pump`"]);
    for other in ["pump-3", "pump-02", "pump-+2", "pump-", "pump2", "user-0"] {
        assert_eq!(several.clone().process(other, 1, nobody).validate(), Ok(()), "nobody is called so");
    }
    says(&good.clone().process("localhost", 1, nobody), &["swim", "`localhost`", "is an address", "another name"]);
    for unreadable in ["", " ", "two\nlines", "\u{1b}[31m"] {
        says(&good.clone().process(unreadable, 1, nobody), &["swim", &format!("{unreadable:?}"), "can be read"]);
        says(&good.clone().with_name(unreadable), &[&format!("{unreadable:?}"), "can be read"]);
    }
    says(&good.clone().process("crowd", 1..=1_000_001, nobody), &["swim", "`crowd`", "1000000 at most"]);
    says(&good.clone().with_liveness("now", Duration::ZERO, nobody), &["swim", "`now` within no time", "how much"]);
    let second = Duration::from_secs(1);
    for endless in [
        Chaos { cycles: 1..=u32::MAX, ..Chaos::storm(second) },
        Chaos { crashes: 0..=u32::MAX, ..Chaos::storm(second) },
    ] {
        says(&good.clone().with_chaos(endless), &["swim", "1,000,000 at most"]);
    }
    let never = Chaos { cycles: 0..=1, ..Chaos::storm(second) };
    says(&good.clone().with_chaos(never), &["swim", "`Chaos::cycles` is at least one"]);
    let directed = good.clone().process("director", 1, nobody);
    assert_eq!(directed.validate(), Ok(()));
    let calm = Chaos { window: Duration::from_secs(1), ..Chaos::none() };
    says(&directed.with_chaos(calm), &["swim", "`director`", "another name"]);
    says(&good.clone().with_injector("drought", |_| async {}), &["swim", "injector", "Chaos::window"]);
    let storage = wavetank_harness::StorageConfiguration { iops: 0, ..Default::default() };
    says(&good.clone().with_storage_config(storage), &["swim", "iops"]);
    let network = wavetank_harness::NetworkConfig { latency_min: 1_000_000_000, ..Default::default() };
    says(&good.clone().with_network_config(network), &["swim", "latency"]);
}

#[test]
#[should_panic(expected = "a count is at least one")]
fn a_group_has_a_member() {
    let _ = SimulationBuilder::new().process("nobody", 0, async |_| {});
}

#[test]
fn an_unknown_group_is_named_with_those_that_are_there() {
    let simulation =
        SimulationBuilder::new().process("store", 1, async |_| {}).workload("user", 1, async |context: SimContext| {
            context.topology().ip("stoer");
        });
    let red = run(&simulation, TestStrategy::Count(1)).to_string();
    assert!(red.contains("there is no group `stoer` in this simulation; there are: store, user"), "{red}");
    assert!(red.contains(concat!("panicked at ", file!())), "who wrote it is told where: {red}");
}
