//! The pages of promises: every line names the test that shows it, and that test
//! exists.

use crate::named::is_test;
use std::fs;
use std::path::Path;

/// The problems of a page whose promises are numbered with `letter`.
fn problems(letter: char, text: &str, source: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut expected = 1;
    for line in text.lines() {
        let Some((label, rest)) = line.strip_prefix("- **").and_then(|line| line.split_once("**")) else { continue };
        if label != format!("{letter}{expected}") {
            problems.push(format!("{label} stands where {letter}{expected} is expected"));
        }
        expected += 1;
        // Each link reads `path::name`, in backquotes, in brackets at the line's end.
        let links: Vec<&str> = rest.split('`').skip(1).step_by(2).filter(|link| link.contains(".rs::")).collect();
        if links.is_empty() {
            problems.push(format!("{label} names no test"));
        }
        for link in links {
            let (path, name) = link.split_once("::").expect("the filter saw it");
            if !source(path).is_some_and(|source| is_test(&source, name)) {
                problems.push(format!("{label}: there is no test {link}"));
            }
        }
    }
    if expected == 1 {
        problems.push("the page promises nothing".to_string());
    }
    problems
}

fn check(letter: char, page: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join(page)).expect("the page is there");
    let problems = problems(letter, &text, |path| fs::read_to_string(root.join(path)).ok());
    assert!(problems.is_empty(), "{page}:\n{}", problems.join("\n"));
}

#[test]
fn each_promise_of_the_simulation_is_shown_by_a_test_that_exists() {
    check('S', "docs/spec/simulation.md");
}

#[test]
fn each_promise_of_testing_is_shown_by_a_test_that_exists() {
    check('T', "docs/spec/testing.md");
}

#[test]
fn a_promise_without_a_test_is_found() {
    let source =
        |path: &str| (path == "a.rs").then(|| "#[test]\nfn one() {}\n\n// No [test]\nfn other() {}\n".to_string());
    let count = |text| problems('S', text, source).len();
    assert_eq!(count("- **S1** It holds. `a.rs::one`\n- **S2** It too. `a.rs::one`"), 0);
    assert_eq!(count("- **S1** It holds. `a.rs::none`"), 1);
    assert_eq!(count("- **S1** It holds. `a.rs::other`"), 1);
    assert_eq!(count("- **S1** It holds. `b.rs::one`"), 1);
    assert_eq!(count("- **S1** It holds."), 1);
    assert_eq!(count("- **S2** It holds. `a.rs::one`"), 1);
    assert_eq!(count("words"), 1);
}
