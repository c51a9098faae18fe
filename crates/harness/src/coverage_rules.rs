//! The rules by which a sweep that saw too little is red: points that it never
//! reached, faults that it injected and nobody felt. Counts nothing itself.

use crate::result::all_kinds;
use std::borrow::Cow;
use std::fmt;
use wavetank_engine::{FaultKind, Tally};
use wavetank_probe::{Coverage, Kind, Site};

/// When a sweep that is green seed by seed has shown too little to be green, and what
/// is exempt from that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageRules {
    /// Seeds of each simulation from which on a `sometimes_assert!` that never held and
    /// a `reachable!` that was never reached are red; in shorter sweeps they are told.
    pub seeds: u64,
    /// How often a kind of fault must have been asked for to be red if nobody felt it.
    pub asked: u64,
    /// Planted points that need not be reached.
    pub sites: Vec<Exemption>,
    /// Kinds of fault that need not be felt.
    pub faults: Vec<Exemption>,
}

/// What a rule is not applied to, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    /// A point's name or module (then with all below it), or a kind's name.
    pub what: Cow<'static, str>,
    /// Why, in words; reports repeat them.
    pub reason: Cow<'static, str>,
}

impl Default for CoverageRules {
    /// From 1,000 seeds and 20 faults of a kind on. Exempt is `storage.in-flight-lost`:
    /// who asked is dead, and a lost sync shows only when the machine loses power as
    /// well, which then counts as `storage.lost`.
    fn default() -> CoverageRules {
        let in_flight = Exemption::new(
            wavetank_storage::kinds::IN_FLIGHT_LOST.name(),
            "who asked is dead, and what it left shows as storage.lost or storage.entry-lost",
        );
        CoverageRules { seeds: 1000, asked: 20, sites: Vec::new(), faults: vec![in_flight] }
    }
}

impl CoverageRules {
    /// The usual rules.
    pub fn new() -> CoverageRules {
        CoverageRules::default()
    }

    /// Judges points only in sweeps of so many seeds of each simulation.
    pub fn from_seeds(mut self, seeds: u64) -> CoverageRules {
        self.seeds = seeds;
        self
    }

    /// Points of that name, or of that module and those below it, need not be reached.
    pub fn exempt_site(
        mut self,
        what: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
    ) -> CoverageRules {
        self.sites.push(Exemption::new(what, reason));
        self
    }

    /// That kind of fault, by its name, need not be felt.
    pub fn exempt_fault(
        mut self,
        kind: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
    ) -> CoverageRules {
        self.faults.push(Exemption::new(kind, reason));
        self
    }

    /// Both rules at once: the stricter demand is dropped, exemptions add up.
    pub fn merge(&mut self, other: &CoverageRules) {
        self.seeds = self.seeds.max(other.seeds);
        self.asked = self.asked.max(other.asked);
        for (mine, theirs) in [(&mut self.sites, &other.sites), (&mut self.faults, &other.faults)] {
            for exemption in theirs {
                if !mine.contains(exemption) {
                    mine.push(exemption.clone());
                }
            }
        }
    }

    /// What was missed by runs of `seeds` seeds of each simulation, and how each stands.
    pub fn judge<'a>(
        &'a self,
        seeds: u64,
        coverage: &Coverage,
        tally: impl Fn(&FaultKind) -> Tally,
    ) -> Vec<(Miss, Standing<'a>)> {
        let mut missed = Vec::new();
        for miss in coverage.never_reached().map(Miss::NeverReached).chain(coverage.never_true().map(Miss::NeverTrue)) {
            let site = miss.site().expect("it is about a point");
            let exemption = self.sites.iter().find(|one| one.covers(site));
            let is_judged = seeds >= self.seeds && must_be_seen(site);
            missed.push((miss, if is_judged { Standing::of(exemption) } else { Standing::Told }));
        }
        for kind in all_kinds() {
            let tally = tally(kind);
            if tally.asked >= self.asked && tally.effective == 0 {
                let exemption = self.faults.iter().find(|one| one.what == kind.name());
                missed.push((Miss::NeverFelt(kind, tally), Standing::of(exemption)));
            }
        }
        missed
    }
}

/// What a miss means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// The sweep is red for it.
    Red,
    /// It would be, but somebody said why it need not be.
    Exempt(&'a Exemption),
    /// It is worth a line, and no more: the sweep was short, or no rule is about it.
    Told,
}

impl<'a> Standing<'a> {
    fn of(exemption: Option<&'a Exemption>) -> Standing<'a> {
        exemption.map_or(Standing::Red, Standing::Exempt)
    }
}

/// An `always_assert!` that was never executed proved nothing; that is told, and not red.
fn must_be_seen(site: &Site) -> bool {
    matches!(site.kind(), Kind::Sometimes | Kind::Reachable)
}

impl Exemption {
    fn new(what: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Exemption {
        Exemption { what: what.into(), reason: reason.into() }
    }

    fn covers(&self, site: &Site) -> bool {
        let module = site.module();
        let below = |rest: &str| rest.is_empty() || rest.starts_with("::");
        site.name() == Some(&*self.what) || module.strip_prefix(&*self.what).is_some_and(below)
    }
}

/// What a sweep should have seen and did not.
#[derive(Debug, Clone, Copy)]
pub enum Miss {
    /// A `sometimes_assert!` or `reachable!` that no run executed.
    NeverReached(&'static Site),
    /// A `sometimes_assert!` that was executed and never held.
    NeverTrue(&'static Site),
    /// A kind of fault that was on, and that no code felt.
    NeverFelt(&'static FaultKind, Tally),
}

impl Miss {
    /// The rule's name: `reached`, `true` or `felt`.
    pub fn rule(&self) -> &'static str {
        match self {
            Miss::NeverReached(_) => "reached",
            Miss::NeverTrue(_) => "true",
            Miss::NeverFelt(..) => "felt",
        }
    }

    /// The point, if it is about one.
    pub fn site(&self) -> Option<&'static Site> {
        match self {
            Miss::NeverReached(site) | Miss::NeverTrue(site) => Some(site),
            Miss::NeverFelt(..) => None,
        }
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Miss::NeverReached(site) => write!(f, "never reached: {site}"),
            Miss::NeverTrue(site) => write!(f, "never true: {site}"),
            Miss::NeverFelt(kind, tally) => write!(
                f,
                "never felt: {} was asked for {} times and fired {} times, and no code saw a difference",
                kind.name(),
                tally.asked,
                tally.fired
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wavetank_engine::kinds;
    use wavetank_probe::{reachable, sometimes_assert};

    /// Never called: only its points are of interest.
    #[expect(dead_code, reason = "its points stand in the catalogue without being executed")]
    fn planted() {
        reachable!("somebody is here");
        sometimes_assert!(false, "never");
    }

    fn missed(rules: &CoverageRules, seeds: u64, coverage: &Coverage, tally: Tally) -> Vec<String> {
        let tally_of = |kind: &FaultKind| if kind == &kinds::CRASH { tally } else { Tally::default() };
        let misses = rules.judge(seeds, coverage, tally_of);
        misses.iter().filter(|(_, standing)| *standing == Standing::Red).map(|(miss, _)| miss.to_string()).collect()
    }

    #[test]
    fn points_count_from_a_number_of_seeds_on() {
        let (rules, mut coverage) = (CoverageRules::new(), Coverage::new());
        assert!(missed(&rules, 999, &coverage, Tally::default()).is_empty());
        let told = missed(&rules, 1000, &coverage, Tally::default());
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.iter().any(|one| one.contains("somebody is here") && one.contains(file!())));
        assert_eq!(missed(&rules.clone().from_seeds(5), 5, &coverage, Tally::default()), told);
        for (site, _) in Coverage::new().iter() {
            coverage.record(site, site.kind() != wavetank_probe::Kind::Sometimes);
        }
        let told = missed(&rules, 1000, &coverage, Tally::default());
        assert!(matches!(&told[..], [one] if one.starts_with("never true: ") && one.contains("\"never\"")), "{told:?}");
    }

    #[test]
    fn a_kind_that_nobody_felt_counts_from_twenty_on() {
        let check = |asked: u64, effective: u64, red: bool| {
            let (rules, tally) = (CoverageRules::new(), Tally { asked, effective, ..Tally::default() });
            assert_eq!(missed(&rules, 1, &Coverage::new(), tally).len(), usize::from(red), "{asked} {effective}");
        };
        check(19, 0, false);
        check(20, 0, true);
        check(20, 1, false);
    }

    #[test]
    fn what_is_exempt_is_told_with_its_reason() {
        let module = module_path!();
        let (above, name) = (module.rsplit_once("::").expect("it is nested").0, "somebody is here");
        for what in [module, above] {
            assert!(
                missed(&CoverageRules::new().exempt_site(what, "why"), 1000, &Coverage::new(), Tally::default())
                    .is_empty()
            );
        }
        let rules = CoverageRules::new().exempt_site(name, "nobody is").exempt_fault("node.crash", "they restart");
        let tally = Tally { asked: 30, ..Tally::default() };
        assert_eq!(missed(&rules, 1000, &Coverage::new(), tally), [format!("never reached: {}", never())]);
        let misses = rules.judge(1000, &Coverage::new(), |_| tally);
        assert!(
            misses.iter().any(|(_, standing)| matches!(standing, Standing::Exempt(one) if one.reason == "nobody is"))
        );
        assert!(
            missed(
                &CoverageRules::new().exempt_site("wavetank_harness::cove", "half a name"),
                1000,
                &Coverage::new(),
                Tally::default()
            )
            .len()
                == 2
        );
    }

    fn never() -> &'static Site {
        wavetank_probe::catalogue().iter().find(|site| site.name() == Some("never")).expect("it is planted")
    }
}
