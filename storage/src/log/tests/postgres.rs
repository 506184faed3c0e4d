//! What happens to databases: connections that break, restarts, other servers, data that is refused.

mod days;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use edgesync_schemas::limit;

use super::super::{Error, Failure};
use super::*;

/// Ends the connections of the log's appender and readers.
const END_ALL: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'edgesync'";

/// Appends frames of a device until it is told to stop; each batch must be answered as durable. Gives how many frames there were.
async fn append_until(log: ReadingLog, number: u128, is_over: Arc<AtomicBool>) -> u64 {
    let mut bench = Bench::new(log);
    let mut q = 0;
    while !is_over.load(Ordering::Relaxed) {
        let mut tags = Vec::new();
        for _ in 0..3 {
            let batch = bench.frames(device(number), 1, q + 1..=q + 5);
            tags.push(bench.submit(batch).await);
            q += 5;
        }
        for tag in tags {
            let outcome = tokio::task::block_in_place(|| bench.ear.wait(tag));
            assert!(matches!(outcome, Outcome::Durable { stored: 5, .. }), "{outcome:?}");
        }
    }
    q
}

/// Appends from three devices while `disturb` does its worst; then everything acknowledged must be there once, in order.
async fn nothing_is_lost_while(place: &Place, options: Options, disturb: impl AsyncFn(&Place, &ReadingLog)) {
    let bench = place.open(options);
    let is_over = Arc::new(AtomicBool::new(false));
    let appending: Vec<_> =
        (0..3).map(|number| tokio::spawn(append_until(bench.log.clone(), number, is_over.clone()))).collect();
    disturb(place, &bench.log).await;
    is_over.store(true, Ordering::Relaxed);
    let mut sent = Vec::new();
    for appending in appending {
        sent.push(appending.await.unwrap());
    }
    assert_eq!(bench.log.end().0, sent.iter().sum::<u64>());
    drop(bench);
    let bench = place.open(small());
    for (number, sent) in (0..).zip(sent) {
        let expected: Vec<f64> = (1..=sent).map(|q| q as f64).collect();
        assert!(bench.values(device(number)).await == expected, "device {number} of {sent} readings");
        assert_eq!(bench.log.committed(device(number), BootId(1)), FrameSeq(sent));
    }
}

/// A session of somebody else, who takes locks and keeps them.
async fn operator(place: &Place) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(place.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// How many connections there are of which this is so, among the appender's (`edgesync log%`) or the readers' (`edgesync`).
fn connections(place: &Place, name: &str, is_so: &str) -> usize {
    let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE";
    place.cluster().psql(&format!("{count} '{name}' AND {is_so}")).parse().unwrap()
}

const WAITS: &str = "wait_event_type = 'Lock'";

async fn grow(log: &ReadingLog, by: u64) {
    let end = log.end().0;
    eventually("readings are committed again", || log.end().0 >= end + by);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn appends_outlive_broken_connections() {
    let place = Place::database();
    nothing_is_lost_while(&place, small(), async |place, log| {
        for _ in 0..20 {
            grow(log, 50).await;
            place.cluster().psql(END_ALL);
        }
        grow(log, 50).await;
        assert!(log.stats().reopened >= 10);
        assert_eq!(log.stats().failed_commits, 0);
        assert_eq!(log.stats().store.away_s, None);
        assert!(log.stats().store.last.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn appends_outlive_restarts_of_the_database_with_any_number_of_lanes() {
    let place = Place::database();
    for (round, lanes) in [1, 2, 3].into_iter().enumerate() {
        let place = if round == 0 { &place } else { &Place::database() };
        nothing_is_lost_while(place, Options { lanes, ..small() }, async |place, log| {
            for _ in 0..3 {
                grow(log, 50).await;
                place.cluster().stop_immediate();
                let is_away = || log.stats().store.away_s.is_some();
                eventually("it is noticed", is_away);
                place.cluster().start_again();
            }
            grow(log, 50).await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_when_the_log_is_dropped_fails_and_nothing_hangs() {
    let place = Place::database();
    let mut bench = place.open(small());
    place.cluster().stop_immediate();
    let batch = bench.batch(device(1), &[(1, 1.0)]);
    let tag = bench.submit(batch).await;
    assert!(!bench.ear.has_heard(tag), "it waits");
    let shutdown = tokio::time::timeout(Duration::from_millis(200), bench.log.shutdown()).await;
    assert!(shutdown.is_err(), "it would be committed if the database came back");
    assert_eq!(bench.ear.wait(tag), Outcome::Failed);
    let read = bench.log.range(query(device(1))).await;
    assert!(matches!(read, Err(Error::Unavailable)), "{read:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_is_told_who_has_the_log() {
    let place = Place::database();
    let bench = place.open(small());
    let refused = place.try_open(Options { held: Duration::from_millis(300), ..small() });
    let Err(Error::Held(trouble)) = refused else { panic!("{refused:?}") };
    assert!(trouble.to_string().contains("edgesync log"), "{trouble}");
    let place = Arc::new(place);
    let waiting = tokio::task::spawn_blocking({
        let (place, runtime) = (place.clone(), tokio::runtime::Handle::current());
        move || runtime.block_on(async { place.try_open(small()).map(drop) })
    });
    eventually("the other one asks", || {
        connections(&place, "edgesync log%", "query LIKE '%try_advisory%'") == 1
    });
    drop(bench);
    assert!(waiting.await.unwrap().is_ok(), "what ends in time is waited for");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_commits_that_change_one_series_do_not_wait_for_each_other() {
    let place = Place::database();
    let mut bench = place.open(small());
    let batch = bench.batch(device(1), &[(1, 0.0)]);
    assert_eq!(bench.append(batch).await, stored(0, 1));
    let days = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'readings'::regclass";
    eventually("days are made ahead", || place.cluster().psql(days) == "3");
    // It keeps a new day from being attached, and nothing else.
    let operator = operator(&place).await;
    operator.batch_execute("BEGIN; LOCK TABLE readings IN SHARE UPDATE EXCLUSIVE MODE").await.unwrap();
    let series = bench.log.series().resolve(device(1), "s").unwrap();
    bench.log.series().unit(series, "°C").unwrap();
    let batch = bench.batch(device(1), &[(100_000, 1.0)]);
    let first = bench.submit(batch).await;
    eventually("the first waits for its day", || connections(&place, "edgesync log%", WAITS) == 1);
    bench.log.series().unit(series, "K").unwrap();
    let many: Vec<_> = (0..limit::LOG_SECOND_READINGS as i64).map(|s| (s, 2.0)).collect();
    let batch = bench.batch(device(1), &many);
    let second = bench.submit(batch).await;
    let is_copied = "state = 'idle in transaction' AND query LIKE 'COPY readings_19700101%'";
    eventually("the second has its rows there", || connections(&place, "edgesync log%", is_copied) == 1);
    operator.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(bench.ear.wait(first), stored(1, 1));
    assert_eq!(bench.ear.wait(second), stored(2, many.len() as u32));
    assert_eq!(bench.log.stats().reopened, 0);
    assert_eq!(place.cluster().psql("SELECT units FROM series"), "{°C,K}");
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_outlive_a_fold_that_is_cut_off() {
    let place = Place::database();
    let mut bench = place.open(small());
    for number in 1..=3 {
        let batch = bench.frames(device(number), 9, 1..=4);
        bench.append(batch).await;
    }
    let operator = operator(&place).await;
    operator.batch_execute("BEGIN; LOCK TABLE marks").await.unwrap();
    // A session begins with a fold.
    let end =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'edgesync log%'";
    for session in 1..=2 {
        place.cluster().psql(end);
        eventually("the next one folds", || {
            bench.log.stats().reopened == session && connections(&place, "edgesync log%", WAITS) == 1
        });
    }
    operator.batch_execute("ROLLBACK").await.unwrap();
    let cluster = place.cluster();
    eventually("it is folded", || cluster.psql("SELECT count(*) FROM log_commits") == "1");
    drop(bench);
    let bench = place.open(small());
    for number in 1..=3 {
        assert_eq!(bench.log.committed(device(number), BootId(9)), FrameSeq(4), "device {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_hangs_is_told_of_until_it_lands() {
    let place = Place::database();
    let mut bench = place.open(small());
    let operator = operator(&place).await;
    operator.batch_execute("BEGIN; LOCK TABLE log_commits IN EXCLUSIVE MODE").await.unwrap();
    let batch = bench.batch(device(1), &[(1, 1.0)]);
    let tag = bench.submit(batch).await;
    eventually("it is noticed", || bench.log.stats().store.away_s.is_some());
    operator.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(bench.ear.wait(tag), stored(0, 1));
    assert_eq!(bench.log.stats().store.away_s, None);
    assert_eq!(bench.log.stats().reopened, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_nobody_waits_for_is_cancelled_and_one_that_is_cancelled_was_too_slow() {
    let place = Place::database();
    let mut bench = place.open(small());
    let batch = bench.batch(device(1), &[(1, 1.0)]);
    bench.append(batch).await;
    let operator = operator(&place).await;
    operator.batch_execute("BEGIN; LOCK TABLE readings").await.unwrap();
    let read = || {
        let log = bench.log.clone();
        let reading = tokio::spawn(async move { log.latest(device(1)).await });
        eventually("it reads", || connections(&place, "edgesync", WAITS) == 1);
        reading
    };
    read().abort();
    eventually("it does not", || connections(&place, "edgesync", WAITS) == 0);
    let reading = read();
    let cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'edgesync'";
    place.cluster().psql(cancel);
    let read = reading.await.unwrap();
    assert!(matches!(read, Err(Error::TooSlow)), "{read:?}");
    operator.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(bench.log.latest(device(1)).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_log_was_taken_stops() {
    let place = Place::database();
    let mut bench = place.open(small());
    let batch = bench.frames(device(1), 9, 1..=3);
    assert_eq!(bench.append(batch).await, stored(0, 3));
    place.cluster().psql("UPDATE log_state SET owner = gen_random_uuid()");
    let batch = bench.frames(device(1), 9, 4..=4);
    assert_eq!(bench.append(batch.clone()).await, Outcome::Failed);
    assert_eq!(bench.append(batch).await, Outcome::Failed, "and does not come back");
    assert_eq!(bench.log.stats().store.last, Some(Failure::Taken));
    assert_eq!(place.cluster().psql("SELECT count(*) FROM readings"), "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_lost_what_was_acknowledged_stops_the_log() {
    let place = Place::database();
    let mut bench = place.open(small());
    for q in 1..=3 {
        let batch = bench.frames(device(1), 9, q..=q);
        assert_eq!(bench.append(batch).await, stored(q - 1, 1));
    }
    // As a standby that was promoted without the last commit.
    place
        .cluster()
        .psql("DELETE FROM log_commits WHERE number = 3; DELETE FROM readings WHERE log_offset = 2");
    place.cluster().psql(END_ALL);
    eventually("it is noticed", || bench.log.stats().store.last == Some(Failure::Lost));
    let batch = bench.frames(device(1), 9, 4..=4);
    assert_eq!(bench.append(batch).await, Outcome::Failed);
    assert_eq!(place.cluster().psql("SELECT count(*) FROM readings"), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn readings_that_the_database_refuses_fail_and_those_beside_them_do_not() {
    let place = Place::database();
    let stall = place.file("stall");
    let mut bench = place.open(Options { stall_file: Some(stall.clone()), ..small() });
    place.cluster().psql("ALTER TABLE readings ADD CONSTRAINT no_thirteen CHECK (value <> 13)");
    std::fs::write(&stall, "").unwrap();
    let mut tags = Vec::new();
    for value in [1.0, 2.0, 13.0, 3.0, 13.0, 4.0] {
        let batch = bench.batch(device(1), &[(value as i64, value)]);
        tags.push(bench.submit(batch).await);
    }
    std::fs::remove_file(&stall).unwrap();
    let outcomes: Vec<Outcome> = tags.iter().map(|tag| bench.ear.wait(*tag)).collect();
    let failed = Outcome::Failed;
    assert_eq!(outcomes, [stored(0, 1), stored(1, 1), failed, stored(2, 1), failed, stored(3, 1)]);
    assert_eq!(bench.values(device(1)).await, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(bench.log.stats().failed_commits, 2);
    assert_eq!(bench.log.stats().store.away_s, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_no_writes_is_waited_for() {
    let place = Place::database();
    let mut bench = place.open(small());
    place.cluster().psql("ALTER ROLE edgesync SET default_transaction_read_only = on");
    place.cluster().psql(END_ALL);
    let batch = bench.batch(device(1), &[(1, 1.0)]);
    let tag = bench.submit(batch).await;
    eventually("it is noticed", || bench.log.stats().store.away_s.is_some());
    place.cluster().psql("ALTER ROLE edgesync SET default_transaction_read_only = off");
    assert_eq!(bench.ear.wait(tag), stored(0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_are_folded_and_found_again() {
    let place = Place::database();
    let mut bench = place.open(small());
    for q in 1..=5u64 {
        let batch = bench.frames(device(q.into()), 9, 1..=q);
        bench.append(batch).await;
    }
    // A session begins with a fold of what the one before it left.
    place.cluster().psql(END_ALL);
    let cluster = place.cluster();
    eventually("they are folded", || cluster.psql("SELECT count(*) FROM marks") == "5");
    assert_eq!(place.cluster().psql("SELECT number FROM log_commits"), "5");
    let batch = bench.frames(device(1), 9, 1..=3);
    assert_eq!(bench.append(batch).await, stored(15, 2));
    drop(bench);
    let bench = place.open(small());
    assert_eq!(bench.log.committed(device(1), BootId(9)), FrameSeq(3));
    assert_eq!(bench.log.committed(device(5), BootId(9)), FrameSeq(5));
}
