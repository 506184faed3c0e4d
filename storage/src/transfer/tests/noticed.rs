//! What a move notices: a source that is not whole, what was changed since or meanwhile, and a target that is not as empty as it looks.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::*;
use crate::log::embedded::Store;

/// Fills a place and leaves it.
async fn filled(place: &Place) {
    let (catalog, log) = open(place).await;
    fill(&catalog, &log).await;
    catalog.close().await;
    log.shutdown().await.unwrap();
}

/// Makes an installation without anything in it.
async fn made(place: &Place) {
    let (catalog, log) = open(place).await;
    catalog.close().await;
    log.shutdown().await.unwrap();
}

fn path(place: &Place) -> &Path {
    let Place::Directory(path) = place else { panic!("a directory") };
    path
}

fn catalog_of(place: &Place) -> Connection {
    Connection::open(path(place).join("catalog.db")).unwrap()
}

async fn refused(from: &Place, to: &Place) -> String {
    crate::check::told(&run(from, to, &mut Silent).await.unwrap_err())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_lost_readings_is_not_moved() {
    let (dir, cluster) = (tempfile::tempdir().unwrap(), cluster());
    let (start, files, database) = (directory(&dir, "a"), directory(&dir, "b"), database(&cluster.url()));
    filled(&start).await;
    moved(&start, &files).await;
    moved(&start, &database).await;
    let store = Store::open(&path(&files).join("readings")).unwrap();
    let (block, _) = store.blocks.first_key_value().unwrap().into_inner().unwrap();
    store.blocks.remove(block).unwrap();
    drop(store);
    cluster.psql("DELETE FROM readings WHERE log_offset IN (7, 8)");
    for (from, to) in [(&files, "c"), (&database, "d")] {
        let to = directory(&dir, to);
        let told = refused(from, &to).await;
        assert!(told.contains("the source is not whole") && told.contains("edgesync check"), "{told}");
        let left = ReadingLog::open(&path(&to).join("readings"), log::Options::default());
        assert!(matches!(left, Err(log::Error::HalfMoved { .. })));
    }
    assert!(refused(&database, &directory(&dir, "e")).await.contains("of 82 readings 80 are there"));
    // What the operator knows to have dropped is not lost, and the move goes on.
    cluster.psql("UPDATE log_state SET dropped = dropped + 2");
    assert_eq!(run(&database, &directory(&dir, "e"), &mut Silent).await.unwrap().readings, 80);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_ended_before_compares_again() {
    let (dir, cluster) = (tempfile::tempdir().unwrap(), cluster());
    let (source, files, database) = (directory(&dir, "a"), directory(&dir, "b"), database(&cluster.url()));
    filled(&source).await;
    for to in [&files, &database] {
        moved(&source, to).await;
    }
    // A damaged target.
    cluster.psql("DELETE FROM readings WHERE log_offset = 5; UPDATE log_state SET dropped = 1");
    let told = refused(&source, &database).await;
    assert!(told.contains("moved already") && told.contains("and 40 in the target"), "{told}");
    assert!(told.contains("the count of dropped readings"), "{told}");
    // A source that was changed.
    catalog_of(&source).execute("UPDATE devices SET name = 'x'", []).unwrap();
    let told = refused(&source, &files).await;
    assert!(told.contains("moved already") && told.contains("table devices: 1 rows on both sides"), "{told}");
    // The target is still what it was: it opens.
    assert_eq!(everything(&files).await.1.len(), 82);
}

/// Does something when a move says for the first time that it is there.
struct When<F: FnMut()> {
    kind: &'static str,
    act: Option<F>,
}

impl<F: FnMut()> Progress for When<F> {
    fn at(&mut self, kind: &str, _: u64, _: u64) {
        if kind == self.kind
            && let Some(mut act) = self.act.take()
        {
            act();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_that_changes_while_readings_are_compared_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let source = directory(&dir, "a");
    filled(&source).await;
    for (at, changed) in ["b", "c"].into_iter().zip([&source, &directory(&dir, "c")]) {
        let act = || {
            catalog_of(changed).execute("UPDATE users SET name = name || 'x'", []).unwrap();
        };
        let mut when = When { kind: "readings compared", act: Some(act) };
        let result = run(&source, &directory(&dir, at), &mut when).await;
        assert!(when.act.is_none());
        let told = result.unwrap_err().to_string();
        assert!(told.contains("table users: 1 rows on both sides, with different contents"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_a_catalog_that_is_compared() {
    let (dir, cluster) = (tempfile::tempdir().unwrap(), cluster());
    let (files, database) = (directory(&dir, "a"), database(&cluster.url()));
    filled(&files).await;
    for (from, to) in [(&files, &database), (&database, &directory(&dir, "b"))] {
        let mut were_free = None;
        let look = || {
            let db = catalog_of(&files);
            db.busy_timeout(Duration::ZERO).unwrap();
            let is_file_free = db.execute("UPDATE users SET name = name || 'x'", []).is_ok();
            let lock = "SELECT pg_try_advisory_xact_lock(x'4564676553796e63'::BIGINT)";
            were_free = Some((is_file_free && from == &files, cluster.psql(lock) == "t"));
        };
        let mut when = When { kind: "catalog tables compared", act: Some(look) };
        run(from, to, &mut when).await.unwrap();
        assert_eq!(were_free, Some((false, false)));
    }
}

const PARTITION: &str = "CREATE TABLE readings_20200101 (LIKE readings INCLUDING ALL); \
    INSERT INTO readings_20200101 VALUES ('2020-01-01 05:00+00', 1, 90, now(), 77, 0, 192)";

#[tokio::test(flavor = "multi_thread")]
async fn readings_that_a_database_has_beside_its_log_are_not_taken_in() {
    let (dir, cluster) = (tempfile::tempdir().unwrap(), cluster());
    let (source, target) = (directory(&dir, "a"), database(&cluster.url()));
    filled(&source).await;
    made(&target).await;
    cluster.psql(PARTITION);
    assert!(matches!(run(&source, &target, &mut Silent).await, Err(Error::NotEmpty)));
    // Also if the rest of the log is gone.
    cluster.psql(
        "DROP TABLE readings, series, log_commits, marks, log_state, bookmarks, log_move, log_migrations CASCADE",
    );
    assert!(matches!(run(&source, &target, &mut Silent).await, Err(Error::NotEmpty)));
    assert_eq!(
        cluster.psql("SELECT count(*), to_regclass('readings') IS NULL FROM readings_20200101"),
        "1|t"
    );

    // Readings of a series that neither side knows.
    let url = cluster.database("other");
    let other = database(&url);
    moved(&source, &other).await;
    const ATTACH: &str = "ALTER TABLE readings ATTACH PARTITION readings_20200101 \
        FOR VALUES FROM ('2020-01-01 00:00+00') TO ('2020-01-02 00:00+00'); \
        UPDATE log_move SET is_done = false, series_id = 1, ts = '9999-01-01', log_offset = 82";
    cluster.psql_at(&url, &format!("{PARTITION}; {ATTACH}")).unwrap();
    let told = refused(&source, &other).await;
    assert!(told.contains("82 readings in all, and 83 in the target"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_whose_catalog_is_a_newer_program_s_is_left_as_it_was() {
    let (dir, cluster) = (tempfile::tempdir().unwrap(), cluster());
    let (source, files, target) = (directory(&dir, "a"), directory(&dir, "b"), database(&cluster.url()));
    filled(&source).await;
    for target in [&files, &target] {
        made(target).await;
    }
    let newer = "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (99, 'x', 'x', ";
    catalog_of(&files).execute(&format!("{newer} 0)"), []).unwrap();
    cluster.psql(&format!("{newer} now())"));
    for target in [&files, &target] {
        let told = refused(&source, target).await;
        assert!(told.contains("99"), "{told}");
    }
    assert_eq!(cluster.psql("SELECT count(*) FROM log_move"), "0");
    drop(ReadingLog::open(&path(&files).join("readings"), log::Options::default()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_into_a_target_that_was_waited_for_is_seen() {
    let (dir, cluster) = (tempfile::tempdir().unwrap(), cluster());
    let (source, target) = (directory(&dir, "a"), database(&cluster.url()));
    filled(&source).await;
    made(&target).await;
    let server = Server::open(&Target::parse(&cluster.url()).unwrap()).await.unwrap();
    let catalog = Catalog::open_postgres(&server).await.unwrap();
    let claim = log::Claim::database(&server).await.unwrap();
    let other = async {
        // It has looked when it waits for the log.
        const WAITING: &str = "SELECT count(*) > 0 FROM pg_stat_activity \
            WHERE application_name = 'edgesync tool' AND query LIKE 'SELECT pg_try_advisory_lock%'";
        while cluster.psql(WAITING) != "t" {
            tokio::task::yield_now().await;
        }
        catalog.sign_up("bo@example.org", "Bo", "hash".to_owned()).await.unwrap();
        drop(claim);
    };
    let mut silent = Silent;
    let (moved, ()) = tokio::join!(run(&source, &target, &mut silent), other);
    assert!(matches!(moved, Err(Error::NotEmpty)), "{moved:?}");
    assert_eq!(cluster.psql("SELECT count(*) FROM log_move"), "0");
}
