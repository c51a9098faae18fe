//! Which seeds a simulation runs.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

/// Which seeds to run, and when to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestStrategy {
    /// These, in this order. One that is named twice is run once: it is one run.
    Seeds(Vec<u64>),
    /// Those from the first up to, not including, the last.
    Range(Range<u64>),
    /// So many, from seed 0 on.
    Count(u64),
    /// From seed 0 on, until so much real time is over. How many that is depends on
    /// the machine; what each seed does, does not.
    TimeBudget(Duration),
    /// From seed 0 on, until every `sometimes_assert!` and `reachable!` of the
    /// program was reached, but so many at most.
    UntilAllSometimesReached(u64),
}

/// Seeds that cannot be run: a bad value of `WAVETANK_SEED` or `WAVETANK_SEEDS`, or a
/// strategy without any.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeedsError {
    /// Not a number.
    #[error("`{0}` is not a seed: give a whole number from 0 to 2^64 - 1")]
    NotASeed(String),
    /// Neither a number of seeds nor a range.
    #[error("`{0}` is neither a number of seeds nor a range such as 100..200")]
    NotSeeds(String),
    /// A variable of the environment that is set to one of these.
    #[error("{name}: {error}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong with its value.
        error: Box<SeedsError>,
    },
    /// A range without seeds.
    #[error("the range of seeds {0}..{1} is empty: its end must be greater than its start")]
    Empty(u64, u64),
    /// A strategy without seeds.
    #[error("the strategy {0:?} has no seed, and what runs nothing shows nothing: give it at least one")]
    NoSeeds(TestStrategy),
}

impl TestStrategy {
    /// One seed, as `WAVETANK_SEED` has it.
    ///
    /// # Errors
    /// [`SeedsError::NotASeed`].
    pub fn parse_seed(text: &str) -> Result<TestStrategy, SeedsError> {
        let seed = text.trim().parse().map_err(|_| SeedsError::NotASeed(text.to_string()))?;
        Ok(TestStrategy::Seeds(vec![seed]))
    }

    /// A number of seeds or a range `A..B`, as `WAVETANK_SEEDS` has it.
    ///
    /// # Errors
    /// [`SeedsError`].
    pub fn parse_seeds(text: &str) -> Result<TestStrategy, SeedsError> {
        let bad = || SeedsError::NotSeeds(text.to_string());
        let Some((start, end)) = text.trim().split_once("..") else {
            let count: u64 = text.trim().parse().map_err(|_| bad())?;
            return if count == 0 { Err(SeedsError::Empty(0, 0)) } else { Ok(TestStrategy::Count(count)) };
        };
        let start: u64 = start.trim().parse().map_err(|_| bad())?;
        let end: u64 = end.trim().parse().map_err(|_| bad())?;
        if start >= end { Err(SeedsError::Empty(start, end)) } else { Ok(TestStrategy::Range(start..end)) }
    }

    /// What the environment asks for: `WAVETANK_SEED` before `WAVETANK_SEEDS`.
    ///
    /// # Errors
    /// [`SeedsError`], if either is set to nonsense.
    pub fn from_environment() -> Result<Option<TestStrategy>, SeedsError> {
        let one = read("WAVETANK_SEED", TestStrategy::parse_seed)?;
        if one.is_some() { Ok(one) } else { read("WAVETANK_SEEDS", TestStrategy::parse_seeds) }
    }

    /// Says whether it has a seed to run.
    ///
    /// # Errors
    /// [`SeedsError::NoSeeds`], if not.
    pub fn validate(&self) -> Result<(), SeedsError> {
        if self.most() == Some(0) { Err(SeedsError::NoSeeds(self.clone())) } else { Ok(()) }
    }

    /// The same with each seed once, in the place where it is named first.
    pub(crate) fn distinct(&self) -> TestStrategy {
        let TestStrategy::Seeds(seeds) = self else { return self.clone() };
        let mut named = BTreeSet::new();
        TestStrategy::Seeds(seeds.iter().copied().filter(|seed| named.insert(*seed)).collect())
    }

    /// The seed at a place in the order, if the strategy has one there.
    pub(crate) fn seed(&self, place: u64) -> Option<u64> {
        match self {
            TestStrategy::Seeds(seeds) => seeds.get(place as usize).copied(),
            TestStrategy::Range(range) => range.start.checked_add(place).filter(|seed| range.contains(seed)),
            TestStrategy::Count(count) | TestStrategy::UntilAllSometimesReached(count) => {
                (place < *count).then_some(place)
            }
            TestStrategy::TimeBudget(_) => Some(place),
        }
    }

    /// How many seeds at most, if that is known.
    pub fn most(&self) -> Option<u64> {
        match self {
            TestStrategy::Seeds(seeds) => Some(seeds.iter().collect::<BTreeSet<_>>().len() as u64),
            TestStrategy::Range(range) => Some(range.end.saturating_sub(range.start)),
            TestStrategy::Count(count) | TestStrategy::UntilAllSometimesReached(count) => Some(*count),
            TestStrategy::TimeBudget(_) => None,
        }
    }
}

/// What a variable of the environment says, if it is set.
fn read(
    name: &'static str,
    parse: impl FnOnce(&str) -> Result<TestStrategy, SeedsError>,
) -> Result<Option<TestStrategy>, SeedsError> {
    let Some(text) = std::env::var_os(name) else { return Ok(None) };
    let strategy = parse(&text.to_string_lossy());
    strategy.map(Some).map_err(|error| SeedsError::Variable { name, error: Box::new(error) })
}
