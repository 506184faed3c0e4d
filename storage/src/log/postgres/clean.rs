//! Dropping a day, or writing it anew without what nobody may read any more, beside commits and readers.
//!
//! Both end in one short transaction that has the table of all days and the day's own for itself. It waits for them for a moment only: who
//! waits for such a lock keeps everybody waiting who comes after it. A reader that takes longer (a backup) is left alone, and the day is
//! tried again.
//!
//! Nothing that is kept is lost: what was looked at ends at an offset, and what the day has from there on is looked at when it is locked.
//! What makes both safe against another server is what makes folds safe (`session.rs`): they hold the commit lock, and the owner's
//! token must be this server's. A day is written anew to a table with the owner's token in its name, which no other server touches, in a
//! transaction of its own: one that fails leaves nothing, and what a killed server left is removed by the next pass.

use std::time::Duration;

use edgesync_schemas::limit;
use tokio::time::sleep;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::day::Day;
use super::encode::COLUMNS;
use super::partition::Partitions;
use super::session::begin;
use super::{Postgres, not_connected};
use crate::log::Error;
use crate::postgres::pool::Loan;

/// Longest wait for a lock that nobody else is kept waiting by.
pub(super) const LOCK: Duration = Duration::from_millis(limit::EXPIRE_PATIENT_LOCK_MS);
/// What else the connection is set to: a statement ends when this server has; nothing is compiled for one execution.
pub(super) const SETTINGS: &str = "SET jit = off; \
    SELECT set_config('client_connection_check_interval', '5s', false) WHERE version() LIKE '%linux%'";
/// Between two attempts to get the locks.
const PAUSE: Duration = Duration::from_millis(2 * limit::EXPIRE_LOCK_MS);
/// Readings that came while a day was written anew and that are copied when it is locked. More: it is done again another time.
const LATE: i64 = 10_000;

/// How it went with a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cleaned {
    /// It is gone, with so many readings and bytes.
    Dropped { readings: u64, bytes: u64 },
    /// It has so many readings and bytes less.
    LeftOut { readings: u64, bytes: u64 },
    /// Commits bring many readings of it just now, or somebody reads it for long.
    InUse,
    /// Somebody has all days, all the time or for long.
    Locked,
    /// A view of somebody's depends on it.
    Bound,
}

/// Why nothing came of it.
#[derive(Debug)]
pub(super) enum Failed {
    Database(tokio_postgres::Error),
    /// This server does not own the log, or just now.
    NotOurs,
}

impl From<tokio_postgres::Error> for Failed {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

/// A day with the connection that it is worked on with.
pub(super) struct Cleaning<'a> {
    client: Loan,
    partitions: &'a Partitions,
    owner: Uuid,
    day: Day,
    table: String,
    /// All readings that are looked at come before it.
    end: i64,
    /// Longest wait for all days.
    patience_ms: u64,
}

/// What is done to a day at its end.
struct Change<'s> {
    /// Statements, when it is locked.
    sql: &'s str,
    /// Whether the day goes.
    is_drop: bool,
    /// Whether it may have readings that came since it was looked at.
    is_late_fine: bool,
    /// Series that are left out, and the transaction that copied the others.
    copied: Option<(&'s [i32], &'s str)>,
    readings: u64,
}

impl<'a> Cleaning<'a> {
    /// `patience_ms` is how long it may wait for all days.
    pub async fn begin(
        log: &Postgres,
        (owner, partitions): (Uuid, &'a Partitions),
        day: Day,
        patience_ms: u64,
    ) -> Result<Self, Error> {
        let client = log.cleaning.lend().await.map_err(not_connected)?;
        let end = log.shared.ring.end().0.cast_signed();
        Ok(Self { client, partitions, owner, day, table: day.table(), end, patience_ms })
    }

    /// The series that have readings of the day: a step along the index for each.
    pub async fn series(&self) -> Result<Vec<i32>, Failed> {
        let table = &self.table;
        let sql = format!(
            "WITH RECURSIVE of_day (id) AS (
                 (SELECT series_id FROM {table} ORDER BY series_id LIMIT 1)
                 UNION ALL
                 SELECT (SELECT series_id FROM {table} WHERE series_id > of_day.id ORDER BY series_id LIMIT 1)
                 FROM of_day WHERE of_day.id IS NOT NULL)
             SELECT id FROM of_day WHERE id IS NOT NULL"
        );
        let rows = self.client.query(&sql, &[]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// How many readings the day has, and how many of them are of these series.
    pub async fn count(&self, of: &[i32]) -> Result<(u64, u64), Failed> {
        let sql = format!(
            "SELECT count(*), count(s.id) FROM {} r LEFT JOIN unnest($1::int[]) AS s (id) ON s.id = r.series_id WHERE r.log_offset < $2",
            self.table
        );
        let row = self.client.query_one(&sql, &[&of, &self.end]).await?;
        Ok((row.get::<_, i64>(0).cast_unsigned(), row.get::<_, i64>(1).cast_unsigned()))
    }

    /// Drops the day, which has so many readings. If it goes whoever's its readings are, then also those that came since they were counted.
    pub async fn drop_day(self, readings: u64, is_late_fine: bool) -> Result<Cleaned, Failed> {
        let bytes = self.bytes(&self.table).await?;
        self.summarize(&self.table).await?;
        let sql = format!("DROP TABLE {}", self.table);
        let done = self
            .settle(Change { sql: &sql, is_drop: true, is_late_fine, copied: None, readings }, bytes)
            .await?;
        self.client.settle();
        Ok(done)
    }

    /// Writes the day, which has so many readings, anew without these series.
    pub async fn leave_out(self, series: &[i32], readings: u64) -> Result<Cleaned, Failed> {
        let (table, kept) = (&self.table, self.kept());
        if self.is_bound().await? {
            self.client.settle();
            return Ok(Cleaned::Bound);
        }
        let (from, to) = self.day.bounds();
        let (copied, left) = self.copy(series, &kept, (&from, &to)).await?;
        self.summarize(&kept).await?;
        self.summarize(table).await?;
        let bytes = self.bytes(table).await?.saturating_sub(self.bytes(&kept).await?);
        let sql = format!(
            "DROP TABLE {table};
             ALTER TABLE {kept} RENAME TO {table};
             ALTER TABLE readings ATTACH PARTITION {table} FOR VALUES FROM ({from}) TO ({to});
             ALTER TABLE {table} DROP CONSTRAINT {kept}_day, RESET (autovacuum_enabled)"
        );
        let readings = readings.saturating_sub(left);
        let change = Change {
            sql: &sql,
            is_drop: false,
            is_late_fine: true,
            copied: Some((series, &copied)),
            readings,
        };
        let done = self.settle(change, bytes).await?;
        if !matches!(done, Cleaned::LeftOut { .. }) {
            self.client.batch_execute(&format!("DROP TABLE {kept}")).await?;
        }
        self.client.settle();
        Ok(done)
    }

    /// Copies what is kept to a table of its own. Gives the transaction that did so, and the number of readings.
    async fn copy(
        &self,
        series: &[i32],
        kept: &str,
        (from, to): (&str, &str),
    ) -> Result<(String, u64), Failed> {
        // The check spares attaching to look at all rows.
        let make = format!(
            "BEGIN;
             CREATE TABLE {kept} (LIKE readings INCLUDING INDEXES INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING STORAGE,
                 CONSTRAINT {kept}_day CHECK (ts >= {from} AND ts < {to})) WITH (autovacuum_enabled = off)"
        );
        self.client.batch_execute(&make).await?;
        let fill = format!("{} AND log_offset < $2", fill(kept, &self.table));
        let left = self.client.execute(&fill, &[&series, &self.end]).await?;
        let id = self.client.query_one("SELECT pg_current_xact_id()::xid::text", &[]).await?.get(0);
        self.client.batch_execute(&format!("ANALYZE {kept}; COMMIT")).await?;
        Ok((id, left))
    }

    /// Gives the connection back.
    pub fn end(self) {
        self.client.settle();
    }

    /// The table that the day is written to anew. Of the token, what differs most.
    fn kept(&self) -> String {
        let owner = self.owner.simple().to_string();
        format!("{}_kept_{}", self.table, &owner[20..])
    }

    async fn bytes(&self, table: &str) -> Result<u64, Failed> {
        let sql = format!("SELECT pg_total_relation_size('{table}'::regclass)");
        let row = self.client.query_one(&sql, &[]).await?;
        Ok(row.get::<_, i64>(0).cast_unsigned())
    }

    /// Whether a view depends on the day's own table.
    async fn is_bound(&self) -> Result<bool, Failed> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM pg_depend WHERE refobjid = '{}'::regclass AND classid = 'pg_rewrite'::regclass)",
            self.table
        );
        Ok(self.client.query_one(&sql, &[]).await?.get(0))
    }

    /// Tells a table's index by offset what it has, so that a look for offsets is short.
    async fn summarize(&self, table: &str) -> Result<(), Failed> {
        let sql = format!(
            "SELECT count(brin_summarize_new_values(i.indexrelid)) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
             JOIN pg_am a ON a.oid = c.relam WHERE i.indrelid = '{table}'::regclass AND a.amname = 'brin'"
        );
        self.client.query(&sql, &[]).await?;
        Ok(())
    }

    /// Makes the change when nobody has the day.
    async fn settle(&self, change: Change<'_>, bytes: u64) -> Result<Cleaned, Failed> {
        let mut done = Cleaned::InUse;
        for attempt in 0..limit::EXPIRE_ATTEMPTS {
            if attempt > 0 {
                sleep(PAUSE).await;
            }
            let Some(out) = self.partitions.take_out(self.day).await else { continue };
            done = match self.attempt(&change, bytes).await {
                Ok(done) => done,
                Err(error) => {
                    // Nobody knows. If it is there, whoever makes it anew is told so, and looks again.
                    if change.is_drop && self.client.is_closed() {
                        out.gone();
                    }
                    return Err(error);
                }
            };
            if matches!(done, Cleaned::Dropped { .. }) {
                out.gone();
            }
            if !matches!(done, Cleaned::InUse | Cleaned::Locked) {
                break;
            }
        }
        Ok(done)
    }

    async fn attempt(&self, change: &Change<'_>, bytes: u64) -> Result<Cleaned, Failed> {
        let done = match self.lock().await {
            Ok(None) => self.change(change, bytes).await,
            Ok(Some(not_now)) => Ok(not_now),
            Err(error) => Err(error),
        };
        let done = match done {
            Err(Failed::Database(error)) if error.code().is_some_and(is_lock) => Cleaned::InUse,
            Err(Failed::Database(error))
                if error.code() == Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST) =>
            {
                Cleaned::Bound
            }
            done => done?,
        };
        if !matches!(done, Cleaned::Dropped { .. } | Cleaned::LeftOut { .. }) {
            self.client.batch_execute("ROLLBACK").await?;
        }
        Ok(done)
    }

    /// Begins a transaction and locks. What keeps nobody waiting comes first: it sends an autovacuum of the day away.
    async fn lock(&self) -> Result<Option<Cleaned>, Failed> {
        let (client, table) = (&self.client, &self.table);
        let first = format!(
            "{}; SET LOCAL enable_seqscan = off; LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE; SET LOCAL lock_timeout = {}",
            begin(),
            self.patience_ms
        );
        client.batch_execute(&first).await?;
        match client.batch_execute("LOCK TABLE ONLY readings IN ACCESS EXCLUSIVE MODE").await {
            Err(error) if error.code().is_some_and(is_lock) => return Ok(Some(Cleaned::Locked)),
            all => all?,
        }
        // Who read it read all days, too, and has gone.
        client.batch_execute(&format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE NOWAIT")).await?;
        Ok(None)
    }

    /// Changes what is locked, and commits.
    async fn change(&self, change: &Change<'_>, bytes: u64) -> Result<Cleaned, Failed> {
        let (client, table, end) = (&self.client, &self.table, self.end);
        let look = format!(
            "SELECT EXISTS (SELECT 1 FROM log_state WHERE id AND owner = $1), \
             (SELECT count(*) FROM {table} WHERE log_offset >= {end})"
        );
        let row = client.query_one(&look, &[&self.owner]).await?;
        let (is_ours, late): (bool, i64) = (row.get(0), row.get(1));
        if !is_ours {
            return Err(Failed::NotOurs);
        }
        if late > 0 && !change.is_late_fine {
            return Ok(Cleaned::InUse);
        }
        let mut readings = change.readings + late.cast_unsigned();
        if let Some((series, copied)) = change.copied {
            if late > LATE || self.is_seen_by_older(copied).await? {
                return Ok(Cleaned::InUse);
            }
            if late > 0 {
                let fill = format!("{} AND log_offset >= $2", fill(&self.kept(), table));
                readings = readings.saturating_sub(client.execute(&fill, &[&series, &end]).await?);
            }
        }
        let sql = change.sql;
        let all = format!("UPDATE log_state SET dropped = dropped + {readings} WHERE id; {sql}; COMMIT");
        client.batch_execute(&all).await?;
        Ok(if change.is_drop {
            Cleaned::Dropped { readings, bytes }
        } else {
            Cleaned::LeftOut { readings, bytes }
        })
    }

    /// Whether a session has a view of the database from before the copy: it would see neither the old table nor what is in the new one.
    async fn is_seen_by_older(&self, copied: &str) -> Result<bool, Failed> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' \
             AND pid <> pg_backend_pid() AND age(backend_xmin) >= age('{copied}'::xid))"
        );
        Ok(self.client.query_one(&sql, &[]).await?.get(0))
    }
}

/// Copies readings of a day, but for the series `$1`.
fn fill(to: &str, from: &str) -> String {
    format!(
        "INSERT INTO {to} ({COLUMNS}) SELECT {COLUMNS} FROM {from} \
         WHERE NOT EXISTS (SELECT 1 FROM unnest($1::int[]) AS g (id) WHERE g.id = series_id)"
    )
}

fn is_lock(code: &SqlState) -> bool {
    [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED].contains(code)
}

/// Removes what servers left that were killed while they wrote a day anew, if this one owns the log.
pub(super) async fn remove_leftovers(log: &Postgres, owner: Uuid) -> Result<(), Failed> {
    let client = log.cleaning.lend().await.map_err(|_| Failed::NotOurs)?;
    client.batch_execute(&begin()).await?;
    let is_ours = client.query_opt("SELECT 1 FROM log_state WHERE id AND owner = $1", &[&owner]).await?;
    if is_ours.is_none() {
        return Err(Failed::NotOurs);
    }
    const TABLES: &str = "SELECT c.relname::text FROM pg_class c JOIN pg_class r ON r.oid = 'readings'::regclass \
        WHERE c.relkind = 'r' AND c.relnamespace = r.relnamespace AND c.relname ~ '^readings_[0-9]{8}_kept_[0-9a-f]+$'";
    for row in client.query(TABLES, &[]).await? {
        let table: &str = row.get(0);
        client.batch_execute(&format!("DROP TABLE {table}")).await?;
        tracing::info!(table, "removed what a pass left that did not end");
    }
    client.batch_execute("COMMIT").await?;
    client.settle();
    Ok(())
}
