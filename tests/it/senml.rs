//! SenML packs over the device socket: stored as readings, answered one by one after the commit.

use edgesync_schemas::time::Timestamp;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::cbor::cbor;
use crate::support::device::Socket;
use crate::support::server::scratch;
use crate::support::{Device, NewDevice, Server, now_ms, stage, stage_with};

async fn connect(server: &Server, device: &NewDevice) -> Socket {
    let bearer = format!("Bearer {}", device.token);
    let headers = [("sec-websocket-protocol", "senml.v1"), ("authorization", &bearer)];
    Socket::open(server.address, "/ws/v1/device", &headers).await.expect("the handshake is accepted")
}

fn event_ms(reading: &Value) -> i64 {
    reading["timestamp"].as_str().unwrap().parse::<Timestamp>().unwrap().as_ms()
}

#[tokio::test]
async fn packs_of_both_kinds_are_read_back_as_they_were() {
    let stage = stage().await;
    let mut socket = connect(&stage.server, &stage.device).await;
    let at_s = now_ms() / 1000 - 60;
    socket
        .say(json!([
            {"bn": "urn:dev:mac:0024befffe804ff1:", "bt": at_s, "bu": "Cel", "n": "temperature", "v": 21.37},
            {"n": "humidity", "u": "%RH", "t": 1.5, "v": 48.25},
            {"n": "door", "u": "", "t": -1, "vb": true},
            {"n": "state", "u": "", "vs": "öffen \"A\""},
            {"n": "power", "u": "W", "v": 120.5, "s": 3600}
        ]))
        .await;
    assert_eq!(socket.hear().await, json!({"ack": 1}));
    // {-2: "urn:dev:mac:0024befffe804ff1:", 0: "card", 8: h'ffef'}, {0: "age", 6: -10, 2: 4([-1, 215])}
    let mut pack = b"\x82\xa3\x21\x78\x1durn:dev:mac:0024befffe804ff1:\x00\x64card\x08\x42\xff\xef".to_vec();
    pack.extend_from_slice(b"\xa3\x00\x63age\x06\x29\x02\xc4\x82\x20\x18\xd7");
    let before = now_ms();
    socket.send(Message::binary(pack)).await;
    assert_eq!(socket.hear_cbor().await, json!({"ack": 2}), "in the form of the pack");

    let stored = stage.api.readings(&stage.device.id).await;
    let of = |sensor: &str| stored.iter().find(|r| r["sensor_type"] == sensor).expect(sensor).clone();
    assert_eq!(stored.len(), 8);
    assert_eq!((&of("temperature")["value"], &of("temperature")["unit"]), (&json!(21.37), &json!("Cel")));
    assert_eq!((&of("humidity")["value"], &of("humidity")["unit"]), (&json!(48.25), &json!("%RH")));
    assert_eq!(event_ms(&of("temperature")), at_s * 1000);
    assert_eq!(event_ms(&of("humidity")), at_s * 1000 + 1500);
    assert_eq!(event_ms(&of("door")), at_s * 1000 - 1000);
    assert_eq!((&of("door")["value"], &of("door")["raw_data"]), (&json!(1.0), &json!(true)));
    assert_eq!((&of("state")["value"], &of("state")["raw_data"]), (&json!(0.0), &json!("öffen \"A\"")));
    assert_eq!((&of("power")["value"], &of("power")["unit"]), (&json!(120.5), &json!("W")));
    assert_eq!(of("power/sum")["value"], 3600.0);
    assert_eq!(of("card")["raw_data"], "_-8");
    assert_eq!(of("age")["value"], 21.5);
    let ago = event_ms(&of("age"));
    assert!((before - 10_000..=now_ms() - 10_000).contains(&ago), "ten seconds before it came: {ago}");
}

#[tokio::test]
async fn a_bad_record_is_named_and_the_rest_of_its_pack_stored() {
    let stage = stage().await;
    let mut socket = connect(&stage.server, &stage.device).await;
    let pack = r#"[{"n":"a","v":1},{"n":"too hot","v":2},{"n":"b","v":1e999},{"n":"c"},{"bt":1},{"n":"a","t":1000,"v":2,"u":"a unit far too long to be one"},
        {"n":"a","t":-9e9,"v":3},{"n":"a","t":-1,"v":4,"x":[]}]"#;
    socket.send(Message::text(pack)).await;
    let rej = json!([[1, "schema"], [2, "not_finite"], [3, "wrong_type"], [5, "unit"], [6, "too_old"]]);
    assert_eq!(socket.hear().await, json!({"ack": 1, "rej": rej}));
    // A pack of which nothing is left is answered as well, in its turn.
    socket.say_cbor(json!([{"n": "", "v": 1}])).await;
    assert_eq!(socket.hear_cbor().await, json!({"ack": 2, "rej": [[0, "schema"]]}));
    stage.api.expect_values(&stage.device.id, "a", &[1.0, 4.0]).await;
    assert_eq!(stage.api.readings(&stage.device.id).await.len(), 2);
}

#[tokio::test]
async fn a_pack_that_is_none_is_answered_and_the_socket_stays_open() {
    let stage = stage().await;
    let mut socket = connect(&stage.server, &stage.device).await;
    let many: Vec<Value> = (0..501).map(|i| json!({"n": "a", "v": i})).collect();
    let mut number = 0;
    for (pack, code, names) in [
        ("{".to_owned(), "malformed", "list"),
        ("".to_owned(), "malformed", "list"),
        ("[]".to_owned(), "malformed", "at least one record"),
        (r#"[{"n":"a","v":1},"b"]"#.to_owned(), "malformed", "/1"),
        (r#"[{"n":"a","v":1},{"n":"a","v":NaN}]"#.to_owned(), "malformed", "/1"),
        (r#"[{"bver":11,"n":"a","v":1}]"#.to_owned(), "malformed", "/0/bver"),
        (r#"[{"n":"a","v":1},{"n":"b","v":2,"x_":1}]"#.to_owned(), "malformed", "/1: x_"),
        (json!(many).to_string(), "too_large", "500"),
    ] {
        number += 1;
        socket.send(Message::text(pack.as_str())).await;
        let nack = socket.hear().await;
        assert_eq!((&nack["nack"], &nack["code"]), (&json!(number), &json!(code)), "{pack}: {nack}");
        assert!(nack["message"].as_str().unwrap().contains(names), "{pack}: {nack}");
    }
    for bytes in [&b"\x00"[..], b"\x81\xa1", b"\x81\xa1\x00", b"\x9f\xff", &[0x81; 1000]] {
        number += 1;
        socket.send(Message::binary(bytes.to_vec())).await;
        let nack = socket.hear_cbor().await;
        assert_eq!(
            (&nack["nack"], &nack["code"]),
            (&json!(number), &json!("malformed")),
            "{bytes:x?}: {nack}"
        );
    }
    socket.say(json!([{"n": "a", "v": 7}])).await;
    assert_eq!(socket.hear().await, json!({"ack": number + 1}));
    stage.api.expect_values(&stage.device.id, "a", &[7.0]).await;
}

#[tokio::test]
async fn answers_come_after_the_commit_one_per_pack_in_order() {
    let scratch = scratch();
    let file = scratch.path().join("stall");
    let stage = stage_with(&["--test-stall-file", file.to_str().unwrap()]).await;
    let mut socket = connect(&stage.server, &stage.device).await;
    socket.say(json!([{"n": "a", "v": 0}])).await;
    assert_eq!(socket.hear().await, json!({"ack": 1}));
    std::fs::write(&file, "").unwrap();
    for n in 1..=20 {
        socket.say(json!([{"n": "a", "v": n}])).await;
        socket.send(Message::text("[]")).await;
        socket.say_cbor(json!([{"n": "a", "v": n}, {"n": "no such", "v": 1}])).await;
    }
    let early = tokio::time::timeout(std::time::Duration::from_secs(1), socket.try_hear()).await;
    assert!(early.is_err(), "answered before the commit: {early:?}");
    std::fs::remove_file(&file).unwrap();
    for n in 0..20 {
        assert_eq!(socket.hear().await, json!({"ack": 2 + n * 3}));
        assert_eq!(socket.hear().await["nack"], 3 + n * 3);
        assert_eq!(socket.hear_cbor().await, json!({"ack": 4 + n * 3, "rej": [[1, "schema"]]}));
    }
    assert_eq!(stage.api.values(&stage.device.id, "a").await.len(), 41);
}

#[tokio::test]
async fn an_acknowledged_pack_survives_a_kill_and_one_sent_again_is_there_twice() {
    let mut stage = stage().await;
    let mut socket = connect(&stage.server, &stage.device).await;
    let pack = json!([{"n": "a", "v": 1}, {"n": "a", "v": 2}]);
    socket.say(pack.clone()).await;
    assert_eq!(socket.hear().await, json!({"ack": 1}));
    stage.server.kill().await;
    stage.server.restart().await;
    let api = stage.api.at(&stage.server);
    api.expect_values(&stage.device.id, "a", &[1.0, 2.0]).await;
    let mut socket = connect(&stage.server, &stage.device).await;
    socket.say(pack).await;
    assert_eq!(socket.hear().await, json!({"ack": 1}), "numbers count on a socket");
    let mut values = api.values(&stage.device.id, "a").await;
    values.sort_by(f64::total_cmp);
    assert_eq!(values, [1.0, 1.0, 2.0, 2.0]);
}

#[tokio::test]
async fn a_socket_speaks_for_one_device() {
    let stage = stage().await;
    let mut socket = connect(&stage.server, &stage.device).await;
    let (own, other) = ("urn:dev:ow:10e2073a01080063", "urn:dev:ow:10e2073a01080064");
    socket
        .say(json!([{"bn": format!("{own}:"), "n": "t", "v": 1}, {"bn": format!("{other}:"), "n": "t", "v": 2}, {"bn": "", "n": "t", "v": 3}]))
        .await;
    assert_eq!(socket.hear().await, json!({"ack": 1, "rej": [[1, "schema"]]}));
    socket.say(json!([{"bn": format!("{other}_"), "n": "t", "v": 4}])).await;
    assert_eq!(socket.hear().await, json!({"ack": 2, "rej": [[0, "schema"]]}));
    socket.say(json!([{"n": own, "v": 5}])).await;
    assert_eq!(socket.hear().await, json!({"ack": 3}));
    stage.api.expect_values(&stage.device.id, "t", &[1.0, 3.0]).await;
    stage.api.expect_values(&stage.device.id, own, &[5.0]).await;
}

#[tokio::test]
async fn the_handshake_carries_the_token() {
    let stage = stage().await;
    let handshake = async |headers: &[(&'static str, &str)]| {
        Socket::open(stage.server.address, "/ws/v1/device", headers).await.err()
    };
    let protocol = ("sec-websocket-protocol", "senml.v1");
    assert_eq!(handshake(&[protocol]).await, Some(401));
    assert_eq!(handshake(&[protocol, ("authorization", "Bearer no-such-token")]).await, Some(401));
}

#[tokio::test]
async fn the_close_codes_hold_for_senml() {
    let mut stage = stage().await;
    let mut socket = connect(&stage.server, &stage.device).await;
    socket.send(Message::binary(cbor(&json!([{"n": "a", "vs": "x".repeat(65_536)}])))).await;
    assert_eq!(socket.hear_close().await.0, 4413);
    let mut older = connect(&stage.server, &stage.device).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    assert_eq!(older.hear_close().await.0, 4409, "the other forms count as the same device");
    let mut socket = connect(&stage.server, &stage.device).await;
    assert_eq!(device.socket.hear_close().await.0, 4409);
    let renewed = stage.api.rotate(&stage.device).await;
    assert_eq!(socket.hear_close().await.0, 4401, "a revoked token");
    let mut socket = connect(&stage.server, &renewed).await;
    stage.server.terminate().await;
    assert_eq!(socket.hear_close().await.0, 4503);
    assert!(stage.server.wait().await.success());
}
