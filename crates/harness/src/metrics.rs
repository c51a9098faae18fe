//! What a workload may report beside success: counts of its own, summed over a
//! sweep. Nothing is judged by them.

/// Counts by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SimulationMetrics {
    /// By name. Few at most, and mostly none: made and dropped in each run.
    counts: Vec<(String, u64)>,
}

impl SimulationMetrics {
    /// No counts.
    pub fn new() -> SimulationMetrics {
        SimulationMetrics::default()
    }

    /// Adds to a count.
    pub fn add(&mut self, name: impl Into<String>, amount: u64) {
        let name = name.into();
        match self.place(&name) {
            Ok(place) => self.counts[place].1 += amount,
            Err(place) => self.counts.insert(place, (name, amount)),
        }
    }

    /// A count; zero if nothing was added to it.
    pub fn get(&self, name: &str) -> u64 {
        self.place(name).map_or(0, |place| self.counts[place].1)
    }

    /// Where a name is, or where it belongs.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.counts.binary_search_by(|(known, _)| known.as_str().cmp(name))
    }

    /// All counts, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.iter().map(|(name, count)| (name.as_str(), *count))
    }

    /// Adds all of another's counts.
    pub fn merge(&mut self, other: &SimulationMetrics) {
        for (name, count) in other.iter() {
            match self.place(name) {
                Ok(place) => self.counts[place].1 += count,
                Err(_) => self.add(name, count),
            }
        }
    }
}
