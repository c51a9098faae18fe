//! A report in words, for people. It adds nothing to the data.

use super::{AssertionCount, Determinism, Report};
use crate::terminal::Paint;
use std::fmt::Write;

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
        self.write_faults(&mut text);
        self.write_assertions(&mut text);
        self.write_metrics(&mut text);
        self.write_failures(&mut text, paint);
        if let Some(determinism) = &self.determinism {
            write_determinism(&mut text, determinism, paint);
        }
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

    fn write_faults(&self, text: &mut String) {
        let faults: Vec<String> = self
            .faults
            .iter()
            .map(|(name, tally)| format!("{name} {} ({} felt)", grouped(tally.fired), grouped(tally.effective)))
            .collect();
        line(
            text,
            format_args!("  faults: {}", if faults.is_empty() { "none".to_string() } else { faults.join(", ") }),
        );
    }

    fn write_assertions(&self, text: &mut String) {
        let counts: Vec<String> = ["always", "sometimes", "reachable"]
            .iter()
            .filter_map(|kind| {
                let of_kind = || self.assertions.iter().filter(|one| one.kind == *kind);
                let reached = of_kind().filter(|one| one.hits_true > 0).count();
                (of_kind().count() > 0).then(|| format!("{reached} of {} {kind}", of_kind().count()))
            })
            .collect();
        if !counts.is_empty() {
            line(text, format_args!("  assertions reached: {}", counts.join(", ")));
        }
        for missed in self.assertions.iter().filter(|one| one.missed) {
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
        if self.uncovered {
            let red = if self.interrupted { "not covered yet".to_string() } else { paint.red("RED: not covered") };
            line(text, format_args!("  {red} after {} seeds: see what was never reached", grouped(self.seeds)));
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
