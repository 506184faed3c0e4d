//! Projects: groups of flows, devices and dashboards within an organization.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::input::{self, Checked};
use super::shape;
use crate::id::{OrganizationId, ProjectId, UserId};
use crate::limit;
use crate::time::Timestamp;

/// How far along a project is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProjectStatus {
    /// In use.
    #[default]
    Active,
    /// Resting.
    Inactive,
    /// Done.
    Archived,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its tenant.
    pub organization_id: OrganizationId,
    /// Who made it.
    pub creator_id: UserId,
    /// Its name; unique within the organization.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How far along it is.
    pub status: ProjectStatus,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Whatever programs want to keep with it.
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
    /// Whether the editor saves by itself.
    pub auto_save: bool,
    /// Days that readings of its devices are kept.
    pub data_retention_days: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// Body of a new project.
#[derive(Debug, Clone, ToSchema)]
pub struct ProjectInput {
    /// Its tenant.
    pub organization_id: OrganizationId,
    /// Its name.
    #[schema(value_type = shape::Name)]
    pub name: String,
    /// What it is for.
    #[schema(value_type = shape::Description, required = false)]
    pub description: String,
    /// How far along it is.
    #[schema(required = false)]
    pub status: ProjectStatus,
    /// Words to find it by.
    #[schema(value_type = shape::Tags, required = false)]
    pub tags: Vec<String>,
    /// Whatever programs want to keep with it.
    #[schema(value_type = shape::FreeForm, required = false)]
    pub metadata: Map<String, Value>,
    /// Whether the editor saves by itself.
    #[schema(required = false)]
    pub auto_save: bool,
    /// Days that readings of its devices are kept.
    #[schema(value_type = shape::RetentionDays, required = false)]
    pub data_retention_days: u32,
}

impl ProjectInput {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| {
            let days = f.optional("data_retention_days", input::integer(1, limit::RETENTION_DAYS));
            Self {
                organization_id: f.required_id("organization_id"),
                name: f.required("name", input::name),
                description: f.optional("description", input::description).unwrap_or_default(),
                status: f.optional("status", input::one_of).unwrap_or_default(),
                tags: f.optional("tags", input::tags).unwrap_or_default(),
                metadata: f.optional("metadata", input::small_object).unwrap_or_default(),
                auto_save: f.optional("auto_save", input::boolean).unwrap_or(true),
                data_retention_days: days.and_then(|days| u32::try_from(days).ok()).unwrap_or(30),
            }
        })
    }
}

/// Body of a change to a project. What is absent stays; the organization does.
#[derive(Debug, Clone, Default, ToSchema)]
pub struct ProjectPatch {
    /// New name.
    #[schema(value_type = shape::Name, required = false)]
    pub name: Option<String>,
    /// New description.
    #[schema(value_type = shape::Description, required = false)]
    pub description: Option<String>,
    /// How far along it is.
    #[schema(value_type = ProjectStatus, required = false)]
    pub status: Option<ProjectStatus>,
    /// Other words to find it by.
    #[schema(value_type = shape::Tags, required = false)]
    pub tags: Option<Vec<String>>,
    /// What programs want to keep with it instead.
    #[schema(value_type = shape::FreeForm, required = false)]
    pub metadata: Option<Map<String, Value>>,
    /// Whether the editor saves by itself.
    #[schema(value_type = bool, required = false)]
    pub auto_save: Option<bool>,
    /// Days that readings of its devices are kept from now on.
    #[schema(value_type = shape::RetentionDays, required = false)]
    pub data_retention_days: Option<u32>,
}

impl ProjectPatch {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| {
            let days = f.optional("data_retention_days", input::integer(1, limit::RETENTION_DAYS));
            Self {
                name: f.optional("name", input::name),
                description: f.optional("description", input::description),
                status: f.optional("status", input::one_of),
                tags: f.optional("tags", input::tags),
                metadata: f.optional("metadata", input::small_object),
                auto_save: f.optional("auto_save", input::boolean),
                data_retention_days: days.and_then(|days| u32::try_from(days).ok()),
            }
        })
    }
}
