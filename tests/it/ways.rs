//! A reading's whole way: from both forms of device, through the log and a flow, to the API and a dashboard.

use edgesync_schemas::time::Timestamp;
use hyper::Method;
use serde_json::{Value, json};

use crate::support::{CompatDevice, Device, Live, Random, Stage, eventually, now_ms, on_both_stores, stage};

on_both_stores!(
    what_an_edgesync_device_sends_is_read_back_as_it_was,
    without_a_base_time_the_arrival_counts,
    what_old_firmware_sends_is_read_back_as_it_was,
    replies_of_the_compatible_form_come_one_per_frame_in_order,
    the_average_of_a_flow_reaches_a_live_dashboard,
    sums_over_windows_and_over_the_store_are_the_sums_of_what_was_sent,
    everything_is_there_after_a_clean_stop,
    one_tenant_cannot_read_or_watch_another,
    a_device_is_seen_to_come_and_go,
);

fn event_ms(reading: &Value) -> i64 {
    reading["timestamp"].as_str().unwrap().parse::<Timestamp>().unwrap().as_ms()
}

async fn what_an_edgesync_device_sends_is_read_back_as_it_was(stage: Stage) {
    let mut device = Device::connect(&stage.server, &stage.device, 7, 1).await;
    assert_eq!(device.welcome["device"], *stage.device.id);
    assert_eq!((&device.welcome["acked"], &device.welcome["credit"]), (&json!(0), &json!(64)));
    assert_eq!(device.welcome["limits"]["frame_bytes"], 65_536);
    assert_eq!(device.welcome["limits"]["readings"], 500);
    assert_eq!(device.welcome["heartbeat_s"], 30);

    let bt = now_ms() - 60_000;
    let place = json!({"lat": 52.5, "lon": 13.4});
    let readings = json!([
        ["temperature", 21.37],
        ["humidity", 48.25, 1000, "%"],
        ["door", true, -250],
        ["door", false, 250],
        ["state", "öffen \"A\"", 2000],
        ["place", place, 3000],
        ["tiny", -0.1],
        ["big", 1.7976931348623157e308],
    ]);
    device.socket.say(json!({"t": "data", "q": 1, "bt": bt, "r": readings})).await;
    assert!(device.acked(1).await.is_empty());

    let stored = stage.api.readings(&stage.device.id).await;
    let at = |sensor: &str, ms: i64| -> Value {
        let found = stored.iter().find(|r| r["sensor_type"] == sensor && event_ms(r) == bt + ms);
        found.unwrap_or_else(|| panic!("{sensor} at {ms} is not in {stored:#?}")).clone()
    };
    assert_eq!(stored.len(), 8);
    assert_eq!(at("temperature", 0)["value"], 21.37);
    assert_eq!(at("temperature", 0)["unit"], at("tiny", 0)["unit"], "no unit is no unit");
    assert_eq!((&at("humidity", 1000)["value"], &at("humidity", 1000)["unit"]), (&json!(48.25), &json!("%")));
    assert_eq!((&at("door", -250)["value"], &at("door", -250)["raw_data"]), (&json!(1.0), &json!(true)));
    assert_eq!((&at("door", 250)["value"], &at("door", 250)["raw_data"]), (&json!(0.0), &json!(false)));
    assert_eq!(
        (&at("state", 2000)["value"], &at("state", 2000)["raw_data"]),
        (&json!(0.0), &json!("öffen \"A\""))
    );
    assert_eq!(at("place", 3000)["raw_data"], place);
    assert_eq!(at("tiny", 0)["value"], -0.1);
    assert_eq!(at("big", 0)["value"], f64::MAX);
    for reading in &stored {
        assert_eq!(reading["device_id"], *stage.device.id);
        let received: Timestamp = reading["received_at"].as_str().unwrap().parse().unwrap();
        assert!((now_ms() - received.as_ms()).abs() < 60_000, "{reading}");
    }
    let times: Vec<i64> = stored.iter().map(event_ms).collect();
    assert!(times.is_sorted() || times.iter().rev().is_sorted(), "by event time: {times:?}");
}

async fn without_a_base_time_the_arrival_counts(stage: Stage) {
    let mut device = Device::connect(&stage.server, &stage.device, 7, 1).await;
    let before = now_ms();
    device.deliver(1, json!([["a", 1]])).await;
    let stored = stage.api.readings(&stage.device.id).await;
    assert!((before - 1000..=now_ms() + 1000).contains(&event_ms(&stored[0])), "{stored:?}");
}

async fn what_old_firmware_sends_is_read_back_as_it_was(stage: Stage) {
    let mut device = CompatDevice::connect(&stage.server, &stage.device).await;
    assert_eq!(device.info["device_uuid"], *stage.device.id);
    assert_eq!(device.info["encryption_enabled"], false);

    let reply = device
        .save(json!({"device_id": "whoever", "sensor_type": "temperature", "value": 23.5, "unit": "C"}))
        .await;
    assert!(!reply["id"].is_null(), "a single reading is answered with its id: {reply}");
    let at = now_ms() - 5_000;
    let reply = device
        .save(json!({"readings": [
            {"sensor_type": "humidity", "value": 48, "unit": "%", "timestamp": at},
            {"type": "door", "value": true, "timestamp": Timestamp::from_ms(at - 1).unwrap()}
        ]}))
        .await;
    assert_eq!(reply["message"], "2 readings received and saved");
    device.save(json!({"readings": {"pressure": 1013.25, "state": "idle"}})).await;

    let stored = stage.api.readings(&stage.device.id).await;
    let of = |sensor: &str| stored.iter().find(|r| r["sensor_type"] == sensor).expect(sensor).clone();
    assert_eq!(stored.len(), 5);
    assert_eq!((&of("temperature")["value"], &of("temperature")["unit"]), (&json!(23.5), &json!("C")));
    assert_eq!((&of("humidity")["value"], event_ms(&of("humidity"))), (&json!(48.0), at));
    assert_eq!((&of("door")["value"], &of("door")["raw_data"]), (&json!(1.0), &json!(true)));
    assert_eq!(event_ms(&of("door")), at - 1);
    assert_eq!(of("pressure")["value"], 1013.25);
    assert_eq!((&of("state")["value"], &of("state")["raw_data"]), (&json!(0.0), &json!("idle")));
}

async fn replies_of_the_compatible_form_come_one_per_frame_in_order(stage: Stage) {
    let mut device = CompatDevice::connect(&stage.server, &stage.device).await;
    for n in 1..=40u32 {
        let readings: Vec<Value> = (0..n).map(|i| json!({"type": format!("s{i}"), "value": n})).collect();
        device.socket.say(json!({"readings": readings})).await;
        if n % 10 == 0 {
            device.socket.say(json!({"type": "s0", "value": null})).await;
        }
    }
    for n in 1..=40u32 {
        let reply = device.socket.hear().await;
        let expected = if n == 1 { "1 reading".to_owned() } else { format!("{n} readings") };
        assert!(reply["message"].as_str().unwrap().starts_with(&expected), "{n}: {reply}");
        if n % 10 == 0 {
            assert_eq!(device.socket.hear().await["status"], "error");
        }
    }
}

async fn the_average_of_a_flow_reaches_a_live_dashboard(stage: Stage) {
    let nodes = json!([
        {"id": "in", "type": "device", "position": {"x": 0, "y": 0},
         "data": {"deviceUuid": stage.device.id, "variable": "temperature", "mode": "read"}},
        {"id": "average", "type": "moving-average", "position": {"x": 1, "y": 0}, "data": {"windowSize": 3}},
        {"id": "warm", "type": "filter", "position": {"x": 2, "y": 0}, "data": {"expression": "value > 20.0"}},
        {"id": "show", "type": "display", "position": {"x": 3, "y": 0}, "data": {}},
    ]);
    let edges = json!([
        {"id": "1", "source": "in", "target": "average"},
        {"id": "2", "source": "average", "target": "warm"},
        {"id": "3", "source": "warm", "target": "show"},
    ]);
    let flow = stage.api.deploy("averages", nodes, edges).await;
    let mut live = Live::connect(&stage.server, &stage.api).await;
    live.flow_node(1, &flow, "average").await;
    live.flow_node(2, &flow, "show").await;
    live.sensor(3, &stage.device.id, "temperature").await;

    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    let values = [10.0, 20.0, 33.0, 7.5, 40.0, 50.0];
    for (i, value) in values.iter().enumerate() {
        // "other" must not count: the flow asks for temperature only.
        device.deliver(i as u64 + 1, json!([["temperature", value], ["other", 1000]])).await;
        let window = &values[(i + 1).saturating_sub(3)..=i];
        let mean = window.iter().sum::<f64>() / window.len() as f64;
        live.shows(1, mean).await;
        live.shows(3, *value).await;
        if mean > 20.0 {
            live.shows(2, mean).await;
        }
    }
    // Who comes later sees the past first.
    let mut late = Live::connect(&stage.server, &stage.api).await;
    let snap = late.sensor(1, &stage.device.id, "temperature").await;
    assert_eq!(snap["v"], json!(values), "{snap}");
}

async fn sums_over_windows_and_over_the_store_are_the_sums_of_what_was_sent(stage: Stage) {
    let nodes = json!([
        {"id": "in", "type": "device-sensor", "position": {"x": 0, "y": 0},
         "data": {"devices": [stage.device.id], "sensors": ["a"]}},
        {"id": "sum", "type": "window", "position": {"x": 1, "y": 0},
         "data": {"size": "10s", "aggregates": ["sum", "count"], "lateness": "5s"}},
        {"id": "show", "type": "display", "position": {"x": 2, "y": 0}, "data": {}},
    ]);
    let edges =
        json!([{"id": "1", "source": "in", "target": "sum"}, {"id": "2", "source": "sum", "target": "show"}]);
    let flow = stage.api.deploy("sums", nodes, edges).await;
    let mut live = Live::connect(&stage.server, &stage.api).await;
    live.flow_node(1, &flow, "sum").await;

    let mut random = Random::seeded();
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    // Two whole windows, their readings shuffled within the lateness, then one reading far enough to close them.
    let start = (now_ms() / 10_000 - 6) * 10_000;
    let mut sums = [0.0; 2];
    let mut q = 0;
    for block in 0..8 {
        let readings: Vec<Value> = (0..50)
            .map(|_| {
                let offset = block * 2500 + random.within(0..2500) as i64;
                let value = random.within(0..1000) as f64 / 8.0;
                sums[usize::from(offset >= 10_000)] += value;
                json!(["a", value, offset])
            })
            .collect();
        q += 1;
        device.socket.say(json!({"t": "data", "q": q, "bt": start, "r": readings})).await;
    }
    device.acked(q).await;
    device.socket.say(json!({"t": "data", "q": q + 1, "bt": start + 15_000, "r": [["a", 0]]})).await;
    live.shows(1, sums[0]).await;
    device.socket.say(json!({"t": "data", "q": q + 2, "bt": start + 25_000, "r": [["a", 0]]})).await;
    live.shows(1, sums[1]).await;

    let stored = stage.api.values(&stage.device.id, "a").await;
    assert_eq!((stored.len(), stored.iter().sum::<f64>()), (402, sums[0] + sums[1]));
}

async fn everything_is_there_after_a_clean_stop(mut stage: Stage) {
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1]])).await;
    device.data(2, json!([["a", 2]])).await;
    device.acked(2).await;
    stage.server.terminate().await;
    assert!(stage.server.wait().await.success());
    stage.server.restart().await;
    let api = stage.api.at(&stage.server);
    api.expect_values(&stage.device.id, "a", &[1.0, 2.0]).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 3).await;
    assert_eq!(device.welcome["acked"], 2);
    device.deliver(3, json!([["a", 3]])).await;
    api.expect_values(&stage.device.id, "a", &[1.0, 2.0, 3.0]).await;
}

#[tokio::test]
async fn the_simulator_of_the_product_finds_the_store_right() {
    let stage = stage().await;
    for form in ["json", "cbor", "compat", "senml", "edgesync"] {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_edgesync"))
            .args(["simulate", "--email", &stage.api.email, "--password", "correct horse battery"])
            .args(["--url", &format!("http://{}", stage.server.address), "--form", form])
            .args(["--devices", "3", "--rate", "50", "--readings", "4", "--duration", "1s"])
            .args(["--flows", "--verify", "--json"])
            .output()
            .await
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        assert!(output.status.success(), "{report:#}");
        assert_eq!(report["verify"]["stored"], report["readings_acked"], "{report:#}");
        assert!(report["frames_acked"].as_u64().unwrap() >= 100, "{report:#}");
        assert_eq!(report["errors"], json!({}), "{report:#}");
    }
    let flows = stage.api.get("/api/v1/flows").await;
    assert_eq!(
        flows["items"].as_array().unwrap().len(),
        3,
        "the later runs found the flows of the first: {flows}"
    );
}

async fn one_tenant_cannot_read_or_watch_another(stage: Stage) {
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1]])).await;
    let stranger = crate::support::Api::sign_up(&stage.server).await;
    let path = format!("/api/v1/readings?device={}", stage.device.id);
    let (status, answer) = stranger.call(Method::GET, &path, None).await;
    assert_eq!(status, 404, "{answer}");
    let mut live = Live::connect(&stage.server, &stranger).await;
    live.socket.say(json!({"t": "sub", "id": 1, "device": stage.device.id, "sensor": "a"})).await;
    let refusal = live.next(1).await;
    assert_eq!(refusal["t"], "err", "{refusal}");
    assert!(["not_found", "forbidden"].contains(&refusal["code"].as_str().unwrap()), "{refusal}");
}

#[tokio::test]
async fn the_plan_decides_how_many_devices_an_account_may_make() {
    let stage = stage().await; // has made one
    for name in ["2", "3", "4", "5"] {
        stage.api.new_device(name).await;
    }
    let sixth = json!({"organization_id": stage.api.organization, "name": "6"});
    let (status, answer) = stage.api.call(Method::POST, "/api/v1/devices", Some(&sixth)).await;
    assert_eq!((status, &answer["code"]), (403, &json!("device_limit_reached")), "{answer}");
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_edgesync"))
        .args([
            "simulate",
            "--email",
            &stage.api.email,
            "--password",
            "correct horse battery",
            "--devices",
            "2",
        ])
        .args(["--url", &format!("http://{}", stage.server.address)])
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("edgesync admin plan"), "it says what to do: {told}");
    stage.api.allow_devices(&stage.server, 6).await;
    stage.api.new_device("6").await;
}

async fn a_device_is_seen_to_come_and_go(stage: Stage) {
    let path = format!("/api/v1/devices/{}", stage.device.id);
    assert!(stage.api.get(&path).await["last_seen"].is_null());
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1]])).await;
    for status in ["active", "offline"] {
        eventually("the device's status", async || {
            let device = stage.api.get(&path).await;
            if device["status"] == status && device["last_seen"].is_string() { Ok(()) } else { Err(device) }
        })
        .await;
        device.socket.0.close(None).await.ok();
    }
}
