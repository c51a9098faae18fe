//! A headless Chromium, and a folder with the scripts that use it. What they look at, and
//! what is wrong with it, is for the steps that call them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{
    program::{Program, ensure_package},
    red::Red,
    workspace::Workspace,
};

/// What it takes, each as a probe and a Debian package.
const NEEDS: &[(&[&str], &str)] =
    &[(&["chromium", "--version"], "chromium"), (&["node", "--version"], "nodejs"), (&["npm", "--version"], "npm")];

/// What the scripts are, and what they need.
const FILES: &[&str] = &["check.mjs", "picture.mjs", "package.json", "package-lock.json", ".npmrc"];

/// A browser that can be used.
pub(super) struct Chromium {
    /// The folder of the scripts, among what is built.
    pub(super) folder: PathBuf,
    /// Where the browser is: the scripts' library looks for none.
    program: String,
}

/// Whether there is one.
pub(super) enum Found {
    Ready(Chromium),
    /// This machine lacks something that we may not install.
    Lacking(String),
}

impl Chromium {
    /// Sees to it that there is a browser, and scripts for it.
    ///
    /// # Errors
    /// If the scripts cannot be prepared.
    pub(super) fn find(workspace: &Workspace) -> Result<Found, Red> {
        let lacking = NEEDS.iter().find(|(probe, package)| !ensure_package(probe, package, &workspace.root));
        if let Some((_, package)) = lacking {
            return Ok(Found::Lacking(format!("no {package} here (apt-get install {package}, as root)")));
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let program = std::env::split_paths(&path).map(|folder| folder.join("chromium")).find(|file| file.is_file());
        let program = program.expect("it was just asked for its version").display().to_string();
        let folder = workspace.target.join("browser");
        prepare(&workspace.root.join("crates/debug/browser"), &folder)?;
        Ok(Found::Ready(Chromium { folder, program }))
    }

    /// A script that gets the browser and these arguments.
    pub(super) fn script(&self, name: &str, arguments: &[&str]) -> Program {
        Program::new("node", &[[name, &self.program].as_slice(), arguments].concat(), &self.folder)
    }
}

/// The script and what it needs, in a folder of their own among what is built.
fn prepare(from: &Path, to: &Path) -> Result<(), Red> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| Red::new(format!("{path}: {error}"))
    };
    fs::create_dir_all(to).map_err(failed(to))?;
    for name in FILES {
        let file = from.join(name);
        fs::copy(&file, to.join(name)).map_err(failed(&file))?;
    }
    // The package is JavaScript alone: no script of its own is run, no browser fetched.
    Program::new("npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], to).run()
}
