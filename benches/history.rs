//! Goal 12: a million points of one series as 1,000 buckets of their lowest and highest values.
//!
//! `cargo bench -p edgesync-storage --bench history` measures the embedded log in a temporary directory: right after the log was opened (its caches are empty,
//! the system's page cache is not), and again and again after that. All readings are sealed into blocks first, as history is; and
//! once they are not, and lie in the head. Then the same on PostgreSQL, in a cluster that the bench starts.

#![allow(clippy::unwrap_used, reason = "a bench may stop where it stands")]

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use edgesync_schemas::id::{DeviceId, UserId};
use edgesync_schemas::reading::{AdmittedBatch, Columns, Quality};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::value::Value;
use edgesync_storage::history::calendar::Edges;
use edgesync_storage::history::columns::{Agg, Fill};
use edgesync_storage::history::{Asked, BucketQuery, History};
use edgesync_storage::log::{Append, OnCommit, Options, Outcome, ReadingLog};
use edgesync_storage::postgres::{Server, Target};
use uuid::Uuid;

const POINTS: i64 = 1_000_000;
const BATCH: i64 = 50_000;
const BUCKETS: usize = 1_000;
const WARM_RUNS: usize = 20;
const START_MS: i64 = 1_750_000_000_000;

struct Ear(mpsc::SyncSender<Outcome>);

impl OnCommit for Ear {
    fn done(&self, _: u64, outcome: Outcome) {
        self.0.try_send(outcome).unwrap();
    }
}

fn device() -> DeviceId {
    DeviceId::from_uuid(Uuid::from_u128(1))
}

/// A reading a second, some ms early or late, with a decimal: what a sensor sends.
fn reading(n: i64) -> (Timestamp, f64) {
    let noise = (n.wrapping_mul(6_364_136_223_846_793_005) >> 33) as f64 / f64::from(1 << 30);
    let ts = Timestamp::from_ms(START_MS + n * 1_000 + n * 7_919 % 40).unwrap();
    (ts, ((20.0 + (n as f64 / 5_000.0).sin() * 8.0 + noise) * 10.0).round() / 10.0)
}

async fn fill(log: &ReadingLog) {
    let series = log.series().resolve(device(), "temperature").unwrap();
    for first in (0..POINTS).step_by(BATCH as usize) {
        let mut columns = Columns::default();
        for (ts, num) in (first..first + BATCH).map(reading) {
            columns.push(series, ts, Value::number(num).unwrap(), UnitIndex::NONE, Quality::GOOD);
        }
        let permit = log.reserve(columns.bytes()).await;
        let (ts, _) = reading(first + BATCH);
        let batch = AdmittedBatch { device: device(), received_at: ts, numbered: None, columns };
        let (heard, outcome) = mpsc::sync_channel(1);
        log.submit(Append { batch, permit, tag: 0, on_commit: Arc::new(Ear(heard)) });
        assert!(matches!(outcome.recv().unwrap(), Outcome::Durable { .. }));
    }
}

/// How long the question takes. The answer is checked: a bench that lost points measures nothing.
async fn ask(history: &History, aggs: &[Agg]) -> Duration {
    let from = Timestamp::from_ms(START_MS).unwrap();
    let to = Timestamp::from_ms(START_MS + POINTS * 1_000).unwrap();
    let query = BucketQuery {
        user: UserId::from_uuid(Uuid::nil()),
        series: vec![Asked { device: device(), sensor: "temperature".parse().unwrap() }],
        from,
        to,
        edges: Edges::equal(BUCKETS, from, to),
        aggs: aggs.to_vec(),
        fill: Fill::Null,
    };
    let started = Instant::now();
    let told = history.buckets(query).await.unwrap().remove(0).columns;
    let took = started.elapsed();
    assert_eq!(told.ts.len(), BUCKETS);
    for (agg, fields) in &told.aggs {
        let json: Vec<f64> =
            fields.iter().map(|field| serde_json::to_string(field).unwrap().parse().unwrap()).collect();
        if *agg == Agg::Count {
            assert_eq!(json.iter().sum::<f64>(), POINTS as f64);
        } else {
            assert!(json.iter().all(|num| (10.0..32.0).contains(num)));
        }
    }
    took
}

async fn measure(name: &str, log: ReadingLog) {
    let history = History::new(log);
    let sets: [(&str, &[Agg]); 3] = [
        ("min,max", &[Agg::Min, Agg::Max]),
        ("avg,count", &[Agg::Avg, Agg::Count]),
        ("first,last", &[Agg::First, Agg::Last]),
    ];
    for (aggs, set) in sets {
        let first = ask(&history, set).await;
        let mut runs = Vec::new();
        for _ in 0..WARM_RUNS {
            runs.push(ask(&history, set).await);
        }
        runs.sort();
        println!(
            "{name:28} {aggs:10} first {:6.1} ms   then median {:6.1} ms   slowest {:6.1} ms",
            ms(first),
            ms(runs[WARM_RUNS / 2]),
            ms(runs[WARM_RUNS - 1])
        );
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

async fn embedded(directory: &Path) {
    // Sealed as it comes in, in heads of a quarter: as a series looks that shares its log with a few others.
    let head_age = Duration::from_secs(1);
    let options = Options { head_readings: (POINTS / 4) as usize, head_age, ..Options::default() };
    let log = ReadingLog::open(directory, options.clone()).unwrap();
    fill(&log).await;
    while log.stats().head_readings > 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    println!("{} blocks of {} bytes in all", log.stats().blocks, log.stats().block_bytes);
    log.shutdown().await.unwrap();
    drop(log);
    measure("embedded, blocks", ReadingLog::open(directory, options).unwrap()).await;
}

/// In a cluster of its own, with the settings that come with PostgreSQL; once before its tables were vacuumed, once after.
async fn postgres() {
    let cluster = edgesync_test_postgres::Cluster::start();
    let server = Server::open(&Target::parse(&cluster.url()).unwrap()).await.unwrap();
    let log = ReadingLog::open_postgres(&server, Options::default()).await.unwrap();
    fill(&log).await;
    measure("PostgreSQL", log.clone()).await;
    cluster.psql("VACUUM ANALYZE");
    measure("PostgreSQL, vacuumed", log.clone()).await;
    log.shutdown().await.unwrap();
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let directory = tempfile::tempdir().unwrap();
        embedded(directory.path()).await;
        let directory = tempfile::tempdir().unwrap();
        let options = Options { head_readings: POINTS as usize * 2, ..Options::default() };
        let log = ReadingLog::open(directory.path(), options).unwrap();
        fill(&log).await;
        measure("embedded, all in the head", log).await;
        postgres().await;
    });
}
