//! The witness: a red run as a ready Rust test, as text. It fails as long as the bug is
//! there; where it is put, and whether it is kept, is for people to say.

use std::fmt::Write;
use std::path::{Component, Path};
use wavetank_harness::Overrides;

/// What a test needs to know of a red run.
#[derive(Debug, Clone)]
pub struct Witness<'a> {
    /// What `replay` calls the simulation.
    pub simulation: &'a str,
    /// The seed.
    pub seed: u64,
    /// The planted bug that was on.
    pub bug: Option<&'a str>,
    /// Features of its package that it was built with.
    pub features: &'a [String],
    /// With these the seed's run is the small one.
    pub overrides: &'a Overrides,
    /// What it fails with, for the comment; a line each.
    pub recipe: &'a [String],
    /// The function that gives the simulation's target, if it is known.
    pub stated: Option<Stated<'a>>,
}

/// Where a target is stated that a test can come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stated<'a> {
    /// The target's main file, from the workspace's folder; below a folder `tests`.
    pub file: &'a str,
    /// The function there that gives the target, without arguments.
    pub function: &'a str,
}

/// A package and what is in its folder of tests.
struct Beside {
    /// The package's folder, with `/` at its end unless it is empty.
    package: String,
    /// The target's main file, from the folder of tests.
    main: String,
}

impl Witness<'_> {
    /// The test: a whole file for the tests of the target's package, where it runs in the
    /// test's own process. Without a place where the target is stated it is a function
    /// that goes through the command line, from any package of the workspace.
    pub fn to_rust(&self) -> String {
        let mut text = String::new();
        match self.stated.and_then(|stated| Some((stated, stated.beside()?))) {
            Some((stated, beside)) => self.push_file(&mut text, stated, &beside),
            None => self.push_command(&mut text),
        }
        text
    }

    /// The name of the test, of its file too.
    pub fn name(&self) -> String {
        format!("red_seed_{}", self.seed)
    }

    fn push_file(&self, text: &mut String, stated: Stated<'_>, Beside { package, main }: &Beside) {
        let (name, seed) = (self.name(), self.seed);
        let with_bug = self.bug.map(|bug| format!(" with bug {bug}")).unwrap_or_default();
        let features = match self.features {
            [] => String::new(),
            features => format!(" --features {}", features.join(",")),
        };
        push(
            text,
            &format!("//! Seed {seed} of `{}`{with_bug}, made small: red until the bug is fixed.", self.simulation),
        );
        push(text, &format!("//! It belongs into `{package}tests/{name}.rs`, and runs with"));
        push(text, &format!("//! `cargo test --manifest-path {package}Cargo.toml{features} --test {name}`."));
        push(text, "");
        push(text, &format!("#[path = \"{main}\"]"));
        push(text, "#[expect(dead_code, reason = \"it has a `main` of its own\")]");
        push(text, "mod simulation;");
        push(text, "");
        push(text, "use wavetank_cli::SeedRun;");
        push(text, "");
        self.push_recipe(text);
        push(text, "#[test]");
        push(text, &format!("fn {name}() {{"));
        push(text, &format!("    simulation::{}().assert_green(&SeedRun {{", stated.function));
        push(text, &format!("        simulation: {:?},", self.simulation));
        match self.bug {
            // Without the feature it is not there.
            Some(bug) if self.features.iter().any(|feature| feature == "bugs") => {
                push(text, &format!("        bug: cfg!(feature = \"bugs\").then_some({bug:?}),"))
            }
            bug => push(text, &format!("        bug: {bug:?},")),
        }
        push(text, &format!("        seed: {seed},"));
        push(text, "        overrides: OVERRIDES,");
        push(text, "    });");
        push(text, "}");
        push(text, "");
        push(text, "/// What is chosen in this run that is not the seed's own choice.");
        push(text, &format!("const OVERRIDES: &str = {};", raw(&line_by_line(self.overrides))));
    }

    fn push_command(&self, text: &mut String) {
        let name = self.name();
        self.push_recipe(text);
        push(text, "#[test]");
        push(text, &format!("fn {name}() {{"));
        push(text, &format!("    const OVERRIDES: &str = {};", raw(&line_by_line(self.overrides))));
        push(
            text,
            &format!("    let file = std::env::temp_dir().join(format!(\"{name}-{{}}.json\", std::process::id()));"),
        );
        push(text, "    std::fs::write(&file, OVERRIDES).expect(\"the folder for temporary files takes a file\");");
        push(text, "    let mut replay = std::process::Command::new(env!(\"CARGO\"));");
        let seed = self.seed.to_string();
        let mut words = vec!["xtask", "replay", self.simulation, "--seed", &seed];
        words.extend(self.bug.iter().flat_map(|bug| ["--bug", bug]));
        words.push("--overrides");
        push(text, &format!("    replay.args({words:?}).arg(&file);"));
        push(text, "    assert!(replay.status().expect(\"cargo starts\").success());");
        push(text, "}");
    }

    fn push_recipe(&self, text: &mut String) {
        if !self.recipe.is_empty() {
            // As it is: what somebody wrote into a key is not to be read as markup.
            push(text, "/// ```text");
            self.recipe
                .iter()
                .flat_map(|line| line.lines())
                .for_each(|line| push(text, &format!("/// {}", line.trim())));
            push(text, "/// ```");
        }
    }
}

impl Stated<'_> {
    /// The package and the main file's place among its tests, if it is among them.
    fn beside(self) -> Option<Beside> {
        let names: Vec<&str> = Path::new(self.file)
            .components()
            .map(|part| match part {
                Component::Normal(name) => name.to_str(),
                _ => None,
            })
            .collect::<Option<_>>()?;
        let tests = names.iter().rposition(|name| *name == "tests")?;
        let package = names[..tests].iter().map(|name| format!("{name}/")).collect();
        Some(Beside { package, main: names[tests + 1..].join("/") })
    }
}

/// Overrides as JSON, each choice in a line of its own: for people to take one out.
fn line_by_line(overrides: &Overrides) -> String {
    let json = serde_json::to_value(overrides).expect("overrides have nothing that JSON lacks");
    let lists = json.as_object().into_iter().flatten().map(|(name, list)| {
        let entries = list.as_array().into_iter().flatten().map(|entry| format!("\n    {entry}"));
        format!("\n  \"{name}\": [{}\n  ]", entries.collect::<Vec<_>>().join(","))
    });
    format!("{{{}\n}}", lists.collect::<Vec<_>>().join(","))
}

/// A text as a raw string, within as many `#` as it takes.
fn raw(text: &str) -> String {
    let mut hashes = String::from("#");
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}")
}

fn push(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a string takes all that fits into memory");
}
