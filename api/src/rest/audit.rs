//! Audit logs: that of an organization, for its admins, and that of one's own account.

use axum::Json;
use axum::extract::State;
use edgesync_schemas::entity::Page;
use edgesync_schemas::entity::audit::{AuditAction, AuditEntry};
use edgesync_schemas::id::{OrganizationId, UserId};
use edgesync_schemas::time::Timestamp;
use edgesync_storage::catalog::AuditFilter;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::auth::Auth;
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::{Paging, Params, Path, page};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(of_organization)).routes(routes!(of_account))
}

/// What both take, in the description.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is only described")]
struct Filter {
    /// Changes by this user.
    actor: Option<UserId>,
    /// Changes of this kind.
    action: Option<AuditAction>,
    /// Changes to the thing with this id.
    target: Option<Uuid>,
    /// From here on.
    from: Option<Timestamp>,
    /// Before this.
    to: Option<Timestamp>,
}

/// What was changed in an organization and by whom, the newest first.
#[utoipa::path(
    get,
    path = "/organizations/{id}/audit",
    operation_id = "organization_audit",
    tag = "organizations",
    params(("id" = OrganizationId, Path, description = "the organization"), Paging, Filter),
    responses((status = 200, description = "a page of it", body = Page<AuditEntry>)),
    extensions(("x-role" = json!(Role::Admin)), ("x-scope" = json!("admin")))
)]
async fn of_organization(
    State(state): State<AppState>,
    auth: Auth,
    Path(id): Path<OrganizationId>,
    params: Params,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    Ok(Json(page(state.catalog.audit(auth.user.id, id, filter(&params)?, params.slice()?).await?)))
}

/// What was changed in the own account, or by oneself outside of any organization, and by whom, the newest first.
#[utoipa::path(
    get,
    path = "/me/audit",
    operation_id = "my_audit",
    tag = "account",
    params(Paging, Filter),
    responses((status = 200, description = "a page of it", body = Page<AuditEntry>)),
    extensions(("x-role" = json!(Role::Any)))
)]
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
