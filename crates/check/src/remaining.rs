//! What is not placed yet: the calls and returns of completed operations, in order, as a
//! list from which an operation is taken and put back in constant time. Pending
//! operations, which need not be placed, are not in it.

/// A list over the calls and returns of `n` operations that are numbered in the order of
/// their calls.
///
/// Operations are put back in the reverse order of their taking, and only so; then each
/// still knows its neighbours.
pub(crate) struct Remaining {
    next: Vec<u32>,
    previous: Vec<u32>,
    /// When each node happened; `u64::MAX` for the end.
    moments: Vec<u64>,
}

/// A place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Node(u32);

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Operation `n` was invoked.
    Call(usize),
    /// Operation `n` was completed.
    Return(usize),
    /// The end of the list.
    End,
}

/// Both the head and the end.
const END: u32 = 0;

fn call(operation: usize) -> u32 {
    u32::try_from(2 * operation + 1).expect("a history has fewer than 2^31 completed operations")
}

impl Remaining {
    /// All operations, given as the moments of their calls and returns, in the order of
    /// their calls.
    pub(crate) fn new(operations: &[(u64, u64)]) -> Remaining {
        let mut moments = vec![u64::MAX; 2 * operations.len() + 1];
        for (operation, (called, returned)) in operations.iter().enumerate() {
            moments[call(operation) as usize] = *called;
            moments[call(operation) as usize + 1] = *returned;
        }
        let nodes = u32::try_from(moments.len()).expect("a history has fewer than 2^31 completed operations");
        let mut order: Vec<u32> = (1..nodes).collect();
        order.sort_unstable_by_key(|node| moments[*node as usize]);
        let mut list = Remaining { next: vec![END; moments.len()], previous: vec![END; moments.len()], moments };
        let mut last = END;
        for node in order {
            list.next[last as usize] = node;
            list.previous[node as usize] = last;
            last = node;
        }
        list.next[last as usize] = END;
        list.previous[END as usize] = last;
        list
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.next[END as usize] == END
    }

    pub(crate) fn first(&self) -> Node {
        Node(self.next[END as usize])
    }

    pub(crate) fn after(&self, node: Node) -> Node {
        Node(self.next[node.0 as usize])
    }

    pub(crate) fn event(&self, node: Node) -> Event {
        match node.0 {
            END => Event::End,
            node if node % 2 == 1 => Event::Call(node as usize / 2),
            node => Event::Return(node as usize / 2 - 1),
        }
    }

    /// When the event at `node` happened; at the end, later than anything.
    pub(crate) fn moment(&self, node: Node) -> u64 {
        self.moments[node.0 as usize]
    }

    /// The first return: what was called before it may come next, all else must wait.
    pub(crate) fn first_return(&self) -> Node {
        let mut node = self.first();
        while let Event::Call(_) = self.event(node) {
            node = self.after(node);
        }
        node
    }

    pub(crate) fn take(&mut self, operation: usize) {
        for node in [call(operation), call(operation) + 1] {
            let (previous, next) = (self.previous[node as usize], self.next[node as usize]);
            self.next[previous as usize] = next;
            self.previous[next as usize] = previous;
        }
    }

    pub(crate) fn put_back(&mut self, operation: usize) {
        for node in [call(operation) + 1, call(operation)] {
            let (previous, next) = (self.previous[node as usize], self.next[node as usize]);
            self.next[previous as usize] = node;
            self.previous[next as usize] = node;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(list: &Remaining) -> Vec<Event> {
        let mut node = list.first();
        let mut events = Vec::new();
        while list.event(node) != Event::End {
            events.push(list.event(node));
            node = list.after(node);
        }
        events
    }

    #[test]
    fn what_is_taken_is_put_back_where_it_was() {
        use Event::{Call, Return};
        let mut list = Remaining::new(&[(0, 3), (1, 2), (4, 5)]);
        let all = [Call(0), Call(1), Return(1), Return(0), Call(2), Return(2)];
        assert_eq!(events(&list), all);
        assert_eq!(list.moment(list.first_return()), 2);
        list.take(1);
        assert_eq!(events(&list), [Call(0), Return(0), Call(2), Return(2)]);
        list.take(0);
        list.take(2);
        assert!(list.is_empty() && list.moment(list.first_return()) == u64::MAX);
        for operation in [2, 0, 1] {
            list.put_back(operation);
        }
        assert_eq!(events(&list), all);
    }
}
