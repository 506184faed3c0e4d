//! The log as a whole: on files, with real fsyncs and small heads so that sealing happens all the time, and on a PostgreSQL of its own.
//!
//! What every log promises is tested on both (`way.rs`, `model.rs`); the rest is about one of them.

/// Makes of each function, which takes a [`Place`], a test per store.
macro_rules! on_both_stores {
    ($($name:ident),* $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(super::Place::files()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(super::Place::database()).await;
            })*
        }
    };
}

mod check;
mod check_postgres;
mod derived;
mod derived_damage;
mod disk;
mod expire;
mod expire_beside;
mod expire_postgres;
mod import;
mod model;
mod place;
mod postgres;
mod seal;
mod states;
mod way;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use edgesync_schemas::id::{BootId, DeviceId, FrameSeq, Offset};
use edgesync_schemas::reading::{AdmittedBatch, Columns, FrameEnd, Numbered, Quality};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::value::Value;
use place::Place;
use uuid::Uuid;

use super::{Append, OnCommit, Options, Order, Outcome, RangeQuery, ReadingLog, StoredReading};

/// Hears outcomes and lets the test wait for them.
#[derive(Default)]
struct Ear {
    heard: Mutex<HashMap<u64, Outcome>>,
    news: Condvar,
}

impl OnCommit for Ear {
    fn done(&self, tag: u64, outcome: Outcome) {
        let before = self.heard.lock().unwrap().insert(tag, outcome);
        assert_eq!(before, None, "append {tag} was answered twice");
        self.news.notify_all();
    }
}

impl Ear {
    fn wait(&self, tag: u64) -> Outcome {
        let heard = self.heard.lock().unwrap();
        let limit = Duration::from_secs(20);
        let (heard, _) =
            self.news.wait_timeout_while(heard, limit, |heard| !heard.contains_key(&tag)).unwrap();
        *heard.get(&tag).expect("an answer within 20 s")
    }

    fn has_heard(&self, tag: u64) -> bool {
        self.heard.lock().unwrap().contains_key(&tag)
    }
}

/// A log and an ear, with short ways to append.
struct Bench {
    log: ReadingLog,
    ear: Arc<Ear>,
    next_tag: u64,
}

impl Bench {
    fn new(log: ReadingLog) -> Self {
        Self { log, ear: Arc::default(), next_tag: 0 }
    }

    fn open(directory: &Path, options: Options) -> Self {
        Self::new(ReadingLog::open(directory, options).unwrap())
    }

    async fn submit(&mut self, batch: AdmittedBatch) -> u64 {
        let permit = self.log.reserve(batch.columns.bytes()).await;
        self.next_tag += 1;
        let on_commit = self.ear.clone();
        self.log.submit(Append { batch, permit, tag: self.next_tag, on_commit });
        self.next_tag
    }

    async fn append(&mut self, batch: AdmittedBatch) -> Outcome {
        let tag = self.submit(batch).await;
        self.ear.wait(tag)
    }

    /// A batch without frame numbers: one reading of sensor `s` per (time in s, value).
    fn batch(&self, device: DeviceId, readings: &[(i64, f64)]) -> AdmittedBatch {
        let series = self.log.series().resolve(device, "s").unwrap();
        let mut columns = Columns::default();
        for (s, num) in readings {
            columns.push(series, at(*s), Value::number(*num).unwrap(), UnitIndex::NONE, Quality::GOOD);
        }
        AdmittedBatch { device, received_at: at(1_000), numbered: None, columns }
    }

    /// A batch of frames `qs` of a boot, one reading each, whose value is the frame's number.
    fn frames(&self, device: DeviceId, boot: u32, qs: std::ops::RangeInclusive<u64>) -> AdmittedBatch {
        let readings: Vec<(i64, f64)> = qs.clone().map(|q| (q as i64, q as f64)).collect();
        let mut batch = self.batch(device, &readings);
        let frames =
            qs.enumerate().map(|(row, q)| FrameEnd { q: FrameSeq(q), end_row: row as u32 + 1 }).collect();
        batch.numbered = Some(Numbered { boot: BootId(boot), frames });
        batch
    }

    async fn all(&self, device: DeviceId) -> Vec<StoredReading> {
        read_all(&self.log, query(device)).await
    }

    async fn values(&self, device: DeviceId) -> Vec<f64> {
        self.all(device).await.iter().map(|reading| reading.num).collect()
    }

    /// Waits until everything that is full is sealed.
    fn settle(&self, options: &Options) {
        eventually("the full heads are sealed", || {
            self.log.stats().head_readings < options.head_readings as u64
        });
    }
}

/// All pages of a query.
async fn read_all(log: &ReadingLog, mut query: RangeQuery) -> Vec<StoredReading> {
    let mut readings = Vec::new();
    loop {
        let page = log.range(query.clone()).await.unwrap();
        assert!(page.readings.len() <= query.limit);
        readings.extend(page.readings);
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return readings,
        }
    }
}

fn query(device: DeviceId) -> RangeQuery {
    RangeQuery { device, sensor: None, from: None, to: None, order: Order::Ascending, limit: 7, cursor: None }
}

fn device(number: u128) -> DeviceId {
    DeviceId::from_uuid(Uuid::from_u128(number))
}

fn at(s: i64) -> Timestamp {
    Timestamp::from_ms(s * 1000).unwrap()
}

fn small() -> Options {
    Options { head_readings: 20, tail_bytes: 4_096, ..Options::default() }
}

fn stored(first: u64, stored: u32) -> Outcome {
    Outcome::Durable { first: Offset(first), stored }
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(20), "not within 20 s: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
