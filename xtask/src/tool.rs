//! Tools that steps run and cargo can build: built once, where there is none.
//!
//! What a tool is run for is the business of the step that asks.

use std::path::PathBuf;

use crate::{program::Program, red::Red, terminal::say, workspace::Workspace};

/// A program on crates.io, in the one version that we use.
pub(crate) struct Tool {
    /// Of the package, and of its program.
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

impl Tool {
    /// The program, kept with what else cargo built here. It works for seconds at most, so it
    /// is built in the debug profile, which takes half of the minutes.
    ///
    /// # Errors
    /// If it cannot be built.
    pub(crate) fn build(&self, workspace: &Workspace) -> Result<PathBuf, Red> {
        let Tool { name, version } = self;
        let root = workspace.target.join("tools").join(format!("{name}-{version}"));
        let program = root.join("bin").join(name);
        if !program.exists() {
            say(format!("{name} is missing; building it into {}", root.display()));
            let (root, package) = (root.display().to_string(), format!("{name}@{version}"));
            let install = ["install", "--quiet", "--locked", "--debug", "--root", &root, &package];
            let built = Program::cargo(&install, &workspace.root).with_env("CARGO_PROFILE_DEV_DEBUG", "0").run();
            built.map_err(|red| Red::new(format!("{name} cannot be built here: {red}")))?;
        }
        Ok(program)
    }
}
