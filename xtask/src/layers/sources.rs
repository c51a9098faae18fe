//! Finds what a source file must not name: the operating system, and `unsafe`.
//!
//! Manifests are the business of `arrows`.

use super::{
    table::{UNSAFE_ALLOWED, layer},
    violation::Violation,
};
use crate::code;

/// What asks the operating system, however the path to it begins.
const SYSTEM_ENDS: &[&str] = &[
    "Instant::now",
    "SystemTime::now",
    "thread::spawn",
    "thread::scope",
    "thread::sleep",
    "thread::park",
    "thread::yield_now",
    "thread::Builder",
    "thread::Builder::new",
];

/// What asks the operating system, with all that is in it. The clock's own type is
/// among them: without `now` it is good for nothing.
const SYSTEM_TREES: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::ToSocketAddrs",
    "std::net::UdpSocket",
    "std::os",
    "std::process",
    "std::time::Instant",
    "libc",
    "rustix",
    "tokio::fs",
    "tokio::net",
    "tokio::process",
    "tokio::time",
];

/// What is wrong with the file `place` of the package in `folder`.
pub(crate) fn violations(folder: &str, place: &str, text: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    if !UNSAFE_ALLOWED.iter().any(|allowed| place == *allowed || allowed.ends_with('/') && place.starts_with(allowed)) {
        found.extend(unsafe_lines(text).into_iter().map(|line| Violation::Unsafe { place: place.to_owned(), line }));
    }
    let inside = place.strip_prefix(folder).unwrap_or(place);
    let is_product = inside.starts_with("/src/") && !inside.ends_with("/tests.rs") && !inside.contains("/tests/");
    if is_product && layer(folder).is_some_and(|layer| !layer.touches_system) {
        let named = code::paths(text).into_iter().filter(|named| is_system(&named.path));
        found.extend(named.map(|named| Violation::System {
            place: place.to_owned(),
            line: named.line,
            path: named.path,
        }));
    }
    found
}

/// The lines of `text` that say `unsafe`, or that lift the lint against it.
fn unsafe_lines(text: &str) -> Vec<usize> {
    let is_unsafe = |line: &str| {
        let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let tightened = words.iter().any(|word| matches!(*word, "forbid" | "deny"));
        words.contains(&"unsafe") || words.contains(&"unsafe_code") && !tightened
    };
    let code = code::code_only(text);
    (1..).zip(code.lines()).filter(|(_, line)| is_unsafe(line)).map(|(at, _)| at).collect()
}

fn is_system(path: &str) -> bool {
    let below = |tree: &str| path == tree || path.strip_prefix(tree).is_some_and(|rest| rest.starts_with("::"));
    let end = |end: &&str| path == *end || path.strip_suffix(*end).is_some_and(|rest| rest.ends_with("::"));
    // `use std::net::*` brings in what is banned below `std::net`.
    let glob = path.strip_suffix('*').is_some_and(|stem| SYSTEM_TREES.iter().any(|tree| tree.starts_with(stem)));
    SYSTEM_TREES.iter().any(|tree| below(tree)) || SYSTEM_ENDS.iter().any(end) || glob
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(folder: &str, place: &str, text: &str, expected: &[&str]) {
        let found: Vec<String> = violations(folder, place, text)
            .into_iter()
            .map(|violation| match violation {
                Violation::System { line, path, .. } => format!("{line}:{path}"),
                Violation::Unsafe { line, .. } => format!("{line}:unsafe"),
                other => panic!("not about a source: {other:?}"),
            })
            .collect();
        assert_eq!(found, expected, "{place}: {text}");
    }

    fn engine(text: &str, expected: &[&str]) {
        check("crates/engine", "crates/engine/src/queue.rs", text, expected);
    }

    #[test]
    fn the_operating_system_is_seen() {
        engine("use std::{fs, io};", &["1:std::fs"]);
        engine("let f = std::fs::read(p);", &["1:std::fs::read"]);
        engine("use std::net::{IpAddr, TcpStream};", &["1:std::net::TcpStream"]);
        engine("use std::net::UdpSocket;", &["1:std::net::UdpSocket"]);
        engine("use std::net::TcpListener as L;", &["1:std::net::TcpListener"]);
        engine("use std::net::*;", &["1:std::net::*"]);
        engine("std::process::exit(1)", &["1:std::process::exit"]);
        engine("use std::thread;\nthread::spawn(f)", &["2:thread::spawn"]);
        engine("std::thread::Builder::new()", &["1:std::thread::Builder::new"]);
        engine("Instant::now()", &["1:Instant::now"]);
        engine("use std::time::Instant as Clock;", &["1:std::time::Instant"]);
        engine("std::time::SystemTime::now()", &["1:std::time::SystemTime::now"]);
        engine("std::env::var(x)", &["1:std::env::var"]);
    }

    #[test]
    fn what_looks_like_it_is_not() {
        engine("// std::fs::read\nlet s = \"std::fs\";", &[]);
        engine("use std::net::{IpAddr, SocketAddr};\nstd::thread::panicking()", &[]);
        engine("use wavetank_core::{Instant, TcpStream};\nself.clock.now()", &[]);
        engine("#[cfg(test)]\nmod tests { use std::fs; }", &[]);
        check("crates/engine", "crates/engine/tests/memory.rs", "use std::fs;", &[]);
        check("crates/tokio", "crates/tokio/src/file.rs", "use std::fs;", &[]);
    }

    #[test]
    fn every_crate_without_io_is_watched() {
        for name in ["core", "probe", "check", "engine", "network", "storage"] {
            let folder = format!("crates/{name}");
            check(&folder, &format!("{folder}/src/lib.rs"), "std::fs::read(x)", &["1:std::fs::read"]);
        }
    }

    #[test]
    fn unsafe_has_its_files() {
        engine("let x = unsafe { y };", &["1:unsafe"]);
        engine("\n#[expect(unsafe_code, reason = \"fast\")]", &["2:unsafe"]);
        engine("#![forbid(unsafe_code)]", &[]);
        engine("// unsafe\nlet s = \"unsafe\"; let unsafely = 1;", &[]);
        check("crates/engine", "crates/engine/src/local.rs", "unsafe {}", &[]);
        check("crates/engine", "crates/engine/src/stage.rs", "unsafe {}", &[]);
        check("crates/engine", "crates/engine/src/task.rs", "unsafe {}", &["1:unsafe"]);
        check("crates/engine", "crates/engine/src/local.rs.bak/x.rs", "unsafe {}", &["1:unsafe"]);
        check("crates/intercept", "crates/intercept/src/clock.rs", "unsafe {}", &[]);
        check("systems/counter", "systems/counter/src/main.rs", "unsafe {}", &["1:unsafe"]);
    }
}
