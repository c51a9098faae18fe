//! The operations of a run, as far as the harness records them. Makes none.

use wavetank_harness::{Address, RunRecord};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OperationRecord {
    pub(crate) address: Address,
    pub(crate) client: String,
    pub(crate) verb: String,
    pub(crate) asked: String,
    pub(crate) answered: Option<String>,
    pub(crate) begun: u64,
    pub(crate) ended: Option<u64>,
}

pub(crate) fn operations(_: &RunRecord) -> &[OperationRecord] {
    &[]
}
