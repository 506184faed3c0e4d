//! Saving and starting many flows on several cells, against a plain model: the mean of all values so far, each shown once.

use std::collections::HashMap;

use edgesync_engine::cell::command::{Begin, Outcome};
use edgesync_schemas::wire::live::SubId;

use super::tests::{Stage, chain, start_with};
use super::*;
use crate::cell::now;
use crate::live::{Request, Session, Source};
use crate::testing::{append, eventually};

/// A server that may be killed, and dashboards that see all of its records from the first on.
struct Server {
    stage: Stage,
    dashboards: HashMap<FlowId, Session>,
    cells: usize,
    most: Most,
    begun_ms: i64,
    sent: usize,
}

fn records_of(flow: FlowId) -> Request {
    let source = Source::FlowNode { flow, node: "show".into(), field: "output".into() };
    Request { id: SubId(1), source, points: limit::LIVE_POINTS, max_hz: limit::LIVE_HZ_MIN, since: None }
}

/// What an average of all of these shows, value by value.
fn means(values: impl IntoIterator<Item = usize>) -> Vec<f64> {
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
    async fn start(cells: usize) -> Self {
        Self::start_saving(cells, Most::default()).await
    }

    async fn start_saving(cells: usize, most: Most) -> Self {
        let stage = Stage::new().await;
        let begun_ms = now().as_ms() - 60_000;
        Self { stage, dashboards: HashMap::new(), cells, most, begun_ms, sent: 0 }.killed_and_started().await
    }

    fn flows(&self) -> &FlowsHandle {
        &self.stage.flows
    }

    fn cell(&self, at: usize) -> &Arc<Cell> {
        &self.flows().shared.cells[at]
    }

    /// As after a kill: nobody was told to stop, and what was not written is not written any more.
    async fn killed_and_started(mut self) -> Self {
        let old = self.stage.flows.shared.clone();
        old.states.killed().await;
        old.stopped.send_replace(true);
        let live = Hub::start(self.stage.log.clone());
        for (flow, dashboard) in &mut self.dashboards {
            *dashboard = live.session();
            dashboard.subscribe(records_of(*flow)).await.unwrap();
        }
        let flows = start_with(&self.stage.log, &self.stage.catalog, &live, self.cells, self.most).await;
        old.cells.iter().for_each(|cell| cell.stall(false));
        self.stage = Stage { live, flows, ..self.stage };
        self
    }

    /// Deploys a flow that runs again after a start.
    async fn deploy(&mut self, kind: &str, data: Json) -> FlowId {
        let (flow, diagram) = (self.stage.flow().await, chain(self.stage.device, kind, data));
        self.stage.catalog.set_flow_deployed(None, flow, 1, &diagram).await.unwrap();
        let mut dashboard = self.stage.live.session();
        dashboard.subscribe(records_of(flow)).await.unwrap();
        self.dashboards.insert(flow, dashboard);
        self.flows().deploy(flow, 1, &diagram).await.unwrap();
        flow
    }

    async fn average(&mut self) -> FlowId {
        self.deploy("moving-average", json!({"windowSize": 10_000})).await
    }

    async fn filter(&mut self) -> FlowId {
        self.deploy("filter", json!({"expression": "true"})).await
    }

    /// Sends the next values, each a commit.
    async fn send(&mut self, values: usize) {
        for _ in 0..values {
            let (value, ms) = (self.sent.to_string(), self.begun_ms + self.sent as i64);
            append(&self.stage.log, self.stage.device, &[("t", ms, &value, None)]).await;
            self.sent += 1;
        }
    }

    /// Makes a cell stand still; where it does.
    async fn stalled(&mut self, at: usize) -> usize {
        self.cell(at).stall(true);
        self.send(1).await;
        eventually("it stands still", async || match self.cell(at).is_stalled() {
            true => Ok(self.cell(at).status().frontier.0 as usize),
            false => Err(String::new()),
        })
        .await
    }

    /// Waits until cells have done all that is committed.
    async fn done(&self, cells: &[usize]) {
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
    async fn shown(&mut self, flow: FlowId) -> Vec<f64> {
        let dashboard = self.dashboards.get_mut(&flow).unwrap();
        let snapshot = dashboard.subscribe(records_of(flow)).await.unwrap();
        snapshot.points.iter().map(|point| point.num).collect()
    }

    /// Waits until so much was shown of a flow, and compares it with what should be.
    async fn shows(&mut self, flow: FlowId, expected: &[f64], what: &str) {
        for _ in 0..2_000 {
            if self.shown(flow).await.len() >= expected.len() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert_shown(&self.shown(flow).await, expected, what);
    }

    /// Waits until it is written down how far a flow was put out.
    async fn placed(&self, flow: FlowId, next: Offset) {
        eventually("its place is written down", async || {
            let place = self.place(flow).await;
            if place.put_out.next == next { Ok(()) } else { Err(format!("{place:?}, not {next}")) }
        })
        .await;
    }

    async fn place(&self, flow: FlowId) -> states::Place {
        let log = &self.stage.log;
        let places = states::Places::read(log, self.flows().cursor()).await.unwrap();
        places.of(flow, self.cells + 1)
    }

    async fn saved(&self, flow: FlowId) -> Option<Offset> {
        states::load(&self.stage.log, flow, Offset(0)).await.map(|saved| saved.next)
    }

    fn runs_on(&self, flow: FlowId) -> usize {
        self.flows().running(flow).unwrap().0.index()
    }

    /// A flow for the slow cell, as if it took too much.
    async fn slowed(&mut self) -> FlowId {
        let flow = self.average().await;
        let slow = self.flows().shared.slow;
        assert!(self.flows().moved(flow, slow).await);
        let _ = self.flows().shared.manager.cast(manager::Message::Slowed(flow, "too much".to_owned()));
        let _ = self.stage.becomes(flow, "slowed").await;
        flow
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_only_flows_of_the_cell_that_lagged_go_back() {
    let mut server = Server::start(2).await;
    let (near, far) = (server.average().await, server.average().await);
    let (near_all, far_all) = (server.filter().await, server.filter().await);
    let slow = server.slowed().await;
    let places = [near, near_all, far, far_all, slow].map(|flow| server.runs_on(flow));
    assert_eq!(places, [0, 0, 1, 1, 2]);
    server.send(10).await;
    server.done(&[0, 1, 2]).await;
    let stood = server.stalled(1).await;
    let slow_stood = server.stalled(2).await;
    server.send(20).await;
    server.done(&[0]).await;
    server.placed(near, server.stage.log.end()).await;
    server.placed(far, Offset(stood as u64)).await;
    server.placed(slow, Offset(slow_stood as u64)).await;
    let n = server.sent;
    let (mean_of, values) = (means(0..n + 5), |range: std::ops::Range<usize>| -> Vec<f64> {
        range.map(|value| value as f64).collect()
    });
    server.shows(near, &mean_of[..n], "near before").await;
    server.shows(far, &mean_of[..stood], "far before").await;
    server.shows(slow, &mean_of[..slow_stood], "slow before").await;

    let mut server = server.killed_and_started().await;
    let places = [near, near_all, far, far_all, slow].map(|flow| server.runs_on(flow));
    assert_eq!(places, [0, 0, 1, 1, 2], "where they ran");
    assert_eq!(server.stage.becomes(slow, "slowed").await["reason"], "too much");
    server.send(5).await;
    server.done(&[0, 1, 2]).await;
    server.shows(near, &mean_of[n..], "near after: nothing again").await;
    server.shows(near_all, &values(n..n + 5), "near after, what remembers nothing").await;
    server.shows(far, &mean_of[stood..], "far after: from where it stood").await;
    server.shows(far_all, &values(stood..n + 5), "far after, what remembers nothing").await;
    server.shows(slow, &mean_of[slow_stood..], "slow after").await;
    // what the cells were fed: the near one not the backlog of the others
    let fed = |flow| server.cell(0).counters(flow).unwrap().node("in").unwrap().snapshot().in_;
    assert_eq!(fed(near_all), 5);

    // and the other way down, and with another number of cells
    assert!(server.flows().shutdown(Duration::from_secs(10)).await);
    server.cells = 1;
    let mut server = server.killed_and_started().await;
    assert_eq!([near, far, far_all, slow].map(|flow| server.runs_on(flow)), [0, 0, 0, 1]);
    server.send(1).await;
    server.done(&[0, 1]).await;
    let last = means(0..server.sent).split_off(server.sent - 1);
    for flow in [near, far, slow] {
        server.shows(flow, &last, "on fewer cells").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lagging_cell_makes_no_other_read_its_backlog_at_a_start() {
    let mut server = Server::start(2).await;
    let (near, far) = (server.average().await, server.average().await);
    server.send(3).await;
    server.done(&[0, 1]).await;
    let stood = server.stalled(1).await as u64;
    server.send(30).await;
    server.done(&[0]).await;
    let end = server.stage.log.end();
    eventually("the near flow is saved", async || {
        let (place, saved) = (server.place(near).await, server.saved(near).await);
        if place.needed == Some(end) && saved == Some(end) {
            Ok(())
        } else {
            Err(format!("{place:?} {saved:?}"))
        }
    })
    .await;
    assert!(server.flows().cursor() <= Offset(stood), "the bookmark is where the far one stands");
    let server = server.killed_and_started().await;
    assert!(server.runs_on(far) == 1 && server.cell(0).status().frontier == end);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flows_that_remember_go_on_after_readings_that_condemn_every_cell() {
    let mut server = Server::start(1).await;
    let (mean, all) = (server.average().await, server.filter().await);
    let other = server.slowed().await;
    server.send(10).await;
    server.done(&[0, 1]).await;
    eventually("it is saved", async || server.saved(mean).await.map(drop).ok_or_else(String::new)).await;
    // what was saved is older than what was done
    let poison = server.sent + 5;
    server.cell(0).poison(Offset(poison as u64));
    server.send(5).await;
    server.done(&[0]).await;
    server.send(6).await;
    eventually("the reading is skipped", async || match server.cell(0).status() {
        status if status.skipped == 1 && status.replaced == 3 => Ok(()),
        status => Err(format!("{status:?}")),
    })
    .await;
    server.done(&[0, 1]).await;
    let without = |n: usize| (0..n).filter(move |value| *value != poison);
    let values: Vec<f64> = without(server.sent).map(|value| value as f64).collect();
    server.shows(mean, &means(without(server.sent)), "states without the reading, each shown once").await;
    server.shows(all, &values, "what remembers nothing, each once").await;
    server.shows(other, &means(0..server.sent), "a flow of another cell").await;
    // condemned once more: it is neither fed nor skipped again
    server.cell(0).condemn();
    server.send(1).await;
    eventually("the cell is replaced", async || match server.cell(0).status() {
        status if status.replaced == 4 => Ok(()),
        status => Err(format!("{status:?}")),
    })
    .await;
    server.send(3).await;
    server.done(&[0, 1]).await;
    server.shows(mean, &means(without(server.sent)), "after another one").await;
    assert_eq!(server.cell(0).status().skipped, 1);
    server.shows(other, &means(0..server.sent), "a flow of another cell, after another one").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_written_down_for_a_while_is_made_again() {
    let mut server = Server::start(1).await;
    let mean = server.average().await;
    server.send(5).await;
    server.done(&[0]).await;
    server.placed(mean, server.stage.log.end()).await;
    let (saved, cursor) = (server.saved(mean).await, server.flows().cursor());
    server.flows().shared.states.fails.store(true, std::sync::atomic::Ordering::Relaxed);
    server.send(5).await;
    server.done(&[0]).await;
    // a pass that fails; nothing moves
    server.flows().shared.states.save_last(&server.flows().shared.cells, false).await;
    assert_eq!((server.saved(mean).await, server.flows().cursor()), (saved, cursor));
    server.cell(0).condemn();
    server.send(1).await;
    eventually("the cell is replaced", async || match server.cell(0).status() {
        status if status.replaced == 1 => Ok(()),
        status => Err(format!("{status:?}")),
    })
    .await;
    server.send(4).await;
    server.done(&[0]).await;
    server.shows(mean, &means(0..15), "over a condemned cell").await;
    let mut server = server.killed_and_started().await;
    server.done(&[0]).await;
    server.shows(mean, &means(0..15)[5..], "what came since is put out again after a kill").await;
    server.send(1).await;
    server.done(&[0]).await;
    server.shows(mean, &means(0..16)[5..], "and the state is right").await;
    server.placed(mean, server.stage.log.end()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_that_came_from_another_cell_lacks_nothing_when_its_cell_is_condemned() {
    let mut server = Server::start(1).await;
    let slow = server.slowed().await;
    let mean = server.average().await;
    server.send(4).await;
    server.done(&[0, 1]).await;
    // saved, and then not again for a while
    server.flows().shared.states.save_last(&server.flows().shared.cells, false).await;
    assert_eq!(server.saved(mean).await, Some(Offset(4)));
    server.send(4).await;
    server.done(&[0, 1]).await;
    server.placed(slow, server.stage.log.end()).await;
    let flows = server.flows().clone();
    let _turn = flows.shared.states.turn.write().await;
    // where it goes, nothing from before is needed
    server.cell(1).needs(server.stage.log.end());
    assert!(server.flows().moves(mean, 1).await);
    server.cell(1).condemn();
    server.send(1).await;
    eventually("the cell is replaced", async || match server.cell(1).status() {
        status if status.replaced == 1 => Ok(()),
        status => Err(format!("{status:?}")),
    })
    .await;
    server.send(1).await;
    server.done(&[1]).await;
    server.shows(mean, &means(0..server.sent), "it is fed what came since it was saved").await;
    assert_eq!(server.stage.becomes(slow, "slowed").await["reason"], "too much");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_waits_for_no_cell() {
    let mut server = Server::start(1).await;
    let stuck = server.average().await;
    server.cell(0).stall(true);
    server.send(2).await;
    let asked = server.flows().clone();
    let pass = tokio::spawn(async move { asked.shared.states.save_last(&asked.shared.cells, false).await });
    eventually("the cell is asked", async || {
        match server.cell(0).is_saving() {
            true => Ok(()),
            false => Err("not yet"),
        }
        .map_err(str::to_owned)
    })
    .await;
    // it is not answered for five seconds
    let stopped = tokio::time::timeout(Duration::from_secs(2), server.flows().stop(stuck)).await;
    assert!(stopped.expect("stop waits").unwrap());
    assert!(!pass.is_finished());
    server.cell(0).stall(false);
    pass.await.unwrap();
    assert_eq!(server.saved(stuck).await, None, "what was saved meanwhile is not kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_waits_for_a_flow_that_moves() {
    let mut server = Server::start(1).await;
    let mean = server.average().await;
    server.send(3).await;
    server.done(&[0]).await;
    let flows = server.flows().clone();
    let turn = flows.shared.states.turn.write().await;
    let installed = server.cell(0).installed(mean).unwrap();
    let counters = server.cell(0).counters(mean).unwrap();
    let saved = server.cell(0).take_out(mean).await.unwrap().unwrap();
    let down = flows.clone();
    let mut down = tokio::spawn(async move { down.shutdown(Duration::from_secs(20)).await });
    let early = tokio::time::timeout(Duration::from_millis(300), &mut down).await;
    assert!(early.is_err(), "it has ended without the flow");
    let version = Version { flow: mean, installed };
    let begin = Begin::Moved(Box::new(saved), counters);
    let put = flows.put_at(version, begin, Some(1)).await.unwrap();
    assert!(matches!(put.outcome, Outcome::Installed(_)), "{put:?}");
    drop(turn);
    assert!(down.await.unwrap());
    assert_eq!(server.saved(mean).await, Some(Offset(3)));
    assert_eq!((server.place(mean).await.cell, server.flows().cursor()), (Some(1), Offset(3)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_that_moves_for_too_long_is_lost_by_no_shutdown() {
    let mut server = Server::start(1).await;
    let (mean, other) = (server.average().await, server.average().await);
    server.send(3).await;
    server.done(&[0]).await;
    server.placed(mean, Offset(3)).await;
    let flows = server.flows().clone();
    {
        let _turn = flows.shared.states.turn.write().await;
        server.send(3).await;
        server.done(&[0]).await;
        server.cell(0).take_out(mean).await.unwrap().unwrap();
        let _ = flows.shutdown(Duration::from_secs(2)).await;
    }
    assert_eq!(server.saved(other).await, Some(Offset(6)));
    let mut server = server.killed_and_started().await;
    server.send(1).await;
    server.done(&[0]).await;
    server.shows(mean, &means(0..7)[3..], "what was not known to be put out, and what came then").await;
    server.shows(other, &means(0..7)[6..], "what came after it was saved").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn states_of_flows_that_run_no_more_are_forgotten_at_a_start() {
    let mut server = Server::start(1).await;
    let mean = server.average().await;
    server.send(1).await;
    server.done(&[0]).await;
    eventually("it is saved", async || server.saved(mean).await.map(drop).ok_or_else(String::new)).await;
    let gone = server.stage.flow().await;
    server.stage.log.save_states(vec![(gone, Some(vec![1]))], true).await.unwrap();
    let server = server.killed_and_started().await;
    assert_eq!(server.stage.log.state(gone).await.unwrap(), None);
    assert!(server.saved(mean).await.is_some());
}
