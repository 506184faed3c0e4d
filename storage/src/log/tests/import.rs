//! A log that is written anew reads as the one it was read from, and goes on where that ended.

use super::super::{Error, Import};
use super::*;

/// Everything of a log, by series.
async fn contents(log: &ReadingLog) -> Vec<StoredReading> {
    let mut all = Vec::new();
    for info in log.series().all() {
        let mut after = None;
        loop {
            let page = log.of_series(&info, after, 7).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.timestamp, last.offset));
            all.extend(page);
        }
    }
    all
}

async fn copy(from: &ReadingLog, to: &Path, word: &str, readings_max: usize) -> Option<()> {
    let import = Import::open(to, word).await.unwrap();
    let rest = from.rest();
    import.put_series(rest.series.clone(), rest.series_end).await.unwrap();
    let mut copied = 0;
    for info in from.series().all() {
        let mut after = import.newest(info.id).await.unwrap();
        loop {
            let page = from.of_series(&info, after, 5).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.timestamp, last.offset));
            copied += page.len();
            import.put(info.clone(), page).await.unwrap();
            if copied >= readings_max {
                return None;
            }
        }
    }
    let count = contents(from).await.len() as u64;
    import.put_rest(rest, count).await.unwrap();
    import.finish().await.unwrap();
    Some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_written_anew_in_many_attempts_is_the_same_and_goes_on() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut bench = Bench::open(here.path(), small());
    for n in 0..47u64 {
        let batch = bench.frames(device(1), 9, n + 1..=n + 1);
        bench.append(batch).await;
        let mut batch = bench.batch(device(2), &[(n as i64, 1.0), (5, 2.0), (3_000_000, 2.5)]);
        let series = bench.log.series().resolve(device(2), "t").unwrap();
        let unit = bench.log.series().unit(series, if n % 2 == 0 { "°C" } else { "K" }).unwrap();
        let text = Value::from_json("\"open\"").unwrap();
        batch.columns.push(series, at(n as i64 % 7), text, unit, Quality::CLOCK_AHEAD);
        bench.append(batch).await;
    }
    bench.log.set_bookmark("flows", Offset(9), true).await.unwrap();
    // Each attempt gets some readings further, and leaves a target that no server would start on.
    let mut attempts = 0;
    while copy(&bench.log, there.path(), "here", 40).await.is_none() {
        attempts += 1;
        assert!(attempts < 20);
        let opened = ReadingLog::open(there.path(), small());
        assert!(matches!(opened, Err(Error::HalfMoved { from }) if from == "here"));
        let other = Import::open(there.path(), "elsewhere").await;
        assert!(matches!(other, Err(Error::HalfMoved { .. })));
    }
    assert!(attempts >= 3, "{attempts}");
    assert!(matches!(Import::open(there.path(), "here").await, Err(Error::Moved)), "it is done");
    assert!(matches!(Import::open(there.path(), "elsewhere").await, Err(Error::NotEmpty)));
    let expected = contents(&bench.log).await;
    assert_eq!(expected.len(), 47 * 5);
    let rest = bench.log.rest();
    let mut moved = Bench::open(there.path(), small());
    assert_eq!(contents(&moved.log).await, expected);
    assert_eq!(moved.log.rest(), rest);
    assert_eq!(moved.log.latest(device(2)).await.unwrap(), bench.log.latest(device(2)).await.unwrap());
    // The device sends again what it has no answer for.
    let batch = moved.frames(device(1), 9, 46..=49);
    assert_eq!(moved.append(batch).await, stored(47 * 5, 2));
    drop((bench, moved));
    let mut report = crate::check::Report::default();
    super::super::check(there.path(), &mut report, &mut check::Silent).unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
}
