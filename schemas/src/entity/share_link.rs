//! Links that show one dashboard to whoever has them: read only, for a time.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::input::{self, Checked, wrong};
use super::shape;
use crate::id::{DashboardId, ShareLinkId, UserId};
use crate::limit;
use crate::time::Timestamp;

const DAY_US: i64 = 86_400_000_000;

/// A share link as those see it who may change its dashboard. Its token is shown once, when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShareLink {
    /// Its id.
    pub id: ShareLinkId,
    /// What it shows.
    pub dashboard_id: DashboardId,
    /// Who made it: it shows no more than they may read.
    pub creator_id: UserId,
    /// What it is called.
    pub name: String,
    /// The token's first characters, to tell links apart by.
    pub token_prefix: String,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was used last; written at most once an hour.
    #[schema(required = true)]
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Body of a new share link.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
pub struct ShareLinkInput {
    /// What to call it.
    #[schema(value_type = shape::Name)]
    pub name: String,
    /// When it ends by itself: a year ahead at most, and in 30 days if absent.
    #[schema(required = false, value_type = Timestamp)]
    pub expires_at: Timestamp,
}

impl ShareLinkInput {
    /// Reads the body of a link that is made at `now`.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value, now: Timestamp) -> Checked<Self> {
        let default = now.plus_us(limit::SHARE_LINK_DAYS_DEFAULT * DAY_US);
        input::read(body, |f| Self {
            name: f.required("name", input::name),
            expires_at: f.optional("expires_at", |value| end(value, now)).unwrap_or(default),
        })
    }
}

fn end(value: Value, now: Timestamp) -> Checked<Timestamp> {
    let Some(at) = value.as_str().and_then(|text| text.parse::<Timestamp>().ok()) else {
        return wrong("must be a time such as 2027-01-31T12:00:00Z");
    };
    if at <= now || at > now.plus_us(limit::SHARE_LINK_DAYS * DAY_US) {
        return wrong(format!("must lie in the next {} days", limit::SHARE_LINK_DAYS));
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Checked<ShareLinkInput> {
        ShareLinkInput::read(body, "2026-01-31T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_link_ends_in_thirty_days_or_when_it_is_said_within_a_year() {
        let end = |body: Value| read(body).unwrap().expires_at.to_string();
        assert_eq!(
            end(json!({"name": "wall"})),
            "2026-03-02T12:00:00Z".parse::<Timestamp>().unwrap().to_string()
        );
        let last = "2027-01-31T12:00:00Z";
        assert_eq!(
            end(json!({"name": "wall", "expires_at": last})),
            last.parse::<Timestamp>().unwrap().to_string()
        );
        for wrong in
            [json!("2027-01-31T12:00:01Z"), json!("2026-01-31T12:00:00Z"), json!("soon"), json!(null)]
        {
            let problems = read(json!({"name": "wall", "expires_at": wrong})).unwrap_err();
            assert_eq!(problems[0].pointer, "/expires_at", "{problems:?}");
        }
        let pointers: Vec<_> = read(json!({"name": "", "dashboard_id": 7}))
            .unwrap_err()
            .into_iter()
            .map(|p| p.pointer)
            .collect();
        assert_eq!(pointers, ["/name", "/dashboard_id"]);
    }
}
