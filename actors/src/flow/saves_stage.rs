//! A server that is killed and started again, and what its dashboards saw.

use std::collections::HashMap;

use edgesync_schemas::wire::live::SubId;
use tokio::time::Instant;

use super::tests::{Stage, chain, start_with};
use super::*;
use crate::cell::now;
use crate::live::{Request, Session, Source};
use crate::testing::{append, eventually};

/// A server that may be killed, and dashboards that see all of its records from the first on.
pub(super) struct Server {
    pub(super) stage: Stage,
    pub(super) dashboards: HashMap<FlowId, Session>,
    pub(super) cells: usize,
    pub(super) most: Most,
    pub(super) begun_ms: i64,
    pub(super) sent: usize,
}

fn records_of(flow: FlowId) -> Request {
    let source = Source::FlowNode { flow, node: "show".into(), field: "output".into() };
    Request {
        id: SubId(1),
        source,
        points: limit::LIVE_POINTS,
        max_hz: limit::LIVE_HZ_MIN,
        since: None,
        from: None,
    }
}

/// What an average of all of these shows, value by value.
pub(super) fn means(values: impl IntoIterator<Item = usize>) -> Vec<f64> {
    let mut sum = 0.0;
    let mean = |(before, value): (usize, usize)| {
        sum += value as f64;
        sum / (before + 1) as f64
    };
    values.into_iter().enumerate().map(mean).collect()
}

fn assert_shown(found: &[f64], expected: &[f64], what: &str) {
    let is_same =
        found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9);
    assert!(is_same, "{what}: {found:?} is not {expected:?}");
}

impl Server {
    pub(super) async fn start(cells: usize) -> Self {
        Self::start_saving(cells, Most::default()).await
    }

    pub(super) async fn start_saving(cells: usize, most: Most) -> Self {
        let stage = Stage::new().await;
        let begun_ms = now().as_ms() - 60_000;
        Self { stage, dashboards: HashMap::new(), cells, most, begun_ms, sent: 0 }.killed_and_started().await
    }

    pub(super) fn flows(&self) -> &FlowsHandle {
        &self.stage.flows
    }

    pub(super) fn cell(&self, at: usize) -> &Arc<Cell> {
        &self.flows().shared.cells[at]
    }

    /// As after a kill: nobody was told to stop, and what was not written is not written any more.
    pub(super) async fn killed_and_started(self) -> Self {
        self.killed().await;
        self.started().await
    }

    pub(super) async fn killed(&self) {
        let old = &self.stage.flows.shared;
        old.states.killed().await;
        old.stopped.send_replace(true);
    }

    /// Starts again on what is there.
    pub(super) async fn started(mut self) -> Self {
        let old = self.stage.flows.shared.clone();
        let live = Hub::start(self.stage.log.clone());
        for (flow, dashboard) in &mut self.dashboards {
            *dashboard = live.session();
            dashboard.subscribe(records_of(*flow)).await.unwrap();
        }
        let flows = start_with(&self.stage.log, &self.stage.catalog, &live, self.cells, self.most).await;
        for cell in &old.cells {
            cell.stall(false);
            cell.stop().await;
        }
        self.stage = Stage { live, flows, ..self.stage };
        self
    }

    /// Deploys a flow that runs again after a start.
    pub(super) async fn deploy(&mut self, kind: &str, data: Json) -> FlowId {
        let (flow, diagram) = (self.stage.flow().await, chain(self.stage.device, kind, data));
        self.stage.catalog.set_flow_deployed(None, flow, 1, &diagram).await.unwrap();
        let mut dashboard = self.stage.live.session();
        dashboard.subscribe(records_of(flow)).await.unwrap();
        self.dashboards.insert(flow, dashboard);
        self.flows().deploy(flow, 1, &diagram).await.unwrap();
        flow
    }

    pub(super) async fn average(&mut self) -> FlowId {
        self.deploy("moving-average", json!({"windowSize": 10_000})).await
    }

    pub(super) async fn filter(&mut self) -> FlowId {
        self.deploy("filter", json!({"expression": "true"})).await
    }

    /// Sends the next values, each a commit.
    pub(super) async fn send(&mut self, values: usize) {
        for _ in 0..values {
            let (value, ms) = (self.sent.to_string(), self.begun_ms + self.sent as i64);
            append(&self.stage.log, self.stage.device, &[("t", ms, &value, None)]).await;
            self.sent += 1;
        }
    }

    /// Makes a cell stand still; where it does.
    pub(super) async fn stalled(&mut self, at: usize) -> usize {
        self.cell(at).stall(true);
        self.send(1).await;
        eventually("it stands still", async || match self.cell(at).is_stalled() {
            true => Ok(self.cell(at).status().frontier.0 as usize),
            false => Err(String::new()),
        })
        .await
    }

    /// Waits until cells have done all that is committed.
    pub(super) async fn done(&self, cells: &[usize]) {
        let end = self.stage.log.end();
        for at in cells {
            eventually("the cell catches up", async || match self.cell(*at).status() {
                status if status.frontier >= end => Ok(()),
                status => Err(format!("{status:?}, {end}")),
            })
            .await;
        }
    }

    /// What was shown of a flow since the server started.
    pub(super) async fn shown(&mut self, flow: FlowId) -> Vec<f64> {
        let dashboard = self.dashboards.get_mut(&flow).unwrap();
        let snapshot = dashboard.subscribe(records_of(flow)).await.unwrap();
        snapshot.points.iter().map(|point| point.num).collect()
    }

    /// Waits until so much was shown of a flow, and compares it with what should be.
    pub(super) async fn shows(&mut self, flow: FlowId, expected: &[f64], what: &str) {
        let until = Instant::now() + Duration::from_secs(10);
        while self.shown(flow).await.len() < expected.len() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert_shown(&self.shown(flow).await, expected, what);
    }

    /// Waits until it is written down how far a flow was put out.
    pub(super) async fn placed(&self, flow: FlowId, next: Offset) {
        eventually("its place is written down", async || {
            let place = self.place(flow).await;
            if place.put_out.next == next { Ok(()) } else { Err(format!("{place:?}, not {next}")) }
        })
        .await;
    }

    pub(super) async fn place(&self, flow: FlowId) -> states::Place {
        let log = &self.stage.log;
        let places = states::Places::read(log, self.flows().cursor()).await.unwrap();
        places.of(flow, self.cells + 1)
    }

    pub(super) async fn saved(&self, flow: FlowId) -> Option<Offset> {
        states::load(&self.stage.log, flow, Offset(0)).await.map(|saved| saved.next)
    }

    pub(super) fn runs_on(&self, flow: FlowId) -> usize {
        self.flows().running(flow).unwrap().0.index()
    }

    /// A flow for the slow cell, as if it took too much.
    pub(super) async fn slowed(&mut self) -> FlowId {
        let flow = self.average().await;
        let slow = self.flows().shared.slow;
        assert!(self.flows().moved(flow, slow).await);
        let _ = self.flows().shared.manager.cast(manager::Message::Slowed(flow, "too much".to_owned()));
        let _ = self.stage.becomes(flow, "slowed").await;
        flow
    }
}
