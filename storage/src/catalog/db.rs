//! The way to the database: statements and transactions, the same for whichever database there is.
//!
//! One SQL text serves SQLite and PostgreSQL: `$1..` in ascending order of first use, `ON CONFLICT`, `RETURNING`; ids and
//! times are bound, never made by the database. Today there is SQLite.

use std::path::Path;

use super::error::Error;
use super::idempotency::Mark;
use super::sqlite::{Call, Sqlite};
use super::value::{Row, Value};
use super::within::{Dialect, narrowed};

/// A database. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Db {
    sqlite: Sqlite,
}

impl Db {
    /// Opens the file, or makes it, and brings it to the newest schema. Blocks.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { sqlite: Sqlite::open(path)? })
    }

    /// Rows of a statement that changes nothing, outside of any transaction. Cancel safe.
    pub(crate) async fn query(&self, sql: &'static str, params: Vec<Value>) -> Result<Vec<Row>, Error> {
        check(sql);
        self.sqlite.read(narrowed(sql, Dialect::Sqlite), params).await
    }

    /// The first row of a question that the platform asks, not a user: of all organizations. Cancel safe.
    pub(crate) async fn first_for_platform(
        &self,
        sql: &'static str,
        params: Vec<Value>,
    ) -> Result<Option<Row>, Error> {
        check(sql);
        Ok(self.sqlite.read(sql.into(), params).await?.into_iter().next())
    }

    /// The first row of a statement that changes nothing. Cancel safe.
    pub(crate) async fn first(&self, sql: &'static str, params: Vec<Value>) -> Result<Option<Row>, Error> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// A transaction that may write. There is one at a time; the others wait. Cancel safe.
    ///
    /// Dropped before [`Tx::commit`], it leaves nothing behind.
    pub(crate) async fn begin(&self) -> Result<Tx, Error> {
        Ok(Tx { sqlite: self.sqlite.begin().await?, mark: Mark::current() })
    }
}

/// An open transaction.
#[derive(Debug)]
pub(crate) struct Tx {
    sqlite: super::sqlite::Tx,
    /// The key that the task which began it works for.
    mark: Option<Mark>,
}

impl Tx {
    /// Rows of a statement. Not cancel safe: a cancelled one may be done; the transaction is then rolled back.
    pub(crate) async fn query(&mut self, sql: &'static str, params: Vec<Value>) -> Result<Vec<Row>, Error> {
        check(sql);
        let sql = narrowed(sql, Dialect::Sqlite);
        self.sqlite.call(|reply| Call::Query { sql, params, reply }).await
    }

    /// As [`Db::first_for_platform`].
    pub(crate) async fn first_for_platform(
        &mut self,
        sql: &'static str,
        params: Vec<Value>,
    ) -> Result<Option<Row>, Error> {
        check(sql);
        let rows: Vec<Row> = self.sqlite.call(|reply| Call::Query { sql: sql.into(), params, reply }).await?;
        Ok(rows.into_iter().next())
    }

    /// The first row of a statement. As [`Tx::query`].
    pub(crate) async fn first(
        &mut self,
        sql: &'static str,
        params: Vec<Value>,
    ) -> Result<Option<Row>, Error> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// How many rows a statement changed. As [`Tx::query`].
    pub(crate) async fn execute(&mut self, sql: &'static str, params: Vec<Value>) -> Result<u64, Error> {
        self.execute_all(sql, vec![params]).await
    }

    /// How many rows a statement changed, run once per set of parameters. As [`Tx::query`].
    pub(crate) async fn execute_all(
        &mut self,
        sql: &'static str,
        sets: Vec<Vec<Value>>,
    ) -> Result<u64, Error> {
        check(sql);
        let sql = narrowed(sql, Dialect::Sqlite);
        self.sqlite.call(|reply| Call::Execute { sql, sets, reply }).await
    }

    /// Remembers what is made in it, for the key that it is made for, if there is one.
    pub(crate) fn made(&self, what: impl FnOnce() -> String) {
        if let Some(mark) = &self.mark {
            mark.made(what);
        }
    }

    /// Makes it durable, and with it that the work is done for the key that it is done for. Not cancel safe: a cancelled one may or may not be.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        if let Some(mark) = self.mark.take() {
            mark.apply(&mut self).await?;
        }
        self.sqlite.call(|reply| Call::Commit { reply }).await
    }
}

/// SQLite numbers `$n` by first appearance and PostgreSQL by n: both agree only if they ascend.
fn check(sql: &str) {
    debug_assert!(placeholders_ascend(sql), "placeholders must first appear as $1, $2, ..: {sql}");
}

fn placeholders_ascend(sql: &str) -> bool {
    let mut highest = 0;
    for after in sql.split('$').skip(1) {
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let Ok(number) = after[..digits].parse::<u32>() else { return false };
        if number > highest + 1 {
            return false;
        }
        highest = highest.max(number);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_out_of_order_are_found() {
        assert!(placeholders_ascend("SELECT $1, $2, $1, $3"));
        assert!(!placeholders_ascend("UPDATE a SET x = $2 WHERE id = $1"));
    }
}
