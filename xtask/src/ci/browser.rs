//! The browser step: timelines are opened in a headless Chromium, and used with keys.
//!
//! What is checked there is in `crates/debug/browser/check.mjs`.

use std::fs;
use std::path::Path;

use super::Outcome;
use super::chromium::{Chromium, Found};
use crate::{program::Program, red::Red, terminal::say, workspace::Workspace};

/// A planted bug whose page is looked at, and what it must lead to: one of these texts each.
struct Shown {
    target: &'static str,
    bug: &'static str,
    /// What the default view must hold: faults, or an operation.
    trigger: &'static [&'static str],
    /// The operation that failed, or what failed instead of one.
    operation: &'static [&'static str],
    /// Its fault; none, if the bug needs none.
    fault: &'static [&'static str],
}

/// What takes what was not synced.
const LOSSES: &[&str] = &["power loss", "machine crash", "process crash", " lost", "write torn", "sync fails"];
/// What clients do to the key-value service.
const ASKS: &[&str] = &["puts", "creates", "deletes", "gets", "lists"];
/// The service's own verdict on its files, or what is under way then.
const DAMAGED: &[&str] =
    &["a directory is damaged that only crashes have touched", "puts", "creates", "deletes", "gets", "lists"];
const CAS: &[&str] = &["if it has version", "cas"];
/// What has a client give up waiting.
const DELAYS: &[&str] = &[
    "stands still",
    "partition",
    "slow",
    "delay",
    "link holds",
    "crash",
    "power loss",
    "segment lost",
    "hangs",
    "reset",
];

const SHOWN: &[Shown] = &[
    Shown { target: "kv", bug: "acknowledge-before-sync", trigger: LOSSES, operation: ASKS, fault: LOSSES },
    Shown { target: "kv", bug: "rename-before-sync", trigger: LOSSES, operation: DAMAGED, fault: LOSSES },
    Shown { target: "kv", bug: "no-sync-dir", trigger: LOSSES, operation: DAMAGED, fault: LOSSES },
    Shown { target: "kv", bug: "forget-idempotency", trigger: LOSSES, operation: ASKS, fault: LOSSES },
    Shown { target: "kv", bug: "compare-value", trigger: CAS, operation: CAS, fault: &[] },
    Shown {
        target: "counter/storm",
        bug: "acknowledge-before-sync",
        trigger: LOSSES,
        operation: &["increments"],
        fault: LOSSES,
    },
    Shown {
        target: "ping-pong/storm",
        bug: "take-any-answer",
        trigger: DELAYS,
        operation: &["asks server"],
        fault: DELAYS,
    },
];

/// Seeds within which each bug shows itself.
const SEEDS: &str = "400";
/// Processor time for making a run small; a picture need not be of the least.
const BUDGET: &str = "15s";

pub(super) fn step(workspace: &Workspace) -> Result<Outcome, Red> {
    let chromium = match Chromium::find(workspace)? {
        Found::Ready(chromium) => chromium,
        Found::Lacking(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let folder = chromium.folder.clone();
    let pages = folder.join("pages");
    let pictures = folder.join("pictures");
    // What was left by another revision would be judged as this one's.
    for left in [&pages, &pictures] {
        let _ = fs::remove_dir_all(left);
    }
    fs::create_dir_all(&pages).map_err(|error| Red::new(format!("{}: {error}", pages.display())))?;
    for shown in SHOWN {
        shown.draw(workspace, &folder.join("bugs").join(shown.name()), &pages)?;
    }
    let [pages, pictures] = [pages, pictures].map(|path| path.display().to_string());
    let sample = ["run", "--quiet", "--package", "wavetank-debug", "--example", "timeline_sample", "--", &pages];
    Program::cargo(&sample, &workspace.root).run()?;
    chromium.script("check.mjs", &[&pages, &pictures]).run()?;
    say(format!("what it looked like is in {pictures}"));
    Ok(Outcome::Green)
}

impl Shown {
    /// What its files are called.
    fn name(&self) -> String {
        format!("{}-{}", self.target.replace('/', "-"), self.bug)
    }

    /// Finds the bug, makes its run small, and puts its page where the others are.
    fn draw(&self, workspace: &Workspace, folder: &Path, pages: &Path) -> Result<(), Red> {
        let _ = fs::remove_dir_all(folder);
        let failed = |what: &str| Red::new(format!("{} with bug {}: {what}", self.target, self.bug));
        fs::create_dir_all(folder).map_err(|error| failed(&error.to_string()))?;
        let own = std::env::current_exe().map_err(|error| failed(&error.to_string()))?.display().to_string();
        let out = folder.display().to_string();
        let xtask = |arguments: &[&str]| Program::new(&own, arguments, &workspace.root);
        // It is to be red: what counts is whether it says with which seed.
        let flags = ["--seeds", SEEDS, "--no-shrink", "--out", &out];
        let said = xtask(&[["sweep", self.target, "--bug", self.bug].as_slice(), &flags].concat()).output();
        let complaint = said.map_or_else(|red| red.to_string(), |_| "the sweep is green".to_owned());
        let seed = red_seed(folder).ok_or_else(|| failed(&format!("no red seed: {complaint}")))?.to_string();
        xtask(&["shrink", self.target, "--bug", self.bug, "--seed", &seed, "--budget", BUDGET, "--out", &out]).run()?;
        let name = self.name();
        fs::copy(folder.join("timeline.html"), pages.join(format!("{name}.html")))
            .map_err(|error| failed(&format!("no timeline: {error}")))?;
        let mut expected = serde_json::json!({
            "trigger": self.trigger, "operation": self.operation, "message": ["from"], "fault": self.fault,
        });
        if self.fault.is_empty() {
            expected.as_object_mut().expect("it was made as one").remove("fault");
        }
        let expected = expected.to_string();
        fs::write(pages.join(format!("{name}.json")), expected).map_err(|error| failed(&error.to_string()))
    }
}

/// The first red seed that a report in a folder names.
fn red_seed(folder: &Path) -> Option<u64> {
    let files = fs::read_dir(folder).ok()?.filter_map(|file| fs::read_to_string(file.ok()?.path()).ok());
    let mut reports = files.filter_map(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    reports.find_map(|report| report["red_seeds"][0].as_u64())
}
