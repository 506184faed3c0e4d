//! Days: how they become partitions, what is locked and read of many, and what happens where one is missing.

use super::*;

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
