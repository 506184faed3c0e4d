//! Days in PostgreSQL that go, whole or in part, beside whatever else happens.

use std::collections::HashSet;
use std::time::Duration;

use edgesync_schemas::id::SeriesId;

use super::super::retention::{DAY_US, now};
use super::super::{Error, Expiry, SLICE};
use super::expire::{aged, expire, keep};
use super::*;

/// The days that there are, but for those made ahead.
fn days(place: &Place) -> usize {
    let sql = "SELECT count(*) FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid WHERE h.inhparent = 'readings'::regclass \
        AND c.relname < 'readings_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')";
    place.cluster().psql(sql).parse().unwrap()
}

/// Waits for the days that are made in the background, which count for what the store takes, too.
fn are_made_ahead(place: &Place) {
    let sql = "SELECT count(*) FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid WHERE h.inhparent = 'readings'::regclass \
        AND c.relname >= 'readings_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')";
    eventually("days are made ahead", || place.cluster().psql(sql) == "2");
}

/// The readings that are there, whoever may see them.
pub(super) fn rows(place: &Place) -> u64 {
    place.cluster().psql("SELECT count(*) FROM readings").parse().unwrap()
}

pub(super) fn dropped(place: &Place) -> u64 {
    place.cluster().psql("SELECT dropped FROM log_state").parse().unwrap()
}

/// A session of somebody else.
async fn somebody(place: &Place) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(place.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A day with five readings of the first device, which is to keep them, and five of the second, which are too old.
async fn half_of_a_day(bench: &mut Bench) {
    for of in [1, 2] {
        let batch = aged(bench, device(of), &[(40.0, 1.0); 5]);
        bench.append(batch).await;
    }
    keep(bench, 30, &[(device(1), 365)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_nobody_may_read_any_more_is_dropped() {
    let place = Place::database();
    let mut bench = place.open(small());
    for of in [device(1), device(2)] {
        let batch = aged(&bench, of, &[(40.0, 1.0), (33.0, 2.0), (10.0, 3.0), (5.0, 4.0)]);
        bench.append(batch).await;
    }
    keep(&bench, 30, &[(device(2), 36)]);
    assert_eq!(bench.values(device(2)).await, [2.0, 3.0, 4.0]);
    are_made_ahead(&place);
    bench.log.measure().await.unwrap();
    let before = bench.log.stats().stored_bytes;
    let expired = expire(&bench, 0, &[]).await;
    assert_eq!(days(&place), 3, "33 days ago the other device may still read");
    assert_eq!((expired.readings, expired.younger), (3, 0), "{expired:?}");
    assert_eq!(rows(&place) + dropped(&place), 8, "what is there and what was dropped is all");
    assert!(expired.bytes > 0 && expired.freed_bytes == expired.bytes);
    assert_eq!(bench.log.stats().stored_bytes, before - expired.bytes);
    let oldest = expired.oldest.unwrap();
    assert!(oldest >= now().plus_us(-34 * DAY_US) && oldest <= now().plus_us(-33 * DAY_US), "{oldest}");
    assert_eq!(expire(&bench, 0, &[]).await.blocks, 0, "nothing is left to drop");
    assert_eq!(bench.values(device(1)).await, [3.0, 4.0]);
    assert_eq!(bench.log.stats().expired_readings, 3);
    // Longer again: a late reading makes the day again.
    keep(&bench, 365, &[]);
    let batch = aged(&bench, device(1), &[(40.0, 9.0)]);
    assert_eq!(bench.append(batch).await, stored(8, 1));
    assert_eq!(bench.values(device(1)).await, [9.0, 3.0, 4.0]);
    assert_eq!((bench.log.stats().reopened, days(&place)), (0, 4));
    drop(bench);
    let bench = place.open(small());
    assert_eq!(bench.values(device(1)).await, [9.0, 3.0, 4.0]);
    assert_eq!(bench.log.end(), Offset(9));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_written_anew_without_those_who_asked_for_less() {
    let place = Place::database();
    let mut bench = place.open(small());
    let series = bench.log.series().resolve(device(1), "s").unwrap();
    let unit = bench.log.series().unit(series, "°C").unwrap();
    let mut batch = aged(&bench, device(1), &[]);
    for n in 0..10 {
        let value =
            if n == 3 { Value::from_json("\"open\"").unwrap() } else { Value::number(f64::from(n)).unwrap() };
        batch.columns.push(series, now().plus_us(-40 * DAY_US), value, unit, Quality::GOOD);
    }
    bench.append(batch).await;
    let batch = aged(&bench, device(2), &[(40.0, 1.0); 20]);
    bench.append(batch).await;
    let before = bench.all(device(1)).await;
    keep(&bench, 30, &[(device(1), 365)]);
    let expired = expire(&bench, 0, &[]).await;
    assert_eq!((expired.readings, expired.younger, expired.blocks), (20, 0, 1));
    assert_eq!((rows(&place), dropped(&place), days(&place)), (10, 20, 1));
    assert_eq!(bench.all(device(1)).await, before, "with all that they have");
    assert_eq!(expire(&bench, 0, &[]).await.blocks, 0);
    let tables = "SELECT count(*) FROM pg_class WHERE relname LIKE 'readings%kept' OR relkind = 'c'";
    assert_eq!(place.cluster().psql(tables), "0", "nothing of the work is left");
    let indexes = "SELECT count(*) FROM pg_inherits WHERE inhrelid IN (SELECT indexrelid FROM pg_index \
        WHERE indrelid = (SELECT tableoid FROM readings LIMIT 1))";
    assert_eq!(place.cluster().psql(indexes), "2", "its indexes belong to those of all days");
    let batch = aged(&bench, device(1), &[(40.0, 10.0)]);
    assert_eq!(bench.append(batch).await, stored(30, 1), "the day takes readings as before");
    drop(bench);
    let bench = place.open(small());
    keep(&bench, 30, &[(device(1), 365)]);
    assert_eq!(bench.all(device(1)).await.len(), 11);
    let read = bench.log.tail(Offset(0)).next().await.unwrap();
    assert_eq!(read.end(), Offset(10), "a reader of all goes up to the hole");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_little_of_a_day_stays_until_there_is_more() {
    let place = Place::database();
    let mut bench = place.open(small());
    for (of, count) in [(1, 80), (2, 20), (3, 10)] {
        let batch = aged(&bench, device(of), &vec![(40.0, 1.0); count]);
        bench.append(batch).await;
    }
    keep(&bench, 365, &[(device(2), 30), (device(3), 41)]);
    assert_eq!(expire(&bench, 0, &[]).await.blocks, 0, "20 of 110");
    assert_eq!((bench.values(device(2)).await.len(), rows(&place)), (0, 110), "it is hidden");
    // Two days on, the third device's are too old as well.
    let then = now().plus_us(2 * DAY_US);
    let mut pass = Expiry::new(then, 0, HashSet::new(), bench.log.retention());
    while !pass.is_done() {
        pass = bench.log.expire(pass, SLICE).await.unwrap();
    }
    assert_eq!((pass.expired().readings, rows(&place)), (30, 80), "30 of 110");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_store_loses_its_oldest_days_first_and_never_today() {
    let place = Place::database();
    let mut bench = place.open(small());
    for days in (0..10).rev() {
        let batch = aged(&bench, device(1), &vec![(f64::from(days), 1.0); 2_000]);
        bench.append(batch).await;
    }
    are_made_ahead(&place);
    // The embedded store's default: nothing is too old.
    bench.log.measure().await.unwrap();
    let all = bench.log.stats().stored_bytes;
    assert_eq!(expire(&bench, all, &[]).await.blocks, 0, "it fits");
    let expired = expire(&bench, all / 2, &[]).await;
    assert!((5..=6).contains(&expired.blocks), "{expired:?} of 10");
    assert_eq!((expired.younger, expired.readings), (expired.blocks * 2_000, expired.blocks * 2_000));
    assert!(bench.log.stats().stored_bytes <= all / 2);
    let left = read_all(&bench.log, RangeQuery { limit: 10_000, ..query(device(1)) }).await;
    assert_eq!(left.len() as u64, 20_000 - expired.readings);
    assert_eq!(left[0].offset, Offset(expired.readings), "the oldest went");
    expire(&bench, 1, &[]).await;
    assert_eq!((days(&place), rows(&place)), (0, 2_000), "today's are left");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_full_store_had_no_room_to_write_anew_is_written_when_it_has() {
    let place = Place::database();
    let mut bench = place.open(small());
    let batch = aged(&bench, device(1), &[(45.0, 1.0); 2_000]);
    bench.append(batch).await;
    half_of_a_day(&mut bench).await;
    are_made_ahead(&place);
    bench.log.measure().await.unwrap();
    let expired = expire(&bench, bench.log.stats().stored_bytes - 1, &[]).await;
    assert_eq!((expired.blocks, expired.younger, rows(&place)), (1, 2_000, 10), "the oldest day went");
    assert_eq!(expire(&bench, 0, &[]).await.readings, 5);
    assert_eq!((rows(&place), bench.values(device(1)).await), (5, vec![1.0; 5]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_device_is_forgotten_with_its_last_day() {
    let place = Place::database();
    let mut bench = place.open(small());
    let batch = aged(&bench, device(1), &[(1.0, 1.0)]);
    bench.append(batch).await;
    let mut batch = aged(&bench, device(2), &[(10.0, 1.0)]);
    let frames = vec![FrameEnd { q: FrameSeq(1), end_row: 1 }];
    batch.numbered = Some(Numbered { boot: BootId(9), frames });
    bench.append(batch).await;
    keep(&bench, 30, &[]);
    assert_eq!(expire(&bench, 0, &[device(2)]).await.series, 0, "its reading is kept for as long as others");
    assert_eq!(bench.values(device(2)).await, [1.0]);
    keep(&bench, 7, &[]);
    assert_eq!(expire(&bench, 0, &[device(2)]).await.series, 1);
    let check = |bench: &Bench| {
        assert_eq!(bench.log.devices(), [device(1)]);
        assert_eq!(bench.log.committed(device(2), BootId(9)), FrameSeq(0));
    };
    check(&bench);
    drop(bench);
    // The last commit's record has the mark still, until another commit is the last one and it was folded; then it is forgotten for good.
    let mut bench = place.open(small());
    keep(&bench, 7, &[]);
    let batch = aged(&bench, device(1), &[(1.0, 2.0)]);
    bench.append(batch).await;
    place.cluster().psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'edgesync'");
    eventually("it is folded", || place.cluster().psql("SELECT count(*) FROM log_commits") == "1");
    while expire_if_there(&bench, device(2)).await.is_err() {}
    check(&bench);
    assert_eq!(place.cluster().psql("SELECT count(*) FROM marks"), "0");
    drop(bench);
    let bench = place.open(small());
    check(&bench);
    assert_eq!(bench.log.series().resolve(device(3), "s").unwrap(), SeriesId(2), "1 was another's");
}

/// A pass, which fails while the session is opened again.
async fn expire_if_there(bench: &Bench, gone: DeviceId) -> Result<(), Error> {
    let mut pass = Expiry::new(now(), 0, [gone].into(), bench.log.retention());
    while !pass.is_done() {
        pass = bench.log.expire(pass, SLICE).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_for_long_is_left_alone_and_keeps_nobody_waiting() {
    let place = Place::database();
    let mut bench = place.open(small());
    let batch = aged(&bench, device(1), &[(40.0, 1.0), (39.0, 2.0), (1.0, 3.0)]);
    bench.append(batch).await;
    keep(&bench, 30, &[]);
    let somebody = somebody(&place).await;
    somebody.batch_execute("BEGIN; SELECT count(*) FROM readings").await.unwrap();
    let log = bench.log.clone();
    let pass = tokio::spawn(async move {
        let mut pass = Expiry::new(now(), 0, HashSet::new(), log.retention());
        while !pass.is_done() {
            pass = log.expire(pass, SLICE).await.unwrap();
        }
        pass.expired()
    });
    let mut slowest = Duration::ZERO;
    while !pass.is_finished() {
        let started = Instant::now();
        let batch = aged(&bench, device(1), &[(0.0, 4.0)]);
        bench.append(batch).await;
        assert_eq!(bench.log.latest(device(1)).await.unwrap()[0].num, 4.0);
        slowest = slowest.max(started.elapsed());
    }
    println!("the slowest append and read took {slowest:?}");
    assert_eq!(pass.await.unwrap().blocks, 0);
    assert_eq!(days(&place), 3);
    somebody.batch_execute("COMMIT").await.unwrap();
    assert_eq!(expire(&bench, 0, &[]).await.blocks, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_own_the_log_drops_nothing() {
    let place = Place::database();
    let mut bench = place.open(small());
    let batch = aged(&bench, device(1), &[(40.0, 1.0)]);
    bench.append(batch).await;
    keep(&bench, 30, &[]);
    place.cluster().psql("UPDATE log_state SET owner = gen_random_uuid()");
    let mut pass = Ok(Expiry::new(now(), 0, HashSet::new(), bench.log.retention()));
    while let Ok(going) = &pass {
        assert!(!going.is_done());
        pass = bench.log.expire(going.clone(), SLICE).await;
    }
    assert!(matches!(pass, Err(Error::Unavailable)), "{pass:?}");
    assert_eq!((days(&place), rows(&place)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_of_somebody_keeps_its_day_and_no_other() {
    let place = Place::database();
    let mut bench = place.open(small());
    let batch = aged(&bench, device(1), &[(40.0, 1.0), (39.0, 2.0), (38.0, 3.0)]);
    bench.append(batch).await;
    keep(&bench, 30, &[]);
    let table = place.cluster().psql("SELECT tableoid::regclass FROM readings WHERE value = 2");
    place.cluster().psql(&format!("CREATE VIEW mine AS SELECT * FROM {table}"));
    assert_eq!(expire(&bench, 0, &[]).await.blocks, 2);
    assert_eq!(rows(&place), 1);
    place.cluster().psql("DROP VIEW mine");
    assert_eq!(expire(&bench, 0, &[]).await.blocks, 0, "it is looked at again tomorrow");
    drop(bench);
    let bench = place.open(small());
    keep(&bench, 30, &[]);
    assert_eq!(expire(&bench, 0, &[]).await.blocks, 1, "or after a restart");
}

/// What an interrupted pass left does not keep the next one from its work.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_interrupted_pass_left_is_removed() {
    let place = Place::database();
    let mut bench = place.open(small());
    half_of_a_day(&mut bench).await;
    let table = place.cluster().psql("SELECT DISTINCT tableoid::regclass FROM readings");
    for of in [table.as_str(), "readings_19700101"] {
        place.cluster().psql(&format!("CREATE TABLE {of}_kept_0123456789ab AS SELECT * FROM readings"));
        place.cluster().psql(&format!("ALTER TABLE {of}_kept_0123456789ab OWNER TO edgesync"));
    }
    assert_eq!(expire(&bench, 0, &[]).await.readings, 5);
    assert_eq!(bench.values(device(1)).await, [1.0; 5]);
    assert_eq!(rows(&place), 5);
    assert_eq!(
        place.cluster().psql("SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname LIKE '%kept%'"),
        "0"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_an_older_view_of_the_database_sees_what_is_kept() {
    let place = Place::database();
    let mut bench = place.open(small());
    half_of_a_day(&mut bench).await;
    let somebody = somebody(&place).await;
    // Its view is taken, and no table that the pass wants is locked.
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM bookmarks";
    somebody.batch_execute(begin).await.unwrap();
    assert_eq!(expire(&bench, 0, &[]).await.readings, 0, "left for another time");
    let row = somebody.query_one("SELECT count(*) FROM readings", &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 10);
    somebody.batch_execute("COMMIT").await.unwrap();
    assert_eq!(expire(&bench, 0, &[]).await.readings, 0, "not again within the hour");
    assert_eq!(
        (
            rows(&place),
            place
                .cluster()
                .psql("SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname LIKE '%kept%'")
        ),
        (10, "0".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_which_nothing_can_be_done_keeps_no_other_from_going() {
    let place = Place::database();
    let mut bench = place.open(small());
    let batch = aged(&bench, device(1), &[(40.0, 1.0), (39.0, 2.0), (38.0, 3.0)]);
    bench.append(batch).await;
    keep(&bench, 30, &[]);
    let cluster = place.cluster();
    let table = cluster.psql("SELECT tableoid::regclass FROM readings WHERE value = 1");
    // As somebody restores a day under another name.
    cluster.psql(&format!("ALTER TABLE {table} OWNER TO postgres; GRANT ALL ON {table} TO edgesync"));
    assert_eq!(expire(&bench, 0, &[]).await.blocks, 2);
    assert_eq!((rows(&place), bench.log.stats().failed_expiries), (1, 1));
    let batch = aged(&bench, device(1), &[(1.0, 4.0)]);
    bench.append(batch).await;
    bench.log.measure().await.unwrap();
    assert_eq!(expire(&bench, 1, &[]).await.blocks, 1, "nor does it count as what the size may do without");
}

/// A server that was cut off goes on with its passes, and must not touch what the new one works on.
#[tokio::test(flavor = "multi_thread")]
async fn a_former_owner_writes_no_day_anew() {
    let place = Place::database();
    let mut bench = place.open(small());
    half_of_a_day(&mut bench).await;
    let mut pass = Expiry::new(now(), 0, HashSet::new(), bench.log.retention());
    // The days are found while it is the owner still.
    pass = bench.log.expire(pass, Duration::ZERO).await.unwrap();
    place.cluster().psql("UPDATE log_state SET owner = gen_random_uuid()");
    let pass = bench.log.expire(pass, Duration::ZERO).await;
    assert!(matches!(pass, Err(Error::Unavailable)), "{pass:?}");
    assert_eq!(rows(&place), 10);
}
