//! A partition: who is cut off from whom. When it begins and ends is planned elsewhere.

use wavetank_engine::{MachineId, mix, name_key, scale};

const SHAPE: u64 = name_key("shape");
const SIDE: u64 = name_key("half");

/// Machines that do not hear each other: nobody among the others hears the ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Who is not heard; by the numbers of their machines, the smallest first.
    pub ones: Vec<MachineId>,
    /// Who does not hear them. A machine that is on neither side is cut off from nobody.
    pub others: Vec<MachineId>,
    /// Whether the ones do not hear the others either.
    pub back: bool,
}

impl Cut {
    /// One of four shapes, by random bits, among the first `machines`, of which there are
    /// two at least. Half of all are symmetric halves.
    pub(crate) fn drawn(bits: u64, machines: u32) -> Cut {
        let side = |machine: &MachineId| mix(bits, SIDE.wrapping_mul(2 * u64::from(machine.0) + 1)) & 1 == 0;
        let (ones, others): (Vec<_>, Vec<_>) = (0..machines).map(MachineId).partition(side);
        let lonely = ones.is_empty() || others.is_empty();
        match scale(mix(bits, SHAPE), 0, 5) {
            3 if !lonely => Cut { ones, others, back: false },
            4 if !lonely && machines > 2 => {
                // The bridge belongs to the larger side, or that side would be gone.
                let (mut large, small) = if ones.len() > others.len() { (ones, others) } else { (others, ones) };
                large.remove((bits % large.len() as u64) as usize);
                Cut { ones: large, others: small, back: true }
            }
            0..=4 if !lonely => Cut { ones, others, back: true },
            _ => Cut::isolating(MachineId((bits % u64::from(machines)) as u32), machines),
        }
    }

    /// One machine alone.
    pub(crate) fn isolating(machine: MachineId, machines: u32) -> Cut {
        let others = (0..machines).map(MachineId).filter(|other| *other != machine);
        Cut { ones: vec![machine], others: others.collect(), back: true }
    }

    /// The directions that are cut.
    pub(crate) fn links(&self) -> Vec<(MachineId, MachineId)> {
        let mut links = Vec::new();
        for &one in &self.ones {
            for &other in &self.others {
                links.push((one, other));
                if self.back {
                    links.push((other, one));
                }
            }
        }
        links
    }

    /// The processes, which are the first machines, of the side that has fewer of them.
    pub(crate) fn minority(&self, processes: u32) -> Vec<u32> {
        let of = |side: &[MachineId]| {
            side.iter().map(|machine| machine.0).filter(|one| *one < processes).collect::<Vec<u32>>()
        };
        let (ones, others) = (of(&self.ones), of(&self.others));
        if ones.len() <= others.len() { ones } else { others }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn who_is_isolated_neither_hears_nor_is_heard() {
        let cut = Cut::isolating(MachineId(1), 3);
        let links: BTreeSet<(u32, u32)> = cut.links().into_iter().map(|(from, to)| (from.0, to.0)).collect();
        assert_eq!(links, BTreeSet::from([(1, 0), (0, 1), (1, 2), (2, 1)]));
        assert_eq!((cut.minority(3), cut.minority(1)), (vec![1], Vec::new()));
    }

    #[test]
    fn each_shape_is_drawn_and_is_what_it_is_called() {
        const MACHINES: u32 = 5;
        let (mut halves, mut deaf, mut bridged, mut lonely) = (0, 0, 0, 0);
        for seed in 0..1000_u64 {
            let cut = Cut::drawn(mix(seed, SIDE), MACHINES);
            let (one, other) = (cut.ones.len(), cut.others.len());
            assert!(one > 0 && other > 0, "{cut:?}");
            let links: BTreeSet<(MachineId, MachineId)> = cut.links().into_iter().collect();
            let is_heard = links.iter().any(|(from, to)| !links.contains(&(*to, *from)));
            match (is_heard, one + other == MACHINES as usize) {
                (true, _) => deaf += 1,
                (false, false) => {
                    // The bridge comes from the larger side.
                    assert!(one + 1 > other, "{cut:?}");
                    bridged += 1;
                }
                (false, true) if one == 1 => lonely += 1,
                (false, true) => halves += 1,
            }
        }
        assert!([deaf, bridged].iter().all(|shape| (100..250).contains(shape)), "a sixth each: {deaf} {bridged}");
        assert!(halves > 300 && lonely > 100, "{halves} {lonely}");
    }
}
