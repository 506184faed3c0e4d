//! Buckets against a naive look at each reading, while heads are sealed, and sensors.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use edgesync_schemas::id::Offset;
use edgesync_schemas::limit;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::super::bucket::BucketSize;
use super::super::calendar::Edges;
use super::super::columns::{Agg, Field, Fill};
use super::super::{BucketQuery, Cell, Error, Numbers};
use super::*;
use crate::log::Retention;

const AGGS: [Agg; 7] = [Agg::Avg, Agg::Min, Agg::Max, Agg::Count, Agg::Sum, Agg::First, Agg::Last];
const ZONES: [&str; 6] =
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns"];

#[derive(Debug, Clone)]
struct Case {
    zone: &'static str,
    day: &'static str,
    size: String,
    /// Minutes from the day: the range.
    from: i64,
    len: i64,
    readings: Vec<(i64, u8)>,
    /// What is measured just before the range, as it begins, just before its end, and at its end; nothing from 12 on.
    at_ends: [u8; 4],
    fill: u8,
}

fn cases() -> impl Strategy<Value = Case> {
    let size = prop_oneof![
        (1u32..7, prop_oneof![Just("h"), Just("d"), Just("w"), Just("mo")])
            .prop_map(|(n, unit)| format!("{n}{unit}")),
        (5u32..200).prop_map(|n| format!("{n}m")),
    ];
    // Mostly within three days, some of equal times, now and then weeks late.
    let minute = prop_oneof![6 => -1_500i64..3_000, 2 => 0i64..4, 1 => -40_000i64..0];
    let readings = proptest::collection::vec((minute, 0u8..12), 0..80);
    let place = (0..ZONES.len(), 0..DAYS.len());
    let at_ends = proptest::array::uniform4(prop_oneof![2 => Just(0u8), 2 => 1u8..12, 1 => Just(12)]);
    (place, size, -1_500i64..1_500, 1i64..3_000, (readings, at_ends), 0u8..3).prop_map(
        |((zone, day), size, from, len, (readings, at_ends), fill)| Case {
            zone: ZONES[zone],
            day: DAYS[day],
            size,
            from,
            len,
            readings,
            at_ends,
            fill,
        },
    )
}

impl Case {
    fn at(&self, minute: i64) -> Timestamp {
        self.day.parse::<Timestamp>().unwrap().plus_us(minute * 60_000_000)
    }

    fn readings(&self) -> Vec<Reading> {
        let readings = self.readings.iter().enumerate();
        let value = |at: usize, kind: u8| match kind {
            0 => Measured::from_json("\"text\"").unwrap(),
            1 => Measured::from_json("true").unwrap(),
            // Sums of these are exact, whatever the order.
            kind => number(f64::from(kind) * 0.25 - at as f64),
        };
        let readings = readings.map(|(at, (minute, kind))| (self.at(*minute), value(at, *kind)));
        let (from, to) = (self.at(self.from), self.at(self.from + self.len));
        let ends = [from.plus_us(-1), from, to.plus_us(-1), to].into_iter().zip(self.at_ends);
        let ends = ends.filter(|(_, kind)| *kind < 12).map(|(ts, kind)| (ts, value(100, kind)));
        readings.chain(ends).map(|(ts, value)| Reading { ts, value }).collect()
    }

    fn fill(&self) -> Fill {
        [Fill::Null, Fill::Previous, Fill::None][usize::from(self.fill)]
    }

    /// What the buckets must be: each reading is looked at for each bucket.
    fn expected(&self, edges: &Edges, readings: &[Reading]) -> Vec<(i64, Vec<String>)> {
        let (from, to) = (self.at(self.from), self.at(self.from + self.len));
        let mut sorted: Vec<&Reading> = readings.iter().collect();
        sorted.sort_by_key(|reading| reading.ts);
        let is_number = |reading: &&&Reading| reading.value.raw().is_none_or(|raw| raw == "true");
        let whole = |reading: &&Reading| {
            let num = serde_json::to_string(&reading.value.num()).unwrap();
            reading.value.raw().map_or(num, str::to_owned)
        };
        let number = |num: Option<f64>| serde_json::to_string(&num).unwrap();
        let told = |inside: &[&Reading]| {
            let nums: Vec<f64> = inside.iter().filter(is_number).map(|reading| reading.value.num()).collect();
            let sum = nums.iter().copied().reduce(|a, b| a + b);
            vec![
                number(sum.map(|sum| sum / nums.len() as f64)),
                number(nums.iter().copied().reduce(f64::min)),
                number(nums.iter().copied().reduce(f64::max)),
                inside.len().to_string(),
                number(sum),
                inside.first().map_or("null".to_owned(), whole),
                inside.last().map_or("null".to_owned(), whole),
            ]
        };
        let before: Vec<&Reading> = sorted.iter().filter(|reading| reading.ts < from).copied().collect();
        let mut carried = told(before.last().map_or(&[], std::slice::from_ref));
        let mut buckets = Vec::new();
        for bounds in edges.bounds().windows(2) {
            let is_inside =
                |ts: Timestamp| ts >= from && ts < to && ts.as_us() >= bounds[0] && ts.as_us() < bounds[1];
            let inside: Vec<&Reading> =
                sorted.iter().filter(|reading| is_inside(reading.ts)).copied().collect();
            let mut bucket = told(&inside);
            if self.fill() == Fill::None && inside.is_empty() {
                continue;
            }
            if self.fill() == Fill::Previous {
                for at in [0, 1, 2, 5, 6] {
                    if bucket[at] == "null" {
                        bucket[at] = carried[at].clone();
                    }
                }
                carried = bucket.clone();
            }
            buckets.push((bounds[0] / 1000, bucket));
        }
        buckets
    }

    async fn run(&self, log: &ReadingLog) {
        let (device, other) = (device(), device());
        let readings = self.readings();
        let earlier = readings.len() / 2;
        for some in readings[..earlier].chunks(7) {
            append(log, device, "s", some).await;
        }
        let before = log.end();
        for some in readings[earlier..].chunks(7) {
            append(log, device, "s", some).await;
        }
        // Others', which must not be in it.
        append(log, device, "other", &readings).await;
        append(log, other, "s", &readings).await;
        let (from, to) = (self.at(self.from), self.at(self.from + self.len));
        let size: BucketSize = self.size.parse().unwrap();
        let edges = Edges::of(size, &TimeZone::get(self.zone).unwrap(), from, to).unwrap();
        assert!(edges.bounds()[0] <= from.as_us() && edges.bounds()[1] > from.as_us(), "{edges:?}");
        assert!(edges.bounds()[edges.len() - 1] < to.as_us() && edges.bounds()[edges.len()] >= to.as_us());
        assert!(edges.bounds().is_sorted_by(|a, b| a < b), "{edges:?}");
        let query = BucketQuery {
            user: user(),
            series: vec![asked(device, "s"), asked(device, "unknown"), asked(device, "s")],
            from,
            to,
            edges: edges.clone(),
            aggs: AGGS.to_vec(),
            fill: self.fill(),
        };
        let told = History::new(log.clone()).buckets(query).await.unwrap();
        let expected = self.expected(&edges, &readings);
        for (at, series) in told.iter().enumerate() {
            let json = |field: &Field| serde_json::to_string(field).unwrap();
            let columns = &series.columns;
            let rows = columns.ts.iter().enumerate().map(|(row, ts)| {
                (*ts, columns.aggs.iter().map(|(_, fields)| json(&fields[row])).collect::<Vec<String>>())
            });
            let rows: Vec<(i64, Vec<String>)> = rows.collect();
            let expected = if at == 1 { self.expected(&edges, &[]) } else { expected.clone() };
            assert_eq!(rows, expected, "series {at}");
        }
        self.check_before(log, device, &edges, (&readings[..earlier], before)).await;
    }

    /// What arrived before an offset, and nothing that arrived later.
    async fn check_before(
        &self,
        log: &ReadingLog,
        device: DeviceId,
        edges: &Edges,
        (readings, before): (&[Reading], Offset),
    ) {
        let history = History::new(log.clone());
        let cells = history.cells_before(&asked(device, "s"), edges.clone(), before, ()).await.unwrap();
        assert_eq!(cells.len(), edges.len());
        for (bounds, cell) in edges.bounds().windows(2).zip(cells) {
            let is_inside = |reading: &&Reading| (bounds[0]..bounds[1]).contains(&reading.ts.as_us());
            let inside: Vec<&Reading> = readings.iter().filter(is_inside).collect();
            let is_number = |reading: &&&Reading| reading.value.raw().is_none_or(|raw| raw == "true");
            let nums: Vec<f64> = inside.iter().filter(is_number).map(|reading| reading.value.num()).collect();
            let numbers = nums.iter().copied().reduce(|a, b| a + b).map(|sum| Numbers {
                count: nums.len() as u64,
                sum,
                min: nums.iter().copied().fold(f64::INFINITY, f64::min),
                max: nums.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            });
            let expected = Cell { count: inside.len() as u64, numbers, first: None, last: None };
            assert_eq!(cell, expected, "{bounds:?} before {before}");
        }
        let unknown =
            history.cells_before(&asked(device, "unknown"), edges.clone(), before, ()).await.unwrap();
        assert_eq!(unknown, vec![Cell::default(); edges.len()]);
    }
}

fn check_buckets(log: &ReadingLog, runtime: &tokio::runtime::Runtime, count: u32) {
    let mut runner = TestRunner::new(ProptestConfig {
        cases: count,
        source_file: Some(file!()),
        ..ProptestConfig::default()
    });
    let checked = runner.run(&cases(), |case| {
        runtime.block_on(case.run(log));
        Ok(())
    });
    if let Err(failed) = checked {
        panic!("{failed}");
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn buckets_are_those_of_a_naive_look_at_each_reading() {
    let directory = tempfile::tempdir().unwrap();
    check_buckets(&open(directory.path()), &runtime(), 100);
}

#[test]
fn buckets_that_a_database_computes_are_the_same() {
    let runtime = runtime();
    let (cluster, log) = runtime.block_on(open_database());
    check_buckets(&log, &runtime, 60);
    runtime.block_on(log.shutdown()).unwrap();
    drop(cluster);
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_count_every_reading_once_while_heads_are_sealed() {
    let directory = tempfile::tempdir().unwrap();
    let (log, device) = (open(directory.path()), device());
    let history = History::new(log.clone());
    let is_over = Arc::new(AtomicBool::new(false));
    let start: Timestamp = DAYS[0].parse().unwrap();
    let reader = tokio::spawn({
        let (is_over, log) = (is_over.clone(), log.clone());
        async move {
            let mut reads = 0;
            while !is_over.load(Ordering::Relaxed) {
                let before = log.end().0;
                let to = start.plus_us(2_000_000);
                let query = BucketQuery {
                    user: user(),
                    series: vec![asked(device, "s")],
                    from: start,
                    to,
                    edges: Edges::equal(50, start, to),
                    aggs: vec![Agg::Count, Agg::Sum],
                    fill: Fill::Null,
                };
                let told = history.buckets(query).await.unwrap().remove(0).columns;
                let after = log.end().0;
                let count: u64 = told.aggs[0]
                    .1
                    .iter()
                    .map(|field| if let Field::Count(count) = field { *count } else { 0 })
                    .sum();
                // Readers see a commit just before the log's end moves over it: its three readings.
                assert!((before..=after + 3).contains(&count), "{count} of {before} to {after}");
                reads += 1;
            }
            reads
        }
    });
    for n in 0..600i64 {
        let reading = |ms: i64| Reading { ts: start.plus_us(ms * 1000), value: number(1.0) };
        append(&log, device, "s", &[reading(n), reading((n + 977) % 1_999), reading(n)]).await;
    }
    is_over.store(true, Ordering::Relaxed);
    assert!(reader.await.unwrap() > 10);
    assert!(log.stats().seals > 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn sensors_are_told_with_what_they_span() {
    let directory = tempfile::tempdir().unwrap();
    let (log, device) = (open(directory.path()), device());
    let at = |s: i64| Timestamp::from_ms(s * 1000).unwrap();
    let readings = |from: i64| -> Vec<Reading> {
        (from..from + 30).map(|s| Reading { ts: at(s), value: number(s as f64) }).collect()
    };
    append(&log, device, "b", &readings(100)).await;
    append(&log, device, "a", &readings(50)).await;
    append(&log, device, "b", &readings(10)[..1]).await;
    let sensors = History::new(log.clone()).sensors(user(), device).await.unwrap();
    let told: Vec<(String, i64, i64)> = sensors
        .iter()
        .map(|sensor| {
            let newest = sensor.newest.as_ref().unwrap();
            (sensor.info.sensor.to_string(), sensor.first.unwrap().as_ms(), newest.timestamp.as_ms())
        })
        .collect();
    assert_eq!(told, [("b".to_owned(), 10_000, 129_000), ("a".to_owned(), 50_000, 79_000)]);
    // A sensor that was only ever announced has no readings.
    log.series().resolve(device, "c").unwrap();
    let sensors = History::new(log).sensors(user(), device).await.unwrap();
    assert!(sensors[2].first.is_none() && sensors[2].newest.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_older_than_it_is_kept_is_not_told_though_it_is_still_there() {
    let directory = tempfile::tempdir().unwrap();
    check_retention(open(directory.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_older_than_it_is_kept_is_not_told_from_a_database_either() {
    let (_cluster, log) = open_database().await;
    check_retention(log.clone()).await;
    log.shutdown().await.unwrap();
}

async fn check_retention(log: ReadingLog) {
    let (short, long) = (device(), device());
    let now = crate::log::now();
    let from = now.plus_us(-20 * 86_400_000_000);
    let readings: Vec<Reading> =
        (0..20).map(|day| Reading { ts: from.plus_us(day * 86_400_000_000), value: number(1.0) }).collect();
    for device in [short, long] {
        append(&log, device, "s", &readings).await;
    }
    log.set_retention(Retention::new(5, HashMap::from([(long, 15)])));
    let history = History::new(log);
    let query = BucketQuery {
        user: user(),
        series: vec![asked(short, "s"), asked(long, "s")],
        from,
        to: now,
        edges: Edges::equal(1, from, now),
        aggs: vec![Agg::Count],
        fill: Fill::Null,
    };
    let told = history.buckets(query).await.unwrap();
    let counts: Vec<String> =
        told.iter().map(|series| serde_json::to_string(&series.columns.aggs[0].1).unwrap()).collect();
    // The one that is just as old as it is kept is no longer told.
    assert_eq!(counts, ["[4]", "[14]"]);
    assert!(
        history.sensors(user(), short).await.unwrap()[0].first.unwrap() > now.plus_us(-5 * 86_400_000_000)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_that_are_too_large_and_text_that_is_too_long_end_alike_on_both_logs() {
    let directory = tempfile::tempdir().unwrap();
    let (_cluster, database) = open_database().await;
    for log in [open(directory.path()), database] {
        let (huge, wordy) = (device(), device());
        let start: Timestamp = DAYS[0].parse().unwrap();
        let at = |ms: i64| start.plus_us(ms * 1000);
        let huges = [1.5e308, 1.5e308].map(|num| Reading { ts: start, value: number(num) });
        append(&log, huge, "s", &huges).await;
        let text = Measured::from_json(&format!("\"{}\"", "x".repeat(4_000))).unwrap();
        let texts: Vec<Reading> = (0..400).map(|ms| Reading { ts: at(ms), value: text.clone() }).collect();
        append(&log, wordy, "s", &texts).await;
        let history = History::new(log.clone());
        let ask = async |device: DeviceId, agg: Agg| {
            let query = BucketQuery {
                user: user(),
                series: vec![asked(device, "s")],
                from: start,
                to: at(400),
                edges: Edges::equal(400, start, at(400)),
                aggs: vec![agg],
                fill: Fill::None,
            };
            let told = history.buckets(query).await;
            told.map(|mut told| serde_json::to_string(&told.remove(0).columns.aggs[0].1).unwrap())
        };
        assert_eq!(ask(huge, Agg::Sum).await.unwrap(), "[null]");
        assert_eq!(ask(huge, Agg::Max).await.unwrap(), "[1.5e+308]");
        assert!(matches!(ask(wordy, Agg::Last).await, Err(Error::TooMuchText(_))));
        assert_eq!(ask(wordy, Agg::Avg).await.unwrap().matches("null").count(), 400);
        log.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_of_more_days_than_a_statement_reads_are_the_same_on_both_logs() {
    let directory = tempfile::tempdir().unwrap();
    let (_cluster, database) = open_database().await;
    let (device, start) = (device(), DAYS[0].parse::<Timestamp>().unwrap());
    let at = |day: i64| start.plus_us(day * 86_400_000_000);
    let days = 3 * limit::LOG_READ_DAYS as i64 + 1;
    let readings: Vec<Reading> =
        (0..days).map(|day| Reading { ts: at(day), value: number(((day * 37) % 101) as f64) }).collect();
    let mut told = Vec::new();
    for log in [open(directory.path()), database] {
        append(&log, device, "s", &readings).await;
        let history = History::new(log.clone());
        for buckets in [1, 7] {
            let query = BucketQuery {
                user: user(),
                series: vec![asked(device, "s")],
                from: start,
                to: at(days),
                edges: Edges::equal(buckets, start, at(days)),
                aggs: AGGS.to_vec(),
                fill: Fill::Null,
            };
            let columns = history.buckets(query).await.unwrap().remove(0).columns;
            let columns = columns.aggs.iter().map(|(_, column)| serde_json::to_string(column).unwrap());
            told.push(columns.collect::<Vec<_>>());
        }
        log.shutdown().await.unwrap();
    }
    assert_eq!(told[0], told[2]);
    assert_eq!(told[1], told[3]);
    assert_eq!(told[0][3], format!("[{days}]"));
}
