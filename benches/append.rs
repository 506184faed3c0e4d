//! The log alone: batches of 1, 20, 1,000 and 10,000 readings from 50 producers, from `submit` to the answer after fsync.
//!
//! What is measured: readings per second that became durable. Each producer keeps a window of batches outstanding, as sockets do, so group
//! commit works as in the product. Sealing runs beside it, and so do the store's own threads: the CPU time of each is printed, because on two
//! cores that is what the rest of the product does not get.
//!
//! `cargo bench --bench append` takes the embedded log, the one on PostgreSQL with one to three commits in the air, or those whose names
//! match an argument (`-- postgres`). PostgreSQL is one of its own with its own defaults: everything is synced. A run whose
//! readings are not all in the log, or with a failed append, is refused.

#![allow(missing_docs, reason = "criterion's macro makes a public function")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use edgesync_schemas::id::DeviceId;
use edgesync_schemas::reading::{AdmittedBatch, Columns, Quality};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::value::Value;
use edgesync_storage::log::{Append, OnCommit, Options, Outcome, ReadingLog, Stats};
use edgesync_storage::postgres::{Server, Target};
use tokio::runtime::Runtime;
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PRODUCERS: u128 = 50;
const SENSORS: usize = 20;
/// Readings that a producer may have outstanding: 64 frames of 20.
const WINDOW_READINGS: usize = 1_280;

/// Counts answers and lets a producer wait while its window is full. Waking costs the appender nothing while the producer is awake.
struct Window {
    answered: AtomicU64,
    failed: AtomicU64,
    producer: Thread,
}

impl OnCommit for Window {
    fn done(&self, _tag: u64, outcome: Outcome) {
        if !matches!(outcome, Outcome::Durable { .. }) {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        self.answered.fetch_add(1, Ordering::Release);
        self.producer.unpark();
    }
}

impl Window {
    fn wait_for(&self, answers: u64) {
        while self.answered.load(Ordering::Acquire) < answers {
            std::thread::park();
        }
    }
}

/// A batch of a producer: its sensors in turn, times a millisecond apart, values with one decimal.
fn batch(log: &ReadingLog, producer: u128, readings: usize, now_us: i64, round: u64) -> AdmittedBatch {
    let device = DeviceId::from_uuid(Uuid::from_u128(producer));
    let series: Vec<_> = (0..SENSORS)
        .map(|n| log.series().resolve(device, &format!("s{n}")).expect("a free sensor"))
        .collect();
    let mut columns = Columns::default();
    for row in 0..readings {
        let ts = Timestamp::from_us_saturating(now_us + (row / SENSORS) as i64 * 1_000);
        let value = Value::number((200 + (round as usize * 7 + row * 3) % 50) as f64 / 10.0).expect("finite");
        columns.push(series[row % SENSORS], ts, value, UnitIndex::NONE, Quality::GOOD);
    }
    AdmittedBatch {
        device,
        received_at: Timestamp::from_us_saturating(now_us + 2_000),
        numbered: None,
        columns,
    }
}

/// Appends `batches` batches of `readings` readings and waits for all answers.
fn run(runtime: &Runtime, log: &ReadingLog, batches: u64, readings: usize) -> Duration {
    let before = log.end().0;
    let window = (WINDOW_READINGS / readings).max(2) as u64;
    let producers = PRODUCERS.min(u128::from(batches)) as u64;
    // Made beforehand and then cloned: a clone is what a socket pays for its columns anyway.
    let now_us = 1_790_000_000_000_000 + before as i64 * 1_000;
    let templates: Vec<_> =
        (0..producers).map(|n| batch(log, u128::from(n), readings, now_us, before)).collect();
    let started = Instant::now();
    std::thread::scope(|scope| {
        for (number, template) in templates.iter().enumerate() {
            let share = batches / producers + u64::from((number as u64) < batches % producers);
            scope.spawn(move || {
                let producer = std::thread::current();
                let heard =
                    Arc::new(Window { answered: AtomicU64::new(0), failed: AtomicU64::new(0), producer });
                for tag in 0..share {
                    heard.wait_for((tag + 1).saturating_sub(window));
                    let mut batch = template.clone();
                    batch.received_at = batch.received_at.plus_us(tag as i64 * 20_000);
                    for ts in &mut batch.columns.ts {
                        *ts = ts.plus_us(tag as i64 * 20_000 + (tag * 7_919 % 997) as i64);
                    }
                    for (row, num) in batch.columns.num.iter_mut().enumerate() {
                        *num = (200 + (tag as usize * 7_919 + row * 13) % 97) as f64 / 10.0;
                    }
                    let permit = runtime.block_on(log.reserve(batch.columns.bytes()));
                    log.submit(Append { batch, permit, tag, on_commit: heard.clone() });
                }
                heard.wait_for(share);
                assert_eq!(heard.failed.load(Ordering::Relaxed), 0, "an append failed");
            });
        }
    });
    let took = started.elapsed();
    assert_eq!(log.end().0 - before, batches * readings as u64, "readings are missing");
    black_box(took)
}

/// CPU seconds of this process's threads so far, by the threads' names. Linux only; empty elsewhere.
fn cpu_seconds() -> Vec<(String, f64)> {
    let mut threads: Vec<(String, f64)> = Vec::new();
    for entry in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some((name, rest)) = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(") ")) else {
            continue;
        };
        let ticks: u64 = rest.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        // A tick is 10 ms on every Linux that Rust runs on by default.
        let seconds = ticks as f64 / 100.0;
        match threads.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum += seconds,
            None => threads.push((name.to_owned(), seconds)),
        }
    }
    threads
}

fn embedded(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for readings in [1, 20, 1_000, 10_000] {
        let directory = tempfile::Builder::new().prefix("edgesync-bench").tempdir().expect("a directory");
        let log = ReadingLog::open(Path::new(directory.path()), Options::default()).expect("a log");
        append(criterion, &runtime, &log, "embedded", readings);
    }
}

fn postgres(criterion: &mut Criterion) {
    // Two threads: the readers' pool is not used here, but connections of a runtime need one that runs.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    for (lanes, readings) in
        [(2, 1), (1, 20), (2, 20), (3, 20), (1, 1_000), (2, 1_000), (3, 1_000), (2, 10_000)]
    {
        let defaults = edgesync_test_postgres::Options::new().set("shared_buffers", "128MB");
        let cluster = defaults.start();
        let target = Target::parse(&cluster.url()).expect("a URL");
        let options = Options { lanes, ..Options::default() };
        let log = runtime.block_on(async {
            let server = Server::open(&target).await.expect("a server");
            ReadingLog::open_postgres(&server, options).await.expect("a log")
        });
        append(criterion, &runtime, &log, &format!("postgres, {lanes} in the air"), readings);
        cluster.psql("ANALYZE");
        let rows = cluster.psql("SELECT sum(c.reltuples)::bigint || ' rows, ' || pg_size_pretty(sum(pg_table_size(c.oid))) || ' of rows, ' || \
            pg_size_pretty(sum(pg_indexes_size(c.oid))) || ' of indexes' FROM pg_class c WHERE c.relname LIKE 'readings_2%' AND c.relkind = 'r'");
        println!("  {rows}");
    }
}

fn append(criterion: &mut Criterion, runtime: &Runtime, log: &ReadingLog, name: &str, readings: usize) {
    let mut group = criterion.benchmark_group(format!("append, {name}"));
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));
    let (cpu_before, started) = (cpu_seconds(), Instant::now());
    group.throughput(Throughput::Elements(readings as u64));
    group.bench_function(format!("{readings} readings a batch"), |bencher| {
        bencher.iter_custom(|batches| run(runtime, log, batches, readings));
    });
    report(log, &cpu_before, started.elapsed());
    runtime.block_on(log.shutdown()).expect("an orderly end");
    group.finish();
}

/// What the log says about the run: commits, their time, blocks, and the CPU that its threads took.
fn report(log: &ReadingLog, cpu_before: &[(String, f64)], took: Duration) {
    let stats = log.stats();
    if stats.commits == 0 {
        return;
    }
    let commits = stats.commits.max(1);
    println!(
        "  {} readings in {:.1} s: {} commits of {} readings, {:.2} ms each ({:.1} ms the slowest)",
        stats.readings,
        took.as_secs_f64(),
        stats.commits,
        stats.readings / commits,
        stats.commit_us_total as f64 / commits as f64 / 1000.0,
        stats.commit_us_max as f64 / 1000.0,
    );
    if stats.seals > 0 {
        sealed(&stats);
    }
    for (name, seconds) in cpu_seconds() {
        let before = cpu_before.iter().find(|(known, _)| *known == name).map_or(0.0, |(_, before)| *before);
        let used = seconds - before;
        let each_ns = used * 1e9 / stats.readings.max(1) as f64;
        println!("  {name:>16}: {used:.2} s of CPU, {each_ns:.0} ns a reading");
    }
}

fn sealed(stats: &Stats) {
    println!(
        "  {} seals, {:.1} s; {} blocks of {:.0} readings, {:.2} B a reading; {:.1} s waited for the sealer",
        stats.seals,
        stats.seal_us_total as f64 / 1e6,
        stats.blocks,
        stats.sealed.0 as f64 / stats.blocks.max(1) as f64,
        stats.block_bytes as f64 / stats.sealed.0.max(1) as f64,
        stats.seal_wait_us_total as f64 / 1e6,
    );
}

criterion_group!(benches, embedded, postgres);
criterion_main!(benches);
