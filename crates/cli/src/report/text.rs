//! A report in words, for people. It adds nothing to the data.

use super::{AssertionCount, Determinism, OracleReport, Report};
use crate::terminal::Paint;
use std::fmt::Write;
use wavetank_harness::Tally;

/// Signatures that are shown with an example; the others are counted.
const GROUPS_SHOWN: usize = 20;

impl Report {
    /// The report for a reader, without colour.
    pub fn text(&self) -> String {
        self.painted(Paint::PLAIN)
    }

    /// The report for a reader, many lines.
    pub(crate) fn painted(&self, paint: Paint) -> String {
        let mut text = String::new();
        self.write_head(&mut text, paint);
        if self.incomplete.is_some() {
            self.write_failures(&mut text, paint);
            self.kept.iter().for_each(|kept| text.push_str(&kept.painted(paint)));
            return text;
        }
        self.write_faults(&mut text);
        self.write_assertions(&mut text);
        self.write_metrics(&mut text);
        self.write_failures(&mut text, paint);
        if let Some(determinism) = &self.determinism {
            write_determinism(&mut text, determinism, paint);
        }
        self.kept.iter().for_each(|kept| text.push_str(&kept.painted(paint)));
        self.shrunk.iter().for_each(|shrunk| text.push_str(&shrunk.painted(paint)));
        text
    }

    fn write_head(&self, text: &mut String, paint: Paint) {
        let verdict = match (self.red, self.is_red()) {
            (0, false) => paint.green("green"),
            (0, true) => paint.red("RED"),
            (red, _) => paint.red(&format!("{} RED", grouped(red))),
        };
        let bug = self.bug.as_ref().map(|bug| format!(" with bug {bug}")).unwrap_or_default();
        let cut = if self.interrupted { ", interrupted" } else { "" };
        line(text, format_args!("{}{bug}: {} seeds, {verdict}{cut}", self.name, grouped(self.seeds)));
        if self.incomplete.is_some() {
            return;
        }
        let rate = if self.real_seconds > 0.0 { self.seeds as f64 / self.real_seconds } else { 0.0 };
        line(
            text,
            format_args!(
                "  {} events, {} polls, {} of virtual time in {} ({} seeds/s)",
                grouped(self.events),
                grouped(self.polls),
                seconds(self.virtual_seconds),
                seconds(self.real_seconds),
                grouped(rate as u64)
            ),
        );
    }

    /// A line per kind of fault: how often it was asked for, and what became of that.
    fn write_faults(&self, text: &mut String) {
        if self.faults.is_empty() {
            return line(text, format_args!("  faults: none"));
        }
        let width = self.faults.keys().map(String::len).max().unwrap_or(0);
        let head = ["asked", "granted", "downgraded", "refused", "fired", "felt"].map(str::to_string);
        let row = |name: &str, cells: [String; 6]| {
            let cells = cells.map(|cell| format!("{cell:>10}")).join(" ");
            format!("    {name:<width$} {cells}")
        };
        line(text, format_args!("{}", row("faults:", head).replacen("    faults:", "  faults:  ", 1)));
        for (name, tally) in &self.faults {
            let Tally { asked, granted, downgraded, refused, fired, effective } = *tally;
            let cells = [asked, granted, downgraded, refused, fired, effective].map(grouped);
            line(text, format_args!("{}", row(name, cells)));
        }
    }

    fn write_assertions(&self, text: &mut String) {
        let counts: Vec<String> = ["always", "sometimes", "reachable", "buggify"]
            .iter()
            .filter_map(|kind| {
                let of_kind = || self.assertions.iter().filter(|one| one.kind == *kind);
                let reached = of_kind().filter(|one| one.hits_true > 0).count();
                (of_kind().count() > 0).then(|| format!("{reached} of {} {kind}", of_kind().count()))
            })
            .collect();
        if !counts.is_empty() {
            line(text, format_args!("  points reached: {}", counts.join(", ")));
        }
        // What one of several simulations does not reach, another one may.
        let is_alone = self.uncovered || !self.name.contains('/');
        for missed in self.assertions.iter().filter(|one| one.missed && is_alone) {
            let never = if missed.hits_false > 0 { "never true" } else { "never reached" };
            line(text, format_args!("  {never}: {missed}"));
        }
    }

    fn write_metrics(&self, text: &mut String) {
        let counts: Vec<String> =
            self.metrics.iter().map(|(name, count)| format!("{name} {}", grouped(*count))).collect();
        if !counts.is_empty() {
            line(text, format_args!("  counted: {}", counts.join(", ")));
        }
    }

    fn write_failures(&self, text: &mut String, paint: Paint) {
        for group in self.failures.iter().take(GROUPS_SHOWN) {
            let Some(seed) = group.seed else {
                line(text, format_args!("  {} {} x {}", paint.red("RED"), grouped(group.count), group.signature));
                continue;
            };
            let often = if group.count > 1 { format!(" ({} times)", grouped(group.count)) } else { String::new() };
            line(text, format_args!("  {} seed {seed}{often}: {}", paint.red("RED"), group.message));
            line(text, format_args!("    reproduce: {}", group.reproduce));
        }
        if self.failures.len() > GROUPS_SHOWN {
            line(text, format_args!("  and {} more kinds of failure", self.failures.len() - GROUPS_SHOWN));
        }
        if let (Some(oracle), Some(bug)) = (&self.oracle, &self.bug) {
            line(text, format_args!("  {}", oracle.verdict(bug, paint)));
        }
        if let Some(first) = self.restarts.first() {
            let often = match self.restarts.len() {
                1 => String::new(),
                times => format!(", {times} times in all"),
            };
            line(text, format_args!("  {first}; the sweep went on behind that{often}"));
        }
        if let Some(why) = &self.incomplete {
            line(text, format_args!("  {} {why}", paint.red("incomplete:")));
        }
        if self.uncovered {
            let red = if self.interrupted { "not covered yet".to_string() } else { paint.red("RED: not covered") };
            line(text, format_args!("  {red} after {} seeds: see what was never reached", grouped(self.seeds)));
        }
    }
}

impl OracleReport {
    fn verdict(&self, bug: &str, paint: Paint) -> String {
        let OracleReport { words, count, others } = self;
        match (count, others) {
            (0, 0) => format!("bug {bug}: not found; {words:?} must report it"),
            (0, _) => format!("{} bug {bug}: {words:?} must report it, and did not", paint.red("RED")),
            _ => {
                let (count, others) = (grouped(*count), grouped(*others));
                format!("bug {bug}: reported by {words:?}, as it must be ({count} failures, {others} others)")
            }
        }
    }
}

fn write_determinism(text: &mut String, determinism: &Determinism, paint: Paint) {
    let Determinism { seeds, divergent, divergences } = determinism;
    if divergent.is_empty() {
        line(text, format_args!("  determinism: {} seeds ran the same in a fresh process", grouped(*seeds)));
        return;
    }
    line(
        text,
        format_args!(
            "  {} determinism: {} of {} seeds did not run the same in a fresh process",
            paint.red("RED"),
            grouped(divergent.len() as u64),
            grouped(*seeds)
        ),
    );
    for one in divergences {
        line(text, format_args!("  {} seed {}: the first event that differs", paint.red("RED"), one.seed));
        line(text, format_args!("    first run:  {}", one.first));
        line(text, format_args!("    second run: {}", one.second));
        line(text, format_args!("    reproduce: {}", one.reproduce));
    }
}

impl std::fmt::Display for AssertionCount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} \"{name}\" at {}:{}", self.kind, self.file, self.line),
            None => write!(f, "{} at {}:{}", self.kind, self.file, self.line),
        }
    }
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    writeln!(text, "{words}").expect("a string takes all that fits into memory");
}

/// A number with a comma at every thousand.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration for people.
pub(crate) fn seconds(seconds: f64) -> String {
    match seconds {
        ..0.001 => format!("{:.1} us", seconds * 1e6),
        ..1.0 => format!("{:.1} ms", seconds * 1e3),
        ..120.0 => format!("{seconds:.1} s"),
        ..7200.0 => format!("{:.1} min", seconds / 60.0),
        ..172_800.0 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} days", seconds / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0.0005, 0.25, 60.0, 300.0, 7200.0, 200_000.0].map(seconds),
            ["500.0 us", "250.0 ms", "60.0 s", "5.0 min", "2.0 h", "2.3 days"]
        );
    }
}
