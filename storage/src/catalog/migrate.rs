//! The catalog's migrations for both databases, and how they are done on SQLite: each in a transaction of its own.
//!
//! A migration is two files of one number and name, equal in meaning: one below `migrations/sqlite`, one below
//! `migrations/postgres/catalog`. A test holds the lists together.

use rusqlite::{Connection, TransactionBehavior, params};

use super::error::Error;
use super::now;
use crate::migration::{self, Migration};

/// All of SQLite's, in order. One that was released is never changed: the next one corrects it.
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
    Migration { version: 6, name: "access", sql: include_str!("../../migrations/sqlite/0006_access.sql") },
    Migration { version: 7, name: "keys", sql: include_str!("../../migrations/sqlite/0007_keys.sql") },
    Migration {
        version: 8,
        name: "deletion",
        sql: include_str!("../../migrations/sqlite/0008_deletion.sql"),
    },
    Migration { version: 9, name: "answers", sql: include_str!("../../migrations/sqlite/0009_answers.sql") },
    Migration {
        version: 10,
        name: "executions",
        sql: include_str!("../../migrations/sqlite/0010_executions.sql"),
    },
    Migration { version: 11, name: "letters", sql: include_str!("../../migrations/sqlite/0011_letters.sql") },
    Migration {
        version: 12,
        name: "suspended",
        sql: include_str!("../../migrations/sqlite/0012_suspended.sql"),
    },
    Migration { version: 13, name: "samples", sql: include_str!("../../migrations/sqlite/0013_samples.sql") },
    Migration {
        version: 14,
        name: "share_links",
        sql: include_str!("../../migrations/sqlite/0014_share_links.sql"),
    },
    Migration { version: 15, name: "events", sql: include_str!("../../migrations/sqlite/0015_events.sql") },
    Migration { version: 16, name: "by_whom", sql: include_str!("../../migrations/sqlite/0016_by_whom.sql") },
];

/// All of PostgreSQL's, as above.
pub(super) const POSTGRES: &[Migration] = &[
    Migration {
        version: 1,
        name: "catalog",
        sql: include_str!("../../migrations/postgres/catalog/0001_catalog.sql"),
    },
    Migration {
        version: 2,
        name: "devices_made",
        sql: include_str!("../../migrations/postgres/catalog/0002_devices_made.sql"),
    },
    Migration {
        version: 3,
        name: "audit",
        sql: include_str!("../../migrations/postgres/catalog/0003_audit.sql"),
    },
    Migration {
        version: 4,
        name: "things",
        sql: include_str!("../../migrations/postgres/catalog/0004_things.sql"),
    },
    Migration {
        version: 5,
        name: "tenancy",
        sql: include_str!("../../migrations/postgres/catalog/0005_tenancy.sql"),
    },
    Migration {
        version: 6,
        name: "access",
        sql: include_str!("../../migrations/postgres/catalog/0006_access.sql"),
    },
    Migration {
        version: 7,
        name: "keys",
        sql: include_str!("../../migrations/postgres/catalog/0007_keys.sql"),
    },
    Migration {
        version: 8,
        name: "deletion",
        sql: include_str!("../../migrations/postgres/catalog/0008_deletion.sql"),
    },
    Migration {
        version: 9,
        name: "answers",
        sql: include_str!("../../migrations/postgres/catalog/0009_answers.sql"),
    },
    Migration {
        version: 10,
        name: "executions",
        sql: include_str!("../../migrations/postgres/catalog/0010_executions.sql"),
    },
    Migration {
        version: 11,
        name: "letters",
        sql: include_str!("../../migrations/postgres/catalog/0011_letters.sql"),
    },
    Migration {
        version: 12,
        name: "suspended",
        sql: include_str!("../../migrations/postgres/catalog/0012_suspended.sql"),
    },
    Migration {
        version: 13,
        name: "samples",
        sql: include_str!("../../migrations/postgres/catalog/0013_samples.sql"),
    },
    Migration {
        version: 14,
        name: "share_links",
        sql: include_str!("../../migrations/postgres/catalog/0014_share_links.sql"),
    },
    Migration {
        version: 15,
        name: "events",
        sql: include_str!("../../migrations/postgres/catalog/0015_events.sql"),
    },
    Migration {
        version: 16,
        name: "by_whom",
        sql: include_str!("../../migrations/postgres/catalog/0016_by_whom.sql"),
    },
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
            params![migration.version, migration.name, migration.checksum(), now().as_us()],
        )?;
        step.commit()?;
        tracing::info!(version = migration.version, name = migration.name, "catalog migrated");
    }
    Ok(())
}

/// Whether a database that is only read has the newest schema.
pub(super) fn check(db: &Connection) -> Result<(), Error> {
    let (found, known) = (applied(db, MIGRATIONS)?, MIGRATIONS.len() as u32);
    if found < known { Err(Error::SchemaOlder { found, known }) } else { Ok(()) }
}

/// How many of the migrations are in, once it is sure that they are these.
pub(super) fn applied(db: &Connection, migrations: &[Migration]) -> Result<u32, Error> {
    let mut statement = db.prepare("SELECT version, checksum FROM schema_migrations ORDER BY version")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?)))?;
    let found = rows.collect::<Result<Vec<_>, _>>()?;
    Ok(migration::applied(&found, migrations)?)
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
    fn a_dashboard_that_was_never_saved_again_was_saved_by_its_creator_and_of_others_nobody_knows() {
        let mut db = Connection::open_in_memory().unwrap();
        run(&mut db, &MIGRATIONS[..14]).unwrap();
        db.execute_batch(
            "INSERT INTO users VALUES (x'01', 'a@example.org', 'a', '', 1, 0, 0);
             INSERT INTO all_organizations VALUES (x'02', 'o', 'o', '', x'01', 1, 0, 0, NULL);
             INSERT INTO dashboard_templates (id, organization_id, creator_id, name, description, layout, widgets, datasources,
                update_frequency, flow_config, is_active, version, created_at, updated_at)
             VALUES (x'03', x'02', x'01', 'd', '', '{}', '[]', '[]', 5, '{}', 1, 1, 0, 0),
                (x'04', x'02', x'01', 'e', '', '{}', '[]', '[]', 5, '{}', 1, 2, 0, 0);",
        )
        .unwrap();
        run(&mut db, MIGRATIONS).unwrap();
        let mut statement = db.prepare("SELECT updated_by FROM dashboard_templates ORDER BY id").unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        let found: Vec<Option<Vec<u8>>> = rows.map(Result::unwrap).collect();
        assert_eq!(found, [Some(vec![1]), None]);
    }

    #[test]
    fn both_databases_have_the_same_migrations_without_gaps() {
        assert_eq!(MIGRATIONS.len(), POSTGRES.len());
        for (at, (sqlite, postgres)) in MIGRATIONS.iter().zip(POSTGRES).enumerate() {
            assert_eq!((sqlite.version as usize, postgres.version as usize), (at + 1, at + 1));
            assert_eq!(sqlite.name, postgres.name);
        }
    }
}
