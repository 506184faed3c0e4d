//! Versions of a flow: what was deployed of it. None is ever changed.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::input::{self, Checked};
use super::shape;
use crate::id::UserId;
use crate::time::Timestamp;

/// A version as lists show it: without its diagram.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FlowVersionSummary {
    /// Its number, which is that of the draft that was deployed.
    pub version: u32,
    /// When it was deployed for the first time.
    pub created_at: Timestamp,
    /// Who did that; none if it was the platform, or is not known any more.
    #[schema(required = true)]
    pub deployed_by: Option<UserId>,
    /// Whether it is the one that is deployed.
    pub is_deployed: bool,
}

/// A version with its diagram.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FlowVersion {
    /// What lists show of it.
    #[serde(flatten)]
    pub summary: FlowVersionSummary,
    /// Its React Flow nodes.
    #[schema(value_type = shape::Nodes)]
    pub nodes: Vec<Value>,
    /// Its React Flow edges.
    #[schema(value_type = shape::Edges)]
    pub edges: Vec<Value>,
}

/// Body of a deployment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ToSchema)]
pub struct DeployFlow {
    /// The version to deploy again; the draft if absent.
    #[schema(minimum = 1, required = false)]
    pub version: Option<u32>,
}

impl DeployFlow {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        let number = |value| input::integer(1, u32::MAX.into())(value).map(|number| number as u32);
        input::read(body, |f| Self { version: f.optional("version", number) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_version_to_deploy_is_a_number_from_1() {
        assert_eq!(DeployFlow::read(json!({})).unwrap().version, None);
        assert_eq!(DeployFlow::read(json!({"version": 7})).unwrap().version, Some(7));
        for wrong in [json!(0), json!(-1), json!(1.5), json!("7"), json!(null), json!(1_u64 << 32)] {
            let problems = DeployFlow::read(json!({"version": wrong})).unwrap_err();
            assert_eq!(problems[0].pointer, "/version", "{wrong}");
        }
    }
}
