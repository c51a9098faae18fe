//! What errors become on their way out of a task or a time-out: their kinds and words.

use std::io::ErrorKind;
use wavetank_core::{Elapsed, JoinError, panic_message};

#[test]
fn a_timeout_is_an_error_of_io_that_timed_out() {
    let error = std::io::Error::from(Elapsed);
    assert_eq!((error.kind(), error.to_string()), (ErrorKind::TimedOut, "deadline has elapsed".to_owned()));
}

#[test]
fn a_task_without_a_result_says_why() {
    let check = |error: JoinError, debugged: &str, words: &str| {
        assert_eq!(format!("{error:?}"), debugged);
        assert_eq!(error.to_string(), words);
        assert_eq!(std::io::Error::from(error).to_string(), words);
    };
    check(JoinError::Cancelled, "Cancelled", "task was cancelled");
    check(JoinError::Panicked(Box::new("text")), r#"Panicked("text")"#, "task panicked: text");
    check(JoinError::Panicked(Box::new("owned".to_owned())), r#"Panicked("owned")"#, "task panicked: owned");
    assert_eq!(panic_message(&7), "a payload that is not text");
}
