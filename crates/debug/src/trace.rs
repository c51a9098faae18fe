//! The causal trace of a run as a file: its header, its events, and how they are
//! written and read. What is recorded, and when, is the engine's and the harness's.

mod convert;
mod error;
mod event;
mod file;
mod header;
mod past;

pub use error::TraceError;
pub use event::TraceEvent;
pub use file::TraceFile;
pub use header::{TraceFailure, TraceHeader, TraceMachine, TraceNode, TraceRole, VERSION};
