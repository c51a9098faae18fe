//! Builds targets, all in one cargo invocation, and finds their executables. Runs
//! none of them.

use crate::manifest::{Declared, Manifest, cargo};
use crate::trouble::Trouble;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;

/// The profile that sweeps run in: optimised, with debug assertions.
const PROFILE: &str = "sim";

#[derive(Deserialize)]
struct Message {
    reason: String,
    package_id: Option<String>,
    target: Option<MessageTarget>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct MessageTarget {
    name: String,
    kind: Vec<String>,
}

/// Builds the targets, with their planted bugs if `with_bugs`; the executables in
/// the order of the targets.
///
/// Every package with a target is named to cargo, whichever targets are asked for: cargo gives
/// what they depend on the features that the named packages want together, and with others for
/// each choice the same crates would be built again and again.
///
/// # Errors
/// If cargo fails; its complaints went to standard error.
pub(crate) fn build(
    manifest: &Manifest,
    targets: &[&Declared],
    profile: Option<&str>,
    with_bugs: bool,
) -> Result<Vec<PathBuf>, Trouble> {
    let mut command = cargo();
    command.args(["test", "--no-run", "--quiet", "--message-format", "json-render-diagnostics"]);
    command.args(["--profile", profile.unwrap_or(PROFILE), "--manifest-path"]).arg(manifest.root.join("Cargo.toml"));
    let packages: BTreeSet<&String> = manifest.targets.iter().map(|target| &target.package).collect();
    let (mut tests, mut features) = (BTreeSet::new(), BTreeSet::new());
    for target in targets {
        tests.insert(&target.test);
        features.extend(target.features(with_bugs).iter().map(|feature| format!("{}/{feature}", target.package)));
    }
    command.args(packages.iter().flat_map(|package| ["--package", package]));
    command.args(tests.iter().flat_map(|test| ["--test", test]));
    command.args(features.iter().flat_map(|feature| ["--features", feature]));
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Trouble::new(format!("cargo cannot be started: {error}")))?;
    if !output.status.success() {
        return Err(Trouble::new(not_built(manifest, profile)));
    }
    let messages: Vec<Message> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|message: &Message| message.reason == "compiler-artifact")
        .collect();
    targets.iter().map(|target| executable(target, &messages)).collect()
}

/// Why the targets do not build, as far as it is not cargo's to say.
fn not_built(manifest: &Manifest, profile: Option<&str>) -> String {
    let text = std::fs::read_to_string(manifest.root.join("Cargo.toml")).unwrap_or_default();
    if profile.is_some() || text.contains("[profile.sim]") {
        return "the targets do not build; see above".to_string();
    }
    "the targets do not build. Sweeps have a profile, and the workspace's Cargo.toml has no [profile.sim]: write \
     `inherits = \"release\"`, `debug-assertions = true` and `overflow-checks = true` below one, or give --profile"
        .to_string()
}

fn executable(target: &Declared, messages: &[Message]) -> Result<PathBuf, Trouble> {
    let is_it = |message: &&Message| {
        let is_test = |one: &MessageTarget| one.name == target.test && one.kind.iter().any(|kind| kind == "test");
        message.package_id.as_ref() == Some(&target.package_id) && message.target.as_ref().is_some_and(is_test)
    };
    let found = messages.iter().filter(is_it).find_map(|message| message.executable.clone());
    found.ok_or_else(|| Trouble::new(format!("cargo built no test `{}` of package `{}`", target.test, target.package)))
}
