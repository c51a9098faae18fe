//! The guide's page on a workspace of one's own: the files that stand there are a workspace,
//! which is green under `cargo test` and in a sweep; and what is said where one of them is
//! missing. It is built without the network, in the target folder of the new projects.

use crate::shell::{root, run_in, tmp};
use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../../../docs/guide/workspace.md");

/// The files of the page: where each is, which its paragraph says first, and its text.
fn files() -> Vec<(&'static str, &'static str)> {
    let mut files = Vec::new();
    let mut before = "";
    for (place, part) in PAGE.split("```").enumerate() {
        if place % 2 == 0 {
            before = part;
            continue;
        }
        let (language, text) = part.split_once('\n').expect("a block has lines");
        if language == "sh" {
            continue;
        }
        let paragraph = before.trim_end().rsplit("\n\n").next().expect("there is a last one");
        let mut words = paragraph.split('`').skip(1).step_by(2);
        files.push((words.find(|word| word.contains('.')).expect("the file is named"), text));
    }
    files
}

/// Writes the workspace into an empty folder, with the versions that are tested here.
fn write(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
    for (place, text) in files() {
        let path = folder.join(place);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("cargo gives tests a folder");
        let clone = format!("\"{}/", root().display());
        fs::write(&path, text.replace("\"../wavetank/", &clone)).expect("the folder was just made");
    }
    for file in ["Cargo.lock", "rust-toolchain.toml"] {
        fs::copy(root().join(file), folder.join(file)).expect("the folder was just made");
    }
}

/// What a line wrote, to standard output or error.
#[track_caller]
fn check(folder: &Path, line: &str, code: i32, words: &str) -> String {
    run_in(folder, &format!("{line} 2>&1")).expect(code, &[words]).out
}

#[test]
fn slow_a_workspace_as_the_page_has_it_is_swept() {
    let folder = tmp("new/page");
    write(&folder);
    let tested = check(&folder, "cargo test", 0, "test everybody_is_greeted ... ok");
    assert!(tested.contains("test storm ") && !tested.contains("warning"), "{tested}");
    check(&folder, "cargo xtask sweep --profile dev", 0, "1 simulation, 1,000 seeds, green");

    // What is not there leaves nothing behind.
    check(&folder, "cargo xtask campaign nobody", 2, "no target `nobody`; there are greeter");
    assert!(!folder.join("docs").exists(), "for a campaign that was none");

    // Without the profile that nobody guesses.
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("it was just written");
    let (before, _) = manifest.split_once("# What sweeps run").expect("the profile comes last");
    fs::write(folder.join("Cargo.toml"), before).expect("it was just written");
    let hint = "the workspace's Cargo.toml has no [profile.sim]: write `inherits = \"release\"`, `debug-assertions = true` and \
                `overflow-checks = true` below one, or give --profile";
    check(&folder, "cargo xtask sweep", 2, hint);
}

#[test]
fn the_page_names_each_of_its_files() {
    let places: Vec<&str> = files().into_iter().map(|(place, _)| place).collect();
    let expected = [
        "Cargo.toml",
        "greeter/Cargo.toml",
        "greeter/src/lib.rs",
        "greeter/src/main.rs",
        "greeter/tests/greeting.rs",
        "greeter/tests/storm.rs",
        "xtask/Cargo.toml",
        "xtask/src/main.rs",
        ".cargo/config.toml",
        ".gitignore",
        ".config/nextest.toml",
    ];
    assert_eq!(places, expected);
}
