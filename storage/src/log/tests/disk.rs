//! What disks and processes do: restarts, kills, failures, corruption.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use super::super::embedded::Store;
use super::super::{Error, Tail};
use super::*;

pub(super) fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target: PathBuf = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acked_is_there_after_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), small());
    for q in 1..=70 {
        let batch = bench.frames(device(1), 9, q..=q);
        assert_eq!(bench.append(batch).await, stored(q - 1, 1));
    }
    bench.settle(&small());
    // What a killed process leaves: the files as they are, no orderly end.
    let killed = tempfile::tempdir().unwrap();
    copy_directory(directory.path(), killed.path());
    let mut after = Bench::open(killed.path(), small());
    assert_eq!(after.log.end(), Offset(70));
    assert_eq!(after.log.committed(device(1), BootId(9)), FrameSeq(70));
    assert_eq!(after.values(device(1)).await, (1..=70).map(f64::from).collect::<Vec<_>>());
    let batch = after.frames(device(1), 9, 69..=72);
    assert_eq!(after.append(batch).await, stored(70, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_without_shutdown_loses_nothing_that_was_acked() {
    let directory = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    for round in 0..5u64 {
        let mut bench = Bench::open(directory.path(), small());
        assert_eq!(bench.log.end(), Offset(expected.len() as u64));
        for n in 0..11 {
            let value = (round * 11 + n) as f64;
            let batch = bench.batch(device(1), &[(n as i64, value)]);
            bench.append(batch).await;
            expected.push(value);
        }
    }
    let bench = Bench::open(directory.path(), small());
    let mut values = bench.values(device(1)).await;
    values.sort_by(f64::total_cmp);
    assert_eq!(values, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let bench = Bench::open(directory.path(), small());
    let second = ReadingLog::open(directory.path(), small());
    assert!(matches!(second, Err(Error::InUse { .. })));
    drop(bench);
    assert!(ReadingLog::open(directory.path(), small()).is_ok());
}

async fn fail_a_commit(was_written: bool) {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), small());
    for q in 1..=30 {
        let batch = bench.frames(device(1), 9, q..=q);
        bench.append(batch).await;
    }
    let mut tail: Tail = bench.log.tail(Offset(30));
    {
        let store = bench.log.embedded().store().unwrap();
        let fault = if was_written { &store.faults.after } else { &store.faults.before };
        fault.store(true, Ordering::SeqCst);
    }
    let batch = bench.frames(device(1), 9, 31..=32);
    assert_eq!(bench.append(batch.clone()).await, Outcome::Failed);
    eventually("the store is open again", || bench.log.stats().reopened == 1);
    // The device sends again: stored once, whether the failed commit reached the disk or not.
    let outcome = bench.append(batch).await;
    assert_eq!(outcome, if was_written { stored(32, 0) } else { stored(30, 2) });
    let batch = bench.frames(device(1), 9, 33..=60);
    assert_eq!(bench.append(batch).await, stored(32, 28));
    assert_eq!(bench.values(device(1)).await, (1..=60).map(f64::from).collect::<Vec<_>>());
    assert_eq!(tail.next().await.unwrap().columns.num, [31.0, 32.0], "and told to readers once");
    assert_eq!(tail.next().await.unwrap().columns.num.len(), 28);
    assert_eq!(bench.log.stats().failed_commits, 1);
    bench.settle(&small());
    drop((tail, bench));
    let bench = Bench::open(directory.path(), small());
    assert_eq!(bench.values(device(1)).await, (1..=60).map(f64::from).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_commit_that_did_not_reach_the_disk_is_stored_when_sent_again() {
    fail_a_commit(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_commit_that_did_reach_the_disk_is_not_stored_twice() {
    fail_a_commit(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_commit_is_noticed_at_start() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), small());
    let batch = bench.batch(device(1), &[(1, 1.0)]);
    bench.append(batch).await;
    drop(bench);
    damage(directory.path(), |store| store.blobs.clone());
    let opened = ReadingLog::open(directory.path(), small());
    assert!(matches!(opened, Err(Error::Corrupt { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_block_is_told_to_its_reader() {
    let directory = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(directory.path(), small());
    for n in 0..25 {
        let batch = bench.batch(device(1), &[(n, n as f64)]);
        bench.append(batch).await;
    }
    bench.settle(&small());
    drop(bench);
    damage(directory.path(), |store| store.blocks.clone());
    let bench = Bench::open(directory.path(), small());
    assert!(matches!(bench.log.range(query(device(1))).await, Err(Error::Corrupt { .. })));
}

/// Flips a bit in the first value of a keyspace.
fn damage(directory: &Path, keyspace: impl Fn(&Store) -> fjall::Keyspace) {
    let store = Store::open(directory).unwrap();
    let keyspace = keyspace(&store);
    let (key, value) = keyspace.first_key_value().unwrap().into_inner().unwrap();
    let mut value = value.to_vec();
    let middle = value.len() / 2;
    value[middle] ^= 1;
    keyspace.insert(key, value).unwrap();
}
