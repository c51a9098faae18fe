//! `--check-determinism`: each seed a second time, in a fresh process, and what is told where
//! the two differ.

use crate::shell::run;

/// A seed that gives two runs passes a sweep, and not the check.
fn check_fickle(simulation: &str) {
    run(&format!("cargo xtask sweep {simulation} --seeds 8 --profile dev")).expect(0, &["8 seeds, green"]);
    let words = ["did not run the same in a fresh process", "the first event that differs"];
    let line = format!("cargo xtask sweep {simulation} --seeds 8 --profile dev --check-determinism");
    let checked = run(&line).expect(1, &words);
    let side = |name: &str| checked.out.lines().find_map(|line| line.trim_start().strip_prefix(name)).map(str::trim);
    let (first, second) = (side("first run:"), side("second run:"));
    assert!(first.is_some() && second.is_some() && first != second, "{}", checked.out);
    let events = [first, second].into_iter().flatten().filter(|event| event.starts_with('#')).count();
    assert!(events > 0, "an event is shown, not only digests:\n{}", checked.out);
    let again = checked.reproduce_line();
    assert!(again.contains("--check-determinism"), "{again}");
    run(&again).expect(1, &words);
}

#[test]
fn slow_two_runs_of_a_seed_must_agree() {
    check_fickle("fickle/hash-map");
    check_fickle("fickle/wall-clock");
    check_fickle("fickle/address");
    check_fickle("fickle/thread");
    let line = "cargo xtask sweep calm --seeds 100 --profile dev --check-determinism";
    run(line).expect(0, &["determinism: 100 seeds ran the same in a fresh process", "100 seeds, green"]);
}

#[test]
fn slow_a_second_run_without_an_end_is_a_finding() {
    // What its process did not survive has no end to be compared with.
    for simulation in ["fatal/isolated-abort", "fatal/isolated-hang"] {
        let line = format!("cargo xtask sweep {simulation} --seeds 20 --bug fatal --profile dev --check-determinism");
        run(&line).expect(1, &["the process of this run ", "determinism: 18 seeds ran the same"]);
    }
    let words = [
        "determinism: 2 of 2 seeds did not run the same",
        "second run: the process for seeds 0..1 did not end within 2.0 s",
    ];
    run("cargo xtask sweep fickle/endless --seeds 2 --profile dev --check-determinism").expect(1, &words);
    run("cargo xtask sweep fickle/endless --seeds 2 --profile dev").expect(0, &["2 seeds, green"]);
}
