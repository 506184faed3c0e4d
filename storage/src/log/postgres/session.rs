//! Owning the log: the connections of the appender, and what makes it the only one.
//!
//! Two things keep others out. A session lock (advisory) on one connection, the keeper, tells a second server at its start that it is
//! too many. And each commit is stored only if the owner's token in `log_state` is still this session's, so a server that was
//! cut off and comes back cannot write after another took over. Commits hold a second lock shared while they run and a change of the owner
//! takes it alone, so that no commit of the old owner lands after the new one has looked.

use std::sync::Arc;
use std::time::Duration;

use edgesync_schemas::id::Offset;
use tokio_postgres::Statement;
use uuid::Uuid;

use super::super::Options;
use super::connection::Connection;
use super::failure::{Failure, Trouble};
use super::partition::Partitions;
use crate::postgres::Server;

/// The keys of both locks: "EdgeSync" in ASCII, and a number.
const LOCK_SPACE: i32 = 0x4564_5379;
const OWNER_LOCK: i32 = 1;
const COMMIT_LOCK: i32 = 2;
const NAME: &str = "edgesync log";
/// How long a session of this server that was ended may still have the lock; then the next attempt.
const OURS_PATIENCE: Duration = Duration::from_secs(5);
const HELD_PAUSE: Duration = Duration::from_millis(100);
/// Tokens that are remembered.
const OWNERS: usize = 64;

/// Keeps every commit out for as long as the connection lives: also one that a former owner's connection still has under way.
pub(super) async fn lock_commits(client: &Connection) -> Result<(), Trouble> {
    Ok(client.batch_execute(&format!("SELECT pg_advisory_lock({LOCK_SPACE}, {COMMIT_LOCK})")).await?)
}

/// What a commit begins with.
pub(super) fn begin() -> String {
    format!("BEGIN; SELECT pg_advisory_xact_lock_shared({LOCK_SPACE}, {COMMIT_LOCK})")
}

/// The connections of the appender, while they work.
pub(super) struct Session {
    /// Holds the lock, makes partitions, folds marks.
    pub keeper: Connection,
    /// Those that commit and have nothing to do.
    pub lanes: Vec<Lane>,
    pub owner: Uuid,
    pub partitions: Arc<Partitions>,
    /// The last commit that is stored.
    pub stored: Stored,
}

/// A place in the log: a commit's number and the offset after its last reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stored {
    pub number: i64,
    pub end: Offset,
}

/// A connection that commits.
pub(super) struct Lane {
    pub connection: Connection,
    pub statements: Statements,
}

/// What is prepared on a lane.
pub(super) struct Statements {
    pub series: Statement,
    pub commit: Statement,
    /// By the partition's name; a handful.
    pub copies: Vec<(String, Statement)>,
}

pub(super) const SERIES: &str = "INSERT INTO series (id, device_id, sensor_type, units) \
    SELECT n.id, n.device, n.sensor, string_to_array(n.units, chr(31)) \
    FROM unnest($1::int[], $2::uuid[], $3::text[], $4::text[]) AS n (id, device, sensor, units) \
    ON CONFLICT (id) DO UPDATE SET units = EXCLUDED.units";

// If this session does not own the log any more the number is null, which the table refuses, and the transaction with it.
const COMMIT: &str = "INSERT INTO log_commits (number, end_offset, marks) \
    VALUES ((SELECT $1::bigint FROM log_state WHERE owner = $2), $3, $4)";

/// Whose the log may be when a session takes it.
pub(super) enum Before<'a> {
    /// Anybody's: the server starts.
    Anybody,
    /// One of these, which were this server's. The new one is added before it is used.
    Ours(&'a mut Vec<Uuid>),
}

impl Session {
    /// Takes the log: connects, takes the lock, and puts its own token in place of the last owner's.
    pub async fn open(server: &Server, options: &Options, mut before: Before<'_>) -> Result<Self, Trouble> {
        let owner = Uuid::now_v7();
        let name = format!("{NAME} {}", owner.simple());
        let keeper = Connection::open(server, &name).await?;
        let patience = match before {
            Before::Anybody => options.held,
            Before::Ours(_) => OURS_PATIENCE,
        };
        take_lock(&keeper, &before, patience).await?;
        let stored = take_over(&keeper, owner, &mut before, patience).await?;
        let partitions = Partitions::load(&keeper).await?.into();
        let mut opened = Vec::with_capacity(options.lanes);
        for _ in 0..options.lanes.max(1) {
            opened.push(Lane::open(server, &name).await?);
        }
        Ok(Self { keeper, lanes: opened, owner, partitions, stored })
    }
}

impl Lane {
    async fn open(server: &Server, name: &str) -> Result<Self, Trouble> {
        let connection = Connection::open(server, name).await?;
        let statements = Statements {
            series: connection.prepare(SERIES).await?,
            commit: connection.prepare(COMMIT).await?,
            copies: Vec::new(),
        };
        Ok(Self { connection, statements })
    }
}

/// Takes the session lock. Sessions that were this server's and whose end the database has not noticed are ended.
pub(super) async fn take_lock(
    keeper: &Connection,
    before: &Before<'_>,
    patience: Duration,
) -> Result<(), Trouble> {
    let lock = format!("SELECT pg_try_advisory_lock({LOCK_SPACE}, {OWNER_LOCK})");
    let until = tokio::time::Instant::now() + patience;
    if let Before::Ours(owners) = before {
        let names: Vec<String> = owners.iter().map(|owner| format!("{NAME} {}", owner.simple())).collect();
        const END: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE datname = current_database() AND application_name = ANY($1)";
        keeper.query(END, &[&names]).await?;
    }
    loop {
        if keeper.query_one(&lock, &[]).await?.get(0) {
            return Ok(());
        }
        if tokio::time::Instant::now() >= until {
            let who = format!(
                "SELECT coalesce(a.application_name, '?') || ' from ' || coalesce(host(a.client_addr), 'this machine') \
                 || ', since ' || a.backend_start::text FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
                 WHERE l.locktype = 'advisory' AND l.granted AND l.classid = {LOCK_SPACE} AND l.objid = {OWNER_LOCK} \
                 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            );
            let who = keeper.query_opt(&who, &[]).await?;
            let who: String = who.map_or_else(|| "another session".into(), |row| row.get(0));
            return Err(Trouble::new(Failure::Held, format!("the log in this database is in use: {who}")));
        }
        tokio::time::sleep(HELD_PAUSE).await;
    }
}

/// Puts the token in place, when no commit of the last owner is under way any more, and reads how far the log got.
pub(super) async fn take_over(
    keeper: &Connection,
    owner: Uuid,
    before: &mut Before<'_>,
    patience: Duration,
) -> Result<Stored, Trouble> {
    let lock = format!(
        "BEGIN; SET LOCAL lock_timeout = {}; SELECT pg_advisory_xact_lock({LOCK_SPACE}, {COMMIT_LOCK})",
        patience.as_millis().max(1)
    );
    keeper.batch_execute(&lock).await?;
    let last: Uuid = keeper.query_one("SELECT owner FROM log_state FOR UPDATE", &[]).await?.get(0);
    if let Before::Ours(owners) = before {
        if !owners.contains(&last) {
            return Err(Trouble::new(Failure::Taken, "another server owned the log meanwhile"));
        }
        remember(owners, last, owner);
    }
    keeper.execute("UPDATE log_state SET owner = $1", &[&owner]).await?;
    const END: &str = "SELECT number, end_offset FROM log_commits ORDER BY number DESC LIMIT 1";
    let row = keeper.query_one(END, &[]).await?;
    keeper.batch_execute("COMMIT").await?;
    Ok(Stored { number: row.get(0), end: Offset(row.get::<_, i64>(1).cast_unsigned()) })
}

/// Adds a token to those of this server. A standby may not have the last ones, and the new one may not get stored, so what is stored now is
/// kept longest of the others.
fn remember(owners: &mut Vec<Uuid>, stored: Uuid, new: Uuid) {
    owners.retain(|known| *known != stored);
    owners.push(stored);
    let over = (owners.len() + 1).saturating_sub(OWNERS);
    owners.drain(..over);
    owners.push(new);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_that_is_stored_is_remembered_however_many_are_not() {
        let (first, stored) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut owners = vec![first, stored];
        for new in 3..1_000 {
            remember(&mut owners, stored, Uuid::from_u128(new));
            assert!(owners.contains(&stored) && owners.contains(&Uuid::from_u128(new)));
            assert!(owners.len() <= OWNERS);
        }
        assert!(!owners.contains(&first));
    }
}
