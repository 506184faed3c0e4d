//! The live socket: who may watch what, and that a dashboard sees each value once, whatever happens to it or to the server.

use hyper::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::device::Socket;
use crate::support::{Api, Device, Live, Server, Stage, stage};

async fn widget(stage: &Stage, source: Value) -> String {
    let body = json!({"organization_id": stage.api.organization, "name": "plant"});
    let made = stage.api.call(Method::POST, "/api/v1/dashboard-templates", Some(&body)).await;
    let dashboard = made.1["id"].as_str().unwrap_or_else(|| panic!("{made:?}")).to_owned();
    let mut body = json!({"widget_id": "w", "widget_type": "time_series", "max_samples": 2});
    body.as_object_mut().unwrap().extend(source.as_object().unwrap().clone());
    let path = format!("/api/v1/dashboard-templates/{dashboard}/widgets");
    stage.api.post(&path, body).await["id"].as_str().unwrap().to_owned()
}

async fn sub(live: &mut Live, frame: Value) -> Value {
    live.socket.say(frame).await;
    live.socket.hear().await
}

async fn raw_socket(server: &Server) -> Socket {
    Socket::open(server.address, "/ws/v1/live", &[]).await.unwrap()
}

#[tokio::test]
async fn a_widget_is_watched_by_its_id() {
    let stage = stage().await;
    let source =
        json!({"data_source_type": "device_sensor", "device_id": stage.device.id, "sensor_type": "door"});
    let door = widget(&stage, source).await;
    let fixed = widget(&stage, json!({"data_source_type": "static", "static_value": "open"})).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["door", 1, 0, "x"], ["door", 2, 1, "x"], ["door", 3, 2, "x"]])).await;

    let mut live = Live::connect(&stage.server, &stage.api).await;
    let snap = sub(&mut live, json!({"t": "sub", "id": 1, "widget": door, "max_hz": 10})).await;
    assert_eq!(
        (&snap["t"], &snap["v"], &snap["unit"]),
        (&json!("snap"), &json!([2.0, 3.0]), &json!("x")),
        "{snap}"
    );
    assert_eq!(snap["recovered"], false);
    device.deliver(2, json!([["door", "ajar"], ["door", {"angle": 7}], ["door", true]])).await;
    let upd = live.next(1).await;
    assert_eq!((&upd["t"], &upd["v"]), (&json!("upd"), &json!(["ajar", {"angle": 7}, true])), "{upd}");

    let snap = sub(&mut live, json!({"t": "sub", "id": 2, "widget": fixed})).await;
    assert_eq!((&snap["v"], &snap["id"]), (&json!(["open"]), &json!(2)), "{snap}");

    let mut stranger = Live::connect(&stage.server, &Api::sign_up(&stage.server).await).await;
    for target in [
        json!({"widget": door}),
        json!({"device": stage.device.id, "sensor": "door"}),
        json!({"flow": "0197a3c0-0000-7000-8000-000000000003", "node": "n"}),
    ] {
        let mut frame = json!({"t": "sub", "id": 3});
        frame.as_object_mut().unwrap().extend(target.as_object().unwrap().clone());
        let err = sub(&mut stranger, frame).await;
        assert_eq!(
            (&err["t"], &err["id"], &err["code"]),
            (&json!("err"), &json!(3), &json!("not_found")),
            "{err}"
        );
    }
}

#[tokio::test]
async fn a_subscription_that_is_wrong_is_refused_and_the_socket_stays() {
    let stage = stage().await;
    let mut live = Live::connect(&stage.server, &stage.api).await;
    let device = &stage.device.id;
    for (frame, field) in [
        (json!({"t": "sub", "id": 1, "device": device, "sensor": "no such name"}), "sensor"),
        (json!({"t": "sub", "id": 1, "device": "?", "sensor": "a"}), "device"),
        (json!({"t": "sub", "id": 1, "device": device, "sensor": "a", "max_hz": -1}), "max_hz"),
        (json!({"t": "sub", "id": 1}), "widget"),
    ] {
        let err = sub(&mut live, frame).await;
        assert_eq!(
            (&err["t"], &err["id"], &err["code"]),
            (&json!("err"), &json!(1), &json!("malformed")),
            "{err}"
        );
        assert!(err["message"].as_str().unwrap().starts_with(field), "{err}");
    }
    for id in 0..10_000 {
        let answer = sub(&mut live, json!({"t": "sub", "id": id, "device": device, "sensor": "a"})).await;
        let (code, message) = if id < 256 {
            (Value::Null, Value::Null)
        } else {
            (json!("limit"), json!("at most 256 subscriptions of a socket"))
        };
        assert_eq!((&answer["id"], &answer["code"], &answer["message"]), (&json!(id), &code, &message));
    }
    live.socket.say(json!({"t": "unsub", "id": 0})).await;
    let answer = sub(&mut live, json!({"t": "sub", "id": 256, "device": device, "sensor": "a"})).await;
    assert_eq!(answer["t"], "snap", "{answer}");
}

#[tokio::test]
async fn a_ping_is_answered_with_its_number_and_a_flood_of_them_is_closed() {
    let stage = stage().await;
    let mut live = Live::connect(&stage.server, &stage.api).await;
    for n in [0, 7, 9_007_199_254_740_991u64] {
        live.socket.say(json!({"t": "ping", "n": n})).await;
        assert_eq!(live.socket.hear().await, json!({"t": "pong", "n": n}));
    }
    for n in 0..200 {
        use futures_util::SinkExt;
        // each kind counts
        let ping =
            if n % 2 == 0 { Message::Ping("?".into()) } else { Message::text(r#"{"t":"ping","n":1}"#) };
        if live.socket.0.send(ping).await.is_err() {
            break;
        }
    }
    assert_eq!(live.socket.hear_close().await.0, 4429);
}

#[tokio::test]
async fn what_is_no_frame_closes_the_socket_with_its_code() {
    let stage = stage().await;
    for (message, code) in [
        (Message::text("{"), 4400),
        (Message::text(r#"{"t":"ping"}"#), 4400),
        (Message::text(r#"{"t":"what"}"#), 4400),
        (Message::binary(vec![1, 2, 3]), 4400),
        (Message::text(format!(r#"{{"t":"unsub","id":1,"x":"{}"}}"#, "x".repeat(33_000))), 4413),
    ] {
        let mut live = Live::connect(&stage.server, &stage.api).await;
        live.socket.send(message).await;
        assert_eq!(live.socket.hear_close().await.0, code);
    }
    for first in [json!({"t": "auth", "token": "nobody's"}), json!({"t": "unsub", "id": 1})] {
        let mut socket = raw_socket(&stage.server).await;
        socket.say(first).await;
        assert_eq!(socket.hear_close().await.0, 4401);
    }
}

#[tokio::test]
async fn an_api_token_watches_until_it_is_revoked() {
    let stage = stage().await;
    let body = json!({"name": "wall", "scopes": ["read"]});
    let made = stage.api.post("/api/v1/me/api-tokens", body).await;
    let token = made["token"].as_str().unwrap().to_owned();
    let api = Api { token, ..stage.api.clone() };
    let mut live = Live::connect(&stage.server, &api).await;
    let answer = sub(&mut live, json!({"t": "sub", "id": 1, "device": stage.device.id, "sensor": "a"})).await;
    assert_eq!(answer["t"], "snap", "{answer}");
    let path = format!("/api/v1/me/api-tokens/{}", made["api_token"]["id"].as_str().unwrap());
    assert_eq!(stage.api.call(Method::DELETE, &path, None).await.0, 204);
    let mut live = Live::connect(&stage.server, &api).await;
    assert_eq!(live.socket.hear_close().await.0, 4401);
}

#[tokio::test]
async fn who_does_not_say_who_they_are_is_closed_4408() {
    let stage = stage().await;
    let mut socket = raw_socket(&stage.server).await;
    assert_eq!(socket.hear_close().await.0, 4408);
}

#[tokio::test]
async fn a_cookie_counts_on_our_own_pages_only() {
    let stage = stage().await;
    let cookie = format!("edgesync_session={}", stage.api.token);
    let own = format!("http://{}", stage.server.address);
    for (origin, expected) in
        [(Some("http://evil.example"), Err(403)), (None, Err(403)), (Some(&*own), Ok(()))]
    {
        let mut headers = vec![("cookie", &*cookie)];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let opened = Socket::open(stage.server.address, "/ws/v1/live", &headers).await;
        assert_eq!(opened.as_ref().map(|_| ()).map_err(|status| *status), expected, "{origin:?}");
        if let Ok(mut socket) = opened {
            socket.say(json!({"t": "sub", "id": 1, "device": stage.device.id, "sensor": "a"})).await;
            assert_eq!(socket.hear().await["t"], "snap");
        }
    }
}

#[tokio::test]
async fn a_dashboard_finds_its_place_after_the_server_was_killed() {
    let mut stage = stage().await;
    let target = json!({"t": "sub", "id": 1, "device": stage.device.id, "sensor": "a"});
    let mut live = Live::connect(&stage.server, &stage.api).await;
    let snap = sub(&mut live, target.clone()).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1], ["b", 0]])).await;
    let upd = live.next(1).await;
    assert_eq!(upd["v"], json!([1.0]));
    device.deliver(2, json!([["b", 0], ["a", 2]])).await;
    stage.server.kill().await;
    stage.server.restart().await;

    let api = stage.api.at(&stage.server);
    let mut device = Device::connect(&stage.server, &stage.device, 1, 3).await;
    device.deliver(3, json!([["a", 3]])).await;
    let mut live = Live::connect(&stage.server, &api).await;
    let mut again = target;
    again["since"] = json!({"epoch": snap["epoch"], "offset": upd["offset"]});
    let back = sub(&mut live, again).await;
    assert_eq!((&back["recovered"], &back["v"]), (&json!(true), &json!([2.0, 3.0])), "{back}");
    device.deliver(4, json!([["a", 4]])).await;
    assert_eq!(live.next(1).await["v"], json!([4.0]));
}

#[tokio::test]
async fn a_slow_dashboard_gets_fewer_values_and_is_told_how_many_it_missed() {
    let stage = stage().await;
    let mut live = Live::connect(&stage.server, &stage.api).await;
    sub(&mut live, json!({"t": "sub", "id": 1, "device": stage.device.id, "sensor": "a", "max_hz": 2})).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    const FRAMES: u64 = 40;
    // Each number below 2,000 once, the smallest and the largest neither first nor last: only folding keeps them.
    let value = |n: u64| (n + 1_000) * 1_237 % (FRAMES * 50);
    for q in 1..=FRAMES {
        let readings: Vec<_> = (0..50).map(|n| json!(["a", value((q - 1) * 50 + n)])).collect();
        device.deliver(q, json!(readings)).await;
    }
    let (mut told, mut skipped, mut least, mut most) = (0, 0, f64::MAX, f64::MIN);
    let number = |value: &Value| value.as_f64().unwrap();
    while told + skipped < FRAMES * 50 {
        let upd = live.next(1).await;
        let values = upd["v"].as_array().unwrap();
        told += values.len() as u64;
        skipped += upd["skipped"].as_u64().unwrap_or(0);
        let column = |name: &str| upd[name].as_array().unwrap_or(values).clone();
        least = column("min").iter().map(number).fold(least, f64::min);
        most = column("max").iter().map(number).fold(most, f64::max);
        if told + skipped == FRAMES * 50 {
            assert_eq!(values.last().map(number), Some(value(FRAMES * 50 - 1) as f64));
        }
    }
    assert_eq!(told + skipped, FRAMES * 50);
    assert!(skipped > told, "{told} told, {skipped} skipped");
    assert_eq!((least, most), (0.0, (FRAMES * 50 - 1) as f64));
}

#[tokio::test]
async fn dashboards_are_sent_away_when_the_server_goes_down() {
    let mut stage = stage().await;
    let mut live = Live::connect(&stage.server, &stage.api).await;
    sub(&mut live, json!({"t": "sub", "id": 1, "device": stage.device.id, "sensor": "a"})).await;
    stage.server.terminate().await;
    let bye = live.socket.hear().await;
    assert_eq!((&bye["t"], &bye["reason"]), (&json!("bye"), &json!("draining")), "{bye}");
    assert!(bye["after_ms"].as_u64().unwrap() < 30_000);
    assert_eq!(live.socket.hear_close().await.0, 4503);
    assert!(stage.server.wait().await.success());
}

#[tokio::test]
async fn the_compatible_form_shows_one_widget_value_by_value() {
    let stage = stage().await;
    let source =
        json!({"data_source_type": "device_sensor", "device_id": stage.device.id, "sensor_type": "a"});
    let widget = widget(&stage, source).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 21.5, 0, "C"]])).await;
    let path = format!("/ws/widgets/{widget}/?token={}", stage.api.token);
    let (address, stranger) = (stage.server.address, Api::sign_up(&stage.server).await);
    let mut socket = Socket::open(address, &path, &[]).await.unwrap();
    let first = socket.hear().await;
    assert_eq!((&first["value"], &first["unit"]), (&json!(21.5), &json!("C")), "{first}");
    device.deliver(2, json!([["a", "warm"], ["a", 22.5, 0, "F"]])).await;
    assert_eq!(socket.hear().await["value"], "warm");
    let newest = socket.hear().await;
    assert_eq!((&newest["value"], &newest["unit"]), (&json!(22.5), &json!("F")), "{newest}");
    assert!(newest["timestamp"].as_str().unwrap().ends_with('Z'));

    for (token, status) in [("nobody's", 401), (&*stranger.token, 404)] {
        let path = format!("/ws/widgets/{widget}/?token={token}");
        assert_eq!(Socket::open(address, &path, &[]).await.err(), Some(status));
    }
}
