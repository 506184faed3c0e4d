//! What can go wrong between us and PostgreSQL: a variant per thing that a caller would do differently.

use std::error::Error as _;

use tokio_postgres::error::SqlState;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody answers, or nobody who takes writes. Worth a retry.
    #[error("PostgreSQL does not answer at {at}")]
    Away {
        /// Where, without the password.
        at: String,
        /// What the attempt met; nothing if it took too long, or if it is not time yet for another.
        #[source]
        error: Option<tokio_postgres::Error>,
    },
    /// All connections are in use for longer than one may wait. Worth a retry.
    #[error("all connections to PostgreSQL are in use")]
    Busy,
    /// It answers and does not let us in: the password, the database's name, TLS.
    #[error("PostgreSQL at {at} refuses us")]
    Refused {
        /// Where, without the password.
        at: String,
        /// Why.
        #[source]
        error: tokio_postgres::Error,
    },
    /// Whom to trust cannot be read.
    #[error("TLS to PostgreSQL: {0}")]
    Certificates(String),
    /// It is older than what this program is written for.
    #[error("PostgreSQL {found} is too old: 14 or newer is needed")]
    TooOld {
        /// Its version.
        found: String,
    },
    /// It cannot hold all text.
    #[error("the database's encoding is {found}: UTF8 is needed")]
    Encoding {
        /// Its encoding.
        found: String,
    },
}

impl Error {
    /// What a failed attempt to connect means.
    pub(super) fn connecting(at: String, error: tokio_postgres::Error) -> Self {
        if is_passing(&error) { Self::Away { at, error: Some(error) } } else { Self::Refused { at, error } }
    }
}

/// Whether the same may well succeed later: the connection broke, the server is starting, stopping, full, or took another's side.
pub(crate) fn is_passing(error: &tokio_postgres::Error) -> bool {
    if let Some(code) = error.code() {
        let passing = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::QUERY_CANCELED,
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            SqlState::READ_ONLY_SQL_TRANSACTION,
        ];
        // 08: the connection; 53: disk, memory, number of connections.
        return passing.contains(code) || code.code().starts_with("08") || code.code().starts_with("53");
    }
    // A handshake that fails is an I/O error of its own kind, and stays one until somebody changes a certificate.
    let io = error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    error.is_closed() || io.is_some_and(|io| io.kind() != std::io::ErrorKind::InvalidData)
}
