//! What a sweep found: counts over all runs, what was reached, and why some were
//! red. The same for any number of threads.

use crate::failure::{Failure, human};
use crate::metrics::SimulationMetrics;
use crate::signature::Signature;
use crate::worker::RunOutcome;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use wavetank_engine::{Digest, FaultKind, Tallies, Tally, kinds, mix};
use wavetank_probe::{Coverage, Kind};

/// One red run.
#[derive(Debug, Clone)]
pub struct RedRun {
    /// Its seed.
    pub seed: u64,
    /// What was wrong, at least one thing.
    pub failures: Vec<Failure>,
    /// The line that runs it again.
    pub reproduce: String,
}

/// The first seed that shows a failure.
#[derive(Debug, Clone)]
pub struct FirstFailure {
    /// The lowest one that does.
    pub seed: u64,
    /// What was wrong with its run.
    pub failure: Failure,
    /// The line that runs it again.
    pub reproduce: String,
}

/// The outcome of a simulation over its seeds.
#[derive(Debug, Clone)]
#[must_use = "a simulation may have been red: ask `assert_green`"]
pub struct SimulationResult {
    /// The simulation's name.
    pub name: String,
    /// Runs.
    pub seeds: u64,
    /// Records fired, over all runs.
    pub events: u64,
    /// Tasks polled, over all runs.
    pub polls: u64,
    /// Virtual time, over all runs.
    pub virtual_time: Duration,
    /// Real time that the sweep took.
    pub real_time: Duration,
    /// The red runs, by seed; at most [`RED_RUNS_MOST`](Self::RED_RUNS_MOST) of them.
    pub red: Vec<RedRun>,
    /// How many runs were red.
    pub red_count: u64,
    /// How often each failure was found, by signature.
    pub signatures: BTreeMap<Signature, u64>,
    /// The first of each failure, by signature, however many red runs there are; of more than
    /// [`FIRSTS_MOST`](Self::FIRSTS_MOST) those with the lowest seeds.
    pub firsts: BTreeMap<Signature, FirstFailure>,
    /// What the workloads counted.
    pub metrics: SimulationMetrics,
    /// What was reached of the points planted in the program.
    pub coverage: Coverage,
    digests: (u64, u64),
    tallies: Tallies,
}

impl SimulationResult {
    /// Red runs that are kept whole; further ones are counted.
    pub const RED_RUNS_MOST: usize = 1000;
    /// Failures that differ of which the first is kept.
    pub const FIRSTS_MOST: usize = 1000;

    pub(crate) fn new(name: &str) -> SimulationResult {
        SimulationResult {
            name: name.to_string(),
            seeds: 0,
            events: 0,
            polls: 0,
            virtual_time: Duration::ZERO,
            real_time: Duration::ZERO,
            red: Vec::new(),
            red_count: 0,
            signatures: BTreeMap::new(),
            firsts: BTreeMap::new(),
            metrics: SimulationMetrics::default(),
            coverage: Coverage::new(),
            digests: (0, 0),
            tallies: Tallies::default(),
        }
    }

    pub(crate) fn absorb<'a>(
        &mut self,
        seed: u64,
        outcome: RunOutcome,
        tallies: impl Iterator<Item = (usize, &'a Tally)>,
    ) {
        self.seeds += 1;
        self.events += outcome.events;
        self.polls += outcome.polls;
        self.virtual_time += Duration::from_nanos(outcome.virtual_time);
        // A sum does not depend on the order in which runs end.
        self.digests.0 = self.digests.0.wrapping_add(mix(outcome.digest.0, seed));
        self.digests.1 = self.digests.1.wrapping_add(mix(outcome.digest.1, !seed));
        self.metrics.merge(&outcome.metrics);
        self.tallies.merge(tallies);
        if !outcome.failures.is_empty() {
            self.absorb_red(seed, outcome.failures);
        }
    }

    #[cold]
    fn absorb_red(&mut self, seed: u64, failures: Vec<Failure>) {
        self.red_count += 1;
        failures.iter().for_each(|failure| self.count(seed, failure));
        self.red.push(RedRun { seed, failures, reproduce: String::new() });
        if self.red.len() > 2 * Self::RED_RUNS_MOST || self.firsts.len() > 2 * Self::FIRSTS_MOST {
            self.trim();
        }
    }

    /// Handles or wakers of a run were used after it, as came to light when it had been taken
    /// in. `was_red`: whether it was red then, kept whole or only counted.
    pub(crate) fn absorb_late(&mut self, seed: u64, uses: usize, was_red: bool) {
        let late = Failure::Foreign { uses };
        if !was_red {
            return self.absorb_red(seed, vec![late]);
        }
        let Some(red) = self.red.iter_mut().find(|red| red.seed == seed) else {
            return self.count(seed, &late);
        };
        let told = red.failures.iter_mut().find_map(|failure| match failure {
            Failure::Foreign { uses } => Some(uses),
            _ => None,
        });
        match told {
            Some(before) => *before += uses,
            None => {
                red.failures.push(late.clone());
                self.count(seed, &late);
            }
        }
    }

    /// Counts a failure of a run.
    fn count(&mut self, seed: u64, failure: &Failure) {
        let signature = failure.signature();
        if self.firsts.get(&signature).is_none_or(|first| seed < first.seed) {
            let first = FirstFailure { seed, failure: failure.clone(), reproduce: String::new() };
            self.firsts.insert(signature.clone(), first);
        }
        *self.signatures.entry(signature).or_default() += 1;
    }

    /// Keeps the red runs and the first failures with the lowest seeds. What falls out is
    /// behind so many others that only a lower seed brings it back: whoever trims when, on
    /// however many threads, is left with the same.
    pub(crate) fn trim(&mut self) {
        self.red.sort_by_key(|red| red.seed);
        self.red.truncate(Self::RED_RUNS_MOST);
        if self.firsts.len() > Self::FIRSTS_MOST {
            let mut firsts: Vec<_> = std::mem::take(&mut self.firsts).into_iter().collect();
            // They are in the order of signatures, in which those of a seed stay.
            firsts.sort_by_key(|(_, first)| first.seed);
            firsts.truncate(Self::FIRSTS_MOST);
            self.firsts = firsts.into_iter().collect();
        }
    }

    /// The same with other lines that run its seeds again, each by its seed: for whoever knows
    /// only of a red one how that is done.
    pub fn with_reproduce_lines(mut self, line: impl Fn(u64) -> String) -> SimulationResult {
        self.red.iter_mut().for_each(|red| red.reproduce = line(red.seed));
        self.firsts.values_mut().for_each(|first| first.reproduce = line(first.seed));
        self
    }

    pub(crate) fn merge(&mut self, other: SimulationResult) {
        self.seeds += other.seeds;
        self.events += other.events;
        self.polls += other.polls;
        self.virtual_time += other.virtual_time;
        self.digests.0 = self.digests.0.wrapping_add(other.digests.0);
        self.digests.1 = self.digests.1.wrapping_add(other.digests.1);
        self.red.extend(other.red);
        self.red_count += other.red_count;
        for (signature, count) in other.signatures {
            *self.signatures.entry(signature).or_default() += count;
        }
        for (signature, first) in other.firsts {
            if self.firsts.get(&signature).is_none_or(|own| first.seed < own.seed) {
                self.firsts.insert(signature, first);
            }
        }
        self.metrics.merge(&other.metrics);
        self.coverage.merge(&other.coverage);
        self.tallies.merge(other.tallies.iter());
        self.trim();
    }

    /// Whether no run was red.
    pub fn is_green(&self) -> bool {
        self.red_count == 0
    }

    /// Panics with the report if a run was red.
    ///
    /// # Panics
    /// If a run was red.
    #[track_caller]
    pub fn assert_green(&self) {
        assert!(self.is_green(), "{self}");
    }

    /// Whether every `sometimes_assert!` held and every `reachable!` was reached at least once.
    pub fn all_sometimes_reached(&self) -> bool {
        self.coverage.all_sometimes_reached()
    }

    /// One digest of all runs; the same for any number of threads.
    pub fn digest(&self) -> Digest {
        Digest(self.digests.0, self.digests.1)
    }

    /// The tally of a kind of fault.
    pub fn tally(&self, kind: &FaultKind) -> &Tally {
        self.tallies.of(kind)
    }

    /// The kinds of fault that were asked for at least once, with their tallies.
    pub fn faults(&self) -> impl Iterator<Item = (&'static FaultKind, &Tally)> {
        all_kinds().map(|kind| (kind, self.tally(kind))).filter(|(_, tally)| tally.asked > 0 || tally.effective > 0)
    }
}

/// Every kind of fault there is, by index.
pub fn all_kinds() -> impl Iterator<Item = &'static FaultKind> {
    kinds::ALL.into_iter().chain(wavetank_network::kinds::ALL).chain(wavetank_storage::kinds::ALL)
}

impl fmt::Display for SimulationResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_green() { "green".to_string() } else { format!("{} of them RED", self.red_count) };
        writeln!(
            f,
            "{}: {} seeds, {verdict}; {} events, {} of virtual time in {}",
            self.name,
            self.seeds,
            self.events,
            human(self.virtual_time),
            human(self.real_time)
        )?;
        let faults: Vec<String> = self
            .faults()
            .map(|(kind, tally)| format!("{} {} ({} felt)", kind.name(), tally.fired, tally.effective))
            .collect();
        writeln!(f, "  faults: {}", if faults.is_empty() { "none".to_string() } else { faults.join(", ") })?;
        self.write_assertions(f)?;
        self.write_red(f)
    }
}

impl SimulationResult {
    fn write_assertions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sites: Vec<_> = self.coverage.iter().collect();
        let passed =
            |kind: Kind| sites.iter().filter(|(site, count)| site.kind() == kind && count.hits_true > 0).count();
        let all = |kind: Kind| sites.iter().filter(|(site, _)| site.kind() == kind).count();
        let line = [Kind::Always, Kind::Sometimes, Kind::Reachable]
            .into_iter()
            .filter(|&kind| all(kind) > 0)
            .map(|kind| format!("{} of {} {kind}", passed(kind), all(kind)))
            .collect::<Vec<_>>();
        if !line.is_empty() {
            writeln!(f, "  assertions reached: {}", line.join(", "))?;
        }
        for site in self.coverage.never_reached().chain(self.coverage.never_true()) {
            writeln!(f, "  never reached: {site}")?;
        }
        Ok(())
    }

    fn write_red(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Red runs that are printed in full.
        const PRINTED: usize = 5;
        /// Signatures that are printed; the others are counted.
        const SIGNATURES_PRINTED: usize = 20;
        for red in self.red.iter().take(PRINTED) {
            writeln!(f, "  RED seed {}", red.seed)?;
            for failure in &red.failures {
                writeln!(f, "    {failure}")?;
            }
            writeln!(f, "    reproduce: {}", red.reproduce)?;
        }
        if self.red_count > PRINTED as u64 {
            writeln!(f, "  by signature:")?;
            let printed: Vec<u64> = self.red.iter().take(PRINTED).map(|red| red.seed).collect();
            let mut signatures: Vec<_> = self.signatures.iter().collect();
            // The frequent ones first; the others as they are sorted.
            signatures.sort_by_key(|(_, count)| Reverse(**count));
            for (signature, count) in signatures.iter().take(SIGNATURES_PRINTED) {
                writeln!(f, "    {count} x {signature}")?;
                if let Some(first) = self.firsts.get(signature).filter(|first| !printed.contains(&first.seed)) {
                    writeln!(f, "      reproduce: {}", first.reproduce)?;
                }
            }
            if let Some(more @ 1..) = signatures.len().checked_sub(SIGNATURES_PRINTED) {
                writeln!(f, "    and {more} more kinds of failure")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wavetank_probe::Count;

    /// Takes a run in of which there is something of all that a sweep adds up.
    fn absorb(result: &mut SimulationResult, seed: u64) {
        let mut metrics = SimulationMetrics::new();
        metrics.add("work", seed);
        let (late, open) = (Failure::Foreign { uses: 1 }, Failure::Leaked { what: "a file".to_string() });
        let mut failures = vec![late, open];
        failures.truncate(seed as usize % 3);
        let (digest, events, polls, virtual_time) = (Digest(seed, !seed), seed, 2 * seed, 3 * seed);
        let outcome = RunOutcome { digest, events, polls, virtual_time, failures, metrics };
        result.absorb(seed, outcome, [(seed as usize % 2, &Tally { fired: seed, ..Tally::default() })].into_iter());
        let site = wavetank_probe::catalogue().iter().next().expect("tests have planted some");
        result.coverage.add(site, Count { hits_true: 1, hits_false: seed });
    }

    #[test]
    fn both_halves_of_each_digest_count() {
        let of = |first, second| {
            let mut result = SimulationResult::new("digest");
            let (failures, metrics) = (Vec::new(), SimulationMetrics::new());
            let digest = Digest(first, second);
            let outcome = RunOutcome { digest, events: 0, polls: 0, virtual_time: 0, failures, metrics };
            result.absorb(7, outcome, std::iter::empty());
            result.digest()
        };
        assert_eq!(of(1, 2), of(1, 2));
        assert!(of(1, 2) != of(3, 2) && of(1, 2) != of(1, 3));
    }

    #[test]
    fn a_late_use_makes_no_run_red_twice() {
        let late = Failure::Foreign { uses: 1 };
        let mut result = SimulationResult::new("late");
        let count = 2 * SimulationResult::RED_RUNS_MOST as u64 + 1;
        for seed in 0..count {
            result.absorb_red(seed, vec![Failure::Leaked { what: "a file".to_string() }]);
        }
        assert!(result.red.len() < result.red_count as usize, "the last ones are only counted by now");
        for seed in [0, count - 1] {
            result.absorb_late(seed, 1, true);
        }
        assert_eq!(result.red_count, count, "they are red anyway");
        result.absorb_late(count, 1, false);
        result.absorb_late(0, 2, true);
        assert!(result.red[0].failures.contains(&Failure::Foreign { uses: 3 }), "told once");
        assert_eq!((result.red_count, result.signatures[&late.signature()]), (count + 1, 3));
    }

    #[test]
    fn what_two_threads_find_is_what_one_finds() {
        let of = |seeds: &[u64]| {
            let mut result = SimulationResult::new("sum");
            seeds.iter().for_each(|seed| absorb(&mut result, *seed));
            result.trim();
            result
        };
        let one = format!("{:?}", of(&[0, 1, 2, 3, 4, 5, 6, 7, 8]));
        for (first, second) in [
            (&[0, 1, 2, 3][..], &[4, 5, 6, 7, 8][..]),
            (&[8, 5, 1], &[0, 2, 3, 4, 6, 7]),
            (&[], &[0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ] {
            let mut sum = of(first);
            sum.merge(of(second));
            assert_eq!(format!("{sum:?}"), one, "{first:?} and {second:?}");
        }
    }
}
