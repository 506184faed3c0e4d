//! API tokens of one's own. For sessions only: a token makes no tokens.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::api_token::{ApiToken, ApiTokenInput};
use edgesync_schemas::id::TokenId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Made, made, now};
use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::{Paging, Params, Path, page};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(remove))
}

/// A new API token.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedApiToken)]
struct Created {
    /// It.
    api_token: ApiToken,
    /// What a program shows in `Authorization: Bearer`. It is shown here, and never again.
    token: String,
}

/// The own API tokens, those that have ended among them, the oldest first.
#[utoipa::path(
    get,
    path = "/me/api-tokens",
    operation_id = "list_api_tokens",
    tag = "account",
    params(Paging),
    responses((status = 200, description = "a page of them", body = Page<ApiToken>)),
    extensions(("x-role" = json!(Role::Any)))
)]
async fn list(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
) -> Result<Json<Page<ApiToken>>, Problem> {
    Ok(Json(page(state.catalog.api_tokens(auth.user.id, params.slice()?).await?)))
}

/// Makes an API token. It is shown in the answer, once.
#[utoipa::path(
    post,
    path = "/me/api-tokens",
    operation_id = "create_api_token",
    tag = "account",
    request_body = ApiTokenInput,
    responses((status = 201, description = "made", body = Created)),
    extensions(("x-role" = json!(Role::Any)))
)]
async fn create(
    State(state): State<AppState>,
    auth: Auth,
    JsonBody(body): JsonBody,
) -> Result<Made<Created>, Problem> {
    auth.session()?;
    let input = ApiTokenInput::read(body, now())?;
    let (api_token, token) = state.catalog.create_api_token(auth.user.id, input).await?;
    let place = format!("me/api-tokens/{}", api_token.id);
    Ok(made(place, Created { api_token, token: token.reveal().to_owned() }))
}

/// Ends an API token. Sockets that it opened end within a second.
#[utoipa::path(
    delete,
    path = "/me/api-tokens/{id}",
    operation_id = "delete_api_token",
    tag = "account",
    params(("id" = TokenId, Path, description = "the token")),
    responses((status = 204, description = "ended")),
    extensions(("x-role" = json!(Role::Any)))
)]
async fn remove(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<TokenId>,
) -> Result<StatusCode, Problem> {
    auth.session()?;
    state.catalog.delete_api_token(auth.user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
