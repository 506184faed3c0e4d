//! What a widget begins with: its newest 50 samples, read from the log or from a ring of rows; and what rings cost those who write.
//!
//! `cargo bench -p edgesync-storage --bench samples`: embedded in a temporary directory, and PostgreSQL in a cluster that the bench starts, one behind the
//! other. The log has 1,000 sensors with 2,000 readings each, all sealed but the newest; the ring table 1,000 rings of 50 rows. Then 2,000 rows of rings are
//! written at once, as the keeper does, and one at a time, as rings that are written with each reading would be; and beside the former, somebody changes
//! a dashboard.

#![allow(clippy::unwrap_used, reason = "a bench may stop where it stands")]

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use edgesync_schemas::entity::dashboard::DashboardInput;
use edgesync_schemas::entity::flow::FlowInput;
use edgesync_schemas::entity::widget::{DashboardWidget, WidgetInput, WidgetPatch};
use edgesync_schemas::id::{DashboardId, DeviceId, Offset, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::reading::{AdmittedBatch, Columns, Quality};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::value::Value;
use edgesync_storage::catalog::{Catalog, WidgetSample, WidgetSamples};
use edgesync_storage::log::{Append, OnCommit, Options, Order, Outcome, RangeQuery, ReadingLog};
use edgesync_storage::postgres::{Server, Target};
use serde_json::json;
use uuid::Uuid;

const SENSORS: u64 = 1_000;
const READINGS: u64 = 2_000;
const SAMPLES: u64 = 50;
const ASKED: u64 = 2_000;
const START_MS: i64 = 1_750_000_000_000;

struct Ear(mpsc::SyncSender<Outcome>);

impl OnCommit for Ear {
    fn done(&self, _: u64, outcome: Outcome) {
        self.0.try_send(outcome).unwrap();
    }
}

fn device(n: u64) -> DeviceId {
    DeviceId::from_uuid(Uuid::from_u128(u128::from(n) + 1))
}

/// All sensors have sent all that they sent, turn by turn.
async fn fill(log: &ReadingLog) {
    const TURNS: u64 = 20;
    for first in (0..READINGS).step_by(TURNS as usize) {
        let mut columns = Columns::default();
        for turn in first..first + TURNS {
            for sensor in 0..SENSORS {
                let series = log.series().resolve(device(sensor), "temperature").unwrap();
                let at = Timestamp::from_ms(START_MS + turn.cast_signed() * 1_000).unwrap();
                let value = Value::number((turn % 100) as f64 / 10.0).unwrap();
                columns.push(series, at, value, UnitIndex::NONE, Quality::GOOD);
            }
        }
        let permit = log.reserve(columns.bytes()).await;
        let received_at = Timestamp::from_ms(START_MS + (first + TURNS).cast_signed() * 1_000).unwrap();
        let batch = AdmittedBatch { device: device(0), received_at, numbered: None, columns };
        let (heard, outcome) = mpsc::sync_channel(1);
        log.submit(Append { batch, permit, tag: 0, on_commit: Arc::new(Ear(heard)) });
        assert!(matches!(outcome.recv().unwrap(), Outcome::Durable { .. }));
    }
}

fn told(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    println!("{what:64} median {:8.3} ms   p99 {:8.3} ms   slowest {:8.3} ms", at(50), at(99), at(100));
}

/// Which one is asked next: all over the place.
fn any(n: u64) -> u64 {
    n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1) >> 33
}

struct Rings {
    catalog: Catalog,
    user: UserId,
    boards: Vec<DashboardId>,
    widgets: Vec<DashboardWidget>,
}

impl Rings {
    async fn make(catalog: Catalog) -> Self {
        let ada = catalog.sign_up("ada@example.org", "Ada", "hash".to_owned()).await.unwrap();
        let user = ada.user.id;
        let flow = FlowInput::read(json!({"name": "f"})).unwrap();
        let flow = catalog.create_flow(user, flow).await.unwrap().id;
        let (mut boards, mut widgets) = (Vec::new(), Vec::new());
        for n in 0..SENSORS {
            if n % limit::WIDGETS_PER_DASHBOARD as u64 == 0 {
                let body = json!({"organization_id": ada.organization.id, "name": "d"});
                let board = DashboardInput::read(body).unwrap();
                boards.push(catalog.create_dashboard(user, board).await.unwrap().id);
            }
            let body = json!({"widget_id": n.to_string(), "widget_type": "gauge", "data_source_type": "flow_node",
                "flow_id": flow, "node_id": n.to_string(), "max_samples": SAMPLES});
            let body = WidgetInput::read(body).unwrap();
            widgets.push(catalog.create_widget(user, *boards.last().unwrap(), None, body).await.unwrap().0);
        }
        Self { catalog, user, boards, widgets }
    }

    fn samples(&self, of: u64, numbers: std::ops::Range<u64>) -> WidgetSamples {
        let widget = &self.widgets[of as usize];
        let sample = |n: u64| WidgetSample {
            n,
            ts: Timestamp::from_ms(START_MS + n.cast_signed() * 1_000).unwrap(),
            value: n as f64 / 10.0,
            unit: Some("°C".parse().unwrap()),
            raw: None,
            arrival: Offset(n),
            bucket: None,
        };
        let samples = numbers.map(sample).collect();
        WidgetSamples { widget: widget.id, kept_since: widget.updated_at, samples, keep_from: None }
    }

    /// Writes so many of each of the first widgets; how long it takes.
    async fn put(&self, widgets: u64, numbers: std::ops::Range<u64>) -> Duration {
        let batch: Vec<_> = (0..widgets).map(|of| self.samples(of, numbers.clone())).collect();
        let count = widgets * (numbers.end - numbers.start);
        let started = Instant::now();
        assert_eq!(self.catalog.put_widget_samples(batch).await.unwrap(), count);
        started.elapsed()
    }

    /// Somebody changes a dashboard, again and again for so long; how long each takes.
    async fn others(&self, time: Duration) -> Vec<Duration> {
        let (board, started, mut times) = (*self.boards.last().unwrap(), Instant::now(), Vec::new());
        while started.elapsed() < time {
            let body = json!({"title": times.len().to_string()});
            let name = (SENSORS - 1).to_string();
            let begun = Instant::now();
            let patch = WidgetPatch::read(body).unwrap();
            self.catalog.update_widget(self.user, board, &name, None, patch).await.unwrap();
            times.push(begun.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        times
    }
}

async fn measure(store: &str, log: ReadingLog, catalog: Catalog) {
    fill(&log).await;
    let stats = log.stats();
    println!("{store}: {} readings, {} of them in the head", stats.readings, stats.head_readings);
    let rings = Rings::make(catalog).await;
    for n in (0..SAMPLES).step_by(2) {
        rings.put(SENSORS, n..n + 2).await;
    }
    let (mut of_log, mut of_ring) = (Vec::new(), Vec::new());
    for n in 0..ASKED {
        let which = any(n) % SENSORS;
        let query = RangeQuery {
            device: device(which),
            sensor: Some("temperature".parse().unwrap()),
            from: None,
            to: None,
            order: Order::Descending,
            limit: SAMPLES as usize,
            cursor: None,
        };
        let started = Instant::now();
        let readings = log.range(query).await.unwrap().readings;
        of_log.push(started.elapsed());
        assert_eq!(readings.len(), SAMPLES as usize);
        let started = Instant::now();
        let samples = rings.catalog.widget_samples(rings.widgets[which as usize].id).await.unwrap();
        of_ring.push(started.elapsed());
        assert_eq!(samples.len(), SAMPLES as usize);
    }
    told(&format!("{store}: newest 50 from the log"), of_log);
    told(&format!("{store}: newest 50 from a ring of rows"), of_ring);

    let mut next = SAMPLES;
    for rows in [500, limit::KEPT_ROWS_PER_S as u64, 5_000, 10_000] {
        let each = rows / 500;
        let mut times = Vec::new();
        for _ in 0..15 {
            times.push(rings.put(500, next..next + each).await);
            next += each;
        }
        let median = {
            let mut times = times.clone();
            times.sort();
            times[7]
        };
        told(&format!("{store}: {rows} rows of rings in a transaction"), times);
        println!("{:64} {:8.0} rows a second", "", rows as f64 / median.as_secs_f64());
    }
    let (started, mut singles) = (Instant::now(), 0u64);
    while started.elapsed() < Duration::from_secs(3) {
        rings.put(1, next..next + 1).await;
        (next, singles) = (next + 1, singles + 1);
    }
    println!("{store}: a ring written with each reading: {:.0} readings a second", singles as f64 / 3.0);

    told(&format!("{store}: a change by somebody else, alone"), rings.others(Duration::from_secs(8)).await);
    for rows in [limit::KEPT_ROWS_PER_S as u64, 10_000] {
        let each = rows / 500;
        let keeper = async {
            for _ in 0..8 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                rings.put(500, next..next + each).await;
                next += each;
            }
        };
        let ((), times) = tokio::join!(keeper, rings.others(Duration::from_secs(8)));
        told(&format!("{store}: the same beside {rows} rows a second"), times);
    }
    // The most that a dashboard can have.
    let board = rings.boards[0];
    let widgets = limit::WIDGETS_PER_DASHBOARD as u64;
    for n in 0..widgets {
        let patch = WidgetPatch::read(json!({"max_samples": limit::LIVE_POINTS})).unwrap();
        rings.catalog.update_widget(rings.user, board, &n.to_string(), None, patch).await.unwrap();
    }
    let all = rings.catalog.tracked_widgets(None).await.unwrap();
    let rings = Rings { widgets: all.into_iter().map(|one| one.widget).collect(), ..rings };
    for of in 0..widgets {
        let samples = rings.samples(of, next..next + limit::LIVE_POINTS as u64);
        rings.catalog.put_widget_samples(vec![samples]).await.unwrap();
    }
    let started = Instant::now();
    rings.catalog.delete_dashboard(rings.user, board, None).await.unwrap();
    println!(
        "{store}: a dashboard with 400,000 samples removed in {:.0} ms",
        started.elapsed().as_secs_f64() * 1e3
    );
}

#[tokio::main]
async fn main() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { head_readings: 250_000, head_age: Duration::from_secs(2), ..Options::default() };
    let log = ReadingLog::open(&directory.path().join("readings"), options.clone()).unwrap();
    let catalog = Catalog::open(&directory.path().join("catalog.db")).unwrap();
    measure("embedded", log, catalog).await;

    let cluster = edgesync_test_postgres::Cluster::start();
    let server = Server::open(&Target::parse(&cluster.url()).unwrap()).await.unwrap();
    let log = ReadingLog::open_postgres(&server, options).await.unwrap();
    let catalog = Catalog::open_postgres(&server).await.unwrap();
    measure("PostgreSQL", log, catalog).await;
}
