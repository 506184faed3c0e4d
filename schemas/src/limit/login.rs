//! Logins, signups and passwords.

/// Failed logins of an account within [`LOGIN_WINDOW_S`]. More: 429 with `Retry-After`.
pub const LOGIN_FAILURES_PER_ACCOUNT: u32 = 10;
/// Failed logins from an address within [`LOGIN_WINDOW_S`]. More: 429 with `Retry-After`.
pub const LOGIN_FAILURES_PER_ADDRESS: u32 = 100;
/// Signups from an address within [`LOGIN_WINDOW_S`], failed or not. More: 429 with `Retry-After`.
pub const SIGNUPS_PER_ADDRESS: u32 = 50;
/// Seconds for which failed logins and signups count.
pub const LOGIN_WINDOW_S: u64 = 300;
/// Accounts and addresses, each, whose failed logins are remembered. More: those that failed least are forgotten.
pub const LOGIN_MEMORY: usize = 10_000;
/// Bytes that are kept of what a browser says of itself when somebody logs in. More: cut off.
pub const USER_AGENT_BYTES: usize = 256;
/// Passwords waiting to be hashed. More: refused (503 `busy`).
pub const PASSWORD_QUEUE: usize = 64;
