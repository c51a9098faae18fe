//! The restart of everybody before the last check: by which kind of crash. Done by the run's
//! course.

use crate::chaos::Chaos;
use crate::plan::PLAN;
use crate::tolerance::Tolerance;
use wavetank_engine::{CrashKind, Decisions, Domain};

const RESTART: Domain = Domain::new("restart.kind");

/// How everybody is killed: by any kind of crash that was to be expected anyway, or not at all
/// if none was.
pub(crate) fn kind(chaos: &Chaos, tolerance: Option<&Tolerance>, decisions: &Decisions) -> Option<CrashKind> {
    let worst = tolerance.map_or(CrashKind::PowerLoss, |tolerance| tolerance.worst);
    let expected: Vec<CrashKind> = [
        (CrashKind::Process, &chaos.crashes),
        (CrashKind::Machine, &chaos.machine_crashes),
        (CrashKind::PowerLoss, &chaos.power_losses),
    ]
    .into_iter()
    .filter(|(kind, count)| *count.end() > 0 && *kind <= worst)
    .map(|(kind, _)| kind)
    .collect();
    let last = expected.len().checked_sub(1)?;
    Some(expected[decisions.within(RESTART, PLAN, 0, 0, last as u64) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::time::Duration;

    #[test]
    fn everybody_is_restarted_by_each_crash_that_was_to_be_expected() {
        let kinds = |chaos: &Chaos, tolerance: Option<&Tolerance>| {
            (0..50).filter_map(|seed| kind(chaos, tolerance, &Decisions::of(seed))).collect::<BTreeSet<_>>()
        };
        assert_eq!(kinds(&Chaos::storm(Duration::from_secs(10)), None).len(), 3);
        let tolerance = Tolerance { worst: CrashKind::Machine, ..Tolerance::down(1) };
        assert_eq!(
            kinds(&Chaos::storm(Duration::from_secs(10)), Some(&tolerance)),
            BTreeSet::from([CrashKind::Process, CrashKind::Machine])
        );
        assert_eq!(kinds(&Chaos::none(), None).len(), 0);
    }
}
