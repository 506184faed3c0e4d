//! Looking through the catalog's file, beside a running server or without one.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::migrate;
use crate::check::{Progress, Report, told};

/// Checks the catalog in this file: SQLite's own checks, the migrations, and that all references lead somewhere. Changes nothing. Blocks.
pub fn check(path: &Path, report: &mut Report, progress: &mut dyn Progress) {
    let checked =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .and_then(|db| look(&db, report, progress));
    if let Err(error) = checked {
        report.wrong(format!("catalog: cannot be read: {}", told(&error)));
    }
}

fn look(db: &Connection, report: &mut Report, progress: &mut dyn Progress) -> rusqlite::Result<()> {
    progress.at("catalog", 0, 3);
    let mut statement = db.prepare("PRAGMA integrity_check(100)")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    for line in lines {
        let line = line?;
        if line != "ok" {
            report.wrong(format!("catalog: {line}"));
        }
    }
    progress.at("catalog", 1, 3);
    let mut statement = db.prepare("PRAGMA foreign_key_check")?;
    let lost = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(2)?)))?;
    for lost in lost {
        let (table, parent) = lost?;
        report.wrong(format!("catalog: a row of {table} refers to a row of {parent} that is not there"));
    }
    progress.at("catalog", 2, 3);
    if let Err(error) = migrate::check(db) {
        report.wrong(format!("catalog: {}", told(&error)));
    }
    let sql =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let mut statement = db.prepare(sql)?;
    let tables = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    for table in tables {
        let rows: i64 = db.query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| row.get(0))?;
        report.count("catalog rows", rows.cast_unsigned());
    }
    progress.at("catalog", 3, 3);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Catalog;
    use super::*;

    struct Silent;

    impl Progress for Silent {
        fn at(&mut self, _: &str, _: u64, _: u64) {}
    }

    fn look(path: &Path) -> Report {
        let mut report = Report::default();
        check(path, &mut report, &mut Silent);
        report
    }

    /// A catalog with an account, all of it in its file; changed by `sql`, whatever its keys say.
    async fn changed(path: &Path, sql: &str) {
        let catalog = Catalog::open(path).unwrap();
        catalog.sign_up("ada@example.org", "Ada", "hash".to_owned()).await.unwrap();
        catalog.close().await;
        let db = Connection::open(path).unwrap();
        db.execute_batch("PRAGMA foreign_keys=OFF").unwrap();
        db.execute_batch(sql).unwrap();
        db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    }

    #[tokio::test]
    async fn a_sound_catalog_is_found_sound_and_a_flipped_byte_that_an_index_has_too_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.db");
        changed(&path, "SELECT 1").await;
        let report = look(&path);
        assert_eq!(report.problems, Vec::<String>::new());
        assert!(report.looked_at["catalog rows"] > 3);
        let sound = std::fs::read(&path).unwrap();
        let mut found = 0;
        for at in (0..sound.len() - 15).filter(|at| &sound[*at..*at + 15] == b"ada@example.org") {
            let mut bytes = sound.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, bytes).unwrap();
            found += usize::from(!look(&path).is_good());
        }
        // SQLite has no checksums: it finds that a row and its index disagree, which is one flip in either; and no other text.
        assert_eq!(found, 2);
    }

    #[tokio::test]
    async fn a_lost_reference_and_another_schema_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.db");
        changed(&path, "DELETE FROM users; DELETE FROM schema_migrations WHERE version > 2").await;
        let problems = look(&path).problems;
        assert!(problems.iter().any(|problem| problem.contains("refers to a row of users")), "{problems:?}");
        assert!(problems.iter().any(|problem| problem.contains("has schema 2")), "{problems:?}");
    }
}
