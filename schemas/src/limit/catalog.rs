//! Entities, their users and what they may have, and the database that they are in.

/// Characters of a name or title. More: the body is refused.
pub const NAME_CHARS: usize = 200;
/// Characters of what a list is searched for (`q`), which is part of a name or a description. More: refused.
pub const SEARCH_CHARS: usize = 200;
/// Characters of a description. More: the body is refused.
pub const DESCRIPTION_CHARS: usize = 10_000;
/// Tags of an entity. More: the body is refused.
pub const TAGS: usize = 32;
/// Characters of a tag, a kind or a widget's own id. More: the body is refused.
pub const TAG_CHARS: usize = 64;
/// Bytes of an e-mail address (RFC 5321). More: the body is refused.
pub const EMAIL_BYTES: usize = 254;
/// Characters that a new password has at least.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Characters of a password. More: the body is refused, so that nobody pays for hashing a megabyte.
pub const PASSWORD_CHARS: usize = 256;
/// Bytes of JSON of a free-form map or value of an entity that is listed whole. More: the body is refused.
pub const FREE_FORM_BYTES: usize = 16 * 1024;
/// Widgets of a dashboard. More: refused (`widget_limit_reached`).
pub const WIDGETS_PER_DASHBOARD: usize = 200;
/// Milliseconds between refreshes of a widget at most, which is what its aggregation goes over: a day. More: the body is refused.
pub const REFRESH_INTERVAL_MS: u32 = 86_400_000;
/// Samples that a widget of a device's sensor shows at most; of a flow's node, [`LIVE_POINTS`](super::LIVE_POINTS). More: the body is refused.
pub const SAMPLES_PER_VARIABLE: u32 = 10_000;
/// Days that readings may be kept at most: ten years, each day of which is a partition in PostgreSQL. More: refused.
pub const RETENTION_DAYS: i64 = 3_650;
/// Devices that a new user may create.
pub const DEVICE_LIMIT_DEFAULT: u32 = 5;
/// Devices that a user may ever make, deleted ones among them, for each that the plan allows at once: a deleted device leaves its
/// series (at most [`SENSORS_PER_DEVICE`](super::SENSORS_PER_DEVICE)) in the log. More: refused (`devices_made_limit_reached`) until the plan is raised.
pub const DEVICES_MADE_PER_DEVICE: u32 = 20;
/// Projects that a device may be in. More: refused (`project_limit_reached`).
pub const PROJECTS_PER_DEVICE: u32 = 50;
/// Devices that one `POST /devices/bulk` asks for. More: refused before any is made (413 `too_many_lines`).
pub const BULK_LINES: usize = 5000;
/// Devices that one `POST /devices/actions` does something to. More: the body is refused.
pub const ACTION_DEVICES: usize = 1000;
/// Devices of a bulk request that are made, or have something done to them, in one transaction. More: further transactions, each made durable by itself.
pub const BULK_CHUNK: usize = 100;
/// Entries of a device's history that are kept of each action. More: the oldest goes.
pub const DEVICE_HISTORY_ENTRIES: u32 = 200;
/// Days that entries of devices' histories are kept. Older: they go, [`DEVICE_HISTORY_BATCH`] at a time.
pub const DEVICE_HISTORY_DAYS: i64 = 90;
/// Entries of devices' histories that age removes in one transaction. More: further transactions, so that others get their turn.
pub const DEVICE_HISTORY_BATCH: u32 = 1000;
/// Devices whose coming and going is written into their history with one write of presence. More wait for the next write; what
/// they do meanwhile is folded into two entries, the first change and the last, which count what was between.
pub const DEVICE_HISTORY_DEVICES: usize = 1000;
/// Organizations that a user may own. More: refused (`organization_limit_reached`).
pub const ORGANIZATIONS_PER_USER: u32 = 100;
/// Members of an organization. More: refused (`member_limit_reached`).
pub const MEMBERS_PER_ORGANIZATION: u32 = 1000;
/// Flows that a user may own. More: refused (`flow_limit_reached`).
pub const FLOWS_PER_USER: u32 = 20_000;
/// Versions of a flow that were deployed and are kept, besides the one that runs. More: the oldest is forgotten.
pub const FLOW_VERSIONS: u32 = 50;
/// Dashboards and projects, each, of an organization. More: refused (`dashboard_limit_reached`, `project_limit_reached`).
pub const DASHBOARDS_PER_ORGANIZATION: u32 = 5000;
/// Seconds that an old device token may stay valid beside its successor at most: 30 days.
pub const TOKEN_OVERLAP_S: i64 = 30 * 86_400;
/// Sessions of a user. More: the oldest ends.
pub const SESSIONS_PER_USER: u32 = 100;
/// Days after its last use that a session ends.
pub const SESSION_DAYS: i64 = 30;
/// API tokens of a user. More: refused (`api_token_limit_reached`).
pub const API_TOKENS_PER_USER: u32 = 100;
/// Days ahead that an API token may end: ten years. Later: the body is refused. One without an end does not end by itself.
pub const API_TOKEN_DAYS: i64 = 3_650;
/// Links that show a dashboard to whoever has them, of one dashboard. More: refused (`share_link_limit_reached`).
pub const SHARE_LINKS_PER_DASHBOARD: u32 = 20;
/// Days after its making that a share link ends, unless said otherwise.
pub const SHARE_LINK_DAYS_DEFAULT: i64 = 30;
/// Days ahead that a share link may end. Later: the body is refused.
pub const SHARE_LINK_DAYS: i64 = 365;
/// Changes that are told and kept for who has not taken them. More: who is late is told that anything may have changed.
pub const CHANGES_TOLD: usize = 256;
/// Milliseconds between two looks whether another process ended tokens or memberships: for about so long after `edgesync admin` took a
/// token away a running server may take it.
pub const ACCESS_LOOK_MS: u64 = 1_000;
/// Days that an API token is listed after its end. Later: it is removed.
pub const API_TOKEN_ENDED_DAYS: i64 = 30;
/// Statements and transactions waiting for the catalog. More: refused (503 `busy`).
pub const CATALOG_QUEUE: usize = 1024;
/// Threads that read the catalog.
pub const CATALOG_READERS: usize = 2;
/// Connections to PostgreSQL that the catalog has at most. More statements at once: they wait for [`POSTGRES_WAIT_MS`](super::POSTGRES_WAIT_MS).
pub const CATALOG_CONNECTIONS: usize = 8;
/// Seconds that a statement may take on PostgreSQL, and a transaction wait for those before it. Longer: refused (503 `busy`).
pub const CATALOG_STATEMENT_S: u64 = 30;
/// Statements that are sent to PostgreSQL ahead of the answers, where there are many of a kind.
pub const CATALOG_PIPELINE: usize = 256;
/// Milliseconds that a transaction may pause between two statements before it is rolled back.
pub const TRANSACTION_IDLE_MS: u64 = 5000;
/// Milliseconds to wait for another process that writes to the catalog. Longer: refused (503 `busy`).
pub const CATALOG_BUSY_MS: u64 = 5000;
/// Entries of the audit log of an organization. More: the oldest go, [`AUDIT_BATCH`] at a time.
pub const AUDIT_PER_ORGANIZATION: i64 = 100_000;
/// Entries of the audit log of an account, which are those that concern no organization. More: as above.
pub const AUDIT_PER_ACCOUNT: i64 = 10_000;
/// Days that an entry of the audit log is kept. Older ones go, [`AUDIT_BATCH`] at a time, when others come.
pub const AUDIT_DAYS: i64 = 730;
/// Entries of the audit log that are written between two times that the oldest go, and that go at once for their age: there
/// are at most this many more than the limits say.
pub const AUDIT_BATCH: i64 = 64;
/// Bytes of JSON of the details of an entry of the audit log. More: only how many there were is kept.
pub const AUDIT_DETAILS_BYTES: usize = 4096;
/// Things that an entry of the audit log names of those that a change changes beside, of each kind; it counts all. Two kinds of them and a
/// name are within [`AUDIT_DETAILS_BYTES`].
pub const AUDIT_IDS: u32 = 32;
/// Device tokens whose device is remembered, about 150 bytes each. More: the older half is forgotten and read again.
pub const TOKEN_CACHE: usize = 131_072;
