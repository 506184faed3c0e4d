//! The EdgeSync form in CBOR, and how a handshake chooses between the forms: the promises of the JSON form hold for both.

use edgesync_schemas::time::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::support::cbor::cbor;
use crate::support::device::Form;
use crate::support::{Device, Random, Stage, now_ms, stage, within};

fn event_ms(reading: &Value) -> i64 {
    reading["timestamp"].as_str().unwrap().parse::<Timestamp>().unwrap().as_ms()
}

/// A device that has delivered its first frame, a good one.
async fn begun() -> (Stage, Device) {
    let stage = stage().await;
    let mut device = Device::connect_cbor(&stage.server, &stage.device, 1, 1).await;
    assert!(device.deliver(1, json!([["good", 1]])).await.is_empty());
    (stage, device)
}

/// Delivers another good frame; then the good readings are stored, each once.
async fn goes_on(stage: &Stage, mut device: Device, q: u64) {
    device.deliver(q, json!([["good", 2]])).await;
    stage.api.expect_values(&stage.device.id, "good", &[1.0, 2.0]).await;
}

/// The socket is closed with this code and a reason like this; after a reconnect with the same boot the device goes on with frame 2.
async fn closes(stage: &Stage, mut device: Device, code: u16, says: &str) {
    let (got, reason) = device.socket.hear_close().await;
    assert!(got == code && reason.contains(says), "{got} {reason}");
    let device = Device::connect_cbor(&stage.server, &stage.device, 1, 2).await;
    assert_eq!(device.welcome["acked"], 1);
    goes_on(stage, device, 2).await;
}

#[tokio::test]
async fn what_a_cbor_device_sends_is_read_back_as_it_was() {
    let stage = stage().await;
    let mut device = Device::connect_cbor(&stage.server, &stage.device, 7, 1).await;
    assert_eq!(device.welcome["device"], *stage.device.id);
    assert_eq!((&device.welcome["acked"], &device.welcome["credit"]), (&json!(0), &json!(64)));
    assert_eq!(device.welcome["limits"]["frame_bytes"], 65_536);
    assert_eq!(device.welcome["heartbeat_s"], 30);

    let bt = now_ms() - 60_000;
    let place = json!({"lat": 52.5, "lon": 13.4, "seen": [true, null, 18_446_744_073_709_551_615u64]});
    let readings = json!([
        ["temperature", 21.37],
        ["humidity", 48.25, 1000, "%"],
        ["door", true, -250],
        ["state", "öffen \"A\"", 2000],
        ["place", place, 3000],
        ["big", 1.7976931348623157e308],
        ["count", 9_007_199_254_740_993u64],
    ]);
    device.socket.say_cbor(json!({"t": "data", "q": 1, "bt": bt, "r": readings})).await;
    assert!(device.acked(1).await.is_empty());

    let stored = stage.api.readings(&stage.device.id).await;
    let at = |sensor: &str, ms: i64| -> Value {
        let found = stored.iter().find(|r| r["sensor_type"] == sensor && event_ms(r) == bt + ms);
        found.unwrap_or_else(|| panic!("{sensor} at {ms} is not in {stored:#?}")).clone()
    };
    assert_eq!(stored.len(), 7);
    assert_eq!(at("temperature", 0)["value"], 21.37);
    assert_eq!((&at("humidity", 1000)["value"], &at("humidity", 1000)["unit"]), (&json!(48.25), &json!("%")));
    assert_eq!((&at("door", -250)["value"], &at("door", -250)["raw_data"]), (&json!(1.0), &json!(true)));
    assert_eq!(at("state", 2000)["raw_data"], json!("öffen \"A\""));
    assert_eq!(at("place", 3000)["raw_data"], place);
    assert_eq!(at("big", 0)["value"], f64::MAX);
    assert_eq!(at("count", 0)["value"], 9_007_199_254_740_992.0, "to the nearest double, as in JSON");
}

#[tokio::test]
async fn every_reading_of_a_cbor_device_is_stored_once_through_kills_and_reconnects() {
    let mut stage = stage().await;
    let mut random = Random::seeded();
    let frames = 120;
    let mut acked = 0;
    let mut lives = 0;
    while acked < frames {
        let mut device = Device::connect_cbor(&stage.server, &stage.device, 9, acked + 1).await;
        let known = device.welcome["acked"].as_u64().unwrap();
        assert!(known >= acked, "the server forgot frames: {known} < {acked}");
        // From somewhere before what is missing: what is stored already is acknowledged and not stored again.
        let from = (known + 1).saturating_sub(random.within(0..5)).max(1);
        for q in from..=(known + 1 + random.within(5..40)).min(frames) {
            device.data(q, json!([["a", q], ["b", q as f64 / 3.0, 0, "V"]])).await;
        }
        acked = known;
        if known == frames {
            break; // nothing may have been sent, so nothing may be answered
        }
        if random.within(0..4) > 0 {
            acked = acked.max(device.socket.hear_cbor().await["q"].as_u64().unwrap());
        }
        lives += 1;
        if lives % 3 == 0 {
            stage.server.kill().await;
            stage.server.restart().await;
        }
    }
    let api = stage.api.at(&stage.server);
    let mut numbers = api.values(&stage.device.id, "a").await;
    numbers.sort_by(f64::total_cmp);
    let expected: Vec<f64> = (1..=frames).map(|q| q as f64).collect();
    assert_eq!(numbers, expected, "after {lives} connections");
    assert_eq!(api.values(&stage.device.id, "b").await.len(), expected.len());
}

#[tokio::test]
async fn a_boot_may_go_on_in_the_other_encoding() {
    let (stage, _cbor) = begun().await;
    let mut json = Device::connect(&stage.server, &stage.device, 1, 2).await;
    assert_eq!(json.welcome["acked"], 1);
    json.deliver(2, json!([["a", 1]])).await;
    let device = Device::connect_cbor(&stage.server, &stage.device, 1, 3).await;
    assert_eq!(device.welcome["acked"], 2);
    assert_eq!(json.socket.hear_close().await.0, 4409, "a newer socket of either encoding replaces");
    goes_on(&stage, device, 3).await;
}

#[tokio::test]
async fn bad_readings_are_rejected_alone_and_bad_frames_nacked() {
    let (stage, mut device) = begun().await;
    let mut frame = ciborium::Value::serialized(&json!({"t": "data", "q": 2, "r": [
        ["rest", 1], ["a b", 1], ["a", null], 5, ["a", 1, "soon"], ["a", 1, 0, 7], ["a", "x".repeat(5_000)], ["rest", 2]
    ]})).unwrap();
    let readings = frame.as_map_mut().unwrap()[2].1.as_array_mut().unwrap();
    for value in [
        ciborium::Value::from(f64::NAN),
        f64::NEG_INFINITY.into(),
        vec![1u8, 2].into(),
        ciborium::Value::Map(vec![(1.into(), 2.into())]),
        ciborium::Value::Tag(1, Box::new(0.into())),
    ] {
        readings.push(ciborium::Value::Array(vec!["a".into(), value]));
    }
    device.socket.send(Message::binary(cbor(&frame))).await;
    let codes = [
        (1, "schema"),
        (2, "wrong_type"),
        (3, "wrong_type"),
        (4, "time"),
        (5, "unit"),
        (6, "too_large"),
        (8, "not_finite"),
        (9, "not_finite"),
        (10, "wrong_type"),
        (11, "wrong_type"),
        (12, "wrong_type"),
    ];
    assert_eq!(device.acked(2).await, codes.map(|(index, code)| json!([2, index, code])));
    stage.api.expect_values(&stage.device.id, "rest", &[1.0, 2.0]).await;

    device.data(9, json!([["a", 1]])).await;
    let nack = device.socket.hear_cbor().await;
    assert_eq!(nack, json!({"t": "nack", "q": 9, "code": "gap", "expected": 3}));
    device.data(3, json!({"a": 1})).await;
    assert_eq!(device.socket.hear_cbor().await, json!({"t": "nack", "q": 3, "code": "malformed"}));
    device.data(3, (0..501).map(|i| json!(["a", i])).collect()).await;
    assert_eq!(device.socket.hear_cbor().await, json!({"t": "nack", "q": 3, "code": "too_large"}));
    goes_on(&stage, device, 3).await;
}

#[tokio::test]
async fn many_small_frames_at_once_are_all_stored() {
    // Four bytes of CBOR become 48 in memory: several turns, each within its bound.
    let (stage, mut device) = begun().await;
    let readings: Value = (0..500).map(|_| json!(["t", ""])).collect();
    for q in 2..=60 {
        device.data(q, readings.clone()).await;
    }
    assert!(device.acked(60).await.is_empty());
    assert_eq!(stage.api.values(&stage.device.id, "t").await.len(), 59 * 500);
    goes_on(&stage, device, 61).await;
}

#[tokio::test]
async fn what_is_no_frame_is_closed_4400_and_says_what() {
    for (bytes, says) in [
        (vec![], "a frame must be a CBOR map"),
        (cbor(&json!([1, 2])), "a frame must be a CBOR map"),
        (cbor(&json!({"t": "what"})), "t must be"),
        (cbor(&json!({"t": "data", "q": "2", "r": []})), "q must be"),
        (cbor(&json!({"t": "data", "q": 2, "bt": 1.5, "r": []})), "bt must be"),
        (cbor(&json!({"t": "hello", "boot": 1, "next": 1})), "hello was said already"),
        (b"\xa2\x61t\x64data\x61q".to_vec(), "not CBOR: ends in the middle"),
        (b"\xa2\x61q\x01\x61q\x02".to_vec(), "q must be there once"),
        ([cbor(&json!({"t": "data", "q": 2, "r": []})), vec![0]].concat(), "something behind the end"),
        ([b"\xa1\x61r".to_vec(), vec![0x81; 1000]].concat(), "nested too deeply"),
    ] {
        let (stage, mut device) = begun().await;
        device.socket.send(Message::binary(bytes)).await;
        closes(&stage, device, 4400, says).await;
    }
}

#[tokio::test]
async fn text_on_the_cbor_socket_is_closed_4400() {
    let (stage, mut device) = begun().await;
    device.socket.say(json!({"t": "data", "q": 2, "r": [["a", 1]]})).await;
    closes(&stage, device, 4400, "this socket speaks CBOR").await;
    // As the first frame, too.
    let mut socket =
        Device::handshake_in(Form::Cbor, &stage.server, Some(&stage.device.token)).await.unwrap();
    socket.say(json!({"t": "hello", "boot": 1, "next": 1})).await;
    assert_eq!(socket.hear_close().await.0, 4400);
}

#[tokio::test]
async fn the_other_close_codes_hold_for_cbor() {
    let (mut stage, mut device) = begun().await;
    device.data(2, json!([["a", "x".repeat(65_536)]])).await;
    closes(&stage, device, 4413, "65536").await;

    let mut socket =
        Device::handshake_in(Form::Cbor, &stage.server, Some(&stage.device.token)).await.unwrap();
    socket.say_cbor(json!({"t": "data", "q": 1, "r": []})).await;
    assert_eq!(socket.hear_close().await.0, 4400, "data before hello");
    let mut socket = Device::handshake_in(Form::Cbor, &stage.server, None).await.unwrap();
    socket.say_cbor(json!({"t": "hello", "boot": 1, "next": 1, "token": "not-a-token"})).await;
    assert_eq!(socket.hear_close().await.0, 4401, "a bad token in hello");
    let mut socket = Device::handshake_in(Form::Cbor, &stage.server, None).await.unwrap();
    socket.say_cbor(json!({"t": "hello", "boot": 1, "next": 3, "token": stage.device.token})).await;
    assert_eq!(socket.hear_cbor().await["acked"], 2, "a good one");

    let mut newer = Device::connect_cbor(&stage.server, &stage.device, 1, 3).await;
    assert_eq!(socket.hear_close().await.0, 4409);
    stage.server.terminate().await;
    assert_eq!(newer.socket.hear_close().await.0, 4503);
    assert!(stage.server.wait().await.success());
}

/// The sub-protocol that the server chooses of those offered, or the HTTP status.
async fn chosen(stage: &Stage, offered: &str) -> Result<String, u16> {
    let stream = TcpStream::connect(stage.server.address).await.unwrap();
    let mut request = format!("ws://{}/ws/v1/device", stage.server.address).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", offered.parse().unwrap());
    let bearer = format!("Bearer {}", stage.device.token);
    request.headers_mut().insert("authorization", bearer.parse().unwrap());
    match within("the handshake", client_async(request, stream)).await {
        Ok((_, answer)) => Ok(answer.headers()["sec-websocket-protocol"].to_str().unwrap().to_owned()),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{offered}: {error}"),
    }
}

#[tokio::test]
async fn the_server_speaks_the_first_sub_protocol_it_knows() {
    let stage = stage().await;
    for (offered, expected) in [
        ("edgesync.v1.json", Ok("edgesync.v1.json")),
        ("edgesync.v1.cbor, edgesync.v1.json", Ok("edgesync.v1.cbor")),
        ("edgesync.v1.json, edgesync.v1.cbor, senml.v1", Ok("edgesync.v1.json")),
        ("edgesync.v9.cbor, senml.v1, edgesync.v1.json", Ok("senml.v1")),
        ("mqtt", Err(400)),
    ] {
        assert_eq!(chosen(&stage, offered).await.as_deref(), expected.as_ref().map(|p| *p), "{offered}");
    }
}
