//! Dropping a day, or writing it anew without what nobody may read any more, beside commits and readers.
//!
//! Both end in one short transaction that has the table of all days and the day's own for itself. It does not wait long for them: what waits
//! for such a lock keeps everybody waiting who comes after it. A reader that takes longer (a backup) is left alone, and the day is tried again.
//!
//! Nothing that is kept is lost: what was looked at ends at an offset, and if the day has a reading from there on when it is locked,
//! nothing is done. What makes both safe against another server is what makes folds safe (`session.rs`): they hold the commit lock, and the
//! owner's token must be this server's.

use std::time::Duration;

use edgesync_schemas::limit;
use tokio::time::sleep;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::super::Error;
use super::failure::Trouble;
use super::partition::Day;
use super::session::begin;
use super::{AtWork, Postgres, failed, not_connected};
use crate::postgres::pool::Loan;

/// Longest wait for a lock.
pub(super) const LOCK: Duration = Duration::from_millis(limit::EXPIRE_LOCK_MS);
/// Between two attempts to get the locks.
const PAUSE: Duration = Duration::from_millis(2 * limit::EXPIRE_LOCK_MS);

/// How it went with a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cleaned {
    /// It is gone, with so many readings and bytes.
    Dropped { readings: u64, bytes: u64 },
    /// It has so many readings and bytes less.
    LeftOut { readings: u64, bytes: u64 },
    /// Commits bring readings of it just now.
    InUse,
    /// Somebody reads all the time, or for long.
    Locked,
    /// Something of somebody else's depends on it.
    Bound,
}

/// A day with the connection that it is worked on with.
pub(super) struct Cleaning<'a> {
    log: &'a Postgres,
    client: Loan,
    day: Day,
    table: String,
    /// All readings that are looked at come before it.
    end: i64,
}

impl<'a> Cleaning<'a> {
    pub async fn begin(log: &'a Postgres, day: Day) -> Result<Self, Error> {
        let client = log.cleaning.lend().await.map_err(not_connected)?;
        let end = log.shared.ring.end().0.cast_signed();
        Ok(Self { log, client, day, table: day.table(), end })
    }

    /// The series that have readings of the day: a step along the index for each.
    pub async fn series(&self) -> Result<Vec<i32>, Error> {
        let table = &self.table;
        let sql = format!(
            "WITH RECURSIVE of_day (id) AS (
                 (SELECT series_id FROM {table} ORDER BY series_id LIMIT 1)
                 UNION ALL
                 SELECT (SELECT series_id FROM {table} WHERE series_id > of_day.id ORDER BY series_id LIMIT 1)
                 FROM of_day WHERE of_day.id IS NOT NULL)
             SELECT id FROM of_day WHERE id IS NOT NULL"
        );
        let rows = self.client.query(&sql, &[]).await.map_err(failed)?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// How many readings the day has, and how many of them are of these series.
    pub async fn count(&self, of: &[i32]) -> Result<(u64, u64), Error> {
        let sql = format!(
            "SELECT count(*), count(*) FILTER (WHERE series_id IN (SELECT unnest($1::int[]))) FROM {} WHERE log_offset < $2",
            self.table
        );
        let row = self.client.query_one(&sql, &[&of, &self.end]).await.map_err(failed)?;
        Ok((row.get::<_, i64>(0).cast_unsigned(), row.get::<_, i64>(1).cast_unsigned()))
    }

    /// Drops the day, which has so many readings.
    pub async fn drop_day(self, readings: u64) -> Result<Cleaned, Error> {
        let bytes = self.bytes(&self.table).await?;
        self.summarize(&self.table).await?;
        let changes = format!("DROP TABLE {}", self.table);
        let done = self.settle(&changes, Cleaned::Dropped { readings, bytes }).await?;
        self.client.settle();
        Ok(done)
    }

    /// Writes the day, which has so many readings, anew without these series.
    pub async fn leave_out(self, series: &[i32], readings: u64) -> Result<Cleaned, Error> {
        let (table, kept) = (&self.table, kept(self.day));
        let (from, to) = self.day.bounds();
        // What an earlier attempt left is no use. The check spares attaching to look at all rows.
        let make = format!(
            "DROP TABLE IF EXISTS {kept};
             CREATE TABLE {kept} (LIKE readings INCLUDING INDEXES INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING STORAGE,
                 CONSTRAINT {kept}_of_day CHECK (ts >= {from} AND ts < {to}))"
        );
        self.client.batch_execute(&make).await.map_err(failed)?;
        let fill = format!(
            "INSERT INTO {kept} SELECT * FROM {table} WHERE log_offset < $2 AND series_id NOT IN (SELECT unnest($1::int[]))"
        );
        let left = self.client.execute(&fill, &[&series, &self.end]).await.map_err(failed)?;
        self.client.batch_execute(&format!("ANALYZE {kept}")).await.map_err(failed)?;
        self.summarize(&kept).await?;
        self.summarize(table).await?;
        let bytes = self.bytes(table).await?.saturating_sub(self.bytes(&kept).await?);
        let changes = format!(
            "DROP TABLE {table};
             ALTER TABLE {kept} RENAME TO {table};
             ALTER TABLE readings ATTACH PARTITION {table} FOR VALUES FROM ({from}) TO ({to});
             ALTER TABLE {table} DROP CONSTRAINT {kept}_of_day"
        );
        let wanted = Cleaned::LeftOut { readings: readings.saturating_sub(left), bytes };
        let done = self.settle(&changes, wanted).await?;
        if done != wanted {
            self.client.batch_execute(&format!("DROP TABLE {kept}")).await.map_err(failed)?;
        }
        self.client.settle();
        Ok(done)
    }

    /// Gives the connection back.
    pub fn end(self) {
        self.client.settle();
    }

    async fn bytes(&self, table: &str) -> Result<u64, Error> {
        let sql = format!("SELECT pg_total_relation_size('{table}'::regclass)");
        let row = self.client.query_one(&sql, &[]).await.map_err(failed)?;
        Ok(row.get::<_, i64>(0).cast_unsigned())
    }

    /// Tells a table's index by offset what it has, so that a look for offsets is short.
    async fn summarize(&self, table: &str) -> Result<(), Error> {
        let sql = format!(
            "SELECT count(brin_summarize_new_values(i.indexrelid)) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
             JOIN pg_am a ON a.oid = c.relam WHERE i.indrelid = '{table}'::regclass AND a.amname = 'brin'"
        );
        self.client.query(&sql, &[]).await.map_err(failed).map(drop)
    }

    /// Makes the changes of tables when nobody has the day; what was `wanted` or why not.
    async fn settle(&self, changes: &str, wanted: Cleaned) -> Result<Cleaned, Error> {
        let AtWork { owner, partitions } = self.log.at_work();
        let (Cleaned::Dropped { readings, .. } | Cleaned::LeftOut { readings, .. }) = wanted else {
            return Ok(wanted);
        };
        let changes = format!("UPDATE log_state SET dropped = dropped + {readings}; {changes}; COMMIT");
        let mut done = Cleaned::InUse;
        for attempt in 0..limit::EXPIRE_ATTEMPTS {
            if attempt > 0 {
                sleep(PAUSE).await;
            }
            let Some(out) = partitions.take_out(self.day).await else { continue };
            done = self.change(owner, &changes, wanted).await?;
            if matches!(done, Cleaned::Dropped { .. }) {
                out.gone();
            }
            if done != Cleaned::Locked {
                break;
            }
        }
        Ok(done)
    }

    async fn change(&self, owner: Uuid, changes: &str, wanted: Cleaned) -> Result<Cleaned, Error> {
        let (client, table) = (&self.client, &self.table);
        let locks = format!(
            "{}; LOCK TABLE ONLY readings IN ACCESS EXCLUSIVE MODE; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SET LOCAL enable_seqscan = off",
            begin()
        );
        let look = format!(
            "SELECT EXISTS (SELECT 1 FROM log_state WHERE owner = $1), EXISTS (SELECT 1 FROM {table} WHERE log_offset >= {})",
            self.end
        );
        let changed = async {
            client.batch_execute(&locks).await?;
            let row = client.query_one(&look, &[&owner]).await?;
            let (is_ours, is_late): (bool, bool) = (row.get(0), row.get(1));
            if is_ours && !is_late {
                return client.batch_execute(changes).await.map(|()| Ok(wanted));
            }
            client.batch_execute("ROLLBACK").await?;
            // Not ours: the session is being opened again, or another server has the log.
            Ok(if is_ours { Ok(Cleaned::InUse) } else { Err(Error::Unavailable) })
        };
        let error = match changed.await {
            Ok(changed) => return changed,
            Err(error) => error,
        };
        let done = match error.code() {
            Some(&SqlState::LOCK_NOT_AVAILABLE | &SqlState::T_R_DEADLOCK_DETECTED) => Cleaned::Locked,
            Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST) => {
                let error = Trouble::from(error);
                tracing::warn!(table, %error, "readings that are too old cannot be dropped");
                Cleaned::Bound
            }
            _ => return Err(failed(error)),
        };
        client.batch_execute("ROLLBACK").await.map_err(failed)?;
        Ok(done)
    }
}

/// The table that a day is written to anew.
fn kept(day: Day) -> String {
    format!("{}_kept", day.table())
}
