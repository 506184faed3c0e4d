//! The log on PostgreSQL: what lies where, who writes it, and how it survives what happens to databases.
//!
//! | table | what |
//! |---|---|
//! | `readings` | a row per reading; one partition per UTC day of event time (`partition.rs`) |
//! | `series` | the dictionary: device, sensor, units |
//! | `log_commits` | a row per commit: number, end, the marks that it moved; the last one is where the log ends |
//! | `marks` | the frame marks of all devices as of the last fold (`fold.rs`) |
//! | `log_state` | the owner's token, the format's version, what cannot be told from the rest |
//! | `log_move` | a move into this log (`import.rs`) |
//! | `bookmarks` | how far readers of the tail got |
//! | `flow_states` | what flows remember |
//! | `derived`, `derived_series` | rows that flows stored, one per series and event time (`derived.rs`) |
//! | `derived_data` | a view: derived rows with the names of things |
//! | `sensor_data` | a view: readings with the names of things, for people and their tools |
//!
//! **Commit** (`commit.rs`). Series, rows, marks and the commit's record in one transaction; the acknowledgement follows `COMMIT`.
//! Rows go by binary COPY straight into the day's partition.
//!
//! **Order** (`append.rs`). Commits are numbered without holes. Two connections work on two commits at once, and the second commits
//! after the first. The record is an insert and not an update of one row: a row that is updated a hundred times a second
//! leaves a version each time, which nobody may remove while somebody else's long transaction (a backup) runs.
//!
//! **Owner** (`session.rs`). One server; a second one is told so, a former one cannot write.
//!
//! **Failure** (`append/recover.rs`, `failure.rs`). A database that is away, full, read-only or restarting is waited for: nothing is lost,
//! nothing is answered, sockets are not read when the budget is used up. If it comes back with less than was acknowledged (a
//! standby that missed it), the log stops and says so.
//!
//! **Reads** (`read.rs`, `cells.rs`, `catch_up.rs`) go over pools of their own, with a bound on the time that a statement may take, and on the
//! partitions that it locks: reads of a longer time are several statements.
//!
//! **Retention** (`expire.rs`, `clean.rs`). Days that nobody may read any more are dropped; of a day that some may read, what most of it is
//! for is left out when it is written anew.

mod append;
mod catch_up;
pub(crate) mod cells;
pub(super) mod check;
mod clean;
mod commit;
mod connection;
mod day;
mod derived;
mod encode;
mod expire;
pub(super) mod export;
mod failure;
mod fold;
pub(super) mod import;
mod load;
mod partition;
mod read;
mod session;
mod states;

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use edgesync_schemas::id::{DeviceId, Offset};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use tokio::sync::oneshot;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::holds::Holds;
use super::retention::now;
use super::tail::Ring;
use super::{Error, Options, Shared, Threads};
use crate::migration::{Migration, Unfit};
use crate::postgres::pool::{Loan, Pool};
use crate::postgres::{self, Server, Session as Terms};
use append::Appender;
use expire::Looks;
use failure::Health;
use partition::Partitions;
use session::{Before, Session};

pub(super) use catch_up::catch_up;
pub(crate) use expire::DayOnDisk;
pub(super) use expire::{go_on as expire, measure};
pub use failure::{Failure, StoreHealth, Trouble};
pub(super) use read::{latest, range};

/// All migrations of the log, in order, and the table that says which are in. One that was released is never changed.
const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "log", sql: include_str!("../../../migrations/postgres/log/0001_log.sql") },
    Migration {
        version: 2,
        name: "retention",
        sql: include_str!("../../../migrations/postgres/log/0002_retention.sql"),
    },
    Migration {
        version: 3,
        name: "move",
        sql: include_str!("../../../migrations/postgres/log/0003_move.sql"),
    },
    Migration {
        version: 4,
        name: "flow_states",
        sql: include_str!("../../../migrations/postgres/log/0004_flow_states.sql"),
    },
    Migration {
        version: 5,
        name: "derived",
        sql: include_str!("../../../migrations/postgres/log/0005_derived.sql"),
    },
];
const HISTORY: &str = "log_migrations";
/// The version of what is stored, in `log_state`.
const FORMAT: i32 = 1;

/// The log on PostgreSQL: what handles and the appender share beside [`Shared`].
pub(crate) struct Postgres {
    pub shared: Arc<Shared>,
    server: Server,
    /// For readers who wait for a page.
    pool: Pool,
    /// For buckets.
    buckets: Pool,
    /// For those who follow the log.
    tails: Pool,
    health: Health,
    /// For what drops days: one connection, whose statements may take long.
    cleaning: Pool,
    at_work: RwLock<AtWork>,
    /// What is known of days of which something may be read still.
    looks: Looks,
    /// Bytes of all days when they were last measured.
    stored_bytes: AtomicU64,
    /// Offset up to which the index by offset was told what came.
    summarized: AtomicU64,
}

/// The appender's session, as others know it.
#[derive(Clone)]
struct AtWork {
    /// The token under which this server owns the log.
    owner: Uuid,
    /// The days that there are.
    partitions: Arc<Partitions>,
}

impl Postgres {
    /// Takes the log of a database, which has its tables, and starts the appender.
    pub async fn open(server: &Server, options: Options) -> Result<(Arc<Self>, Threads), Error> {
        let (server, (tell, told)) = (server.clone(), oneshot::channel());
        // The appender's connections live on its own runtime, so they are made there.
        let run = move || match runtime() {
            Ok(runtime) => runtime.block_on(start(server, options, tell)),
            // Err: who opens it has gone.
            Err(error) => drop(tell.send(Err(error))),
        };
        let running = std::thread::Builder::new().name("log-append".to_owned()).spawn(run);
        let running = running.map_err(Error::Thread)?;
        let log = told.await.map_err(|_| Error::Closed)??;
        let threads = Threads::new(log.shared.clone(), || {}).with(running);
        Ok((log, threads))
    }

    /// How the database is.
    pub fn health(&self) -> StoreHealth {
        self.health.now()
    }

    /// Bytes of all days, as they were measured last.
    pub fn stored_bytes(&self) -> u64 {
        self.stored_bytes.load(Relaxed)
    }

    /// Moves a bookmark in the database, if this server still owns the log.
    pub async fn set_bookmark(&self, name: &str, to: Offset, is_synced: bool) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO bookmarks (name, log_offset) SELECT $1, $2 FROM log_state WHERE owner = $3 \
            ON CONFLICT (name) DO UPDATE SET log_offset = EXCLUDED.log_offset";
        let owner = self.at_work().owner;
        let to = to.0.cast_signed();
        let mut client = self.tails.lend().await.map_err(not_connected)?;
        let move_it = async |client: &mut Loan| {
            let statement = client.prepare_cached(SQL).await?;
            let transaction = client.transaction().await?;
            if !is_synced {
                transaction.batch_execute("SET LOCAL synchronous_commit = off").await?;
            }
            let moved = transaction.execute(&statement, &[&name, &to, &owner]).await?;
            transaction.commit().await.map(|()| moved)
        };
        let moved = move_it(&mut client).await;
        client.settle();
        // Away: a session is just being opened again, under a new token.
        if moved.map_err(failed)? == 0 { Err(Error::Unavailable) } else { Ok(()) }
    }

    /// The appender has a session.
    fn work_with(&self, session: &Session) {
        let at_work = AtWork { owner: session.owner, partitions: session.partitions.clone() };
        *self.at_work.write().unwrap_or_else(PoisonError::into_inner) = at_work;
    }

    fn at_work(&self) -> AtWork {
        self.at_work.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A time in pieces for a statement each, newest first: [`Partitions::stretches`].
    fn stretches(&self, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        self.at_work().partitions.stretches(from, to)
    }

    /// Asks over a connection of a pool. If nobody waits for the answer any more, the database is told.
    async fn ask(
        &self,
        pool: &Pool,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let client = pool.lend().await.map_err(not_connected)?;
        let asked = async {
            let statement = client.prepare_cached(sql).await?;
            client.query(&statement, parameters).await
        };
        let rows = asked.await;
        client.settle();
        rows.map_err(failed)
    }
}

fn not_connected(error: postgres::Error) -> Error {
    match error {
        postgres::Error::Away { .. } | postgres::Error::Busy => Error::Unavailable,
        error => Error::Database(error.into()),
    }
}

/// What a reader is told of an error.
fn failed(error: tokio_postgres::Error) -> Error {
    if error.code() == Some(&SqlState::QUERY_CANCELED) {
        return Error::TooSlow;
    }
    if postgres::is_passing(&error) {
        return Error::Unavailable;
    }
    let trouble = Trouble::from(error);
    match trouble.failure {
        Failure::Unreachable | Failure::ShuttingDown => Error::Unavailable,
        _ => Error::Database(trouble),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Thread)
}

/// Opens a session, tells who waits for it, and appends until the log closes.
async fn start(server: Server, options: Options, tell: oneshot::Sender<Result<Arc<Postgres>, Error>>) {
    let opened = open(server, options).await;
    match opened {
        Err(error) => drop(tell.send(Err(error))),
        Ok((log, session, unfolded)) => {
            let appender = Appender::new(log.clone(), &session, unfolded);
            if tell.send(Ok(log)).is_ok() {
                appender.run(session).await;
            }
        }
    }
}

async fn open(
    server: Server,
    options: Options,
) -> Result<(Arc<Postgres>, Session, std::collections::HashSet<DeviceId>), Error> {
    migrate(&server).await?;
    let session = Session::open(&server, &options, Before::Anybody).await?;
    let client: &Client = &session.keeper;
    load::format(client).await?;
    if let Some(from) = load::half_moved(client).await? {
        return Err(Error::HalfMoved { from });
    }
    let dictionary = load::dictionary(client).await?;
    let (marks, unfolded) = fold::load(client).await?;
    let bookmarks = load::bookmarks(client).await?;
    let holds = Holds::new(bookmarks);
    let ring = Ring::new(options.tail_bytes, session.stored.end);
    let terms = Terms {
        statement: Duration::from_secs(limit::LOG_READ_S),
        lock: Duration::from_secs(limit::LOG_READ_S),
        idle_in_transaction: Duration::from_secs(limit::LOG_READ_S),
        // A plan for any time has, and locks, all days. The planner thinks that buckets are as many as readings, and would compile for that:
        // it takes longer than it saves.
        settings: "SET plan_cache_mode = force_custom_plan; SET jit = off",
    };
    let pool = Pool::new(&server, terms, limit::LOG_READERS);
    let buckets = Pool::new(&server, Terms { settings: cells::SETTINGS, ..terms }, limit::HISTORY_READS);
    // The planner has no statistics of a day that has just begun, and would look through all of it. What it may not do it thinks dear, and
    // would compile statements for it.
    let settings = "SET plan_cache_mode = force_custom_plan; SET enable_seqscan = off; SET jit = off";
    let tails = Pool::new(&server, Terms { settings, ..terms }, limit::LOG_TAILS);
    let terms = Terms {
        statement: Duration::from_secs(limit::EXPIRE_STATEMENT_S),
        lock: clean::LOCK,
        idle_in_transaction: Duration::from_secs(limit::EXPIRE_IDLE_S),
        settings: clean::SETTINGS,
    };
    let cleaning = Pool::new(&server, terms, 1);
    let shared = Arc::new(Shared::new(options, dictionary, marks, ring, holds));
    let log = Arc::new(Postgres {
        shared,
        server,
        pool,
        buckets,
        tails,
        cleaning,
        health: Health::default(),
        at_work: RwLock::new(AtWork { owner: session.owner, partitions: session.partitions.clone() }),
        looks: Looks::default(),
        stored_bytes: AtomicU64::new(0),
        summarized: AtomicU64::new(0),
    });
    Ok((log, session, unfolded))
}

/// Brings the log's tables to the newest schema.
async fn migrate(server: &Server) -> Result<(), Error> {
    let (mut client, _task) = server.connect(Terms::UNBOUNDED).await.map_err(Trouble::from)?;
    let migrated = postgres::migrate::run(&mut client, HISTORY, MIGRATIONS, now()).await;
    migrated.map_err(unfit)
}

fn unfit(error: postgres::migrate::Error) -> Error {
    match error {
        postgres::migrate::Error::Database(error) => Trouble::from(error).into(),
        postgres::migrate::Error::Unfit(Unfit::Newer { found, .. }) => {
            let version = u8::try_from(found).unwrap_or(u8::MAX);
            Error::Version { what: "schema of the log".to_owned(), version }
        }
        postgres::migrate::Error::Unfit(Unfit::Altered { version }) => {
            Error::Corrupt { what: format!("schema of the log, migration {version}"), why: "another text" }
        }
    }
}
