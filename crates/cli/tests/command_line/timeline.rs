//! `timeline` as a process: a page where it is asked for, one run or two, and one line
//! where none can be made.

use crate::shell::{Ended, run as run_line, run_xtask, tmp};
use std::fs;

fn run(arguments: &str) -> Ended {
    run_xtask(&format!("timeline {arguments}"))
}

#[test]
fn slow_a_red_run_is_drawn() {
    let path = tmp("timelines/red.html");
    let out = run(&format!("red/workload-error --seed 0 --out {}", path.display())).expect(0, &[]).out;
    assert!(out.starts_with("red/workload-error: seed 0 is RED; its ") && out.contains("red.html"), "{out}");
    let page = fs::read_to_string(&path).expect("it was written, with its folder");
    assert!(
        page.contains("<title>red/workload-error · seed 0</title>")
            && page.contains("cargo xtask replay red/workload-error --seed 0 --profile dev")
    );
}

#[test]
fn slow_a_page_lies_with_what_else_is_built_whichever_folder_it_is_asked_for_in() {
    let built = tmp("..");
    let page = built.join("timelines/red-workload-error-1.html");
    let _ = fs::remove_file(&page);
    // As where a file of cargo's says where it builds, and nothing else does.
    let place = format!("env -u CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR={}", built.display());
    let line = "cargo xtask timeline red/workload-error --seed 1 --profile dev";
    run_line(&format!("cd systems/kv && {place} {line}")).expect(0, &["red-workload-error-1.html"]);
    assert!(page.is_file(), "it is not in {}", page.display());
}

#[test]
fn slow_two_runs_are_drawn_beside_each_other() {
    let path = tmp("pair.html");
    for (against, differs) in [("3", false), ("4", true)] {
        run(&format!("ping-pong/storm --seed 3 --against {against} --out {}", path.display())).expect(0, &[]);
        let page = fs::read_to_string(&path).expect("it was written");
        assert_eq!(page.contains(r#""first":["#), differs, "seed 3 against seed {against}");
    }
}

#[test]
fn slow_a_page_that_cannot_be_made_says_why_in_one_line() {
    let check = |arguments: &str, words: &str| run(arguments).expect_refusal(words);
    check("", "timeline which target?");
    check("red/panic", "timeline which seed?");
    check("red/panic --seed 0 --against yesterday", "give `clean`, a seed, or a file");
    check("red/panic --seed 0 --against nowhere.jsonl", "it cannot be read");
    check("red/panic --seed 0 --out /dev/null/page.html", "it cannot be written");
}
