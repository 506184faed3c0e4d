//! Who asks: the token of a session in the `Authorization` header or in a cookie, or an API token in the header.
//!
//! A session may do what its user may. An API token may do what its user may and its scopes cover; which scope a route needs stands
//! in its description (`x-scope`), and a route that names none is not for API tokens.
//!
//! A cookie is sent by the browser whichever page asks, so with one a request that changes something must come from a page
//! of ours: its `Origin` must be the host that it is sent to. A token in the header proves that by itself.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use edgesync_schemas::entity::api_token::{ApiToken, Scope};
use edgesync_schemas::entity::session::Session;
use edgesync_schemas::entity::user::User;
use edgesync_schemas::id::OrganizationId;
use edgesync_schemas::limit;
use edgesync_storage::catalog::token::{self, Token};
use edgesync_storage::catalog::within::within;
use edgesync_storage::catalog::{self, OpenLink};

use crate::error::Problem;
use crate::openapi::Operation;
use crate::pump::{self, WhenGone};
use crate::state::{AppState, Settings};

/// Name of the session cookie.
pub const COOKIE: &str = "edgesync_session";

/// The user who asks, let in for what the request is about.
#[derive(Debug, Clone)]
pub struct Auth {
    /// Who.
    pub user: User,
    /// By what.
    pub by: By,
}

/// What proves who asks.
#[derive(Debug, Clone)]
pub enum By {
    /// A session: it may do whatever its user may.
    Session(Session),
    /// An API token: it may do what its scopes say.
    ApiToken(ApiToken),
}

impl Auth {
    /// The session that asks.
    ///
    /// # Errors
    /// 403 if it is an API token.
    pub fn session(&self) -> Result<&Session, Problem> {
        match &self.by {
            By::Session(session) => Ok(session),
            By::ApiToken(_) => Err(session_required()),
        }
    }

    /// The only organization that it sees; all of the user's if none.
    pub fn organization(&self) -> Option<OrganizationId> {
        match &self.by {
            By::Session(_) => None,
            By::ApiToken(token) => token.organization_id,
        }
    }

    /// That what asks may be used for this; `None` is for sessions only.
    ///
    /// # Errors
    /// 403 that names the scope.
    pub fn require(&self, needed: Option<Scope>) -> Result<(), Problem> {
        match (&self.by, needed) {
            (By::Session(_), _) => Ok(()),
            (By::ApiToken(_), None) => Err(session_required()),
            (By::ApiToken(token), Some(scope)) if token.has(scope) => Ok(()),
            (By::ApiToken(_), Some(scope)) => Err(Problem::forbidden(
                "insufficient_scope",
                format!("this needs an API token with the scope {}", scope.name()),
            )),
        }
    }
}

fn session_required() -> Problem {
    Problem::forbidden("session_required", "this is not for API tokens: log in")
}

/// Asks who asks, where that decides what is seen: a request by an API token that opens one organization only sees no other. One of
/// a session goes through, and is asked about by its handler.
///
/// # Errors
/// As [`Auth`].
pub async fn narrow(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let by_api_token =
        session_token(request.headers()).is_some_and(|(token, _)| token.starts_with(token::API_TOKEN));
    if !by_api_token {
        return Ok(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    let auth = Auth::from_request_parts(&mut parts, &state).await?;
    let organization = auth.organization();
    parts.extensions.insert(auth);
    let answered = async move {
        let response = next.run(Request::from_parts(parts, body)).await;
        if organization.is_some() && pump::is_streamed(&response) {
            return pump::carried(response, WhenGone::Stop, async {});
        }
        response
    };
    Ok(narrowed(organization, answered).await)
}

/// Runs `work` so that it sees no organization but this, if there is one.
pub async fn narrowed<T>(organization: Option<OrganizationId>, work: impl Future<Output = T>) -> T {
    match organization {
        Some(organization) => within(organization, work).await,
        None => work.await,
    }
}

/// What was shown to prove who asks, to ask about again while a socket is open.
#[derive(Debug, Clone, Copy)]
pub struct Credential {
    hash: [u8; 32],
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Session,
    ApiToken,
    ShareLink,
}

impl Credential {
    /// That of a token, whichever way it came.
    pub fn of(token: &str) -> Self {
        let kind = match token {
            token if token.starts_with(token::API_TOKEN) => Kind::ApiToken,
            token if token.starts_with(token::SHARE_LINK) => Kind::ShareLink,
            _ => Kind::Session,
        };
        Self { hash: token::hash(token), kind }
    }

    /// The link that it opens; none if it is no link's, or that has ended.
    ///
    /// # Errors
    /// Of the catalog.
    pub async fn share_link(&self, state: &AppState) -> Result<Option<OpenLink>, catalog::Error> {
        match self.kind {
            Kind::ShareLink => state.catalog.share_link(&self.hash).await,
            Kind::Session | Kind::ApiToken => Ok(None),
        }
    }

    /// Who asks; nobody if it is unknown or has ended, and nobody by a link: what it shows is asked for elsewhere.
    ///
    /// # Errors
    /// Of the catalog.
    pub async fn auth(&self, state: &AppState) -> Result<Option<Auth>, catalog::Error> {
        match self.kind {
            Kind::Session => {
                let found = state.catalog.session(&self.hash).await?;
                Ok(found.map(|(session, user)| Auth { user, by: By::Session(session) }))
            }
            Kind::ApiToken => {
                let found = state.catalog.api_token(&self.hash).await?;
                Ok(found.map(|(token, user)| Auth { user, by: By::ApiToken(token) }))
            }
            Kind::ShareLink => Ok(None),
        }
    }
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
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let Some((token, via)) = session_token(&parts.headers) else {
            return Err(Problem::unauthorized(
                "log in first: this needs the token of a session, or an API token",
            ));
        };
        if via == Via::Cookie && !is_safe(&parts.method) && !is_same_origin(&parts.headers) {
            return Err(foreign_origin());
        }
        let auth = authenticate(state, token).await?;
        // What is not described is not for API tokens.
        auth.require(parts.extensions.get::<Arc<Operation>>().and_then(|operation| operation.scope))?;
        Ok(auth)
    }
}

/// Who shows this token.
///
/// # Errors
/// 401 if it is unknown, or has ended.
pub async fn authenticate(state: &AppState, token: &str) -> Result<Auth, Problem> {
    let auth = Credential::of(token).auth(state).await?;
    auth.ok_or_else(|| Problem::unauthorized("the token is unknown or has ended"))
}

/// The token that a request carries. The header goes before the cookie, which carries a session's token and no other.
pub fn session_token(headers: &HeaderMap) -> Option<(&str, Via)> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| (token.trim(), Via::Header));
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let found = pairs.find(|(name, _)| *name == COOKIE).map(|(_, token)| token);
    let is_sessions =
        |token: &&str| ![token::API_TOKEN, token::SHARE_LINK].iter().any(|start| token.starts_with(start));
    found.filter(is_sessions).map(|token| (token, Via::Cookie))
}

/// Whether the request comes from a page of the host that it is sent to.
pub fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else { return false };
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

/// Whether the browser says that a page of another host asks. A request that changes nothing and comes from the same host need not have an
/// `Origin` (Fetch, section 3.2), so this is for what costs something to answer.
pub fn is_cross_origin(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let elsewhere = site.is_some_and(|site| site == b"cross-site" || site == b"same-site");
    elsewhere || headers.contains_key(header::ORIGIN) && !is_same_origin(headers)
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
pub fn cookie(token: &Token, settings: &Settings) -> String {
    let seconds = limit::SESSION_DAYS * 86_400;
    let secure = if settings.secure_cookies { "; Secure" } else { "" };
    format!("{COOKIE}={}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", token.reveal())
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
    fn a_page_of_the_same_host_need_not_say_so() {
        let site = header::HeaderName::from_static("sec-fetch-site");
        let host = (header::HOST, "plant.example");
        let is_cross = |pair| is_cross_origin(&headers(&[host.clone(), pair]));
        for own in ["same-origin", "none"] {
            assert!(!is_cross((site.clone(), own)), "{own}");
        }
        for foreign in ["same-site", "cross-site"] {
            assert!(is_cross((site.clone(), foreign)), "{foreign}");
        }
        assert!(!is_cross_origin(&headers(&[])));
        assert!(!is_cross((header::ORIGIN, "https://plant.example")));
        assert!(is_cross((header::ORIGIN, "https://evil.example")));
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
