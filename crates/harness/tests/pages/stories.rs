//! Keeps the table of docs/guide/stories.md complete: all that a test may do to a tank by hand.

use std::collections::BTreeSet;

const CHAPTER: &str = include_str!("../../../../docs/guide/stories.md");
const BLOWS: &str = include_str!("../../src/tank/blows.rs");
const FAULTS: &str = include_str!("../../../../docs/faults.md");

/// The methods that the page of faults names.
fn named_by_faults() -> impl Iterator<Item = &'static str> {
    FAULTS.split("`Tank::").skip(1).map(|rest| rest.split('`').next().expect("it is quoted"))
}

#[test]
fn every_blow_is_in_the_chapter_and_no_other() {
    let (_, section) = CHAPTER.split_once("\n## What may go wrong\n").expect("the chapter has that section");
    let table = section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let told: BTreeSet<&str> = table.flat_map(|row| row.split('`').skip(1).step_by(2)).collect();
    let methods = BLOWS.split("    pub fn ").skip(1);
    let methods: BTreeSet<&str> = methods.map(|rest| rest.split('(').next().expect("it takes arguments")).collect();
    assert_eq!(told, methods, "in the chapter on the left, in the program on the right");
    for method in named_by_faults() {
        assert!(methods.contains(method), "docs/faults.md names `Tank::{method}`");
    }
    assert!(named_by_faults().count() > 10);
}
