//! Who is not healed when the last faults are over, and stays so until everybody is
//! restarted. Deciding alone: the director does it.

use crate::tolerance::Tolerance;
use wavetank_engine::{Decisions, Domain, FaultKind, NodeId, kinds, mix, name_key, scale};

/// What the kind of being left is spread by.
const SHAPE: u64 = name_key("shape");

/// What is wrong with a process for good when the world becomes quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    Dead,
    /// Nobody hears it, and it hears nobody.
    Cut,
    /// Nobody hears it.
    Mute,
    /// It hears nobody.
    Deaf,
}

/// The entity of what is left behind, in its kinds' domains; its number there is the node's.
pub(crate) const LEFT: u64 = 0x6c65_6674;
/// The entity of how many are left.
const ALL: u64 = 0x706c_616e;
const HOW_MANY_LEFT: Domain = Domain::new("quiesce.left");

impl Left {
    pub(crate) fn kind(self) -> &'static FaultKind {
        match self {
            Left::Dead => &kinds::CRASH,
            Left::Cut | Left::Mute | Left::Deaf => &wavetank_network::kinds::PARTITION,
        }
    }
}

/// Who is not healed when the last cycle is over: nobody in half of all runs, at most as
/// many as the tolerance has otherwise.
pub(crate) fn left(tolerance: Option<&Tolerance>, decisions: &Decisions, processes: u32) -> Vec<(NodeId, Left)> {
    let down = tolerance.map_or(0, |tolerance| tolerance.down.min(processes.saturating_sub(1)));
    let mut left: Vec<(NodeId, Left)> = Vec::new();
    if down == 0 {
        return left;
    }
    let (down, plain) = (u64::from(down), decisions.plain());
    let count = plain.within(HOW_MANY_LEFT, ALL, 0, 0, 2 * down - 1).saturating_sub(down - 1);
    for nth in 1..=count {
        let bits = plain.draw(HOW_MANY_LEFT, ALL, nth).expect("nothing is overridden in it");
        let free: Vec<u32> = (0..processes).filter(|one| left.iter().all(|(node, _)| node.0 != *one)).collect();
        let node = free[(bits % free.len() as u64) as usize];
        let how = [Left::Dead, Left::Cut, Left::Mute, Left::Deaf][scale(mix(bits, SHAPE), 0, 3) as usize];
        left.push((NodeId(node), how));
    }
    left.retain(|(node, how)| decisions.draw(how.kind().domain(), LEFT, u64::from(node.0)).is_some());
    left
}
