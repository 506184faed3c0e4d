//! Sessions: proof that somebody logged in, by an opaque token of which only the hash is kept.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::cut;
use crate::id::{TokenId, UserId};
use crate::limit;
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
    /// From where.
    #[serde(flatten)]
    pub origin: Origin,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was used last; written at most once an hour.
    pub last_used_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

/// From where somebody logged in, as far as it is known. For people to tell their sessions apart by: it proves nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SessionOrigin)]
pub struct Origin {
    /// What the browser or program said that it is (`User-Agent`), at most 256 bytes of it.
    #[schema(required = true)]
    pub user_agent: Option<String>,
    /// The address that the connection to the server came from: behind a proxy, the proxy's.
    #[schema(value_type = Option<String>, required = true)]
    pub ip: Option<IpAddr>,
}

impl Origin {
    /// From what came with a login: the header as it was sent, and the other end of its connection.
    pub fn of(user_agent: Option<&[u8]>, ip: Option<IpAddr>) -> Self {
        let user_agent = user_agent.map(String::from_utf8_lossy).map(|said| {
            let said: String = said.chars().filter(|c| !c.is_control()).collect();
            cut(said.trim(), limit::USER_AGENT_BYTES)
        });
        Self { user_agent: user_agent.filter(|said| !said.is_empty()), ip: ip.map(|ip| ip.to_canonical()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_says_of_itself_is_cut_and_has_nothing_odd_in_it() {
        let said = |bytes: &[u8]| Origin::of(Some(bytes), None).user_agent;
        assert_eq!(said(b" Mozilla/5.0\t(X11) "), Some("Mozilla/5.0(X11)".to_owned()));
        assert_eq!(said(b"caf\xe9"), Some("caf\u{fffd}".to_owned()));
        assert_eq!((said(b" \t"), said(b"")), (None, None));
        let long = said(&[b'x'; 4000]).unwrap();
        assert!(long.len() == limit::USER_AGENT_BYTES && long.ends_with('…'), "{long}");
        let mapped = "::ffff:192.0.2.7".parse().unwrap();
        assert_eq!(Origin::of(None, Some(mapped)).ip, Some("192.0.2.7".parse().unwrap()));
    }
}
