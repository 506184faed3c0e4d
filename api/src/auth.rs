//! Who asks: a session's token in the `Authorization` header or in a cookie.
//!
//! A cookie is sent by the browser whichever page asks, so with one a request that changes something must come from a page
//! of ours: its `Origin` must be the host that it is sent to. A token in the header proves that by itself.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use edgesync_schemas::entity::session::Session;
use edgesync_schemas::entity::user::User;
use edgesync_schemas::limit;
use edgesync_storage::catalog::token::{self, Token};

use crate::error::Problem;
use crate::state::AppState;

/// Name of the session cookie.
pub const COOKIE: &str = "edgesync_session";

/// The user who asks.
#[derive(Debug, Clone)]
pub struct Auth {
    /// Who.
    pub user: User,
    /// By which session.
    pub session: Session,
}

/// How a token came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// In the `Authorization` header.
    Header,
    /// In the cookie.
    Cookie,
}

impl FromRequestParts<AppState> for Auth {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Some((token, via)) = session_token(&parts.headers) else {
            return Err(Problem::unauthorized("log in first: this needs a session's token"));
        };
        if via == Via::Cookie && !is_safe(&parts.method) && !is_same_origin(&parts.headers) {
            return Err(foreign_origin());
        }
        authenticate(state, token).await
    }
}

/// The session with this token.
///
/// # Errors
/// 401 if there is none, or it has ended.
pub async fn authenticate(state: &AppState, token: &str) -> Result<Auth, Problem> {
    match state.catalog.session(&token::hash(token)).await? {
        Some((session, user)) => Ok(Auth { user, session }),
        None => Err(Problem::unauthorized("the token is unknown or has ended")),
    }
}

/// The session token that a request carries. The header goes before the cookie.
pub fn session_token(headers: &HeaderMap) -> Option<(&str, Via)> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| (token.trim(), Via::Header));
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, token)| (token, Via::Cookie))
}

/// Whether the request comes from a page of the host that it is sent to.
pub fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else { return false };
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

/// The answer to a page of somebody else's.
pub fn foreign_origin() -> Problem {
    Problem::forbidden(
        "foreign_origin",
        "with a cookie, the Origin must be the host that the request is sent to",
    )
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// The `Set-Cookie` of a new session.
pub fn cookie(token: &Token) -> String {
    let seconds = limit::SESSION_DAYS * 86_400;
    format!("{COOKIE}={}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax", token.reveal())
}

/// The `Set-Cookie` after the end of a session.
pub fn no_cookie() -> String {
    format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
}

/// The address that a request came from, as far as the listener says.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_token_is_found_in_the_header_and_in_the_cookie() {
        let bearer =
            headers(&[(header::AUTHORIZATION, "bearer abc"), (header::COOKIE, "edgesync_session=x")]);
        assert_eq!(session_token(&bearer), Some(("abc", Via::Header)));
        let cookie = headers(&[(header::COOKIE, "theme=dark; edgesync_session=x")]);
        assert_eq!(session_token(&cookie), Some(("x", Via::Cookie)));
        assert_eq!(session_token(&headers(&[(header::AUTHORIZATION, "Basic abc")])), None);
    }

    #[test]
    fn an_origin_is_the_host_or_foreign() {
        let of = |origin: &str| {
            is_same_origin(&headers(&[(header::ORIGIN, origin), (header::HOST, "plant.example:8080")]))
        };
        assert!(of("http://plant.example:8080"));
        assert!(of("https://PLANT.example:8080"));
        for foreign in
            ["http://plant.example", "http://plant.example:8080.evil.example", "null", "plant.example:8080"]
        {
            assert!(!of(foreign), "{foreign}");
        }
        assert!(!is_same_origin(&headers(&[(header::HOST, "plant.example")])));
    }
}
