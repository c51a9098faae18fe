//! The lock files of the benchmarks, which are workspaces of their own: whether they still
//! say what our crates depend on. Nothing else in CI builds the comparison with other simulators.

use crate::workspace::{Package, Workspace};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

const LOCKS: &[&str] = &["benches/instructions/Cargo.lock", "benches/peers/Cargo.lock"];

/// A line for each of our crates that has other dependencies than a lock file says.
pub(super) fn stale(workspace: &Workspace) -> Vec<String> {
    let compared = LOCKS.iter().flat_map(|file| {
        let lock = fs::read_to_string(workspace.root.join(file)).unwrap_or_default();
        compare(file, &locked(&lock), &workspace.packages)
    });
    compared.collect()
}

fn compare(file: &str, locked: &BTreeMap<String, BTreeSet<String>>, packages: &[Package]) -> Vec<String> {
    if locked.is_empty() {
        return vec![format!("{file}: it names no package")];
    }
    let ours = packages.iter().filter_map(|package| Some((package, locked.get(&package.name)?)));
    let stale = ours.filter(|(package, listed)| {
        let needs = package.dependencies.iter().filter(|one| !one.is_dev() && !one.optional);
        needs.map(|one| one.name.clone()).any(|name| !listed.contains(&name))
    });
    stale.map(|(package, _)| format!("{file}: stale for {}: build there once without --locked", package.name)).collect()
}

/// What each package of a lock file depends on, by name.
fn locked(lock: &str) -> BTreeMap<String, BTreeSet<String>> {
    let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let mut packages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut name = String::new();
    for line in lock.lines() {
        if let Some(found) = line.strip_prefix("name = ").and_then(quoted) {
            name = found;
            packages.entry(name.clone()).or_default();
        } else if line.starts_with(" \"") {
            // Of one that is there in several versions: its name, and which.
            let dependency = quoted(line).unwrap_or_default();
            let dependency = dependency.split(' ').next().unwrap_or_default().to_owned();
            packages.entry(name.clone()).or_default().insert(dependency);
        }
    }
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_that_the_lock_file_lacks_is_told() {
        let package: Package = serde_json::from_str(
            r#"{"name": "a", "manifest_path": "a/Cargo.toml", "features": {}, "dependencies": [
                {"name": "b", "kind": null, "path": null, "optional": false, "features": [], "uses_default_features": true},
                {"name": "d", "kind": "dev", "path": null, "optional": false, "features": [], "uses_default_features": true}
            ]}"#,
        )
        .expect("a package as cargo tells it");
        let lock = |dependency: &str| {
            locked(&format!("[[package]]\nname = \"a\"\nversion = \"1\"\ndependencies = [\n \"{dependency}\",\n]\n"))
        };
        assert_eq!(compare("lock", &lock("b 1.0"), std::slice::from_ref(&package)), Vec::<String>::new());
        assert_eq!(compare("lock", &lock("c"), &[package]).len(), 1);
        assert_eq!(compare("lock", &locked(""), &[]).len(), 1);
    }
}
