//! `new PATH`: writes a project of somebody else's that uses Wavetank: a server, its
//! simulation with a planted bug, and an xtask. The texts are the files in `new/`, as they
//! will stand there but for the names; what they do is tested by building and sweeping one.

use crate::terminal;
use crate::trouble::Trouble;
use crate::typed::quoted;
use crate::verdict::Verdict;
use lexopt::{Arg, Parser, ValueExt};
use std::fs;
use std::path::{Path, PathBuf, absolute};

/// How it is called.
pub(super) const USAGE: &str = "new PATH [--name NAME] [--wavetank FOLDER|URL]";

/// The files of a project: where each is, and its text.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("new/package.toml")),
    ("README.md", include_str!("new/README.md")),
    ("rust-toolchain.toml", include_str!("../../../../rust-toolchain.toml")),
    (".gitignore", include_str!("new/ignore.txt")),
    (".cargo/config.toml", include_str!("new/cargo.toml")),
    ("src/lib.rs", include_str!("new/lib.rs")),
    ("src/main.rs", include_str!("new/main.rs")),
    ("tests/storm.rs", include_str!("new/storm.rs")),
    ("xtask/Cargo.toml", include_str!("new/xtask.toml")),
    ("xtask/src/main.rs", include_str!("new/xtask.rs")),
];

/// Names that a package of one's own cannot have: words of Rust, crates that the project
/// depends on, modules that it imports, and folders of cargo's own.
const TAKEN: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "io",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "tokio",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "xtask",
    "yield",
];

/// Where the crates of Wavetank come from.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    Folder(PathBuf),
    Git(String),
}

/// A project to write.
#[derive(Debug)]
struct Project {
    folder: PathBuf,
    name: String,
    source: Source,
}

pub(super) fn command(parser: Parser) -> Result<Verdict, Trouble> {
    let project = read(parser)?;
    claim(&project.folder)?;
    project.write()?;
    terminal::say(&next(&project))?;
    Ok(Verdict::Green)
}

/// What to type next.
fn next(project: &Project) -> String {
    let folder = project.folder.to_string_lossy();
    format!("wrote {}; next:\n  cd {}\n  cargo xtask sweep\n", project.name, quoted(&folder))
}

fn read(mut parser: Parser) -> Result<Project, Trouble> {
    let (mut path, mut name, mut source) = (None, None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(value) if path.is_none() => path = Some(PathBuf::from(value)),
            Arg::Long("name") => name = Some(parser.value()?.string()?),
            Arg::Long("wavetank") => source = Some(parser.value()?.string()?),
            Arg::Long(flag) => return Err(Trouble::new(format!("no flag --{flag}; usage: {USAGE}"))),
            other => return Err(other.unexpected().into()),
        }
    }
    let path = path.ok_or_else(|| Trouble::new(format!("where to? usage: {USAGE}")))?;
    let folder = absolute(&path).map_err(|error| Trouble::new(format!("{}: {error}", path.display())))?;
    let name = match name {
        Some(name) => name,
        None => folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
    };
    validate(&name)?;
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let source = Source::of(source.as_deref().unwrap_or(own))?;
    Ok(Project { folder, name, source })
}

/// Whether a package may have that name.
fn validate(name: &str) -> Result<(), Trouble> {
    let begins = name.starts_with(|letter: char| letter.is_ascii_lowercase());
    let goes_on = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
    if !begins || !goes_on {
        let hint = "begin with a letter, then small letters, digits, `-` and `_`; choose one with --name";
        return Err(Trouble::new(format!("`{name}` cannot name a package: {hint}")));
    }
    if TAKEN.contains(&name) || name.starts_with("wavetank") {
        return Err(Trouble::new(format!("the name `{name}` is taken; choose another with --name")));
    }
    Ok(())
}

/// Makes sure that nothing of anybody's is in the folder.
fn claim(folder: &Path) -> Result<(), Trouble> {
    let shown = folder.display();
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Trouble::new(format!("{shown} is not empty: a new project wants a folder of its own"))),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Trouble::new(format!("{shown}: {error}"))),
    }
}

impl Source {
    fn of(text: &str) -> Result<Source, Trouble> {
        if text.contains("://") || text.starts_with("git@") {
            return Ok(Source::Git(text.to_owned()));
        }
        let folder = fs::canonicalize(text).map_err(|error| Trouble::new(format!("--wavetank {text}: {error}")))?;
        if !folder.join("crates/harness/Cargo.toml").is_file() {
            let shown = folder.display();
            return Err(Trouble::new(format!("{shown} is no checkout of Wavetank: it has no crates/harness")));
        }
        Ok(Source::Folder(folder))
    }

    /// The right side of a dependency on one of the crates.
    fn dependency(&self, short: &str) -> String {
        match self {
            Source::Folder(root) => format!("{{ path = {:?} }}", root.join("crates").join(short).display().to_string()),
            Source::Git(url) => format!("{{ git = {url:?} }}"),
        }
    }
}

impl Project {
    fn write(&self) -> Result<(), Trouble> {
        for (place, text) in FILES {
            self.write_file(place, &self.fill(text))?;
        }
        // The versions that these crates are tested with; cargo leaves out what is not used.
        if let Source::Folder(root) = &self.source
            && let Ok(lock) = fs::read_to_string(root.join("Cargo.lock"))
        {
            self.write_file("Cargo.lock", &lock)?;
        }
        Ok(())
    }

    fn write_file(&self, place: &str, text: &str) -> Result<(), Trouble> {
        let path = self.folder.join(place);
        let parent = path.parent().expect("a file is in a folder");
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .map_err(|error| Trouble::new(format!("{} cannot be written: {error}", path.display())))
    }

    /// A text with this project's names in it.
    fn fill(&self, text: &str) -> String {
        let mut filled = text
            .replace("project-rust-version", env!("CARGO_PKG_RUST_VERSION"))
            .replace("project-name", &self.name)
            .replace("project_name", &self.name.replace('-', "_"));
        for short in ["core", "probe", "tokio", "harness", "cli"] {
            filled = filled.replace(&format!("project-dependency({short})"), &self.source.dependency(short));
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_bad(arguments: &[&str], hint: &str) {
        let trouble = read(Parser::from_args(arguments)).expect_err(hint).to_string();
        assert!(trouble.contains(hint) && !trouble.contains('\n'), "{arguments:?}: {trouble}");
    }

    #[test]
    fn misuse_is_one_line() {
        check_bad(&[], "where to? usage: new PATH");
        check_bad(&["one", "two"], "two");
        check_bad(&["one", "--colour"], "no flag --colour; usage: new PATH");
        check_bad(&["one", "--name", "1st"], "`1st` cannot name a package");
        check_bad(&["Big Plans"], "`Big Plans` cannot name a package");
        check_bad(&["some/where/match"], "the name `match` is taken");
        check_bad(&["wavetank-kv"], "the name `wavetank-kv` is taken");
        // Folders of cargo's own, which it lets no binary be called like.
        for name in ["build", "deps", "examples", "incremental"] {
            check_bad(&[name], "is taken");
        }
        check_bad(&["io"], "the name `io` is taken");
        check_bad(&["/"], "`` cannot name a package");
        check_bad(&["one", "--wavetank", "/nowhere"], "--wavetank /nowhere: ");
        check_bad(&["one", "--wavetank", "/"], "is no checkout of Wavetank");
    }

    #[test]
    fn what_to_type_next_can_be_typed() {
        let project = read(Parser::from_args(["/home/me/My Projects/tide"])).expect("a good command line");
        let next = next(&project);
        assert!(next.contains("\n  cd '/home/me/My Projects/tide'\n"), "{next}");
    }

    #[test]
    fn what_a_sweep_keeps_is_not_committed() {
        let ignored = include_str!("new/ignore.txt");
        assert!(ignored.lines().any(|line| line == format!("/{}", wavetank_debug::corpus::FOLDER)), "{ignored}");
    }

    #[test]
    fn the_words_that_are_taken_are_sorted() {
        assert!(TAKEN.is_sorted());
    }

    #[test]
    fn every_place_in_the_texts_is_filled() {
        for source in ["https://example.org/wavetank", concat!(env!("CARGO_MANIFEST_DIR"), "/../..")] {
            let project = read(Parser::from_args(["a/tide-gauge", "--wavetank", source])).expect("a good command line");
            for (place, text) in FILES {
                let filled = project.fill(text);
                assert!(!filled.contains("project-") && !filled.contains("project_"), "{place}: {filled}");
            }
            let manifest = project.fill(include_str!("new/package.toml"));
            assert!(manifest.contains("name = \"tide-gauge\""), "{manifest}");
            assert_eq!(manifest.contains("git = \"https://example.org/wavetank\""), source.starts_with("https"));
        }
    }
}
