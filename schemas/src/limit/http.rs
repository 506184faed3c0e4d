//! Connections, requests, and answers that are kept so that a request is answered once.

// ---- http -----------------------------------------------------------------------------------------------------------

/// Connections of the process. More: refused (503), counted.
pub const CONNECTIONS: usize = 100_000;
/// Connections from one address. More: refused, counted. 0 is unlimited, which a proxy in front of the server needs.
pub const CONNECTIONS_PER_ADDRESS: usize = 0;
/// Bytes of a connection that the kernel takes before it sends them. More wait in the server, where a dashboard's values are folded.
pub const UNSENT_BYTES: u32 = 64 * 1024;
/// Seconds within which the head of a request must be complete.
pub const REQUEST_HEAD_S: u64 = 5;
/// Seconds within which a request's body must have come (408).
pub const REQUEST_BODY_S: u64 = 30;
/// Bytes of a request's body. More: refused (413).
pub const BODY_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of the body of a signup or login, which nobody has to prove anything for. More: refused (413).
pub const LOGIN_BODY_BYTES: usize = 16 * 1024;
/// Bytes of bodies that are being read, of the whole process. Used up: a body waits for [`BODY_WAIT_S`].
pub const BODY_BUDGET_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of bodies of signups and logins that are being read: apart, so that strangers cannot keep users out. Used up: as above.
pub const LOGIN_BODY_BUDGET_BYTES: usize = 16 * 1024 * 1024;
/// Seconds that a body waits for the budget. Longer: refused (503 `busy`).
pub const BODY_WAIT_S: u64 = 5;
/// Entries of a page by default.
pub const PAGE_DEFAULT: usize = 50;
/// Entries of a page at most.
pub const PAGE_MAX: usize = 500;

// ---- requests that are answered once --------------------------------------------------------------------------------

/// Bytes of an `Idempotency-Key`. More: refused (400).
pub const IDEMPOTENCY_KEY_BYTES: usize = 255;
/// Seconds that a key is remembered: a day.
pub const IDEMPOTENCY_S: i64 = 86_400;
/// Keys of a user that are remembered. More: the oldest are forgotten, with one new key in [`IDEMPOTENCY_TRIM`].
pub const IDEMPOTENCY_KEYS_PER_USER: i64 = 10_000;
/// New keys, on the average, between two counts of their user's: counting them all with each would cost more than the request. So a user
/// may have some more than [`IDEMPOTENCY_KEYS_PER_USER`] for a while.
pub const IDEMPOTENCY_TRIM: u8 = 64;
/// Bytes of an answer that is kept for its key. More: a repeated request is told that it was done, not how it was answered.
pub const IDEMPOTENCY_ANSWER_BYTES: usize = 64 * 1024;
/// Answers with secrets that are kept, in memory only. More: the oldest is forgotten, and a repeated request told as above.
pub const IDEMPOTENCY_SECRETS: usize = 1_000;
/// Seconds that an answer with a secret is kept. Longer: as above.
pub const IDEMPOTENCY_SECRET_S: u64 = 600;
