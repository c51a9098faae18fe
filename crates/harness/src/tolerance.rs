//! What a system says that it survives, so that planned faults stay survivable. Plans
//! nothing itself.

use wavetank_engine::{CrashKind, Ratio};

/// What the processes of a simulation survive together. Without one, whatever the plan
/// says is carried out.
///
/// A planned fault that asks for more is weakened (a power loss to a crash, a partition
/// to the isolation of one process) or refused; [`Tally`](crate::Tally) counts both. In
/// some runs the tolerance is overdrawn on purpose: there the system may stop making
/// progress, but must not answer wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tolerance {
    /// Processes that may be down, paused or cut off at one time.
    pub down: u32,
    /// The worst crash that any one process survives.
    pub worst: CrashKind,
    /// How often a run overdraws it.
    pub overdraft: Ratio,
}

impl Tolerance {
    /// So many processes at a time, by crashes of any kind; overdrawn in one run of twenty.
    pub fn down(down: u32) -> Tolerance {
        Tolerance { down, worst: CrashKind::PowerLoss, overdraft: Ratio::new(1, 20) }
    }
}

/// What a tolerance made of a planned fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grant {
    Granted,
    Downgraded,
    Refused,
}

/// Which processes are out of order when, as far as is planned.
#[derive(Debug, Default)]
pub(crate) struct Outages {
    /// From, up to, who.
    spans: Vec<(u64, u64, u32)>,
}

impl Outages {
    /// Enters that a process is out of order.
    pub(crate) fn enter(&mut self, from: u64, to: u64, process: u32) {
        self.spans.push((from, to, process));
    }

    /// Forgets what is over by then: nobody asks about an earlier time any more.
    pub(crate) fn forget(&mut self, before: u64) {
        self.spans.retain(|&(_, to, _)| to > before);
    }

    /// Whether a process is out of order at that time.
    pub(crate) fn is_out(&self, process: u32, time: u64) -> bool {
        self.spans.iter().any(|&(from, to, who)| who == process && from <= time && time < to)
    }

    /// The most processes, without those in `aside`, that are out of order at once
    /// between two times.
    pub(crate) fn most(&self, from: u64, to: u64, aside: &[u32]) -> u32 {
        let overlapping = || self.spans.iter().filter(|span| span.0 < to && from < span.1);
        let at = |time: u64| {
            let mut who: Vec<u32> = overlapping()
                .filter(|span| span.0 <= time && time < span.1 && !aside.contains(&span.2))
                .map(|span| span.2)
                .collect();
            who.sort_unstable();
            who.dedup();
            who.len() as u32
        };
        // The number rises only where an outage begins.
        overlapping().map(|span| at(span.0)).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outages_are_counted_where_they_overlap_and_once_a_process() {
        let mut outages = Outages::default();
        outages.enter(10, 20, 0);
        outages.enter(15, 30, 1);
        outages.enter(16, 18, 1);
        assert_eq!(outages.most(0, 10, &[]), 0);
        assert_eq!(outages.most(0, 15, &[]), 1);
        assert_eq!(outages.most(0, 100, &[]), 2);
        assert_eq!(outages.most(0, 100, &[0]), 1);
        assert_eq!(outages.most(20, 100, &[]), 1);
        assert!(outages.is_out(1, 29) && !outages.is_out(1, 30) && !outages.is_out(0, 20));
        outages.forget(20);
        assert!(!outages.is_out(0, 19) && outages.is_out(1, 20), "what is over by then is forgotten, and nothing else");
    }
}
