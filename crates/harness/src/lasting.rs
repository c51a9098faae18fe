//! What lasts: the faults that are in force on links and clocks, and what several on the same
//! come to together. Carries out none of them.

use wavetank_engine::MachineId;

/// A direction between two machines.
pub(crate) type Link = (MachineId, MachineId);

/// What a fault does as long as it lasts.
pub(crate) enum Force {
    Cut(Vec<Link>),
    /// By so many nanoseconds.
    Slow(Link, u64),
    Clog(Link),
    /// By so many parts in a billion.
    Skew(MachineId, i64),
}

struct Fault {
    /// The how-manyth to begin. What it is in its plan others are too, of other kinds.
    number: u64,
    /// When it is over.
    over: u64,
    force: Force,
}

/// The faults in force. Several may be on the same link or clock: what ends one leaves what
/// the others do.
#[derive(Default)]
pub(crate) struct Lasting {
    /// In the order in which they began.
    faults: Vec<Fault>,
    /// How many have begun.
    begun: u64,
}

impl Lasting {
    /// Begins a fault; the number that ends it.
    pub(crate) fn begin(&mut self, over: u64, force: Force) -> u64 {
        self.begun += 1;
        self.faults.push(Fault { number: self.begun, over, force });
        self.begun
    }

    /// Ends a fault; what it did, unless it has ended already.
    pub(crate) fn end(&mut self, number: u64) -> Option<Force> {
        let place = self.faults.iter().position(|fault| fault.number == number)?;
        Some(self.faults.remove(place).force)
    }

    pub(crate) fn clear(&mut self) {
        self.faults.clear();
    }

    pub(crate) fn is_cut(&self, link: Link) -> bool {
        self.faults.iter().any(|fault| matches!(&fault.force, Force::Cut(links) if links.contains(&link)))
    }

    /// By how much a link is slower: by the worst of what slows it.
    pub(crate) fn slowness(&self, link: Link) -> u64 {
        let extra = |fault: &Fault| match fault.force {
            Force::Slow(slowed, extra) if slowed == link => Some(extra),
            _ => None,
        };
        self.faults.iter().filter_map(extra).max().unwrap_or(0)
    }

    /// When the last of what clogs a link is over, if anything does.
    pub(crate) fn clogged_until(&self, link: Link) -> Option<u64> {
        let is_on = |fault: &&Fault| matches!(fault.force, Force::Clog(clogged) if clogged == link);
        self.faults.iter().filter(is_on).map(|fault| fault.over).max()
    }

    /// How a clock runs: as the last to disturb it has it.
    pub(crate) fn rate(&self, machine: MachineId) -> i64 {
        let rate = |fault: &Fault| match fault.force {
            Force::Skew(disturbed, rate) if disturbed == machine => Some(rate),
            _ => None,
        };
        self.faults.iter().rev().find_map(rate).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: Link = (MachineId(0), MachineId(1));
    const BACK: Link = (MachineId(1), MachineId(0));

    /// Two faults on the same, of which the first is over last.
    fn two(one: Force, other: Force) -> Lasting {
        let mut lasting = Lasting::default();
        assert_eq!((lasting.begin(20, one), lasting.begin(10, other)), (1, 2));
        lasting
    }

    #[test]
    fn what_ends_one_leaves_what_the_other_does() {
        let mut lasting = two(Force::Cut(vec![LINK]), Force::Cut(vec![LINK, BACK]));
        assert!(lasting.end(2).is_some() && lasting.end(2).is_none(), "it ends once");
        assert_eq!((lasting.is_cut(LINK), lasting.is_cut(BACK)), (true, false));
        lasting.clear();
        assert!(!lasting.is_cut(LINK));
    }

    #[test]
    fn several_on_a_link_are_the_worst_of_them_and_on_a_clock_the_last() {
        let lasting = two(Force::Slow(LINK, 5), Force::Slow(LINK, 3));
        assert_eq!((lasting.slowness(LINK), lasting.slowness(BACK)), (5, 0));
        let lasting = two(Force::Clog(LINK), Force::Clog(LINK));
        assert_eq!((lasting.clogged_until(LINK), lasting.clogged_until(BACK)), (Some(20), None));
        let lasting = two(Force::Skew(MachineId(0), 5), Force::Skew(MachineId(0), -3));
        assert_eq!((lasting.rate(MachineId(0)), lasting.rate(MachineId(1))), (-3, 0));
        let mut lasting = lasting;
        lasting.begin(30, Force::Skew(MachineId(0), 7));
        assert!(lasting.end(1).is_some());
        assert_eq!(lasting.rate(MachineId(0)), 7, "still the last, whoever ended");
    }
}
