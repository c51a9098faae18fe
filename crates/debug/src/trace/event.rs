//! One event of a trace. Which kinds there are, and what each says in its arguments,
//! is in `docs/trace.md`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceEvent {
    /// Its number in the trace, from 0.
    pub n: u64,
    /// Nanoseconds of global virtual time.
    pub t: u64,
    /// The machine where it happened, if it was on one.
    pub machine: Option<u32>,
    /// The node.
    pub node: Option<u32>,
    /// Which of the node's processes.
    pub inc: Option<u32>,
    /// The structural name of the task, in hexadecimal.
    pub task: Option<String>,
    /// What happened, such as `tcp.land`.
    pub kind: String,
    /// The number of the event that made this one happen; always a smaller one.
    pub cause: Option<u64>,
    /// The same for a message's departure and for what became of it.
    pub msg: Option<String>,
    /// What the kind says about it.
    pub args: Map<String, Value>,
}

impl TraceEvent {
    /// An argument that is a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.args.get(name)?.as_u64()
    }

    /// An argument that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.args.get(name)?.as_str()
    }
}
