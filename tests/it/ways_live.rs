//! The ways to watch beside the live socket: events and polls over HTTP, and the compatible sockets.

use std::time::{Duration, Instant};

use hyper::Method;
use serde_json::{Value, json};

use crate::support::api::metric;
use crate::support::device::Socket;
use crate::support::{Api, Device, Events, Live, Stage, eventually, stage, within};

/// A widget's id.
async fn widget(stage: &Stage, source: Value) -> String {
    let body = json!({"organization_id": stage.api.organization, "name": "plant"});
    let board = stage.api.post("/api/v1/dashboard-templates", body).await;
    let path = format!("/api/v1/dashboard-templates/{}/widgets", board["id"].as_str().unwrap());
    let mut body = json!({"widget_id": "w", "widget_type": "time_series"});
    body.as_object_mut().unwrap().extend(source.as_object().unwrap().clone());
    stage.api.post(&path, body).await["id"].as_str().unwrap().to_owned()
}

async fn sensor(stage: &Stage) -> String {
    let source =
        json!({"data_source_type": "device_sensor", "device_id": stage.device.id, "sensor_type": "a"});
    widget(stage, source).await
}

fn numbers(frame: &Value, column: &str) -> Vec<f64> {
    let column = frame[column].as_array().unwrap_or_else(|| panic!("no {column}: {frame}"));
    column.iter().map(|value| value.as_f64().unwrap()).collect()
}

#[tokio::test]
async fn events_go_on_without_a_gap_behind_a_lost_connection_and_a_killed_server() {
    let mut stage = stage().await;
    let path = format!("/api/v1/live/{}/events?max_hz=50", sensor(&stage).await);
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 0]])).await;
    let mut events = Events::open(&stage.api, &path, None).await.unwrap();
    let mut seen = numbers(&events.expect("snap").await, "v");
    assert_eq!(events.retry_ms, 2000);
    for q in 2..=100 {
        // Some are on their way when the connection is lost, and come with the next.
        device.deliver(q, json!([["b", 0], ["a", q - 1]])).await;
        if q % 10 == 0 {
            let last = events.last.clone();
            events = Events::open(&stage.api, &path, Some(&last)).await.unwrap();
            let snap = events.expect("snap").await;
            assert_eq!(snap["recovered"], true, "{snap}");
            seen.extend(numbers(&snap, "v"));
        }
        if q % 3 == 0 && seen.len() < q as usize {
            let upd = events.expect("upd").await;
            assert_eq!(upd["skipped"], Value::Null, "{upd}");
            seen.extend(numbers(&upd, "v"));
        }
    }
    let last = events.last.clone();
    stage.server.kill().await;
    stage.server.restart().await;
    let api = stage.api.at(&stage.server);
    let mut device = Device::connect(&stage.server, &stage.device, 1, 101).await;
    device.deliver(101, json!([["a", 100]])).await;
    let mut events = Events::open(&api, &path, Some(&last)).await.unwrap();
    let snap = events.expect("snap").await;
    assert_eq!(snap["recovered"], true, "{snap}");
    seen.extend(numbers(&snap, "v"));
    device.deliver(102, json!([["a", 101]])).await;
    seen.extend(numbers(&events.expect("upd").await, "v"));
    assert_eq!(seen, (0..=101).map(f64::from).collect::<Vec<_>>(), "each once, in order");
}

#[tokio::test]
async fn a_slow_reader_of_events_gets_fewer_values_and_the_true_smallest_and_largest() {
    const FRAMES: u64 = 40;
    let stage = stage().await;
    let path = format!("/api/v1/live/{}/events?max_hz=2", sensor(&stage).await);
    let mut events = Events::open(&stage.api, &path, None).await.unwrap();
    events.expect("snap").await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    // Each number below 2,000 once, the smallest and the largest neither first nor last: only folding keeps them.
    let value = |n: u64| (n + 1_000) * 1_237 % (FRAMES * 50);
    for q in 1..=FRAMES {
        let readings: Vec<_> = (0..50).map(|n| json!(["a", value((q - 1) * 50 + n)])).collect();
        device.deliver(q, json!(readings)).await;
    }
    let (mut told, mut skipped, mut newest) = (0, 0, f64::NAN);
    let (mut least, mut most) = (f64::MAX, f64::MIN);
    while told + skipped < FRAMES * 50 {
        let upd = events.expect("upd").await;
        let values = numbers(&upd, "v");
        told += values.len() as u64;
        skipped += upd["skipped"].as_u64().unwrap_or(0);
        newest = *values.last().unwrap();
        let column = |name: &str| if upd[name].is_null() { values.clone() } else { numbers(&upd, name) };
        least = column("min").into_iter().fold(least, f64::min);
        most = column("max").into_iter().fold(most, f64::max);
    }
    assert_eq!((told + skipped, newest), (FRAMES * 50, value(FRAMES * 50 - 1) as f64));
    assert!(skipped > told, "{told} told, {skipped} skipped");
    assert_eq!((least, most), (0.0, (FRAMES * 50 - 1) as f64));
}

#[tokio::test]
async fn a_reader_of_events_that_takes_nothing_slows_nobody_and_is_cut_after_half_a_minute() {
    // 19 MB for each of them, many times what the kernel holds for a connection.
    const READERS: usize = 20;
    const VALUES: u64 = 240;
    const TEXT_BYTES: usize = 4_000;
    /// Below the 50 a second that are asked for: who reads gets every value.
    const PACE: Duration = Duration::from_millis(25);
    let stage = stage().await;
    let path = format!("/api/v1/live/{}/events?max_hz=50", sensor(&stage).await);
    let mut stuck = Vec::new();
    for _ in 0..READERS {
        stuck.push(Events::open_narrow(&stage.api, &path, 4096).await);
    }
    let mut good = Events::open(&stage.api, &path, None).await.unwrap();
    good.expect("snap").await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    let value = |q: u64| format!("{q:04}{}", "x".repeat(TEXT_BYTES - 4));
    let before_kib = stage.server.resident_kib();
    let (mut pace, mut shown) = (tokio::time::interval(PACE), Duration::ZERO);
    let mut q = 0;
    let half = VALUES * READERS as u64 / 2;
    // How much the kernel takes before a write waits differs; it is filled when values are folded.
    while q < VALUES || (metric(&stage.server, "edgesync_live_values_folded_total").await as u64) < half {
        pace.tick().await;
        q += 1;
        let start = Instant::now();
        device.deliver(q, json!([["a", value(q)]])).await;
        let upd = good.expect("upd").await;
        shown = shown.max(start.elapsed());
        assert_eq!((&upd["v"], &upd["skipped"]), (&json!([value(q)]), &Value::Null));
    }
    let grown_kib = stage.server.resident_kib().saturating_sub(before_kib);
    println!("slowest update {shown:?}, {grown_kib} KiB grown, {q} values");
    assert!(shown < Duration::from_secs(2), "{shown:?} until a value was shown");
    assert!(grown_kib < 32 * 1024, "{grown_kib} KiB more");
    // They are not waited for much longer than a write may take.
    let begun = Instant::now();
    while metric(&stage.server, "edgesync_live_sockets_open").await > 1.0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "they still hold their places");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // One that reads again finds what was on its way, and that it was cut behind it. What it missed is too much by now: it begins anew.
    let reader = &mut stuck[0];
    let last = loop {
        match within("what was on its way", reader.try_next()).await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it ended as if that were all"),
            Err(last) => break last,
        }
    };
    let mut again = Events::open(&stage.api, &path, Some(&last)).await.unwrap();
    let snap = again.expect("snap").await;
    assert_eq!(snap["recovered"], false);
    assert_eq!(snap["v"].as_array().unwrap().last(), Some(&json!(value(q))));
}

#[tokio::test]
async fn polls_of_a_sensor_see_each_value_once_under_load() {
    let stage = stage().await;
    let widget = sensor(&stage).await;
    polls_see_each_value_once(&stage, &widget).await;
}

#[tokio::test]
async fn polls_of_a_node_see_each_value_once_under_load() {
    let stage = stage().await;
    let nodes = json!([
        {"id": "in", "type": "device", "position": {"x": 0, "y": 0},
         "data": {"deviceUuid": stage.device.id, "variable": "a"}},
        {"id": "show", "type": "display", "position": {"x": 1, "y": 0}, "data": {}},
    ]);
    let flow = stage.api.deploy("f", nodes, json!([{"id": "1", "source": "in", "target": "show"}])).await;
    let source = json!({"data_source_type": "flow_node", "flow_id": flow, "node_id": "show"});
    let widget = widget(&stage, source).await;
    polls_see_each_value_once(&stage, &widget).await;
}

async fn polls_see_each_value_once(stage: &Stage, widget: &str) {
    const VALUES: u64 = 200;
    /// Below the 50 a second that are asked for: nothing is folded.
    const PACE: Duration = Duration::from_millis(25);
    let path = format!("/api/v1/live/{widget}/poll");
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    let first = stage.api.get(&path).await;
    assert_eq!(first["frames"][0]["t"], "snap", "{first}");
    // The first come while no poll waits.
    for q in 1..=VALUES / 4 {
        device.deliver(q, json!([["a", q], ["b", 0]])).await;
    }
    let send = async {
        let mut pace = tokio::time::interval(PACE);
        for q in VALUES / 4 + 1..=VALUES {
            pace.tick().await;
            device.deliver(q, json!([["a", q], ["b", 0]])).await;
        }
    };
    let read = async {
        let (mut last, mut seen, mut polls) = (first, Vec::new(), 0);
        while (seen.len() as u64) < VALUES {
            let place = format!("epoch={}&offset={}", last["epoch"], last["offset"]);
            last = stage.api.get(&format!("{path}?{place}&max_hz=50&wait_s=15")).await;
            let frame = &last["frames"][0];
            assert!(frame["recovered"] != false && frame["skipped"].is_null(), "{frame}");
            seen.extend(numbers(frame, "v"));
            polls += 1;
        }
        println!("{polls} polls");
        seen
    };
    let ((), seen) = tokio::join!(send, read);
    assert_eq!(seen, (1..=VALUES).map(|q| q as f64).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_watches_over_http_is_told_when_the_server_goes_down() {
    let mut stage = stage().await;
    let widget = sensor(&stage).await;
    let events_path = format!("/api/v1/live/{widget}/events");
    let mut events = Events::open(&stage.api, &events_path, None).await.unwrap();
    events.expect("snap").await;
    let path = format!("/api/v1/live/{widget}/poll");
    let first = stage.api.get(&path).await;
    let path = format!("{path}?epoch={}&offset={}&wait_s=60", first["epoch"], first["offset"]);
    let go_down = async {
        eventually("both watch", async || {
            let sockets = metric(&stage.server, "edgesync_live_sockets_open").await;
            if sockets == 2.0 { Ok(()) } else { Err(sockets) }
        })
        .await;
        stage.server.terminate().await;
    };
    let (polled, ()) = tokio::join!(stage.api.get(&path), go_down);
    let frame = &polled["frames"][0];
    assert_eq!((&frame["t"], &frame["reason"]), (&json!("bye"), &json!("draining")), "{polled}");
    assert_eq!((&polled["epoch"], &polled["offset"]), (&first["epoch"], &first["offset"]));
    let bye = events.expect("bye").await;
    assert!(bye["after_ms"].as_u64().unwrap() < 30_000);
    assert_eq!(bye["after_ms"], events.retry_ms, "a browser comes back then");
    assert_eq!(within("the end", events.try_next()).await, Ok(None), "it ended whole");
    assert!(stage.server.wait().await.success());
    let log = std::fs::read_to_string(stage.server.path("log")).unwrap();
    for trouble in ["ran out of time", "cut off"] {
        assert!(!log.contains(trouble), "{log}");
    }
}

#[tokio::test]
async fn the_output_of_a_node_is_shown_value_by_value() {
    let stage = stage().await;
    let nodes = json!([
        {"id": "in", "type": "device", "position": {"x": 0, "y": 0},
         "data": {"deviceUuid": stage.device.id, "variable": "a"}},
        {"id": "average", "type": "moving-average", "position": {"x": 1, "y": 0}, "data": {"windowSize": 2}},
        {"id": "show", "type": "display", "position": {"x": 2, "y": 0}, "data": {}},
    ]);
    let edges = json!([
        {"id": "1", "source": "in", "target": "average"}, {"id": "2", "source": "average", "target": "show"},
    ]);
    let (api, address) = (&stage.api, stage.server.address);
    let flow = api.post("/api/v1/flows", json!({"name": "f", "nodes": nodes, "edges": edges})).await;
    let flow = flow["id"].as_str().unwrap();
    let path = |node: &str, more: &str| format!("/ws/flows/{flow}/nodes/{node}/output{more}");
    let with = format!("?token={}", api.token);
    // It does not run yet: it is waited for, whatever nodes it will have.
    let mut average = Socket::open(address, &path("average", &format!("/{with}")), &[]).await.unwrap();
    let bearer = format!("Bearer {}", api.token);
    let headers = [("authorization", bearer.as_str())];
    let mut source = Socket::open(address, &path("in", ""), &headers).await.unwrap();
    let mut field = Socket::open(address, &path("in", &format!("{with}&field=none")), &[]).await.unwrap();
    eventually("they watch", async || {
        let sockets = metric(&stage.server, "edgesync_live_sockets_open").await;
        if sockets == 3.0 { Ok(()) } else { Err(sockets) }
    })
    .await;
    api.post(&format!("/api/v1/flows/{flow}/deploy"), json!({})).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    for (q, value, mean) in [(1, 10.0, 10.0), (2, 20.0, 15.0), (3, 40.0, 30.0)] {
        device.deliver(q, json!([["a", value, 0, "C"]])).await;
        for (socket, value) in [(&mut source, value), (&mut average, mean)] {
            let frame = socket.hear().await;
            let keys: Vec<_> = frame.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(keys, ["timestamp", "value", "unit"]);
            assert_eq!((&frame["value"], &frame["unit"]), (&json!(value), &json!("C")));
            assert!(frame["timestamp"].as_str().unwrap().ends_with('Z'), "{frame}");
        }
    }
    // Who comes later sees the newest first.
    let mut late = Socket::open(address, &path("average", &with), &[]).await.unwrap();
    assert_eq!(late.hear().await["value"], 30.0);
    let mut gone = Socket::open(address, &path("nothing", &with), &[]).await.unwrap();
    let (code, reason) = gone.hear_close().await;
    assert_eq!((code, reason.as_str()), (4404, "the flow that runs has no node nothing"));

    let stranger = Api::sign_up(&stage.server).await;
    for (token, status) in [("nobody's", 401), (&*stranger.token, 404)] {
        let path = path("average", &format!("?token={token}"));
        assert_eq!(Socket::open(address, &path, &[]).await.err(), Some(status));
    }
    let nobodys = "/ws/flows/0197a3c0-0000-7000-8000-000000000003/nodes/average/output/";
    assert_eq!(Socket::open(address, &format!("{nobodys}{with}"), &[]).await.err(), Some(404));
    let long = format!("{with}&field={}", "x".repeat(257));
    assert_eq!(Socket::open(address, &path("average", &long), &[]).await.err(), Some(400));

    stage.server.terminate().await;
    for socket in [&mut source, &mut average, &mut field] {
        sent_away(socket).await;
    }
}

#[tokio::test]
async fn a_compatible_socket_ends_at_once_with_what_let_one_watch() {
    let stage = stage().await;
    let (api, address) = (&stage.api, stage.server.address);
    let widget = sensor(&stage).await;
    let node = |id: &str| {
        json!({"id": id, "type": "device", "position": {"x": 0, "y": 0},
        "data": {"deviceUuid": stage.device.id, "variable": "a"}})
    };
    let flow = api.deploy("f", json!([node("a"), node("b")]), json!([])).await;
    let bob = Api::sign_up(&stage.server).await;
    let members = format!("/api/v1/organizations/{}/members", api.organization);
    let member = api.post(&members, json!({"email": bob.email, "role": "user"})).await;
    let again = Api::log_in(&stage.server, &api.email, "correct horse battery").await;
    let of_widget = |api: &Api| format!("/ws/widgets/{widget}/?token={}", api.token);
    let of_node = format!("/ws/flows/{flow}/nodes/b/output/?token={}", api.token);
    let paths = [of_widget(&bob), of_widget(&again), of_node, of_widget(api)];
    let mut sockets = Vec::new();
    for path in &paths {
        sockets.push(Socket::open(address, path, &[]).await.unwrap());
    }
    let mut stays = sockets.pop().unwrap();
    eventually("they watch", async || {
        let open = metric(&stage.server, "edgesync_live_sockets_open").await;
        if open == 4.0 { Ok(()) } else { Err(open) }
    })
    .await;

    let user = member["user_id"].as_str().unwrap_or_else(|| panic!("{member}"));
    assert_eq!(api.call(Method::DELETE, &format!("{members}/{user}"), None).await.0, 204);
    assert_eq!(again.call(Method::POST, "/api/v1/auth/logout", None).await.0, 204);
    let path = format!("/api/v1/flows/{flow}");
    assert_eq!(api.call(Method::PATCH, &path, Some(&json!({"nodes": [node("a")]}))).await.0, 200);
    api.post(&format!("{path}/deploy"), json!({})).await;
    // whether a flow has a node is looked at with the heartbeat
    for (socket, (code, within_s)) in sockets.iter_mut().zip([(4404, 5), (4401, 5), (4404, 45)]) {
        let end = tokio::time::timeout(Duration::from_secs(within_s), socket.try_message());
        let end = end.await.expect("it ends in time").expect_err("nothing else");
        assert!(end.contains(&code.to_string()), "{code}: {end}");
    }
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 7]])).await;
    assert_eq!(stays.hear().await["value"], 7.0);
}

/// Checks that the next that it is told is that the server goes down.
async fn sent_away(socket: &mut Socket) {
    let end = within("the end", socket.try_message()).await.expect_err("nothing else");
    assert!(end.contains("4503") && end.contains("after_ms"), "{end}");
}

#[tokio::test]
async fn a_fixed_value_is_shown_once_and_its_socket_stays() {
    let stage = stage().await;
    let fixed = widget(&stage, json!({"data_source_type": "static", "static_value": {"a": 1}})).await;
    let path = format!("/ws/widgets/{fixed}?token={}", stage.api.token);
    let mut socket = Socket::open(stage.server.address, &path, &[]).await.unwrap();
    assert_eq!(socket.hear().await["value"], json!({"a": 1}));
    let mut live = Live::connect(&stage.server, &stage.api).await;
    live.sensor(1, &stage.device.id, "a").await;
    assert_eq!(metric(&stage.server, "edgesync_live_sockets_open").await, 2.0);
    stage.server.terminate().await;
    sent_away(&mut socket).await;
}

#[tokio::test]
async fn who_is_not_let_in_is_told_the_same_on_each_way() {
    let stage = stage().await;
    let widget = sensor(&stage).await;
    let stranger = Api::sign_up(&stage.server).await;
    let nobody = Api { token: "nobody's".to_owned(), ..stage.api.clone() };
    let nobodys = "0197a3c0-0000-7000-8000-000000000003";
    for (api, id, status) in [(&nobody, &*widget, 401), (&stranger, &widget, 404), (&stage.api, nobodys, 404)]
    {
        let events = Events::open(api, &format!("/api/v1/live/{id}/events"), None).await;
        assert_eq!(events.err(), Some(status));
        let polled = api.call(Method::GET, &format!("/api/v1/live/{id}/poll"), None).await;
        assert_eq!(polled.0, status, "{polled:?}");
        let path = format!("/ws/widgets/{id}/?token={}", api.token);
        assert_eq!(Socket::open(stage.server.address, &path, &[]).await.err(), Some(status));
    }
}
