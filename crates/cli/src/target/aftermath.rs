//! Around a sweep: the failures that are kept are run again before it, and its own red
//! seeds are made small after it. The sweep itself knows of neither.

use crate::finding::reproduce_line;
use crate::interruption::Interruption;
use crate::options::{SweepOptions, path, text, value};
use crate::report::{KeptReport, Report};
use crate::shrunk::{ShrunkReport, Wanted, budget, size_now};
use crate::terminal;
use crate::trouble::Trouble;
use crate::typed::with_overrides;
use lexopt::Parser;
use std::path::PathBuf;
use std::time::Duration;
use wavetank_debug::Stated;
use wavetank_debug::corpus::{Corpus, Entry, Standing};
use wavetank_harness::{Failure, Isolation, Overrides, Signature, SimulationBuilder};

/// Processor time for all red seeds of one simulation together.
const BUDGET: Duration = Duration::from_secs(10);
/// Signatures of which a seed is made small.
const SIGNATURES_MOST: usize = 8;

/// Where failures are kept, and what is said of the sources there.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    pub(super) corpus: Option<PathBuf>,
    /// Entries that are not run again: they were, by a process before this one.
    pub(super) without: Vec<String>,
    pub(super) revision: Option<String>,
    /// Features of its package that this target was built with, if that was said.
    pub(super) features: Option<Vec<String>>,
}

impl Keeping {
    /// Takes a flag if it is one of these, with its value.
    ///
    /// # Errors
    /// If it has no value.
    pub(super) fn take(&mut self, flag: &str, parser: &mut Parser) -> Result<bool, Trouble> {
        match flag {
            "corpus" => self.corpus = Some(path(flag, parser)?),
            "without" => self.without.push(value(flag, parser)?),
            "revision" => self.revision = Some(value(flag, parser)?),
            "features" => {
                let features = text(flag, parser)?;
                let names = features.split(',').filter(|name| !name.is_empty());
                self.features = Some(names.map(str::to_string).collect());
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The features of a run with a bug, or without one: where nobody says, those of which
    /// the bug is.
    pub(super) fn features(&self, bug: Option<&str>) -> Vec<String> {
        self.features.clone().unwrap_or_else(|| bug.iter().map(|_| "bugs".to_string()).collect())
    }

    /// What is kept, and in words what of it cannot be read.
    pub(super) fn holdings(&self) -> (Vec<(String, Entry)>, Option<Trouble>) {
        match self.corpus.as_ref().map(|folder| Corpus::new(folder).holdings()) {
            None => (Vec::new(), None),
            Some(Ok(holdings)) => {
                let broken = Trouble::of_broken(&holdings);
                (holdings.entries, broken)
            }
            Some(Err(error)) => {
                (Vec::new(), Some(Trouble::new(format!("failures that are kept cannot be read: {error}"))))
            }
        }
    }
}

/// One simulation, and what is done around its sweep.
pub(super) struct Around<'a> {
    pub(super) keeping: &'a Keeping,
    /// What is kept, of this simulation and of others.
    pub(super) entries: &'a [(String, Entry)],
    pub(super) name: &'a str,
    pub(super) options: &'a SweepOptions,
    pub(super) builder: &'a SimulationBuilder,
    /// Where a test finds the simulation's target.
    pub(super) stated: Option<Stated<'static>>,
    pub(super) interruption: &'a Interruption,
}

impl Around<'_> {
    /// Runs again what failed before, as it was found and made small. What comes of it goes to
    /// `tell` line by line: a seed that ends this process keeps nobody from hearing of it.
    pub(super) fn before(&self, tell: impl Fn(&str)) -> Vec<KeptReport> {
        let Some(corpus) = self.keeping.corpus.as_ref().map(Corpus::new) else { return Vec::new() };
        if self.builder.isolation() != Isolation::Threads {
            return Vec::new();
        }
        let is_meant = |(name, entry): &&(String, Entry)| {
            let is_its = entry.simulation == self.name && entry.bug.as_deref() == self.options.bug.as_deref();
            is_its && !self.keeping.without.contains(name)
        };
        let mut recorder = self.builder.recorder();
        let mut reports = Vec::new();
        for (name, entry) in self.entries.iter().filter(is_meant) {
            if self.interruption.is_wanted() {
                break;
            }
            // Each with the line that shows it: only one of the two may be red by now.
            let line = reproduce_line(self.name, entry.seed, &self.options.replay_suffix());
            let small_line = with_overrides(&line, &corpus.root().join(name).join("overrides.json"));
            let mut report = KeptReport {
                name: name.clone(),
                seed: entry.seed,
                failure: None,
                clean: entry.clean.len(),
                retired: false,
                reproduce: small_line.clone(),
            };
            tell(&report.to_begin());
            let small = recorder.run(entry.seed, entry.overrides.clone(), None);
            let plain = recorder.run(entry.seed, Overrides::new(), None);
            let is_it = |failure: &Failure| failure.signature() == entry.signature;
            let is_moved = |failure: &Failure| failure.signature().is_moved(&entry.signature);
            let in_small = small.failures.iter().map(|failure| (failure, &small_line));
            let failures = || in_small.clone().chain(plain.failures.iter().map(|failure| (failure, &line)));
            let first = |is: &dyn Fn(&Failure) -> bool| failures().find(|(failure, _)| is(failure));
            let found = first(&is_it).or_else(|| first(&is_moved)).or(failures().next());
            let failure = found.map(|(failure, _)| failure);
            let standing = match (&failure, &self.keeping.revision) {
                (None, Some(revision)) => corpus.note_clean(name, revision).ok(),
                (Some(failure), _) => corpus.note_red(name, &failure.signature()).ok().map(|()| Standing::Stays(0)),
                (None, None) => None,
            };
            if let Some(Standing::Stays(clean)) = standing {
                report.clean = clean;
            }
            report.retired = standing == Some(Standing::Retired);
            report.failure = failure.map(ToString::to_string);
            if let Some((_, line)) = found {
                report.reproduce.clone_from(line);
            }
            tell(&report.to_line());
            reports.push(report);
        }
        reports
    }

    /// Makes the first seed of each signature small, as far as the time goes.
    pub(super) fn after(&self, report: &Report) -> Vec<ShrunkReport> {
        let is_apart = self.builder.isolation() != Isolation::Threads;
        if self.options.no_shrink || is_apart {
            return Vec::new();
        }
        let mut left = BUDGET;
        let mut shrunk = Vec::new();
        let groups = report.failures.iter().filter_map(|group| group.seed.map(|seed| (group, seed)));
        let groups: Vec<_> = groups.take(SIGNATURES_MOST).collect();
        for (nth, (group, seed)) in groups.iter().enumerate() {
            if self.interruption.is_wanted() {
                break;
            }
            let record = self.builder.run_seed(*seed, Overrides::new(), None);
            let mut signatures = record.failures.iter().map(Failure::signature);
            let Some(signature) = signatures.find(|one| one.to_string() == group.signature) else { continue };
            let share = left / (groups.len() - nth) as u32;
            let made = self.make(*seed, signature, share);
            if let Some(made) = made {
                left = left.saturating_sub(Duration::from_secs_f64(made.cpu_seconds));
                shrunk.push(made);
            }
        }
        shrunk
    }

    fn make(&self, seed: u64, signature: Signature, share: Duration) -> Option<ShrunkReport> {
        let bug = self.options.bug.as_deref();
        let wanted = Wanted {
            simulation: self.name,
            bug,
            builder: self.builder,
            stated: self.stated,
            features: &self.keeping.features(bug),
            seed,
            overrides: Overrides::new(),
            signature: Some(signature),
            suffix: self.options.replay_suffix(),
            revision: self.keeping.revision.clone(),
        };
        let threads = self.options.jobs.unwrap_or_else(super::sweep::cores);
        // What cannot be made small stays as it is: the sweep has told of it.
        let made = wanted.make(budget(share), threads, || self.interruption.is_wanted(), |_| ()).ok()?;
        let Some(corpus) = self.keeping.corpus.as_ref().map(Corpus::new) else { return Some(made.report) };
        let place = corpus.place(&made.entry, |kept| size_now(self.builder, kept));
        let (report, error) = made.put(place);
        if let Some(error) = error {
            terminal::complain(&format!("it cannot be kept: {error}"));
        }
        Some(report)
    }
}
