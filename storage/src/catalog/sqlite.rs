//! SQLite behind threads: one that writes, a few that read, each with its connection and all fed by bounded queues.
//!
//! A transaction is a conversation with the writer: it takes the floor, sends a statement at a time and hands the floor back;
//! hanging up rolls back. Write-ahead log with `synchronous=FULL`: what was committed survives a power cut. Readers never
//! wait for the writer. Another process may write too (`edgesync admin`); each waits for the other for a while.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use crossbeam::channel::{self, Receiver, Sender, TrySendError};
use edgesync_schemas::limit;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, ToSql};
use tokio::sync::oneshot;

use super::error::Error;
use super::migrate;
use super::value::{Row, Value};

type Reply<T> = oneshot::Sender<Result<T, Error>>;

/// The threads' queues. The threads end when the last clone is dropped and what was queued is done.
#[derive(Debug, Clone)]
pub(super) struct Sqlite {
    writer: Sender<Begin>,
    readers: Sender<Read>,
}

/// Somebody wants the floor.
#[derive(Debug)]
struct Begin {
    calls: Receiver<Call>,
    ready: Reply<()>,
}

/// A statement outside of any transaction.
#[derive(Debug)]
struct Read {
    sql: Cow<'static, str>,
    params: Vec<Value>,
    reply: Reply<Vec<Row>>,
}

/// A statement of the one who has the floor.
#[derive(Debug)]
pub(super) enum Call {
    Query { sql: Cow<'static, str>, params: Vec<Value>, reply: Reply<Vec<Row>> },
    Execute { sql: Cow<'static, str>, sets: Vec<Vec<Value>>, reply: Reply<u64> },
    Commit { reply: Reply<()> },
}

/// The floor.
#[derive(Debug)]
pub(super) struct Tx {
    calls: Sender<Call>,
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        // 3.7.0 to 3.51.2 can corrupt a write-ahead log that two connections reset at once (sqlite.org/wal.html).
        if rusqlite::version_number() < 3_051_003 {
            return Err(Error::SqliteTooOld { found: rusqlite::version() });
        }
        let mut writing = connect(path)?;
        migrate::run(&mut writing, migrate::MIGRATIONS)?;
        let (readers, reads) = channel::bounded(limit::CATALOG_QUEUE);
        for at in 0..limit::CATALOG_READERS {
            let (reading, reads) = (connect(path)?, reads.clone());
            reading.pragma_update(None, "query_only", true)?;
            spawn(format!("catalog-read-{at}"), move || read(&reading, &reads))?;
        }
        let (writer, begins) = channel::bounded(limit::CATALOG_QUEUE);
        spawn("catalog-write".to_owned(), move || write(&writing, &begins))?;
        Ok(Self { writer, readers })
    }

    pub(super) async fn read(&self, sql: Cow<'static, str>, params: Vec<Value>) -> Result<Vec<Row>, Error> {
        let (reply, answer) = oneshot::channel();
        send(&self.readers, Read { sql, params, reply })?;
        answer.await.map_err(|_| Error::Closed)?
    }

    pub(super) async fn begin(&self) -> Result<Tx, Error> {
        let (ready, answer) = oneshot::channel();
        // One call at a time: each waits for its answer.
        let (calls, receiver) = channel::bounded(1);
        send(&self.writer, Begin { calls: receiver, ready })?;
        answer.await.map_err(|_| Error::Closed)??;
        Ok(Tx { calls })
    }
}

impl Tx {
    pub(super) async fn call<T>(&mut self, make: impl FnOnce(Reply<T>) -> Call) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        // The writer hangs up on who pauses for too long.
        send(&self.calls, make(reply)).map_err(|_| Error::Busy)?;
        answer.await.map_err(|_| Error::Busy)?
    }
}

fn send<T>(queue: &Sender<T>, message: T) -> Result<(), Error> {
    queue.try_send(message).map_err(|error| match error {
        TrySendError::Full(_) => Error::Busy,
        TrySendError::Disconnected(_) => Error::Closed,
    })
}

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    std::thread::Builder::new().name(name).spawn(run).map(drop).map_err(Error::Thread)
}

fn connect(path: &Path) -> Result<Connection, Error> {
    let db = Connection::open(path)?;
    db.busy_timeout(Duration::from_millis(limit::CATALOG_BUSY_MS))?;
    // mmap_size=0: an I/O error must be an error, not a signal. journal_size_limit: a burst must not keep a huge file.
    db.execute_batch(
        "PRAGMA journal_mode=WAL;
         PRAGMA synchronous=FULL;
         PRAGMA foreign_keys=ON;
         PRAGMA temp_store=MEMORY;
         PRAGMA mmap_size=0;
         PRAGMA cache_size=-16384;
         PRAGMA journal_size_limit=67108864;",
    )?;
    db.set_prepared_statement_cache_capacity(128);
    Ok(db)
}

fn read(db: &Connection, reads: &Receiver<Read>) {
    for Read { sql, params, reply } in reads {
        // Who asked may be gone: then the answer is dropped.
        let _ = reply.send(query(db, sql, &params));
    }
}

fn write(db: &Connection, begins: &Receiver<Begin>) {
    for Begin { calls, ready } in begins {
        let begun = db.execute_batch("BEGIN IMMEDIATE").map_err(Error::from);
        let failed = begun.is_err();
        let gone = ready.send(begun).is_err();
        if !failed && !gone {
            converse(db, &calls);
        }
        if !db.is_autocommit()
            && let Err(error) = db.execute_batch("ROLLBACK")
        {
            tracing::error!(error = %error, "catalog transaction not rolled back");
        }
    }
}

/// Serves one transaction until it commits, hangs up or pauses for too long.
fn converse(db: &Connection, calls: &Receiver<Call>) {
    while let Ok(call) = calls.recv_timeout(Duration::from_millis(limit::TRANSACTION_IDLE_MS)) {
        match call {
            Call::Query { sql, params, reply } => drop(reply.send(query(db, sql, &params))),
            Call::Execute { sql, sets, reply } => drop(reply.send(execute(db, sql, &sets))),
            Call::Commit { reply } => {
                drop(reply.send(db.execute_batch("COMMIT").map_err(Error::from)));
                return;
            }
        }
    }
}

fn query(db: &Connection, sql: Cow<'static, str>, params: &[Value]) -> Result<Vec<Row>, Error> {
    with(db, sql, |statement| rows(statement, params))
}

fn rows(statement: &mut Statement<'_>, params: &[Value]) -> Result<Vec<Row>, Error> {
    let columns = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let fields = (0..columns).map(|at| row.get_ref(at).map_err(Error::from).and_then(field));
        found.push(Row::new(fields.collect::<Result<_, _>>()?));
    }
    Ok(found)
}

fn execute(db: &Connection, sql: Cow<'static, str>, sets: &[Vec<Value>]) -> Result<u64, Error> {
    with(db, sql, |statement| {
        let mut changed = 0;
        for params in sets {
            changed += statement.execute(rusqlite::params_from_iter(params))? as u64;
        }
        Ok(changed)
    })
}

/// Does something with a statement. One of ours is kept prepared; one that was made for one organization would be in the way of those.
fn with<T>(
    db: &Connection,
    sql: Cow<'static, str>,
    work: impl FnOnce(&mut Statement<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    match sql {
        Cow::Borrowed(sql) => work(&mut *db.prepare_cached(sql)?),
        Cow::Owned(sql) => work(&mut db.prepare(&sql)?),
    }
}

fn field(value: ValueRef<'_>) -> Result<Value, Error> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => {
            Value::Text(std::str::from_utf8(text).map_err(|_| Error::Corrupt { what: "text" })?.to_owned())
        }
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(number) => Value::Real(number),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::super::db::Db;
    use super::*;

    fn open() -> (tempfile::TempDir, Db) {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("catalog.db")).unwrap();
        (dir, db)
    }

    async fn count(db: &Db) -> i64 {
        db.query("SELECT count(*) FROM users", vec![]).await.unwrap().remove(0).take().unwrap()
    }

    const INSERT: &str =
        "INSERT INTO users (id, email, name, password_hash, is_active, created_at, updated_at)
        VALUES ($1, $2, 'a', '', 1, 0, 0)";

    #[tokio::test]
    async fn a_dropped_transaction_leaves_nothing_behind() {
        let (_dir, db) = open();
        let mut tx = db.begin().await.unwrap();
        tx.execute(INSERT, vec![Value::Bytes(vec![1]), "a".into()]).await.unwrap();
        drop(tx);
        // The next transaction starts after the end of the one before.
        db.begin().await.unwrap().commit().await.unwrap();
        assert_eq!(count(&db).await, 0);
    }

    #[tokio::test]
    async fn a_committed_transaction_is_seen_by_readers() {
        let (_dir, db) = open();
        let mut tx = db.begin().await.unwrap();
        let sets = (0..3).map(|n| vec![Value::Bytes(vec![n]), n.to_string().into()]).collect();
        assert_eq!(tx.execute_all(INSERT, sets).await.unwrap(), 3);
        assert_eq!(count(&db).await, 0);
        tx.commit().await.unwrap();
        assert_eq!(count(&db).await, 3);
    }

    #[tokio::test]
    async fn a_value_that_is_taken_names_its_field() {
        let (_dir, db) = open();
        let mut tx = db.begin().await.unwrap();
        tx.execute(INSERT, vec![Value::Bytes(vec![1]), "a".into()]).await.unwrap();
        let error = tx.execute(INSERT, vec![Value::Bytes(vec![2]), "a".into()]).await.unwrap_err();
        assert!(matches!(error, Error::Conflict { field } if field == "email"));
    }

    #[tokio::test]
    async fn readers_cannot_write() {
        let (_dir, db) = open();
        assert!(db.query(INSERT, vec![Value::Bytes(vec![1]), "a".into()]).await.is_err());
    }

    #[test]
    fn commits_are_durable_and_keys_are_enforced() {
        let dir = tempfile::tempdir().unwrap();
        let db = connect(&dir.path().join("catalog.db")).unwrap();
        let pragma = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!((pragma("synchronous"), pragma("foreign_keys")), (2, 1));
        let mode: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
    }

    #[test]
    fn our_statements_are_kept_prepared_and_those_made_for_one_organization_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let db = connect(&dir.path().join("catalog.db")).unwrap();
        let runs = |sql: Cow<'static, str>| {
            with(&db, sql, |statement| {
                rows(statement, &[])?;
                Ok(statement.get_status(StatementStatus::Run))
            })
            .unwrap()
        };
        assert_eq!([runs("SELECT 1".into()), runs("SELECT 1".into())], [1, 2]);
        let made = || Cow::Owned("SELECT 2".to_owned());
        assert_eq!([runs(made()), runs(made())], [1, 1]);
    }
}
