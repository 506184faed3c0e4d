//! The way to the database: statements and transactions, the same for whichever database there is.
//!
//! One SQL text serves SQLite and PostgreSQL: `$1..` in ascending order of first use, `ON CONFLICT`, `RETURNING`; ids and
//! times are bound, never made by the database; booleans are conditions, never compared with numbers; what a search looks for is made
//! by `catalog::pattern`; a parameter meets a column before it is asked whether it `IS NULL`.

use std::borrow::Cow;
use std::path::Path;

use edgesync_schemas::id::OrganizationId;

use super::error::Error;
use super::idempotency::Mark;
use super::postgres::{self, Postgres};
use super::sqlite::{self, Call, Sqlite};
use super::value::{Row, Value};
use super::within::{Dialect, narrowed};
use crate::postgres::Server;

/// A database. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) enum Db {
    /// A file.
    Sqlite(Sqlite),
    /// A server.
    Postgres(Postgres),
}

impl Db {
    /// Opens the file, or makes it, and brings it to the newest schema. Blocks.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        Sqlite::open(path).map(Self::Sqlite)
    }

    /// Brings the server's database to the newest schema.
    pub(crate) async fn open_postgres(server: &Server) -> Result<Self, Error> {
        Postgres::open(server).await.map(Self::Postgres)
    }

    /// Rows of a statement that changes nothing, outside of any transaction. Cancel safe.
    pub(crate) async fn query(&self, sql: &'static str, params: Vec<Value>) -> Result<Vec<Row>, Error> {
        self.ask(narrowed(sql, self.dialect()), params).await
    }

    /// The first row of a question that the platform asks, not a user: of all organizations. Cancel safe.
    pub(crate) async fn first_for_platform(
        &self,
        sql: &'static str,
        params: Vec<Value>,
    ) -> Result<Option<Row>, Error> {
        Ok(self.ask(sql.into(), params).await?.into_iter().next())
    }

    /// The first row of a statement that changes nothing. Cancel safe.
    pub(crate) async fn first(&self, sql: &'static str, params: Vec<Value>) -> Result<Option<Row>, Error> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// A transaction that may write. There is one at a time; the others wait. Cancel safe.
    ///
    /// Dropped before [`Tx::commit`], it leaves nothing behind.
    pub(crate) async fn begin(&self) -> Result<Tx, Error> {
        let inner = match self {
            Self::Sqlite(db) => Inner::Sqlite(db.begin().await?),
            Self::Postgres(db) => Inner::Postgres(Box::new(db.begin().await?)),
        };
        Ok(Tx { inner, dialect: self.dialect(), mark: Mark::current(), failed: false })
    }

    fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    async fn ask(&self, sql: Cow<'static, str>, params: Vec<Value>) -> Result<Vec<Row>, Error> {
        check(&sql);
        match self {
            Self::Sqlite(db) => db.read(sql, params).await,
            Self::Postgres(db) => db.read(sql, params).await,
        }
    }
}

/// An open transaction. A statement that fails ends it: nothing more is done in it, and it cannot be committed. PostgreSQL is so by
/// itself, and what is written for one database must hold on the other.
#[derive(Debug)]
pub(crate) struct Tx {
    inner: Inner,
    dialect: Dialect,
    /// The key that the task which began it works for.
    mark: Option<Mark>,
    failed: bool,
}

#[derive(Debug)]
enum Inner {
    Sqlite(sqlite::Tx),
    Postgres(Box<postgres::Tx>),
}

impl Tx {
    /// Rows of a statement. Not cancel safe: a cancelled one may be done; the transaction is then rolled back.
    pub(crate) async fn query(&mut self, sql: &'static str, params: Vec<Value>) -> Result<Vec<Row>, Error> {
        self.ask(narrowed(sql, self.dialect), params).await
    }

    /// As [`Db::first_for_platform`].
    pub(crate) async fn first_for_platform(
        &mut self,
        sql: &'static str,
        params: Vec<Value>,
    ) -> Result<Option<Row>, Error> {
        Ok(self.ask(sql.into(), params).await?.into_iter().next())
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
        let sql = narrowed(sql, self.dialect);
        self.go_on(&sql)?;
        let done = match &mut self.inner {
            Inner::Sqlite(tx) => tx.call(|reply| Call::Execute { sql, sets, reply }).await,
            Inner::Postgres(tx) => tx.execute(sql, sets).await,
        };
        self.failed = done.is_err();
        done
    }

    /// Remembers what is made in it, and in which organization, for the key that it is made for, if there is one.
    pub(crate) fn made(&self, organization: Option<OrganizationId>, what: impl FnOnce() -> String) {
        if let Some(mark) = &self.mark {
            mark.made(organization, what);
        }
    }

    /// Makes it durable, and with it that the work is done for the key that it is done for. Not cancel safe: a cancelled one may or may not be.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        if let Some(mark) = self.mark.take() {
            mark.apply(&mut self).await?;
        }
        self.go_on("COMMIT")?;
        match &mut self.inner {
            Inner::Sqlite(tx) => tx.call(|reply| Call::Commit { reply }).await,
            Inner::Postgres(tx) => tx.commit().await,
        }
    }

    async fn ask(&mut self, sql: Cow<'static, str>, params: Vec<Value>) -> Result<Vec<Row>, Error> {
        self.go_on(&sql)?;
        let done = match &mut self.inner {
            Inner::Sqlite(tx) => tx.call(|reply| Call::Query { sql, params, reply }).await,
            Inner::Postgres(tx) => tx.query(sql, params).await,
        };
        self.failed = done.is_err();
        done
    }

    /// Refuses to go on after a failure. Until the statement is known to be done, it has failed: it may be cancelled.
    fn go_on(&mut self, sql: &str) -> Result<(), Error> {
        check(sql);
        if std::mem::replace(&mut self.failed, true) { Err(Error::Aborted) } else { Ok(()) }
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
