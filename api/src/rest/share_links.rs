//! Links that show a dashboard to whoever has them. What they show is in `shared.rs`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::share_link::{ShareLink, ShareLinkInput};
use edgesync_schemas::id::{DashboardId, ShareLinkId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Made, made, now};
use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::Path;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(remove))
}

/// A new share link.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedShareLink)]
struct Created {
    /// It.
    share_link: ShareLink,
    /// What is shown in `Authorization: Bearer` to see the dashboard. It is shown here, and never again.
    token: String,
}

/// The share links of a dashboard, whole, the oldest first; those that have ended among them, until another is made.
#[utoipa::path(
    get,
    path = "/dashboard-templates/{id}/share-links",
    operation_id = "list_share_links",
    tag = "dashboards",
    params(("id" = DashboardId, Path, description = "the dashboard")),
    responses((status = 200, description = "all of them", body = Page<ShareLink>)),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("read")))
)]
async fn list(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DashboardId>,
) -> Result<Json<Page<ShareLink>>, Problem> {
    Ok(Json(Page { items: state.catalog.share_links(auth.user.id, id).await?, next: None }))
}

/// Makes a share link: whoever has its token sees the dashboard, as far as its creator may read it, and changes nothing. The token is shown in the answer, once.
#[utoipa::path(
    post,
    path = "/dashboard-templates/{id}/share-links",
    operation_id = "create_share_link",
    tag = "dashboards",
    params(("id" = DashboardId, Path, description = "the dashboard")),
    request_body = ShareLinkInput,
    responses((status = 201, description = "made", body = Created)),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn create(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<DashboardId>,
    JsonBody(body): JsonBody,
) -> Result<Made<Created>, Problem> {
    let input = ShareLinkInput::read(body, now())?;
    let (share_link, token) = state.catalog.create_share_link(auth.user.id, id, input).await?;
    let place = format!("dashboard-templates/{id}/share-links/{}", share_link.id);
    Ok(made(place, Created { share_link, token: token.reveal().to_owned() }))
}

/// Ends a share link. What is watched by it ends within a second.
#[utoipa::path(
    delete,
    path = "/dashboard-templates/{id}/share-links/{link}",
    operation_id = "delete_share_link",
    tag = "dashboards",
    params(
        ("id" = DashboardId, Path, description = "the dashboard"),
        ("link" = ShareLinkId, Path, description = "the link"),
    ),
    responses((status = 204, description = "ended")),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn remove(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, link)): Path<(DashboardId, ShareLinkId)>,
) -> Result<StatusCode, Problem> {
    state.catalog.delete_share_link(auth.user.id, id, link).await?;
    Ok(StatusCode::NO_CONTENT)
}
