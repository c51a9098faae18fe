//! The recipe: a small run told in at most twelve lines of plain words, in the order of
//! time. What made it small is the shrinker's work.

mod sides;
mod words;

use std::fmt;
use wavetank_harness::{Atom, Failure, OperationRecord, RunRecord, Signature};

/// Lines of a recipe at most.
pub const LINES_MOST: usize = 12;
/// Letters of what is quoted from a run at most: words of an operation, of a failure.
const QUOTED_MOST: usize = 160;

/// What happened, line by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    /// Nanoseconds.
    time: u64,
    words: String,
    /// What may be told together with its neighbours when there are too many lines.
    sort: Sort,
    /// Of how many it tells.
    many: usize,
    /// What is said of the faults among them.
    faults: Vec<String>,
    operations: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Sort {
    /// `client` is empty where it was several.
    Operation {
        client: String,
    },
    Fault,
    /// Of both.
    Mixed,
    Failure,
}

impl Recipe {
    /// Tells a run. Of its failures the one with that signature is told, or the first.
    pub fn of(record: &RunRecord, signature: Option<&Signature>) -> Recipe {
        let mut lines = faults(record);
        lines.extend(record.operations.iter().map(operation));
        // An operation that begins in the instant of a fault meets it.
        lines.sort_by_key(|line| (line.time, line.sort == Sort::Fault));
        let wanted = |failure: &&Failure| signature.is_none_or(|signature| failure.signature() == *signature);
        if let Some(failure) = record.failures.iter().find(wanted).or(record.failures.first()) {
            let words = format!("then: {}", quoted(&told(failure)));
            lines.push(Line {
                time: record.virtual_time,
                words,
                sort: Sort::Failure,
                many: 1,
                faults: Vec::new(),
                operations: 0,
            });
        }
        Recipe { lines: fitted(lines) }
    }

    /// The lines, each with its time in front.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.lines.iter().map(|line| format!("{:>10.6} s  {}", line.time as f64 / 1e9, line.words))
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A failure in its own words. Of a panic, where its task was spawned helps nobody here.
fn told(failure: &Failure) -> String {
    match failure {
        Failure::Panic { site, message, .. } => {
            let role = failure.signature().role;
            let who = if role.is_empty() { "somebody".to_string() } else { role };
            format!("{who} panics at {site}: {message}")
        }
        other => other.to_string(),
    }
}

/// A fault that fired in a run, in plain words: what it struck, and for how long.
pub fn fault_in_words(record: &RunRecord, atom: &Atom) -> String {
    words::words(record, atom, 1)
}

/// The faults of one instant are one event: a crash with what it loses.
fn faults(record: &RunRecord) -> Vec<Line> {
    let mut lines = Vec::new();
    for instant in record.atoms.chunk_by(|one, other| one.time == other.time) {
        let mut told: Vec<String> = Vec::new();
        let mut rest: Vec<&Atom> = instant.iter().collect();
        while let Some(first) = rest.first().copied() {
            let many = rest.iter().filter(|atom| atom.kind == first.kind).count();
            told.push(words::words(record, first, many));
            rest.retain(|atom| atom.kind != first.kind);
        }
        let words = told.join("; ");
        let faults = vec![words.clone()];
        lines.push(Line {
            time: instant[0].time,
            words,
            sort: Sort::Fault,
            many: instant.len(),
            faults,
            operations: 0,
        });
    }
    lines
}

fn operation(operation: &OperationRecord) -> Line {
    let OperationRecord { client, asked, verb, answered, begun, ended, .. } = operation;
    // Of who says nothing and goes on nobody knows whether it hears of it.
    let is_silent = answered.is_none() && (asked.is_empty() || ended.is_some());
    let asked = if asked.is_empty() { verb } else { asked };
    let after = ended.map(|ended| words::duration(ended.saturating_sub(*begun))).unwrap_or_default();
    let answer = match answered {
        Some(answer) => format!("; after {after}: {}", quoted(answer)),
        None if is_silent => String::new(),
        None => "; it never hears of it again".to_string(),
    };
    let words = format!("{client}: {}{answer}", quoted(asked));
    Line {
        time: *begun,
        words,
        sort: Sort::Operation { client: client.clone() },
        many: 1,
        faults: Vec::new(),
        operations: 1,
    }
}

/// The first line of a text, and not too much of it; what would act on a terminal is shown as an
/// escape.
fn quoted(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.contains(char::is_control) {
        let letters = line.chars().map(|letter| match letter.is_control() {
            true => letter.escape_default().to_string(),
            false => letter.to_string(),
        });
        return quoted(&letters.collect::<String>());
    }
    match line.char_indices().nth(QUOTED_MOST) {
        Some((end, _)) => format!("{}..", &line[..end]),
        None => line.to_string(),
    }
}

/// As many lines as there may be: neighbours are told together, what one client asked or is told
/// of several already before what two asked, that before faults, and those before a fault with what
/// was asked. Of these, those with the fewest come first, and from the beginning, because what is
/// near the failure matters.
fn fitted(mut lines: Vec<Line>) -> Vec<Line> {
    while lines.len() > LINES_MOST {
        let cost = |place: &usize| {
            let (first, second) = (&lines[*place], &lines[*place + 1]);
            (unlike(&first.sort, &second.sort), first.many + second.many)
        };
        let place = (0..lines.len() - 1).min_by_key(cost).expect("there are more lines than may be");
        let second = lines.remove(place + 1);
        let first = &mut lines[place];
        first.many += second.many;
        first.faults.extend(second.faults);
        first.operations += second.operations;
        first.words = match (&first.sort, &second.sort) {
            (Sort::Operation { client }, Sort::Operation { client: other })
                if client == other && !client.is_empty() =>
            {
                format!("{client}: {} operations", first.many)
            }
            (Sort::Operation { .. }, Sort::Operation { .. }) => {
                first.sort = Sort::Operation { client: String::new() };
                format!("{} operations", first.many)
            }
            (Sort::Fault, Sort::Fault) => together(&first.faults, || format!("{} faults", first.many)),
            _ => {
                first.sort = Sort::Mixed;
                let plural = if first.operations == 1 { "" } else { "s" };
                let asked = format!("{} operation{plural}", first.operations);
                let told: Vec<String> = [asked].into_iter().chain(first.faults.iter().cloned()).collect();
                together(&told, || format!("{} operations and faults", first.many))
            }
        };
    }
    lines
}

/// What is said one after the other, or that in short if it is too much.
fn together(told: &[String], short: impl FnOnce() -> String) -> String {
    let all = told.join("; ");
    if all.chars().count() <= QUOTED_MOST { all } else { short() }
}

/// How much is lost where two neighbours are told together.
fn unlike(one: &Sort, other: &Sort) -> u8 {
    match (one, other) {
        (Sort::Failure, _) | (_, Sort::Failure) => 4,
        (Sort::Operation { client }, Sort::Operation { client: other }) => u8::from(client != other),
        (Sort::Fault, Sort::Fault) => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::time::Duration;
    use wavetank_harness::{
        Chaos, ClockStep, CrashKind, Injector, Overrides, SimContext, SimulationBuilder, Tolerance,
    };

    #[test]
    fn what_an_injector_does_lasts_for_no_time_that_is_known() {
        let simulation = SimulationBuilder::new()
            .process("kv", 3, async |_: SimContext| std::future::pending::<()>().await)
            .workload("client", 1, async |context: SimContext| context.quiet().await)
            .with_chaos(Chaos { window: Duration::from_secs(1), ..Chaos::none() })
            .with_injector("hand", async |injector: Injector| {
                let nodes = injector.context().topology().group("kv").to_vec();
                injector.cut(&nodes[0], &nodes[1]);
                injector.partition(&nodes[1..], &nodes[..1]);
                injector.clog(&nodes[1], &nodes[2], Duration::from_millis(20));
                injector.pause(&nodes[1]);
                injector.slow_disk(&nodes[2], 10);
                injector.step_clock(&nodes[0], ClockStep::Back(Duration::from_secs(90)));
                injector.skew_clock(&nodes[0], 250);
                injector.crash(&nodes[2], CrashKind::Process);
            });
        let record = simulation.recorder().run(1, Overrides::new(), None);
        let told: Vec<String> = record.atoms.iter().map(|atom| fault_in_words(&record, atom)).collect();
        let expected = [
            "kv-0 is not heard by kv-1",
            "kv-0 is cut off from kv-1 and kv-2",
            "the way from kv-1 to kv-2 is clogged for 20 ms",
            "kv-1 stands still",
            "the disk of kv-2 becomes slow",
            "the wall clock of kv-0 is put 90.00 s behind",
            "the clock of kv-0 runs 250 ppm fast",
            "kv-2 crashes",
        ];
        assert_eq!(told, expected);
        // What happened at one instant is one line, and of a kind one part of it.
        let lines: Vec<String> = Recipe::of(&record, None).lines().collect();
        let parts = [&["2 cuts of the network begin"], &expected[2..]].concat().join("; ");
        assert_eq!(lines, [format!("  0.000000 s  {parts}")]);
    }

    #[test]
    fn of_two_failures_the_one_that_is_meant_is_told() {
        let fails = |words: &'static str| {
            let simulation =
                SimulationBuilder::new().workload("one", 1, move |_: SimContext| async move { Err::<(), _>(words) });
            simulation.run_seed(1, Overrides::new(), None)
        };
        let mut record = fails("the first");
        record.failures.extend(fails("the second").failures);
        let recipe = |signature: Option<&Signature>| Recipe::of(&record, signature).to_string();
        let signatures: Vec<Signature> = record.failures.iter().map(Failure::signature).collect();
        assert_eq!(signatures.len(), 2, "{:?}", record.failures);
        let [first, second] = [0, 1].map(|nth| format!("then: {}\n", record.failures[nth]));
        assert!(recipe(None).ends_with(&first) && recipe(Some(&signatures[0])).ends_with(&first));
        assert!(recipe(Some(&signatures[1])).ends_with(&second));
    }

    #[test]
    fn who_goes_on_without_a_word_is_not_said_to_wait() {
        let simulation = SimulationBuilder::new().workload("client", 1, async |context: SimContext| {
            for operation in context.operations(2, &["put"]) {
                operation.begin(|| format!("puts {}", operation.nth()));
                if operation.nth() == 1 {
                    std::future::pending::<()>().await;
                }
            }
        });
        let recipe = Recipe::of(&simulation.run_seed(1, Overrides::new(), None), None).to_string();
        assert!(recipe.contains("client: puts 0\n"), "{recipe}");
        assert!(recipe.contains("client: puts 1; it never hears of it again\n"), "{recipe}");
    }

    #[test]
    fn what_was_asked_and_what_was_answered_act_on_no_terminal() {
        let simulation = SimulationBuilder::new().workload("client", 1, async |context: SimContext| {
            for operation in context.operations(1, &["put"]) {
                operation.begin(|| "puts \x1b[2J".to_string());
                operation.end(|| "\r\u{e9}\nand more".to_string());
            }
        });
        let recipe = Recipe::of(&simulation.run_seed(1, Overrides::new(), None), None).to_string();
        assert!(recipe.contains(r"client: puts \u{1b}[2J; after 0 ns: \r") && recipe.contains("\u{e9}\n"), "{recipe}");
    }

    #[test]
    fn a_cut_names_who_is_cut_off_and_what_is_left_so_is_for_good() {
        let simulation = SimulationBuilder::new()
            .process("kv", 3, async |_: SimContext| std::future::pending::<()>().await)
            .workload("client", 1, async |context: SimContext| context.quiet().await)
            .with_chaos(Chaos { window: Duration::from_secs(1), partitions: 1..=1, ..Chaos::none() })
            .with_tolerance(Tolerance::down(1));
        let mut recorder = simulation.recorder();
        let mut told = BTreeSet::new();
        for seed in 0..200 {
            let record = recorder.run(seed, Overrides::new(), None);
            let cuts = record.atoms.iter().filter(|atom| atom.kind.name() == "network.partition");
            for words in cuts.map(|atom| fault_in_words(&record, atom)) {
                let (cut, long) = words.split_once(" for ").expect("it lasts");
                told.insert(if long == "good" { words } else { cut.to_string() });
            }
        }
        for expected in [
            "kv-0 is cut off from all others",
            "kv-1 and client are cut off from all others",
            "kv-0 hears no other",
            "kv-0 is heard by no other for good",
            "kv-0 is cut off from kv-1 and client",
        ] {
            assert!(told.contains(expected), "{expected}: {told:#?}");
        }
    }

    #[test]
    fn where_lines_are_many_what_was_asked_is_told_together_and_each_fault_by_itself() {
        let line = |time, words: String, sort| {
            let faults = if sort == Sort::Fault { vec![words.clone()] } else { Vec::new() };
            Line { time, words, many: 1, operations: 1 - faults.len(), faults, sort }
        };
        let operation =
            |time| line(time, "asks".to_string(), Sort::Operation { client: format!("client-{}", time % 2) });
        let fault = |time| line(time, format!("fault {time}"), Sort::Fault);
        let told = |lines| fitted(lines).into_iter().map(|line| line.words).collect::<Vec<_>>();
        let mixed = told((0..20).map(operation).chain([fault(20), fault(21)]).collect());
        assert_eq!(mixed.len(), LINES_MOST);
        assert_eq!(mixed[0], "10 operations");
        assert_eq!(mixed[LINES_MOST - 2..], ["fault 20", "fault 21"]);
        assert_eq!(told((0..24).map(|time| operation(time * 2)).collect())[0], "client-0: 2 operations");
        assert_eq!(told((0..24).map(fault).collect())[0], "fault 0; fault 1");
        let long = |time| line(time, "a very long fault ".repeat(5), Sort::Fault);
        assert_eq!(told((0..24).map(long).collect())[0], "2 faults");
        // A fault between any two operations: they are what is told of them all.
        let woven = (0..13).map(|time| if time % 2 == 0 { operation(time) } else { fault(time) });
        assert_eq!(told(woven.collect())[0], "1 operation; fault 1");
        let woven = (0..40).map(|time| if time % 2 == 0 { operation(time) } else { long(time) });
        assert!(told(woven.collect()).contains(&"4 operations and faults".to_string()));
    }

    #[test]
    fn what_ends_with_its_window_lasts_no_longer_in_words() {
        let second = Duration::from_secs(1);
        let chaos = Chaos { window: second, duration: 9 * second..=9 * second, pauses: 1..=1, ..Chaos::none() };
        let simulation = SimulationBuilder::new()
            .process("kv", 1, async |_: SimContext| std::future::pending::<()>().await)
            .workload("client", 1, async |context: SimContext| context.quiet().await)
            .with_chaos(Chaos { cycles: 2..=2, settle: second, ..chaos });
        let record = simulation.recorder().run(1, Overrides::new(), None);
        assert_eq!(record.atoms.len(), 2);
        for (atom, end) in record.atoms.iter().zip([1_000_000_000, 3_000_000_000]) {
            let long = words::duration(end - atom.time);
            assert_eq!(fault_in_words(&record, atom), format!("kv stands still for {long}"));
        }
    }
}
