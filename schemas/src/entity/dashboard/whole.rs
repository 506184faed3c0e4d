//! A dashboard and all its widgets, saved at once.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::{AllOfBuilder, ArrayBuilder};
use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::{DashboardInput, DashboardTemplate};
use crate::entity::input::{self, Checked, Problem};
use crate::entity::widget::{DashboardWidget, WidgetInput};
use crate::id::WidgetId;
use crate::limit;

/// A dashboard and all its widgets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WholeDashboard {
    /// The dashboard.
    pub dashboard: DashboardTemplate,
    /// Its widgets, in the order of their making.
    pub widgets: Vec<DashboardWidget>,
}

/// Body of a dashboard that is saved whole.
#[derive(Debug, Clone)]
pub struct WholeDashboardInput {
    /// The dashboard: what is absent is as in a new one.
    pub dashboard: DashboardInput,
    /// All its widgets, at most [`limit::WIDGETS_PER_DASHBOARD`]: those that are not among them are removed.
    pub widgets: Vec<SavedWidget>,
}

impl WholeDashboardInput {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems; two widgets of one name are looked for when each is right by itself.
    pub fn read(body: Value) -> Checked<Self> {
        let (dashboard, widgets) = input::read(body, |f| {
            let dashboard = f.required("dashboard", |value| DashboardInput::read(value).map(Some));
            (dashboard, f.required("widgets", widgets))
        })?;
        match dashboard {
            Some(dashboard) => Ok(Self { dashboard, widgets }),
            None => input::wrong("must have a dashboard"),
        }
    }
}

/// A widget of a dashboard that is saved whole: what is absent is as in a new one.
#[derive(Debug, Clone)]
pub struct SavedWidget {
    /// Which one it is. Without it, the one that has this `widget_id`, or a new one.
    pub id: Option<WidgetId>,
    /// What it is from now on.
    pub fields: WidgetInput,
}

impl SavedWidget {
    fn read(value: Value) -> Checked<Self> {
        input::read(value, |f| Self { id: f.optional("id", input::id), fields: WidgetInput::take(f) })
    }
}

fn widgets(value: Value) -> Checked<Vec<SavedWidget>> {
    let widgets = input::list(value, limit::WIDGETS_PER_DASHBOARD, SavedWidget::read)?;
    let (mut ids, mut names) = (HashSet::new(), HashSet::new());
    let mut problems = Vec::new();
    for (at, widget) in widgets.iter().enumerate() {
        if widget.id.is_some_and(|id| !ids.insert(id)) {
            problems.push(Problem::at(format!("/{at}/id"), "is that of a widget before it"));
        }
        if !names.insert(&widget.fields.widget_id) {
            problems.push(Problem::at(format!("/{at}/widget_id"), "is that of a widget before it"));
        }
    }
    if problems.is_empty() { Ok(widgets) } else { Err(problems) }
}

impl PartialSchema for WholeDashboardInput {
    fn schema() -> RefOr<Schema> {
        let widgets = ArrayBuilder::new().items(Ref::from_schema_name(SavedWidget::name()));
        let body = ObjectBuilder::new()
            .property("dashboard", Ref::from_schema_name(DashboardInput::name()))
            .property("widgets", widgets.max_items(Some(limit::WIDGETS_PER_DASHBOARD)))
            .required("dashboard")
            .required("widgets");
        let says = "A dashboard and all its widgets: what is absent of the dashboard is as in a new one, and widgets that are not among these \
            are removed.";
        body.description(Some(says)).into()
    }
}
impl ToSchema for WholeDashboardInput {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((DashboardInput::name().into(), DashboardInput::schema()));
        DashboardInput::schemas(schemas);
        schemas.push((SavedWidget::name().into(), SavedWidget::schema()));
        SavedWidget::schemas(schemas);
    }
}

impl PartialSchema for SavedWidget {
    fn schema() -> RefOr<Schema> {
        let RefOr::T(Schema::AllOf(fields)) = WidgetInput::schema() else { return WidgetInput::schema() };
        let id = ObjectBuilder::new().property("id", Ref::from_schema_name(WidgetId::name()));
        let says = "A widget of a dashboard that is saved whole. `id` says which one it is; without it, it is the one that has this `widget_id`, \
            or a new one. What is absent is as in a new one.";
        AllOfBuilder::from(fields).item(id).description(Some(says)).into()
    }
}
impl ToSchema for SavedWidget {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((WidgetId::name().into(), WidgetId::schema()));
        WidgetInput::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn problems_of_a_whole_dashboard_are_pointed_at_in_all_its_parts() {
        let organization = "01890000-0000-7000-8000-000000000000";
        let wrong = json!({
            "dashboard": {"organization_id": organization, "layout": 7, "version": 1},
            "widgets": [
                {"widget_id": "a", "widget_type": "gauge", "data_source_type": "static"},
                {"widget_id": "b", "widget_type": "dial", "data_source_type": "device_sensor", "device_id": organization,
                    "sensor_type": "no such name!", "created_at": 7},
                7,
            ],
            "drawing": [],
        });
        let pointers = |body: Value| {
            let problems = WholeDashboardInput::read(body).unwrap_err();
            problems.into_iter().map(|problem| problem.pointer).collect::<Vec<_>>()
        };
        let expected = [
            "/dashboard/name",
            "/dashboard/layout",
            "/dashboard/version",
            "/widgets/1/widget_type",
            "/widgets/1/sensor_type",
            "/widgets/1/created_at",
            "/widgets/2",
            "/drawing",
        ];
        assert_eq!(pointers(wrong), expected);
        assert_eq!(pointers(json!({})), ["/dashboard", "/widgets"]);
        let board = json!({"organization_id": organization, "name": "d"});
        let widget = |id: u8, name: &str| {
            json!({"id": format!("01890000-0000-7000-8000-0000000000{id:02}"), "widget_id": name, "widget_type": "gauge",
                "data_source_type": "static"})
        };
        let twice = [widget(1, "a"), widget(2, "b"), widget(1, "c"), widget(3, "b")];
        assert_eq!(
            pointers(json!({"dashboard": board, "widgets": twice})),
            ["/widgets/2/id", "/widgets/3/widget_id"]
        );
        let many: Vec<_> = (0..=limit::WIDGETS_PER_DASHBOARD).map(|n| json!({"widget_id": n})).collect();
        assert_eq!(pointers(json!({"dashboard": board, "widgets": many})), ["/widgets"]);
    }
}
