//! The catalog's statements on PostgreSQL: reads on any connection of a small pool, changes one transaction at a time.
//!
//! Why one at a time: what a change may do is looked at before it is done (a role, a count below a limit, a version), as SQLite's one writer
//! allows. PostgreSQL would let two look at once. SERIALIZABLE would fail one of them at any of its statements, and a transaction here is
//! a conversation that cannot be had again; locking rows would have to be thought of at each place, and counts have no row to lock. So a
//! transaction begins by taking one lock of the database (`pg_advisory_xact_lock`, in the round trip that begins it): the same order as in
//! SQLite, for all servers and `edgesync admin` on this database together. It is let go after the commit is on the disk, so there are at most as
//! many changes a second as the disk syncs one after the other, which is also what SQLite gives. Statements see what is committed
//! when they begin (READ COMMITTED): under the lock, that is everything. Reads wait for nobody.
//!
//! Within the process those who wait for the lock wait in a line of their own, in order, without a connection: readers find one.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use deadpool_postgres::Object;
use edgesync_schemas::limit;
use futures_util::{StreamExt, TryStreamExt, stream};
use postgres_types::{FromSql, IsNull, ToSql, Type};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::Statement;

use super::error::{DatabaseError, Error};
use super::value::{Row, Value};
use super::{migrate, now};
use crate::postgres::pool::Pool;
use crate::postgres::{self, Server, Session, Stats};

/// The table that says which migrations are in.
pub(super) const HISTORY: &str = "schema_migrations";
/// "EdgeSync" in bytes.
const BEGIN: &str = "BEGIN; SELECT pg_advisory_xact_lock(x'4564676553796e63'::BIGINT)";

#[derive(Debug, Clone)]
pub(super) struct Postgres {
    pool: Pool,
    /// One permit: the floor. Who asked first gets it first.
    floor: Arc<Semaphore>,
    /// A permit for each who may wait for the floor.
    line: Arc<Semaphore>,
}

/// A transaction. It is rolled back if it is dropped before its commit.
#[derive(Debug)]
pub(super) struct Tx {
    /// The connection, until the end.
    client: Option<Object>,
    floor: Option<OwnedSemaphorePermit>,
    /// Whether there may be a transaction to roll back.
    open: bool,
}

impl Postgres {
    /// Brings the database to the newest schema. The connections of the pool are made when they are needed.
    pub(super) async fn open(server: &Server) -> Result<Self, Error> {
        let (mut client, _) = server.connect(Session::UNBOUNDED).await?;
        postgres::migrate::run(&mut client, HISTORY, migrate::POSTGRES, now()).await?;
        let session = Session {
            statement: Duration::from_secs(limit::CATALOG_STATEMENT_S),
            lock: Duration::from_millis(limit::CATALOG_BUSY_MS),
            idle_in_transaction: Duration::from_millis(limit::TRANSACTION_IDLE_MS),
            settings: "",
        };
        Ok(Self {
            pool: Pool::new(server, session, limit::CATALOG_CONNECTIONS),
            floor: Arc::new(Semaphore::new(1)),
            line: Arc::new(Semaphore::new(limit::CATALOG_QUEUE)),
        })
    }

    pub(super) fn stats(&self) -> Stats {
        self.pool.stats()
    }

    pub(super) async fn read(&self, sql: Cow<'static, str>, params: Vec<Value>) -> Result<Vec<Row>, Error> {
        let client = self.pool.lend().await?;
        let rows = query(&client, sql, &params).await;
        client.settle();
        rows
    }

    pub(super) async fn begin(&self) -> Result<Tx, Error> {
        let in_line = Arc::clone(&self.line).try_acquire_owned().map_err(|_| Error::Busy)?;
        let patience = Duration::from_secs(limit::CATALOG_STATEMENT_S);
        let floor = tokio::time::timeout(patience, Arc::clone(&self.floor).acquire_owned()).await;
        let floor = floor.map_err(|_| Error::Busy)?.map_err(|_| Error::Closed)?;
        drop(in_line);
        let client = self.pool.get().await?;
        // From here on something may have to be rolled back, also if this future is dropped in the middle.
        let tx = Tx { client: Some(client), floor: Some(floor), open: true };
        tx.client()?.batch_execute(BEGIN).await?;
        Ok(tx)
    }
}

/// Whether there is a catalog in the database.
pub(super) async fn is_in(server: &Server) -> Result<bool, Error> {
    let (client, _) = server.connect(Session::UNBOUNDED).await?;
    Ok(client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&HISTORY]).await?.try_get(0)?)
}

impl Tx {
    fn client(&self) -> Result<&Object, Error> {
        self.client.as_ref().ok_or(Error::Closed)
    }

    pub(super) async fn query(&self, sql: Cow<'static, str>, params: Vec<Value>) -> Result<Vec<Row>, Error> {
        query(self.client()?, sql, &params).await
    }

    /// Sends the sets of parameters one behind the other, without waiting for each answer.
    pub(super) async fn execute(&self, sql: Cow<'static, str>, sets: Vec<Vec<Value>>) -> Result<u64, Error> {
        let client = self.client()?;
        let statement = prepare(client, sql).await?;
        let run = |set: Vec<Value>| {
            let statement = &statement;
            async move { Ok(client.execute(statement, &references(&set)).await?) }
        };
        let counts = stream::iter(sets).map(run).buffered(limit::CATALOG_PIPELINE);
        counts.try_fold(0, async |sum, count: u64| Ok(sum + count)).await
    }

    pub(super) async fn commit(&mut self) -> Result<(), Error> {
        let client = self.client()?;
        if client.is_closed() {
            // Nothing was asked.
            return Err(Error::Busy);
        }
        match client.batch_execute("COMMIT").await {
            Ok(()) => {
                self.open = false;
                Ok(())
            }
            Err(error) if is_silent(&error) => Err(Error::OutcomeUnknown),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let (Some(client), true) = (self.client.take(), self.open) else { return };
        let floor = self.floor.take();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            // Nobody is left to talk to the database: it rolls back what hangs up.
            drop(Object::take(client));
            return;
        };
        runtime.spawn(async move {
            let patience = Duration::from_millis(limit::CATALOG_BUSY_MS);
            let done = tokio::time::timeout(patience, client.batch_execute("ROLLBACK")).await;
            if !matches!(done, Ok(Ok(()))) {
                drop(Object::take(client));
            }
            drop(floor);
        });
    }
}

/// Whether an error is no answer to what was asked: the connection broke, or the server says no more than that it ends.
fn is_silent(error: &tokio_postgres::Error) -> bool {
    use tokio_postgres::error::SqlState;
    match error.code() {
        Some(code) => {
            [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN].contains(code)
                || code.code().starts_with("08")
        }
        None => true,
    }
}

/// The statement, as the connection knows it. Those of the program's text are few, and remembered; those that are made for a question (see
/// `within`) are as many as there are organizations, and forgotten.
async fn prepare(client: &Object, sql: Cow<'static, str>) -> Result<Statement, Error> {
    Ok(match sql {
        Cow::Borrowed(sql) => client.prepare_cached(sql).await?,
        Cow::Owned(sql) => client.prepare(&sql).await?,
    })
}

async fn query(client: &Object, sql: Cow<'static, str>, params: &[Value]) -> Result<Vec<Row>, Error> {
    let statement = prepare(client, sql).await?;
    let rows = client.query(&statement, &references(params)).await?;
    let read = |row: tokio_postgres::Row| {
        let fields = (0..row.len()).map(|at| row.try_get::<_, Value>(at));
        Ok(Row::new(fields.collect::<Result<_, tokio_postgres::Error>>()?))
    };
    rows.into_iter().map(read).collect()
}

fn references(params: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// Microseconds from 1970 to 2000, which PostgreSQL's times count from.
const EPOCH_US: i64 = 946_684_800_000_000;

type Anything = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Anything> {
        match (self, ty) {
            (Self::Null, _) => return Ok(IsNull::Yes),
            (Self::Int(number @ (0 | 1)), &Type::BOOL) => out.put_u8(*number as u8),
            (Self::Int(number), &Type::INT2) => out.put_i16(i16::try_from(*number)?),
            (Self::Int(number), &Type::INT4) => out.put_i32(i32::try_from(*number)?),
            (Self::Int(number), &Type::INT8) => out.put_i64(*number),
            (Self::Real(number), &Type::FLOAT8) => out.put_f64(*number),
            (Self::Int(us), &Type::TIMESTAMPTZ) => {
                out.put_i64(us.checked_sub(EPOCH_US).ok_or("a time before the calendar")?);
            }
            (Self::Text(text), &(Type::TEXT | Type::VARCHAR | Type::JSON)) => out.put_slice(text.as_bytes()),
            (Self::Bytes(bytes), &Type::UUID) if bytes.len() == 16 => out.put_slice(bytes),
            (Self::Bytes(bytes), &Type::BYTEA) => out.put_slice(bytes),
            _ => return Err(format!("{self:?} is no {ty}").into()),
        }
        Ok(IsNull::No)
    }

    // Looked at with the value at hand.
    fn accepts(_: &Type) -> bool {
        true
    }

    postgres_types::to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Anything> {
        Ok(match *ty {
            Type::BOOL => Self::Int(bool::from_sql(ty, raw)?.into()),
            Type::INT2 => Self::Int(i16::from_sql(ty, raw)?.into()),
            Type::INT4 => Self::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT8 => Self::Int(i64::from_sql(ty, raw)?),
            Type::FLOAT8 => Self::Real(f64::from_sql(ty, raw)?),
            Type::TIMESTAMPTZ => {
                let since = i64::from_be_bytes(raw.try_into()?);
                Self::Int(since.checked_add(EPOCH_US).ok_or("a time after the calendar")?)
            }
            Type::TEXT | Type::VARCHAR | Type::JSON => Self::Text(std::str::from_utf8(raw)?.to_owned()),
            Type::UUID | Type::BYTEA => Self::Bytes(raw.to_vec()),
            ref other => return Err(format!("a field of type {other} is not read here").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Anything> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl From<postgres::Error> for Error {
    fn from(error: postgres::Error) -> Self {
        match error {
            postgres::Error::Away { .. } | postgres::Error::Busy => Self::Busy,
            error => Self::Database(DatabaseError::Connection(error)),
        }
    }
}

impl From<postgres::migrate::Error> for Error {
    fn from(error: postgres::migrate::Error) -> Self {
        match error {
            postgres::migrate::Error::Unfit(unfit) => unfit.into(),
            postgres::migrate::Error::Database(error) => error.into(),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        match error.as_db_error() {
            Some(said) if *said.code() == SqlState::UNIQUE_VIOLATION => {
                Self::Conflict { field: taken(said.detail(), said.constraint()) }
            }
            _ if postgres::is_passing(&error) => Self::Busy,
            _ => Self::Database(DatabaseError::Postgres(error)),
        }
    }
}

/// The field in `Key (organization_id, name)=(..) already exists.`: the last, since keys start with the tenant. The sentence is in the
/// database's language; its parentheses are not. Without it (rights may hide it) the constraint's name has to do.
fn taken(detail: Option<&str>, constraint: Option<&str>) -> String {
    let key = detail.and_then(|detail| detail.split_once('(')).and_then(|(_, after)| after.split_once(")=("));
    match key {
        Some((columns, _)) => columns.rsplit(", ").next().unwrap_or_default().trim_matches('"').to_owned(),
        None => constraint.unwrap_or_default().trim_end_matches("_key").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_that_is_taken_is_found_in_any_language() {
        for (detail, field) in [
            (Some("Key (email)=(ada@example.org) already exists."), "email"),
            (Some("Key (organization_id, name)=(0198, a)=(b) already exists."), "name"),
            (Some("Schlüssel »(user_id, organization_id)=(1, 2)« existiert bereits."), "organization_id"),
            (None, "users_email"),
        ] {
            assert_eq!(taken(detail, Some("users_email_key")), field);
        }
    }

    #[test]
    fn a_value_that_does_not_fit_its_column_is_refused() {
        let mut out = BytesMut::new();
        for (value, ty) in [
            (Value::Int(2), Type::BOOL),
            (Value::Int(1 << 40), Type::INT4),
            (Value::Int(i64::MIN), Type::TIMESTAMPTZ),
            (Value::Bytes(vec![0; 15]), Type::UUID),
            (Value::Text("a".into()), Type::INT8),
        ] {
            assert!(value.to_sql(&ty, &mut out).is_err(), "{value:?} {ty}");
        }
    }

    #[test]
    fn times_are_counted_from_their_epoch() {
        let mut out = BytesMut::new();
        for us in [0, -1, EPOCH_US, 253_402_300_799_999_999] {
            out.clear();
            Value::Int(us).to_sql(&Type::TIMESTAMPTZ, &mut out).unwrap();
            assert_eq!(Value::from_sql(&Type::TIMESTAMPTZ, &out).unwrap(), Value::Int(us));
        }
    }
}
