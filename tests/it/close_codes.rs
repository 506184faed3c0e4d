//! Every close code of the device sockets, and every way a handshake is refused.

use std::time::{Duration, Instant};

use hyper::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::device::Socket;
use crate::support::server::scratch;
use crate::support::{CompatDevice, Device, stage, stage_with};

#[tokio::test]
async fn a_frame_that_is_no_frame_is_closed_4400() {
    let stage = stage().await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.socket.say(json!({"t": "what", "q": 1})).await;
    assert_eq!(device.socket.hear_close().await.0, 4400);
}

#[tokio::test]
async fn data_before_hello_is_closed_4400() {
    let stage = stage().await;
    let mut socket = Device::handshake(&stage.server, Some(&stage.device.token)).await.unwrap();
    socket.say(json!({"t": "data", "q": 1, "r": [["a", 1]]})).await;
    assert_eq!(socket.hear_close().await.0, 4400);
    assert!(stage.api.readings(&stage.device.id).await.is_empty());
}

#[tokio::test]
async fn a_bad_token_in_hello_is_closed_4401() {
    let stage = stage().await;
    for hello in [
        json!({"t": "hello", "boot": 1, "next": 1, "token": "not-a-token"}),
        json!({"t": "hello", "boot": 1, "next": 1}),
    ] {
        let mut socket = Device::handshake(&stage.server, None).await.unwrap();
        socket.say(hello).await;
        assert_eq!(socket.hear_close().await.0, 4401);
    }
    let mut socket = Device::handshake(&stage.server, None).await.unwrap();
    socket.say(json!({"t": "hello", "boot": 1, "next": 1, "token": stage.device.token})).await;
    let welcome = socket.hear().await;
    assert_eq!((&welcome["t"], &welcome["device"]), (&json!("welcome"), &json!(stage.device.id)));
}

#[tokio::test]
async fn deleting_an_organization_closes_its_devices_sockets_at_once_4401() {
    let stage = stage().await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1]])).await;
    let path = format!("/api/v1/organizations/{}", stage.api.organization);
    assert_eq!(stage.api.call(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(device.socket.hear_close().await.0, 4401);
    assert_eq!(Device::handshake(&stage.server, Some(&stage.device.token)).await.err(), Some(401));
}

#[tokio::test]
async fn the_devices_of_an_organization_out_of_use_are_closed_and_refused_4403_until_it_is_in_use_again() {
    let stage = stage().await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1]])).await;
    let path = format!("/api/v1/organizations/{}", stage.api.organization);
    let switch = async |is_active: bool| {
        let body = json!({"is_active": is_active});
        assert_eq!(stage.api.call(Method::PATCH, &path, Some(&body)).await.0, 200);
    };
    switch(false).await;
    assert_eq!(device.socket.hear_close().await.0, 4403);
    let mut socket = Device::handshake(&stage.server, Some(&stage.device.token)).await.unwrap();
    socket.say(json!({"t": "hello", "boot": 1, "next": 2})).await;
    assert_eq!(socket.hear_close().await.0, 4403);
    stage.api.expect_values(&stage.device.id, "a", &[1.0]).await;
    switch(true).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 2).await;
    device.deliver(2, json!([["a", 2]])).await;
    stage.api.expect_values(&stage.device.id, "a", &[1.0, 2.0]).await;
}

#[tokio::test]
async fn revoking_a_token_closes_its_socket_at_once_4401() {
    let stage = stage().await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1]])).await;
    let renewed = stage.api.rotate(&stage.device).await;
    assert_eq!(device.socket.hear_close().await.0, 4401);
    let mut device = Device::connect(&stage.server, &renewed, 1, 2).await;
    assert_eq!(device.welcome["acked"], 1);
    device.deliver(2, json!([["a", 2]])).await;
    stage.api.expect_values(&stage.device.id, "a", &[1.0, 2.0]).await;
}

#[tokio::test]
async fn a_disabled_device_is_closed_4403() {
    let stage = stage().await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    let path = format!("/api/v1/devices/{}", stage.device.id);
    let (status, answer) = stage.api.call(Method::PATCH, &path, Some(&json!({"is_active": false}))).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(device.socket.hear_close().await.0, 4403, "at once");
    let mut socket = Device::handshake(&stage.server, None).await.unwrap();
    socket.say(json!({"t": "hello", "boot": 1, "next": 1, "token": stage.device.token})).await;
    assert_eq!(socket.hear_close().await.0, 4403, "when it comes back");
    let (status, _) = stage.api.call(Method::PATCH, &path, Some(&json!({"is_active": true}))).await;
    assert_eq!(status, 200);
    Device::connect(&stage.server, &stage.device, 1, 1).await.deliver(1, json!([["a", 1]])).await;
}

#[tokio::test]
async fn a_socket_without_hello_is_closed_4408_after_10_s() {
    let stage = stage().await;
    let start = Instant::now();
    let mut socket = Device::handshake(&stage.server, Some(&stage.device.token)).await.unwrap();
    assert_eq!(socket.hear_close().await.0, 4408);
    let waited = start.elapsed();
    assert!((Duration::from_secs(9)..Duration::from_secs(15)).contains(&waited), "{waited:?}");
}

#[tokio::test]
async fn an_older_socket_is_closed_4409_by_a_newer_one() {
    let stage = stage().await;
    let mut older = Device::connect(&stage.server, &stage.device, 1, 1).await;
    older.deliver(1, json!([["a", 1]])).await;
    let mut newer = Device::connect(&stage.server, &stage.device, 1, 2).await;
    assert_eq!(older.socket.hear_close().await.0, 4409);
    assert_eq!(newer.welcome["acked"], 1);
    newer.deliver(2, json!([["a", 2]])).await;
    // The other form counts as the same device.
    let mut compatible = CompatDevice::connect(&stage.server, &stage.device).await;
    assert_eq!(newer.socket.hear_close().await.0, 4409);
    compatible.save(json!({"type": "a", "value": 3})).await;
    stage.api.expect_values(&stage.device.id, "a", &[1.0, 2.0, 3.0]).await;
}

#[tokio::test]
async fn an_oversized_frame_is_closed_4413() {
    let stage = stage().await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1]])).await;
    device.data(2, json!([["a", "x".repeat(65_536)]])).await;
    assert_eq!(device.socket.hear_close().await.0, 4413);
    let mut device = Device::connect(&stage.server, &stage.device, 1, 2).await;
    assert_eq!(device.welcome["acked"], 1);
    device.deliver(2, json!([["a", 2]])).await;
    stage.api.expect_values(&stage.device.id, "a", &[1.0, 2.0]).await;
}

#[tokio::test]
async fn a_device_that_ignores_its_credit_is_closed_4429() {
    let scratch = scratch();
    let file = scratch.path().join("stall");
    let stage = stage_with(&["--test-stall-file", file.to_str().unwrap()]).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    std::fs::write(&file, "").unwrap(); // nothing is acknowledged, so the credit runs out
    let start = Instant::now();
    for q in 1..=200 {
        device.data(q, json!([["a", q]])).await;
    }
    let (code, _) = device.socket.hear_close().await;
    let waited = start.elapsed();
    assert_eq!(code, 4429);
    assert!(waited > Duration::from_secs(8), "closed after {waited:?}, before its 10 s");
    // What was admitted is stored when the store goes on; the device resends the rest, and nothing is there twice.
    std::fs::remove_file(&file).unwrap();
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    let acked = device.welcome["acked"].as_u64().unwrap();
    for q in acked + 1..=64 {
        device.data(q, json!([["a", q]])).await;
    }
    if acked < 64 {
        device.acked(64).await;
    }
    let stored = stage.api.values(&stage.device.id, "a").await;
    let distinct: std::collections::BTreeSet<u64> = stored.iter().map(|value| *value as u64).collect();
    assert_eq!(distinct.len(), stored.len(), "{stored:?}");
    assert!((1..=64).all(|q| distinct.contains(&q)), "{stored:?}");
}

#[tokio::test]
async fn a_flood_of_pings_is_closed_4429() {
    let stage = stage().await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1]])).await;
    for _ in 0..200 {
        use futures_util::SinkExt;
        if device.socket.0.send(Message::Ping("?".into())).await.is_err() {
            break;
        }
    }
    assert_eq!(device.socket.hear_close().await.0, 4429);
    stage.api.expect_values(&stage.device.id, "a", &[1.0]).await;
}

#[tokio::test]
async fn a_server_that_goes_down_closes_4503_and_says_when_to_come_back() {
    let mut stage = stage().await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    let other = stage.api.new_device("other").await;
    let mut compatible = CompatDevice::connect(&stage.server, &other).await;
    device.deliver(1, json!([["a", 1]])).await;
    stage.server.terminate().await;
    for socket in [&mut device.socket, &mut compatible.socket] {
        let (code, reason) = socket.hear_close().await;
        assert_eq!(code, 4503);
        let reason: Value = serde_json::from_str(&reason).unwrap();
        assert!((0..=30_000).contains(&reason["after_ms"].as_i64().unwrap()), "{reason}");
    }
    assert!(stage.server.wait().await.success());
}

#[tokio::test]
async fn a_handshake_without_a_good_token_is_refused() {
    let stage = stage().await;
    let revoked = stage.device.clone();
    stage.api.rotate(&stage.device).await;
    for token in ["x", "not-a-token", &revoked.token] {
        let refused = Device::handshake(&stage.server, Some(token)).await.err();
        assert_eq!(refused, Some(401), "EdgeSync form, {token:?}");
        let path = format!("/ws/sensors/?token={token}");
        let refused = Socket::open(stage.server.address, &path, &[]).await.err();
        assert_eq!(refused, Some(403), "compatible form, {token:?}");
    }
    assert_eq!(Socket::open(stage.server.address, "/ws/sensors/", &[]).await.err(), Some(403));
}

#[tokio::test]
async fn a_token_in_the_query_is_refused_by_the_edgesync_form() {
    let stage = stage().await;
    let path = format!("/ws/v1/device?token={}", stage.device.token);
    assert_eq!(Socket::open(stage.server.address, &path, &[]).await.err(), Some(400));
}

#[tokio::test]
async fn the_compatible_form_takes_its_token_in_a_header_and_with_or_without_the_last_slash() {
    let stage = stage().await;
    let bearer = format!("Bearer {}", stage.device.token);
    for path in ["/ws/sensors/", "/ws/sensors"] {
        let mut socket =
            Socket::open(stage.server.address, path, &[("authorization", &bearer)]).await.unwrap();
        assert_eq!(socket.hear().await["type"], "device_info");
    }
}
