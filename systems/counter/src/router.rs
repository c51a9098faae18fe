//! The HTTP face of the counters: routes, statuses, bodies. An ordinary axum router;
//! nothing in it knows of a simulation.

use crate::counters::{Counters, Failed};
use crate::record::NAME_BYTES_MOST;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

/// A counter, as the service shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CounterValue {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: u64,
}

/// The routes: `POST /counters/{name}/increment`, `GET /counters/{name}`, `GET /healthz`.
pub fn router(counters: Counters) -> Router {
    Router::new()
        .route("/counters/{name}/increment", post(increment))
        .route("/counters/{name}", get(read))
        .route("/healthz", get(health))
        .with_state(counters)
}

async fn increment(State(counters): State<Counters>, Path(name): Path<String>) -> Response {
    match checked(name) {
        Ok(name) => {
            let value = counters.increment(&name).await;
            answer(name, value)
        }
        Err(refusal) => refusal,
    }
}

async fn read(State(counters): State<Counters>, Path(name): Path<String>) -> Response {
    match checked(name) {
        Ok(name) => {
            let value = counters.value(&name);
            answer(name, value)
        }
        Err(refusal) => refusal,
    }
}

async fn health(State(counters): State<Counters>) -> Response {
    if counters.has_failed() { failure(Failed) } else { "ok\n".into_response() }
}

#[expect(clippy::result_large_err, reason = "a refusal is a response, and is returned as one at once")]
fn checked(name: String) -> Result<String, Response> {
    if name.len() <= NAME_BYTES_MOST {
        return Ok(name);
    }
    let why = format!("a counter's name has at most {NAME_BYTES_MOST} bytes, not {}\n", name.len());
    Err((StatusCode::BAD_REQUEST, why).into_response())
}

fn answer(name: String, value: Result<u64, Failed>) -> Response {
    match value {
        Ok(value) => Json(CounterValue { name, value }).into_response(),
        Err(failed) => failure(failed),
    }
}

fn failure(failed: Failed) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{failed}\n")).into_response()
}
