//! What a run's history must be. Gathers nothing itself.

use super::text::Text;
use std::collections::BTreeMap;
use wavetank_check::{History, KeyValue, Keyed, Limits, Outcome, VersionedOp, VersionedRet, linearizable};
use wavetank_harness::Finished;

pub(crate) type Op = Keyed<&'static str, VersionedOp<Text>>;
pub(crate) type Ret = VersionedRet<Text>;

/// What all clients of a run have asked, and what they were told.
pub(crate) type Asked = History<Op, Ret>;

/// Each key was what one register with versions would have been.
pub(crate) fn linearizable_per_key(run: &Finished) -> Result<(), String> {
    let model = KeyValue::<&'static str, Text>::default();
    let verdict = run.shared::<Asked>().with(|history| linearizable(&model, history, Limits::default()));
    if let Some(violation) = verdict.violation() {
        run.explain(violation);
    }
    verdict.into_result()
}

/// A version is given once in the life of a store, whatever the key.
pub(crate) fn one_version_one_write(run: &Finished) -> Result<(), String> {
    run.shared::<Asked>().with(|history| {
        let mut given = BTreeMap::new();
        for operation in history.operations() {
            if let Outcome::Completed { ret: VersionedRet::Written { version }, .. } = operation.outcome
                && let Some(first) = given.insert(version, operation)
            {
                let words = format!("version {version} was given to #{} and to #{}", first.id.0, operation.id.0);
                run.blame(&words, &[first, operation]);
                return Err(words);
            }
        }
        Ok(())
    })
}
