//! The engine as the product runs it: a cell, flows that are installed in it, commits that are fed to it.

use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::{Receiver, bounded};
use edgesync_engine::{CellHandle, Emission, Options, Outlet, Plan, compile};
use edgesync_schemas::flow::Diagram;
use edgesync_schemas::id::{DeviceId, Offset, SeriesId};
use edgesync_schemas::reading::{Arrival, Columns, Commit, SeriesInfo};

pub fn id(n: u64) -> uuid::Uuid {
    uuid::Uuid::from_u128(u128::from(n) + 1)
}

pub fn commit(first: u64, columns: Columns) -> Arc<Commit> {
    // What is beyond the clock would not move time.
    let received_at = columns.ts.iter().copied().max().unwrap_or_default();
    let arrivals = vec![Arrival { end_row: columns.len() as u32, received_at }];
    Arc::new(Commit { first: Offset(first), columns, arrivals, new_series: Vec::new() })
}

pub fn series(id: u32, device: DeviceId) -> Arc<SeriesInfo> {
    Arc::new(SeriesInfo {
        id: SeriesId(id),
        device,
        sensor: format!("s{id}").parse().unwrap(),
        units: vec!["C".parse().unwrap()],
    })
}

/// device -> filter -> window -> display.
pub fn plan(device: DeviceId) -> Arc<Plan> {
    let json = format!(
        r#"{{"nodes":[
            {{"id":"source","type":"device-sensor","data":{{"devices":["{device}"]}}}},
            {{"id":"filter","type":"filter","data":{{"expression":"value > 20"}}}},
            {{"id":"window","type":"window","data":{{"size":"1s"}}}},
            {{"id":"show","type":"display","data":{{}}}}],
          "edges":[{{"source":"source","target":"filter"}},{{"source":"filter","target":"window"}},{{"source":"window","target":"show"}}]}}"#
    );
    Arc::new(compile(&Diagram::from_json(&json).unwrap(), &Default::default()).unwrap())
}

pub struct Engine {
    pub handle: CellHandle,
    pub results: Receiver<Emission>,
    room: Receiver<()>,
}

impl Engine {
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    pub fn with(options: Options) -> Self {
        let (sender, results) = bounded(10_000);
        let (tell, room) = bounded(1);
        let on_room = Arc::new(move || {
            let _ = tell.try_send(());
        });
        let handle =
            CellHandle::spawn(0, options, Outlet { sender, wake: Arc::new(|| ()) }, on_room).unwrap();
        Self { handle, results, room }
    }

    /// Feeds commits and waits until all are done.
    pub fn feed(&self, commits: &[Arc<Commit>]) {
        for commit in commits {
            while self.handle.try_feed(commit).is_err() {
                self.room.recv_timeout(Duration::from_secs(10)).unwrap();
            }
        }
        while self.handle.in_flight() > 0 {
            let _ = self.room.recv_timeout(Duration::from_secs(10));
        }
    }
}
