//! The lock file of the comparison with other simulators, which is a workspace of its own:
//! whether it still says what our crates depend on. Nothing else in CI builds it.

use crate::workspace::{Package, Workspace};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

const LOCK: &str = "benches/peers/Cargo.lock";

/// A line for each of our crates that has other dependencies than the lock file says.
pub(super) fn stale(workspace: &Workspace) -> Vec<String> {
    let lock = fs::read_to_string(workspace.root.join(LOCK)).unwrap_or_default();
    compare(&locked(&lock), &workspace.packages)
}

fn compare(locked: &BTreeMap<String, BTreeSet<String>>, packages: &[Package]) -> Vec<String> {
    if locked.is_empty() {
        return vec![format!("{LOCK}: it names no package")];
    }
    let ours = packages.iter().filter_map(|package| Some((package, locked.get(&package.name)?)));
    let stale = ours.filter(|(package, listed)| {
        let needs = package.dependencies.iter().filter(|one| !one.is_dev() && !one.optional);
        needs.map(|one| one.name.clone()).any(|name| !listed.contains(&name))
    });
    stale.map(|(package, _)| format!("{LOCK}: stale for {}: build there once without --locked", package.name)).collect()
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
        assert_eq!(compare(&lock("b 1.0"), std::slice::from_ref(&package)), Vec::<String>::new());
        assert_eq!(compare(&lock("c"), &[package]).len(), 1);
        assert_eq!(compare(&locked(""), &[]).len(), 1);
    }
}
