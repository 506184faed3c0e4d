//! The way of an append: order, duplicates, gaps, the budget, the tail. On both stores.

use std::time::Duration;

use super::super::Error;
use super::*;

on_both_stores!(
    readings_are_numbered_in_the_order_of_commits,
    a_frame_sent_again_is_acked_and_not_stored,
    a_missing_frame_is_told_and_nothing_is_stored,
    batches_of_one_device_in_one_commit_see_each_other,
    frames_whose_readings_were_all_refused_move_the_mark,
    the_budget_is_used_up_by_a_stalled_store_and_returned_after,
    a_tail_reads_everything_in_order_from_the_store_and_from_memory,
    a_tail_may_start_within_a_commit,
    shutdown_commits_what_is_queued_and_ends_tails,
    the_dictionary_is_bounded_and_outlives_a_restart,
);

async fn readings_are_numbered_in_the_order_of_commits(place: Place) {
    let mut bench = place.open(small());
    let batch = bench.batch(device(1), &[(1, 1.0), (2, 2.0)]);
    assert_eq!(bench.append(batch).await, stored(0, 2));
    let batch = bench.batch(device(2), &[(3, 3.0)]);
    assert_eq!(bench.append(batch).await, stored(2, 1));
    assert_eq!(bench.log.end(), Offset(3));
    assert_eq!(bench.values(device(1)).await, [1.0, 2.0]);
    assert_eq!(bench.values(device(2)).await, [3.0]);
}

async fn a_frame_sent_again_is_acked_and_not_stored(place: Place) {
    let mut bench = place.open(small());
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

async fn a_missing_frame_is_told_and_nothing_is_stored(place: Place) {
    let mut bench = place.open(small());
    let batch = bench.frames(device(1), 9, 2..=3);
    assert_eq!(bench.append(batch).await, Outcome::Gap { expected: FrameSeq(1) });
    let batch = bench.frames(device(1), 9, 1..=1);
    assert_eq!(bench.append(batch).await, stored(0, 1));
    let batch = bench.frames(device(1), 9, 3..=3);
    assert_eq!(bench.append(batch).await, Outcome::Gap { expected: FrameSeq(2) });
    assert_eq!(bench.values(device(1)).await, [1.0]);
}

async fn batches_of_one_device_in_one_commit_see_each_other(place: Place) {
    let stall = place.file("stall");
    std::fs::write(&stall, "").unwrap();
    let options = Options { stall_file: Some(stall.clone()), ..small() };
    let mut bench = place.open(options);
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

async fn frames_whose_readings_were_all_refused_move_the_mark(place: Place) {
    let mut bench = place.open(small());
    for q in 1..=3 {
        let mut batch = bench.frames(device(1), 9, q..=q);
        batch.columns.truncate(0);
        batch.numbered.as_mut().unwrap().frames[0].end_row = 0;
        assert_eq!(bench.append(batch).await, stored(0, 0));
    }
    let batch = bench.frames(device(1), 9, 4..=4);
    assert_eq!(bench.append(batch).await, stored(0, 1));
    drop(bench);
    let bench = place.open(small());
    assert_eq!(bench.log.committed(device(1), BootId(9)), FrameSeq(4));
    assert_eq!(bench.values(device(1)).await, [4.0]);
}

async fn the_budget_is_used_up_by_a_stalled_store_and_returned_after(place: Place) {
    let stall = place.file("stall");
    std::fs::write(&stall, "").unwrap();
    let options = Options { stall_file: Some(stall.clone()), budget_bytes: 4_096, ..small() };
    let mut bench = place.open(options);
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

async fn a_tail_reads_everything_in_order_from_the_store_and_from_memory(place: Place) {
    // The ring holds about four of these commits; the rest must come from the store, which may have made larger ones of them.
    let mut bench = place.open(small());
    let mut tail = bench.log.tail(Offset(0));
    for n in 0..60i64 {
        let batch = bench.batch(device(1), &[(n, n as f64), (n, 0.5)]);
        bench.append(batch).await;
    }
    let mut numbers = Vec::new();
    while tail.lag() > 0 {
        let commit = tail.next().await.unwrap();
        assert_eq!(commit.first, Offset(numbers.len() as u64));
        assert!(
            !commit.new_series.is_empty() || !numbers.is_empty(),
            "the series is told with its first commit"
        );
        numbers.extend_from_slice(&commit.columns.num);
    }
    assert_eq!(
        numbers,
        (0..120).map(|n| if n % 2 == 0 { f64::from(n / 2) } else { 0.5 }).collect::<Vec<_>>()
    );
    assert_eq!(tail.cursor(), Offset(120));
    assert_eq!(tail.next_now().await.unwrap(), None);
    // At the end it waits for the next.
    let waiting = tokio::spawn(async move { tail.next().await.unwrap().first });
    let batch = bench.batch(device(1), &[(99, 9.0)]);
    bench.append(batch).await;
    assert_eq!(waiting.await.unwrap(), Offset(120));
}

async fn a_tail_may_start_within_a_commit(place: Place) {
    let mut bench = place.open(small());
    let batch = bench.batch(device(1), &[(1, 1.0), (2, 2.0), (3, 3.0)]);
    bench.append(batch).await;
    let commit = bench.log.tail(Offset(1)).next().await.unwrap();
    assert_eq!((commit.first, commit.end()), (Offset(1), Offset(3)));
    assert_eq!(commit.columns.num, [2.0, 3.0]);
    assert_eq!(commit.arrivals.last().unwrap().end_row, 2);
    let past = bench.log.tail(Offset(4)).next().await;
    assert!(matches!(past, Err(Error::PastEnd { .. })));
}

async fn shutdown_commits_what_is_queued_and_ends_tails(place: Place) {
    let mut bench = place.open(small());
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

async fn the_dictionary_is_bounded_and_outlives_a_restart(place: Place) {
    use super::super::Refused;
    let mut bench = place.open(small());
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
    let bench = place.open(small());
    assert_eq!(bench.log.series().all(), known);
    assert_eq!(
        bench.log.series().find(device(1), "s63").unwrap().id,
        bench.log.series().of_device(device(1))[63].id
    );
}
