//! The step that uses the crates one by one: small projects outside the workspace,
//! as somebody else would have them, are built and their dependencies counted.
//!
//! The projects are generated below the target folder; nothing of them is committed.

use std::{collections::BTreeSet, fs, path::Path};

use super::Outcome;
use crate::{program::Program, red::Red, terminal::say, workspace::Workspace};

/// A project: its name, the crates of ours that it depends on, and its program.
struct Project {
    name: &'static str,
    crates: &'static [&'static str],
    program: &'static str,
}

const PROJECTS: &[Project] = &[
    Project {
        name: "probe-alone",
        crates: &["probe"],
        program: r#"use wavetank_probe::prelude::*;

fn main() {
    let halved = buggify!("halve the batch", 0.5);
    always_assert!(!halved, "a planted point is inert outside a simulation");
    assert!(!halved);
}
"#,
    },
    Project {
        name: "core-and-tokio",
        crates: &["core", "tokio"],
        program: r#"use wavetank_core::Providers;
use wavetank_tokio as _;

async fn greet<P: Providers>(world: P, server: std::net::SocketAddr) -> std::io::Result<()> {
    world.connect(server).await.map(drop)
}

fn assert_send<T: Send>(_: &T) {}

fn generic<P: Providers>(world: P) {
    assert_send(&greet(world, ([127, 0, 0, 1], 1).into()));
}

fn main() {
    let _ = generic::<wavetank_tokio::TokioProviders>;
}
"#,
    },
    Project {
        name: "harness-alone",
        crates: &["harness"],
        program: r#"use wavetank_harness::SimulationBuilder;

fn main() {
    let _ = SimulationBuilder::new();
}
"#,
    },
];

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    let mut counts = Vec::new();
    for project in PROJECTS {
        let folder = workspace.target.join("alone").join(project.name);
        write(workspace, project, &folder).map_err(|error| Red::new(format!("{}: {error}", folder.display())))?;
        let target = workspace.target.join("alone/target");
        Program::cargo(&["run", "--quiet"], &folder).with_env("CARGO_TARGET_DIR", &target).run()?;
        let tree = Program::cargo(&["tree", "--edges", "normal,build", "--prefix", "none"], &folder).output()?;
        counts.push(format!("{} ({}): {} dependencies", project.name, project.crates.join(", "), count(&tree)));
    }
    for line in counts {
        say(line);
    }
    Ok(Outcome::Green)
}

/// Writes `project` into `folder`, with the workspace's lock file, so that it is built
/// from the same versions.
fn write(workspace: &Workspace, project: &Project, folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("Cargo.toml"), manifest(project, &workspace.root))?;
    fs::write(folder.join("src/main.rs"), project.program)?;
    fs::copy(workspace.root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(())
}

fn manifest(project: &Project, root: &Path) -> String {
    let mut text =
        format!("[package]\nname = {:?}\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n", project.name);
    for short in project.crates {
        let path = root.join("crates").join(short);
        text += &format!("wavetank-{short} = {{ path = {:?} }}\n", path.display().to_string());
    }
    text
}

/// How many packages `tree` names beside the first one, the project itself.
fn count(tree: &str) -> usize {
    let packages: BTreeSet<&str> =
        tree.lines().skip(1).map(|line| line.trim_end_matches(" (*)").trim()).filter(|line| !line.is_empty()).collect();
    packages.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_counted_once() {
        assert_eq!(count("alone v0.1.0\na v1.0.0\nb v1.0.0\na v1.0.0 (*)\n\nb v2.0.0\n"), 3);
        assert_eq!(count("alone v0.1.0\n"), 0);
    }
}
