//! For this crate's tests: a log in a directory that goes away, and readings in it.

use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edgesync_schemas::id::DeviceId;
use edgesync_schemas::reading::{AdmittedBatch, Columns, Quality};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::value::Value;
use edgesync_storage::log::{Append, OnCommit, Options, Outcome, ReadingLog};
use tokio::sync::oneshot;
use uuid::Uuid;

/// A log that nothing else uses.
pub(crate) struct TempLog {
    log: ReadingLog,
    _directory: tempfile::TempDir,
}

impl TempLog {
    pub(crate) fn open() -> Self {
        Self::open_with(Options::default())
    }

    pub(crate) fn open_with(options: Options) -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { log: ReadingLog::open(directory.path(), options).unwrap(), _directory: directory }
    }
}

impl Deref for TempLog {
    type Target = ReadingLog;
    fn deref(&self) -> &ReadingLog {
        &self.log
    }
}

pub(crate) fn device(number: u128) -> DeviceId {
    DeviceId::from_uuid(Uuid::from_u128(number))
}

struct Told(Mutex<Option<oneshot::Sender<Outcome>>>);

impl OnCommit for Told {
    fn done(&self, _: u64, outcome: Outcome) {
        if let Some(told) = self.0.lock().unwrap().take() {
            let _ = told.send(outcome);
        }
    }
}

/// Waits until `look` says yes, or fails with what it saw last.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Result<T, String>) -> T {
    let begin = std::time::Instant::now();
    loop {
        match look().await {
            Ok(seen) => return seen,
            Err(seen) => assert!(begin.elapsed() < Duration::from_secs(20), "{what}: {seen}"),
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Moves the clock of the runtime on, without waiting.
pub(crate) async fn skip(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Appends readings (sensor, event time in ms, JSON, unit) of a device as one batch, and waits until they are durable.
pub(crate) async fn append(log: &ReadingLog, device: DeviceId, readings: &[(&str, i64, &str, Option<&str>)]) {
    append_at(log, device, Timestamp::default(), readings).await;
}

/// The same, as if they had arrived then.
pub(crate) async fn append_at(
    log: &ReadingLog,
    device: DeviceId,
    received_at: Timestamp,
    readings: &[(&str, i64, &str, Option<&str>)],
) {
    let mut columns = Columns::default();
    for (sensor, ms, json, unit) in readings {
        let series = log.series().resolve(device, sensor).unwrap();
        let unit = unit.map_or(UnitIndex::NONE, |unit| log.series().unit(series, unit).unwrap());
        let value = Value::from_json(json).unwrap();
        columns.push(series, Timestamp::from_ms(*ms).unwrap(), value, unit, Quality::GOOD);
    }
    let permit = log.reserve(columns.bytes()).await;
    let (tell, told) = oneshot::channel();
    let on_commit = Arc::new(Told(Mutex::new(Some(tell))));
    let batch = AdmittedBatch { device, received_at, numbered: None, columns };
    log.submit(Append { batch, permit, tag: 0, on_commit });
    assert!(matches!(told.await.unwrap(), Outcome::Durable { .. }));
}
