//! Random flows in the whole: random diagrams, devices that send random readings with random times, and meanwhile kills, restarts, stops and other
//! versions. What is stored at the end is what the naive interpreter makes of the readings in the order in which they arrived.
//!
//! Everything that any node puts out by any port is stored, and all of it is compared. Versions change where the model knows what must come of it:
//!
//! - A version is the one that ran from its first reading on. Its source counts from there, so the place is known afterwards, even if it took the place
//!   of the old one while readings came.
//! - What time alone makes belongs to the version that runs then. So either nothing hangs on the clock ([`Times::Past`]), or versions change while nothing
//!   is due.
//! - A version that warms up is as if it had always run, where the order of event times does not matter: readings are less than half a minute late, and
//!   all in one slice of what is stored.
//! - After a version that remembers something came, the server is not killed before its state is saved: until then a crash goes on with what the
//!   version before had saved, and runs the new one over what came since.
//!
//! A seed is printed with each run, and `EDGESYNC_TEST_SEED` repeats it; how readings of two devices meet, and where a kill hits, is up to the machine.
//! `FLOW_RUNS` says how many runs there are.

use std::time::Duration;

use edgesync_engine::state::Change;
use edgesync_schemas::time::Timestamp;
use serde_json::{Value, json};

use crate::support::api::{adds_up, metric, text};
use crate::support::{Api, Random, Stage, eventually, now_ms, stage, stage_on_postgres};
use drawing::{Drawer, Drawing};
use feeder::{Feeders, Times};
use model::{Log, Model, differences};

#[path = "../../engine/tests/model/draw.rs"]
mod draw;
mod drawing;
mod feeder;
mod model;
mod stored;

const RUNS: usize = 3;
const STEPS: usize = 7;
/// The clock of a cell that got nothing lately is so far behind the wall's, about.
const BEHIND_MS: i64 = 4_500;
const AHEAD_MS: i64 = 4_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_is_what_the_model_says_through_kills_and_versions() {
    for random in seeds() {
        Run::new(stage().await, random).await.play().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_on_postgres_is_what_the_model_says_through_kills_and_versions() {
    for random in seeds().into_iter().take(1) {
        Run::new(stage_on_postgres().await, random).await.play().await;
    }
}

fn seeds() -> Vec<Random> {
    let runs = std::env::var("FLOW_RUNS").map_or(RUNS, |runs| runs.parse().expect("FLOW_RUNS is a number"));
    let runs = if std::env::var("EDGESYNC_TEST_SEED").is_ok() { 1 } else { runs };
    (0..runs).map(|_| Random::seeded()).collect()
}

/// Whether anything comes of time alone between what the clocks of cells show and a little later.
fn is_due(model: &Model, log: &Log) -> bool {
    model.is_due(before_now(BEHIND_MS), before_now(-AHEAD_MS), log)
}

fn before_now(ms: i64) -> Timestamp {
    Timestamp::from_ms(now_ms() - ms).unwrap()
}

struct Run {
    stage: Stage,
    api: Api,
    random: Random,
    devices: Vec<String>,
    feeders: Feeders,
    drawer: Drawer,
    drawing: Drawing,
    flow: String,
    model: Model,
    /// Since the flow was deployed its state was not certainly saved.
    unsaved: bool,
}

impl Run {
    async fn new(stage: Stage, mut random: Random) -> Self {
        let times = if random.within(0..2) == 0 { Times::Past } else { Times::Any };
        let devices = [stage.device.clone(), stage.api.new_device("other").await];
        let ids = devices.clone().map(|device| device.id);
        let drawer = Drawer { devices: ids.clone().map(|id| id.parse().unwrap()), times };
        let drawing = drawer.any(&mut random);
        let mut body = drawing.body(0);
        body["name"] = json!("random");
        let flow = text(&stage.api.post("/api/v1/flows", body).await["id"]);
        stage.api.post(&format!("/api/v1/flows/{flow}/deploy"), json!({})).await;
        let feeders = Feeders::new(&devices, stage.server.address, times, &mut random);
        let mut model = Model::default();
        model.start(&drawing.plan);
        let kinds: Vec<_> = drawing.plan.nodes().iter().map(|node| node.spec.kind).collect();
        println!("{times:?}: {kinds:?}");
        Self {
            api: stage.api.clone(),
            devices: ids.to_vec(),
            unsaved: false,
            stage,
            random,
            feeders,
            drawer,
            drawing,
            flow,
            model,
        }
    }

    async fn play(mut self) {
        for step in 0..STEPS {
            self.feeders.send();
            self.pass(100..700).await;
            match self.random.within(0..8) {
                0..3 => self.kill().await,
                3 => self.go_down().await,
                4 => self.redraw(step as u64 + 1).await,
                5 => self.stop_and_start().await,
                6 => self.change(Change::Hot).await,
                _ => self.change(Change::Cold).await,
            }
        }
        // so that every run has one
        self.kill().await;
        self.pass(100..300).await;
        self.feeders.rest().await;
        self.settle().await;
        self.compare().await;
    }

    /// A random moment.
    async fn pass(&mut self, ms: std::ops::Range<u64>) {
        tokio::time::sleep(Duration::from_millis(self.random.within(ms))).await;
    }

    async fn kill(&mut self) {
        if self.unsaved {
            return self.go_down().await;
        }
        println!("kill");
        self.feeders.lost();
        self.stage.server.kill().await;
        self.come_back().await;
    }

    async fn go_down(&mut self) {
        println!("down");
        self.feeders.lost();
        self.stage.server.terminate().await;
        assert!(self.stage.server.wait().await.success());
        self.unsaved = false;
        self.come_back().await;
    }

    async fn come_back(&mut self) {
        self.stage.server.restart().await;
        self.api = self.api.at(&self.stage.server);
        self.feeders.found(self.stage.server.address);
    }

    /// Moves the nodes on the canvas, which changes nothing; now and then the server dies while it deploys that.
    async fn redraw(&mut self, place: u64) {
        println!("redraw");
        let patience = Duration::from_millis(self.random.within(1..40));
        if self.unsaved || self.random.within(0..2) == 0 {
            return self.deploy(place).await;
        }
        tokio::select! {
            () = self.deploy(place) => {}
            () = tokio::time::sleep(patience) => {}
        }
        self.kill().await;
    }

    async fn deploy(&mut self, place: u64) {
        let path = format!("/api/v1/flows/{}", self.flow);
        let (status, answer) =
            self.api.call(hyper::Method::PATCH, &path, Some(&self.drawing.body(place))).await;
        assert_eq!(status, 200, "{answer}");
        self.api.post(&format!("{path}/deploy"), json!({})).await;
    }

    async fn stop_and_start(&mut self) {
        self.feeders.rest().await;
        let log = self.settle().await;
        println!("stop at {}", log.len());
        self.api.post(&format!("/api/v1/flows/{}/stop", self.flow), json!({})).await;
        self.model.stop();
        self.feeders.send();
        self.pass(50..200).await;
        self.feeders.rest().await;
        let log = self.caught_up().await;
        self.model.feed(&log, log.len());
        println!("start at {}", log.len());
        self.api.post(&format!("/api/v1/flows/{}/deploy", self.flow), json!({})).await;
        self.status().await;
        self.model.start(&self.drawing.plan);
        self.unsaved = true;
    }

    async fn change(&mut self, wanted: Change) {
        let Some(new) = self.drawer.other(&mut self.random, &self.drawing, wanted) else { return };
        let is_past = self.drawer.times == Times::Past;
        if !is_past {
            self.feeders.rest().await;
            let log = self.settle().await;
            eventually("nothing of the new version is due", async || {
                let mut ahead = self.model.clone();
                ahead.change(&new.plan, &log);
                if is_due(&ahead, &log) { Err(()) } else { Ok(()) }
            })
            .await;
            self.model.tick(before_now(BEHIND_MS), &log);
        }
        self.drawing = new;
        let place = self.random.within(0..1000);
        self.deploy(place).await;
        let status = self.status().await;
        if is_past {
            self.pass(50..200).await;
            self.feeders.rest().await;
        }
        let log = self.caught_up().await;
        let now = self.status().await;
        assert_eq!(
            now["cell"]["index"], status["cell"]["index"],
            "its counters are no longer of the whole version"
        );
        let came = now["nodes"].as_array().unwrap().iter().find(|node| node["id"] == "s0").unwrap();
        let cut = log.len() - came["records_in"].as_u64().unwrap() as usize;
        self.model.feed(&log, cut);
        let change = self.model.change(&self.drawing.plan, &log);
        println!("{change:?} at {cut} of {}", log.len());
        self.unsaved = true;
    }

    /// How the flow is, once it runs.
    async fn status(&self) -> Value {
        let path = format!("/api/v1/flows/{}/metrics", self.flow);
        eventually("the flow runs", async || {
            let status = self.api.get(&path).await;
            if status["state"] == "running" { Ok(status) } else { Err(status) }
        })
        .await
    }

    /// The log, once all cells have done all of it. Then each record that came into a node, or was made there, is somewhere.
    async fn caught_up(&self) -> Log {
        let log = Log::read(&self.api, &self.devices).await;
        eventually("cells have done what is there", async || {
            let lag = metric(&self.stage.server, "edgesync_cell_lag_readings").await;
            if lag == 0.0 { Ok(()) } else { Err(lag) }
        })
        .await;
        let path = format!("/api/v1/flows/{}/metrics", self.flow);
        eventually("what nodes count adds up", async || {
            let status = self.api.get(&path).await;
            let nodes = status["nodes"].as_array().unwrap();
            match nodes.iter().find(|node| !adds_up(node)) {
                Some(node) => Err(node.clone()),
                None => Ok(()),
            }
        })
        .await;
        log
    }

    /// Lets time pass until nothing is due for a while, and the model with it.
    async fn settle(&mut self) -> Log {
        let log = self.caught_up().await;
        self.model.feed(&log, log.len());
        eventually("nothing is due", async || if is_due(&self.model, &log) { Err(()) } else { Ok(()) }).await;
        self.model.tick(before_now(BEHIND_MS), &log);
        log
    }

    async fn compare(&self) {
        let expected = self.model.rows();
        let count = expected.values().map(|rows| rows.len()).sum::<usize>();
        println!("{count} rows of {} series", expected.len());
        assert!(count > 100);
        eventually("what is stored is what the model says", async || {
            let found = stored::stored(&self.api, &self.flow).await;
            let differences = differences(&found, &expected);
            if differences.is_empty() { Ok(()) } else { Err(differences) }
        })
        .await;
    }
}
