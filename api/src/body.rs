//! Bodies of requests: JSON within a limit of bytes and time, and of bytes of all bodies that are being read at once.
//!
//! A body takes from the budget as it arrives, so one that is announced and never sent costs nothing. It gives back when it is
//! understood. Strangers (signup, login) have a budget of their own.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use edgesync_schemas::{entity, limit};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::Problem;
use crate::state::AppState;

/// The budgets of bytes of bodies that are being read. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bodies {
    users: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    patience: Duration,
}

impl Default for Bodies {
    fn default() -> Self {
        let patience = Duration::from_secs(limit::BODY_WAIT_S);
        Self::new(limit::BODY_BUDGET_BYTES, limit::LOGIN_BODY_BUDGET_BYTES, patience)
    }
}

impl Bodies {
    /// Budgets of these many bytes, each at least of one body, and how long a body waits for them.
    pub fn new(users: usize, strangers: usize, patience: Duration) -> Self {
        Self {
            users: Arc::new(Semaphore::new(users.max(limit::BODY_BYTES))),
            strangers: Arc::new(Semaphore::new(strangers.max(limit::LOGIN_BODY_BYTES))),
            patience,
        }
    }
}

/// A JSON body, well-formed but not yet understood, of somebody who is known: it comes after [`crate::auth::Auth`].
#[derive(Debug)]
pub struct JsonBody(pub Value);

/// A JSON body of somebody who is not known yet: a small one.
#[derive(Debug)]
pub struct StrangersBody(pub Value);

/// A JSON body that may be missing: then it is an empty object.
#[derive(Debug)]
pub struct OptionalBody(pub Value);

impl FromRequest<AppState> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let is_json = is_json(request.headers());
        let body = read(request, &state.bodies.users, limit::BODY_BYTES, state.bodies.patience).await?;
        if is_json { parse(&body.bytes).map(Self) } else { Err(unsupported()) }
    }
}

impl FromRequest<AppState> for StrangersBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let is_json = is_json(request.headers());
        let bodies = &state.bodies;
        let body = read(request, &bodies.strangers, limit::LOGIN_BODY_BYTES, bodies.patience).await?;
        if is_json { parse(&body.bytes).map(Self) } else { Err(unsupported()) }
    }
}

impl FromRequest<AppState> for OptionalBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let typed = request.headers().contains_key(header::CONTENT_TYPE);
        let is_json = is_json(request.headers());
        let body = read(request, &state.bodies.users, limit::BODY_BYTES, state.bodies.patience).await?;
        if body.bytes.is_empty() {
            return Ok(Self(Value::Object(serde_json::Map::new())));
        }
        if typed && !is_json { Err(unsupported()) } else { parse(&body.bytes).map(Self) }
    }
}

/// Said of a request whose body was taken from the budget before: it is not taken again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted;

/// A body, and its share of the budget.
pub(crate) struct Held<'a> {
    pub(crate) bytes: Vec<u8>,
    _share: SemaphorePermit<'a>,
}

/// The body of somebody who is known, of any kind.
///
/// # Errors
/// 408, 413, 503.
pub(crate) async fn read_users(request: Request, bodies: &Bodies) -> Result<Held<'_>, Problem> {
    read(request, &bodies.users, limit::BODY_BYTES, bodies.patience).await
}

async fn read(
    request: Request,
    budget: &Semaphore,
    most: usize,
    patience: Duration,
) -> Result<Held<'_>, Problem> {
    let collected = collect(request, budget, most, patience);
    match tokio::time::timeout(Duration::from_secs(limit::REQUEST_BODY_S), collected).await {
        Ok(body) => body,
        Err(_) => {
            let detail = format!("the body took more than {} s", limit::REQUEST_BODY_S);
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail))
        }
    }
}

async fn collect(
    request: Request,
    budget: &Semaphore,
    most: usize,
    patience: Duration,
) -> Result<Held<'_>, Problem> {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > most as u64) {
        return Err(too_large(most));
    }
    let counted = request.extensions().get::<Counted>().is_some();
    let mut chunks = request.into_body().into_data_stream();
    let mut held = Held { bytes: Vec::new(), _share: acquire(budget, 0, patience).await? };
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::bad_request("body_unreadable", "the body broke off"))?;
        if held.bytes.len() + chunk.len() > most {
            return Err(too_large(most));
        }
        let bytes = if counted { 0 } else { chunk.len() };
        held._share.merge(acquire(budget, bytes, patience).await?);
        held.bytes.extend_from_slice(&chunk);
    }
    Ok(held)
}

async fn acquire(
    budget: &Semaphore,
    bytes: usize,
    patience: Duration,
) -> Result<SemaphorePermit<'_>, Problem> {
    let bytes = u32::try_from(bytes).map_err(|_| Problem::busy())?;
    match tokio::time::timeout(patience, budget.acquire_many(bytes)).await {
        Ok(Ok(share)) => Ok(share),
        Ok(Err(_)) | Err(_) => Err(Problem::busy()),
    }
}

fn too_large(most: usize) -> Problem {
    let detail = format!("the body has more than {most} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

fn unsupported() -> Problem {
    let (code, detail) = ("unsupported_media_type", "the body must be application/json");
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code, detail)
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let problem = Problem::bad_request("malformed_json", "the body is no well-formed JSON");
        Problem { errors: vec![entity::Problem::at("", error.to_string())], ..problem }
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    async fn collected(budget: &Semaphore, body: Body) -> Result<usize, Problem> {
        collect(Request::new(body), budget, 10, Duration::from_secs(5)).await.map(|body| body.bytes.len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_takes_its_bytes_from_the_budget_and_gives_them_back() {
        let budget = Semaphore::new(15);
        let held = collect(Request::new("0123456789".into()), &budget, 10, Duration::from_secs(5)).await;
        assert_eq!(budget.available_permits(), 5);
        let refused = collected(&budget, "012345".into()).await.unwrap_err();
        assert_eq!((refused.status, &*refused.code), (StatusCode::SERVICE_UNAVAILABLE, "busy"));
        assert_eq!(collected(&budget, "01234".into()).await, Ok(5));
        drop(held);
        assert_eq!(collected(&budget, "012345".into()).await, Ok(6));
        assert_eq!(budget.available_permits(), 15);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_announced_and_not_sent_costs_nothing() {
        let budget = Semaphore::new(10);
        let silent = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
        let mut request = Request::new(silent);
        request.headers_mut().insert(header::CONTENT_LENGTH, 10.into());
        let mut reading = Box::pin(read(request, &budget, 10, Duration::from_secs(5)));
        assert!(futures_util::poll!(&mut reading).is_pending());
        assert_eq!(collected(&budget, "0123456789".into()).await, Ok(10));
        let slow = reading.await.err().unwrap();
        assert_eq!(slow.status, StatusCode::REQUEST_TIMEOUT);
    }

    #[tokio::test]
    async fn a_body_that_does_not_say_its_length_is_cut_off_at_the_limit() {
        let budget = Semaphore::new(100);
        let chunks = (0..3).map(|_| Ok::<_, std::io::Error>(vec![b'0'; 4]));
        let body = Body::from_stream(futures_util::stream::iter(chunks));
        let refused = collected(&budget, body).await.unwrap_err();
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
}
