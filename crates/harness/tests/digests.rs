//! The same seed is the same run: in both profiles, in a fresh process, after other
//! seeds, on any number of threads.

#![expect(clippy::disallowed_methods, reason = "a fresh process is what is tested")]

mod notebook;

use notebook::notebook;
use std::process::Command;
use wavetank_harness::{Digest, Overrides, Progress, Recorder, SimulationResult, TestStrategy};

/// Digests of the notebook's first seeds, the same in debug and release builds. They
/// change with every change of what a simulation does, and with nothing else: if the
/// change was meant, take the new ones from the message.
const PINNED: [(u64, &str); 4] = [
    (0, "c2be6f35e9bea098acdf5cde59c7eb1f"),
    (1, "e16c27874d05093d8862501a5f50aec8"),
    (2, "71681d5343ad4ff9004b9d4657d5905b"),
    (u64::MAX, "4eba2a2283dca366707007257c3d15b3"),
];

/// Tells this test binary, run again, which seed's digest to print.
const ASKED: &str = "WAVETANK_TEST_DIGEST_OF";

fn digest(recorder: &mut Recorder, seed: u64) -> Digest {
    recorder.run(seed, Overrides::new(), None).digest
}

fn fresh_digest(seed: u64) -> Digest {
    digest(&mut notebook().recorder(), seed)
}

#[test]
fn a_seed_has_its_digest_in_every_profile() {
    let now: Vec<(u64, String)> = PINNED.iter().map(|&(seed, _)| (seed, fresh_digest(seed).to_string())).collect();
    let pinned: Vec<(u64, String)> = PINNED.iter().map(|&(seed, digest)| (seed, digest.to_string())).collect();
    assert_eq!(now, pinned, "now on the left, pinned on the right");
}

#[test]
fn a_seed_has_its_digest_in_a_fresh_process() {
    const NAME: &str = "a_seed_has_its_digest_in_a_fresh_process";
    if let Ok(seed) = std::env::var(ASKED) {
        let seed = seed.parse().expect("the parent gives a number");
        println!("digest {}", fresh_digest(seed));
        return;
    }
    let mut recorder = notebook().recorder();
    for seed in 10..13 {
        let here = digest(&mut recorder, seed);
        let this = std::env::current_exe().expect("a test has a binary");
        let mut there = Command::new(this);
        there.args(["--exact", NAME, "--nocapture"]).env(ASKED, seed.to_string());
        let output = there.output().expect("a test binary can be run again");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        assert!(text.contains(&format!("digest {here}\n")), "seed {seed} is {here} here, and there: {text}");
    }
}

#[test]
fn a_seed_has_its_digest_after_fifty_others() {
    let mut recorder = notebook().recorder();
    for seed in 100..150 {
        digest(&mut recorder, seed);
    }
    for seed in [0, 120, 150] {
        assert_eq!(digest(&mut recorder, seed), fresh_digest(seed), "seed {seed}");
    }
}

#[test]
fn a_seed_has_its_digest_after_runs_that_broke_off() {
    // Panics while faults are under way, connections open and files being written.
    let breaking = notebook().with_invariant("few notes are confirmed", |state| {
        assert!(state.sum("confirmed", "notes") < 12, "enough");
    });
    let mut recorder = breaking.recorder();
    let run = |recorder: &mut Recorder, seed| recorder.run(seed, Overrides::new(), None);
    let fresh = run(&mut breaking.recorder(), 7);
    for seed in 0..7 {
        let broken = run(&mut recorder, seed);
        assert_eq!(broken.failures.len(), 1, "seed {seed}: {:?}", broken.failures);
    }
    let after = run(&mut recorder, 7);
    assert_eq!((after.digest, after.noted, after.atoms), (fresh.digest, fresh.noted, fresh.atoms));
}

#[test]
fn different_seeds_have_different_digests() {
    let mut recorder = notebook().recorder();
    let mut digests: Vec<String> = (0..20).map(|seed| digest(&mut recorder, seed).to_string()).collect();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), 20);
}

/// All of a result but real time, in words.
fn summary(result: &SimulationResult) -> String {
    let red: Vec<_> = result.red.iter().map(|red| (red.seed, &red.failures, &red.reproduce)).collect();
    let faults: Vec<_> = result.faults().map(|(kind, tally)| (kind.name(), *tally)).collect();
    let coverage: Vec<_> = result.coverage.iter().map(|(site, count)| (site.to_string(), count)).collect();
    format!(
        "{:?}",
        (
            (&result.name, result.seeds, result.events, result.polls, result.virtual_time, result.digest()),
            (red, result.red_count, &result.signatures, &result.metrics),
            (faults, coverage, result.all_sometimes_reached()),
        )
    )
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    // Some runs are red, so that failures are compared too.
    let simulation = notebook().with_invariant("few notes are confirmed", |state| {
        let confirmed = state.sum("confirmed", "notes");
        if confirmed <= 30 { Ok(()) } else { Err(format!("{confirmed} notes are confirmed")) }
    });
    let run = |threads| {
        let simulation = simulation.clone().with_threads(threads);
        simulation.run_strategy(&TestStrategy::Count(60), &Progress::default())
    };
    let one = run(1);
    assert!(one.red_count > 0 && one.red_count < one.seeds, "{one}");
    for threads in [2, 5] {
        assert_eq!(summary(&run(threads)), summary(&one), "with {threads} threads and with one");
    }
}

#[test]
fn the_digest_of_a_result_is_that_of_its_seeds() {
    let run =
        |seeds: &[u64]| notebook().run_strategy(&TestStrategy::Seeds(seeds.to_vec()), &Progress::default()).digest();
    assert_eq!(run(&[4, 5, 6]), run(&[6, 4, 5]));
    assert_ne!(run(&[4, 5, 6]), run(&[4, 5, 7]));
}
