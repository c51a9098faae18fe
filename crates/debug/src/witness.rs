//! The witness: a red run as a ready Rust test, as text. It fails as long as the bug is
//! there; where it is put, and whether it is kept, is for people to say.

use std::fmt::Write;
use wavetank_harness::{Choice, Overrides};

/// What a test needs to know of a red run.
#[derive(Debug, Clone)]
pub struct Witness<'a> {
    /// What `replay` calls the simulation.
    pub simulation: &'a str,
    /// The seed.
    pub seed: u64,
    /// The planted bug that was on.
    pub bug: Option<&'a str>,
    /// With these the seed's run is the small one.
    pub overrides: &'a Overrides,
    /// What it fails with, for the comment; a line each.
    pub recipe: &'a [String],
    /// The test's name, in words: what is no letter or digit becomes `_`.
    pub name: &'a str,
    /// The expression that states the simulation, such as `tank::counter(None)`, if it is known.
    pub builder: Option<&'a str>,
}

impl Witness<'_> {
    /// The test. Without an expression that states the simulation it goes through the
    /// command line, from any crate of the workspace.
    pub fn to_rust(&self) -> String {
        let mut text = String::new();
        for line in self.recipe {
            push(&mut text, &format!("/// {}", line.trim()));
        }
        push(&mut text, "#[test]");
        push(&mut text, &format!("fn {}() {{", self.test_name()));
        match self.builder {
            Some(builder) => self.push_direct(&mut text, builder),
            None => self.push_command(&mut text),
        }
        push(&mut text, "}");
        text
    }

    fn push_direct(&self, text: &mut String, builder: &str) {
        let overrides = self.overrides;
        let name = |key: u64| overrides.name_of(key).unwrap_or("a domain without a name");
        push(text, "    use wavetank_harness::{Choice, Domain, Overrides};");
        push(text, "    let mut overrides = Overrides::new();");
        let mut benign: Vec<&str> = overrides.benign_domains().map(name).collect();
        benign.sort_unstable();
        if !benign.is_empty() {
            push(text, &format!("    for domain in {benign:?} {{"));
            push(text, "        overrides.set_domain_benign(Domain::new(domain));");
            push(text, "    }");
        }
        for (address, choice) in overrides.iter() {
            let choice = match choice {
                Choice::Benign => "Choice::Benign".to_string(),
                Choice::Kept => "Choice::Kept".to_string(),
                Choice::Draw(draw) => format!("Choice::Draw({draw:#x})"),
            };
            let (domain, entity, nth) = (name(address.domain), address.entity, address.nth);
            push(text, &format!("    overrides.set_in(Domain::new({domain:?}), {entity:#x}, {nth}, {choice});"));
        }
        push(text, &format!("    let record = {builder}.run_seed({}, overrides, None);", self.seed));
        push(text, "    assert!(record.failures.is_empty(), \"{:?}\", record.failures);");
    }

    fn push_command(&self, text: &mut String) {
        let json = serde_json::to_string(self.overrides).expect("overrides have nothing that JSON lacks");
        let name = self.test_name();
        push(text, &format!("    const OVERRIDES: &str = r##\"{json}\"##;"));
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
    }

    fn test_name(&self) -> String {
        let letters = self.name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' });
        let name: String = letters.collect::<String>().to_lowercase();
        let words: Vec<&str> = name.split('_').filter(|word| !word.is_empty()).collect();
        let name = words.join("_");
        if name.starts_with(|letter: char| letter.is_ascii_digit()) || name.is_empty() {
            format!("seed_{name}")
        } else {
            name
        }
    }
}

fn push(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a string takes all that fits into memory");
}
