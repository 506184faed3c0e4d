//! API tokens: what a program shows instead of a password. Opaque, of a few scopes, and never worth more than their owner.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::input::{self, Checked, wrong};
use super::shape;
use crate::id::{OrganizationId, TokenId, UserId};
use crate::limit;
use crate::time::Timestamp;

/// What a token may be used for, as far as its owner's role goes. Each of the others includes `read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Reading everything that the owner reads, but for audit logs.
    Read,
    /// Changing projects, flows, dashboards and stored readings.
    Write,
    /// Changing devices and their tokens.
    Devices,
    /// Changing organizations and their members, and reading their audit logs.
    Admin,
}

impl Scope {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Devices => "devices",
            Self::Admin => "admin",
        }
    }
}

/// An API token as its owner sees it. The token itself is shown once, when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiToken {
    /// Its id.
    pub id: TokenId,
    /// Whose it is.
    pub user_id: UserId,
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// The only organization that it opens; all of the owner's if none.
    #[schema(required = true)]
    pub organization_id: Option<OrganizationId>,
    /// The token's first characters, to tell tokens apart by.
    pub token_prefix: String,
    /// When it ends by itself; never if none.
    #[schema(required = true)]
    pub expires_at: Option<Timestamp>,
    /// When it was used last; written at most once an hour.
    #[schema(required = true)]
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl ApiToken {
    /// Whether it may be used for this.
    pub fn has(&self, scope: Scope) -> bool {
        scope == Scope::Read || self.scopes.contains(&scope)
    }
}

/// Body of a new API token.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
pub struct ApiTokenInput {
    /// What to call it.
    #[schema(value_type = shape::Name)]
    pub name: String,
    /// What it may be used for: at least one.
    #[schema(min_items = 1, max_items = 4)]
    pub scopes: Vec<Scope>,
    /// The only organization that it opens.
    #[schema(required = false)]
    pub organization_id: Option<OrganizationId>,
    /// When it ends by itself; ten years ahead at most.
    #[schema(required = false)]
    pub expires_at: Option<Timestamp>,
}

impl ApiTokenInput {
    /// Reads the body of a token that is made at `now`.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value, now: Timestamp) -> Checked<Self> {
        input::read(body, |f| Self {
            name: f.required("name", input::name),
            scopes: f.required("scopes", scopes),
            organization_id: f.nullable("organization_id", input::id).flatten(),
            expires_at: f.nullable("expires_at", |value| end(value, now)).flatten(),
        })
    }
}

fn scopes(value: Value) -> Checked<Vec<Scope>> {
    let mut scopes = input::list(value, SCOPES, input::one_of)?;
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() { wrong("must name at least one scope") } else { Ok(scopes) }
}

/// Scopes that there are.
const SCOPES: usize = 4;

fn end(value: Value, now: Timestamp) -> Checked<Timestamp> {
    let Some(at) = value.as_str().and_then(|text| text.parse::<Timestamp>().ok()) else {
        return wrong("must be a time such as 2027-01-31T12:00:00Z");
    };
    let latest = now.plus_us(limit::API_TOKEN_DAYS * 86_400_000_000);
    if at <= now || at > latest {
        return wrong(format!("must lie in the next {} days", limit::API_TOKEN_DAYS));
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Checked<ApiTokenInput> {
        ApiTokenInput::read(body, "2026-01-31T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_token_has_a_name_scopes_and_at_most_an_end_that_comes() {
        let body =
            json!({"name": "ci", "scopes": ["write", "read", "write"], "expires_at": "2026-02-01T00:00:00Z"});
        let input = read(body).unwrap();
        assert_eq!(input.scopes, [Scope::Read, Scope::Write]);
        let body =
            json!({"name": "", "scopes": [], "organization_id": 7, "expires_at": "2026-01-31T12:00:00Z"});
        let pointers: Vec<_> = read(body).unwrap_err().into_iter().map(|problem| problem.pointer).collect();
        assert_eq!(pointers, ["/name", "/scopes", "/organization_id", "/expires_at"]);
        assert!(read(json!({"name": "ci", "scopes": ["all"]})).unwrap_err()[0].message.contains("devices"));
        let far = json!({"name": "ci", "scopes": ["read"], "expires_at": "2126-01-31T12:00:00Z"});
        assert_eq!(read(far).unwrap_err()[0].pointer, "/expires_at");
    }

    #[test]
    fn every_scope_includes_reading() {
        let token = |scopes: Value| {
            let of = |scopes: Vec<Scope>| ApiToken {
                id: "01890000-0000-7000-8000-000000000000".parse().unwrap(),
                user_id: "01890000-0000-7000-8000-000000000000".parse().unwrap(),
                name: String::new(),
                scopes,
                organization_id: None,
                token_prefix: String::new(),
                expires_at: None,
                last_used_at: None,
                created_at: "2026-01-31T12:00:00Z".parse().unwrap(),
            };
            of(serde_json::from_value(scopes).unwrap())
        };
        assert!(token(json!(["devices"])).has(Scope::Read));
        assert!(!token(json!(["devices"])).has(Scope::Admin));
        assert_eq!(json!(Scope::Devices), Scope::Devices.name());
    }
}
