//! What is particular to the embedded store: heads, sealing, blobs that are kept for readers.

use std::time::Duration;

use super::super::Error;
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn sealed_commits_are_kept_for_a_tail_that_is_behind_and_dropped_after() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { tail_bytes: 1, ..small() };
    let mut bench = Bench::open(directory.path(), options.clone());
    let mut behind = bench.log.tail(Offset(0));
    for n in 0..100 {
        let batch = bench.batch(device(1), &[(n, n as f64)]);
        bench.append(batch).await;
    }
    bench.settle(&options);
    assert_eq!(bench.log.stats().blobs, 100);
    assert_eq!(behind.next().await.unwrap().first, Offset(0));
    drop(behind);
    for n in 0..40 {
        let batch = bench.batch(device(1), &[(n, n as f64)]);
        bench.append(batch).await;
    }
    eventually("sealed commits are dropped", || bench.log.stats().blobs < 60);
    let late = bench.log.tail(Offset(0)).next().await;
    let Err(Error::Dropped { oldest }) = late else { panic!("{late:?}") };
    assert_eq!(bench.log.tail(oldest).next().await.unwrap().first, oldest);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { tail_bytes: 1, held_bytes: 50 * 1024, ..small() };
    let mut bench = Bench::open(directory.path(), options);
    let mut behind = bench.log.tail(Offset(0));
    for n in 0..150 {
        let batch = bench.batch(device(1), &[(n, n as f64)]);
        bench.append(batch).await;
    }
    eventually("the oldest are dropped although they are held", || bench.log.stats().blobs < 80);
    assert!(matches!(behind.next().await, Err(Error::Dropped { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_sealer_is_behind_appends_wait_and_memory_is_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), small());
    let store = bench.log.embedded().store().unwrap();
    store.faults.no_seals.store(true, std::sync::atomic::Ordering::SeqCst);
    let mut tags = Vec::new();
    for n in 0..30 {
        let readings: Vec<(i64, f64)> = (0..10).map(|row| (n * 10 + row, 1.0)).collect();
        let batch = bench.batch(device(1), &readings);
        tags.push(bench.submit(batch).await);
        if n < 4 {
            bench.ear.wait(tags[n as usize]);
        }
    }
    eventually("both heads are full", || bench.log.stats().head_readings >= 40);
    eventually("the appender waits", || bench.log.stats().seal_wait_us_total >= 100_000);
    assert!(!bench.ear.has_heard(tags[29]));
    store.faults.no_seals.store(false, std::sync::atomic::Ordering::SeqCst);
    drop(store);
    assert_eq!(bench.ear.wait(tags[3]), stored(30, 10));
    bench.ear.wait(tags[29]);
    assert_eq!(bench.all(device(1)).await.len(), 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_sealed_when_it_is_old_although_it_is_not_full() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { head_age: Duration::from_millis(20), ..Options::default() };
    let mut bench = Bench::open(directory.path(), options);
    let batch = bench.batch(device(1), &[(1, 1.0)]);
    bench.append(batch).await;
    eventually("the head is sealed", || bench.log.stats().sealed == Offset(1));
    assert_eq!(bench.values(device(1)).await, [1.0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_after_a_bookmark_is_kept_across_a_restart_until_the_bookmark_moves() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), small());
    assert_eq!(bench.log.bookmark("reader"), None);
    for n in 0..5i64 {
        let batch = bench.batch(device(1), &[(n, n as f64)]);
        bench.append(batch).await;
    }
    bench.log.set_bookmark("reader", Offset(3), false).await.unwrap();
    drop(bench);
    let mut bench = Bench::open(directory.path(), small());
    assert_eq!(bench.log.bookmark("reader"), Some(Offset(3)));
    // Several heads are sealed while no reader runs.
    for n in 5..105i64 {
        let batch = bench.batch(device(1), &[(n, n as f64)]);
        bench.append(batch).await;
    }
    bench.settle(&small());
    let commit = bench.log.tail(Offset(3)).next().await.unwrap();
    assert_eq!((commit.first, commit.columns.num[0]), (Offset(3), 3.0));
    let kept = bench.log.stats().blobs;
    assert!(kept >= 102, "{kept}");
    bench.log.set_bookmark("reader", Offset(100), true).await.unwrap();
    for n in 105..150i64 {
        let batch = bench.batch(device(1), &[(n, n as f64)]);
        bench.append(batch).await;
    }
    eventually("blobs before the bookmark are dropped", || bench.log.stats().blobs < 100);
    // It is written down after the log has stopped, too.
    bench.log.shutdown().await.unwrap();
    bench.log.set_bookmark("reader", Offset(150), true).await.unwrap();
    drop(bench);
    assert_eq!(Bench::open(directory.path(), small()).log.bookmark("reader"), Some(Offset(150)));
}
