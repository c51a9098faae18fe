//! Finds the dependencies that the table of layers does not have.
//!
//! What the sources then do is the business of `sources`.

use std::collections::BTreeSet;

use super::{
    table::{Layer, layer, package_name},
    violation::Violation,
};
use crate::workspace::{Dependency, Package, Workspace};

/// Every violation that the manifests of `workspace` show.
pub(crate) fn violations(workspace: &Workspace) -> Vec<Violation> {
    let mut found = Vec::new();
    for package in &workspace.packages {
        let folder = workspace.place(package);
        let Some(row) = layer(&folder).filter(|_| package_name(&folder).is_none_or(|name| name == package.name)) else {
            found.push(Violation::Unknown { folder, package: package.name.clone() });
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| dependency.path.is_some()) {
            found.extend(arrow(workspace, package, row, dependency));
        }
        if folder == "crates/core" {
            found.extend(tokio_features(package));
        }
    }
    found
}

/// What is wrong with one dependency on a package of ours.
fn arrow(workspace: &Workspace, package: &Package, row: &Layer, dependency: &Dependency) -> Option<Violation> {
    let from = workspace.place(package);
    let Some(below) = workspace.packages.iter().find(|package| package.name == dependency.name) else {
        return Some(Violation::Unknown { folder: from, package: dependency.name.clone() });
    };
    let to = workspace.place(below);
    // A dependency of which the table knows nothing is reported where it is declared.
    let below_row = layer(&to)?;
    let short = to.rsplit('/').next().expect("a path has a last part");

    if from.starts_with("crates/") && to.starts_with("systems/") {
        return Some(Violation::OnSystem { from, to });
    }
    if dependency.is_dev() {
        // Tests may look up the layers, but not at what is built from the crate itself.
        let cycle = reachable(workspace, below).contains(&package.name);
        return cycle.then_some(Violation::DevCycle { from, to });
    }
    if row.may.contains(&short) || row.may.contains(&"*") {
        return None;
    }
    if row.may_optionally.contains(&short) {
        return (!dependency.optional).then_some(Violation::NotOptional { from, to });
    }
    let devices = ["crates/network", "crates/storage"];
    if devices.contains(&from.as_str()) && devices.contains(&to.as_str()) {
        return Some(Violation::DevicesMeet { from, to });
    }
    Some(match below_row.level.cmp(&row.level) {
        std::cmp::Ordering::Greater => Violation::Up { from, to },
        std::cmp::Ordering::Equal => Violation::Sideways { from, to },
        std::cmp::Ordering::Less => Violation::Unlisted { from, to },
    })
}

/// The names of `package` and of all of ours that it is built from.
fn reachable(workspace: &Workspace, package: &Package) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![package.name.clone()];
    while let Some(name) = waiting.pop() {
        let Some(package) = workspace.packages.iter().find(|package| package.name == name) else { continue };
        if seen.insert(name) {
            let ours =
                package.dependencies.iter().filter(|dependency| dependency.path.is_some() && !dependency.is_dev());
            waiting.extend(ours.map(|dependency| dependency.name.clone()));
        }
    }
    seen
}

/// What `package` takes of tokio beyond its I/O traits.
fn tokio_features(package: &Package) -> Vec<Violation> {
    let mut taken = Vec::new();
    let tokio = |dependency: &&Dependency| dependency.name == "tokio" && !dependency.is_dev();
    for dependency in package.dependencies.iter().filter(tokio) {
        taken.extend(dependency.features.iter().cloned());
        if dependency.uses_default_features {
            taken.push("default".to_owned());
        }
    }
    for switched_on in package.features.values().flatten() {
        let feature = switched_on.strip_prefix("tokio/").or_else(|| switched_on.strip_prefix("tokio?/"));
        taken.extend(feature.map(ToOwned::to_owned));
    }
    taken.into_iter().map(|feature| Violation::TokioFeature { package: package.name.clone(), feature }).collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::PathBuf};

    use super::*;

    /// `counter` in `systems/counter`, `wavetank-core` in `crates/core`.
    fn folder_of(name: &str) -> String {
        match name.strip_prefix("wavetank-") {
            Some(short) => format!("/w/crates/{short}"),
            None if name == "wavetank" => "/w/crates/wavetank".to_owned(),
            None if name == "xtask" => "/w/xtask".to_owned(),
            None => format!("/w/systems/{name}"),
        }
    }

    fn package(name: &str) -> Package {
        let manifest_path = PathBuf::from(folder_of(name)).join("Cargo.toml");
        Package { name: name.to_owned(), manifest_path, dependencies: Vec::new(), features: BTreeMap::new() }
    }

    fn on(name: &str) -> Dependency {
        Dependency {
            name: name.to_owned(),
            kind: None,
            path: Some(PathBuf::from(folder_of(name))),
            optional: false,
            features: Vec::new(),
            uses_default_features: true,
        }
    }

    /// A workspace of the packages that the arrows name.
    fn workspace(arrows: &[(&str, Dependency)]) -> Workspace {
        let names: BTreeSet<&str> = arrows.iter().flat_map(|(from, to)| [*from, to.name.as_str()]).collect();
        let mut packages: Vec<Package> = names.into_iter().filter(|name| *name != "tokio").map(package).collect();
        for (from, to) in arrows {
            let from = packages.iter_mut().find(|package| package.name == *from).expect("it was just made");
            from.dependencies.push(to.clone());
        }
        Workspace { root: "/w".into(), target: "/w/target".into(), packages }
    }

    fn check(arrows: &[(&str, Dependency)], expected: &[&str]) {
        let found: Vec<String> = violations(&workspace(arrows)).iter().map(kind).collect();
        assert_eq!(found, expected, "{arrows:?}");
    }

    /// The violation's variant alone.
    fn kind(violation: &Violation) -> String {
        let text = format!("{violation:?}");
        text.split_whitespace().next().expect("a variant has a name").to_owned()
    }

    fn dev(name: &str) -> Dependency {
        Dependency { kind: Some("dev".to_owned()), ..on(name) }
    }

    #[test]
    fn arrows_of_the_table_are_fine() {
        let arrows = [
            ("wavetank-engine", on("wavetank-core")),
            ("wavetank-network", on("wavetank-engine")),
            ("wavetank-harness", on("wavetank-network")),
            ("wavetank-hosting-redb", on("wavetank-core")),
            ("counter", on("wavetank-tokio")),
            ("counter", dev("wavetank-harness")),
            ("xtask", on("wavetank-cli")),
            ("xtask", on("counter")),
        ];
        check(&arrows, &[]);
    }

    #[test]
    fn each_wrong_arrow_is_seen() {
        check(&[("wavetank-core", on("wavetank-engine"))], &["Up"]);
        check(&[("wavetank-core", on("wavetank-probe"))], &["Sideways"]);
        check(&[("wavetank-network", on("wavetank-storage"))], &["DevicesMeet"]);
        check(&[("wavetank-storage", on("wavetank-network"))], &["DevicesMeet"]);
        check(&[("wavetank-network", on("wavetank-probe"))], &["Unlisted"]);
        check(&[("counter", on("wavetank-harness"))], &["Unlisted"]);
        check(&[("counter", on("wavetank-engine"))], &["Unlisted"]);
        check(&[("counter", on("ping-pong"))], &["Sideways"]);
        check(&[("wavetank-cli", on("xtask"))], &["Up"]);
        check(&[("wavetank-harness", on("counter"))], &["OnSystem"]);
        check(&[("wavetank-conformance", dev("ping-pong"))], &["OnSystem"]);
    }

    #[test]
    fn a_build_dependency_counts() {
        let build = Dependency { kind: Some("build".to_owned()), ..on("wavetank-engine") };
        check(&[("wavetank-core", build)], &["Up"]);
    }

    #[test]
    fn an_unknown_crate_is_seen() {
        check(&[("wavetank-kernel", on("wavetank-core"))], &["Unknown"]);
        let mut renamed = workspace(&[("wavetank-engine", on("wavetank-core"))]);
        renamed.packages[0].name = "tank-core".to_owned();
        assert!(violations(&renamed).iter().any(|violation| kind(violation) == "Unknown"));
    }

    #[test]
    fn the_umbrella_needs_a_feature_for_the_simulator() {
        check(&[("wavetank", on("wavetank-harness"))], &["NotOptional"]);
        check(&[("wavetank", Dependency { optional: true, ..on("wavetank-harness") })], &[]);
    }

    #[test]
    fn tests_may_look_up_but_not_at_themselves() {
        check(&[("wavetank-core", dev("wavetank-probe"))], &[]);
        check(&[("wavetank-core", dev("wavetank-engine")), ("wavetank-engine", on("wavetank-core"))], &["DevCycle"]);
        let round = [
            ("wavetank-core", dev("wavetank-harness")),
            ("wavetank-harness", on("wavetank-engine")),
            ("wavetank-engine", on("wavetank-core")),
        ];
        check(&round, &["DevCycle"]);
    }

    #[test]
    fn core_takes_nothing_but_tokios_traits() {
        let tokio = || Dependency { path: None, uses_default_features: false, ..on("tokio") };
        check(&[("wavetank-core", tokio())], &[]);
        check(&[("wavetank-core", Dependency { features: vec!["rt".to_owned()], ..tokio() })], &["TokioFeature"]);
        check(&[("wavetank-core", Dependency { uses_default_features: true, ..tokio() })], &["TokioFeature"]);
        check(
            &[(
                "wavetank-core",
                Dependency { kind: Some("dev".to_owned()), features: vec!["full".to_owned()], ..tokio() },
            )],
            &[],
        );
        let mut switched = workspace(&[("wavetank-core", tokio())]);
        switched.packages[0].features.insert("net".to_owned(), vec!["tokio/net".to_owned()]);
        assert_eq!(violations(&switched).iter().map(kind).collect::<Vec<_>>(), ["TokioFeature"]);
    }
}
