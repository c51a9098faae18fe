//! A red seed made small, as data and in words: for people, for reports, and for the
//! corpus. How it becomes small is the business of `wavetank-debug`.

use crate::finding::reproduce_line;
use crate::report::{grouped, seconds};
use crate::terminal::Paint;
use crate::typed::{from_here, with_overrides};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;
use wavetank_debug::corpus::{Beside, CorpusError, Entry, Kept, Versions};
use wavetank_debug::shrink::{Budget, Ended, ShrinkError, Shrinker, Shrunk, Size, Step, superfluous};
use wavetank_debug::timeline::{Story, Timeline};
use wavetank_debug::trace::TraceFile;
use wavetank_debug::{Recipe, Stated, Witness};
use wavetank_harness::{Overrides, RunRecord, Signature, SimulationBuilder};

/// What is left of a red seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShrunkReport {
    /// What `replay` calls the simulation.
    pub simulation: String,
    /// The planted bug that was on.
    pub bug: Option<String>,
    /// The seed.
    pub seed: u64,
    /// How it fails.
    pub signature: Signature,
    /// The small run's failure in its own words.
    pub failure: String,
    /// The size of the run that it began with.
    pub before: Size,
    /// The size of the small run.
    pub after: Size,
    /// Why it ended; if it is minimal, no fault and no operation can go by itself.
    pub ended: Ended,
    /// Runs that it took.
    pub runs: u64,
    /// Processor time that it took, in seconds.
    pub cpu_seconds: f64,
    /// The small run, line by line.
    pub recipe: Vec<String>,
    /// Other failures that were met on the way, a line each.
    pub further: Vec<String>,
    /// What was found when it was looked at again.
    #[serde(default)]
    pub proof: Option<Proof>,
    /// The line that runs the small run again.
    pub reproduce: String,
    /// Where its files are.
    pub folder: Option<PathBuf>,
    /// Where an even smaller run of the same failure is kept, of another seed: then this one
    /// is not.
    #[serde(default)]
    pub smaller: Option<PathBuf>,
}

/// What was found when a small run was looked at again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Faults and operations without one of which it still fails in the same way.
    pub superfluous: usize,
    /// How often it was run again.
    pub replays: u64,
    /// How often it then failed in the same way.
    pub same: u64,
}

/// A seed that is to be made small.
pub(crate) struct Wanted<'a> {
    /// What `replay` calls the simulation.
    pub(crate) simulation: &'a str,
    pub(crate) bug: Option<&'a str>,
    pub(crate) builder: &'a SimulationBuilder,
    /// Where a test finds the simulation's target.
    pub(crate) stated: Option<Stated<'static>>,
    /// Features that such a test is built with.
    pub(crate) features: &'a [String],
    pub(crate) seed: u64,
    /// With these it begins.
    pub(crate) overrides: Overrides,
    /// The failure to keep; the first one, if it is not said.
    pub(crate) signature: Option<Signature>,
    /// What goes behind `cargo xtask replay NAME --seed S`.
    pub(crate) suffix: String,
    pub(crate) revision: Option<String>,
}

/// What came of it: the report, and what a corpus keeps.
pub(crate) struct Made {
    pub(crate) report: ShrunkReport,
    pub(crate) entry: Entry,
    /// But for the page, which says where it lies.
    beside: Beside,
    trace: Option<TraceFile>,
    shrunk: Shrunk,
}

impl Made {
    /// Sets each remaining fault and operation benign by itself, and runs the small run
    /// again so many times.
    pub(crate) fn prove(&mut self, builder: &SimulationBuilder, replays: u64) {
        let Shrunk { seed, signature, overrides, .. } = &self.shrunk;
        let superfluous = superfluous(builder, &self.shrunk).len();
        let mut recorder = builder.recorder();
        let mut fails_the_same = || {
            let record = recorder.run(*seed, overrides.clone(), None);
            record.failures.iter().any(|failure| failure.signature() == *signature)
        };
        let same = (0..replays).filter(|_| fails_the_same()).count() as u64;
        self.report.proof = Some(Proof { superfluous, replays, same });
    }

    /// Writes its files, unless a smaller run has their place. The report says where they are;
    /// the error, beside a report that does not, why they are not.
    pub(crate) fn put(mut self, place: Kept) -> (ShrunkReport, Option<CorpusError>) {
        let folder = match place {
            Kept::New(folder) => folder,
            Kept::Smaller(folder) => return (ShrunkReport { smaller: Some(folder), ..self.report }, None),
        };
        // All that is written says how to come to the small run, not to the large one.
        let line = with_overrides(&self.report.reproduce, &folder.join("overrides.json"));
        let story = Story {
            bug: self.report.bug.clone(),
            command: Some(line.clone()),
            recipe: self.report.recipe.clone(),
            ..Story::default()
        };
        self.beside.timeline = self.trace.map(|trace| Timeline::new(&trace, story).to_html());
        self.entry.reproduce.clone_from(&line);
        match self.entry.write(&folder, &self.beside) {
            Ok(()) => (ShrunkReport { reproduce: line, folder: Some(folder), ..self.report }, None),
            Err(error) => (self.report, Some(error)),
        }
    }
}

/// How large what is kept is when it is run again; nothing, if it does not fail as it did.
pub(crate) fn size_now(builder: &SimulationBuilder, kept: &Entry) -> Option<Size> {
    let record = builder.run_seed(kept.seed, kept.overrides.clone(), None);
    let fails = record.failures.iter().any(|failure| failure.signature() == kept.signature);
    fails.then(|| Size::of(&record))
}

impl Wanted<'_> {
    /// Makes it small.
    ///
    /// # Errors
    /// If it is not red, or not in the way that was asked for, or not deterministic.
    pub(crate) fn make(
        &self,
        budget: Budget,
        threads: usize,
        cancelled: impl Fn() -> bool,
        observe: impl Fn(&Step),
    ) -> Result<Made, ShrinkError> {
        let mut shrinker = Shrinker::new(self.builder, self.seed)
            .with_overrides(self.overrides.clone())
            .with_budget(budget)
            .with_threads(threads)
            .with_cancel(cancelled)
            .with_observer(observe);
        if let Some(signature) = &self.signature {
            shrinker = shrinker.with_signature(signature.clone());
        }
        let shrunk = shrinker.run()?;
        let told = self.builder.recorder().tell(self.seed, shrunk.overrides.clone());
        Ok(self.made(shrunk, &told))
    }

    fn made(&self, shrunk: Shrunk, told: &RunRecord) -> Made {
        let recipe: Vec<String> = Recipe::of(told, Some(&shrunk.signature)).lines().collect();
        let failure = shrunk.failure().to_string();
        let plain = reproduce_line(self.simulation, self.seed, &self.suffix);
        let witness = Witness {
            simulation: self.simulation,
            seed: self.seed,
            bug: self.bug,
            features: self.features,
            overrides: &shrunk.overrides,
            recipe: &recipe,
            stated: self.stated,
        };
        let configuration = serde_json::to_string_pretty(&told.configuration);
        let beside = Beside {
            recipe: Some(recipe.join("\n") + "\n"),
            timeline: None,
            configuration: Some(configuration.expect("a configuration has nothing that JSON lacks") + "\n"),
            witness: Some(witness.to_rust()),
        };
        let entry = Entry {
            simulation: self.simulation.to_string(),
            seed: self.seed,
            bug: self.bug.map(str::to_string),
            signature: shrunk.signature.clone(),
            failure: failure.clone(),
            reproduce: plain.clone(),
            versions: Versions::at(self.revision.clone()),
            size: Some(shrunk.after),
            clean: Vec::new(),
            overrides: shrunk.overrides.clone(),
        };
        let report = ShrunkReport {
            simulation: self.simulation.to_string(),
            bug: self.bug.map(str::to_string),
            seed: self.seed,
            signature: shrunk.signature.clone(),
            failure,
            before: shrunk.before,
            after: shrunk.after,
            ended: shrunk.ended,
            runs: shrunk.runs,
            cpu_seconds: shrunk.cpu.as_secs_f64(),
            recipe,
            further: shrunk
                .further
                .iter()
                .map(|further| first_line(&further.failure.to_string()).to_string())
                .collect(),
            proof: None,
            reproduce: plain,
            folder: None,
            smaller: None,
        };
        Made { report, entry, beside, trace: TraceFile::of(told), shrunk }
    }
}

impl ShrunkReport {
    /// The report in words.
    pub(crate) fn painted(&self, paint: Paint) -> String {
        let mut text = String::new();
        let mut line = |words: String| writeln!(text, "{words}").expect("a string takes all that fits into memory");
        let bug = self.bug.as_ref().map(|bug| format!(" with bug {bug}")).unwrap_or_default();
        line(format!("{}{bug}: seed {} {}", self.simulation, self.seed, paint.red("made small")));
        line(format!("  {}", first_line(&self.failure)));
        let count = |size: &Size| format!("{}, {}", plural(size.atoms, "fault"), plural(size.operations, "operation"));
        let took = format!("{} runs, {} of processor time", grouped(self.runs), seconds(self.cpu_seconds));
        line(format!("  {} -> {}; {took}", count(&self.before), count(&self.after)));
        let ended = match self.ended {
            Ended::Minimal => "without any single one of them it does not fail in this way",
            Ended::Budget => "the budget ended before it was minimal: --budget gives more",
            Ended::Cancelled => "interrupted before it was minimal",
        };
        line(format!("  {ended}"));
        for told in &self.recipe {
            line(format!("    {told}"));
        }
        for further in &self.further {
            line(format!("  met on the way, and another failure: {further}"));
        }
        line(format!("  {}", self.reproduce));
        if let Some(folder) = &self.folder {
            line(format!("  more is in {}", from_here(folder).display()));
        }
        if let Some(folder) = &self.smaller {
            line(format!("  it is not kept: a smaller run of the same failure is in {}", from_here(folder).display()));
        }
        text
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{} {what}s", grouped(count as u64)) }
}

/// A budget of so much processor time.
pub(crate) fn budget(cpu: Duration) -> Budget {
    Budget { cpu, ..Budget::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_written_has_the_line_of_the_small_run_and_not_that_of_another() {
        let builder = SimulationBuilder::new().workload("client", 1, async |_| Err::<(), _>("17 of 18"));
        let wanted = Wanted {
            simulation: "red",
            bug: None,
            builder: &builder,
            stated: None,
            features: &[],
            seed: 3,
            overrides: Overrides::new(),
            signature: None,
            suffix: String::new(),
            revision: None,
        };
        let made = || wanted.make(Budget::default(), 1, || false, |_| ()).expect("it is red");
        let folder = std::env::temp_dir().join(format!("wavetank shrunk {}", std::process::id()));
        let (here, error) = made().put(Kept::New(folder.clone()));
        assert!(error.is_none(), "{error:?}");
        let line = format!("cargo xtask replay red --seed 3 --overrides '{}/overrides.json'", folder.display());
        assert_eq!(here.reproduce, line);
        let texts = ["seed.json", "timeline.html"].map(|name| std::fs::read_to_string(folder.join(name)));
        let _ = std::fs::remove_dir_all(&folder);
        for text in texts {
            let text = text.expect("it is written");
            assert!(text.contains(&line), "{text}");
        }
        let (stays, _) = made().put(Kept::Smaller("failures/no".into()));
        assert_eq!(stays.reproduce, "cargo xtask replay red --seed 3");
        let words = stays.painted(Paint::PLAIN);
        assert!(words.contains("it is not kept: a smaller run of the same failure is in failures/no"), "{words}");
        // What failed, in its own words, and not what failures like it have in common.
        assert!(words.contains("made small\n  client returned an error: 17 of 18\n  0 faults"), "{words}");
    }
}
