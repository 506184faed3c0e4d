//! Migrations on PostgreSQL: each in a transaction of its own, under a lock, so that servers that start at once take turns.

use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use tokio_postgres::{Client, GenericClient, Transaction};

use crate::migration::{self, Migration, Unfit};

/// Why a schema was not brought to the newest.
#[derive(Debug)]
pub(crate) enum Error {
    /// The database is not this program's.
    Unfit(Unfit),
    /// The database said no, or is away.
    Database(tokio_postgres::Error),
}

impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit)
    }
}
impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

/// Held by whoever migrates, in the database that is migrated; "EdgeSync" in bytes, whose last is one more for each other lock.
const LOCK: &str = "SELECT pg_advisory_xact_lock(x'4564676553796e64'::BIGINT)";

/// Brings what the table `history` records to the newest of the migrations. Catalog and log have one of their own each.
pub(crate) async fn run(
    client: &mut Client,
    history: &str,
    migrations: &[Migration],
    at: Timestamp,
) -> Result<(), Error> {
    for migration in migrations {
        let step = client.transaction().await?;
        step.batch_execute(LOCK).await?;
        // A table that somebody reads for long (a backup) would keep a server that runs waiting behind us.
        step.batch_execute(&format!("SET LOCAL lock_timeout = '{}s'", limit::MIGRATE_LOCK_S)).await?;
        // Looked at under the lock of each step: another server may be starting at the same time. Also when nothing is to be done: a
        // database that is not this program's is refused.
        if applied(&step, history, migrations).await? >= migration.version {
            continue;
        }
        step.batch_execute(migration.sql).await?;
        let (version, checksum) = (i64::from(migration.version), migration.checksum());
        step.execute(
            &format!(
                "INSERT INTO {history} (version, name, checksum, applied_at)
                 VALUES ($1, $2, $3, 'epoch'::TIMESTAMPTZ + $4::INT8 * interval '1 microsecond')"
            ),
            &[&version, &migration.name, &checksum, &at.as_us()],
        )
        .await?;
        step.commit().await?;
        tracing::info!(history, version = migration.version, name = migration.name, "PostgreSQL migrated");
    }
    Ok(())
}

async fn applied(step: &Transaction<'_>, history: &str, migrations: &[Migration]) -> Result<u32, Error> {
    // In PostgreSQL IF NOT EXISTS is no protection from another who makes it at the same moment; the lock is.
    step.batch_execute(&format!(
        "CREATE TABLE IF NOT EXISTS {history} (
            version BIGINT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            checksum TEXT NOT NULL,
            applied_at TIMESTAMPTZ NOT NULL
        )"
    ))
    .await?;
    found(step, history, migrations).await
}

/// How many of the migrations are in, of a database that is only read. None if it has no such table.
pub(crate) async fn applied_to(
    client: &Client,
    history: &str,
    migrations: &[Migration],
) -> Result<Option<u32>, Error> {
    let is_there = client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&history]).await?;
    if is_there.try_get(0)? { found(client, history, migrations).await.map(Some) } else { Ok(None) }
}

async fn found(client: &impl GenericClient, history: &str, migrations: &[Migration]) -> Result<u32, Error> {
    let rows =
        client.query(&format!("SELECT version, checksum FROM {history} ORDER BY version"), &[]).await?;
    let found = rows
        .iter()
        .map(|row| Ok((u32::try_from(row.try_get::<_, i64>(0)?).unwrap_or(u32::MAX), row.try_get(1)?)));
    Ok(migration::applied(&found.collect::<Result<Vec<_>, tokio_postgres::Error>>()?, migrations)?)
}
