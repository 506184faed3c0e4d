//! The way of an append: order, duplicates, gaps, the budget, the tail.

use std::time::Duration;

use super::super::Error;
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn readings_are_numbered_in_the_order_of_commits() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), small());
    let batch = bench.batch(device(1), &[(1, 1.0), (2, 2.0)]);
    assert_eq!(bench.append(batch).await, stored(0, 2));
    let batch = bench.batch(device(2), &[(3, 3.0)]);
    assert_eq!(bench.append(batch).await, stored(2, 1));
    assert_eq!(bench.log.end(), Offset(3));
    assert_eq!(bench.values(device(1)).await, [1.0, 2.0]);
    assert_eq!(bench.values(device(2)).await, [3.0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_sent_again_is_acked_and_not_stored() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), small());
    let batch = bench.frames(device(1), 9, 1..=3);
    assert_eq!(bench.append(batch.clone()).await, stored(0, 3));
    assert_eq!(bench.append(batch).await, stored(3, 0));
    let batch = bench.frames(device(1), 9, 2..=5);
    assert_eq!(bench.append(batch).await, stored(3, 2), "only frames 4 and 5 are new");
    assert_eq!(bench.log.committed(device(1), BootId(9)), FrameSeq(5));
    assert_eq!(bench.log.committed(device(1), BootId(8)), FrameSeq(0));
    assert_eq!(bench.values(device(1)).await, [1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(bench.log.stats().duplicate_frames, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_frame_is_told_and_nothing_is_stored() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), small());
    let batch = bench.frames(device(1), 9, 2..=3);
    assert_eq!(bench.append(batch).await, Outcome::Gap { expected: FrameSeq(1) });
    let batch = bench.frames(device(1), 9, 1..=1);
    assert_eq!(bench.append(batch).await, stored(0, 1));
    let batch = bench.frames(device(1), 9, 3..=3);
    assert_eq!(bench.append(batch).await, Outcome::Gap { expected: FrameSeq(2) });
    assert_eq!(bench.values(device(1)).await, [1.0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_of_one_device_in_one_commit_see_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let stall = directory.path().join("stall");
    std::fs::write(&stall, "").unwrap();
    let options = Options { stall_file: Some(stall.clone()), ..small() };
    let mut bench = Bench::open(directory.path(), options);
    let mut tags = Vec::new();
    // The first may make a commit of its own; the others are queued behind it and come together.
    for qs in [1..=1, 2..=3, 2..=4, 6..=6, 5..=5] {
        let batch = bench.frames(device(1), 9, qs);
        tags.push(bench.submit(batch).await);
    }
    assert!(!bench.ear.has_heard(tags[0]), "the store is stalled");
    std::fs::remove_file(&stall).unwrap();
    let outcomes: Vec<Outcome> = tags.iter().map(|tag| bench.ear.wait(*tag)).collect();
    let gap = Outcome::Gap { expected: FrameSeq(5) };
    assert_eq!(outcomes, [stored(0, 1), stored(1, 2), stored(3, 1), gap, stored(4, 1)]);
    assert_eq!(bench.values(device(1)).await, [1.0, 2.0, 3.0, 4.0, 5.0]);
    assert!(bench.log.stats().commits <= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_whose_readings_were_all_refused_move_the_mark() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), small());
    for q in 1..=3 {
        let mut batch = bench.frames(device(1), 9, q..=q);
        batch.columns.truncate(0);
        batch.numbered.as_mut().unwrap().frames[0].end_row = 0;
        assert_eq!(bench.append(batch).await, stored(0, 0));
    }
    let batch = bench.frames(device(1), 9, 4..=4);
    assert_eq!(bench.append(batch).await, stored(0, 1));
    drop(bench);
    let bench = Bench::open(directory.path(), small());
    assert_eq!(bench.log.committed(device(1), BootId(9)), FrameSeq(4));
    assert_eq!(bench.values(device(1)).await, [4.0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_budget_is_used_up_by_a_stalled_store_and_returned_after() {
    let directory = tempfile::tempdir().unwrap();
    let stall = directory.path().join("stall");
    std::fs::write(&stall, "").unwrap();
    let options = Options { stall_file: Some(stall.clone()), budget_bytes: 4_096, ..small() };
    let mut bench = Bench::open(directory.path(), options);
    let mut tags = Vec::new();
    for s in 0..8 {
        let batch = bench.batch(device(1), &[(s, s as f64)]);
        tags.push(bench.submit(batch).await);
    }
    assert_eq!(bench.log.stats().queued_bytes, 4_096);
    let log = bench.log.clone();
    let mut ninth = tokio::spawn(async move { log.reserve(1).await });
    assert!(tokio::time::timeout(Duration::from_millis(30), &mut ninth).await.is_err(), "no room");
    std::fs::remove_file(&stall).unwrap();
    drop(ninth.await.unwrap());
    tags.iter().for_each(|tag| assert_ne!(bench.ear.wait(*tag), Outcome::Failed));
    eventually("the budget is whole again", || bench.log.stats().queued_bytes == 0);
    let all = bench.log.reserve(usize::MAX).await;
    assert_eq!(bench.log.stats().queued_bytes, 4_096, "more than the budget is the whole budget");
    drop(all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_reads_every_commit_in_order_from_disk_and_from_memory() {
    let directory = tempfile::tempdir().unwrap();
    // The ring holds about four of these commits; the rest must come from disk.
    let mut bench = Bench::open(directory.path(), small());
    let mut tail = bench.log.tail(Offset(0));
    for n in 0..60i64 {
        let batch = bench.batch(device(1), &[(n, n as f64), (n, 0.5)]);
        bench.append(batch).await;
    }
    for n in 0..60u64 {
        let commit = tail.next().await.unwrap();
        assert_eq!((commit.first, commit.columns.num[0]), (Offset(2 * n), n as f64));
        assert_eq!(commit.new_series.len(), usize::from(n == 0), "the series is told with its first commit");
    }
    assert_eq!((tail.lag(), tail.cursor()), (0, Offset(120)));
    assert_eq!(tail.next_now().await.unwrap(), None);
    // At the end it waits for the next.
    let waiting = tokio::spawn(async move { tail.next().await.unwrap().first });
    let batch = bench.batch(device(1), &[(99, 9.0)]);
    bench.append(batch).await;
    assert_eq!(waiting.await.unwrap(), Offset(120));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_may_start_within_a_commit() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), small());
    let batch = bench.batch(device(1), &[(1, 1.0), (2, 2.0), (3, 3.0)]);
    bench.append(batch).await;
    let commit = bench.log.tail(Offset(1)).next().await.unwrap();
    assert_eq!((commit.first, commit.end()), (Offset(1), Offset(3)));
    assert_eq!(commit.columns.num, [2.0, 3.0]);
    assert_eq!(commit.arrivals.last().unwrap().end_row, 2);
    let past = bench.log.tail(Offset(4)).next().await;
    assert!(matches!(past, Err(Error::PastEnd { .. })));
}

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
async fn shutdown_commits_what_is_queued_and_ends_tails() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), small());
    let mut tags = Vec::new();
    for n in 0..50 {
        let batch = bench.batch(device(1), &[(n, n as f64)]);
        tags.push(bench.submit(batch).await);
    }
    let mut tail = bench.log.tail(Offset(50));
    bench.log.shutdown().await.unwrap();
    tags.iter().for_each(|tag| assert_ne!(bench.ear.wait(*tag), Outcome::Failed));
    assert!(matches!(tail.next().await, Err(Error::Closed)));
    let batch = bench.batch(device(1), &[(0, 0.0)]);
    assert_eq!(bench.append(batch).await, Outcome::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dictionary_is_bounded_and_outlives_a_restart() {
    use super::super::Refused;
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), small());
    let series = bench.log.series().clone();
    let id = series.resolve(device(1), "s").unwrap();
    assert_eq!(series.unit(id, "C").unwrap(), UnitIndex(1));
    assert_eq!(series.unit(id, "K").unwrap(), UnitIndex(2));
    assert_eq!(series.unit(id, "C").unwrap(), UnitIndex(1));
    for n in 0..6 {
        series.unit(id, &format!("u{n}")).unwrap();
    }
    assert_eq!(series.unit(id, "one more"), Err(Refused::Unit));
    assert_eq!(series.resolve(device(1), "not a name"), Err(Refused::Name));
    for n in 1..64 {
        series.resolve(device(1), &format!("s{n}")).unwrap();
    }
    assert_eq!(series.resolve(device(1), "one-more"), Err(Refused::TooMany));
    let batch = bench.batch(device(1), &[(1, 1.0)]);
    bench.append(batch).await;
    let known = series.all();
    drop((series, bench));
    let bench = Bench::open(directory.path(), small());
    assert_eq!(bench.log.series().all(), known);
    assert_eq!(
        bench.log.series().find(device(1), "s63").unwrap().id,
        bench.log.series().of_device(device(1))[63].id
    );
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
