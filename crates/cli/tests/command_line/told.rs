//! What was found is told: as data, where it cannot be written, and by a sweep that is
//! interrupted.

use crate::shell::{folder, run, run_xtask, shell};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use wavetank_cli::{CoverageReport, Report};

#[test]
fn slow_what_was_found_is_told_though_it_cannot_be_written() {
    let words = ["RED seed ", "reproduce: cargo xtask replay red/panic --seed "];
    // In the place of the report is a folder.
    let out = folder("no-place");
    fs::create_dir(out.join("red.panic.json")).expect("the folder is empty");
    let line = format!("cargo xtask sweep red/panic --seeds 40 --profile dev --out {}", out.display());
    let ended = run(&line).expect(2, &words);
    assert!(ended.err.contains("red.panic.json: it cannot be written"), "{}", ended.err);
    // The disk is full: what standard output does not take goes to standard error.
    let ended = run("cargo xtask sweep red/panic --seeds 40 --profile dev > /dev/full").expect(2, &[]);
    assert!(words.iter().all(|word| ended.err.contains(word)), "{}", ended.err);
    assert!(ended.err.contains("error: standard output cannot be written"), "{}", ended.err);
}

/// A disk that is full: nothing may grow beyond so many blocks of 512 bytes. (Cargo's
/// own notes stay below that.)
#[test]
fn slow_what_was_found_is_told_though_the_disk_is_full() {
    run("cargo xtask sweep red/panic --seeds 1 --profile dev").expect(0, &[]);
    let out = folder("full");
    let sweep = format!("cargo xtask sweep red/panic --seeds 2000 --profile dev --out {}", out.display());
    let ended = run(&format!("trap '' XFSZ; ulimit -f 64; {sweep}"));
    let ended = ended.expect(2, &["RED seed ", "reproduce: cargo xtask replay red/panic --seed ", "RED: red/panic"]);
    let errors: Vec<&str> = ended.err.lines().filter(|line| line.starts_with("error")).collect();
    assert!(matches!(errors[..], [one] if one.contains("it cannot be written: File too large")), "{errors:?}");
}

#[test]
fn slow_folders_that_a_file_lacks_are_made() {
    let out = folder("unmade");
    for (line, file) in [
        ("trace red/panic --seed 0 --out", "traces/of/panic.jsonl"),
        ("timeline red/panic --seed 0 --out", "pages/of/panic.html"),
        ("sweep calm --seeds 3 --junit", "reports/of/calm.xml"),
    ] {
        let path = out.join(file);
        run_xtask(&format!("{line} {}", path.display())).expect(0, &[]);
        assert!(path.is_file(), "{line}");
    }
}

#[test]
fn slow_a_report_is_data() {
    let out = folder("reports");
    let line = format!("cargo xtask sweep red/panic calm --seeds 7..47 --jobs 1 --profile dev --out {}", out.display());
    run(&line).expect(1, &["2 simulations, 80 seeds, RED: red/panic"]);
    let read = |name: &str| {
        let json = fs::read_to_string(out.join(name)).expect("a report for each simulation");
        serde_json::from_str::<Report>(&json).expect("it is a report")
    };
    let (calm, panic) = (read("calm.json"), read("red.panic.json"));
    assert!(!calm.is_red() && calm.seeds == 40 && calm.metrics["messages"] >= 40 * 8);
    assert!(panic.is_red() && panic.red == panic.red_seeds.len() as u64 && panic.failures.len() == 1);
    assert_eq!(panic.failures[0].count, panic.red);
    // The number of threads changes nothing.
    run(&line.replace("--jobs 1", "--jobs 3")).expect(1, &[]);
    assert_eq!((read("calm.json").digest, read("red.panic.json").red_seeds), (calm.digest, panic.red_seeds));
}

#[test]
fn slow_an_interrupted_sweep_tells_what_it_has() {
    check_interrupted("TERM");
    check_interrupted("INT");
}

fn check_interrupted(signal: &str) {
    let out = folder("interrupted");
    // Built before, so that what is interrupted is the sweep.
    run("cargo xtask sweep calm --seeds 1 --profile dev").expect(0, &[]);
    let line = format!("exec cargo xtask sweep calm --for 10m --profile dev --out {}", out.display());
    let mut child = shell(&line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("there is a shell");
    let mut progress = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let telling = progress.find(|line| line.as_ref().is_ok_and(|line| line.contains("seeds/s")));
    assert!(telling.is_some(), "a sweep tells how far it is where there is no terminal");
    run(&format!("kill -{signal} {}", child.id())).expect(0, &[]);
    let output = child.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(told.contains("green, interrupted") && told.contains("interrupted, nothing red so far"), "{told}");
    let json = fs::read_to_string(out.join("calm.json")).expect("it was written, too");
    let report: Report = serde_json::from_str(&json).expect("it is a report");
    assert!(report.interrupted && report.seeds > 0);
    let json = fs::read_to_string(out.join("calm.coverage.json")).expect("so was what it did not show");
    let coverage: CoverageReport = serde_json::from_str(&json).expect("it is a report");
    assert_eq!((coverage.interrupted, coverage.is_red(), coverage.seeds), (true, false, report.seeds));
    let site = "a client is gone before its answer";
    assert!(coverage.misses.iter().any(|miss| miss.what.contains(site)), "{coverage:?}");
}
