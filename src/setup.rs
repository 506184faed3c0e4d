//! The first user of a fresh server. On loopback whoever is on the machine may be it; where others can reach the server, or nobody
//! may sign up, it is who was told the setup token that the server prints when it starts.

use std::net::IpAddr;

use anyhow::{Context, Result};
use edgesync_api::state::Signup;
use edgesync_storage::catalog::Catalog;
use edgesync_storage::catalog::token::{Token, TokenKind};

/// The setup token, if the first user must show one. A new one with each start, until there is a user.
///
/// # Errors
/// The catalog does not answer, or there are no random numbers.
pub async fn token(catalog: &Catalog, listen: IpAddr, signup: Signup) -> Result<Option<Token>> {
    if catalog.has_users().await.context("the catalog")? || !is_asked_for(listen, signup) {
        return Ok(None);
    }
    Ok(Some(Token::draw(TokenKind::Setup).context("the setup token")?))
}

/// Tells the operator: on stdout, once. Logs go to many places and stay there: the log says that it was told, and not what.
pub fn tell(token: &Token) {
    println!("edgesync setup token: {}", token.reveal());
    tracing::warn!(
        "there is no user yet, and the first must show the setup token that was printed on stdout: \
         POST /api/v1/auth/signup {{\"email\": .., \"password\": .., \"setup_token\": ..}}; it ends with the first user or this process"
    );
}

/// Whether the first user must show a token.
fn is_asked_for(listen: IpAddr, signup: Signup) -> bool {
    !listen.to_canonical().is_loopback() || signup == Signup::Closed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_asked_for_beyond_loopback_or_if_nobody_may_sign_up() {
        let asked = |listen: &str, signup| is_asked_for(listen.parse().unwrap(), signup);
        for loopback in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(!asked(loopback, Signup::Open), "{loopback}");
            assert!(asked(loopback, Signup::Closed), "{loopback}");
        }
        for open in ["0.0.0.0", "::", "192.0.2.7", "::ffff:192.0.2.7", "2001:db8::7"] {
            assert!(asked(open, Signup::Open), "{open}");
        }
    }

    #[tokio::test]
    async fn nobody_is_asked_once_there_is_a_user() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&dir.path().join("catalog.db")).unwrap();
        let token = async || token(&catalog, "0.0.0.0".parse().unwrap(), Signup::Open).await.unwrap();
        let (one, other) = (token().await.unwrap(), token().await.unwrap());
        assert_ne!(one, other);
        catalog.sign_up("ada@example.org", "Ada", "hash".into()).await.unwrap();
        assert!(token().await.is_none());
    }
}
