//! Whose devices a flow may read. The engine knows no tenants, so this is asked of the catalog before a plan is installed.

use std::collections::HashMap;

use edgesync_engine::plan::Plan;
use edgesync_schemas::flow::Problem;
use edgesync_schemas::flow::problem::Code;
use edgesync_schemas::id::{OrganizationId, UserId};
use edgesync_schemas::limit;
use edgesync_storage::catalog::{Catalog, Error};

/// Whose devices a flow may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those of this organization: the one of the flow's project.
    Organization(OrganizationId),
    /// Those of every organization that the flow's owner is a member of: a flow without a project.
    Owner(UserId),
    /// As [`Scope::Owner`], for a flow that was checked when it was deployed: a device that is gone since is no reason to stop it.
    Deployed(UserId),
}

/// A problem for each device that does not exist or that the flow may not read. The user is not told which of the two.
pub(super) async fn devices(catalog: &Catalog, plan: &Plan, scope: &Scope) -> Result<Vec<Problem>, Error> {
    let mut problems = Vec::new();
    let mut may_read = HashMap::new();
    for (node, source) in plan.sources() {
        let field = if node.spec.kind == "device" { "deviceUuid" } else { "devices" };
        for id in &source.devices {
            let allowed = match (catalog.device(*id).await?, scope) {
                (None, Scope::Deployed(_)) => true,
                (None, _) => false,
                (Some(device), Scope::Organization(organization)) => device.organization_id == *organization,
                (Some(device), Scope::Owner(owner) | Scope::Deployed(owner)) => {
                    let organization = device.organization_id;
                    match may_read.get(&organization) {
                        Some(allowed) => *allowed,
                        None => {
                            let allowed = catalog.may_read(*owner, organization).await?;
                            may_read.insert(organization, allowed);
                            allowed
                        }
                    }
                }
            };
            if !allowed && problems.len() < limit::FLOW_PROBLEMS {
                let message = format!("there is no device {id}");
                problems.push(Problem::of_field(&node.id, field, Code::NotFound, message));
            }
        }
    }
    Ok(problems)
}
