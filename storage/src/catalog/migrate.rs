//! Migrations: forward only, each in a transaction of its own, each recorded with the hash of its text.
//!
//! A catalog that a newer program wrote, or whose history is not this program's, is refused before anything is changed.

use rusqlite::{Connection, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use super::error::Error;
use super::now;

/// A step from one schema to the next.
pub(super) struct Migration {
    /// Its number: 1, 2, 3, ...
    pub(super) version: u32,
    /// What it does.
    pub(super) name: &'static str,
    /// How.
    pub(super) sql: &'static str,
}

/// All of them, in order. One that was released is never changed: the next one corrects it.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "catalog", sql: include_str!("../../migrations/sqlite/0001_catalog.sql") },
    Migration {
        version: 2,
        name: "devices_made",
        sql: include_str!("../../migrations/sqlite/0002_devices_made.sql"),
    },
    Migration { version: 3, name: "audit", sql: include_str!("../../migrations/sqlite/0003_audit.sql") },
    Migration { version: 4, name: "things", sql: include_str!("../../migrations/sqlite/0004_things.sql") },
    Migration { version: 5, name: "tenancy", sql: include_str!("../../migrations/sqlite/0005_tenancy.sql") },
];

/// Brings the database to the newest schema.
pub(super) fn run(db: &mut Connection, migrations: &[Migration]) -> Result<(), Error> {
    db.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_migrations (
            version INTEGER NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            checksum TEXT NOT NULL,
            applied_at INTEGER NOT NULL
        ) STRICT",
    )?;
    for migration in migrations {
        // Looked at again under the lock of each step: another process may be starting at the same time.
        let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if applied(&step, migrations)? >= migration.version {
            continue;
        }
        step.execute_batch(migration.sql)?;
        step.execute(
            "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
            params![migration.version, migration.name, checksum(migration.sql), now().as_us()],
        )?;
        step.commit()?;
        tracing::info!(version = migration.version, name = migration.name, "catalog migrated");
    }
    Ok(())
}

/// How many of the migrations are in, once it is sure that they are these.
fn applied(db: &Connection, migrations: &[Migration]) -> Result<u32, Error> {
    let mut statement = db.prepare("SELECT version, checksum FROM schema_migrations ORDER BY version")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?)))?;
    let found = rows.collect::<Result<Vec<_>, _>>()?;
    let known = migrations.last().map_or(0, |newest| newest.version);
    if let Some((newest, _)) = found.last()
        && *newest > known
    {
        return Err(Error::SchemaNewer { found: *newest, known });
    }
    for ((version, hash), migration) in found.iter().zip(migrations) {
        if *version != migration.version || *hash != checksum(migration.sql) {
            return Err(Error::SchemaAltered { version: *version });
        }
    }
    Ok(found.last().map_or(0, |(version, _)| *version))
}

/// SHA-256 of a migration's text, whatever its line ends.
fn checksum(sql: &str) -> String {
    super::token::hex(&Sha256::digest(sql.replace("\r\n", "\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Migration = Migration { version: 1, name: "first", sql: "CREATE TABLE a (x INTEGER)" };
    const SECOND: Migration = Migration { version: 2, name: "second", sql: "CREATE TABLE b (x INTEGER)" };

    #[test]
    fn only_what_is_missing_is_applied() {
        let mut db = Connection::open_in_memory().unwrap();
        run(&mut db, &[FIRST]).unwrap();
        run(&mut db, &[FIRST, SECOND]).unwrap();
        run(&mut db, &[FIRST, SECOND]).unwrap();
        let count: u32 =
            db.query_row("SELECT count(*) FROM schema_migrations", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 2);
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let mut db = Connection::open_in_memory().unwrap();
        run(&mut db, &[FIRST, SECOND]).unwrap();
        assert!(matches!(run(&mut db, &[FIRST]), Err(Error::SchemaNewer { found: 2, known: 1 })));
    }

    #[test]
    fn an_altered_migration_is_refused() {
        let mut db = Connection::open_in_memory().unwrap();
        run(&mut db, &[FIRST]).unwrap();
        let altered = Migration { sql: "CREATE TABLE a (x TEXT)", ..FIRST };
        assert!(matches!(run(&mut db, &[altered, SECOND]), Err(Error::SchemaAltered { version: 1 })));
    }

    #[test]
    fn a_failing_migration_leaves_nothing_behind() {
        let mut db = Connection::open_in_memory().unwrap();
        let broken = Migration { sql: "CREATE TABLE b (x INTEGER); CREATE TABLE a (y INTEGER)", ..SECOND };
        assert!(run(&mut db, &[FIRST, broken]).is_err());
        run(&mut db, &[FIRST, SECOND]).unwrap();
    }

    #[test]
    fn migrations_are_numbered_without_gaps() {
        for (at, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.version as usize, at + 1);
        }
    }
}
