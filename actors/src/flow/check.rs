//! Whose devices a flow may read. The engine knows no tenants, so this is asked of the catalog before a plan is installed.

use std::collections::HashSet;

use edgesync_engine::plan::Plan;
use edgesync_schemas::flow::Problem;
use edgesync_schemas::flow::problem::Code;
use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use edgesync_storage::catalog::{Catalog, Error};

/// What a device that is gone means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    /// The diagram is refused: it is being checked, or deployed by a person.
    Refuse,
    /// Nothing: the diagram was checked when it was deployed, and a device less is no reason to stop it.
    PassOver,
}

/// A problem for each device that does not exist or that the flow may not read. The user is not told which of the two.
pub(super) async fn devices(
    catalog: &Catalog,
    flow: FlowId,
    plan: &Plan,
    gone: Gone,
) -> Result<Vec<Problem>, Error> {
    let mut problems = Vec::new();
    for (node, source) in plan.sources() {
        let field = if node.spec.kind == "device" { "deviceUuid" } else { "devices" };
        let mut seen = HashSet::new();
        for id in catalog.foreign_devices(flow, &source.devices).await? {
            if gone == Gone::PassOver && catalog.device(id).await?.is_none() {
                continue;
            }
            if seen.insert(id) && problems.len() < limit::FLOW_PROBLEMS {
                let message = format!("there is no device {id}");
                problems.push(Problem::of_field(&node.id, field, Code::NotFound, message));
            }
        }
    }
    Ok(problems)
}
