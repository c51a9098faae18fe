//! The shrinker, on bugs whose smallest causes are known.

mod cycles;
mod desk;
mod domains;
mod patience;
mod stuck;

use desk::{Bugs, desk};
use std::time::Duration;
use wavetank_debug::shrink::{Budget, Ended, ShrinkError, Shrinker, Shrunk, Size, superfluous};
use wavetank_debug::{LINES_MOST, Recipe, Stated, Witness};
use wavetank_harness::{Overrides, Signature, SimContext, SimulationBuilder};
use wavetank_probe::always_assert;

/// The first seed that fails with these words.
fn red(simulation: &SimulationBuilder, words: &str) -> (u64, Signature) {
    let mut recorder = simulation.recorder();
    for seed in 0..500 {
        let record = recorder.run(seed, Overrides::new(), None);
        let Some(first) = record.failures.first() else { continue };
        if first.to_string().contains(words) {
            return (seed, first.signature());
        }
    }
    panic!("none of 500 seeds fails with {words:?}");
}

/// Shrinks, and holds the result against a minimum that was found by hand.
fn check(bugs: Bugs, words: &str, hand_made: Size) -> Shrunk {
    let simulation = desk(bugs);
    let (seed, signature) = red(&simulation, words);
    let shrunk = Shrinker::new(&simulation, seed).run().expect("the seed is red");
    println!(
        "seed {seed}: {} {:?} -> {:?} in {} runs, {:?}",
        shrunk.signature, shrunk.before, shrunk.after, shrunk.runs, shrunk.cpu
    );
    for atom in &shrunk.record.atoms {
        println!("    {} {} on {} {:?}", atom.time, atom.kind.name(), atom.target, atom.parameters);
    }
    for further in &shrunk.further {
        println!("    further: {}", further.signature);
    }
    check_words(&simulation, &shrunk, words);
    println!("{}", serde_json::to_string(&shrunk.overrides).expect("overrides are JSON"));
    assert_eq!(shrunk.signature, signature);
    assert!(shrunk.ended == Ended::Minimal && shrunk.is_minimal());
    assert!(shrunk.after.atoms <= 2 * hand_made.atoms, "{:?}", shrunk.after);
    assert!(shrunk.after.operations <= 2 * hand_made.operations, "{:?}", shrunk.after);
    assert_eq!(superfluous(&simulation, &shrunk), []);
    let mut recorder = simulation.recorder();
    for _ in 0..100 {
        let record = recorder.run(seed, shrunk.overrides.clone(), None);
        assert_eq!(record.digest, shrunk.record.digest);
        assert!(record.failures.iter().any(|failure| failure.signature() == signature));
    }
    shrunk
}

/// The small run in words, and as a test that names every override.
fn check_words(simulation: &SimulationBuilder, shrunk: &Shrunk, words: &str) {
    let told = simulation.recorder().tell(shrunk.seed, shrunk.overrides.clone());
    assert_eq!(told.digest, shrunk.record.digest, "telling a run does not change it");
    let lines: Vec<String> = Recipe::of(&told, Some(&shrunk.signature)).lines().collect();
    lines.iter().for_each(|line| println!("{line}"));
    assert!(lines.len() <= LINES_MOST, "{lines:?}");
    assert!(lines.last().is_some_and(|last| last.contains(words)), "{lines:?}");
    let long = simulation.recorder().tell(shrunk.seed, Overrides::new());
    assert!(Recipe::of(&long, None).lines().count() <= LINES_MOST, "a long run is told in as few lines");
    check_witness(shrunk, &lines);
}

/// The test is a whole file beside its target's, or goes through the command line; either
/// way it has all that is overridden.
fn check_witness(shrunk: &Shrunk, recipe: &[String]) {
    let (seed, overrides) = (shrunk.seed, &shrunk.overrides);
    let features = ["bugs".to_string(), "slow-disk".to_string()];
    let mut witness =
        Witness { simulation: "desk", seed, bug: Some("twice"), features: &features, overrides, recipe, stated: None };
    let by_command = witness.to_rust();
    assert!(by_command.contains(&format!("\"xtask\", \"replay\", \"desk\", \"--seed\", \"{seed}\"")), "{by_command}");
    witness.stated = Some(Stated { file: "systems/desk/tests/red/main.rs", function: "target" });
    let direct = witness.to_rust();
    assert!(direct.contains(&format!("`systems/desk/tests/red_seed_{seed}.rs`")), "{direct}");
    assert!(direct.contains("#[path = \"red/main.rs\"]"), "{direct}");
    assert!(direct.contains("simulation::target().assert_green("), "{direct}");
    assert!(direct.contains("bug: cfg!(feature = \"bugs\").then_some(\"twice\"),"), "{direct}");
    let run = format!("Cargo.toml --features bugs,slow-disk --test red_seed_{seed}`");
    assert!(direct.contains(&run), "built as it was:\n{direct}");
    let plain = Witness { features: &[], ..witness.clone() }.to_rust();
    assert!(plain.contains("bug: Some(\"twice\"),") && plain.contains("Cargo.toml --test "), "{plain}");
    for text in [by_command, direct] {
        assert!(text.contains(&format!("#[test]\nfn red_seed_{seed}() {{")), "{text}");
        let json = text.split("r#\"").nth(1).and_then(|rest| rest.split("\"#").next()).expect("it holds JSON");
        assert_eq!(serde_json::from_str::<Overrides>(json).expect("overrides"), *overrides);
    }
    // What is elsewhere cannot be come to from a test.
    witness.stated = Some(Stated { file: "systems/desk/src/main.rs", function: "target" });
    assert!(witness.to_rust().contains("xtask"), "{}", witness.to_rust());
}

fn size(atoms: usize, operations: usize) -> Size {
    Size { atoms, operations, events: 0 }
}

#[test]
fn slow_an_answer_before_the_sync_is_a_power_loss_and_a_lost_write() {
    check(Bugs { early: true, ..Bugs::default() }, "a confirmed note is lost", size(2, 1));
}

#[test]
fn slow_a_note_that_is_taken_twice_is_one_late_confirmation() {
    check(Bugs { twice: true, ..Bugs::default() }, "a note is there twice", size(1, 1));
}

#[test]
fn slow_a_third_start_is_two_crashes() {
    check(Bugs { third: true, ..Bugs::default() }, "the desk is tired", size(2, 0));
}

#[test]
fn slow_two_bugs_that_share_a_panic_site_do_not_merge() {
    let simulation = desk(Bugs { early: true, twice: true, third: true, bored: false });
    let mut shrunk = Vec::new();
    for words in ["a confirmed note is lost", "a note is there twice", "the desk is tired"] {
        let (seed, signature) = red(&simulation, words);
        let one = Shrinker::new(&simulation, seed).run().expect("the seed is red");
        assert_eq!(one.signature, signature);
        assert_eq!(one.record.failures.len(), 1);
        assert!(one.failure().to_string().contains(words), "{}", one.failure());
        assert!(one.further.iter().all(|further| further.signature != signature));
        shrunk.push(one);
    }
    assert_eq!(shrunk[0].signature.property, shrunk[1].signature.property, "they share a panic site");
}

#[test]
fn another_failure_on_the_way_is_kept_apart() {
    let simulation = desk(Bugs { third: true, bored: true, ..Bugs::default() });
    let (seed, signature) = red(&simulation, "the desk is tired");
    let shrunk = Shrinker::new(&simulation, seed).run().expect("the seed is red");
    assert_eq!((shrunk.signature, shrunk.after.atoms), (signature, 2));
    let [further] = &shrunk.further[..] else { panic!("{:?}", shrunk.further) };
    assert!(further.failure.to_string().contains("nobody crashed often enough"), "{}", further.failure);
    let record = simulation.run_seed(seed, further.overrides.clone(), None);
    assert_eq!(record.failures[0].signature(), further.signature);
}

#[test]
fn a_candidate_that_also_fails_in_another_way_is_no_smaller_one() {
    let simulation = SimulationBuilder::new().workload("writer", 1, async |context: SimContext| {
        let mut made = 0;
        for operation in context.operations(5..=12, &["note"]) {
            operation.begin(|| "takes a note".into());
            operation.end(|| "done".into());
            made += 1;
        }
        // What swallows the panic goes on, and the violation stays.
        let _ = std::panic::catch_unwind(|| always_assert!(made >= 3, "the desk is busy"));
        Err::<(), _>("the desk is tired")
    });
    let (seed, signature) = red(&simulation, "the desk is tired");
    let shrunk = Shrinker::new(&simulation, seed).run().expect("the seed is red");
    assert_eq!((&shrunk.signature, shrunk.ended), (&signature, Ended::Minimal));
    assert_eq!((shrunk.after.operations, shrunk.record.failures.len()), (3, 1), "{:?}", shrunk.record.failures);
    let [further] = &shrunk.further[..] else { panic!("{:?}", shrunk.further) };
    assert!(further.failure.to_string().contains("the desk is busy"), "{}", further.failure);
    assert_eq!(superfluous(&simulation, &shrunk), [], "without one of the three it fails in both ways");
}

#[test]
fn operations_that_nobody_speaks_of_are_taken_out_too() {
    let simulation = SimulationBuilder::new().workload("writer", 1, async |context: SimContext| {
        let made = context.operations(5..=12, &["note", "strike"]).filter(|one| one.verb() == "note").count();
        if made >= 2 { Err("the desk is busy") } else { Ok(()) }
    });
    let (seed, _) = red(&simulation, "the desk is busy");
    let shrunk = Shrinker::new(&simulation, seed).run().expect("the seed is red");
    assert_eq!((shrunk.after.operations, shrunk.ended), (2, Ended::Minimal), "{:?}", shrunk.record.operations);
    let recipe = Recipe::of(&shrunk.record, None).to_string();
    assert!(recipe.contains("writer: note\n"), "{recipe}");
}

#[test]
fn threads_do_not_change_the_result() {
    let simulation = desk(Bugs { third: true, ..Bugs::default() });
    let (seed, _) = red(&simulation, "the desk is tired");
    let shrink = |threads| Shrinker::new(&simulation, seed).with_threads(threads).run().expect("the seed is red");
    assert_eq!(shrink(1).overrides, shrink(3).overrides);
}

#[test]
fn what_ends_early_keeps_the_best_so_far() {
    let simulation = desk(Bugs { third: true, ..Bugs::default() });
    let (seed, signature) = red(&simulation, "the desk is tired");
    let budget = Budget { runs: 20, cpu: Duration::MAX };
    let short = Shrinker::new(&simulation, seed).with_budget(budget).run().expect("the seed is red");
    assert_eq!(short.ended, Ended::Budget);
    assert!(short.runs <= 20);
    assert!(short.after.atoms < short.before.atoms, "{:?} -> {:?}", short.before, short.after);
    let record = simulation.run_seed(seed, short.overrides.clone(), None);
    assert_eq!(record.failures[0].signature(), signature);

    let none = Shrinker::new(&simulation, seed).with_cancel(|| true).run().expect("the seed is red");
    assert_eq!((none.ended, none.runs), (Ended::Cancelled, 0));
    assert_eq!(none.overrides, Overrides::new());
    // Who proves that a run is minimal finds out that this one is not.
    let needless = superfluous(&simulation, &none);
    assert!(!needless.is_empty() && needless.len() < none.after.atoms + none.after.operations, "{needless:?}");
    assert!(!none.is_minimal() && !short.is_minimal());
}

#[test]
fn what_cannot_be_shrunk_is_said() {
    let simulation = desk(Bugs::default());
    assert_eq!(Shrinker::new(&simulation, 3).run().expect_err("it is green"), ShrinkError::Green(3));
    let simulation = desk(Bugs { third: true, ..Bugs::default() });
    let (seed, mut wanted) = red(&simulation, "the desk is tired");
    wanted.message = "something else".to_string();
    let error = Shrinker::new(&simulation, seed).with_signature(wanted).run().expect_err("it fails in another way");
    assert!(error.to_string().contains("does not fail as"), "{error}");
}
