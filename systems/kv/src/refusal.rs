//! Answers that say no: a status, a word for machines, a sentence for people. Decides
//! nothing.

use crate::database::WriteError;
use crate::limit::VALUE_BYTES_MOST;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use axum::{Json, extract::rejection::BytesRejection};
use serde::{Deserialize, Serialize};

/// Why a request has no other answer. Only after [`Word::OutcomeUnknown`] a write may
/// have been done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    body: RefusalBody,
}

/// What the service says of itself when it says no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalBody {
    /// Why, for machines.
    pub error: Word,
    /// Why, for people.
    pub message: String,
    /// The key's version, where that was the reason; none if there is no such key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

/// Why the service says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// The request makes no sense.
    BadRequest,
    /// There is no such key.
    NotFound,
    /// The key has another version, or is there, or is not.
    VersionMismatch,
    /// The value is larger than any may be.
    TooLarge,
    /// The idempotency key was used for another write.
    KeyReused,
    /// Too many writes are waiting. This one was not done.
    Overloaded,
    /// The log failed. A write may have been done or not.
    OutcomeUnknown,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, error: Word, message: impl Into<String>) -> Refusal {
        Refusal { status, body: RefusalBody { error, message: message.into(), version: None } }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, Word::BadRequest, message)
    }

    pub(crate) fn not_found() -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, Word::NotFound, "there is no such key")
    }

    pub(crate) fn mismatch(version: Option<u64>) -> Refusal {
        let message = match version {
            Some(version) => format!("the key has version {version}; nothing was done"),
            None => "there is no such key; nothing was done".to_string(),
        };
        let refusal = Refusal::new(StatusCode::PRECONDITION_FAILED, Word::VersionMismatch, message);
        Refusal { body: RefusalBody { version, ..refusal.body }, ..refusal }
    }
}

impl From<WriteError> for Refusal {
    fn from(error: WriteError) -> Refusal {
        let (status, word) = match error {
            WriteError::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, Word::Overloaded),
            WriteError::Reused => (StatusCode::UNPROCESSABLE_ENTITY, Word::KeyReused),
            WriteError::Failed => (StatusCode::SERVICE_UNAVAILABLE, Word::OutcomeUnknown),
        };
        Refusal::new(status, word, error.to_string())
    }
}

impl From<BytesRejection> for Refusal {
    fn from(rejection: BytesRejection) -> Refusal {
        let status = rejection.status();
        match status {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Refusal::new(status, Word::TooLarge, format!("a value has {VALUE_BYTES_MOST} bytes at most"))
            }
            _ => Refusal::new(status, Word::BadRequest, rejection.body_text()),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(&self.body)).into_response();
        if self.body.error == Word::Overloaded {
            response.headers_mut().insert(RETRY_AFTER, 1.into());
        }
        response
    }
}
