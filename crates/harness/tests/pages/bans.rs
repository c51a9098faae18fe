//! What the guide says must not be called is banned by `clippy.toml`, as it says.

use std::fs;
use std::path::Path;

/// The paths that a `clippy.toml` bans.
fn banned(text: &str) -> Vec<&str> {
    let paths = text.lines().filter_map(|line| line.trim_start().strip_prefix("{ path = \""));
    paths.filter_map(|rest| rest.split('"').next()).collect()
}

/// What stands in backquotes in the first column of the table whose header begins with `not`.
fn refused(page: &str) -> Vec<&str> {
    let rows = page.lines().skip_while(|line| !line.starts_with("| not ")).skip(2);
    let firsts = rows.take_while(|line| line.starts_with('|')).filter_map(|line| line.split('|').nth(1));
    firsts.flat_map(|first| first.split('`').skip(1).step_by(2)).collect()
}

/// Whether a ban is on `name`, on what is in it, or, of `name::*`, on what is below.
fn is_banned(name: &str, banned: &[&str]) -> bool {
    let name = name.trim_end_matches("()").trim_end_matches('!').trim_end_matches("::*");
    let is_it = |path: &&str| {
        path.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with("::"))
            || path.strip_prefix(name).is_some_and(|behind| behind.starts_with("::"))
    };
    banned.iter().any(is_it)
}

#[test]
fn what_the_guide_refuses_is_banned() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |file: &str| fs::read_to_string(root.join(file)).expect("it is there");
    let (page, bans) = (read("docs/guide/providers.md"), read("clippy.toml"));
    let (refused, banned) = (refused(&page), banned(&bans));
    assert!(refused.len() > 10 && banned.len() > 50, "{refused:?}\n{banned:?}");
    let allowed: Vec<&&str> = refused.iter().filter(|name| !is_banned(name, &banned)).collect();
    assert!(allowed.is_empty(), "nothing in clippy.toml bans {allowed:?}");
}

#[test]
fn a_name_is_banned_by_itself_or_by_what_is_in_it() {
    let banned = ["std::fs::read", "tokio::spawn"];
    for name in ["std::fs::*", "fs::read", "tokio::spawn", "spawn", "tokio"] {
        assert!(is_banned(name, &banned), "{name}");
    }
    for name in ["tokio::fs::*", "pawn", "std::fs::rea", "std::f"] {
        assert!(!is_banned(name, &banned), "{name}");
    }
}
