//! Audit logs: that of an organization, for its admins, and that of one's own account.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::audit::AuditEntry;
use edgesync_schemas::id::OrganizationId;
use edgesync_storage::catalog::AuditFilter;

use crate::auth::Auth;
use crate::error::Problem;
use crate::page::{Params, Path, page};
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/organizations/{id}/audit", get(of_organization)).route("/me/audit", get(of_account))
}

async fn of_organization(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<OrganizationId>,
    params: Params,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    Ok(Json(page(state.catalog.audit(auth.user.id, id, filter(&params)?, params.slice()?).await?)))
}

async fn of_account(
    State(state): State<AppState>,
    auth: Auth,
    params: Params,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    Ok(Json(page(state.catalog.account_audit(auth.user.id, filter(&params)?, params.slice()?).await?)))
}

fn filter(params: &Params) -> Result<AuditFilter, Problem> {
    Ok(AuditFilter {
        actor: params.parse("actor")?,
        action: params.parse("action")?,
        target: params.parse("target")?,
        from: params.parse("from")?,
        to: params.parse("to")?,
    })
}
