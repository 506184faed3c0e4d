//! Sessions: proof that somebody logged in, by an opaque token of which only the hash is kept.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{TokenId, UserId};
use crate::time::Timestamp;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Its id.
    pub id: TokenId,
    /// Who logged in.
    pub user_id: UserId,
    /// The token's first characters, to tell sessions apart by.
    pub token_prefix: String,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was used last; written at most once an hour.
    pub last_used_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}
