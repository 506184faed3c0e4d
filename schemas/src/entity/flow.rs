//! Flow diagrams as people keep them. What a diagram means, and whether it can run, is [`crate::flow`]'s matter: a draft
//! may be half done, so saving one asks only that it is a diagram's shape.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::input::{self, Checked};
use super::shape;
use crate::id::{DeviceId, FlowId, ProjectId, UserId};
use crate::limit;
use crate::time::Timestamp;

/// A flow diagram.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FlowDiagram {
    /// Its id.
    pub id: FlowId,
    /// Whom it belongs to.
    pub owner_id: UserId,
    /// The project it is in, whose organization's members may read it.
    #[schema(required = true)]
    pub project_id: Option<ProjectId>,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// React Flow nodes, as the editor wrote them; unknown keys are kept.
    #[schema(value_type = shape::Nodes)]
    pub nodes: Vec<Value>,
    /// React Flow edges, as the editor wrote them; unknown keys are kept.
    #[schema(value_type = shape::Edges)]
    pub edges: Vec<Value>,
    /// Whatever the editor wants to keep with it (viewport, ...).
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
    /// Whether it is deployed.
    pub is_active: bool,
    /// Number of the draft: each save adds one. Its ETag.
    pub version: u32,
    /// The version that is deployed, while one is; the draft may be newer.
    #[schema(required = true)]
    pub deployed_version: Option<u32>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was saved last.
    pub updated_at: Timestamp,
}

/// How a flow is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlowState {
    /// It is about to run.
    Pending,
    /// It runs.
    Running,
    /// It runs, apart from the others because it takes too much; its results may come late.
    Slowed,
    /// A node panicked; the others run, and the flow is about to be installed again.
    Restarting,
    /// A node panicked too often; the others run.
    Failed,
    /// It should run, and cannot.
    Refused,
    /// The platform stopped it, because it could not keep up.
    Suspended,
    /// It does not run.
    Stopped,
}

/// What a version would change of what runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlowChange {
    /// Nothing runs.
    New,
    /// It does the same: only what people see differs.
    Cosmetic,
    /// Every node that remembers something does so as it did: it takes over between two readings.
    Hot,
    /// A node remembers in another way, or is new: it warms up from what is stored first.
    Cold,
}

/// A flow diagram as lists show it: without the diagram, so that a page stays small.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FlowSummary {
    /// Its id.
    pub id: FlowId,
    /// Whom it belongs to.
    pub owner_id: UserId,
    /// The project it is in.
    #[schema(required = true)]
    pub project_id: Option<ProjectId>,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether it is deployed.
    pub is_active: bool,
    /// Number of the draft.
    pub version: u32,
    /// The version that is deployed, while one is.
    #[schema(required = true)]
    pub deployed_version: Option<u32>,
    /// How it is; null if it should run and does not say in time.
    #[schema(required = true)]
    pub state: Option<FlowState>,
    /// Why it is not simply running, where there is a reason.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// Records that its nodes could not handle since it was installed last.
    pub errors: u64,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was saved last.
    pub updated_at: Timestamp,
}

/// A flow as it was deployed.
#[derive(Debug, Clone, PartialEq)]
pub struct DeployedFlow {
    /// Its id.
    pub id: FlowId,
    /// Whom it belongs to.
    pub owner_id: UserId,
    /// The version that is deployed.
    pub version: u32,
    /// The diagram of that version: `{"nodes":[..],"edges":[..]}`.
    pub diagram: Value,
}

impl DeployedFlow {
    /// The devices that its nodes name, each once.
    pub fn devices(&self) -> BTreeSet<DeviceId> {
        let nodes = self.diagram["nodes"].as_array().into_iter().flatten();
        let named = nodes.flat_map(|node| {
            let data = &node["data"];
            data["devices"].as_array().into_iter().flatten().chain([&data["deviceUuid"]])
        });
        named.filter_map(|id| id.as_str()?.parse().ok()).collect()
    }
}

/// Body of a new flow, or of a whole replacement.
#[derive(Debug, Clone, ToSchema)]
pub struct FlowInput {
    /// The project it is in.
    pub project_id: Option<ProjectId>,
    /// Its name.
    #[schema(value_type = shape::Name)]
    pub name: String,
    /// What it is for.
    #[schema(value_type = shape::Description, required = false)]
    pub description: String,
    /// React Flow nodes.
    #[schema(value_type = shape::Nodes, required = false)]
    pub nodes: Vec<Value>,
    /// React Flow edges.
    #[schema(value_type = shape::Edges, required = false)]
    pub edges: Vec<Value>,
    /// Whatever the editor wants to keep with it.
    #[schema(value_type = Object, required = false)]
    pub metadata: Map<String, Value>,
    /// Words to find it by.
    #[schema(value_type = shape::Tags, required = false)]
    pub tags: Vec<String>,
}

impl FlowInput {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| Self {
            project_id: f.nullable("project_id", input::id).flatten(),
            name: f.required("name", input::name),
            description: f.optional("description", input::description).unwrap_or_default(),
            nodes: f.optional("nodes", nodes).unwrap_or_default(),
            edges: f.optional("edges", edges).unwrap_or_default(),
            metadata: f.optional("metadata", input::object).unwrap_or_default(),
            tags: f.optional("tags", input::tags).unwrap_or_default(),
        })
    }
}

/// Body of a change to a flow. What is absent stays.
#[derive(Debug, Clone, Default, ToSchema)]
pub struct FlowPatch {
    /// Another project, or none.
    #[schema(value_type = Option<ProjectId>)]
    pub project_id: Option<Option<ProjectId>>,
    /// New name.
    #[schema(value_type = shape::Name, required = false)]
    pub name: Option<String>,
    /// New description.
    #[schema(value_type = shape::Description, required = false)]
    pub description: Option<String>,
    /// New nodes.
    #[schema(value_type = shape::Nodes, required = false)]
    pub nodes: Option<Vec<Value>>,
    /// New edges.
    #[schema(value_type = shape::Edges, required = false)]
    pub edges: Option<Vec<Value>>,
    /// New metadata.
    #[schema(value_type = Object, required = false)]
    pub metadata: Option<Map<String, Value>>,
    /// New tags.
    #[schema(value_type = shape::Tags, required = false)]
    pub tags: Option<Vec<String>>,
}

impl FlowPatch {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| Self {
            project_id: f.nullable("project_id", input::id),
            name: f.optional("name", input::name),
            description: f.optional("description", input::description),
            nodes: f.optional("nodes", nodes),
            edges: f.optional("edges", edges),
            metadata: f.optional("metadata", input::object),
            tags: f.optional("tags", input::tags),
        })
    }
}

impl From<FlowInput> for FlowPatch {
    /// A replacement is a change of everything.
    fn from(input: FlowInput) -> Self {
        Self {
            project_id: Some(input.project_id),
            name: Some(input.name),
            description: Some(input.description),
            nodes: Some(input.nodes),
            edges: Some(input.edges),
            metadata: Some(input.metadata),
            tags: Some(input.tags),
        }
    }
}

/// Body of a check: a drawing that is not saved, or a version that was deployed. What is absent is taken from what is saved.
#[derive(Debug, Clone, Default, ToSchema)]
pub struct FlowDraft {
    /// A version that was deployed, instead of the draft.
    #[schema(minimum = 1, required = false)]
    pub version: Option<u32>,
    /// Nodes to check.
    #[schema(value_type = shape::Nodes, required = false)]
    pub nodes: Option<Vec<Value>>,
    /// Edges to check.
    #[schema(value_type = shape::Edges, required = false)]
    pub edges: Option<Vec<Value>>,
}

impl FlowDraft {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        let number = |value| input::integer(1, u32::MAX.into())(value).map(|number| number as u32);
        input::read(body, |f| {
            let draft = Self {
                version: f.optional("version", number),
                nodes: f.optional("nodes", nodes),
                edges: f.optional("edges", edges),
            };
            if draft.version.is_some() && (draft.nodes.is_some() || draft.edges.is_some()) {
                f.refuse("version", "is one thing and nodes and edges are another: give one of both");
            }
            draft
        })
    }
}

fn nodes(value: Value) -> Checked<Vec<Value>> {
    input::objects(limit::FLOW_NODES)(value)
}

fn edges(value: Value) -> Checked<Vec<Value>> {
    input::objects(limit::FLOW_EDGES)(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_keys_are_kept_inside_the_diagram_and_refused_outside() {
        let node = json!({"id": "a", "type": "debug", "measured": {"width": 7}});
        let flow = FlowInput::read(json!({"name": "f", "nodes": [node]})).unwrap();
        assert_eq!(flow.nodes, [node]);
        let problems = FlowInput::read(json!({"name": "f", "nodes": [7], "viewport": {}})).unwrap_err();
        let pointers: Vec<_> = problems.iter().map(|p| p.pointer.as_str()).collect();
        assert_eq!(pointers, ["/nodes/0", "/viewport"]);
    }
}
