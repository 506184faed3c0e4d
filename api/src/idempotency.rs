//! `Idempotency-Key`: a POST that is sent again is done once, and answered as it was the first time.
//!
//! A key is of its user and of one request: its method, address and body, and the organization that who asks is narrowed to. What was answered
//! is not answered again to who is no member any more of the organization that it is about. A key is written down before the work, marked as done in the
//! transaction that does the work, and its answer is kept for a day. A request that changed nothing, as one that was refused, is forgotten.
//! What happens when the server dies in between is told in [`edgesync_storage::catalog::idempotency`]; work that is not in the catalog
//! (readings) is begun once at most. An answer with a token in it is a secret: it is kept in memory only, and not for long.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use edgesync_schemas::id::{OrganizationId, UserId};
use edgesync_schemas::limit;
use edgesync_storage::catalog::idempotency::{Mark, Reserved, carry_on, carrying};
use edgesync_storage::catalog::token;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::auth::Auth;
use crate::body;
use crate::error::Problem;
use crate::pump::{self, WhenGone};
use crate::state::AppState;

/// The header that carries a key.
pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header that says that an answer was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Headers of an answer that are kept with it.
const KEPT: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

/// Which keys are worked for right now, and the answers that are not written to disk.
#[derive(Debug, Default)]
pub struct Once {
    // Std locks: held for a look-up, never across an await.
    active: Mutex<HashSet<(UserId, String)>>,
    secrets: Mutex<VecDeque<Secret>>,
}

#[derive(Debug)]
struct Secret {
    of: (UserId, String),
    answer: String,
    since: Instant,
}

/// A key that is worked for, until it is dropped.
struct Turn {
    once: Arc<Once>,
    of: (UserId, String),
}

impl Drop for Turn {
    fn drop(&mut self) {
        lock(&self.once.active).remove(&self.of);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Once {
    fn enter(self: &Arc<Self>, of: (UserId, String)) -> Option<Turn> {
        lock(&self.active).insert(of.clone()).then(|| Turn { once: Arc::clone(self), of })
    }

    fn keep_secret(&self, of: (UserId, String), answer: String, now: Instant) {
        let mut secrets = lock(&self.secrets);
        forget(&mut secrets, now);
        if secrets.len() >= limit::IDEMPOTENCY_SECRETS {
            secrets.pop_front();
        }
        secrets.push_back(Secret { of, answer, since: now });
    }

    fn secret(&self, of: &(UserId, String), now: Instant) -> Option<String> {
        let mut secrets = lock(&self.secrets);
        forget(&mut secrets, now);
        secrets.iter().find(|secret| secret.of == *of).map(|secret| secret.answer.clone())
    }
}

fn forget(secrets: &mut VecDeque<Secret>, now: Instant) {
    let life = Duration::from_secs(limit::IDEMPOTENCY_SECRET_S);
    while secrets.front().is_some_and(|oldest| now.saturating_duration_since(oldest.since) >= life) {
        secrets.pop_front();
    }
}

/// An answer as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// Does a request with a key once. One without goes through.
///
/// # Errors
/// 400 where a key is not heeded, 409 while the first request is under way or if its answer is lost, 422 if the key was another
/// request's.
pub async fn once(State(state): State<AppState>, request: Request, next: Next) -> Result<Response, Problem> {
    let Some(key) = request.headers().get(KEY) else { return Ok(next.run(request).await) };
    let key = read_key(key)?;
    if request.method() != Method::POST || request.uri().path().starts_with("/api/v1/auth/") {
        let detail =
            "Idempotency-Key is for POST, and not for signups and logins: send the request without it";
        return Err(Problem::bad_request("not_supported", detail));
    }
    // On its own feet: if whoever asked hangs up, the work goes on, and the answer is kept for their next try.
    let work = tokio::spawn(carry_on(answer(state, key, request, next)));
    work.await.map_err(|error| Problem::internal(&error))?
}

async fn answer(state: AppState, key: String, request: Request, next: Next) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let auth = Auth::from_request_parts(&mut parts, &state).await?;
    let (of, narrowed) = ((auth.user.id, key), auth.organization());
    parts.extensions.insert(auth);
    let held = body::read_users(Request::from_parts(parts.clone(), body), &state.bodies).await?;
    let fingerprint = fingerprint(&parts.method, &parts.uri.to_string(), narrowed, &held.bytes);
    let Some(turn) = state.once.enter(of.clone()) else {
        let detail = "the first request with this Idempotency-Key is still under way";
        let problem = Problem::conflict("idempotency_in_progress", detail);
        return Err(Problem { retry_after_s: Some(1), ..problem });
    };
    let begun_once = parts.uri.path().starts_with("/api/v1/readings");
    match state.catalog.reserve_key(of.0, &of.1, &fingerprint, begun_once).await? {
        Reserved::OtherRequest => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "this Idempotency-Key was used for another request: draw a new one for each",
        )),
        Reserved::NotSeen => Err(Problem::not_found("organization")),
        Reserved::Answered(answer) => replay(&answer),
        Reserved::Lost { made, ended } => match state.once.secret(&of, Instant::now()) {
            Some(answer) => replay(&answer),
            None => Err(lost(made, ended)),
        },
        Reserved::Now(mark) => {
            parts.extensions.insert(body::Counted);
            let request = Request::from_parts(parts, Body::from(held.bytes.clone()));
            drop(held);
            Ok(carrying(mark.clone(), work(state.clone(), turn, mark, next.run(request))).await)
        }
    }
}

/// Does the work and settles what is known of its key. An answer that is made while it is sent is settled when it is made.
async fn work(state: AppState, turn: Turn, mark: Mark, work: impl Future<Output = Response>) -> Response {
    let response = work.await;
    if !pump::is_streamed(&response) {
        return settle(&state, &turn, &mark, response).await;
    }
    let status = response.status();
    pump::carried(response, WhenGone::GoOn, async move {
        let done =
            (status, Body::from_stream(stream::empty::<Result<Bytes, std::io::Error>>())).into_response();
        settle(&state, &turn, &mark, done).await;
    })
}

/// Keeps the answer, or forgets a request that changed nothing: done again it does no harm, and what it shows is asked for anew. A failure after something was done is no answer to repeat: that it was begun
/// is written down, and how far it came is for whoever asks to find out.
async fn settle(state: &AppState, turn: &Turn, mark: &Mark, response: Response) -> Response {
    let has_failed = response.status().is_server_error();
    let (response, answer) = kept(response).await;
    let settled = async {
        if state.catalog.forget_key(mark).await? {
            return Ok(());
        }
        if has_failed {
            return Ok(());
        }
        let answer = match answer {
            Some(answer) if token::is_in(&answer) => {
                state.once.keep_secret(turn.of.clone(), answer, Instant::now());
                None
            }
            answer => answer,
        };
        state.catalog.answer_key(mark, answer).await
    };
    if let Err(error) = settled.await {
        // What was done is marked as done; a repeated request is told so.
        tracing::warn!(error = %error, "the answer to a request with a key could not be kept");
    }
    response
}

/// The response, and what is kept of it: nothing of one that is long or streamed.
async fn kept(response: Response) -> (Response, Option<String>) {
    let most = limit::IDEMPOTENCY_ANSWER_BYTES;
    if response.body().size_hint().upper().is_none_or(|bytes| bytes > most as u64) {
        return (response, None);
    }
    let (parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, most).await else {
        return (Problem::busy().into_response(), None);
    };
    let text = |name: &HeaderName| parts.headers.get(name)?.to_str().ok().map(str::to_owned);
    let headers = KEPT.iter().filter_map(|name| Some((name.to_string(), text(name)?))).collect();
    let answer = std::str::from_utf8(&bytes).ok().and_then(|body| {
        serde_json::to_string(&Answer { status: parts.status.as_u16(), headers, body: body.to_owned() }).ok()
    });
    (Response::from_parts(parts, Body::from(bytes)), answer)
}

fn replay(answer: &str) -> Result<Response, Problem> {
    let answer: Answer = serde_json::from_str(answer).map_err(|error| Problem::internal(&error))?;
    let status = StatusCode::from_u16(answer.status).map_err(|error| Problem::internal(&error))?;
    let mut response = (status, answer.body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// That there is no answer to repeat. What did not come to its end, as far as is known, was begun and no more.
fn lost(made: Option<String>, ended: bool) -> Problem {
    let what = made.map_or(String::new(), |made| format!(" ({made})"));
    let detail = if ended {
        format!(
            "the first request with this Idempotency-Key was carried out{what}, and its answer is not kept"
        )
    } else {
        format!(
            "the first request with this Idempotency-Key was begun{what}, and it is not known how far it came: look at what is there"
        )
    };
    Problem::conflict("idempotency_answer_lost", detail)
}

fn read_key(value: &HeaderValue) -> Result<String, Problem> {
    match value.to_str() {
        Ok(key) if (1..=limit::IDEMPOTENCY_KEY_BYTES).contains(&key.len()) => Ok(key.to_owned()),
        _ => {
            let detail =
                format!("Idempotency-Key must have 1 to {} ASCII characters", limit::IDEMPOTENCY_KEY_BYTES);
            Err(Problem::bad_request("invalid_header", detail))
        }
    }
}

/// SHA-256 of what makes a request this one. Lengths go before what may have any.
pub(crate) fn fingerprint(
    method: &Method,
    address: &str,
    narrowed: Option<OrganizationId>,
    body: &[u8],
) -> [u8; 32] {
    let mut hash = Sha256::new();
    let narrowed = narrowed.map_or(String::new(), |organization| organization.to_string());
    for part in [method.as_str().as_bytes(), address.as_bytes(), narrowed.as_bytes(), body] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(n: u128) -> (UserId, String) {
        (UserId::from_uuid(uuid::Uuid::from_u128(n)), "key".to_owned())
    }

    #[test]
    fn secrets_are_forgotten_in_time_and_the_oldest_if_there_are_too_many() {
        let (once, start) = (Once::default(), Instant::now());
        for n in 0..=limit::IDEMPOTENCY_SECRETS as u128 {
            once.keep_secret(of(n), n.to_string(), start);
        }
        assert_eq!(once.secret(&of(0), start), None);
        assert_eq!(once.secret(&of(1), start).as_deref(), Some("1"));
        assert_eq!(once.secret(&of(1), start + Duration::from_secs(limit::IDEMPOTENCY_SECRET_S)), None);
        assert!(lock(&once.secrets).is_empty());
    }

    #[test]
    fn a_key_is_worked_for_by_one_at_a_time() {
        let once = Arc::new(Once::default());
        let turn = once.enter(of(1)).unwrap();
        assert!(once.enter(of(1)).is_none());
        assert!(once.enter(of(2)).is_some());
        drop(turn);
        assert!(once.enter(of(1)).is_some());
    }

    #[test]
    fn a_request_is_told_from_another_by_each_of_its_parts() {
        let base = fingerprint(&Method::POST, "/a", None, b"b");
        assert_eq!(base, fingerprint(&Method::POST, "/a", None, b"b"));
        assert_ne!(base, fingerprint(&Method::PUT, "/a", None, b"b"));
        assert_ne!(base, fingerprint(&Method::POST, "/ab", None, b""));
        assert_ne!(base, fingerprint(&Method::POST, "/a", None, b"c"));
        let organization = OrganizationId::from_uuid(uuid::Uuid::nil());
        assert_ne!(base, fingerprint(&Method::POST, "/a", Some(organization), b"b"));
    }
}
