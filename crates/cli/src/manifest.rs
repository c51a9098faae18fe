//! The simulation targets of a workspace, as the manifests of its members declare
//! them under `[package.metadata.wavetank]`. Builds nothing.

use crate::roster::is_word;
use crate::trouble::Trouble;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// A workspace with its targets, sorted by name.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) built: PathBuf,
    pub(crate) targets: Vec<Declared>,
}

/// A declared target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) package: String,
    pub(crate) package_id: String,
    /// Its file.
    pub(crate) manifest: PathBuf,
    /// The test target with `harness = false`.
    pub(crate) test: String,
    pub(crate) about: String,
    /// Whether only those who name it get it.
    pub(crate) fixture: bool,
    /// Features of the package to switch on.
    pub(crate) features: Vec<String>,
    /// Features without which cargo leaves the test out, and says nothing.
    pub(crate) required_features: Vec<String>,
    /// Whether the package has a feature `bugs`.
    pub(crate) has_bugs_feature: bool,
    pub(crate) bugs: Vec<Bug>,
}

/// A planted bug.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Bug {
    pub(crate) name: String,
    /// What is wrong with it.
    #[serde(default)]
    pub(crate) about: String,
    /// The oracle that must report it, with words of its message.
    #[serde(default)]
    pub(crate) reported_by: String,
    /// The smallest run that shows it, as somebody found by hand.
    #[serde(default)]
    pub(crate) minimum: Option<Minimum>,
}

/// How small a run can be, counted as a shrinker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Minimum {
    /// Faults that fire; what a crash loses counts, each thing by itself.
    pub(crate) faults: usize,
    pub(crate) operations: usize,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    id: String,
    manifest_path: PathBuf,
    features: BTreeMap<String, Vec<String>>,
    targets: Vec<CargoTarget>,
    metadata: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct CargoTarget {
    name: String,
    kind: Vec<String>,
    #[serde(default, rename = "required-features")]
    required_features: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declaration {
    #[serde(default)]
    fixture: bool,
    #[serde(default)]
    targets: Vec<DeclaredTarget>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredTarget {
    name: String,
    test: Option<String>,
    #[serde(default)]
    about: String,
    #[serde(default)]
    fixture: bool,
    #[serde(default)]
    features: Vec<String>,
    #[serde(default)]
    bugs: Vec<Bug>,
}

impl Declared {
    /// The features of its package that it is built with.
    pub(crate) fn features(&self, with_bugs: bool) -> Vec<String> {
        let bugs = (with_bugs && self.has_bugs_feature).then(|| "bugs".to_string());
        self.features.iter().cloned().chain(bugs).collect()
    }
}

impl Manifest {
    /// Asks cargo about the workspace of the current folder.
    ///
    /// # Errors
    /// If there is none, or a declaration in it is wrong.
    pub(crate) fn read() -> Result<Manifest, Trouble> {
        let output = cargo()
            .args(["metadata", "--format-version", "1", "--no-deps"])
            .output()
            .map_err(|error| Trouble::new(format!("cargo cannot be started: {error}")))?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            let line = complaint.lines().find(|line| line.contains("error")).unwrap_or("without a word");
            return Err(Trouble::new(format!("cargo metadata failed: {}", line.trim_start_matches("error: "))));
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout)
            .map_err(|error| Trouble::new(format!("cargo metadata cannot be read: {error}")))?;
        Manifest::of(metadata)
    }

    fn of(metadata: Metadata) -> Result<Manifest, Trouble> {
        let mut targets: Vec<Declared> = Vec::new();
        for package in &metadata.packages {
            targets.extend(declared(package)?);
        }
        targets.sort_by(|one, other| one.name.cmp(&other.name));
        if let Some(pair) = targets.windows(2).find(|pair| pair[0].name == pair[1].name) {
            let [one, other] = [&pair[0], &pair[1]];
            let (name, first, second) = (&one.name, &one.package, &other.package);
            return Err(Trouble::new(format!("packages `{first}` and `{second}` both declare a target `{name}`")));
        }
        Ok(Manifest { root: metadata.workspace_root, built: metadata.target_directory, targets })
    }

    /// The target of a name; a `/` and a simulation may follow it.
    ///
    /// # Errors
    /// If there is none, in a line that says which there are.
    pub(crate) fn find<'a>(&self, name: &'a str) -> Result<(&Declared, Option<&'a str>), Trouble> {
        let (target, simulation) = match name.split_once('/') {
            Some((target, simulation)) => (target, Some(simulation)),
            None => (name, None),
        };
        match self.targets.iter().find(|one| one.name == target) {
            Some(declared) => Ok((declared, simulation)),
            None => Err(Trouble::new(format!("no target `{target}`; {}", self.known()))),
        }
    }

    /// Which targets there are, in words.
    pub(crate) fn known(&self) -> String {
        if self.targets.is_empty() {
            return "no package of this workspace declares one under [package.metadata.wavetank]".to_string();
        }
        let names: Vec<&str> = self.targets.iter().map(|one| one.name.as_str()).collect();
        format!("there are {}", names.join(", "))
    }
}

fn declared(package: &Package) -> Result<Vec<Declared>, Trouble> {
    let Some(declaration) = package.metadata.as_ref().and_then(|metadata| metadata.get("wavetank")) else {
        return Ok(Vec::new());
    };
    let wrong = |what: String| Trouble::new(format!("[package.metadata.wavetank] of `{}`: {what}", package.name));
    let declaration = Declaration::deserialize(declaration).map_err(|error| wrong(error.to_string()))?;
    let mut targets = Vec::new();
    for target in declaration.targets {
        let test = target.test.unwrap_or_else(|| target.name.clone());
        let is_test = |one: &CargoTarget| one.name == test && one.kind.iter().any(|kind| kind == "test");
        let Some(cargo_target) = package.targets.iter().find(|one| is_test(one)) else {
            return Err(wrong(format!("target `{}` has no test `{test}` in the package", target.name)));
        };
        if !is_word(&target.name) {
            return Err(wrong(format!("the name of target `{}` must be one word without `/`", target.name)));
        }
        targets.push(Declared {
            name: target.name,
            package: package.name.clone(),
            package_id: package.id.clone(),
            manifest: package.manifest_path.clone(),
            test,
            about: target.about,
            fixture: declaration.fixture || target.fixture,
            features: target.features,
            required_features: cargo_target.required_features.clone(),
            has_bugs_feature: package.features.contains_key("bugs"),
            bugs: target.bugs,
        });
    }
    Ok(targets)
}

/// The cargo that runs us, or the one in the path.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(wavetank: &str) -> Result<Manifest, Trouble> {
        let metadata = format!(
            r#"{{"workspace_root": "/w", "target_directory": "/w/target", "packages": [{{"name": "kv", "id": "kv#1", "manifest_path": "/w/kv/Cargo.toml", "features": {{"bugs": []}},
                "targets": [{{"name": "storm", "kind": ["test"]}}, {{"name": "kv", "kind": ["lib"]}}],
                "metadata": {{"wavetank": {wavetank}}}}}]}}"#
        );
        Manifest::of(serde_json::from_str(&metadata).expect("the test's own JSON"))
    }

    fn check_bad(wavetank: &str, hint: &str) {
        let trouble = read(wavetank).expect_err(wavetank).to_string();
        assert!(trouble.contains(hint) && !trouble.contains('\n'), "{wavetank}: {trouble}");
    }

    #[test]
    fn a_declaration_is_found() {
        let bugs = r#"[{"name": "early", "reported-by": "no acknowledged write is lost",
            "minimum": {"faults": 2, "operations": 1}}]"#;
        let manifest = read(&format!(r#"{{"targets": [{{"name": "kv", "test": "storm", "bugs": {bugs}}}]}}"#))
            .expect("a good declaration");
        let (kv, simulation) = manifest.find("kv/small").expect("it is there");
        assert_eq!((kv.test.as_str(), simulation, kv.fixture, kv.bugs.len()), ("storm", Some("small"), false, 1));
        assert_eq!(kv.bugs[0].minimum, Some(Minimum { faults: 2, operations: 1 }));
        let trouble = manifest.find("nobody").expect_err("it is not there").to_string();
        assert_eq!(trouble, "no target `nobody`; there are kv");
    }

    #[test]
    fn a_package_of_fixtures_has_only_fixtures() {
        let manifest = read(r#"{"fixture": true, "targets": [{"name": "storm"}]}"#).expect("a good declaration");
        assert!(manifest.targets[0].fixture && manifest.targets[0].has_bugs_feature);
    }

    #[test]
    fn a_wrong_declaration_is_one_line() {
        check_bad(r#"{"targets": [{"name": "kv"}]}"#, "no test `kv`");
        check_bad(r#"{"target": []}"#, "unknown field");
        check_bad(r#"{"targets": [{"name": "a/b", "test": "storm"}]}"#, "without `/`");
        check_bad(r#"{"targets": [{"name": "storm"}, {"name": "storm"}]}"#, "both declare");
    }
}
