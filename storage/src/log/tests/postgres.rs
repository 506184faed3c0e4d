//! What happens to databases: connections that break, restarts, other servers, data that is refused, time.

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
async fn a_page_locks_the_days_that_it_is_of_and_a_long_time_is_read_in_stretches() {
    let place = Place::database();
    let mut bench = place.open(Options { tail_bytes: 1, ..small() });
    let days = 3 * limit::LOG_READ_DAYS as i64;
    let readings: Vec<_> = (0..days).map(|day| (day * 86_400, day as f64)).collect();
    let batch = bench.batch(device(1), &readings);
    assert_eq!(bench.append(batch).await, stored(0, days as u32));
    let batch = bench.batch(device(2), &readings[..2]);
    bench.append(batch).await;
    let batch = bench.batch(device(1), &readings[days as usize - 1..]);
    bench.append(batch).await;

    let operator = operator(&place).await;
    operator.batch_execute("BEGIN; LOCK TABLE readings_19700101, readings_19700102").await.unwrap();
    let newest = || RangeQuery { order: Order::Descending, ..query(device(1)) };
    // More often than PostgreSQL makes a plan for each time, unless told to.
    for _ in 0..8 {
        let read = async { (bench.log.latest(device(1)).await, bench.log.range(newest()).await) };
        let read =
            tokio::time::timeout(Duration::from_secs(10), read).await.expect("it waits for no old day");
        assert_eq!(read.0.unwrap()[0].num, (days - 1) as f64);
        assert_eq!(read.1.unwrap().readings.len(), 7);
    }
    operator.batch_execute("ROLLBACK").await.unwrap();

    let mut values: Vec<f64> = (0..days).map(|day| day as f64).collect();
    values.push((days - 1) as f64);
    assert_eq!(bench.values(device(1)).await, values);
    values.reverse();
    let backwards = read_all(&bench.log, newest()).await;
    assert!(backwards.iter().map(|reading| reading.num).eq(values));
    assert_eq!(bench.log.latest(device(2)).await.unwrap()[0].num, 1.0, "in the oldest stretch");
    let first = bench.log.tail(Offset(0)).next().await.unwrap();
    assert_eq!((first.first, first.end()), (Offset(0), bench.log.end()), "of all days, in order");
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

#[tokio::test(flavor = "multi_thread")]
async fn days_are_partitions_and_the_view_has_the_names_of_things() {
    let place = Place::database();
    let mut bench = place.open(small());
    let series = bench.log.series().resolve(device(7), "t").unwrap();
    let unit = bench.log.series().unit(series, "°C").unwrap();
    let mut columns = Columns::default();
    // Six days in one commit, more than go straight into their partitions.
    for day in 0..6 {
        let ts = Timestamp::from_us(day * 86_400_000_000 - 1).unwrap();
        columns.push(series, ts, Value::number(day as f64).unwrap(), unit, Quality::GOOD);
    }
    let text = Value::from_json("\"open\"").unwrap();
    columns.push(series, at(1_700_000_000), text, UnitIndex::NONE, Quality::GOOD);
    let batch = AdmittedBatch { device: device(7), received_at: at(1_700_000_001), numbered: None, columns };
    assert_eq!(bench.append(batch).await, stored(0, 7));
    let cluster = place.cluster();
    let days = cluster.psql("SELECT DISTINCT tableoid::regclass FROM readings ORDER BY 1 LIMIT 2");
    assert!(days.contains("readings_19691231"), "{days}");
    let rows = cluster.psql(
        "SELECT device_id, sensor_type, value, coalesce(unit, '-'), \"timestamp\", received_at, coalesce(raw_data::text, '-') \
         FROM sensor_data WHERE value = 5 OR raw_data IS NOT NULL ORDER BY \"timestamp\"",
    );
    assert_eq!(
        rows,
        "00000000-0000-0000-0000-000000000007|t|5|°C|1970-01-05 23:59:59.999999+00|2023-11-14 22:13:21+00|-\n\
         00000000-0000-0000-0000-000000000007|t|0|-|2023-11-14 22:13:20+00|2023-11-14 22:13:21+00|\"open\""
    );
    let today = cluster.psql("SELECT to_regclass('readings_' || to_char(now(), 'YYYYMMDD')) IS NOT NULL");
    assert_eq!(today, "t", "made ahead");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_years_come_in_at_once_and_readings_of_too_many_days_fail_alone() {
    let place = Place::database();
    let stall = place.file("stall");
    let mut bench = place.open(Options { stall_file: Some(stall.clone()), ..small() });
    let days = |from: i64, count: i64| -> Vec<(i64, f64)> {
        (from..from + count).map(|day| (day * 86_400, day as f64)).collect()
    };
    std::fs::write(&stall, "").unwrap();
    let mut tags = Vec::new();
    for (number, readings) in [
        (3, days(3, 1)),
        (1, days(0, 365)),
        (1, days(365, 365)),
        (2, days(0, limit::LOG_COMMIT_DAYS as i64 + 1)),
        (3, days(4, 1)),
    ] {
        let batch = bench.batch(device(number), &readings);
        tags.push(bench.submit(batch).await);
    }
    std::fs::remove_file(&stall).unwrap();
    let outcomes: Vec<Outcome> = tags.iter().map(|tag| bench.ear.wait(*tag)).collect();
    assert_eq!(outcomes, [stored(0, 1), stored(1, 365), stored(366, 365), Outcome::Failed, stored(731, 1)]);
    assert_eq!(bench.values(device(1)).await, (0..730).map(f64::from).collect::<Vec<_>>());
    let stats = bench.log.stats();
    assert_eq!((stats.failed_commits, stats.reopened), (1, 0));
    // Those whose record, and that of the one before, are not folded yet.
    let most = "SELECT coalesce(max(days), 0) FROM (SELECT count(DISTINCT date_trunc('day', r.ts, 'UTC')) AS days \
        FROM log_commits c JOIN log_commits b ON b.number = c.number - 1 \
        JOIN readings r ON r.log_offset >= b.end_offset AND r.log_offset < c.end_offset GROUP BY c.number) d";
    let most: usize = place.cluster().psql(most).parse().unwrap();
    assert!(most <= limit::LOG_COMMIT_DAYS, "{most} days in one commit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_cannot_be_made_ahead_is_nobodys_fault() {
    let place = Place::database();
    let mut bench = place.open(small());
    let batch = bench.batch(device(1), &[(1, 1.0)]);
    assert_eq!(bench.append(batch).await, stored(0, 1));
    let cluster = place.cluster();
    let ahead = "SELECT to_regclass('readings_' || to_char(now() AT TIME ZONE 'UTC' + interval '1 day', 'YYYYMMDD')) IS NOT NULL";
    eventually("days are made ahead", || cluster.psql(ahead) == "t");
    drop(bench);
    cluster.psql(
        "DO $$ DECLARE day text; BEGIN
         FOR day IN SELECT c.relname FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
             WHERE h.inhparent = 'readings'::regclass AND c.relname > 'readings_2'
         LOOP EXECUTE 'DROP TABLE ' || day; END LOOP; END $$",
    );
    cluster.psql(
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
         IF current_query() LIKE '%ATTACH PARTITION%' THEN RAISE EXCEPTION 'no' USING ERRCODE = '22000'; END IF; END $$;
         CREATE EVENT TRIGGER no_days ON ddl_command_start EXECUTE FUNCTION refuse()",
    );
    let mut bench = place.open(small());
    let data = Failure::ALL.iter().position(|failure| *failure == Failure::Data).unwrap();
    eventually("it is noticed", || bench.log.stats().store.failures[data] > 0);
    let batch = bench.frames(device(1), 9, 1..=2);
    assert_eq!(bench.append(batch).await, stored(1, 2), "of a day that is there");
    let stats = bench.log.stats();
    assert_eq!((stats.failed_commits, stats.reopened, stats.store.away_s), (0, 0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_that_is_behind_a_dropped_day_is_told_where_to_go_on() {
    let place = Place::database();
    let mut bench = place.open(Options { tail_bytes: 1, ..small() });
    for s in [1, 100_000, 2, 100_001] {
        let batch = bench.batch(device(1), &[(s, 0.0)]);
        bench.append(batch).await;
    }
    let batch = bench.batch(device(1), &[(100_002, 1.0)]);
    bench.append(batch).await;
    place.cluster().psql("DROP TABLE readings_19700101");
    let missed = bench.log.tail(Offset(0)).next().await;
    let Err(Error::Dropped { oldest }) = missed else { panic!("{missed:?}") };
    assert_eq!(oldest, Offset(1));
    let mut tail = bench.log.tail(oldest);
    assert_eq!(tail.next().await.unwrap().end(), Offset(2), "up to the hole");
    let missed = tail.next().await;
    assert!(matches!(missed, Err(Error::Dropped { oldest: Offset(3) })), "{missed:?}");
    // And a late reading of that day makes it again.
    let batch = bench.batch(device(1), &[(3, 9.0)]);
    assert_eq!(bench.append(batch).await, stored(5, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_long_hole_is_found() {
    let place = Place::database();
    let mut bench = place.open(Options { tail_bytes: 1, ..small() });
    let mut end = 0;
    for (day, count) in [(0, 1), (1, 90_000), (2, 20_000)] {
        let readings: Vec<_> = (0..count).map(|at| (day * 86_400 + at % 80_000, at as f64)).collect();
        let batch = bench.batch(device(1), &readings);
        assert_eq!(bench.append(batch).await, stored(end, count as u32));
        end += count as u64;
    }
    place.cluster().psql("DROP TABLE readings_19700102");
    for (at, found) in [(1, 90_001), (50_000, 90_001), (90_000, 90_001)] {
        let missed = bench.log.tail(Offset(at)).next().await;
        let Err(Error::Dropped { oldest }) = missed else { panic!("{missed:?}") };
        assert_eq!(oldest, Offset(found), "from {at}");
    }
    assert_eq!(bench.log.tail(Offset(90_001)).next().await.unwrap().first, Offset(90_001));
    place.cluster().psql("DROP TABLE readings_19700103");
    let missed = bench.log.tail(Offset(1)).next().await;
    assert!(matches!(missed, Err(Error::Dropped { oldest }) if oldest == bench.log.end()), "{missed:?}");
}
