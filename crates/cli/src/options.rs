//! The options of a sweep: read from a command line, and written to one again for
//! the target's own process. Which targets they are for is not in them.

use crate::trouble::Trouble;
use lexopt::ValueExt;
use std::ffi::OsString;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;
use wavetank_harness::TestStrategy;

/// Seeds of a sweep that says nothing else.
const SEEDS_DEFAULT: u64 = 1000;
/// Seeds after which a sweep for coverage gives up, unless it says how many.
const SEEDS_TO_COVER: u64 = 100_000;

/// What to sweep, for how long, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SweepOptions {
    /// Seeds, by their first and the one after their last.
    pub(crate) seeds: Option<Range<u64>>,
    /// Real time after which no seed begins.
    pub(crate) time: Option<Duration>,
    pub(crate) until_covered: bool,
    /// Threads; as many as there are cores if not set.
    pub(crate) jobs: Option<usize>,
    pub(crate) bug: Option<String>,
    pub(crate) check_determinism: bool,
    /// The folder for reports in JSON.
    pub(crate) out: Option<PathBuf>,
    /// The profile to build in, if not `sim`.
    pub(crate) profile: Option<String>,
    /// Whether red seeds stay as large as they are.
    pub(crate) no_shrink: bool,
}

impl SweepOptions {
    /// The flags, for the one line of a usage error.
    pub(crate) const USAGE: &'static str = "[--seeds N|A..B] [--for 60s] [--until-covered] [--jobs J] [--bug NAME] \
         [--check-determinism] [--no-shrink] [--out DIR] [--profile NAME]";

    /// Takes a flag if it is one of these, with its value.
    ///
    /// # Errors
    /// If the flag is known and its value is bad.
    pub(crate) fn take(&mut self, flag: &str, parser: &mut lexopt::Parser) -> Result<bool, Trouble> {
        match flag {
            "seeds" => self.seeds = Some(seeds(&value(flag, parser)?)?),
            "for" => self.time = Some(duration(flag, &value(flag, parser)?)?),
            "until-covered" => self.until_covered = true,
            "jobs" => self.jobs = Some(jobs(&value(flag, parser)?)?),
            "bug" => self.bug = Some(value(flag, parser)?),
            "check-determinism" => self.check_determinism = true,
            "no-shrink" => self.no_shrink = true,
            "out" => self.out = Some(path(flag, parser)?),
            "profile" => self.profile = Some(value(flag, parser)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The flags again, for the process that runs one target.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        let mut pair = |flag: &str, value: String| words.extend([OsString::from(flag), OsString::from(value)]);
        if let Some(seeds) = &self.seeds {
            pair("--seeds", format!("{}..{}", seeds.start, seeds.end));
        }
        if let Some(time) = self.time {
            pair("--for", format!("{}ms", time.as_millis()));
        }
        if let Some(jobs) = self.jobs {
            pair("--jobs", jobs.to_string());
        }
        if let Some(bug) = &self.bug {
            pair("--bug", bug.clone());
        }
        if let Some(profile) = &self.profile {
            pair("--profile", profile.clone());
        }
        if self.until_covered {
            words.push("--until-covered".into());
        }
        if self.no_shrink {
            words.push("--no-shrink".into());
        }
        if self.check_determinism {
            words.push("--check-determinism".into());
        }
        words
    }

    /// The seeds in order; a time limit alone has no last one.
    pub(crate) fn range(&self) -> Range<u64> {
        match (&self.seeds, self.until_covered, self.time) {
            (Some(seeds), _, _) => seeds.clone(),
            (None, true, _) => 0..SEEDS_TO_COVER,
            (None, false, Some(_)) => 0..u64::MAX,
            (None, false, None) => 0..SEEDS_DEFAULT,
        }
    }

    /// The same for the harness.
    pub(crate) fn strategy(&self) -> TestStrategy {
        let range = self.range();
        match (self.until_covered, self.time) {
            (true, _) => TestStrategy::UntilAllSometimesReached(range.end),
            (false, Some(time)) if self.seeds.is_none() => TestStrategy::TimeBudget(time),
            _ => TestStrategy::Range(range),
        }
    }

    /// How many seeds, if that is known before.
    pub(crate) fn most(&self) -> Option<u64> {
        let is_endless = self.seeds.is_none() && !self.until_covered && self.time.is_some();
        let range = self.range();
        (!is_endless).then(|| range.end - range.start)
    }

    /// What goes behind `cargo xtask replay NAME --seed S`.
    pub(crate) fn replay_suffix(&self) -> String {
        let bug = self.bug.as_ref().map(|bug| format!(" --bug {bug}")).unwrap_or_default();
        let profile = self.profile.as_ref().map(|profile| format!(" --profile {profile}")).unwrap_or_default();
        bug + &profile
    }

    /// Says what contradicts itself.
    ///
    /// # Errors
    /// In that case.
    pub(crate) fn validate(&self) -> Result<(), Trouble> {
        if self.until_covered && self.seeds.as_ref().is_some_and(|seeds| seeds.start != 0) {
            return Err(Trouble::new(
                "--until-covered begins at seed 0: give it a number of seeds at most, not a range",
            ));
        }
        Ok(())
    }
}

/// The value of a flag, as text.
///
/// # Errors
/// If there is none, an empty one, or it is no text.
pub(crate) fn value(flag: &str, parser: &mut lexopt::Parser) -> Result<String, Trouble> {
    let text = text(flag, parser)?;
    if text.is_empty() { Err(missing(flag)) } else { Ok(text) }
}

/// The value of a flag, as text that may be empty.
///
/// # Errors
/// If there is none, or it is no text.
pub(crate) fn text(flag: &str, parser: &mut lexopt::Parser) -> Result<String, Trouble> {
    let value = parser.value().map_err(|_| missing(flag))?;
    value.string().map_err(|_| Trouble::new(format!("the value of --{flag} is not text")))
}

/// The value of a flag, as a path.
///
/// # Errors
/// If there is none, or an empty one.
pub(crate) fn path(flag: &str, parser: &mut lexopt::Parser) -> Result<PathBuf, Trouble> {
    let path = parser.value().map_err(|_| missing(flag))?;
    if path.is_empty() { Err(missing(flag)) } else { Ok(PathBuf::from(path)) }
}

fn missing(flag: &str) -> Trouble {
    Trouble::new(format!("--{flag} needs a value"))
}

/// A number of seeds from 0 on, or a range.
fn seeds(text: &str) -> Result<Range<u64>, Trouble> {
    match TestStrategy::parse_seeds(text) {
        Ok(TestStrategy::Range(range)) => Ok(range),
        Ok(other) => Ok(0..other.most().expect("a number of seeds is a number")),
        Err(error) => Err(Trouble::new(format!("--seeds {text}: {error}"))),
    }
}

/// One seed.
///
/// # Errors
/// If it is none.
pub(crate) fn seed(text: &str) -> Result<u64, Trouble> {
    match TestStrategy::parse_seed(text) {
        Ok(TestStrategy::Seeds(seeds)) => Ok(seeds[0]),
        Ok(_) => unreachable!("one seed is a list of one"),
        Err(error) => Err(Trouble::new(format!("--seed {text}: {error}"))),
    }
}

/// A window of events, as `FROM..TO`.
///
/// # Errors
/// If it is none.
pub(crate) fn window(text: &str) -> Result<(u64, u64), Trouble> {
    let numbers = text.split_once("..").and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    numbers.ok_or_else(|| Trouble::new(format!("--window {text}: give numbers of events such as 0..256")))
}

/// A number of threads.
///
/// # Errors
/// If it is none.
pub(crate) fn jobs(text: &str) -> Result<usize, Trouble> {
    /// More threads than any machine that this will meet.
    const MOST: usize = 4096;
    match text.parse() {
        Ok(jobs @ 1..=MOST) => Ok(jobs),
        _ => Err(Trouble::new(format!("--jobs {text}: give a number of threads from 1 to {MOST}"))),
    }
}

/// How many runs of a kind.
///
/// # Errors
/// If it is none, or more than anybody waits for.
pub(crate) fn runs(flag: &str, text: &str) -> Result<usize, Trouble> {
    const MOST: usize = 1_000_000;
    match text.parse() {
        Ok(runs @ 1..=MOST) => Ok(runs),
        _ => Err(Trouble::new(format!("--{flag} {text}: give a number from 1 to {MOST}"))),
    }
}

/// A whole number with its unit: `ms`, `s`, `m` or `h`; seconds without.
///
/// # Errors
/// If it is none, or zero.
pub(crate) fn duration(flag: &str, text: &str) -> Result<Duration, Trouble> {
    let bad = || Trouble::new(format!("--{flag} {text}: give a time such as 500ms, 60s, 10m or 2h, more than none"));
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| bad())?;
    let millis = match unit {
        "ms" => 1,
        "" | "s" => 1000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return Err(bad()),
    };
    let millis = number.checked_mul(millis).filter(|&millis| millis > 0).ok_or_else(bad)?;
    Ok(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<SweepOptions, Trouble> {
        let mut parser = lexopt::Parser::from_args(line.split_whitespace());
        let mut options = SweepOptions::default();
        while let Some(argument) = parser.next()? {
            let lexopt::Arg::Long(flag) = argument else { return Err(Trouble::new("a word")) };
            let flag = flag.to_string();
            assert!(options.take(&flag, &mut parser)?, "{flag} is a flag");
        }
        options.validate()?;
        Ok(options)
    }

    fn check_bad(line: &str, hint: &str) {
        let trouble = read(line).expect_err(line).to_string();
        assert!(trouble.contains(hint) && !trouble.contains('\n'), "{line}: {trouble}");
    }

    #[test]
    fn the_flags_survive_being_written_again() {
        for line in ["", "--seeds 7", "--seeds 3..9 --for 2m --jobs 2 --bug b --check-determinism", "--until-covered"] {
            let options = read(line).expect(line);
            let words: Vec<String> =
                options.arguments().into_iter().map(|word| word.into_string().expect("ours is text")).collect();
            assert_eq!(read(&words.join(" ")), Ok(options), "{line}");
        }
    }

    #[test]
    fn nonsense_is_one_line_that_helps() {
        check_bad("--seeds 0", "empty");
        check_bad("--seeds 9..3", "greater than its start");
        check_bad("--seeds 3..3", "empty");
        check_bad("--seeds many", "100..200");
        check_bad("--seeds", "needs a value");
        check_bad("--bug=", "--bug needs a value");
        check_bad("--out=", "--out needs a value");
        check_bad("--for soon", "60s");
        check_bad("--for 0s", "more than none");
        check_bad("--for 99999999999999999999h", "60s");
        check_bad("--jobs 0", "from 1");
        check_bad("--until-covered --seeds 5..9", "begins at seed 0");
    }

    #[test]
    fn a_range_to_the_last_seed_of_all_is_one_like_any_other() {
        let last = u64::MAX;
        let options = read(&format!("--for 1s --seeds 5..{last}")).expect("a good command line");
        assert_eq!((options.strategy(), options.most()), (TestStrategy::Range(5..last), Some(last - 5)));
        let options = read(&format!("--for 1s --seeds {last}")).expect("a good command line");
        assert_eq!((options.strategy(), options.most()), (TestStrategy::Range(0..last), Some(last)));
    }

    #[test]
    fn a_time_limit_alone_has_no_last_seed() {
        let most = |line: &str| read(line).expect(line).most();
        assert_eq!(most(""), Some(1000));
        assert_eq!(most("--for 1s"), None);
        assert_eq!(most("--for 1s --seeds 5"), Some(5));
        assert_eq!(most("--until-covered"), Some(100_000));
    }
}
