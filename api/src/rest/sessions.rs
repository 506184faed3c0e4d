//! Where one is logged in. For sessions only.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::session::Session;
use edgesync_schemas::id::TokenId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Auth;
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::{Paging, Params, Path, page};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list, remove_others)).routes(routes!(remove))
}

/// A session, and whether it is the one that asks.
#[derive(Serialize, ToSchema)]
struct OwnSession {
    #[serde(flatten)]
    session: Session,
    /// Whether it is the one that asks.
    current: bool,
}

/// Where one is logged in, the oldest first.
#[utoipa::path(
    get,
    path = "/me/sessions",
    operation_id = "list_sessions",
    tag = "account",
    params(Paging),
    responses((status = 200, description = "a page of them", body = Page<OwnSession>)),
    extensions(("x-role" = json!(Role::Any)))
)]
async fn list(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
) -> Result<Json<Page<OwnSession>>, Problem> {
    let current = auth.session()?.id;
    let found = page(state.catalog.sessions(auth.user.id, params.slice()?).await?);
    let items = found.items.into_iter();
    let items = items.map(|session| OwnSession { current: session.id == current, session }).collect();
    Ok(Json(Page { items, next: found.next }))
}

/// Ends all sessions but the one that asks. Sockets that they opened end within a second.
#[utoipa::path(
    delete,
    path = "/me/sessions",
    operation_id = "end_other_sessions",
    tag = "account",
    responses((status = 204, description = "ended")),
    extensions(("x-role" = json!(Role::Any)))
)]
async fn remove_others(State(state): State<AppState>, auth: Auth) -> Result<StatusCode, Problem> {
    state.catalog.end_other_sessions(auth.user.id, auth.session()?.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a session, which may be the one that asks. Sockets that it opened end within a second.
#[utoipa::path(
    delete,
    path = "/me/sessions/{id}",
    operation_id = "end_session",
    tag = "account",
    params(("id" = TokenId, Path, description = "the session")),
    responses((status = 204, description = "ended")),
    extensions(("x-role" = json!(Role::Any)))
)]
async fn remove(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<TokenId>,
) -> Result<StatusCode, Problem> {
    auth.session()?;
    state.catalog.end_session_of(auth.user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
