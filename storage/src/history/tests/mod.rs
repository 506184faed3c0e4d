//! History over real logs of both kinds, against naive models. Heads are small, so that blocks are sealed all the time.

#![allow(clippy::unwrap_used, reason = "the lint's exception for tests does not reach their helpers")]

mod buckets;
mod calendar;
mod exports;
mod imports;

use std::path::Path;
use std::sync::Arc;

use edgesync_schemas::id::{DeviceId, UserId};
use edgesync_schemas::reading::{AdmittedBatch, Columns as Rows, Quality};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::value::Value as Measured;
use edgesync_test_postgres::Cluster;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Asked, History};
use crate::log::{Append, OnCommit, Options, Outcome, ReadingLog};
use crate::postgres::{Server, Target};

// Days on which some of the zones shift their clocks.
const DAYS: [&str; 4] =
    ["2025-03-30T00:00:00Z", "2025-10-26T00:00:00Z", "2025-10-04T14:00:00Z", "2025-04-05T14:00:00Z"];

/// When what is appended arrived.
const RECEIVED_MS: i64 = 1_800_000_000_000;

struct Ear(mpsc::Sender<Outcome>);

impl OnCommit for Ear {
    fn done(&self, _: u64, outcome: Outcome) {
        self.0.try_send(outcome).unwrap();
    }
}

/// A reading of the model.
#[derive(Debug, Clone)]
struct Reading {
    ts: Timestamp,
    value: Measured,
}

async fn append(log: &ReadingLog, device: DeviceId, sensor: &str, readings: &[Reading]) {
    let series = log.series().resolve(device, sensor).unwrap();
    let mut columns = Rows::default();
    for reading in readings {
        columns.push(series, reading.ts, reading.value.clone(), UnitIndex::NONE, Quality::GOOD);
    }
    let permit = log.reserve(columns.bytes()).await;
    let received_at = Timestamp::from_ms(RECEIVED_MS).unwrap();
    let batch = AdmittedBatch { device, received_at, numbered: None, columns };
    let (heard, mut outcome) = mpsc::channel(1);
    log.submit(Append { batch, permit, tag: 0, on_commit: Arc::new(Ear(heard)) });
    assert!(matches!(outcome.recv().await, Some(Outcome::Durable { .. })));
}

fn open(directory: &Path) -> ReadingLog {
    ReadingLog::open(directory, Options { head_readings: 20, tail_bytes: 4_096, ..Options::default() })
        .unwrap()
}

/// A log in a database of its own, which is not synced: no test here is about a power cut.
async fn open_database() -> (Cluster, ReadingLog) {
    let cluster = edgesync_test_postgres::Options::new().unsynced().start();
    let server = Server::open(&Target::parse(&cluster.url()).unwrap()).await.unwrap();
    let log = ReadingLog::open_postgres(&server, Options::default()).await.unwrap();
    (cluster, log)
}

/// A device that nobody else has: the tests of a back end share its log.
fn device() -> DeviceId {
    DeviceId::from_uuid(Uuid::now_v7())
}

fn user() -> UserId {
    UserId::from_uuid(Uuid::nil())
}

fn asked(device: DeviceId, sensor: &str) -> Asked {
    Asked { device, sensor: sensor.parse().unwrap() }
}

fn number(num: f64) -> Measured {
    Measured::number(num).unwrap()
}
