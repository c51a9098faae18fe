//! The table of layers, as data.
//!
//! What follows from it is worked out by `arrows` and `sources`.

/// One crate, or one family of crates.
#[derive(Debug)]
pub(crate) struct Layer {
    /// Its folder below the root; a `*` at the end stands for any rest.
    pub(crate) folder: &'static str,
    /// Its level: what it depends on must stand lower.
    pub(crate) level: u8,
    /// The crates of ours that it may depend on, by the last part of their folder.
    pub(crate) may: &'static [&'static str],
    /// Those that it may depend on behind a feature only.
    pub(crate) may_optionally: &'static [&'static str],
    /// Whether its sources may ask the operating system for anything.
    pub(crate) touches_system: bool,
}

const fn pure(folder: &'static str, level: u8, may: &'static [&'static str]) -> Layer {
    Layer { folder, level, may, may_optionally: &[], touches_system: false }
}

const fn real(folder: &'static str, level: u8, may: &'static [&'static str]) -> Layer {
    Layer { folder, level, may, may_optionally: &[], touches_system: true }
}

/// Everything that the workspace may contain.
pub(crate) const LAYERS: &[Layer] = &[
    pure("crates/core", 0, &[]),
    pure("crates/probe", 0, &[]),
    pure("crates/check", 0, &[]),
    pure("crates/macros", 0, &[]),
    real("crates/std", 1, &["core"]),
    real("crates/tokio", 1, &["core"]),
    real("crates/transport", 1, &["core", "probe"]),
    pure("crates/engine", 2, &["core", "probe"]),
    pure("crates/network", 3, &["core", "engine"]),
    pure("crates/storage", 3, &["core", "engine"]),
    real("crates/harness", 4, &["core", "probe", "check", "macros", "engine", "network", "storage"]),
    real("crates/debug", 5, &["core", "probe", "check", "engine", "network", "storage", "harness"]),
    real("crates/hosting-*", 5, &["core", "engine"]),
    real("crates/intercept", 5, &["core", "engine"]),
    Layer {
        folder: "crates/wavetank",
        level: 5,
        may: &["core", "tokio"],
        may_optionally: &["engine", "network", "storage", "harness"],
        touches_system: true,
    },
    real("crates/cli", 6, &["harness", "debug"]),
    real(
        "crates/conformance",
        6,
        &["core", "probe", "std", "tokio", "transport", "engine", "network", "storage", "harness"],
    ),
    real("systems/*", 7, &["core", "probe", "check", "transport", "std", "tokio"]),
    // Our own commands stand above everything, and nothing depends on them.
    real("xtask", 8, &["*"]),
];

/// The files and folders in which `unsafe` may stand.
pub(crate) const UNSAFE_ALLOWED: &[&str] =
    &["crates/engine/src/local.rs", "crates/engine/src/stage.rs", "crates/intercept/", "crates/hosting-sqlite/"];

/// The row for the package in `folder`.
pub(crate) fn layer(folder: &str) -> Option<&'static Layer> {
    LAYERS.iter().find(|layer| match layer.folder.strip_suffix('*') {
        Some(stem) => folder.starts_with(stem),
        None => layer.folder == folder,
    })
}

/// The name that a package in `folder` must have; nothing if it is free.
pub(crate) fn package_name(folder: &str) -> Option<String> {
    let short = folder.strip_prefix("crates/")?;
    Some(if short == "wavetank" { short.to_owned() } else { format!("wavetank-{short}") })
}

/// Whether `package` belongs to the simulator, which no production build contains.
pub(crate) fn is_simulator(package: &str) -> bool {
    let short = package.strip_prefix("wavetank-").unwrap_or_default();
    layer(&format!("crates/{short}")).is_some_and(|layer| layer.level >= 2 && !layer.folder.ends_with('*'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;
    use std::collections::BTreeSet;

    #[test]
    fn what_may_be_used_stands_lower() {
        for layer in LAYERS {
            for name in layer.may.iter().chain(layer.may_optionally).filter(|name| **name != "*") {
                let below = super::layer(&format!("crates/{name}")).expect("the table names its own crates");
                assert!(below.level < layer.level, "{} may use {name}", layer.folder);
            }
        }
    }

    /// What a table of the map has: level, folder, and what that may depend on, in words.
    fn rows(map: &str) -> Vec<(u8, String, String)> {
        let row = |line: &str| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [_, level, name, .., may, _] = cells[..] else { return None };
            let name = name.strip_prefix('`')?.strip_suffix('`')?;
            let folder = if name.contains('/') { name.to_owned() } else { format!("crates/{name}") };
            Some((level.parse().ok()?, folder, may.to_owned()))
        };
        map.lines().filter_map(row).collect()
    }

    #[test]
    fn the_map_says_what_this_table_does() {
        let workspace = Workspace::read().expect("cargo metadata works where cargo test does");
        let map = std::fs::read_to_string(workspace.root.join("ARCHITECTURE.md")).expect("the map is there");
        let rows = rows(&map);
        for package in workspace.packages.iter().filter(|package| package.name != "xtask") {
            let folder = workspace.place(package);
            let (level, _, words) = rows.iter().find(|row| row.1 == folder).unwrap_or_else(|| panic!("no {folder}"));
            let layer = super::layer(&folder).expect("the table has it");
            assert_eq!(*level, layer.level, "{folder}");
            // A list, and not `harness and below`; a system's says what that one has.
            let said: BTreeSet<&str> = words.split(", ").filter(|word| *word != "-").collect();
            if folder.starts_with("crates/") && !words.contains("below") && !words.contains("all") {
                assert_eq!(said, layer.may.iter().copied().collect(), "{folder}");
            }
        }
    }

    #[test]
    fn the_simulator_starts_at_the_engine() {
        let names = ["core", "probe", "check", "std", "tokio", "transport"].map(|name| format!("wavetank-{name}"));
        assert!(!names.iter().any(|name| is_simulator(name)));
        assert!(
            ["engine", "network", "storage", "harness", "cli"]
                .iter()
                .all(|name| is_simulator(&format!("wavetank-{name}")))
        );
        assert!(!is_simulator("tokio") && !is_simulator("counter"));
    }
}
