//! `check`: a sound log is found sound, and damage of each kind is found.

use fjall::OwnedWriteBatch;

use super::super::check;
use super::super::embedded::Store;
use super::*;
use crate::check::{Progress, Report};

pub(super) struct Silent;

impl Progress for Silent {
    fn at(&mut self, _: &str, _: u64, _: u64) {}
}

fn look(directory: &Path) -> Report {
    let mut report = Report::default();
    check(directory, &mut report, &mut Silent).unwrap();
    report
}

/// A log with blocks of two series, late readings, commits that are not sealed, and marks.
async fn filled(directory: &Path) {
    let mut bench = Bench::open(directory, small());
    for n in 0..47 {
        let batch = bench.frames(device(1), 9, n + 1..=n + 1);
        bench.append(batch).await;
        let batch = bench.batch(device(2), &[(n as i64, 1.0), (5, 2.0)]);
        bench.append(batch).await;
    }
    bench.log.put_derived(&Arc::new(derived::some())).await.unwrap();
    bench.settle(&small());
    // Values in files of their own, not in the journal.
    bench.log.embedded().store().unwrap().blocks.rotate_memtable_and_wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_log_is_found_sound() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path()).await;
    let report = look(directory.path());
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(report.looked_at["readings"], 47 * 3);
    assert_eq!(report.looked_at["series"], 2);
    assert_eq!((report.looked_at["derived series"], report.looked_at["derived rows"]), (2, 3));
    assert!(report.looked_at["blocks"] > 2 && report.looked_at["commits"] > 0);
    let bench = Bench::open(directory.path(), small());
    assert_eq!(bench.log.end(), Offset(47 * 3), "it is as it was");
    let in_use = check(directory.path(), &mut Report::default(), &mut Silent);
    assert!(matches!(in_use, Err(super::super::Error::InUse { .. })));
}

/// Changes the store as no program of ours would.
async fn damaged(how: impl FnOnce(&Store)) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path()).await;
    let store = Store::open(directory.path()).unwrap();
    how(&store);
    drop(store);
    look(directory.path()).problems
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_is_gone_is_missed() {
    let problems = damaged(|store| {
        let (key, _) = store.blocks.first_key_value().unwrap().into_inner().unwrap();
        store.blocks.remove(key).unwrap();
    })
    .await;
    assert!(problems.iter().any(|problem| problem.contains("are missing")), "{problems:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn readings_that_are_there_twice_are_noticed() {
    let problems = damaged(|store| {
        let (key, value) = store.blocks.first_key_value().unwrap().into_inner().unwrap();
        let mut key = key.to_vec();
        // The same block as another series'.
        key[3] ^= 1;
        store.blocks.insert(key, value).unwrap();
    })
    .await;
    assert!(problems.iter().any(|problem| problem.contains("is there twice")), "{problems:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_gone_a_lost_series_and_a_wrong_newest_reading_are_noticed() {
    let problems = damaged(|store| {
        let first = store.blobs.first_key_value().unwrap().key().unwrap();
        let second = store.blobs.range(first.to_vec()..).nth(1).unwrap().key().unwrap();
        let mut batch = OwnedWriteBatch::with_capacity(store.database.clone(), 3);
        batch.remove(&store.blobs, second);
        batch.remove(&store.series, 1u32.to_be_bytes());
        batch.remove(&store.newest, 0u32.to_be_bytes());
        batch.commit().unwrap();
    })
    .await;
    for what in ["not the next one", "its series is not known", "nothing is known of its newest reading"] {
        assert!(problems.iter().any(|problem| problem.contains(what)), "{what}: {problems:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_behind_what_is_sealed_is_noticed() {
    let problems = damaged(|store| {
        let sealed = store.sealed().unwrap();
        let keys: Vec<_> = store.blobs.iter().map(|guard| guard.key().unwrap()).collect();
        let first = |key: &[u8]| Offset(u64::from_be_bytes(key[..8].try_into().unwrap()));
        let (gone, left): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| first(key) <= sealed);
        assert!(!gone.is_empty() && !left.is_empty());
        gone.into_iter().for_each(|key| store.blobs.remove(key).unwrap());
    })
    .await;
    let is_told =
        |problem: &String| problem.starts_with("commit at") && problem.ends_with("not the next one");
    assert!(problems.iter().any(is_told), "{problems:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_gone_is_missed_and_not_made() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path()).await;
    let store = directory.path().join("store");
    std::fs::remove_dir_all(&store).unwrap();
    let problems = look(directory.path()).problems;
    assert!(problems.iter().any(|problem| problem.contains("there is no store")), "{problems:?}");
    assert!(!store.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_readings_are_told_whatever_else_is_wrong() {
    let problems = damaged(|store| {
        let (key, _) = store.blocks.first_key_value().unwrap().into_inner().unwrap();
        store.blocks.remove(key).unwrap();
        store.marks.insert([0; 16], [9]).unwrap();
    })
    .await;
    for what in ["marks of a device", "are missing"] {
        assert!(problems.iter().any(|problem| problem.contains(what)), "{what}: {problems:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_keep_a_server_from_its_start_is_told() {
    let problems = damaged(|store| store.meta.insert("series-end", [1]).unwrap()).await;
    let is_told = |problem: &String| problem.contains("a server would not start on them");
    assert!(problems.iter().any(is_told), "{problems:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_that_is_flipped_in_a_file_is_found_wherever_in_the_values_it_is() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path()).await;
    let (path, needle) = {
        let store = Store::open(directory.path()).unwrap();
        let (_, value) = store.blocks.last_key_value().unwrap().into_inner().unwrap();
        (store.blocks.path().to_owned(), value.to_vec())
    };
    let (file, at) = find(&path, &needle).expect("the value lies in a file as it is");
    let sound = std::fs::read(&file).unwrap();
    for byte in (at..at + needle.len()).step_by(7) {
        let mut damaged = sound.clone();
        damaged[byte] ^= 0x10;
        std::fs::write(&file, &damaged).unwrap();
        assert!(!look(directory.path()).is_good(), "byte {byte} of {}", file.display());
    }
    std::fs::write(&file, &sound).unwrap();
    assert!(look(directory.path()).is_good());
}

fn find(below: &Path, needle: &[u8]) -> Option<(std::path::PathBuf, usize)> {
    for entry in std::fs::read_dir(below).unwrap().map(Result::unwrap) {
        if entry.metadata().unwrap().is_dir() {
            if let Some(found) = find(&entry.path(), needle) {
                return Some(found);
            }
        } else if let Some(at) =
            std::fs::read(entry.path()).unwrap().windows(needle.len()).position(|w| w == needle)
        {
            return Some((entry.path(), at));
        }
    }
    None
}
