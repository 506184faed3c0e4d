//! Signing up, logging in and out.

use std::net::IpAddr;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use edgesync_schemas::entity;
use edgesync_schemas::entity::organization::Organization;
use edgesync_schemas::entity::session::Origin;
use edgesync_schemas::entity::user::{Login, Signup, User};
use edgesync_schemas::time::Timestamp;
use edgesync_storage::catalog::{self, Admission, token};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::location;
use crate::auth::{self, Auth, Peer, Via};
use crate::body::StrangersBody;
use crate::error::Problem;
use crate::openapi::Role;
use crate::openapi::problem::{Conflict, TooMany, Unauthorized};
use crate::state::{self, AppState};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(entry))
        .routes(routes!(sign_up))
        .routes(routes!(log_in))
        .routes(routes!(log_out))
}

/// Who is logged in, and by what.
#[derive(Serialize, ToSchema)]
struct LoggedIn {
    /// Who.
    user: User,
    /// The first organization, of a new account.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<Organization>,
    /// The session's token.
    token: String,
    /// When the session ends by itself.
    expires_at: Timestamp,
}

/// How one gets in: what a page has to ask for before somebody is logged in.
#[derive(Serialize, ToSchema)]
struct Entry {
    /// Whether there is a user, or ever was. Without any, the next signup makes the first.
    has_users: bool,
    /// Whether the first user must show the setup token that the server printed when it started. False once there is one.
    needs_setup_token: bool,
    /// Whether others may sign up. The first user may, wherever a setup token lets them.
    takes_signups: bool,
}

/// Says how one gets in.
#[utoipa::path(
    get,
    path = "/auth/entry",
    operation_id = "show_entry",
    tag = "account",
    responses((status = 200, description = "what a signup needs", body = Entry)),
    extensions(("x-role" = json!(Role::Anonymous)))
)]
async fn entry(State(state): State<AppState>) -> Result<Json<Entry>, Problem> {
    let has_users = state.catalog.has_users().await?;
    Ok(Json(Entry {
        has_users,
        needs_setup_token: !has_users && state.settings.setup_token.is_some(),
        takes_signups: state.settings.signup == state::Signup::Open,
    }))
}

/// Makes an account, its first organization and a session.
///
/// While there is no user, a server that is open to others or closed to signups asks for the setup token that it printed when it started.
#[utoipa::path(
    post,
    path = "/auth/signup",
    operation_id = "sign_up",
    tag = "account",
    request_body = Signup,
    responses(
        (status = 201, description = "made; the session's token is in the answer and in a cookie", body = LoggedIn),
        Conflict,
        TooMany,
    ),
    extensions(("x-role" = json!(Role::Anonymous)))
)]
async fn sign_up(
    State(state): State<AppState>,
    Peer(address): Peer,
    headers: HeaderMap,
    StrangersBody(body): StrangersBody,
) -> Result<Response, Problem> {
    refuse_foreign(&headers)?;
    let signup = Signup::read(body)?;
    state.attempts.begin_signup(address, Instant::now())?;
    let admission = admission(&state, signup.setup_token.as_deref()).await?;
    let hash = state.passwords.hash(signup.password).await?;
    let made = state
        .catalog
        .sign_up_as(admission, signup.email.as_str(), &signup.name, hash, origin(&headers, address))
        .await?;
    let answer = LoggedIn {
        user: made.user,
        organization: Some(made.organization),
        token: made.token.reveal().to_owned(),
        expires_at: made.session.expires_at,
    };
    Ok((
        StatusCode::CREATED,
        [(header::SET_COOKIE, auth::cookie(&made.token, &state.settings)), location("me")],
        Json(answer),
    )
        .into_response())
}

/// Makes a session.
#[utoipa::path(
    post,
    path = "/auth/login",
    operation_id = "log_in",
    tag = "account",
    request_body = Login,
    responses(
        (status = 200, description = "the session's token, here and in a cookie", body = LoggedIn),
        TooMany,
        Unauthorized,
    ),
    extensions(("x-role" = json!(Role::Anonymous)))
)]
async fn log_in(
    State(state): State<AppState>,
    Peer(address): Peer,
    headers: HeaderMap,
    StrangersBody(body): StrangersBody,
) -> Result<Response, Problem> {
    refuse_foreign(&headers)?;
    let login = Login::read(body)?;
    state.attempts.begin(&login.email, address, Instant::now())?;
    let account = state.catalog.account_by_email(&login.email).await?;
    let (user, hash) = account.map(|account| (account.user, account.password_hash)).unzip();
    // The same work and the same answer, whether the account exists or not.
    let checked = state.passwords.verify(login.password, hash).await;
    if checked.is_err() {
        // Nothing was tried out: who meets a busy server must not be shut out for it.
        state.attempts.succeeded(&login.email, address);
    }
    let right = checked?;
    let Some(user) = user.filter(|user| right && user.is_active) else {
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "wrong_login",
            "e-mail address or password is wrong",
        ));
    };
    state.attempts.succeeded(&login.email, address);
    let (session, token) = state.catalog.create_session(user.id, origin(&headers, address)).await?;
    let answer = LoggedIn {
        user,
        organization: None,
        token: token.reveal().to_owned(),
        expires_at: session.expires_at,
    };
    Ok(([(header::SET_COOKIE, auth::cookie(&token, &state.settings))], Json(answer)).into_response())
}

/// Ends the session.
#[utoipa::path(
    post,
    path = "/auth/logout",
    operation_id = "log_out",
    tag = "account",
    responses((status = 204, description = "ended")),
    extensions(("x-role" = json!(Role::Any)))
)]
async fn log_out(State(state): State<AppState>, auth: Auth) -> Result<Response, Problem> {
    state.catalog.end_session(auth.session()?.id).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, auth::no_cookie())]).into_response())
}

/// Whether somebody may sign up, who shows this as setup token. Of several first users at once the catalog lets one in.
async fn admission(state: &AppState, shown: Option<&str>) -> Result<Admission, Problem> {
    let settings = &state.settings;
    match (shown, settings.setup_token, state.catalog.has_users().await?) {
        (Some(_), _, true) => Err(catalog::Error::AlreadySetUp.into()),
        (Some(_), None, false) => {
            Err(vec![entity::Problem::at("/setup_token", "is not asked for by this server")].into())
        }
        (Some(shown), Some(hash), false) if token::same(&token::hash(shown), &hash) => Ok(Admission::First),
        (Some(_), Some(_), false) => {
            let detail = "this is not the setup token that the server printed when it started last";
            Err(Problem::forbidden("setup_token_wrong", detail))
        }
        (None, Some(_), false) => Err(Problem::forbidden(
            "setup_token_required",
            "the first user of this server needs the setup token that it printed when it started",
        )),
        (None, ..) => match settings.signup {
            state::Signup::Open => Ok(Admission::Anybody),
            state::Signup::Closed => {
                Err(Problem::forbidden("signup_closed", "this server takes no signups: ask its operator"))
            }
        },
    }
}

/// From where a session is started.
fn origin(headers: &HeaderMap, address: Option<IpAddr>) -> Origin {
    Origin::of(headers.get(header::USER_AGENT).map(HeaderValue::as_bytes), address)
}

/// A foreign page must not log its visitor in as somebody else: a browser says where such a request comes from.
fn refuse_foreign(headers: &HeaderMap) -> Result<(), Problem> {
    let from_page = headers.contains_key(header::ORIGIN);
    let by_token = matches!(auth::session_token(headers), Some((_, Via::Header)));
    if from_page && !by_token && !auth::is_same_origin(headers) {
        Err(auth::foreign_origin())
    } else {
        Ok(())
    }
}
