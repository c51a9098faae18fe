//! The layers of the workspace, and every way in which it breaks them.
//!
//! Which sources are nondeterministic is not judged here (clippy.toml is); nor is
//! what a crate may depend on outside the workspace, but for `core`'s tokio.

mod arrows;
mod sources;
mod table;
mod violation;

pub(crate) use table::is_simulator;

use crate::{red::Red, workspace::Workspace};

/// Every violation in `workspace`, as lines.
///
/// # Errors
/// If a source file cannot be read.
pub(crate) fn violations(workspace: &Workspace) -> Result<Vec<String>, Red> {
    let mut found = arrows::violations(workspace);
    for package in &workspace.packages {
        for (place, text) in workspace.sources(package)? {
            found.extend(sources::violations(&workspace.place(package), &place, &text));
        }
    }
    Ok(found.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_keeps_its_layers() {
        let workspace = Workspace::read().expect("cargo metadata works where cargo test does");
        assert_eq!(violations(&workspace).expect("our own sources can be read"), Vec::<String>::new());
    }
}
