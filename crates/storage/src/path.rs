//! A path as the kernel walks it: steps from the root, `..` included. Knows
//! nothing of what is there.

use crate::errno::Errno;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path, PathBuf};
use wavetank_engine::{mix, name_key};

/// The longest name of a file, in bytes (`NAME_MAX`). Longer ones are refused where they are looked up.
pub(crate) const NAME_BYTES_MOST: usize = 255;
/// The longest path, in bytes, with the zero that ends it (`PATH_MAX`).
const PATH_BYTES_MOST: usize = 4096;

/// One step of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// To the directory above; at the root, nowhere.
    Up,
    /// Nowhere, from a directory: the dot that a path ends in. Those on the way are left out.
    Here,
    /// To an entry.
    Name(OsString),
}

/// A path, split.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) path: PathBuf,
    pub(crate) steps: Vec<Step>,
    /// It ends in a slash: what it leads to must be a directory.
    pub(crate) slash: bool,
}

impl Route {
    /// The route of a path; absolute and relative ones both begin at the root, and
    /// the empty one ends there.
    pub(crate) fn new(path: &Path) -> io::Result<Route> {
        let bytes = path.as_os_str().as_encoded_bytes();
        if bytes.contains(&0) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if bytes.len() >= PATH_BYTES_MOST {
            return Err(Errno::NAME_TOO_LONG.into());
        }
        let mut steps = Vec::new();
        for component in path.components() {
            match component {
                Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
                Component::ParentDir => steps.push(Step::Up),
                Component::Normal(name) => steps.push(Step::Name(name.to_os_string())),
            }
        }
        let slash = bytes.ends_with(b"/");
        let last = bytes.rsplit(|&byte| byte == b'/').find(|part| !part.is_empty());
        if last == Some(b".") {
            steps.push(Step::Here);
        }
        Ok(Route { path: path.to_path_buf(), steps, slash })
    }
}

impl Route {
    /// A 64-bit hash of the path as it was asked for, the same in every process.
    pub(crate) fn key(&self) -> u64 {
        key(self.path.as_os_str())
    }
}

/// A 64-bit hash of a name, the same in every process.
pub(crate) fn key(name: &OsStr) -> u64 {
    mix(wavetank_engine::hash_bytes(name.as_encoded_bytes()), NAMES)
}

const NAMES: u64 = name_key("storage.name");
