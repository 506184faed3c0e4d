//! Opaque tokens: 256 random bits in hexadecimal behind a readable start. The catalog keeps only their SHA-256.
//!
//! A fast hash is right for them: there is nothing to guess in 256 random bits, and a fleet that reconnects at once must not
//! cost a password hash per device.

use std::fmt;

use sha2::{Digest, Sha256};

use super::error::Error;

/// Bytes of a token kept in clear to tell tokens apart by: the kind and 32 of the 256 bits.
const PREFIX_BYTES: usize = 12;

/// Start of API tokens.
pub const API_TOKEN: &str = "esa_";

/// Start of the tokens of share links.
pub const SHARE_LINK: &str = "esl_";

/// What a token is for, as its start says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A device's.
    Device,
    /// A session's.
    Session,
    /// An API token.
    Api,
    /// What the first user of a server shows.
    Setup,
    /// A link to a dashboard.
    ShareLink,
}

/// A new token, to be shown once. It does not print by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Draws one.
    ///
    /// # Errors
    /// [`Error::NoRandom`].
    pub fn draw(kind: TokenKind) -> Result<Self, Error> {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits).map_err(|_| Error::NoRandom)?;
        let start = match kind {
            TokenKind::Device => "esd_",
            TokenKind::Session => "ess_",
            TokenKind::Api => API_TOKEN,
            TokenKind::Setup => "est_",
            TokenKind::ShareLink => SHARE_LINK,
        };
        Ok(Self(format!("{start}{}", hex(&bits))))
    }

    /// The token in clear.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What the catalog keeps in clear.
    pub fn prefix(&self) -> &str {
        &self.0[..PREFIX_BYTES]
    }

    /// What the catalog finds it by.
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}..)", self.prefix())
    }
}

/// SHA-256 of a token as it was sent.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Whether two hashes are the same, in a time that does not tell where they differ.
pub fn same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.iter().zip(other).fold(0, |differs, (one, other)| differs | (one ^ other)) == 0
}

/// Whether there is a whole token of any kind in the text: something that is shown once.
pub fn is_in(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_hexdigit).count();
    ["esd_", "ess_", API_TOKEN, "est_", SHARE_LINK]
        .iter()
        .any(|start| text.split(start).skip(1).any(|rest| digits(rest) >= 64))
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_token_is_found_in_a_text_and_its_start_is_not() {
        use TokenKind::*;
        for kind in [Device, Session, Api, Setup, ShareLink] {
            let token = Token::draw(kind).unwrap();
            assert!(is_in(&format!(
                r#"{{"token_prefix":"{}","token":"{}"}}"#,
                token.prefix(),
                token.reveal()
            )));
            assert!(!is_in(&format!(r#"{{"token_prefix":"{}"}}"#, token.prefix())));
        }
    }

    #[test]
    fn hashes_are_the_same_only_if_all_of_them_is() {
        assert!(same(&[7; 32], &[7; 32]));
        for at in 0..32 {
            let mut other = [7; 32];
            other[at] = 6;
            assert!(!same(&[7; 32], &other));
        }
    }

    #[test]
    fn tokens_differ_and_do_not_print() {
        let (one, other) = (Token::draw(TokenKind::Device).unwrap(), Token::draw(TokenKind::Device).unwrap());
        assert_ne!(one, other);
        assert_eq!(one.reveal().len(), 4 + 64);
        assert!(!format!("{one:?}").contains(one.reveal()));
        assert_eq!(one.hash(), hash(one.reveal()));
    }
}
