//! The table itself: one switch per contract, no name twice.

use std::collections::BTreeSet;
use wavetank_conformance::{Break, contracts};
use wavetank_tokio::TokioProviders;

#[test]
fn each_contract_has_a_name_a_promise_and_a_switch_of_its_own() {
    let contracts = contracts::<TokioProviders>();
    let names: BTreeSet<_> = contracts.iter().map(|contract| contract.name).collect();
    let promises: BTreeSet<_> = contracts.iter().map(|contract| contract.promise).collect();
    let switches: BTreeSet<_> = contracts.iter().map(|contract| contract.switch).collect();
    assert_eq!([names.len(), promises.len(), switches.len()], [contracts.len(); 3]);
    assert_eq!(Break::ALL.len(), contracts.len());
    assert!(contracts.iter().all(|contract| contract.promise.ends_with('.')), "a promise is a sentence");
}
