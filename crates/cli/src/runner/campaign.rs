//! `campaign`: a longer sweep whose dated result is kept with the sources.

use super::chosen::choose;
use super::out::write_json;
use super::sweep::{self, Asked};
use crate::manifest::Manifest;
use crate::report::{CoverageReport, Report};
use crate::terminal;
use crate::trouble::Trouble;
use crate::verdict::Verdict;
use crate::written;
use lexopt::Parser;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// Seeds of a campaign that says nothing else.
const SEEDS: u64 = 100_000;

/// A campaign's result, as it is committed.
#[derive(Serialize)]
struct Record<'a> {
    /// `YYYY-MM-DD`, UTC.
    date: String,
    /// What repeats it.
    command: String,
    /// The commit it ran on; `-dirty` if files differed from it.
    commit: Option<String>,
    /// Hardware threads of the machine.
    cores: usize,
    reports: &'a [Report],
    coverage: &'a [CoverageReport],
}

pub(super) fn command(parser: Parser) -> Result<Verdict, Trouble> {
    let mut asked = sweep::read(parser)?;
    // `campaign sweep NAME` says which kind of campaign; there is no other kind yet.
    if asked.names.first().is_some_and(|name| name == "sweep") {
        asked.names.remove(0);
    }
    let options = &mut asked.options;
    if options.seeds.is_none() && options.time.is_none() && !options.until_covered {
        options.seeds = Some(0..SEEDS);
    }
    let manifest = Manifest::read()?;
    // Who asked for what is not there gets no folder for it.
    choose(&manifest, &asked)?;
    let folder = manifest.root.join("docs").join("campaigns");
    let failed = |error| Trouble::new(format!("{}: it cannot be written: {error}", folder.display()));
    written::claim(&folder).map_err(failed)?;
    let swept = sweep::run(&manifest, &asked)?;
    if swept.reports.is_empty() {
        return swept.verdict();
    }
    let date = today()?;
    let path = free(&folder, &format!("{date}-{}", slug(&asked)));
    let record = Record {
        command: repeat(&asked),
        commit: commit(&manifest.root),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        reports: &swept.reports,
        coverage: &swept.coverage,
        date,
    };
    let told = || terminal::say(&format!("written: {}\n", path.display()));
    if let Err(unwritten) = write_json(&path, &record).and_then(|()| told()) {
        swept.trouble.iter().for_each(Trouble::tell);
        return Err(unwritten);
    }
    swept.verdict()
}

/// A file that is not there yet: a second campaign of a day keeps the first.
pub(super) fn free(folder: &Path, stem: &str) -> PathBuf {
    let numbered = (2..).map(|nth| format!("{stem}-{nth}"));
    let mut paths = std::iter::once(stem.to_string()).chain(numbered).map(|name| folder.join(name + ".json"));
    paths.find(|path| !path.exists()).expect("there is always a further number")
}

/// What the file is about: the targets, and the bug if there was one.
fn slug(asked: &Asked) -> String {
    let mut words = vec!["sweep".to_string()];
    words.extend(asked.names.iter().map(|name| name.replace('/', ".")));
    words.extend(asked.options.bug.clone());
    words.join("-")
}

fn repeat(asked: &Asked) -> String {
    let mut words = vec!["cargo xtask campaign sweep".to_string()];
    words.extend(asked.names.iter().cloned());
    words.extend(asked.options.arguments().iter().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

/// The commit of the sources; `-dirty` if files differ from it.
pub(super) fn commit(root: &Path) -> Option<String> {
    let mut git = Command::new("git");
    git.args(["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]).current_dir(root);
    let output = git.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_string())
}

/// The date, UTC.
///
/// # Errors
/// If the system has none.
pub(super) fn today() -> Result<String, Trouble> {
    let now = SystemTime::now();
    let since = now.duration_since(UNIX_EPOCH).map_err(|_| Trouble::new("the system's clock is before 1970"))?;
    Ok(date(since.as_secs() / 86_400))
}

/// The date so many days after 1970-01-01, by going over the years.
fn date(days: u64) -> String {
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (mut year, mut left) = (1970, days);
    while left >= 365 + u64::from(is_leap(year)) {
        left -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", left + 1)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_are_dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(11_016), "2000-02-29");
        assert_eq!(date(11_017), "2000-03-01");
        assert_eq!(date(20_453), "2025-12-31");
        assert_eq!(date(20_454), "2026-01-01");
    }
}
