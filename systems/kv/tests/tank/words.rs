//! What clients ask and are told, in the words of a recipe. Judges nothing.

use super::text::Text;
use kv::{Answer, Condition, Outcome};

/// What a write asks.
pub(crate) fn asked(verb: &str, key: &str, text: Text, condition: Condition) -> String {
    match (verb, condition) {
        ("delete", _) => format!("deletes {key}"),
        (_, Condition::Version(version)) => format!("puts {key} = {text:?} if it has version {version}"),
        (_, Condition::Absent) => format!("creates {key} = {text:?}"),
        _ => format!("puts {key} = {text:?}"),
    }
}

/// What a write was told.
pub(crate) fn told(answer: &Answer) -> String {
    let words = match answer.outcome {
        Outcome::Stored { version, .. } => format!("it is stored with version {version}"),
        Outcome::Deleted { .. } => "it is deleted".to_string(),
        Outcome::Missing => "there is nothing to delete".to_string(),
        Outcome::Mismatch { version: Some(version) } => format!("no, it has version {version}"),
        Outcome::Mismatch { version: None } => "no, it is not there".to_string(),
    };
    if answer.replayed { format!("{words}, as was answered before") } else { words }
}

/// What a read was told; nothing if nobody answered.
pub(crate) fn read(version: Option<Option<u64>>) -> String {
    match version {
        Some(Some(version)) => format!("it has version {version}"),
        Some(None) => "it is not there".to_string(),
        None => "no answer".to_string(),
    }
}

/// What a listing was told.
pub(crate) fn listed(listed: Option<&[(String, u64)]>) -> String {
    let Some(listed) = listed else { return "no answer".to_string() };
    let keys: Vec<String> = listed.iter().map(|(key, version)| format!("{key} with version {version}")).collect();
    if keys.is_empty() { "nothing is there".to_string() } else { keys.join(", ") }
}
