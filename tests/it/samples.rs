//! What widgets show of flows' nodes outlives the process: all of it an orderly end, all but the last second a kill.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use crate::support::api::metric;
use crate::support::{Api, Device, Live, Random, Stage, eventually, on_both_stores};

const ROUNDS: u64 = 4;

on_both_stores!(what_was_shown_is_there_after_every_kill);

pub struct Widget {
    pub path: String,
    pub id: String,
}

impl Widget {
    pub async fn make(stage: &Stage, flow: &str, fields: Value) -> Self {
        let body = json!({"organization_id": stage.api.organization, "name": "plant"});
        let board = stage.api.post("/api/v1/dashboard-templates", body).await;
        let path = format!("/api/v1/dashboard-templates/{}/widgets", board["id"].as_str().unwrap());
        let mut body = json!({"widget_id": "w", "widget_type": "time_series", "data_source_type": "flow_node", "flow_id": flow,
            "node_id": "show", "max_samples": 500});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let made = stage.api.post(&path, body).await;
        Self { path: path + "/w", id: made["id"].as_str().unwrap().to_owned() }
    }

    pub async fn samples(&self, api: &Api) -> (Vec<u64>, bool) {
        let answer = api.get(&format!("{}/samples", self.path)).await;
        let items = answer["items"].as_array().unwrap();
        let values = items.iter().map(|sample| sample["value"].as_f64().unwrap() as u64).collect();
        (values, answer["kept"].as_bool().unwrap())
    }

    /// Waits until its newest is this; all then.
    async fn shows(&self, api: &Api, newest: u64) -> Vec<u64> {
        eventually("the widget shows it", async || match self.samples(api).await.0 {
            samples if samples.last() == Some(&newest) => Ok(samples),
            samples => Err(samples),
        })
        .await
    }
}

/// A flow whose node `show` puts out what the sensor `t` sends. It remembers something, an average of one, so that after a kill it puts out again what it has put out since
/// it was written down how far that is.
pub(crate) async fn deploy(stage: &Stage) -> String {
    let nodes = json!([
        {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": {"deviceUuid": stage.device.id, "variable": "t"}},
        {"id": "average", "type": "moving-average", "position": {"x": 1, "y": 0}, "data": {"windowSize": 1}},
        {"id": "show", "type": "display", "position": {"x": 2, "y": 0}, "data": {}},
    ]);
    let edges = json!([{"id": "1", "source": "in", "target": "average"}, {"id": "2", "source": "average", "target": "show"}]);
    stage.api.deploy("f", nodes, edges).await
}

/// Rows of widgets that were stored since the server's start.
pub(crate) async fn stored(stage: &Stage) -> u64 {
    metric(&stage.server, "edgesync_widget_samples_total").await as u64
}

/// Waits until more rows are stored than that.
pub(crate) async fn until_more_is_stored(stage: &Stage, before: u64) {
    eventually("more is stored", async || match stored(stage).await {
        stored if stored > before => Ok(()),
        stored => Err(stored),
    })
    .await;
}

/// Waits for the moment of a kill: any, or as soon as more rows are stored than that. Then it is perhaps not written down yet that the flow has put them out.
pub(crate) async fn until_the_kill(stage: &Stage, round: u64, random: &mut Random, before: u64) {
    match round % 2 {
        0 => tokio::time::sleep(Duration::from_millis(random.within(0..1_200))).await, // the random moment
        _ => until_more_is_stored(stage, before).await,
    }
}

async fn what_was_shown_is_there_after_every_kill(mut stage: Stage) {
    let flow = deploy(&stage).await;
    let widget = Widget::make(&stage, &flow, json!({})).await;
    let mut api = stage.api.at(&stage.server);
    eventually("it is kept", async || if widget.samples(&api).await.1 { Ok(()) } else { Err(()) }).await;
    let mut random = Random::seeded();
    let (mut q, mut safe) = (0u64, Vec::new());
    for round in 0..ROUNDS {
        let mut device = Device::connect(&stage.server, &stage.device, 1, q + 1).await;
        let first = q + 1;
        for _ in 0..random.within(1..12) {
            q += 1;
            device.deliver(q, json!([["t", q]])).await;
        }
        widget.shows(&api, q).await;
        safe.extend(first..=q);
        // A write may be on its way that does not have all of them; the one that begins after it does.
        for _ in 0..2 {
            let before = stored(&stage).await;
            q += 1;
            device.deliver(q, json!([["t", q]])).await;
            until_more_is_stored(&stage, before).await;
        }
        // and some more, of which some are stored by the time of the kill
        let before = stored(&stage).await;
        for _ in 0..random.within(1..12) {
            q += 1;
            device.deliver(q, json!([["t", q]])).await;
        }
        until_the_kill(&stage, round, &mut random, before).await;
        stage.server.kill().await;
        stage.server.restart().await;
        api = api.at(&stage.server);
        let (samples, kept) = widget.samples(&api).await;
        assert!(kept, "from the first moment on");
        assert!(safe.iter().all(|value| samples.contains(value)), "{samples:?} of {safe:?}");
        assert!(samples.is_sorted_by(|a, b| a < b), "in order, none of them twice: {samples:?}");
        // so does a dashboard's socket begin
        let mut live = Live::connect(&stage.server, &api).await;
        live.socket.say(json!({"t": "sub", "id": 1, "widget": widget.id, "points": 500})).await;
        let snap = live.socket.hear().await;
        let shown: Vec<u64> =
            snap["v"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as u64).collect();
        assert!(safe.iter().all(|value| shown.contains(value)), "{snap} of {safe:?}");
        // what the flow puts out again because of the kill is not shown again
        let mut device = Device::connect(&stage.server, &stage.device, 1, q + 1).await;
        q += 1;
        device.deliver(q, json!([["t", q]])).await;
        let samples = widget.shows(&api, q).await;
        assert!(samples.is_sorted_by(|a, b| a < b), "{samples:?}");
    }

    // an orderly end loses nothing
    let before = widget.shows(&api, q).await;
    stage.server.terminate().await;
    assert!(stage.server.wait().await.success());
    stage.server.restart().await;
    api = api.at(&stage.server);
    assert_eq!(widget.samples(&api).await.0, before);

    // fewer are the newest, and a widget that is gone is kept no longer
    api.call(Method::PATCH, &widget.path, Some(&json!({"max_samples": 3}))).await;
    assert_eq!(widget.samples(&api).await.0, before[before.len() - 3..]);
    assert_eq!(metric(&stage.server, "edgesync_widgets_kept").await as u64, 1);
    assert_eq!(api.call(Method::DELETE, &widget.path, None::<&Value>).await.0, 204);
    eventually("it is let go", async || {
        let kept = metric(&stage.server, "edgesync_widgets_kept").await as u64;
        if kept == 0 { Ok(()) } else { Err(kept) }
    })
    .await;
}
