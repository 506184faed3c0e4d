//! Flow diagrams as drafts. Running them is in [`super::deployments`].

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::flow::{FlowInput, FlowPatch, FlowSummary};
use edgesync_schemas::id::FlowId;

use super::whole;
use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::etag::{if_match, tagged};
use crate::page::{Params, Path, page};
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/flows", get(list).post(create))
        .route("/flows/{id}", get(show).put(replace).patch(change).delete(remove))
}

async fn list(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
) -> Result<Json<Page<FlowSummary>>, Problem> {
    let project = params.parse("project")?;
    Ok(Json(page(state.catalog.flows(auth.user.id, project, params.text("q"), params.slice()?).await?)))
}

async fn create(
    State(state): State<AppState>,
    auth: Auth,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let flow = state.catalog.create_flow(auth.user.id, FlowInput::read(body)?).await?;
    Ok(tagged(StatusCode::CREATED, flow.version, &flow))
}

async fn show(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
) -> Result<Response, Problem> {
    let flow = state.catalog.readable_flow(auth.user.id, id).await?;
    Ok(tagged(StatusCode::OK, flow.version, &flow))
}

async fn replace(
    state: State<AppState>,
    auth: Auth,
    id: Path<FlowId>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    save(state, auth, id, &headers, FlowInput::read(body)?.into()).await
}

async fn change(
    state: State<AppState>,
    auth: Auth,
    id: Path<FlowId>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    save(state, auth, id, &headers, FlowPatch::read(body)?).await
}

async fn save(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
    headers: &HeaderMap,
    patch: FlowPatch,
) -> Result<Response, Problem> {
    let expected = if_match(headers)?;
    whole(async move {
        // what is deployed, and so what it may be moved to, does not change meanwhile
        let _turn = state.deployments.turn(id).await;
        let flow = state.catalog.update_flow(auth.user.id, id, expected, patch).await?;
        Ok(tagged(StatusCode::OK, flow.version, &flow))
    })
    .await
}

async fn remove(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
) -> Result<StatusCode, Problem> {
    whole(async move {
        let _turn = state.deployments.turn(id).await;
        state.catalog.editable_flow(auth.user.id, id).await?;
        state.actors.flows.stop(id).await?;
        state.catalog.delete_flow(auth.user.id, id).await?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
