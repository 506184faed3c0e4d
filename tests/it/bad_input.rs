//! Every item of the list of bad input gets a clear answer, and what was good before and after is stored.

use std::time::Duration;

use edgesync_schemas::time::Timestamp;
use futures_util::SinkExt;
use hyper::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::support::{Api, CompatDevice, Device, Stage, now_ms, stage, within};

const DAY_MS: i64 = 86_400_000;

/// A device that has delivered its first frame, a good one.
pub async fn begun() -> (Stage, Device) {
    let stage = stage().await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["good", 1]])).await;
    (stage, device)
}

/// Delivers another good frame on the same socket; then the good readings are stored, each once.
pub async fn goes_on(stage: &Stage, mut device: Device, q: u64) {
    device.deliver(q, json!([["good", 2]])).await;
    stage.api.expect_values(&stage.device.id, "good", &[1.0, 2.0]).await;
}

/// The socket is closed with this code; after a reconnect with the same boot the device goes on with frame 2.
async fn closes(stage: &Stage, mut device: Device, code: u16) {
    let (got, reason) = device.socket.hear_close().await;
    assert_eq!(got, code, "{reason}");
    assert!(!reason.is_empty(), "a close says why");
    let device = Device::connect(&stage.server, &stage.device, 1, 2).await;
    assert_eq!(device.welcome["acked"], 1);
    goes_on(stage, device, 2).await;
}

/// One reading is refused with this code, the rest of its frame is stored.
async fn rejects(reading: Value, code: &str) {
    let (stage, mut device) = begun().await;
    let refused = device.deliver(2, json!([["rest", 1], reading, ["rest", 2]])).await;
    assert_eq!(refused, [json!([2, 1, code])]);
    stage.api.expect_values(&stage.device.id, "rest", &[1.0, 2.0]).await;
    goes_on(&stage, device, 3).await;
}

#[tokio::test]
async fn broken_json_is_closed_4400() {
    for text in ["{", "", "hello", "[1,2]", "{\"t\":\"data\",\"q\":2,\"r\":[[\"a\",1]}", "nul\0l"] {
        let (stage, mut device) = begun().await;
        device.socket.send(Message::text(text)).await;
        closes(&stage, device, 4400).await;
    }
}

#[tokio::test]
async fn wrong_types_of_a_frame_are_closed_4400() {
    for frame in [
        json!({"t": "data", "q": "2", "r": []}),
        json!({"t": 5}),
        json!({"t": "data", "q": 2, "bt": "now", "r": []}),
    ] {
        let (stage, mut device) = begun().await;
        device.socket.say(frame).await;
        closes(&stage, device, 4400).await;
    }
}

#[tokio::test]
async fn readings_that_are_no_list_are_nacked_and_their_number_stays_free() {
    let (stage, mut device) = begun().await;
    for readings in [json!({"a": 1}), json!("a"), json!(null)] {
        device.data(2, readings).await;
        let nack = device.socket.hear().await;
        assert_eq!((&nack["t"], &nack["q"], &nack["code"]), (&json!("nack"), &json!(2), &json!("malformed")));
    }
    goes_on(&stage, device, 2).await;
}

#[tokio::test]
async fn wrong_types_of_a_reading_are_rejected_alone() {
    let (stage, mut device) = begun().await;
    let readings =
        json!([["rest", 1], 5, ["a"], [7, 1], ["a", null], ["a", 1, 0, "C", 9], {"a": 1}, ["rest", 2]]);
    let refused = device.deliver(2, readings).await;
    let expected: Vec<Value> = (1..=6).map(|i| json!([2, i, "wrong_type"])).collect();
    assert_eq!(refused, expected);
    stage.api.expect_values(&stage.device.id, "rest", &[1.0, 2.0]).await;
    goes_on(&stage, device, 3).await;
}

#[tokio::test]
async fn a_bad_offset_or_unit_is_rejected_alone() {
    rejects(json!(["a", 1, "soon"]), "time").await;
    rejects(json!(["a", 1, 0, 5]), "unit").await;
    rejects(json!(["a", 1, 0, "a unit that is far too long"]), "unit").await;
}

#[tokio::test]
async fn the_sixty_fifth_sensor_is_rejected() {
    let (stage, mut device) = begun().await; // "good" is the first
    let readings: Vec<Value> = (0..70).map(|i| json!([format!("s{i}"), i])).collect();
    let refused = device.deliver(2, json!(readings)).await;
    let expected: Vec<Value> = (63..70).map(|i| json!([2, i, "schema"])).collect();
    assert_eq!(refused, expected);
    assert_eq!(stage.api.readings(&stage.device.id).await.len(), 64);
    goes_on(&stage, device, 3).await;
}

#[tokio::test]
async fn a_name_that_cannot_be_one_is_rejected() {
    let (stage, mut device) = begun().await;
    let longest = "n".repeat(64);
    let readings = json!([
        [longest, 1],
        ["n".repeat(65), 1],
        ["", 1],
        ["a b", 1],
        ["größe", 1],
        ["x".repeat(20_000), 1]
    ]);
    let refused = device.deliver(2, readings).await;
    let expected: Vec<Value> = (1..=5).map(|i| json!([2, i, "schema"])).collect();
    assert_eq!(refused, expected);
    stage.api.expect_values(&stage.device.id, &longest, &[1.0]).await;
    goes_on(&stage, device, 3).await;
}

#[tokio::test]
async fn an_empty_frame_is_acknowledged_and_uses_its_number() {
    let (stage, mut device) = begun().await;
    assert!(device.deliver(2, json!([])).await.is_empty());
    goes_on(&stage, device, 3).await;
}

#[tokio::test]
async fn a_frame_of_500_readings_is_taken_and_one_of_501_is_nacked() {
    let (stage, mut device) = begun().await;
    let readings = |n: i64| -> Value { (0..n).map(|i| json!(["a", i, -i])).collect() };
    device.data(2, readings(501)).await;
    let nack = device.socket.hear().await;
    assert_eq!((&nack["t"], &nack["q"], &nack["code"]), (&json!("nack"), &json!(2), &json!("too_large")));
    assert!(device.deliver(2, readings(500)).await.is_empty());
    assert_eq!(stage.api.values(&stage.device.id, "a").await.len(), 500);
    goes_on(&stage, device, 3).await;
}

#[tokio::test]
async fn an_oversized_message_is_closed_4413_also_in_fragments() {
    let (stage, mut device) = begun().await;
    device.data(2, json!([["a", "x".repeat(70_000)]])).await;
    closes(&stage, device, 4413).await;

    let (stage, mut device) = begun().await;
    for i in 0..9 {
        let kind = if i == 0 { OpCode::Data(Data::Text) } else { OpCode::Data(Data::Continue) };
        let piece = Frame::message("x".repeat(8_000).into_bytes(), kind, false);
        if device.socket.0.send(Message::Frame(piece)).await.is_err() {
            break; // it may close before the last piece
        }
    }
    closes(&stage, device, 4413).await;
}

#[tokio::test]
async fn a_number_beyond_all_numbers_is_rejected() {
    let (stage, mut device) = begun().await;
    let text = r#"{"t":"data","q":2,"r":[["rest",1],["a",1e999],["a",-1e999],["rest",2]]}"#;
    device.socket.send(Message::text(text)).await;
    assert_eq!(device.acked(2).await, [json!([2, 1, "not_finite"]), json!([2, 2, "not_finite"])]);
    stage.api.expect_values(&stage.device.id, "rest", &[1.0, 2.0]).await;
    goes_on(&stage, device, 3).await;
}

#[tokio::test]
async fn nan_is_no_json_and_is_closed_4400() {
    for word in ["NaN", "Infinity", "-Infinity"] {
        let (stage, mut device) = begun().await;
        device.socket.send(Message::text(format!(r#"{{"t":"data","q":2,"r":[["a",{word}]]}}"#))).await;
        closes(&stage, device, 4400).await;
    }
}

#[tokio::test]
async fn a_time_far_ahead_is_stored_with_the_arrival_time() {
    let (stage, mut device) = begun().await;
    let now = now_ms();
    for (q, bt) in [(2, now + DAY_MS), (3, now + 365 * 100 * DAY_MS)] {
        device.socket.say(json!({"t": "data", "q": q, "bt": bt, "r": [["a", q]]})).await;
        assert!(device.acked(q).await.is_empty());
    }
    device.socket.say(json!({"t": "data", "q": 4, "bt": now + 60_000, "r": [["b", 4]]})).await;
    device.acked(4).await;
    let stored = stage.api.readings(&stage.device.id).await;
    let at = |r: &Value| r["timestamp"].as_str().unwrap().parse::<Timestamp>().unwrap().as_ms();
    for reading in stored.iter().filter(|r| r["sensor_type"] == "a") {
        assert!((at(reading) - now).abs() < 60_000, "{reading}");
    }
    let near = stored.iter().find(|r| r["sensor_type"] == "b").unwrap();
    assert_eq!(at(near), now + 60_000, "a little ahead is believed");
    assert_eq!(stored.len(), 4);
    goes_on(&stage, device, 5).await;
}

#[tokio::test]
async fn a_time_far_back_is_rejected() {
    let (stage, mut device) = begun().await;
    for (q, bt) in [(2, now_ms() - 400 * DAY_MS), (3, 0), (4, -1)] {
        device.socket.say(json!({"t": "data", "q": q, "bt": bt, "r": [["a", 1], ["b", 1]]})).await;
        assert_eq!(device.acked(q).await, [json!([q, 0, "too_old"]), json!([q, 1, "too_old"])]);
    }
    // A day back is nothing: devices buffer.
    device.socket.say(json!({"t": "data", "q": 5, "bt": now_ms() - DAY_MS, "r": [["a", 5]]})).await;
    assert!(device.acked(5).await.is_empty());
    stage.api.expect_values(&stage.device.id, "a", &[5.0]).await;
    goes_on(&stage, device, 6).await;
}

#[tokio::test]
async fn times_that_cannot_be_computed_harm_nothing() {
    let (stage, mut device) = begun().await;
    for (q, bt, offset) in [(2, i64::MAX, i64::MAX), (3, i64::MIN, i64::MIN), (4, 0, i64::MAX)] {
        device.socket.say(json!({"t": "data", "q": q, "bt": bt, "r": [["rest", q], ["a", 1, offset]]})).await;
        for refused in device.acked(q).await {
            assert!(["time", "too_old"].contains(&refused[2].as_str().unwrap()), "{refused}");
        }
    }
    goes_on(&stage, device, 5).await;
}

#[tokio::test]
async fn a_text_value_is_kept_and_a_huge_one_rejected() {
    let (stage, mut device) = begun().await;
    let refused =
        device.deliver(2, json!([["state", "on"], ["state", "x".repeat(5_000)], ["rest", 1]])).await;
    assert_eq!(refused, [json!([2, 1, "too_large"])]);
    let stored = stage.api.readings(&stage.device.id).await;
    let states: Vec<_> = stored.iter().filter(|r| r["sensor_type"] == "state").collect();
    assert_eq!(states.len(), 1);
    assert_eq!((&states[0]["value"], &states[0]["raw_data"]), (&json!(0.0), &json!("on")));
    goes_on(&stage, device, 3).await;
}

#[tokio::test]
async fn binary_on_the_json_socket_is_closed_4400() {
    let (stage, mut device) = begun().await;
    device.socket.send(Message::binary(r#"{"t":"data","q":2,"r":[["a",1]]}"#)).await;
    closes(&stage, device, 4400).await;
}

#[tokio::test]
async fn a_message_in_fragments_is_one_message() {
    let (stage, mut device) = begun().await;
    let text = json!({"t": "data", "q": 2, "r": [["a", 41.5], ["b", "ä"]]}).to_string().into_bytes();
    // Cut everywhere, inside a character too, with a ping in between.
    for (i, piece) in text.chunks(7).enumerate() {
        let kind = if i == 0 { OpCode::Data(Data::Text) } else { OpCode::Data(Data::Continue) };
        let is_final = (i + 1) * 7 >= text.len();
        device.socket.send(Message::Frame(Frame::message(piece.to_vec(), kind, is_final))).await;
        if i == 2 {
            device.socket.send(Message::Ping("between".into())).await;
        }
    }
    assert!(device.acked(2).await.is_empty());
    stage.api.expect_values(&stage.device.id, "a", &[41.5]).await;
    goes_on(&stage, device, 3).await;
}

#[tokio::test]
async fn a_few_pings_are_answered() {
    let (stage, mut device) = begun().await;
    use futures_util::StreamExt;
    for _ in 0..20 {
        device.socket.send(Message::Ping("there?".into())).await;
        let answer = within("a pong", device.socket.0.next()).await.unwrap().unwrap();
        assert_eq!(answer, Message::Pong("there?".into()));
    }
    goes_on(&stage, device, 2).await;
}

#[tokio::test]
async fn half_a_handshake_is_ended_in_time_and_disturbs_nobody() {
    let (stage, device) = begun().await;
    let mut halves = Vec::new();
    for text in ["", "GET /ws/v1/dev", "GET /ws/v1/device HTTP/1.1\r\nHost: x\r\nUpgrade: webso"] {
        let mut stream = TcpStream::connect(stage.server.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        halves.push(stream);
    }
    goes_on(&stage, device, 2).await;
    for mut stream in halves {
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(15), stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "still open after 15 s");
    }
}

#[tokio::test]
async fn a_token_of_another_kind_or_of_nobody_opens_no_socket() {
    let stage = stage().await;
    let stranger = Api::sign_up(&stage.server).await;
    for token in [&stranger.token, "0", &"x".repeat(5_000)] {
        assert_eq!(Device::handshake(&stage.server, Some(token)).await.err(), Some(401), "{token}");
    }
    // And a device's token opens no account.
    let thief = Api { token: stage.device.token.clone(), ..stage.api.clone() };
    let (status, answer) = thief.call(Method::GET, "/api/v1/devices", None).await;
    assert_eq!(status, 401, "{answer}");
}

#[tokio::test]
async fn a_foreign_token_sends_only_as_its_own_device() {
    let stage = stage().await;
    let stranger = Api::sign_up(&stage.server).await;
    let theirs = stranger.new_device("theirs").await;
    // Whatever the frame says, the token decides whose reading it is.
    let mut device = CompatDevice::connect(&stage.server, &theirs).await;
    device.save(json!({"device_id": stage.device.id, "type": "a", "value": 1})).await;
    assert!(stage.api.readings(&stage.device.id).await.is_empty());
    stranger.expect_values(&theirs.id, "a", &[1.0]).await;
}

#[tokio::test]
async fn the_compatible_form_answers_every_bad_frame_and_stays_open() {
    let stage = stage().await;
    let mut device = CompatDevice::connect(&stage.server, &stage.device).await;
    device.save(json!({"type": "good", "value": 1})).await;
    let many: Vec<Value> = (0..501).map(|i| json!({"type": "a", "value": i})).collect();
    for (frame, names) in [
        ("{".to_owned(), "JSON"),
        ("".to_owned(), ""),
        ("[]".to_owned(), "object"),
        (r#"{"value":1}"#.to_owned(), "sensor_type"),
        (r#"{"type":"a"}"#.to_owned(), "value"),
        (r#"{"type":"a","value":null}"#.to_owned(), "value"),
        (r#"{"type":"a","value":1e999}"#.to_owned(), "value"),
        (r#"{"type":"a","value":NaN}"#.to_owned(), ""),
        (r#"{"type":"a b","value":1}"#.to_owned(), "sensor_type"),
        (json!({"type": "n".repeat(65), "value": 1}).to_string(), "sensor_type"),
        (json!({"type": "a", "value": "x".repeat(5_000)}).to_string(), "value"),
        (json!({"type": "a", "value": 1, "unit": "a unit that is far too long"}).to_string(), "unit"),
        (r#"{"type":"a","value":1,"timestamp":"noon"}"#.to_owned(), "timestamp"),
        (r#"{"type":"a","value":1,"timestamp":0}"#.to_owned(), "timestamp"),
        (r#"{"readings":[]}"#.to_owned(), "readings"),
        (r#"{"readings":5}"#.to_owned(), "readings"),
        (r#"{"readings":[{"type":"a","value":1},{"type":"a"}]}"#.to_owned(), "value"),
        (json!({"readings": many}).to_string(), "readings"),
    ] {
        device.socket.send(Message::text(frame.as_str())).await;
        let reply = device.socket.hear().await;
        assert_eq!(reply["status"], "error", "{frame}: {reply}");
        assert!(reply["message"].as_str().unwrap().contains(names), "{frame}: {reply}");
    }
    device.save(json!({"type": "good", "value": 2})).await;
    stage.api.expect_values(&stage.device.id, "good", &[1.0, 2.0]).await;
    assert_eq!(stage.api.readings(&stage.device.id).await.len(), 2, "a frame is taken or refused whole");
}
