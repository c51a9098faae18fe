//! A new project: it compiles, its sweep is green, and red with its planted bug; and what
//! `new` refuses. The project is built without the network, in a target folder that is kept.

use crate::shell::{folder, run, run_in};
use std::fs;
use std::path::Path;

#[test]
fn slow_a_new_project_sweeps_green_and_red_with_its_bug() {
    let project = folder("new/made").join("deep/tide-gauge");
    run(&format!("cargo xtask new '{}'", project.display())).expect(0, &["cargo xtask sweep"]);
    run_in(&project, "cargo xtask sweep --profile dev").expect(0, &["1,000 seeds, green"]);
    // Each kind of fault is felt in a few seeds, too: partitions, of which it waits for the end.
    run_in(&project, "cargo xtask sweep --seeds 20 --profile dev").expect(0, &["1 simulation, 20 seeds, green"]);
    run_in(&project, "cargo xtask list --bugs")
        .expect(0, &["--bug early-ack: answers before the count is on the disk"]);

    let lost = "no count that was told is lost";
    let red = run_in(&project, "cargo xtask sweep --bug early-ack --profile dev").expect(1, &[lost]);
    let again = red.reproduce_line();
    assert!(again.starts_with("cargo xtask replay storm --seed "), "{again}");
    run_in(&project, &again).expect(1, &[lost]);
    run_in(&project, &again.replace(" --bug early-ack", "")).expect(0, &["is green"]);

    check_witness(&project, &again, lost);

    check_production(&project);

    // As a test, and with everything that is in it built without a warning.
    let tested = run_in(&project, "cargo test --workspace").expect(0, &["test storm "]);
    assert!(!tested.err.contains("warning"), "{}", tested.err);
    let files = |folder: &Path| fs::read_dir(folder).expect("it is there").count();
    assert_eq!(files(&project.join("failures")), 1, "the red run is kept, and nothing else was red");
    assert_eq!((files(&project), files(&project.join("src"))), (10, 2), "nothing else is left beside what was written");
}

/// The test that was written of the red seed compiles beside the target's own, is red in its
/// own process with the bug, and green without it.
fn check_witness(project: &Path, again: &str, lost: &str) {
    let failures = fs::read_dir(project.join("failures")).expect("the red run is kept");
    let kept = failures.map(|entry| entry.expect("the folder can be read").path()).next().expect("it is kept");
    let witness = fs::read_to_string(kept.join("witness.rs")).expect("a kept failure has its test");
    let place = witness.split("`tests/").nth(1).and_then(|rest| rest.split(".rs`").next()).expect("it says where to");
    let file = project.join(format!("tests/{place}.rs"));
    fs::write(&file, &witness).expect("the project has a folder of tests");
    let line = witness.split("`cargo test").nth(1).and_then(|rest| rest.split('`').next()).expect("it says how");
    let line = format!("cargo test{line}");
    let red = run_in(project, &line).expect(101, &[lost]);
    let again = again.replace(" --profile dev", "");
    assert!(red.out.contains(&format!("reproduce: {again}")), "{}", red.out);
    assert!(!red.err.contains("warning"), "{}", red.err);
    run_in(project, &line.replace(" --features bugs", "")).expect(0, &["1 passed"]);
    let unknown = witness.replace("early-ack", "late-ack");
    fs::write(&file, unknown).expect("it was just written");
    run_in(project, &line).expect(101, &["target `storm` has no bug `late-ack` compiled in; it has early-ack"]);
    fs::remove_file(file).expect("it was just written");
}

/// The project's own program says in a line what keeps it from running, and of what.
fn check_production(project: &Path) {
    let check = |arguments: &str, words: &str| {
        let ended = run_in(project, &format!("cargo run --quiet -- {arguments}")).expect(1, &[]);
        assert!(ended.err.contains(words) && ended.err.trim().lines().count() == 1, "{arguments}: {}", ended.err);
    };
    check("count localhost:7000", "`localhost:7000` is not an address such as 127.0.0.1:7000");
    check("serve 127.0.0.1:0 /dev/null/data", "cannot use /dev/null/data: ");
    check("count 127.0.0.1:1", "127.0.0.1:1: ");
    let data = folder("new/data");
    let lock = fs::File::create(data.join("lock")).expect("the folder was just made");
    lock.lock().expect("nobody else has it");
    check(&format!("serve 127.0.0.1:0 {}", data.display()), "is in use by another process");
}

#[test]
fn slow_what_is_there_is_left_alone() {
    let full = folder("new/full");
    fs::write(full.join("notes"), "precious").expect("the folder was just made");
    fs::create_dir(full.join("empty")).expect("the folder was just made");
    for (arguments, hint) in [
        (full.display().to_string(), "is not empty: a new project wants a folder of its own"),
        (full.join("notes").display().to_string(), "notes: "),
        (full.join("notes/below").display().to_string(), "notes/below: "),
        ("/proc/nowhere".to_owned(), "cannot be written: "),
        (String::new(), "where to? usage: new PATH"),
        (format!("{}/Big --colour", full.display()), "no flag --colour"),
        (format!("{}/Big", full.display()), "`Big` cannot name a package"),
    ] {
        run(&format!("cargo xtask new {arguments}")).expect_refusal(hint);
    }
    assert_eq!(fs::read_to_string(full.join("notes")).expect("it is still there"), "precious");
    run(&format!("cargo xtask new {}/empty", full.display())).expect(0, &["wrote empty; next:"]);
}
