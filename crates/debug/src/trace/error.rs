//! Why a file is no trace. What a trace says about a run is no error of the file's.

/// Why a trace cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// There is not even a header.
    #[error("it is empty")]
    Empty,
    /// The first line is no header of a trace.
    #[error("its first line is no header of a trace")]
    Header(#[source] serde_json::Error),
    /// Another program's file, or of a version that this one does not know.
    #[error("it says that it is `{wavetank}` of version {version}, not `trace` of version {known}", known = super::VERSION)]
    Version {
        /// What it says that it is.
        wavetank: String,
        /// Of which version.
        version: u32,
    },
    /// A line is no event.
    #[error("line {line} is no event")]
    Event {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The events are not numbered 0, 1, 2 and so on, or a cause is no earlier event.
    #[error("line {line}: event {n} is not where its number says, or its cause does not come before it")]
    Order {
        /// Which, from 1.
        line: usize,
        /// The event's number.
        n: u64,
    },
}
