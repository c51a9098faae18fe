//! The acknowledgements of a direction: at most two are on their way, the earliest in
//! place, and all later ones as one, aside. No event as long as nobody waits for them.

use crate::flow::{Aside, Flow};
use std::hint::select_unpredictable;

/// An acknowledgement on its way: a fact with a due time, and not an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ack {
    pub(crate) due: u64,
    /// What has landed.
    pub(crate) upto: u64,
    /// Where the receive window ends.
    pub(crate) edge: u64,
}

/// None is on its way.
pub(crate) const NO_ACK: Ack = Ack { due: u64::MAX, upto: 0, edge: 0 };

impl Default for Ack {
    /// None.
    fn default() -> Ack {
        NO_ACK
    }
}

impl Flow {
    /// When the earliest acknowledgement arrives, if one is on its way.
    #[inline]
    pub(crate) fn ack_due(&self) -> Option<u64> {
        (self.ack.due != NO_ACK.due).then_some(self.ack.due)
    }

    /// How far the acknowledgements on their way go; 0 if there is none.
    pub(crate) fn acked_soon(&self) -> u64 {
        self.aside.as_ref().map_or(0, |aside| aside.later.upto).max(self.ack_due().map_or(0, |_| self.ack.upto))
    }

    /// Sends an acknowledgement at `now`.
    #[inline]
    pub(crate) fn push_ack(&mut self, ack: Ack, now: u64) {
        // By its fields all the way: what a call is handed lies in memory, and would be read back
        // in other pieces than it was written in.
        let Ack { due, upto, edge } = ack;
        if self.ack.due == NO_ACK.due {
            self.ack.due = due;
            self.ack.upto = upto;
            self.ack.edge = edge;
        } else {
            self.push_another(due, upto, edge, now);
        }
    }

    #[inline(never)]
    fn push_another(&mut self, due: u64, upto: u64, edge: u64, now: u64) {
        let ack = Ack { due, upto, edge };
        self.settle(now);
        if self.ack.due == NO_ACK.due {
            self.ack = ack;
        } else {
            let due = ack.due.max(self.ack.due);
            self.aside().later = Ack { due, ..ack };
        }
    }

    /// The acknowledgements on their way are lost.
    pub(crate) fn lose_acks(&mut self) {
        self.ack = NO_ACK;
        if let Some(aside) = &mut self.aside {
            aside.later = NO_ACK;
        }
    }

    /// The acknowledgements on their way arrive at other times.
    pub(crate) fn shift_acks(&mut self, shifted: impl Fn(u64) -> u64) {
        if self.ack.due != NO_ACK.due {
            self.ack.due = shifted(self.ack.due);
        }
        if let Some(Aside { later, .. }) = self.aside.as_deref_mut()
            && later.due != NO_ACK.due
        {
            later.due = shifted(later.due).max(self.ack.due);
        }
    }

    /// Settles the acknowledgements that have arrived by `now`.
    #[inline]
    pub(crate) fn settle(&mut self, now: u64) {
        let Ack { due, upto, edge } = self.ack;
        // Whether it has arrived when somebody writes is as good as random, and a wrong guess of
        // the processor costs more than settling nothing.
        let arrived = due <= now;
        self.acked = self.acked.max(select_unpredictable(arrived, upto, 0));
        self.edge = self.edge.max(select_unpredictable(arrived, edge, 0));
        self.ack.due = select_unpredictable(arrived, NO_ACK.due, due);
        if self.aside.is_some() && arrived {
            self.settle_later(now);
        }
    }

    #[inline(never)]
    fn settle_later(&mut self, now: u64) {
        if let Some(aside) = &mut self.aside
            && aside.later.due != NO_ACK.due
        {
            self.ack = std::mem::take(&mut aside.later);
            self.settle(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow_with(acks: impl IntoIterator<Item = (u64, Ack)>) -> Flow {
        let mut flow = Flow::default();
        flow.open(1, 1000);
        acks.into_iter().for_each(|(now, ack)| flow.push_ack(ack, now));
        flow
    }

    fn ack(due: u64, upto: u64) -> Ack {
        Ack { due, upto, edge: 1000 + upto }
    }

    #[test]
    fn an_acknowledgement_is_settled_when_it_has_arrived() {
        let mut flow = flow_with([(0, ack(10, 7))]);
        flow.settle(9);
        assert_eq!((flow.acked, flow.edge, flow.ack_due()), (0, 1000, Some(10)));
        flow.settle(10);
        assert_eq!((flow.acked, flow.edge, flow.ack_due()), (7, 1007, None));
    }

    #[test]
    fn those_behind_the_earliest_arrive_together_with_the_last() {
        let mut flow = flow_with([(0, ack(10, 1)), (1, ack(12, 2)), (2, ack(11, 3))]);
        flow.settle(10);
        assert_eq!((flow.acked, flow.ack_due()), (1, Some(11)));
        flow.settle(11);
        assert_eq!((flow.acked, flow.ack_due()), (3, None));

        let mut all_at_once = flow_with([(0, ack(10, 1)), (1, ack(12, 2))]);
        all_at_once.settle(12);
        assert_eq!((all_at_once.acked, all_at_once.ack_due()), (2, None));
    }

    #[test]
    fn a_later_one_never_arrives_before_the_earliest() {
        let mut flow = flow_with([(0, ack(10, 1)), (1, ack(5, 2))]);
        flow.settle(5);
        assert_eq!(flow.acked, 0);
        flow.settle(10);
        assert_eq!((flow.acked, flow.ack_due()), (2, None));
    }

    #[test]
    fn one_that_has_arrived_makes_room_for_the_next() {
        let flow = flow_with([(0, ack(10, 1)), (10, ack(20, 2))]);
        assert_eq!((flow.acked, flow.ack_due()), (1, Some(20)));
        assert!(flow.aside.is_none(), "only load and trouble need more memory");
    }

    #[test]
    fn all_on_their_way_are_lost_together() {
        let mut flow = flow_with([(0, ack(10, 1)), (1, ack(12, 2))]);
        flow.lose_acks();
        flow.settle(100);
        assert_eq!((flow.acked, flow.ack_due()), (0, None));
    }

    #[test]
    fn all_on_their_way_are_shifted_and_the_later_never_arrives_first() {
        for (shift, arrived) in [(0, [(1, Some(12)), (2, None)]), (100, [(0, Some(110)), (0, Some(110))])] {
            let mut flow = flow_with([(0, ack(10, 1)), (1, ack(12, 2))]);
            flow.shift_acks(|due| due + shift);
            for (now, expected) in [10, 12].into_iter().zip(arrived) {
                flow.settle(now);
                assert_eq!((flow.acked, flow.ack_due()), expected, "{shift} later, at {now}");
            }
        }
        let mut flow = flow_with([(0, ack(10, 1)), (1, ack(12, 2))]);
        flow.shift_acks(|due| due + 100);
        flow.settle(111);
        assert_eq!((flow.acked, flow.ack_due()), (1, Some(112)), "the later is later still");
    }
}
