//! Tenants, and who belongs to them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::input::{self, Checked};
use super::{shape, user};
use crate::id::{OrganizationId, UserId};
use crate::time::Timestamp;

/// A tenant: what all projects, devices and dashboards belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its name in addresses; unique in the installation.
    pub slug: String,
    /// What it is for.
    pub description: String,
    /// Whom it belongs to; always an admin member too.
    pub owner_id: UserId,
    /// Whether it is in use.
    pub is_active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// What a member was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberRole {
    /// May change everything but the organization's existence and ownership.
    Admin,
    /// Reads everything, edits own flows and dashboards.
    #[default]
    User,
}

/// What somebody is to an organization; each may do what the ones before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A member.
    User,
    /// A member who runs it.
    Admin,
    /// The one it belongs to.
    Owner,
}

/// That a user belongs to an organization, with what the others see of the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrganizationMember {
    /// The organization.
    pub organization_id: OrganizationId,
    /// The user.
    pub user_id: UserId,
    /// The user's address.
    pub email: String,
    /// The user's name.
    pub name: String,
    /// What the member was made.
    pub role: MemberRole,
    /// Who asked them in, if anybody.
    #[schema(required = true)]
    pub invited_by: Option<UserId>,
    /// Since when.
    pub joined_at: Timestamp,
}

/// Body of a new organization.
#[derive(Debug, Clone, Default, ToSchema)]
pub struct OrganizationInput {
    /// Its name.
    #[schema(value_type = shape::Name)]
    pub name: String,
    /// Its name in addresses; made from the name if not given.
    #[schema(value_type = shape::Slug, required = false)]
    pub slug: Option<String>,
    /// What it is for.
    #[schema(value_type = shape::Description, required = false)]
    pub description: String,
}

impl OrganizationInput {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| Self {
            name: f.required("name", input::name),
            slug: f.optional("slug", slug),
            description: f.optional("description", input::description).unwrap_or_default(),
        })
    }
}

/// Body of a change to an organization. What is absent stays.
#[derive(Debug, Clone, Default, ToSchema)]
pub struct OrganizationPatch {
    /// New name.
    #[schema(value_type = shape::Name, required = false)]
    pub name: Option<String>,
    /// New name in addresses.
    #[schema(value_type = shape::Slug, required = false)]
    pub slug: Option<String>,
    /// New description.
    #[schema(value_type = shape::Description, required = false)]
    pub description: Option<String>,
    /// Whether it is in use: if not, its devices are refused.
    #[schema(value_type = bool, required = false)]
    pub is_active: Option<bool>,
}

impl OrganizationPatch {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| Self {
            name: f.optional("name", input::name),
            slug: f.optional("slug", slug),
            description: f.optional("description", input::description),
            is_active: f.optional("is_active", input::boolean),
        })
    }
}

/// Body of a hand-over of an organization.
#[derive(Debug, Clone, Copy, ToSchema)]
pub struct OwnerInput {
    /// The member whom it will belong to.
    pub user_id: UserId,
}

impl OwnerInput {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| Self { user_id: f.required_id("user_id") })
    }
}

/// Body of a new member.
#[derive(Debug, Clone, ToSchema)]
pub struct MemberInput {
    /// The address of an account that exists, folded as accounts have it.
    #[schema(value_type = shape::EmailAddress)]
    pub email: String,
    /// What to make them.
    pub role: MemberRole,
}

impl MemberInput {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| Self {
            email: f.required("email", user::email).as_str().to_owned(),
            role: f.required("role", input::one_of),
        })
    }
}

/// Body of a change to a member.
#[derive(Debug, Clone, Copy, ToSchema)]
pub struct MemberPatch {
    /// What to make them.
    pub role: MemberRole,
}

impl MemberPatch {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| Self { role: f.required("role", input::one_of) })
    }
}

/// A name as it may stand in addresses: letters and digits in lower case, single hyphens between. May be empty.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(SLUG_BYTES);
    slug.trim_end_matches('-').to_owned()
}

/// Bytes of a slug: a label of a domain name less the random end that makes it unique.
pub(super) const SLUG_BYTES: usize = 50;

fn slug(value: Value) -> Checked<String> {
    let text = input::line(1, SLUG_BYTES)(value)?;
    if slug_of(&text) == text {
        Ok(text)
    } else {
        input::wrong("must be a-z, 0-9 and single hyphens between them")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_made_of_what_addresses_can_hold() {
        assert_eq!(slug_of("  Ada's Plant / No. 7 "), "ada-s-plant-no-7");
        assert_eq!(slug_of("工場"), "");
        assert!(slug("Ada".into()).is_err());
        assert_eq!(slug("plant-7".into()).unwrap(), "plant-7");
    }
}
