//! What client and server say to each other. Framing is not in here.

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ping {
    /// The sender's own number for it.
    pub sequence: u64,
    /// What the answer has to repeat.
    pub text: String,
}

/// The answer to a [`Ping`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Pong {
    /// The ping's number.
    pub sequence: u64,
    /// The ping's text.
    pub text: String,
    /// Who answered.
    pub server: String,
}
