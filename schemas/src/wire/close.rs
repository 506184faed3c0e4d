//! Why a socket is closed: the codes of both device sockets and the live socket.

use std::borrow::Cow;

/// A close code of the EdgeSync protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// The peer said something that is no frame of the protocol.
    Malformed,
    /// The token is unknown, revoked or missing.
    Authentication,
    /// The device is disabled, or over a limit.
    Forbidden,
    /// What the socket is to show is not there, or not for the one who asks.
    NotFound,
    /// `hello` or `auth` did not come in time.
    HelloLate,
    /// A newer socket of the same device took over.
    Replaced,
    /// A frame was longer than allowed.
    TooLarge,
    /// The peer ignored flow control, or flooded the socket with pings.
    FlowControl,
    /// The peer was silent for two and a half heartbeats.
    Idle,
    /// The server could not store a reading and cannot say when it will.
    Unavailable,
    /// The server is going down; the reason carries `after_ms`.
    Draining,
}

impl CloseCode {
    /// Every code, for documentation and tests.
    pub const ALL: [Self; 11] = [
        Self::Malformed,
        Self::Authentication,
        Self::Forbidden,
        Self::NotFound,
        Self::HelloLate,
        Self::Replaced,
        Self::TooLarge,
        Self::FlowControl,
        Self::Idle,
        Self::Unavailable,
        Self::Draining,
    ];

    /// The number on the wire.
    pub const fn number(self) -> u16 {
        match self {
            Self::Malformed => 4400,
            Self::Authentication => 4401,
            Self::Forbidden => 4403,
            Self::NotFound => 4404,
            Self::HelloLate => 4408,
            Self::Replaced => 4409,
            Self::TooLarge => 4413,
            Self::FlowControl => 4429,
            // Going away, RFC 6455 section 7.4.1: nobody is listening for a code of ours any more.
            Self::Idle => 1001,
            // Internal error, RFC 6455 section 7.4.1: the device resends after it reconnects.
            Self::Unavailable => 1011,
            Self::Draining => 4503,
        }
    }
}

/// A close frame to send: the code and a reason of at most 123 bytes (RFC 6455 section 5.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    /// Why.
    pub code: CloseCode,
    /// For people and logs; for [`CloseCode::Draining`] a JSON object.
    pub reason: Cow<'static, str>,
}

/// Bytes of a close reason: a control frame's 125 less the code.
const REASON_BYTES: usize = 123;

impl Close {
    /// A close with a reason; a longer one is cut at a character.
    pub fn new(code: CloseCode, reason: impl Into<Cow<'static, str>>) -> Self {
        let reason = reason.into();
        if reason.len() <= REASON_BYTES {
            return Self { code, reason };
        }
        let end = (0..=REASON_BYTES).rev().find(|at| reason.is_char_boundary(*at)).unwrap_or(0);
        Self { code, reason: Cow::Owned(reason[..end].to_owned()) }
    }

    /// The server goes down: come back after this long.
    pub fn draining(after_ms: u32) -> Self {
        Self { code: CloseCode::Draining, reason: Cow::Owned(format!("{{\"after_ms\":{after_ms}}}")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let close = Close::new(CloseCode::Malformed, "ä".repeat(100));
        assert_eq!(close.reason, "ä".repeat(61));
    }
}
