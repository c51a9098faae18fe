//! The attribute, as a test downstream uses it: green, red, and repeated by the line that
//! a red one prints. What it refuses to compile is tested where it is expanded.

#![expect(clippy::disallowed_methods, reason = "a process of its own is looked at")]

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wavetank_core::Providers;
use wavetank_harness::{SimContext, SimProviders};

static SLEPT: AtomicU64 = AtomicU64::new(0);

#[wavetank_harness::test(seeds = 50)]
async fn a_sleep_is_never_early(world: SimProviders) {
    let start = world.now();
    world.sleep(Duration::from_secs(3600)).await;
    assert!(world.now() - start >= Duration::from_secs(3600));
    SLEPT.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn as_many_seeds_are_run_as_were_asked_for() {
    // A second time, if the other test has run; the counter is this process's.
    let before = SLEPT.load(Ordering::Relaxed);
    a_sleep_is_never_early();
    let ran = SLEPT.load(Ordering::Relaxed) - before;
    assert!((50..=100).contains(&ran), "{ran}");
}

#[wavetank_harness::test(seed = 7)]
async fn the_seed_is_the_one_that_was_named(context: SimContext) -> Result<(), std::io::Error> {
    assert_eq!((context.seed(), context.name()), (7, "the_seed_is_the_one_that_was_named"));
    context.providers().bind((context.ip(), 80).into()).await.map(drop)
}

#[wavetank_harness::test(seeds = 5)]
#[should_panic(expected = "connection refused")]
async fn an_error_is_red(context: SimContext) -> std::io::Result<()> {
    context.providers().connect((context.ip(), 80).into()).await.map(drop)
}

mod nested {
    use super::*;

    /// Red at seed 3, where another test asks for it.
    #[wavetank_harness::test(seeds = 5)]
    async fn planted(context: SimContext) {
        assert!(std::env::var_os("WAVETANK_PLANTED").is_none() || context.seed() != 3, "planted");
    }
}

/// Runs the planted test of this program in a process of its own.
fn planted(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let program = std::env::current_exe().expect("a test knows its program");
    let mut command = Command::new(program);
    command.args(arguments).env_remove("WAVETANK_SEED").env_remove("WAVETANK_SEEDS");
    command.envs(environment.iter().copied()).output().expect("it was started before")
}

#[test]
fn the_printed_line_reproduces_it() {
    let on = ("WAVETANK_PLANTED", "1");
    let red = planted(&["nested::planted", "--exact"], &[on]);
    let said = String::from_utf8_lossy(&red.stdout);
    let line =
        "WAVETANK_SEED=3 cargo test -p wavetank-harness --test attribute nested::planted -- --exact --include-ignored";
    assert!(!red.status.success() && said.contains(line), "{said}");
    // What that line makes of this program: the name, and what stands after the dashes.
    for (seed, green) in [("3", false), ("4", true)] {
        let again = planted(&["nested::planted", "--exact"], &[on, ("WAVETANK_SEED", seed)]);
        let said = String::from_utf8_lossy(&again.stdout);
        assert_eq!(again.status.success(), green, "{said}");
        assert!(said.contains("1 passed") || said.contains("planted"), "the one test ran: {said}");
    }
    assert!(planted(&["nested::planted", "--exact"], &[]).status.success());
}
