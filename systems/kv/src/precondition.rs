//! What a request's headers and query say about a write: under which condition, and
//! under which name. Reads no body.

use crate::command::Condition;
use crate::limit::RETRY_KEY_BYTES_MOST;
use crate::refusal::Refusal;
use axum::http::HeaderMap;
use axum::http::header::{IF_MATCH, IF_NONE_MATCH};

/// The header under which a client names a write.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The condition: `If-Match: "17"` or `?version=17`, `If-Match: *`, `If-None-Match: *`
/// or `?version=0`.
///
/// # Errors
/// What is none of these, or more than one.
pub(crate) fn condition(headers: &HeaderMap, version: Option<u64>) -> Result<Condition, Refusal> {
    let by_query = version.map(|version| match version {
        0 => Condition::Absent,
        version => Condition::Version(version),
    });
    let by_match = match text(headers, IF_MATCH.as_str())? {
        None => None,
        Some("*") => Some(Condition::Present),
        Some(tag) => Some(Condition::Version(quoted(tag)?)),
    };
    let by_none_match = match text(headers, IF_NONE_MATCH.as_str())? {
        None => None,
        Some("*") => Some(Condition::Absent),
        Some(_) => return Err(Refusal::bad_request("If-None-Match can only be * here")),
    };
    let mut conditions = [by_query, by_match, by_none_match].into_iter().flatten();
    match (conditions.next(), conditions.next()) {
        (Some(_), Some(_)) => Err(Refusal::bad_request("a write has at most one condition")),
        (condition, _) => Ok(condition.unwrap_or(Condition::Always)),
    }
}

/// The client's name for this write.
///
/// # Errors
/// One that is empty, too long, or not of visible ASCII characters.
pub(crate) fn retry_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(key) = text(headers, IDEMPOTENCY_KEY)? else { return Ok(None) };
    if (1..=RETRY_KEY_BYTES_MOST).contains(&key.len()) {
        return Ok(Some(key.to_string()));
    }
    let length = key.len();
    Err(Refusal::bad_request(format!("an Idempotency-Key has 1 to {RETRY_KEY_BYTES_MOST} bytes, not {length}")))
}

fn quoted(tag: &str) -> Result<u64, Refusal> {
    let number = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag);
    number.parse().map_err(|_| Refusal::bad_request("If-Match is a version such as \"17\", or *"))
}

/// The one value of a header.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(Refusal::bad_request(format!("{name} is there twice"))),
        (Some(value), None) => {
            value.to_str().map(Some).map_err(|_| Refusal::bad_request(format!("{name} is not visible ASCII")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("ASCII"))).collect()
    }

    #[test]
    fn a_condition_is_read() {
        let check = |fields: &[_], version, expected| {
            assert_eq!(condition(&headers(fields), version), Ok(expected), "{fields:?} {version:?}");
        };
        check(&[], None, Condition::Always);
        check(&[], Some(17), Condition::Version(17));
        check(&[], Some(0), Condition::Absent);
        check(&[("if-match", "\"17\"")], None, Condition::Version(17));
        check(&[("if-match", "*")], None, Condition::Present);
        check(&[("if-none-match", "*")], None, Condition::Absent);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let check = |fields: &[_], version| {
            condition(&headers(fields), version).expect_err("it makes no sense");
        };
        check(&[("if-match", "\"one\"")], None);
        check(&[("if-match", "\"1\", \"2\"")], None);
        check(&[("if-none-match", "\"1\"")], None);
        check(&[("if-match", "\"1\"")], Some(1));
        check(&[("if-match", "*"), ("if-none-match", "*")], None);
        retry_key(&headers(&[(IDEMPOTENCY_KEY, "")])).expect_err("it is empty");
    }
}
