//! What remains of a run: its fault atoms and its operations, and how one is taken
//! away. Which go first is for the passes.

use wavetank_harness::{Address, Atom, Choice, OperationRecord, Overrides, RunRecord};

/// What can be taken from a run, each by its address.
pub(super) struct Remains<'a> {
    pub(super) atoms: &'a [Atom],
    pub(super) operations: &'a [OperationRecord],
}

pub(super) fn remains(record: &RunRecord) -> Remains<'_> {
    Remains { atoms: &record.atoms, operations: &record.operations }
}

impl Remains<'_> {
    pub(super) fn split(&self) -> (usize, usize) {
        (self.atoms.len(), self.operations.len())
    }

    pub(super) fn count(&self) -> usize {
        self.atoms.len() + self.operations.len()
    }

    pub(super) fn addresses(&self) -> Vec<Address> {
        let atoms = self.atoms.iter().map(|atom| atom.address);
        atoms.chain(self.operations.iter().map(|operation| operation.address)).collect()
    }

    pub(super) fn contains(&self, address: &Address) -> bool {
        self.atoms.iter().any(|atom| atom.address == *address)
            || self.operations.iter().any(|operation| operation.address == *address)
    }

    /// The atoms in units: what happens to one target at one instant is one event to
    /// people, such as a crash with all that the disk loses by it.
    pub(super) fn units(&self) -> Vec<Vec<Address>> {
        let mut units: Vec<(u64, Vec<Address>)> = Vec::new();
        for atom in self.atoms {
            match units.last_mut() {
                Some((time, unit)) if *time == atom.time => unit.push(atom.address),
                _ => units.push((atom.time, vec![atom.address])),
            }
        }
        units.into_iter().map(|(_, unit)| unit).collect()
    }
}

/// The overrides, and these decisions benign.
pub(super) fn without(overrides: &Overrides, addresses: &[Address]) -> Overrides {
    let mut fewer = overrides.clone();
    for address in addresses {
        fewer.clear(address);
        if fewer.get(address) != Some(Choice::Benign) {
            fewer.set(*address, Choice::Benign);
        }
    }
    fewer
}
