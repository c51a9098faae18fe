//! The workspace as `cargo metadata` and the file system show it.
//!
//! It judges nothing; `layers` and the steps of `ci` do.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{program::Program, red::Red};

/// The workspace that this program was built in.
pub(crate) struct Workspace {
    /// Its folder.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// Its members.
    pub(crate) packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

/// A member, as `cargo metadata` describes it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Package {
    /// The name in its manifest.
    pub(crate) name: String,
    /// Its manifest.
    pub(crate) manifest_path: PathBuf,
    /// What it declares, whether or not a feature switches it on.
    pub(crate) dependencies: Vec<Dependency>,
    /// Its features and what each switches on.
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

/// One declared dependency.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Dependency {
    /// The package's name.
    pub(crate) name: String,
    /// `dev`, `build`, or nothing for an ordinary one.
    pub(crate) kind: Option<String>,
    /// Its folder, if it is ours.
    pub(crate) path: Option<PathBuf>,
    /// Whether a feature has to switch it on.
    pub(crate) optional: bool,
    /// The features asked for.
    pub(crate) features: Vec<String>,
    /// Whether its default features are on.
    pub(crate) uses_default_features: bool,
}

impl Dependency {
    /// Whether only tests, examples and benchmarks see it.
    pub(crate) fn is_dev(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

impl Package {
    /// The folder of its manifest.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().expect("a manifest is a file in a folder")
    }
}

impl Workspace {
    /// Asks cargo.
    ///
    /// # Errors
    /// If cargo does, or if its answer cannot be read.
    pub(crate) fn read() -> Result<Self, Red> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = Program::cargo(&["metadata", "--format-version", "1", "--no-deps"], here).output()?;
        let metadata: Metadata =
            serde_json::from_str(&text).map_err(|error| Red::new(format!("cargo metadata: {error}")))?;
        Ok(Workspace { root: metadata.workspace_root, target: metadata.target_directory, packages: metadata.packages })
    }

    /// The folder of `package`, below the root, with `/` between its parts.
    pub(crate) fn place(&self, package: &Package) -> String {
        let folder = package.folder();
        folder.strip_prefix(&self.root).unwrap_or(folder).to_string_lossy().replace('\\', "/")
    }

    /// Every Rust file of `package`, as its path below the root and its text.
    ///
    /// # Errors
    /// If a file or folder cannot be read.
    pub(crate) fn sources(&self, package: &Package) -> Result<Vec<(String, String)>, Red> {
        let mut found = Vec::new();
        let mut folders = vec![package.folder().to_owned()];
        while let Some(folder) = folders.pop() {
            let failed = |error| Red::new(format!("{}: {error}", folder.display()));
            for entry in fs::read_dir(&folder).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                if path.is_dir() {
                    // A folder with a manifest is another package; `target` is not source.
                    if !path.join("Cargo.toml").exists() && !path.ends_with("target") {
                        folders.push(path);
                    }
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text =
                        fs::read_to_string(&path).map_err(|error| Red::new(format!("{}: {error}", path.display())))?;
                    let place = path.strip_prefix(&self.root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                    found.push((place, text));
                }
            }
        }
        found.sort();
        Ok(found)
    }
}
