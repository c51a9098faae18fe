//! The guide's chapter "a log that survives power loss": each step compiles and is red or
//! green as the chapter says. Each snippet of it, and of the one on `systems/small-kv`,
//! stands in the code.

#![expect(clippy::disallowed_methods, reason = "the chapter runs on the real disk, too")]

mod chapter;
mod log;

use chapter::Chapter;
use log::{Log, bad_disk, power_cuts};
use log::{anew::Anew, kept::Kept, naive::Naive, named::Named, synced::Synced, whole::Whole};
use wavetank_harness::{SimulationBuilder, TestStrategy};
use wavetank_tokio::TokioProviders;

const LOG: Chapter = Chapter {
    text: include_str!("../../../../docs/guide/log.md"),
    sources: &[
        include_str!("log/mod.rs"),
        include_str!("log/naive.rs"),
        include_str!("log/synced.rs"),
        include_str!("log/named.rs"),
        include_str!("log/record.rs"),
        include_str!("log/whole.rs"),
        include_str!("log/kept.rs"),
        include_str!("log/anew.rs"),
        include_str!("main.rs"),
    ],
};

const SMALL_KV: Chapter = Chapter {
    text: include_str!("../../../../docs/guide/kv.md"),
    sources: &[
        include_str!("../../../small-kv/Cargo.toml"),
        include_str!("../../../small-kv/src/lib.rs"),
        include_str!("../../../small-kv/src/memory.rs"),
        include_str!("../../../small-kv/src/filed.rs"),
        include_str!("../../../small-kv/src/main.rs"),
        include_str!("../../../small-kv/tests/small_kv.rs"),
        include_str!("../../../small-kv/tests/steps/hopeful.rs"),
        include_str!("../../../small-kv/tests/steps/main.rs"),
        include_str!("../../../small-kv/tests/tank/careful.rs"),
        include_str!("../../../small-kv/tests/tank/mod.rs"),
    ],
};

/// Within so many seeds the simulation is red with these words, which stand in the
/// chapter.
fn red(chapter: &Chapter, simulation: SimulationBuilder, words: &str) {
    chapter.says(words);
    let result = simulation.with_strategy(TestStrategy::Count(500)).run();
    let first = result.red.iter().find(|run| run.failures[0].to_string().contains(words));
    println!("{}: {:?} of {} seeds, first {:?}", words, result.red_count, result.seeds, first.map(|run| run.seed));
    assert!(first.is_some(), "{result}");
}

fn green(simulation: SimulationBuilder, seeds: u64) {
    simulation.with_strategy(TestStrategy::Count(seeds)).run().assert_green();
}

#[test]
fn the_chapters_show_this_code() {
    LOG.check();
    SMALL_KV.check();
}

#[tokio::test]
async fn real_lines_in_a_file() {
    let directory = std::env::temp_dir().join(format!("kv-guide-log-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a folder for temporary files");
    let world = TokioProviders::new(&directory).expect("entropy");
    for round in 0..3 {
        let (mut log, found) = Naive::open(&world).await.expect("the file can be opened");
        assert_eq!(found.len(), round);
        log.append("one more").await.expect("the file can be written");
    }
    drop(std::fs::remove_dir_all(directory));
}

#[test]
fn lines_are_lost() {
    green(power_cuts::<Naive<_>>().with_chaos(wavetank_harness::Chaos::none()), 3);
    red(&LOG, power_cuts::<Naive<_>>(), "nothing that was known is lost");
}

#[test]
fn a_synced_file_loses_its_name() {
    red(&LOG, power_cuts::<Synced<_>>(), "nothing that was known is lost");
}

#[test]
fn a_line_is_torn() {
    red(&LOG, power_cuts::<Named<_>>(), "nothing is found that was not written");
}

#[test]
fn what_was_read_was_in_memory_only() {
    red(&LOG, power_cuts::<Whole<_>>(), "nothing that was known is lost");
}

#[test]
fn a_failed_sync_is_not_repeated() {
    green(power_cuts::<Kept<_>>(), 200);
    red(&LOG, bad_disk::<Kept<_>>(), "nothing that was known is lost");
}

#[test]
fn slow_the_log_survives() {
    green(power_cuts::<Anew<_>>(), 500);
    green(bad_disk::<Anew<_>>(), 500);
}
