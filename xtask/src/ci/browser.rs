//! The browser step: timelines are opened in a headless Chromium, and used with keys.
//!
//! What is checked there is in `crates/debug/browser/check.mjs`.

use std::fs;
use std::path::{Path, PathBuf};

use super::Outcome;
use crate::{
    program::{Program, ensure_package},
    red::Red,
    workspace::Workspace,
};

/// What it takes, each as a probe and a Debian package.
const NEEDS: &[(&[&str], &str)] =
    &[(&["chromium", "--version"], "chromium"), (&["node", "--version"], "nodejs"), (&["npm", "--version"], "npm")];

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    let lacking = NEEDS.iter().find(|(probe, package)| !ensure_package(probe, package, &workspace.root));
    if let Some((_, package)) = lacking {
        let reason = format!("no {package} here (apt-get install {package}, as root)");
        // Where every change is judged, a picture that nobody looked at is no picture.
        return if std::env::var_os("CI").is_some() { Err(Red::new(reason)) } else { Ok(Outcome::Skipped(reason)) };
    }
    let folder = workspace.target.join("browser");
    let pages = folder.join("pages");
    let pictures = folder.join("pictures");
    // What was left by another revision would be judged as this one's.
    for left in [&pages, &pictures] {
        let _ = fs::remove_dir_all(left);
    }
    prepare(&workspace.root.join("crates/debug/browser"), &folder)?;
    fs::create_dir_all(&pages).map_err(|error| Red::new(format!("{}: {error}", pages.display())))?;
    let [pages, pictures] = [pages, pictures].map(|path| path.display().to_string());
    let sample = ["run", "--quiet", "--package", "wavetank-debug", "--example", "timeline_sample", "--", &pages];
    Program::cargo(&sample, &workspace.root).run()?;
    Program::new("node", &["check.mjs", "/usr/bin/chromium", &pages, &pictures], &folder).run()?;
    println!("what it looked like is in {pictures}");
    Ok(Outcome::Green)
}

/// The script and what it needs, in a folder of their own among what is built.
fn prepare(from: &Path, to: &Path) -> Result<(), Red> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| Red::new(format!("{path}: {error}"))
    };
    fs::create_dir_all(to).map_err(failed(to))?;
    let files: Vec<PathBuf> =
        ["check.mjs", "package.json", "package-lock.json", ".npmrc"].iter().map(|name| from.join(name)).collect();
    for file in &files {
        let name = file.file_name().expect("it was put together from names");
        fs::copy(file, to.join(name)).map_err(failed(file))?;
    }
    // The package is JavaScript alone: no script of its own is run, no browser fetched.
    Program::new("npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], to).run()
}
