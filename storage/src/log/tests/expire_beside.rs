//! Passes beside commits to the same days, and beside connections that break: what is kept is there once.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::super::retention::{DAY_US, now};
use super::super::{Error, Expiry, SLICE};
use super::expire::{aged, keep};
use super::expire_postgres::{dropped, rows};
use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_that_is_kept_is_lost_by_a_pass_and_no_commit_meets_a_day_that_is_gone() {
    let reopened = keep_while_passes_run(false).await;
    assert_eq!(reopened, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_that_is_kept_is_lost_when_connections_break_amid_a_pass() {
    let reopened = keep_while_passes_run(true).await;
    assert!(reopened > 0);
}

/// Three devices of different retention send readings of any of the last days; meanwhile passes run, and connections break if they are
/// to. What may be read must be there once. Gives how often the log's session was opened again.
async fn keep_while_passes_run(is_disturbed: bool) -> u64 {
    let seed = std::env::var("EDGESYNC_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| now().as_us().cast_unsigned());
    println!("EDGESYNC_TEST_SEED={seed}");
    const KEPT: [u32; 3] = [3, 8, 20];
    let place = Place::database();
    let bench = place.open(small());
    // Each is there when its retention is still long.
    keep(&bench, 30, &[]);
    let is_over = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..3u64)
        .map(|number| tokio::spawn(write(bench.log.clone(), number, seed, is_over.clone())))
        .collect();
    let mut random = seed;
    let mut blocks = 0;
    for round in 0..40 {
        let end = bench.log.end().0;
        eventually("readings come", || bench.log.end().0 >= end + 30);
        if round == 5 {
            let asked: Vec<_> = (0u128..).zip(KEPT).map(|(number, days)| (device(number), days)).collect();
            keep(&bench, 30, &asked);
        }
        // A retention that moves by some days makes other days go.
        if round > 5 && next(&mut random).is_multiple_of(3) {
            let less = (next(&mut random) % 3) as u32;
            let asked: Vec<_> =
                (0u128..).zip(KEPT).map(|(number, days)| (device(number), days + 2 - less)).collect();
            keep(&bench, 30, &asked);
        }
        if is_disturbed && next(&mut random).is_multiple_of(5) {
            place
                .cluster()
                .psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'edgesync'");
        }
        let mut pass = Expiry::new(now(), 0, HashSet::new(), bench.log.retention());
        while !pass.is_done() {
            match bench.log.expire(pass, SLICE).await {
                Ok(going) => pass = going,
                Err(Error::Unavailable | Error::Database(_)) => break,
                Err(error) => panic!("{error:?}"),
            }
            blocks += u64::from(pass.is_done()) * pass.expired().blocks;
        }
    }
    is_over.store(true, Ordering::Relaxed);
    let mut written = Vec::new();
    for writer in writers {
        written.push(writer.await.unwrap());
    }
    println!("{blocks} days went, of {} readings", written.iter().map(Vec::len).sum::<usize>());
    assert!(blocks > 10, "passes did something");
    let stats = bench.log.stats();
    assert_eq!(stats.failed_commits, 0);
    drop(bench);
    let bench = place.open(small());
    for (number, (written, days)) in (0..).zip(written.iter().zip(KEPT)) {
        // By the whole day below what was ever asked.
        let oldest = now().plus_us(-i64::from(days) * DAY_US + 60_000_000);
        let mut expected: Vec<(Timestamp, f64)> =
            written.iter().copied().filter(|(ts, _)| *ts >= oldest).collect();
        expected.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let all =
            read_all(&bench.log, RangeQuery { from: Some(oldest), limit: 1_000, ..query(device(number)) })
                .await;
        let mut found: Vec<(Timestamp, f64)> =
            all.iter().map(|reading| (reading.timestamp, reading.num)).collect();
        found.sort_by(|a, b| a.partial_cmp(b).unwrap());
        assert!(!expected.is_empty());
        assert!(found == expected, "device {number}: {} found of {}", found.len(), expected.len());
    }
    assert_eq!(rows(&place) + dropped(&place), bench.log.end().0, "each was counted once");
    stats.reopened
}

/// Sends readings, each of any of the last 20 days. What it was told is durable.
async fn write(log: ReadingLog, number: u64, seed: u64, is_over: Arc<AtomicBool>) -> Vec<(Timestamp, f64)> {
    let mut bench = Bench::new(log);
    let mut random = seed.wrapping_add(number);
    let (mut written, mut value) = (Vec::new(), 0.0);
    while !is_over.load(Ordering::Relaxed) {
        // Not all days all the time: a day to which somebody always writes is left alone.
        tokio::time::sleep(Duration::from_millis(next(&mut random) % 40)).await;
        let (day, mut readings) = (next(&mut random) % 20, Vec::new());
        for _ in 0..1 + next(&mut random) % 4 {
            value += 1.0;
            readings.push((day as f64 + (next(&mut random) % 1_000) as f64 / 1_000.0, value));
        }
        let batch = aged(&bench, device(number.into()), &readings);
        let columns = batch.columns.clone();
        let tag = bench.submit(batch).await;
        let outcome = tokio::task::block_in_place(|| bench.ear.wait(tag));
        assert!(matches!(outcome, Outcome::Durable { .. }), "{outcome:?}");
        written.extend(columns.ts.into_iter().zip(columns.num));
    }
    written
}

fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}
