//! Every domain of decisions is known, to be lowered or to be left for a reason.

#![expect(clippy::disallowed_methods, reason = "it reads the sources")]

use std::collections::BTreeSet;
use std::path::Path;
use wavetank_debug::shrink::domains;

#[test]
fn every_domain_in_the_sources_is_lowered_or_excused() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies among the others");
    let mut found = BTreeSet::new();
    for name in ["engine", "network", "storage", "harness"] {
        gather(&crates.join(name).join("src"), &mut found);
    }
    assert!(found.contains("network.latency"), "the sources are not read: {found:?}");
    let known: BTreeSet<String> = domains().map(|domain| domain.name().to_string()).collect();
    let unknown: Vec<&String> = found.difference(&known).collect();
    assert!(unknown.is_empty(), "crates/debug/src/shrink/domains.rs does not know {unknown:?}");
}

/// The names in `Domain::new("..")`, in all files of a folder.
fn gather(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry of a folder").path();
        if path.is_dir() {
            gather(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("sources are text");
            let names = text.split("Domain::new(\"").skip(1).filter_map(|rest| rest.split('"').next());
            found.extend(names.map(ToString::to_string));
        }
    }
}
