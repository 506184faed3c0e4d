//! What a user may see, for the handlers and sockets that start from an id. Outsiders get 404, not 403: whether an id is
//! somebody's is none of their business.

use edgesync_schemas::entity::device::Device;
use edgesync_schemas::entity::flow::FlowDiagram;
use edgesync_schemas::entity::organization::Role;
use edgesync_schemas::entity::widget::DashboardWidget;
use edgesync_schemas::id::{DeviceId, FlowId, OrganizationId, UserId, WidgetId};

use crate::error::Problem;
use crate::state::AppState;

/// The device, to members of its organization.
///
/// # Errors
/// 404.
pub async fn readable_device(state: &AppState, user: UserId, device: DeviceId) -> Result<Device, Problem> {
    Ok(state.catalog.readable_device(user, device).await?)
}

/// The flow, to its owner and to members of its project's organization.
///
/// # Errors
/// 404.
pub async fn readable_flow(state: &AppState, user: UserId, flow: FlowId) -> Result<FlowDiagram, Problem> {
    Ok(state.catalog.readable_flow(user, flow).await?)
}

/// The widget, to members of its dashboard's organization who may read its source too.
///
/// # Errors
/// 404 for the widget, 403 for the source.
pub async fn readable_widget(
    state: &AppState,
    user: UserId,
    widget: WidgetId,
) -> Result<DashboardWidget, Problem> {
    let widget = state.catalog.readable_widget(user, widget).await?;
    check_source(state, user, &widget).await?;
    Ok(widget)
}

/// That the user may read what the widget shows.
///
/// # Errors
/// 403.
pub async fn check_source(state: &AppState, user: UserId, widget: &DashboardWidget) -> Result<(), Problem> {
    if state.catalog.may_read_source(user, &widget.source).await? {
        return Ok(());
    }
    Err(Problem::forbidden("forbidden", "the widget's source is not there for you"))
}

/// What the user is to the organization.
///
/// # Errors
/// 404 to outsiders.
pub async fn role(state: &AppState, user: UserId, organization: OrganizationId) -> Result<Role, Problem> {
    state.catalog.role(user, organization).await?.ok_or_else(|| Problem::not_found("organization"))
}
