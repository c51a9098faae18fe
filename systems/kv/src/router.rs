//! The HTTP face of the store: routes, statuses, bodies. An ordinary axum router;
//! nothing in it knows of a simulation.

use crate::command::{Action, Command, Outcome};
use crate::database::Database;
use crate::limit::{KEY_BYTES_MOST, PAGE_DEFAULT, PAGE_MOST, VALUE_BYTES_MOST};
use crate::precondition;
use crate::refusal::{Refusal, Word};
use crate::store::Range;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use std::ops::Bound;

/// What a write is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The key.
    pub key: String,
    /// Its version, or for a deleted one the version of that.
    pub version: u64,
}

/// A page of keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The keys in the order of their bytes.
    pub keys: Vec<Listed>,
    /// What to ask for the next page with; none on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// A key on a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The key.
    pub key: String,
    /// Its version.
    pub version: u64,
    /// The size of its value, in bytes.
    pub bytes: u64,
}

/// The header of an answer that was given before.
pub(crate) const REPLAYED: &str = "idempotent-replayed";

/// A parameter that nobody knows is refused: a mistyped `version` would be a write without one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct VersionQuery {
    version: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoQuery {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    #[serde(default)]
    prefix: String,
    start: Option<String>,
    limit: Option<usize>,
    token: Option<String>,
}

type PathOf<T> = Result<Path<T>, PathRejection>;
type QueryOf<T> = Result<Query<T>, QueryRejection>;

/// The routes below `/v1`, `/metrics` and `/healthz`.
pub(crate) fn router(database: Database) -> Router {
    Router::new()
        .route("/v1/kv", get(list))
        .route("/v1/kv/{key}", put(store).get(read).delete(delete))
        .route("/v1/kv/", put(nameless).get(nameless).delete(nameless))
        .route("/metrics", get(metrics))
        .route("/healthz", get(health))
        .fallback(elsewhere)
        .layer(DefaultBodyLimit::max(VALUE_BYTES_MOST))
        .with_state(database)
}

async fn store(
    State(database): State<Database>,
    key: PathOf<String>,
    query: QueryOf<VersionQuery>,
    headers: HeaderMap,
    value: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    write(&database, key, query, &headers, Action::Put(value?)).await
}

async fn delete(
    State(database): State<Database>,
    key: PathOf<String>,
    query: QueryOf<VersionQuery>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    write(&database, key, query, &headers, Action::Delete).await
}

async fn write(
    database: &Database,
    key: PathOf<String>,
    query: QueryOf<VersionQuery>,
    headers: &HeaderMap,
    action: Action,
) -> Result<Response, Refusal> {
    let key = checked(key)?;
    let condition = precondition::condition(headers, asked(query)?.version)?;
    let retry_key = precondition::retry_key(headers)?;
    let decided = database.write(Command { key: key.clone(), action, condition, retry_key }).await?;
    let (status, version) = match decided.outcome {
        Outcome::Stored { version, created: true } => (StatusCode::CREATED, version),
        Outcome::Stored { version, created: false } | Outcome::Deleted { version } => (StatusCode::OK, version),
        Outcome::Missing => return Ok(replayed(Refusal::not_found().into_response(), decided.replayed)),
        Outcome::Mismatch { version } => {
            return Ok(replayed(Refusal::mismatch(version).into_response(), decided.replayed));
        }
    };
    let mut response = (status, Json(Written { key, version })).into_response();
    if let Outcome::Stored { .. } = decided.outcome {
        response.headers_mut().insert(ETAG, tag(version));
    }
    Ok(replayed(response, decided.replayed))
}

async fn read(
    State(database): State<Database>,
    key: PathOf<String>,
    query: QueryOf<NoQuery>,
) -> Result<Response, Refusal> {
    let key = checked(key)?;
    let NoQuery {} = asked(query)?;
    let entry = database.read(&key)?.ok_or_else(Refusal::not_found)?;
    let kind = HeaderValue::from_static("application/octet-stream");
    Ok(([(CONTENT_TYPE, kind), (ETAG, tag(entry.version))], entry.value).into_response())
}

async fn list(State(database): State<Database>, query: QueryOf<ListQuery>) -> Result<Json<Listing>, Refusal> {
    let query = asked(query)?;
    let limit = query.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MOST).contains(&limit) {
        return Err(Refusal::bad_request(format!("a page has 1 to {PAGE_MOST} keys, not {limit}")));
    }
    let start = match (query.start, query.token) {
        (Some(_), Some(_)) => return Err(Refusal::bad_request("a page begins at a start or at a token")),
        (Some(start), None) => Bound::Included(start),
        (None, Some(token)) => {
            Bound::Excluded(last_key(&token).ok_or_else(|| Refusal::bad_request("this token is not one of ours"))?)
        }
        (None, None) => Bound::Unbounded,
    };
    let page = database.list(&Range { prefix: query.prefix, start, limit })?;
    let token = page.entries.last().filter(|_| page.more).map(|(key, _)| token(key));
    let listed = |(key, entry): (String, crate::store::Entry)| Listed {
        key,
        version: entry.version,
        bytes: entry.value.len() as u64,
    };
    Ok(Json(Listing { keys: page.entries.into_iter().map(listed).collect(), token }))
}

async fn metrics(State(database): State<Database>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], database.metrics().text()).into_response()
}

async fn health(State(database): State<Database>) -> Result<&'static str, Refusal> {
    database.alive()?;
    Ok("ok\n")
}

/// What matches no route where a key is missing.
async fn nameless() -> Refusal {
    wrong_length(0)
}

/// What matches no route at all, such as a key whose `/` is one of the path. Nobody may take
/// it for an answer about a key.
async fn elsewhere() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, Word::BadRequest, "there is nothing here; a `/` in a key is written as %2F")
}

fn checked(key: PathOf<String>) -> Result<String, Refusal> {
    let Path(key) = key.map_err(|error| Refusal::bad_request(error.body_text()))?;
    if (1..=KEY_BYTES_MOST).contains(&key.len()) { Ok(key) } else { Err(wrong_length(key.len())) }
}

fn asked<T>(query: QueryOf<T>) -> Result<T, Refusal> {
    query.map(|Query(asked)| asked).map_err(|error| Refusal::bad_request(error.body_text()))
}

fn wrong_length(bytes: usize) -> Refusal {
    Refusal::bad_request(format!("a key has 1 to {KEY_BYTES_MOST} bytes, not {bytes}"))
}

fn replayed(mut response: Response, replayed: bool) -> Response {
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

fn tag(version: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).expect("digits are visible")
}

/// What stands for the last key of a page: its bytes in hexadecimal digits.
fn token(last: &str) -> String {
    last.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn last_key(token: &str) -> Option<String> {
    let (pairs, rest) = token.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |[high, low]: &[u8; 2]| Some((digit(*high)? * 16 + digit(*low)?) as u8);
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    bytes.filter(|bytes| rest.is_empty() && !bytes.is_empty()).and_then(|bytes| String::from_utf8(bytes).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_the_last_key() {
        for key in ["a", "ä/b", "~\u{0}"] {
            assert_eq!(last_key(&token(key)).as_deref(), Some(key));
        }
        for wrong in ["", "6", "zz", "+1", "ff"] {
            assert_eq!(last_key(wrong), None, "{wrong}");
        }
    }
}
