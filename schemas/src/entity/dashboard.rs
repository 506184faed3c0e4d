//! Dashboard templates: the drawing. What feeds a widget is in [`super::widget`].

mod whole;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

pub use whole::{SavedWidget, WholeDashboard, WholeDashboardInput};

use super::input::{self, Checked};
use super::shape;
use super::user::Person;
use crate::id::{DashboardId, OrganizationId, ProjectId, UserId};
use crate::limit;
use crate::time::Timestamp;

/// A dashboard template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DashboardTemplate {
    /// Its id.
    pub id: DashboardId,
    /// Its tenant.
    pub organization_id: OrganizationId,
    /// The project it is in, if any.
    #[schema(required = true)]
    pub project_id: Option<ProjectId>,
    /// Who made it.
    pub creator_id: UserId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Where things are, in the words of the UI.
    #[schema(value_type = Object)]
    pub layout: Map<String, Value>,
    /// How widgets are drawn, in the words of the UI.
    #[schema(value_type = shape::Drawing)]
    pub widgets: Vec<Value>,
    /// What the UI wants to know about sources.
    #[schema(value_type = shape::Drawing)]
    pub datasources: Vec<Value>,
    /// Seconds between refreshes of what is not live.
    pub update_frequency: u32,
    /// What the UI keeps about flows.
    #[schema(value_type = Object)]
    pub flow_config: Map<String, Value>,
    /// Whether it is in use.
    pub is_active: bool,
    /// Number of the save. Its ETag.
    pub version: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was saved last.
    pub updated_at: Timestamp,
    /// Who saved it last, it or its widgets; null where that was not written down yet.
    #[schema(required = true)]
    pub updated_by: Option<Person>,
}

/// A dashboard template as lists show it: without the drawing, so that a page stays small.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DashboardSummary {
    /// Its id.
    pub id: DashboardId,
    /// Its tenant.
    pub organization_id: OrganizationId,
    /// The project it is in, if any.
    #[schema(required = true)]
    pub project_id: Option<ProjectId>,
    /// Who made it.
    pub creator_id: UserId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Seconds between refreshes of what is not live.
    pub update_frequency: u32,
    /// Whether it is in use.
    pub is_active: bool,
    /// Number of the save.
    pub version: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was saved last.
    pub updated_at: Timestamp,
    /// Who saved it last, it or its widgets; null where that was not written down yet.
    #[schema(required = true)]
    pub updated_by: Option<Person>,
}

/// Body of a new dashboard template.
#[derive(Debug, Clone)]
pub struct DashboardInput {
    /// Its tenant.
    pub organization_id: OrganizationId,
    /// What may be changed later.
    pub fields: DashboardPatch,
}

impl DashboardInput {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| {
            let organization_id = f.required_id("organization_id");
            let name = f.required("name", input::name);
            let fields = DashboardPatch { name: Some(name), ..DashboardPatch::take(f) };
            Self { organization_id, fields }
        })
    }
}

impl PartialSchema for DashboardInput {
    fn schema() -> RefOr<Schema> {
        let RefOr::T(Schema::Object(fields)) = DashboardPatch::schema() else {
            return DashboardPatch::schema();
        };
        let organization = Ref::from_schema_name(OrganizationId::name());
        let all = ObjectBuilder::from(fields).property("organization_id", organization);
        let all = all.required("organization_id").required("name");
        all.description(Some("Body of a new dashboard template.")).into()
    }
}
impl ToSchema for DashboardInput {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((OrganizationId::name().into(), OrganizationId::schema()));
        DashboardPatch::schemas(schemas);
    }
}

impl DashboardInput {
    /// The same body as a replacement: what is absent is as in a new dashboard.
    pub fn whole(self) -> Self {
        let fields = self.fields;
        let fields = DashboardPatch {
            project_id: Some(fields.project_id.flatten()),
            name: fields.name,
            description: Some(fields.description.unwrap_or_default()),
            layout: Some(fields.layout.unwrap_or_default()),
            widgets: Some(fields.widgets.unwrap_or_default()),
            datasources: Some(fields.datasources.unwrap_or_default()),
            update_frequency: Some(fields.update_frequency.unwrap_or(UPDATE_FREQUENCY_S)),
            flow_config: Some(fields.flow_config.unwrap_or_default()),
            is_active: Some(fields.is_active.unwrap_or(true)),
        };
        Self { fields, ..self }
    }
}

/// Seconds between refreshes, unless said otherwise.
const UPDATE_FREQUENCY_S: u32 = 5;

/// Body of a change to a dashboard template. What is absent stays.
#[derive(Debug, Clone, Default, ToSchema)]
pub struct DashboardPatch {
    /// Another project, or none.
    #[schema(value_type = Option<ProjectId>)]
    pub project_id: Option<Option<ProjectId>>,
    /// New name.
    #[schema(value_type = shape::Name, required = false)]
    pub name: Option<String>,
    /// New description.
    #[schema(value_type = shape::Description, required = false)]
    pub description: Option<String>,
    /// New layout.
    #[schema(value_type = Object, required = false)]
    pub layout: Option<Map<String, Value>>,
    /// New drawing.
    #[schema(value_type = shape::Drawing, required = false)]
    pub widgets: Option<Vec<Value>>,
    /// New datasources.
    #[schema(value_type = shape::Drawing, required = false)]
    pub datasources: Option<Vec<Value>>,
    /// New seconds between refreshes.
    #[schema(value_type = u32, required = false, minimum = 1, maximum = 86400)]
    pub update_frequency: Option<u32>,
    /// New flow configuration.
    #[schema(value_type = Object, required = false)]
    pub flow_config: Option<Map<String, Value>>,
    /// Whether it is in use.
    #[schema(value_type = bool, required = false)]
    pub is_active: Option<bool>,
}

impl DashboardPatch {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| {
            let name = f.optional("name", input::name);
            Self { name, ..Self::take(f) }
        })
    }

    fn take(f: &mut input::Fields) -> Self {
        let seconds = f.optional("update_frequency", input::integer(1, 86_400));
        Self {
            project_id: f.nullable("project_id", input::id),
            name: None,
            description: f.optional("description", input::description),
            layout: f.optional("layout", input::object),
            widgets: f.optional("widgets", input::objects(limit::WIDGETS_PER_DASHBOARD)),
            datasources: f.optional("datasources", input::objects(limit::WIDGETS_PER_DASHBOARD)),
            update_frequency: seconds.and_then(|s| u32::try_from(s).ok()),
            flow_config: f.optional("flow_config", input::object),
            is_active: f.optional("is_active", input::boolean),
        }
    }
}

/// What a member may do with one dashboard, beyond their role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Change it and its widgets.
    Admin,
    /// Read it, as every member of the organization may: what is left when `admin` is taken back.
    #[default]
    User,
}

/// That one dashboard is shared with a member of its organization. It ends with the membership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TemplatePermission {
    /// The dashboard.
    pub template_id: DashboardId,
    /// The member.
    pub user_id: UserId,
    /// What they may do.
    pub permission: Permission,
    /// Since when it is shared.
    pub created_at: Timestamp,
    /// When that was changed last.
    pub updated_at: Timestamp,
}

/// Body of a permission.
#[derive(Debug, Clone, Copy, ToSchema)]
pub struct PermissionInput {
    /// What the member may do.
    pub permission: Permission,
}

impl PermissionInput {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| Self { permission: f.required("permission", input::one_of) })
    }
}
