//! Runs of a flow that are no deployments.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use edgesync_actors::flow::run::{Range, What};
use edgesync_schemas::entity::execution::FlowExecution;
use edgesync_schemas::entity::flow_run::RunFlow;
use edgesync_schemas::id::{ExecutionId, FlowId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::deployments::{diagram, meant};
use super::{location, now, whole};
use crate::auth::Auth;
use crate::body::OptionalBody;
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::Path;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(run)).routes(routes!(stop))
}

/// Runs the draft, a version or a drawing that is not saved: once, or over stored readings.
///
/// Nothing of it reaches the world: what nodes would have put out is recorded with the execution. Over stored readings it is on its way when this is
/// answered; ask for the execution until it has ended.
#[utoipa::path(
    post,
    path = "/flows/{id}/run",
    operation_id = "run_flow",
    tag = "flows",
    params(("id" = FlowId, Path, description = "the flow")),
    request_body = Option<RunFlow>,
    responses(
        (status = 200, description = "it was run once", body = FlowExecution),
        (status = 202, description = "it runs over stored readings", body = FlowExecution, headers(("Location" = String, description = "The execution."))),
    ),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn run(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
    OptionalBody(body): OptionalBody,
) -> Result<Response, Problem> {
    let run = RunFlow::read(body)?;
    whole(async move {
        let flow = state.catalog.editable_flow(auth.user.id, id, None).await?;
        let (version, drawn) = match (run.nodes, run.edges) {
            (None, None) if run.version.is_some() => meant(&state, auth.user.id, &flow, run.version).await?,
            (nodes, edges) => {
                let drawn = diagram(nodes.unwrap_or(flow.nodes), edges.unwrap_or(flow.edges));
                (flow.version, drawn.map_err(Problem::flow)?)
            }
        };
        let what = match run.from {
            None => What::Once(run.trigger_data),
            Some(from) => {
                let to = run.to.unwrap_or_else(now);
                What::Over(Range { from, to }, run.compare_with.is_some())
            }
        };
        let status = if run.from.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
        let refused = |error| Problem::from(error).pointing_into(&drawn);
        let execution = state.actors.flows.run(id, version, &drawn, what).await.map_err(refused)?;
        let place = location(format_args!("flows/{id}/executions/{execution}"));
        let execution = state.catalog.execution(auth.user.id, id, execution).await?;
        Ok((status, [place], Json(execution)).into_response())
    })
    .await
}

/// Ends a run over stored readings before its time. One that has ended stays as it is.
#[utoipa::path(
    post,
    path = "/flows/{id}/executions/{eid}/stop",
    operation_id = "stop_execution",
    tag = "flows",
    params(
        ("id" = FlowId, Path, description = "the flow"),
        ("eid" = ExecutionId, Path, description = "the run"),
    ),
    responses((status = 202, description = "it ends in a moment", body = FlowExecution)),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn stop(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, execution)): Path<(FlowId, ExecutionId)>,
) -> Result<(StatusCode, Json<FlowExecution>), Problem> {
    state.catalog.editable_flow(auth.user.id, id, None).await?;
    let execution = state.catalog.execution(auth.user.id, id, execution).await?;
    state.actors.flows.runs().stop(execution.id);
    Ok((StatusCode::ACCEPTED, Json(execution)))
}
