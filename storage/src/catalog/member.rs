//! Membership in organizations.

use edgesync_schemas::entity::organization::MemberRole;
use edgesync_schemas::id::{OrganizationId, UserId};
use edgesync_schemas::time::Timestamp;

use super::db::Tx;
use super::error::Error;
use super::value::Value;

/// Makes `user` a member.
pub(super) async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
    role: MemberRole,
    invited_by: Option<UserId>,
    at: Timestamp,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO organization_members (user_id, organization_id, role, invited_by, joined_at)
         VALUES ($1, $2, $3, $4, $5)",
        vec![user.into(), organization.into(), Value::name(&role), invited_by.into(), at.into()],
    )
    .await
    .map(drop)
}
