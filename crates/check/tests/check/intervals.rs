//! Histories written down as intervals. They are built through the recorder as a client would.

use std::time::Duration;
use wavetank_check::{History, Ticket};

/// An operation from one point in time to another, at which its answer comes; `None`
/// leaves it pending. No two points of a history are the same.
pub(crate) struct Span<Op, Ret> {
    pub(crate) client: u32,
    pub(crate) op: Op,
    pub(crate) from: u64,
    pub(crate) answer: Option<(u64, Ret)>,
}

pub(crate) fn span<Op, Ret>(client: u32, op: Op, from: u64, to: u64, ret: Ret) -> Span<Op, Ret> {
    Span { client, op, from, answer: Some((to, ret)) }
}

pub(crate) fn pending<Op, Ret>(client: u32, op: Op, from: u64) -> Span<Op, Ret> {
    Span { client, op, from, answer: None }
}

/// The history of these intervals; its operations are numbered by where they begin.
pub(crate) fn history<Op, Ret>(spans: impl IntoIterator<Item = Span<Op, Ret>>) -> History<Op, Ret> {
    enum Call<Op, Ret> {
        Invoke(u32, Op),
        Complete(Ret),
    }
    let mut calls = Vec::new();
    for (index, span) in spans.into_iter().enumerate() {
        calls.push((span.from, index, Call::Invoke(span.client, span.op)));
        calls.extend(span.answer.map(|(to, ret)| (to, index, Call::Complete(ret))));
    }
    calls.sort_by_key(|(at, ..)| *at);
    assert!(calls.windows(2).all(|pair| pair[0].0 < pair[1].0), "no two things happen at once");
    let mut history = History::default();
    let mut tickets: Vec<(usize, Ticket)> = Vec::new();
    for (at, index, call) in calls {
        let time = Duration::from_millis(at);
        match call {
            Call::Invoke(client, op) => tickets.push((index, history.invoke(client, op, time))),
            Call::Complete(ret) => {
                let open = tickets.iter().position(|(other, _)| *other == index).expect("it begins before it ends");
                history.complete(tickets.swap_remove(open).1, ret, time);
            }
        }
    }
    history
}
