//! A log that is written anew, in either store, reads as the one it was read from, and goes on where that ended.

use edgesync_test_postgres::Cluster;

use super::super::marks::imports_of;
use super::super::{Beside, Claim, Error, Export, Import, Which};
use super::*;

const WORD: &str = "here";

async fn export(place: &Place, which: Which) -> Result<Export, Error> {
    if place.is_database() {
        Export::open_postgres(&place.server().await, which).await
    } else {
        Export::open(place.directory(), which)
    }
}

async fn import(place: &Place, word: &str, beside: Beside) -> Result<Import, Error> {
    let claim = if place.is_database() {
        Claim::database(&place.server().await).await?
    } else {
        Claim::directory(place.directory())?
    };
    claim.import(word, beside).await
}

/// Everything of a log, by series.
async fn contents(log: &Export) -> Vec<StoredReading> {
    let mut all = Vec::new();
    for info in &log.rest().series {
        let mut after = None;
        loop {
            let page = log.of_series(info, after, 7).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.timestamp, last.offset));
            all.extend(page);
        }
    }
    all
}

/// Goes on for some readings. Whether it came to the end.
async fn copy(from: &Export, to: &Place, readings_max: usize) -> bool {
    let import = import(to, WORD, Beside::Nothing).await.unwrap();
    let rest = from.rest();
    import.put_series(&rest.series, rest.series_end).await.unwrap();
    let reached = import.reached().await.unwrap();
    assert_eq!(import.is_resumed(), reached.is_some());
    let mut copied = 0;
    for info in &rest.series {
        let mut after = reached.filter(|reached| reached.series == info.id).map(|reached| reached.at);
        if reached.is_some_and(|reached| info.id < reached.series) {
            continue;
        }
        loop {
            let page = from.of_series(info, after, 5).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.timestamp, last.offset));
            copied += page.len();
            import.put(info.clone(), page).await.unwrap();
            if copied >= readings_max {
                return false;
            }
        }
    }
    import.put_rest(rest).await.unwrap();
    import.finish().await.unwrap();
    true
}

const READINGS: u64 = DAYS as u64 + 47 * 5 + 3;
/// More than a database reads in one statement.
const DAYS: usize = 2 * edgesync_schemas::limit::LOG_READ_DAYS + 3;

/// A log with late, old and future readings, of many days, text, units, marks of devices and of imports and a bookmark.
async fn filled(place: &Place) {
    let mut bench = place.open(small());
    let many: Vec<(i64, f64)> = (0..DAYS as i64).rev().map(|day| (day * 86_400, day as f64)).collect();
    let batch = bench.batch(device(4), &many);
    bench.append(batch).await;
    for n in 0..47u64 {
        let batch = bench.frames(device(1), 9, n + 1..=n + 1);
        bench.append(batch).await;
        let mut batch = bench.batch(device(2), &[(n as i64, 1.0), (5, 2.0), (3_000_000, -0.0)]);
        let series = bench.log.series().resolve(device(2), "t").unwrap();
        let unit = bench.log.series().unit(series, if n % 2 == 0 { "°C" } else { "K" }).unwrap();
        let text = Value::from_json("{\"a\":  [1.50, \"\\u0000 é\"]}").unwrap();
        batch.columns.push(series, at(n as i64 % 7 * 86_400), text, unit, Quality::CLOCK_AHEAD);
        batch.received_at = at(2_000 + n as i64);
        bench.append(batch).await;
    }
    for boot in [3, 1, 2] {
        let batch = bench.frames(imports_of(device(1)), boot, 1..=1);
        bench.append(batch).await;
    }
    bench.log.set_bookmark("flows", Offset(9), true).await.unwrap();
    bench.log.shutdown().await.unwrap();
}

async fn a_log_that_is_written_anew_in_many_attempts_is_the_same_and_goes_on(here: Place, there: Place) {
    filled(&here).await;
    let source = export(&here, Which::Whole).await.unwrap();
    // Each attempt gets some readings further, and leaves a target that no server would start on.
    let mut attempts = 0;
    while !copy(&source, &there, 40).await {
        attempts += 1;
        assert!(attempts < 20);
        let opened = there.try_open(small());
        assert!(matches!(opened, Err(Error::HalfMoved { from }) if from == WORD));
        let whole = export(&there, Which::Whole).await;
        assert!(matches!(whole, Err(Error::HalfMoved { from }) if from == WORD));
        let other = import(&there, "elsewhere", Beside::Nothing).await;
        assert!(matches!(other, Err(Error::HalfMoved { .. })));
    }
    assert!(attempts >= 3, "{attempts}");
    assert!(matches!(import(&there, WORD, Beside::Something).await, Err(Error::Moved)), "it is done");
    assert!(matches!(import(&there, "elsewhere", Beside::Nothing).await, Err(Error::NotEmpty)));
    let expected = contents(&source).await;
    assert_eq!(expected.len() as u64, READINGS);
    let moved = export(&there, Which::Whole).await.unwrap();
    assert_eq!(contents(&moved).await, expected);
    assert_eq!(moved.rest(), source.rest());
    assert_eq!((moved.count().await.unwrap(), source.count().await.unwrap()), (READINGS, READINGS));
    assert_eq!(source.rest().marks[0].1.len() + source.rest().marks[1].1.len(), 4);
    assert_eq!(source.rest().bookmarks, [("flows".to_owned(), Offset(9))]);
    for log in [source, moved] {
        log.close().await.unwrap();
    }
    let mut moved = there.open(small());
    assert_eq!(
        moved.log.latest(device(2)).await.unwrap(),
        here.open(small()).log.latest(device(2)).await.unwrap()
    );
    assert_eq!(moved.log.bookmark("flows"), Some(Offset(9)));
    // The device sends again what it has no answer for, and so does who imports.
    let end = READINGS;
    let batch = moved.frames(device(1), 9, 46..=49);
    assert_eq!(moved.append(batch).await, stored(end, 2));
    let batch = moved.frames(imports_of(device(1)), 1, 1..=1);
    assert_eq!(moved.append(batch).await, stored(end + 2, 0));
    moved.log.shutdown().await.unwrap();
    drop(moved);
    let mut report = crate::check::Report::default();
    if there.is_database() {
        super::super::check_postgres(&there.server().await, &mut report, &mut check::Silent).await.unwrap();
    } else {
        super::super::check(there.directory(), &mut report, &mut check::Silent).unwrap();
    }
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(report.looked_at["readings"], end + 2);
}

fn cluster() -> Arc<Cluster> {
    edgesync_test_postgres::Options::new().unsynced().start().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_files_to_files() {
    a_log_that_is_written_anew_in_many_attempts_is_the_same_and_goes_on(Place::files(), Place::files()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_files_to_a_database() {
    a_log_that_is_written_anew_in_many_attempts_is_the_same_and_goes_on(Place::files(), Place::database())
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_database_to_files() {
    a_log_that_is_written_anew_in_many_attempts_is_the_same_and_goes_on(Place::database(), Place::files())
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_database_to_another() {
    let cluster = cluster();
    let (here, there) = (Place::database_of(&cluster), Place::database_of(&cluster));
    a_log_that_is_written_anew_in_many_attempts_is_the_same_and_goes_on(here, there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_was_killed_before_it_removed_its_file_is_gone_on_with() {
    let (here, there) = (Place::files(), Place::files());
    filled(&here).await;
    let source = export(&here, Which::Whole).await.unwrap();
    assert!(!copy(&source, &there, 40).await);
    let making = there.directory().join("move");
    std::fs::write(&making, WORD).unwrap();
    let import = import(&there, WORD, Beside::Nothing).await.unwrap();
    assert!(import.is_resumed() && import.reached().await.unwrap().is_some());
    assert!(!making.exists());
}

async fn a_target_that_is_somebody_s_is_left_as_it_was(place: Place) {
    // Something beside the log, and nothing of a move.
    let refused = import(&place, WORD, Beside::Something).await;
    assert!(matches!(refused, Err(Error::NotEmpty)));
    // A word would have been said if it had been written.
    drop(place.open(small()));
    let refused = import(&place, WORD, Beside::Something).await;
    assert!(matches!(refused, Err(Error::NotEmpty)));
    drop(place.open(small()));
    filled(&place).await;
    let before = export(&place, Which::Whole).await.unwrap();
    let (rest, readings) = (before.rest().clone(), contents(&before).await);
    let taken = import(&place, WORD, Beside::Nothing).await;
    assert!(matches!(taken, Err(Error::InUse { .. } | Error::Held(_))), "{taken:?}");
    before.close().await.unwrap();
    let refused = import(&place, WORD, Beside::Nothing).await;
    assert!(matches!(refused, Err(Error::NotEmpty)));
    let after = export(&place, Which::Whole).await.unwrap();
    assert_eq!((after.rest(), contents(&after).await), (&rest, readings));
}

on_both_stores!(a_target_that_is_somebody_s_is_left_as_it_was);

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_read_is_not_changed_and_has_no_server_meanwhile() {
    let place = Place::database();
    filled(&place).await;
    let all = "SELECT (SELECT owner::text FROM log_state), (SELECT count(*) FROM log_commits), (SELECT count(*) FROM marks), \
        (SELECT count(*) FROM pg_inherits)";
    let before = place.cluster().psql_at(place.url(), all).unwrap();
    let log = export(&place, Which::Whole).await.unwrap();
    let held = place.try_open(Options { held: Duration::ZERO, ..small() });
    let told = held.unwrap_err().to_string();
    assert!(told.contains("in use") && told.contains("edgesync tool"), "{told}");
    assert_eq!(contents(&log).await.len() as u64, READINGS);
    log.close().await.unwrap();
    assert_eq!(place.cluster().psql_at(place.url(), all).unwrap(), before);
    // Who lost the connection that kept others out cannot say that nothing was changed.
    let log = export(&place, Which::Whole).await.unwrap();
    log.confirm().await.unwrap();
    place.cluster().psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'edgesync tool'",
    );
    assert!(matches!(log.confirm().await, Err(Error::Database(_))));
    drop(log);
    // One that an older program made is not brought to another schema.
    place
        .cluster()
        .psql_at(
            place.url(),
            "DELETE FROM log_migrations WHERE version = (SELECT max(version) FROM log_migrations)",
        )
        .unwrap();
    let older = export(&place, Which::Whole).await;
    assert!(matches!(older, Err(Error::SchemaOlder { found: 4, known: 5 })), "{older:?}");
}
