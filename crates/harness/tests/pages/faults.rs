//! Keeps docs/faults.md complete and true: every kind of fault, every knob with its
//! default, and tests that exist.

use crate::named::is_test;
use std::path::{Path, PathBuf};
use wavetank_harness::{Chaos, EngineConfig, NetworkConfig, SimulationBuilder, StorageConfiguration, all_kinds};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn page() -> String {
    read(&root().join("docs/faults.md"))
}

/// The cells of a section's table, without its head.
fn rows(page: &str, section: &str) -> Vec<Vec<String>> {
    let heading = format!("\n## {section}\n");
    let start = page.find(&heading).unwrap_or_else(|| panic!("the page has no section {section}")) + heading.len();
    let end = page[start..].find("\n## ").map_or(page.len(), |end| start + end);
    let lines = page[start..end].lines().filter(|line| line.starts_with("| "));
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_string()).collect();
    lines.skip(1).map(cells).collect()
}

#[test]
fn every_kind_of_fault_is_on_the_page_and_no_other() {
    let page = page();
    let told: Vec<String> = rows(&page, "Kinds").iter().map(|row| row[0].trim_matches('`').to_string()).collect();
    let kinds: Vec<&str> = all_kinds().map(|kind| kind.name()).collect();
    assert_eq!(told, kinds, "on the page, and in the program, in the order of their indices");
    for row in rows(&page, "Kinds") {
        assert!(row.len() == 6 && row.iter().all(|cell| !cell.is_empty()), "an empty cell: {row:?}");
    }
}

#[test]
fn every_test_that_the_page_names_exists() {
    let page = page();
    let mut named = 0;
    for row in rows(&page, "Kinds") {
        for place in row[5].split(", ") {
            let place = place.trim_matches('`');
            let (file, test) = place.split_once("::").unwrap_or_else(|| panic!("`{place}` is not FILE::TEST"));
            let source = read(&root().join("crates").join(file));
            assert!(is_test(&source, test), "{place} is no test");
            named += 1;
        }
    }
    assert!(named >= rows(&page, "Kinds").len());
}

/// Fields and values of a struct, as its `Debug` prints them; ratios and numbers for people.
fn fields(debug: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in debug.lines().filter(|line| line.starts_with("    ")) {
        match (line.strip_prefix("    ").filter(|line| !line.starts_with([' ', '}'])), fields.last_mut()) {
            (Some(field), _) => {
                let (name, value) = field.split_once(": ").expect("a field has a value");
                fields.push((name.to_string(), value.trim_end_matches(',').to_string()));
            }
            (None, Some((_, value))) => value.push_str(line.trim()),
            (None, None) => {}
        }
    }
    // How far a run may go is no fault.
    fields.retain(|(name, _)| name != "limits");
    for (_, value) in &mut fields {
        *value = readable(value.trim_end_matches(','));
    }
    fields
}

/// A value as the page has it.
fn readable(value: &str) -> String {
    if let Some(parts) = value.strip_suffix("/2^32") {
        let parts: u64 = parts.parse().expect("a ratio has parts of 2^32");
        return match parts {
            0 => "0".to_string(),
            // Ratios are rounded down to parts.
            _ => format!("1/{}", ((1u64 << 32) as f64 / parts as f64).round()),
        };
    }
    let value = value.replace("DurationRange {min: ", "").replace(",max: ", "..=").replace(",}", "");
    match value.parse::<u64>() {
        Ok(u64::MAX) => "2^64 - 1".to_string(),
        Ok(number) => {
            let digits = number.to_string();
            let groups: Vec<&str> =
                digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).expect("digits")).collect();
            groups.join(",")
        }
        Err(_) => value,
    }
}

fn check_knobs(section: &str, debug: &str) {
    let told: Vec<(String, String)> = rows(&page(), section)
        .into_iter()
        .map(|row| {
            assert!(row.len() == 4 && row.iter().all(|cell| !cell.is_empty()), "an empty cell: {row:?}");
            (row[0].trim_matches('`').to_string(), row[1].clone())
        })
        .collect();
    assert_eq!(told, fields(debug), "on the page, and in the program");
}

#[test]
fn every_knob_is_on_the_page_with_its_default() {
    let mut engine = EngineConfig::default();
    // What a builder sets differs from the engine's own default.
    let _ = SimulationBuilder::new().with_engine_config(|defaults| engine = defaults.clone());
    check_knobs("Engine", &format!("{engine:#?}"));
    check_knobs("Chaos", &format!("{:#?}", Chaos::default()));
    check_knobs("Network", &format!("{:#?}", NetworkConfig::default()));
    check_knobs("Storage", &format!("{:#?}", StorageConfiguration::default()));
}
