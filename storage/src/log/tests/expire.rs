//! Retention: what is too old is hidden at once and dropped in the background, and nothing else is.

use std::collections::{BTreeSet, HashSet};

use edgesync_schemas::id::SeriesId;

use super::super::embedded::Store;
use super::super::embedded::block::rows;
use super::super::embedded::expire::give_back;
use super::super::retention::{DAY_US, now};
use super::super::{Error, Expired, Expiry, Retention, SLICE};
use super::disk::copy_directory;
use super::*;

/// A batch of one reading of sensor `s` per (age in days, value).
pub(super) fn aged(bench: &Bench, device: DeviceId, readings: &[(f64, f64)]) -> AdmittedBatch {
    let series = bench.log.series().resolve(device, "s").unwrap();
    let mut columns = Columns::default();
    for (days, num) in readings {
        let ts = now().plus_us(-(days * DAY_US as f64) as i64);
        columns.push(series, ts, Value::number(*num).unwrap(), UnitIndex::NONE, Quality::GOOD);
    }
    AdmittedBatch { device, received_at: now(), numbered: None, columns }
}

pub(super) fn keep(bench: &Bench, default_days: u32, days: &[(DeviceId, u32)]) {
    bench.log.set_retention(Retention::new(default_days, days.iter().copied().collect()));
}

pub(super) async fn expire(bench: &Bench, bytes_max: u64, gone: &[DeviceId]) -> Expired {
    let mut pass = Expiry::new(now(), bytes_max, gone.iter().copied().collect(), bench.log.retention());
    while !pass.is_done() {
        pass = bench.log.expire(pass, SLICE).await.unwrap();
    }
    pass.expired()
}

/// Appends and seals: the head is as large as the batch.
async fn sealed(bench: &mut Bench, batch: AdmittedBatch) {
    let end = bench.log.end().plus(batch.columns.len() as u64);
    bench.append(batch).await;
    eventually("it is sealed", || bench.log.stats().sealed == end);
}

fn one() -> Options {
    Options { head_readings: 1, give_back_bytes: 1, ..small() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_older_than_its_device_asks_is_hidden_and_then_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), one());
    for of in [device(1), device(2)] {
        let batch = aged(&bench, of, &[(40.0, 1.0), (39.9, 2.0), (10.0, 3.0), (5.0, 4.0)]);
        sealed(&mut bench, batch).await;
    }
    assert_eq!(bench.values(device(1)).await.len(), 4, "everything is kept until somebody says otherwise");
    keep(&bench, 30, &[(device(2), 365)]);
    assert_eq!(bench.values(device(1)).await, [3.0, 4.0]);
    assert_eq!(bench.values(device(2)).await, [1.0, 2.0, 3.0, 4.0]);
    let expired = expire(&bench, 0, &[]).await;
    assert_eq!((expired.readings, expired.blocks, expired.younger), (2, 1, 0));
    let oldest = expired.oldest.unwrap();
    assert!(oldest < now().plus_us(-39 * DAY_US), "that of the other device is left");
    assert_eq!(expire(&bench, 0, &[]).await.blocks, 0, "nothing is left to drop");
    // Longer again: what was dropped is gone, the rest is not.
    keep(&bench, 365, &[]);
    assert_eq!(bench.values(device(1)).await, [3.0, 4.0]);
    assert_eq!(bench.log.stats().expired_readings, 2);
    assert_eq!(bench.log.end(), Offset(8), "offsets go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_a_moment_ago_is_hidden_and_not_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), one());
    let batch = aged(&bench, device(1), &[(10.0, 1.0), (9.5, 2.0)]);
    sealed(&mut bench, batch).await;
    keep(&bench, 30, &[]);
    let before = bench.log.retention();
    keep(&bench, 7, &[]);
    let mut pass = Expiry::new(now(), 0, HashSet::new(), before);
    while !pass.is_done() {
        pass = bench.log.expire(pass, SLICE).await.unwrap();
    }
    assert_eq!((pass.expired().blocks, bench.values(device(1)).await), (0, vec![]));
    keep(&bench, 30, &[]);
    assert_eq!(bench.values(device(1)).await, [1.0, 2.0], "there again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_reaches_into_the_time_kept_stays_and_shows_only_that() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), one());
    let batch = aged(&bench, device(1), &[(30.3, 1.0), (29.8, 2.0)]);
    sealed(&mut bench, batch).await;
    keep(&bench, 30, &[]);
    assert_eq!(expire(&bench, 0, &[]).await.blocks, 0);
    assert_eq!(bench.values(device(1)).await, [2.0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_reading_goes_when_it_is_too_old_and_a_new_one_takes_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), one());
    for days in [50.0, 45.0, 40.0] {
        let batch = aged(&bench, device(1), &[(days, days)]);
        sealed(&mut bench, batch).await;
    }
    keep(&bench, 30, &[]);
    assert_eq!(bench.log.latest(device(1)).await.unwrap(), [], "hidden before it is dropped");
    assert_eq!(expire(&bench, 0, &[]).await.blocks, 3);
    keep(&bench, 365, &[]);
    assert_eq!(bench.log.latest(device(1)).await.unwrap(), [], "and dropped");
    let batch = aged(&bench, device(1), &[(60.0, 7.0)]);
    sealed(&mut bench, batch).await;
    assert_eq!(
        bench.log.latest(device(1)).await.unwrap()[0].num,
        7.0,
        "nothing is known of the newer one that went"
    );
    assert_eq!(bench.values(device(1)).await, [7.0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_device_is_forgotten_with_its_last_reading_and_its_numbers_are_not_given_out_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), one());
    let batch = aged(&bench, device(1), &[(1.0, 1.0)]);
    sealed(&mut bench, batch).await;
    let mut batch = aged(&bench, device(2), &[(10.0, 1.0)]);
    let frames = vec![FrameEnd { q: FrameSeq(1), end_row: 1 }];
    batch.numbered = Some(Numbered { boot: BootId(9), frames });
    sealed(&mut bench, batch).await;
    assert_eq!(bench.log.devices(), [device(1), device(2)]);
    keep(&bench, 30, &[]);
    assert_eq!(expire(&bench, 0, &[device(2)]).await.series, 0, "its reading is kept for as long as others");
    assert_eq!(bench.values(device(2)).await, [1.0]);
    keep(&bench, 7, &[]);
    assert_eq!(expire(&bench, 0, &[device(2)]).await.series, 1);
    assert_eq!(bench.log.devices(), [device(1)]);
    assert_eq!(bench.log.committed(device(2), BootId(9)), FrameSeq(0));
    drop(bench);
    let bench = Bench::open(directory.path(), one());
    assert_eq!(bench.log.devices(), [device(1)], "also after a restart");
    assert_eq!(bench.log.series().resolve(device(3), "s").unwrap(), SeriesId(2), "1 was another's");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_marks_of_a_deleted_device_s_imports_go_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), one());
    let device = DeviceId::from_uuid(Uuid::now_v7());
    let imports = crate::log::imports_of(device);
    let mut batch = aged(&bench, device, &[]);
    batch.device = imports;
    batch.numbered =
        Some(Numbered { boot: BootId(9), frames: vec![FrameEnd { q: FrameSeq(1), end_row: 0 }] });
    bench.append(batch).await;
    assert_eq!((bench.log.devices(), bench.log.committed(imports, BootId(9))), (vec![device], FrameSeq(1)));
    expire(&bench, 0, &[device]).await;
    assert_eq!((bench.log.devices(), bench.log.committed(imports, BootId(9))), (vec![], FrameSeq(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_store_loses_its_oldest_readings_first_whatever_they_ask() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), one());
    let mut random = 7u64;
    for hours in (0..100).rev() {
        let readings: Vec<(f64, f64)> =
            (0..500).map(|_| (f64::from(hours) / 24.0, noise(&mut random))).collect();
        let batch = aged(&bench, device(1), &readings);
        sealed(&mut bench, batch).await;
    }
    flush(&bench);
    let before = bench.log.stats().stored_bytes;
    assert_eq!(expire(&bench, before, &[]).await.blocks, 0, "it fits");
    let expired = expire(&bench, before / 2, &[]).await;
    assert!((55..=70).contains(&expired.blocks), "{expired:?} of 100");
    assert_eq!(expired.younger, expired.readings, "retention would have kept them");
    let left = bench.all(device(1)).await;
    assert_eq!(left.len() as u64, 50_000 - expired.readings);
    assert!(left.iter().all(|reading| reading.offset.0 >= expired.readings), "the oldest went");
    assert!(bench.log.stats().stored_bytes <= before / 2);
}

fn rows_in(store: &Store) -> u64 {
    store.blocks.iter().map(|guard| rows(&guard.value().unwrap()).unwrap()).sum()
}

/// Random bits make numbers that do not compress.
fn noise(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 * 1e-9
}

fn flush(bench: &Bench) {
    bench.log.embedded().store().unwrap().blocks.rotate_memtable_and_wait().unwrap();
}

fn bytes_below(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.metadata() {
            Ok(of) if of.is_dir() => bytes_below(&entry.path()),
            Ok(of) => of.len(),
            // Deleted meanwhile.
            Err(_) => 0,
        })
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn space_is_given_back_to_the_file_system() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), Options { head_readings: 20_000, ..one() });
    let mut random = 7u64;
    // Two thirds of each flush expire: files are rewritten, not only deleted.
    for _ in 0..5 {
        for (of, days) in [(device(1), 40.0), (device(2), 41.0), (device(3), 1.0)] {
            let readings: Vec<(f64, f64)> =
                (0..20_000).map(|n| (days + f64::from(n) * 1e-6, noise(&mut random))).collect();
            let batch = aged(&bench, of, &readings);
            sealed(&mut bench, batch).await;
        }
        flush(&bench);
    }
    let store = bench.log.embedded().store().unwrap();
    let path = store.blocks.path().to_owned();
    let before = bytes_below(&path);
    assert!(before > 1_000_000, "{before} bytes of 300,000 readings");
    keep(&bench, 30, &[]);
    let expired = expire(&bench, 0, &[]).await;
    assert_eq!(expired.readings, 200_000);
    let after = bytes_below(&path);
    assert!(after < before * 2 / 5, "{before} bytes became {after}");
    assert!(expired.freed_bytes > before / 2, "{expired:?}");
    assert_eq!(store.expired().unwrap(), 0);
    let left = RangeQuery { limit: 10_000, ..query(device(3)) };
    assert_eq!(read_all(&bench.log, left).await.len(), 100_000, "what was moved is whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_and_seals_go_on_while_blocks_are_dropped() {
    let directory = tempfile::tempdir().unwrap();
    // A head that grew past its size while another was sealed leaves a rest that only its age seals.
    let options = Options { head_readings: 5_000, head_age: Duration::from_millis(20), ..one() };
    let mut bench = Bench::open(directory.path(), options);
    // 20,000 blocks: a reading a day of each of 1,000 sensors.
    let series: Vec<SeriesId> = (0..1000)
        .map(|n| bench.log.series().resolve(device(100 + n / 50), &format!("s{n}")).unwrap())
        .collect();
    for day in 0..20 {
        let mut columns = Columns::default();
        for id in &series {
            let ts = now().plus_us(-(40 + day) * DAY_US);
            columns.push(*id, ts, Value::number(1.0).unwrap(), UnitIndex::NONE, Quality::GOOD);
        }
        let batch = AdmittedBatch { device: device(100), received_at: now(), numbered: None, columns };
        bench.append(batch).await;
    }
    eventually("all is sealed", || bench.log.stats().sealed == Offset(20_000));
    keep(&bench, 30, &[]);
    let log = bench.log.clone();
    let dropping = tokio::spawn(async move {
        let mut pass = Expiry::new(now(), 0, HashSet::new(), log.retention());
        while !pass.is_done() {
            pass = log.expire(pass, SLICE).await.unwrap();
        }
        pass.expired()
    });
    let mut slowest = Duration::ZERO;
    let mut commits = 0;
    while !dropping.is_finished() || commits < 5_100 {
        let batch = aged(&bench, device(1), &[(1.0, f64::from(commits))]);
        let started = Instant::now();
        bench.append(batch).await;
        slowest = slowest.max(started.elapsed());
        commits += 1;
    }
    assert_eq!(dropping.await.unwrap().readings, 20_000);
    assert_eq!(bench.values(device(1)).await.len() as i32, commits);
    println!("{commits} commits, the slowest took {slowest:?}");
}

/// Slices of no time at all, each followed by what a kill at that moment leaves behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_amid_a_pass_loses_nothing_that_is_kept_and_the_next_pass_finishes() {
    let seed = std::env::var("EDGESYNC_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| now().as_us().cast_unsigned());
    println!("EDGESYNC_TEST_SEED={seed}");
    let mut random = seed;
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), one());
    for _ in 0..60 {
        let of = device(1 + (noise(&mut random) * 1e9) as u128 % 3);
        let days = 1.0 + (noise(&mut random) * 1e9) % 60.0;
        let batch = aged(&bench, of, &[(days, days), (days + 0.1, days + 0.1)]);
        sealed(&mut bench, batch).await;
    }
    keep(&bench, 30, &[(device(3), 45)]);
    let mut expected = Vec::new();
    for of in 1..=3 {
        expected.push(bench.all(device(of)).await);
    }
    let mut pass = Expiry::new(now(), 0, HashSet::new(), bench.log.retention());
    let mut killed = Vec::new();
    while !pass.is_done() {
        let to = tempfile::tempdir().unwrap();
        copy_directory(directory.path(), to.path());
        killed.push(to);
        assert!(killed.len() < 50, "a pass gets on with every slice");
        pass = bench.log.expire(pass, Duration::from_nanos(1)).await.unwrap();
    }
    assert!(killed.len() >= 3, "a pass of several steps");
    for directory in killed {
        let bench = Bench::open(directory.path(), one());
        keep(&bench, 30, &[(device(3), 45)]);
        for pass in [false, true] {
            if pass {
                expire(&bench, 0, &[]).await;
            }
            for (of, expected) in (1..=3).zip(&expected) {
                assert_eq!(bench.all(device(of)).await, *expected);
                let latest = bench.log.latest(device(of)).await.unwrap();
                assert_eq!(latest.first(), expected.last());
            }
        }
        // Nothing is left that no key tells of.
        let store = bench.log.embedded().store().unwrap();
        let known: BTreeSet<Vec<u8>> =
            store.newest.iter().map(|guard| guard.key().unwrap().to_vec()).collect();
        let with_blocks: BTreeSet<Vec<u8>> =
            store.blocks.iter().map(|guard| guard.key().unwrap()[..4].to_vec()).collect();
        assert_eq!(known, with_blocks);
        let (end, dropped) = (bench.log.stats().sealed, store.dropped().unwrap());
        assert_eq!(rows_in(&store) + dropped, end.0, "what is there and what was dropped is all");
        give_back(&store, 1).unwrap();
        assert_eq!(rows_in(&store) + dropped, end.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_shut_down_drops_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let bench = Bench::open(directory.path(), small());
    bench.log.shutdown().await.unwrap();
    let pass = Expiry::new(now(), 0, HashSet::new(), bench.log.retention());
    let pass = bench.log.expire(pass, SLICE).await;
    assert!(matches!(pass, Err(Error::Closed)));
}
