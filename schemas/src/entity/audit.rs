//! The audit log: who changed what, in an organization or in their own account.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::id::{AuditId, OrganizationId, UserId};
use crate::time::Timestamp;

/// A change that somebody made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its id; later ones are greater.
    pub id: AuditId,
    /// The organization that it concerns; none if it concerns the account of one user.
    #[schema(required = true)]
    pub organization_id: Option<OrganizationId>,
    /// Who made it; none for the operator of the installation.
    #[schema(required = true)]
    pub actor_id: Option<UserId>,
    /// The address of who made it; none for the operator.
    #[schema(required = true)]
    pub actor_email: Option<String>,
    /// What was done.
    pub action: AuditAction,
    /// The kind of thing it was done to: the first part of the action's name.
    pub target_kind: String,
    /// The id of the thing it was done to.
    pub target_id: Uuid,
    /// What else is to be known, such as names and which fields were changed. Never a secret.
    #[schema(value_type = Object)]
    pub details: Map<String, Value>,
    /// When.
    pub at: Timestamp,
}

/// What can be done, by kind of thing. A name here is what is stored: none is ever changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[expect(missing_docs, reason = "each says what its name says")]
pub enum AuditAction {
    #[serde(rename = "user.signed_up")]
    UserSignedUp,
    #[serde(rename = "user.updated")]
    UserUpdated,
    #[serde(rename = "user.password_changed")]
    UserPasswordChanged,
    #[serde(rename = "user.plan_set")]
    UserPlanSet,
    #[serde(rename = "user.disabled")]
    UserDisabled,
    #[serde(rename = "user.enabled")]
    UserEnabled,
    #[serde(rename = "session.started")]
    SessionStarted,
    #[serde(rename = "session.ended")]
    SessionEnded,
    #[serde(rename = "session.others_ended")]
    SessionOthersEnded,
    #[serde(rename = "api_token.created")]
    ApiTokenCreated,
    #[serde(rename = "api_token.deleted")]
    ApiTokenDeleted,
    #[serde(rename = "organization.created")]
    OrganizationCreated,
    #[serde(rename = "organization.updated")]
    OrganizationUpdated,
    #[serde(rename = "organization.handed_over")]
    OrganizationHandedOver,
    #[serde(rename = "organization.deleted")]
    OrganizationDeleted,
    #[serde(rename = "member.added")]
    MemberAdded,
    #[serde(rename = "member.updated")]
    MemberUpdated,
    #[serde(rename = "member.removed")]
    MemberRemoved,
    #[serde(rename = "project.created")]
    ProjectCreated,
    #[serde(rename = "project.updated")]
    ProjectUpdated,
    #[serde(rename = "project.deleted")]
    ProjectDeleted,
    #[serde(rename = "project.device_added")]
    ProjectDeviceAdded,
    #[serde(rename = "project.device_removed")]
    ProjectDeviceRemoved,
    #[serde(rename = "device.created")]
    DeviceCreated,
    #[serde(rename = "device.updated")]
    DeviceUpdated,
    #[serde(rename = "device.token_rotated")]
    DeviceTokenRotated,
    #[serde(rename = "device.token_revoked")]
    DeviceTokenRevoked,
    #[serde(rename = "device.deleted")]
    DeviceDeleted,
    #[serde(rename = "flow.created")]
    FlowCreated,
    #[serde(rename = "flow.updated")]
    FlowUpdated,
    #[serde(rename = "flow.deployed")]
    FlowDeployed,
    #[serde(rename = "flow.stopped")]
    FlowStopped,
    #[serde(rename = "flow.deleted")]
    FlowDeleted,
    #[serde(rename = "flow.dead_letters_deleted")]
    FlowDeadLettersDeleted,
    #[serde(rename = "dashboard.created")]
    DashboardCreated,
    #[serde(rename = "dashboard.updated")]
    DashboardUpdated,
    #[serde(rename = "dashboard.deleted")]
    DashboardDeleted,
    #[serde(rename = "dashboard.shared")]
    DashboardShared,
    #[serde(rename = "dashboard.unshared")]
    DashboardUnshared,
    #[serde(rename = "share_link.created")]
    ShareLinkCreated,
    #[serde(rename = "share_link.deleted")]
    ShareLinkDeleted,
    #[serde(rename = "widget.created")]
    WidgetCreated,
    #[serde(rename = "widget.updated")]
    WidgetUpdated,
    #[serde(rename = "widget.deleted")]
    WidgetDeleted,
}

impl std::str::FromStr for AuditAction {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        super::from_name(name)
    }
}

/// The kind of thing that an action of this name is done to.
pub fn target_kind(action: &str) -> &str {
    action.split('.').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_named_by_the_kind_of_its_target() {
        let action: AuditAction = "device.token_rotated".parse().unwrap();
        assert_eq!(action, AuditAction::DeviceTokenRotated);
        assert_eq!(target_kind(&super::super::name_of(&action)), "device");
        assert!("device".parse::<AuditAction>().unwrap_err().contains("device.created"));
    }
}
