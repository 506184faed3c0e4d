//! A cell under test: fed by hand, its results read without waiting for anything but the cell.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, bounded, select};
use edgesync_engine::compile::{Options as CompileOptions, compile};
use edgesync_engine::{CellHandle, Emission, Options, Outlet, Plan};
use edgesync_schemas::flow::{Diagram, Problem};
use edgesync_schemas::id::{DeviceId, FlowId, Offset, SeriesId};
use edgesync_schemas::reading::{Arrival, Columns, Commit, Quality, SeriesInfo};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::value::Value;

/// A time long after every test should be over.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub fn device(n: u64) -> DeviceId {
    format!("00000000-0000-7000-8000-{n:012}").parse().unwrap()
}

pub fn flow_id(n: u64) -> FlowId {
    format!("00000000-0000-7000-9000-{n:012}").parse().unwrap()
}

pub fn series(id: u32, device_no: u64, sensor: &str) -> Arc<SeriesInfo> {
    let units = vec!["C".parse().unwrap(), "%".parse().unwrap()];
    Arc::new(SeriesInfo {
        id: SeriesId(id),
        device: device(device_no),
        sensor: sensor.parse().unwrap(),
        units,
    })
}

/// One reading: series, milliseconds, JSON value.
pub type Reading<'a> = (u32, i64, &'a str);

pub fn commit(first: u64, readings: &[Reading<'_>]) -> Arc<Commit> {
    let mut columns = Columns::default();
    for (series, ms, json) in readings {
        let value = Value::from_json(json).unwrap();
        columns.push(SeriesId(*series), Timestamp::from_ms(*ms).unwrap(), value, UnitIndex(1), Quality::GOOD);
    }
    commit_of(first, columns)
}

pub fn commit_of(first: u64, columns: Columns) -> Arc<Commit> {
    let arrivals = vec![Arrival { end_row: columns.len() as u32, received_at: Timestamp::default() }];
    Arc::new(Commit { first: Offset(first), columns, arrivals, new_series: Vec::new() })
}

pub fn diagram(json: &str) -> Diagram {
    Diagram::from_json(json).unwrap()
}

pub fn compiled(json: &str) -> Result<Arc<Plan>, Vec<Problem>> {
    compile(&diagram(json), &CompileOptions { faults: true }).map(Arc::new)
}

pub fn plan(json: &str) -> Arc<Plan> {
    compiled(json).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

pub struct Cell {
    pub handle: CellHandle,
    pub results: Receiver<Emission>,
    room: Receiver<()>,
}

impl Cell {
    pub fn new(options: Options) -> Self {
        Self::with_outlet(options, 16)
    }

    pub fn with_outlet(options: Options, slots: usize) -> Self {
        let (sender, results) = bounded(slots);
        let (room_in, room) = bounded(1);
        let on_room = Arc::new(move || {
            let _ = room_in.try_send(()); // full means that the test will look anyway
        });
        let handle =
            CellHandle::spawn(0, options, Outlet { sender, wake: Arc::new(|| ()) }, on_room).unwrap();
        Self { handle, results, room }
    }

    /// Feeds, waiting for room and keeping the results that come meanwhile.
    pub fn feed(&self, commit: &Arc<Commit>, results: &mut Vec<Emission>) {
        while self.handle.try_feed(commit).is_err() {
            self.wait(results);
        }
    }

    /// Waits until everything that was fed or asked before is done; answers what came out.
    pub fn settle(&self) -> Vec<Emission> {
        let mut results = Vec::new();
        // An empty commit stands behind everything that was asked so far.
        let end = self.handle.frontier().0;
        self.feed(&commit_of(end, Columns::default()), &mut results);
        let until = Instant::now() + PATIENCE;
        while self.handle.in_flight() > 0 {
            assert!(Instant::now() < until, "the cell does not get done");
            self.wait(&mut results);
        }
        results.extend(self.results.try_iter());
        results
    }

    fn wait(&self, results: &mut Vec<Emission>) {
        select! {
            recv(self.results) -> result => results.extend(result),
            recv(self.room) -> _ => {}
            default(PATIENCE) => panic!("the cell does nothing"),
        }
    }
}

/// Waits for something that another thread does.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "{what} did not happen");
        std::thread::yield_now();
    }
}
