//! The line that runs a seed again, as far as this process knows how it was started. Who prints
//! it is the result's business.

#![expect(clippy::disallowed_methods, reason = "where a test lies is a fact about the real disk, which no run sees")]

use std::path::Path;

/// What a line with the seed begins with; `{seed}` stands for it.
const VARIABLE: &str = "WAVETANK_SEED={seed}";

/// The line of what runs on this thread: a test, or a program of its own.
pub(crate) fn line() -> String {
    let thread = std::thread::current();
    let package = std::env::var("CARGO_PKG_NAME").ok();
    let test = thread.name().filter(|name| *name != "main");
    match (test, program()) {
        (None, Some(program)) => {
            let package = package.map(|name| format!(" -p {name}")).unwrap_or_default();
            format!("{VARIABLE} cargo run{package}{program}")
        }
        _ => line_of_test(package.as_deref(), test),
    }
}

/// The line of a test; of all tests, if its name is not known.
pub(crate) fn line_of_test(package: Option<&str>, test: Option<&str>) -> String {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR");
    let stem = std::env::current_exe().ok().and_then(|path| Some(path.file_stem()?.to_str()?.to_string()));
    let target = folder.zip(stem).zip(package);
    let target = target.and_then(|((folder, stem), package)| test_target(Path::new(&folder), package, &stem));
    let package = package.map(|name| format!(" -p {name}")).unwrap_or_default();
    let target = target.map(|name| format!(" --test {name}")).unwrap_or_default();
    // This one and no other whose name has it in it, ignored or not.
    let test = test.map(|name| format!(" {name} -- --exact --include-ignored")).unwrap_or_default();
    format!("{VARIABLE} cargo test{package}{target}{test}")
}

/// The flag that names this program to `cargo run`, if it is none of tests.
fn program() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    let (folder, name) = (path.parent()?.file_name()?.to_str()?, path.file_stem()?.to_str()?);
    match folder {
        "deps" => None,
        "examples" => Some(format!(" --example {name}")),
        _ => Some(format!(" --bin {name}")),
    }
}

/// The file of tests that a program was built of, in a package's folder: a program knows itself
/// with `_` for `-` and a number behind it. None, if it may have been built of something else.
fn test_target(folder: &Path, package: &str, stem: &str) -> Option<String> {
    let (name, _number) = stem.rsplit_once('-')?;
    let is_it = |other: &str| other.replace('-', "_") == name;
    let found = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let targets =
            entries.filter(|path| path.extension().is_some_and(|end| end == "rs") || path.join("main.rs").is_file());
        let names = targets.filter_map(|path| Some(path.file_stem()?.to_str()?.to_string()));
        names.filter(|name| is_it(name)).collect::<Vec<_>>()
    };
    // A package's library and programs have tests of their own, in files that are called as they are.
    if is_it(package) || !found(&folder.join("src/bin")).is_empty() {
        return None;
    }
    match found(&folder.join("tests")).as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_program_of_tests_is_known_by_its_file_unless_it_may_be_another() {
        let folder = std::env::temp_dir().join(format!("wavetank-reproduce-{}", std::process::id()));
        for file in [
            "tests/two-words.rs",
            "tests/large/main.rs",
            "tests/notes/mod.rs",
            "tests/kv.rs",
            "tests/cli.rs",
            "src/bin/cli.rs",
        ] {
            let file = folder.join(file);
            fs::create_dir_all(file.parent().expect("it is in a folder")).expect("a folder");
            fs::write(file, "").expect("a file");
        }
        let check = |stem: &str, expected: Option<&str>| {
            assert_eq!(test_target(&folder, "kv", stem).as_deref(), expected, "{stem}");
        };
        check("two_words-0123456789abcdef", Some("two-words"));
        check("large-0123456789abcdef", Some("large"));
        check("notes-0123456789abcdef", None);
        check("gone-0123456789abcdef", None);
        // Of the library, of a program, or of no build of cargo's.
        check("kv-0123456789abcdef", None);
        check("cli-0123456789abcdef", None);
        check("large", None);
        let _ = fs::remove_dir_all(&folder);
    }
}
