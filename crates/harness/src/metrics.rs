//! What a workload may report beside success: counts of its own, summed over a
//! sweep. Nothing is judged by them.

use std::collections::BTreeMap;

/// Counts by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SimulationMetrics {
    counts: BTreeMap<String, u64>,
}

impl SimulationMetrics {
    /// No counts.
    pub fn new() -> SimulationMetrics {
        SimulationMetrics::default()
    }

    /// Adds to a count.
    pub fn add(&mut self, name: impl Into<String>, amount: u64) {
        *self.counts.entry(name.into()).or_default() += amount;
    }

    /// A count; zero if nothing was added to it.
    pub fn get(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }

    /// All counts, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.iter().map(|(name, count)| (name.as_str(), *count))
    }

    /// Adds all of another's counts.
    pub fn merge(&mut self, other: &SimulationMetrics) {
        for (name, count) in other.iter() {
            match self.counts.get_mut(name) {
                Some(sum) => *sum += count,
                None => self.add(name, count),
            }
        }
    }
}
