//! The memory step: what may not touch memory that is not its own, run where each access is
//! looked at. `unsafe` stands in the engine alone; the network's tests drive it as users do.
//!
//! AddressSanitizer comes with the toolchain and is not stable: it is asked for as whoever
//! builds the toolchain may, which the exact version in `rust-toolchain.toml` makes bearable.

use std::fs;

use super::Outcome;
use crate::{program::Program, red::Red, terminal::say, workspace::Workspace};

const SANITIZE: &str = "-Zsanitizer=address";

/// Reads what it has freed: nobody may trust a look that does not see that.
const PLANTED: &str = "fn main() {
    let freed = Box::into_raw(Box::new(1u64));
    drop(unsafe { Box::from_raw(freed) });
    std::process::exit(unsafe { freed.read_volatile() } as i32 & 1);
}
";

/// What a report about it says.
const REPORTED: &str = "heap-use-after-free";

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    let folder = workspace.target.join("memory");
    let (source, planted) = (folder.join("planted.rs"), folder.join("planted"));
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&source, PLANTED))
        .map_err(|error| Red::new(format!("{}: {error}", source.display())))?;
    let words = [SANITIZE, "--edition", "2024", "-o", &planted.to_string_lossy(), &source.to_string_lossy()];
    let compiled = Program::new("rustc", &words, &workspace.root).with_env("RUSTC_BOOTSTRAP", "1").output();
    if let Err(why) = compiled {
        return Ok(Outcome::Skipped(format!("no program can be built with AddressSanitizer here: {why}")));
    }
    match Program::new(&planted.to_string_lossy(), &[], &workspace.root).output() {
        Err(report) if report.to_string().contains(REPORTED) => say("a planted use of freed memory is reported"),
        Err(other) => return Err(Red::new(format!("the planted program did not report {REPORTED}: {other}"))),
        Ok(_) => return Err(Red::new("a planted use of freed memory goes unseen: this check is blind")),
    }
    let host = host(workspace)?;
    // With a target named, build scripts and macros are built without it.
    let words = ["test", "--locked", "--target", &host, "-p", "wavetank-engine", "-p", "wavetank-network", "--tests"];
    Program::cargo(&words, &workspace.root)
        .with_env("RUSTC_BOOTSTRAP", "1")
        .with_env("RUSTFLAGS", SANITIZE)
        .with_env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        .with_env("CARGO_TARGET_DIR", &folder)
        .run()?;
    Ok(Outcome::Green)
}

/// This machine's triple.
fn host(workspace: &Workspace) -> Result<String, Red> {
    let version = Program::new("rustc", &["-vV"], &workspace.root).output()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Red::new("`rustc -vV` names no host"))
}
