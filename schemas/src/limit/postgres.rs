//! Connections to PostgreSQL, whatever they are for.

/// Seconds to reach an address of the database, unless its URL says otherwise (`connect_timeout`). Longer: the next address, or it is away.
pub const POSTGRES_CONNECT_S: u64 = 10;
/// Seconds that the server waits at its start for a database that does not answer. Longer: it does not start.
pub const POSTGRES_START_S: u64 = 30;
/// Milliseconds before a database that is away is tried again for the first time; doubled each time, at most [`POSTGRES_RETRY_MS_MAX`].
pub const POSTGRES_RETRY_MS: u64 = 50;
/// Milliseconds between two attempts at most.
pub const POSTGRES_RETRY_MS_MAX: u64 = 5_000;
/// Seconds of silence after which a connection is asked whether it is still there. A third of it between the next questions; three
/// without an answer, or twice this time with something unacknowledged: it is given up.
pub const POSTGRES_KEEPALIVE_S: u64 = 15;
/// Seconds after which the database notices that we are gone without a word, and lets go of what we had. Half of it is silence.
pub const POSTGRES_GONE_S: u64 = 18;
/// Milliseconds to wait for a connection of a pool. Longer: refused (503 `busy`).
pub const POSTGRES_WAIT_MS: u64 = 5_000;
