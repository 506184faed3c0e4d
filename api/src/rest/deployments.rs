//! Flows that run: checking, deploying and stopping them, and how they are.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use edgesync_actors::flow::run::TRIGGER_DATA;
use edgesync_actors::flow::{Error as FlowError, Metrics, Valid};
use edgesync_schemas::entity;
use edgesync_schemas::entity::flow::{FlowChange, FlowDiagram, FlowDraft};
use edgesync_schemas::entity::flow_version::DeployFlow;
use edgesync_schemas::flow::{Diagram, Problem as FlowProblem};
use edgesync_schemas::id::{FlowId, UserId};
use edgesync_schemas::time::Timestamp;
use edgesync_storage::catalog::{self, Stopped};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::whole;
use crate::auth::Auth;
use crate::body::OptionalBody;
use crate::error::Problem;
use crate::etag::{IfMatch, if_match, tagged};
use crate::openapi::Role;
use crate::page::Path;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(validate))
        .routes(routes!(deploy))
        .routes(routes!(stop))
        .routes(routes!(metrics))
        .routes(routes!(output))
}

/// What a check of a drawing found.
#[derive(Serialize, ToSchema)]
#[schema(as = FlowVerdict)]
struct Verdict {
    /// Whether it could run.
    valid: bool,
    /// Everything that is wrong.
    problems: Vec<FlowProblem>,
    /// How it would run, if it could.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    plan: Option<Value>,
    /// What it would change of what runs, if it could.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    change: Option<FlowChange>,
    /// Milliseconds of event time that it would be fed from what is stored before it takes the place of what runs, if the change is `cold`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    looks_back_ms: Option<i64>,
}

/// Nothing: an empty object, or no body.
#[derive(ToSchema)]
struct Nothing {}

/// Checks a drawing that need not be saved, or a version that was deployed; what is absent is taken from what is saved.
#[utoipa::path(
    post,
    path = "/flows/{id}/validate",
    operation_id = "validate_flow",
    tag = "flows",
    params(("id" = FlowId, Path, description = "the flow")),
    request_body = Option<FlowDraft>,
    responses((status = 200, description = "the plan, or everything that is wrong", body = Verdict)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn validate(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
    OptionalBody(body): OptionalBody,
) -> Result<Json<Verdict>, Problem> {
    let draft = FlowDraft::read(body)?;
    let flow = state.catalog.readable_flow(auth.user.id, id).await?;
    let (nodes, edges) = match draft.version {
        Some(version) => {
            let version = state.catalog.flow_version(auth.user.id, id, version).await?;
            (version.nodes, version.edges)
        }
        None => (draft.nodes.unwrap_or(flow.nodes), draft.edges.unwrap_or(flow.edges)),
    };
    let checked = match diagram(nodes, edges) {
        Ok(diagram) => state.actors.flows.validate(id, &diagram).await,
        Err(problems) => Err(FlowError::Refused(problems)),
    };
    match checked {
        Ok(Valid { plan, change, looks_back_ms }) => Ok(Json(Verdict {
            valid: true,
            problems: Vec::new(),
            plan: Some(plan),
            change: Some(change),
            looks_back_ms,
        })),
        Err(FlowError::Refused(problems)) => {
            Ok(Json(Verdict { valid: false, problems, plan: None, change: None, looks_back_ms: None }))
        }
        Err(error) => Err(error.into()),
    }
}

/// Runs the draft as it is saved, or a version that was deployed before, in place of what runs.
///
/// A version is what was deployed under its number for the first time, and never changes. The draft stays as it is. A version whose nodes remember in
/// another way than those of what runs warms up first, up to ten minutes; what runs runs on until then. `GET /flows/{id}/metrics` says how far it is,
/// and stopping the flow ends it (`409`, `deployment_cancelled`).
#[utoipa::path(
    post,
    path = "/flows/{id}/deploy",
    operation_id = "deploy_flow",
    tag = "flows",
    params(("id" = FlowId, Path, description = "the flow"), IfMatch),
    request_body = Option<DeployFlow>,
    responses(
        (status = 200, description = "it runs", body = FlowDiagram, headers(("ETag" = String, description = "The version and a hash of the entity, for `If-Match` and `If-None-Match`."))),
    ),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn deploy(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
    headers: HeaderMap,
    OptionalBody(body): OptionalBody,
) -> Result<Response, Problem> {
    let DeployFlow { version } = DeployFlow::read(body)?;
    let expected = if_match(&headers);
    whole(async move {
        let flow = state.catalog.editable_flow(auth.user.id, id, expected.as_deref()).await?;
        let (version, diagram) = meant(&state, auth.user.id, &flow, version).await?;
        let refused = |error| Problem::from(error).pointing_into(&diagram);
        state.actors.flows.validate(id, &diagram).await.map_err(refused)?;
        let deployment = state.actors.flows.deployment(id).await.map_err(refused)?;
        // Until then what runs is what is written down, also after a crash. Others may save the flow, or stop it.
        let ready =
            async { Ok((deployment.ready(version, &diagram).await?, deployment.turn().await?)) }.await;
        let (ready, turn) = match ready {
            Ok(ready) => ready,
            Err(error) => {
                failed(&state, id, version, &error).await;
                return Err(refused(error));
            }
        };
        let flow = state.catalog.editable_flow(auth.user.id, id, None).await?;
        // Written down first: if that fails, what runs runs on and is what is written down. The other way round, what could not be
        // written down would have to be taken back from the cells, and what it replaced would be gone.
        state.catalog.set_flow_deployed(Some(auth.user.id), id, version, &diagram).await?;
        if let Err(error) = deployment.run(ready, &turn).await {
            restore(&state, id, flow.deployed_version).await;
            return Err(refused(error));
        }
        let flow = FlowDiagram { is_active: true, deployed_version: Some(version), ..flow };
        Ok(tagged(StatusCode::OK, flow.version, &flow))
    })
    .await
}

/// The version that is to be deployed, and its diagram: as it was deployed before, if it was; else that of the draft.
pub(super) async fn meant(
    state: &AppState,
    user: UserId,
    flow: &FlowDiagram,
    version: Option<u32>,
) -> Result<(u32, Diagram), Problem> {
    let number = version.unwrap_or(flow.version);
    let (nodes, edges) = match state.catalog.flow_version(user, flow.id, number).await {
        Ok(known) => (known.nodes, known.edges),
        Err(catalog::Error::NotFound { .. }) if version.is_none() => (flow.nodes.clone(), flow.edges.clone()),
        Err(error) => return Err(error.into()),
    };
    Ok((number, diagram(nodes, edges).map_err(Problem::flow)?))
}

/// Writes down that a version did not become ready to run, for its owner; what runs, and is written down, is as it was.
async fn failed(state: &AppState, id: FlowId, version: u32, error: &FlowError) {
    let why = match error {
        // that is answered, and no deployment
        FlowError::Refused(_) => return,
        FlowError::Cancelled => "the flow was stopped before it was ready to run",
        _ => "the deployment failed",
    };
    if let Err(error) = state.catalog.note_failed_deployment(id, version, why).await {
        tracing::warn!(flow = %id, version, %error, "that a deployment failed could not be written down");
    }
}

/// Writes down again what runs of a flow, after a deployment that failed.
async fn restore(state: &AppState, id: FlowId, version: Option<u32>) {
    let why = "the deployment failed";
    let restored = match version {
        Some(version) => state.catalog.set_flow_deployed_version(id, version, why).await,
        None => state.catalog.set_flow_stopped(id, Stopped::Because(why)).await,
    };
    if let Err(error) = restored {
        // Until it is deployed or stopped again. The next start of the server tries the version that failed.
        tracing::error!(flow = %id, ?version, error = %error, "what runs of a flow could not be written down");
    }
}

/// Ends the flow; one that does not run stays so.
#[utoipa::path(
    post,
    path = "/flows/{id}/stop",
    operation_id = "stop_flow",
    tag = "flows",
    params(("id" = FlowId, Path, description = "the flow"), IfMatch),
    request_body = Option<Nothing>,
    responses(
        (status = 200, description = "it does not run", body = FlowDiagram, headers(("ETag" = String, description = "The version and a hash of the entity, for `If-Match` and `If-None-Match`."))),
    ),
    extensions(("x-role" = json!(Role::Creator)), ("x-scope" = json!("write")))
)]
async fn stop(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
    headers: HeaderMap,
    OptionalBody(body): OptionalBody,
) -> Result<Response, Problem> {
    entity::input::read(body, |_| ())?;
    let expected = if_match(&headers);
    whole(async move {
        // whoever may not stop it does not end its deployments either
        state.catalog.editable_flow(auth.user.id, id, expected.as_deref()).await?;
        let _turn = state.actors.flows.ending(id).await;
        let flow = state.catalog.editable_flow(auth.user.id, id, expected.as_deref()).await?;
        // Written down first: if the server dies in between, the flow does not come back.
        state.catalog.set_flow_stopped(id, Stopped::By(auth.user.id)).await?;
        state.actors.flows.stop(id).await?;
        let flow = FlowDiagram { is_active: false, deployed_version: None, ..flow };
        Ok(tagged(StatusCode::OK, flow.version, &flow))
    })
    .await
}

/// How a flow runs, and what its nodes count.
#[utoipa::path(
    get,
    path = "/flows/{id}/metrics",
    operation_id = "flow_metrics",
    tag = "flows",
    params(("id" = FlowId, Path, description = "the flow")),
    responses((status = 200, description = "the counters of the flow and of each node", body = Metrics)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn metrics(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<FlowId>,
) -> Result<Json<Value>, Problem> {
    state.catalog.readable_flow(auth.user.id, id).await?;
    Ok(Json(state.actors.flows.status(id).await?))
}

/// A record that a node put out.
#[derive(Serialize, ToSchema)]
#[schema(as = NodeRecord)]
struct Output {
    /// Event time.
    timestamp: Timestamp,
    /// The number.
    value: f64,
    /// The original, where it is no number.
    #[schema(value_type = Value, required = true)]
    raw_data: Option<Box<RawValue>>,
}

/// The newest records of a node, whole.
///
/// Asking is what makes the node keep them, for a quarter of an hour.
#[utoipa::path(
    get,
    path = "/flows/{id}/nodes/{node}/output",
    operation_id = "node_output",
    tag = "flows",
    params(
        ("id" = FlowId, Path, description = "the flow"),
        ("node" = String, Path, description = "the node's id in the diagram"),
    ),
    responses((status = 200, description = "all that are kept", body = entity::Page<Output>)),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
async fn output(
    State(state): State<AppState>,
    auth: Auth,
    Path((id, node)): Path<(FlowId, String)>,
) -> Result<Json<entity::Page<Output>>, Problem> {
    let flow = state.catalog.readable_flow(auth.user.id, id).await?;
    if !flow.nodes.iter().any(|known| known["id"] == node.as_str()) {
        return Err(Problem::not_found("node"));
    }
    let records = state.actors.flows.records(id, &node).await;
    let items = records.into_iter().map(|point| Output {
        timestamp: point.ts,
        value: point.num,
        raw_data: point.raw.and_then(|raw| RawValue::from_string(raw.to_string()).ok()),
    });
    Ok(Json(entity::Page { items: items.collect(), next: None }))
}

pub(super) fn diagram(nodes: Vec<Value>, edges: Vec<Value>) -> Result<Diagram, Vec<FlowProblem>> {
    let drawing = json!({"nodes": nodes, "edges": edges});
    Diagram::from_json(&drawing.to_string())
}

impl Problem {
    /// With a JSON pointer into the diagram for each problem of it.
    pub(super) fn pointing_into(self, diagram: &Diagram) -> Self {
        let errors = self
            .problems
            .iter()
            .map(|problem| entity::Problem::at(pointer(problem, diagram), &*problem.message));
        Self { errors: errors.collect(), ..self }
    }
}

fn pointer(problem: &FlowProblem, diagram: &Diagram) -> String {
    // values of a run stand beside the diagram
    if let (Some(node), Some(TRIGGER_DATA)) = (&problem.node, problem.field.as_deref()) {
        return format!("/{TRIGGER_DATA}{}", entity::input::pointer(node));
    }
    let node = problem.node.as_ref().and_then(|id| diagram.nodes.iter().position(|node| node.id == *id));
    let edge = problem.edge.as_ref().and_then(|id| diagram.edges.iter().position(|edge| edge.id == *id));
    let field = problem.field.as_deref().map(entity::input::pointer).unwrap_or_default();
    match (node, edge) {
        (Some(at), _) if field.is_empty() => format!("/nodes/{at}"),
        (Some(at), _) => format!("/nodes/{at}/data{field}"),
        (None, Some(at)) => format!("/edges/{at}{field}"),
        (None, None) => String::new(),
    }
}
