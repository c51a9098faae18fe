//! What the service counts about itself, and how Prometheus reads it. Decides nothing.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters and gauges of one service.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) reads: Gauge,
    pub(crate) lists: Gauge,
    pub(crate) writes: Gauge,
    pub(crate) mismatches: Gauge,
    pub(crate) replays: Gauge,
    pub(crate) overloads: Gauge,
    pub(crate) batches: Gauge,
    pub(crate) sync_nanos: Gauge,
    pub(crate) compactions: Gauge,
    pub(crate) keys: Gauge,
    pub(crate) replies: Gauge,
    pub(crate) log_bytes: Gauge,
    pub(crate) snapshot_bytes: Gauge,
}

/// One number.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicU64);

impl Gauge {
    pub(crate) fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Metrics {
    pub(crate) fn synced(&self, took: Duration) {
        self.batches.add(1);
        self.sync_nanos.add(took.as_nanos() as u64);
    }

    /// All of them in Prometheus' text format.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let mut say = |kind: &str, name: &str, help: &str, value: &dyn std::fmt::Display| {
            writeln!(text, "# HELP kv_{name} {help}\n# TYPE kv_{name} {kind}\nkv_{name} {value}")
                .expect("a string takes all");
        };
        let mut number = |kind, name, help, gauge: &Gauge| say(kind, name, help, &gauge.get());
        number("counter", "reads_total", "Values that were asked for.", &self.reads);
        number("counter", "lists_total", "Pages of keys that were asked for.", &self.lists);
        number("counter", "writes_total", "Writes that were answered.", &self.writes);
        number("counter", "mismatches_total", "Writes whose condition did not hold.", &self.mismatches);
        number("counter", "replays_total", "Retries that got their first answer.", &self.replays);
        number("counter", "overloads_total", "Writes that were turned away.", &self.overloads);
        number("counter", "batches_total", "Batches of writes, each synced once.", &self.batches);
        number("counter", "compactions_total", "Snapshots that were written.", &self.compactions);
        number("gauge", "keys", "Keys that are stored.", &self.keys);
        number("gauge", "replies", "Answers that are kept for retries.", &self.replies);
        number("gauge", "log_bytes", "Size of the log.", &self.log_bytes);
        number("gauge", "snapshot_bytes", "Size of the snapshot.", &self.snapshot_bytes);
        let nanos = self.sync_nanos.get();
        let seconds = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
        say("counter", "sync_seconds_total", "Time that batches took to become durable.", &seconds);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let metrics = Metrics::default();
        metrics.reads.add(2);
        metrics.synced(Duration::from_millis(1_050));
        let text = metrics.text();
        assert!(text.contains("# TYPE kv_reads_total counter\nkv_reads_total 2\n"), "{text}");
        assert!(text.ends_with("\nkv_sync_seconds_total 1.050000000\n"), "{text}");
        let samples = text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(text.lines().count(), 3 * samples);
    }
}
