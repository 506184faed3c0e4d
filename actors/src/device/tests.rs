//! Both forms of a connection without a socket: frames in, batches and answers out.

use edgesync_schemas::id::{BootId, DeviceId, FrameSeq, Offset};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::wire::close::CloseCode;
use edgesync_schemas::wire::encoding::{Encoding, Message, Received};
use edgesync_storage::log::{Options, Outcome, ReadingLog};
use serde_json::{Value, json};

use super::admit::Admission;
use super::counters::{Counters, Counting};
use super::{Dialect, numbered, unnumbered};
use crate::tally::Tally;

struct Bench {
    _dir: tempfile::TempDir,
    log: ReadingLog,
    device: DeviceId,
    counters: Counters,
    tally: Tally,
    now: Timestamp,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = ReadingLog::open(dir.path(), Options::default()).unwrap();
        let now = Timestamp::from_ms(1_769_860_800_000).unwrap();
        Self {
            _dir: dir,
            log,
            device: DeviceId::from_uuid(uuid::Uuid::now_v7()),
            counters: Counters::default(),
            tally: Tally::default(),
            now,
        }
    }

    fn counting(&self) -> Counting<'_> {
        Counting { all: &self.counters, own: &self.tally }
    }

    fn admission(&self) -> Admission {
        Admission::new(self.log.clone(), self.device)
    }

    fn numbered(&self, committed: u64) -> numbered::Session {
        numbered::Session::new(self.device, BootId(7), Encoding::Json, FrameSeq(committed), self.admission())
    }

    /// What is said at once to a frame.
    fn take(&self, session: &mut numbered::Session, frame: Value) -> Vec<Value> {
        let mut replies = Vec::new();
        session.take(Received::Text(&frame.to_string()), self.now, self.counting(), &mut replies).unwrap();
        replies.iter().map(said).collect()
    }

    fn settle(&self, session: &mut numbered::Session, tag: u64, outcome: Outcome) -> Vec<Value> {
        let mut replies = Vec::new();
        session.settle(tag, outcome, self.counting(), &mut replies);
        replies.extend(std::iter::from_fn(|| session.ack()));
        replies.iter().map(said).collect()
    }
}

fn said(message: &Message) -> Value {
    match message {
        Message::Text(text) => serde_json::from_str(text).unwrap(),
        Message::Binary(bytes) => panic!("not text: {bytes:x?}"),
    }
}

fn data(q: u64) -> Value {
    json!({"t": "data", "q": q, "r": [["temperature", q as f64]]})
}

const DURABLE: Outcome = Outcome::Durable { first: Offset(0), stored: 1 };

#[test]
fn frames_taken_together_are_one_batch_and_one_ack() {
    let bench = Bench::new();
    let mut session = bench.numbered(0);
    for q in 1..=3 {
        assert_eq!(bench.take(&mut session, data(q)), Vec::<Value>::new());
    }
    let (tag, batch) = session.batch(bench.now).unwrap();
    assert_eq!(batch.columns.num, [1.0, 2.0, 3.0]);
    assert_eq!((session.outstanding(), session.ack()), (3, None));
    let acks = bench.settle(&mut session, tag, DURABLE);
    assert_eq!(acks, [json!({"t": "ack", "q": 3, "credit": 64})]);
    assert_eq!(session.outstanding(), 0);
}

#[test]
fn only_what_is_durable_is_acknowledged() {
    let bench = Bench::new();
    let mut session = bench.numbered(0);
    bench.take(&mut session, data(1));
    let (first, _) = session.batch(bench.now).unwrap();
    bench.take(&mut session, data(2));
    let (second, _) = session.batch(bench.now).unwrap();
    bench.take(&mut session, data(3));
    assert_eq!(session.ack(), None, "nothing is durable");
    assert_eq!(
        bench.settle(&mut session, first, DURABLE),
        [json!({"t": "ack", "q": 1, "credit": 64})],
        "the second is on its way, the third is not even handed over"
    );
    bench.take(&mut session, data(2));
    assert_eq!(session.ack(), None, "sent again before it is durable");
    assert_eq!(bench.settle(&mut session, second, DURABLE), [json!({"t": "ack", "q": 2, "credit": 64})]);
}

#[test]
fn a_stored_frame_is_acknowledged_again_and_not_stored() {
    let bench = Bench::new();
    let mut session = bench.numbered(5);
    bench.take(&mut session, data(4));
    assert!(session.batch(bench.now).is_none());
    assert_eq!(said(&session.ack().unwrap()), json!({"t": "ack", "q": 5, "credit": 64}));
    assert_eq!(session.ack(), None);
}

#[test]
fn a_gap_is_said_once_and_ends_with_the_missing_frame() {
    let bench = Bench::new();
    let mut session = bench.numbered(0);
    assert_eq!(
        bench.take(&mut session, data(3)),
        [json!({"t": "nack", "q": 3, "code": "gap", "expected": 1})]
    );
    assert_eq!(bench.take(&mut session, data(4)), Vec::<Value>::new());
    assert!(session.batch(bench.now).is_none());
    bench.take(&mut session, data(1));
    bench.take(&mut session, data(2));
    assert_eq!(session.batch(bench.now).unwrap().1.columns.len(), 2);
}

#[test]
fn a_refused_frame_does_not_use_up_its_number() {
    let bench = Bench::new();
    let mut session = bench.numbered(0);
    let many = json!({"t": "data", "q": 1, "r": vec![json!(["a", 1]); 501]});
    assert_eq!(bench.take(&mut session, many), [json!({"t": "nack", "q": 1, "code": "too_large"})]);
    let no_list = json!({"t": "data", "q": 1, "r": 5});
    assert_eq!(bench.take(&mut session, no_list), [json!({"t": "nack", "q": 1, "code": "malformed"})]);
    let empty = json!({"t": "data", "q": 1, "r": []});
    assert_eq!(bench.take(&mut session, empty), Vec::<Value>::new());
    let (tag, batch) = session.batch(bench.now).unwrap();
    assert!(batch.columns.is_empty());
    assert_eq!(bench.settle(&mut session, tag, DURABLE), [json!({"t": "ack", "q": 1, "credit": 64})]);
}

#[test]
fn a_refused_reading_is_named_in_the_ack_of_its_frame() {
    let bench = Bench::new();
    let mut session = bench.numbered(0);
    bench
        .take(&mut session, json!({"t": "data", "q": 1, "r": [["a", 1], ["no such name!", 2], ["b", null]]}));
    let (tag, batch) = session.batch(bench.now).unwrap();
    assert_eq!(batch.columns.len(), 1);
    let rej = json!([[1, 1, "schema"], [1, 2, "wrong_type"]]);
    let acks = bench.settle(&mut session, tag, DURABLE);
    assert_eq!(acks, [json!({"t": "ack", "q": 1, "credit": 64, "rej": rej})]);
}

#[test]
fn more_refused_readings_than_an_ack_names_are_spread_over_several() {
    let bench = Bench::new();
    let mut session = bench.numbered(0);
    for q in 1..=5 {
        bench.take(&mut session, json!({"t": "data", "q": q, "r": vec![json!(["a", null]); 400]}));
    }
    let (tag, _) = session.batch(bench.now).unwrap();
    let acks = bench.settle(&mut session, tag, DURABLE);
    let named: Vec<_> =
        acks.iter().map(|ack| (ack["q"].clone(), ack["rej"].as_array().unwrap().len())).collect();
    assert_eq!(named, [(json!(2), 800), (json!(4), 800), (json!(5), 400)]);
    assert!(named.iter().all(|(_, count)| *count <= limit::REJECTIONS_PER_ACK));
}

#[test]
fn a_failed_batch_is_asked_for_again_and_those_behind_it_are_not_counted_twice() {
    let bench = Bench::new();
    let mut session = bench.numbered(0);
    bench.take(&mut session, data(1));
    let (first, _) = session.batch(bench.now).unwrap();
    bench.take(&mut session, data(2));
    let (second, _) = session.batch(bench.now).unwrap();
    let busy = json!({"t": "nack", "q": 1, "code": "busy", "retry_ms": 1000});
    assert_eq!(bench.settle(&mut session, first, Outcome::Failed), [busy]);
    // The one behind it fails as a gap, which the first failure already speaks for.
    assert_eq!(
        bench.settle(&mut session, second, Outcome::Gap { expected: FrameSeq(1) }),
        Vec::<Value>::new()
    );
    bench.take(&mut session, data(1));
    bench.take(&mut session, data(2));
    let (again, batch) = session.batch(bench.now).unwrap();
    assert_eq!(batch.columns.num, [1.0, 2.0]);
    assert_eq!(bench.settle(&mut session, again, DURABLE), [json!({"t": "ack", "q": 2, "credit": 64})]);
}

#[test]
fn a_batch_that_was_durable_although_it_was_reported_as_failed_holds_nothing_up() {
    let bench = Bench::new();
    let mut session = bench.numbered(0);
    bench.take(&mut session, data(1));
    let (first, _) = session.batch(bench.now).unwrap();
    bench.take(&mut session, data(2));
    let (second, _) = session.batch(bench.now).unwrap();
    bench.settle(&mut session, first, Outcome::Failed);
    // Only a log that has frame 1 takes frame 2.
    let acks = bench.settle(&mut session, second, DURABLE);
    assert_eq!(acks, [json!({"t": "ack", "q": 2, "credit": 64})]);
    assert_eq!(bench.take(&mut session, data(3)), Vec::<Value>::new());
    let (third, batch) = session.batch(bench.now).unwrap();
    assert_eq!(batch.columns.num, [3.0]);
    assert_eq!(bench.settle(&mut session, third, DURABLE), [json!({"t": "ack", "q": 3, "credit": 64})]);
}

#[test]
fn each_frame_behind_a_refused_one_is_answered_to_a_device_that_waits() {
    let bench = Bench::new();
    let mut session = bench.numbered(0);
    let refused = bench.take(&mut session, json!({"t": "data", "q": 1, "r": 5}));
    assert_eq!(refused, [json!({"t": "nack", "q": 1, "code": "malformed"})]);
    assert_eq!(
        bench.take(&mut session, data(2)),
        [json!({"t": "nack", "q": 2, "code": "gap", "expected": 1})]
    );
}

#[test]
fn a_refused_reading_uses_up_no_sensor() {
    let bench = Bench::new();
    let mut session = bench.numbered(0);
    bench.take(
        &mut session,
        json!({"t": "data", "q": 1, "r": [["new", 1, 0, "a unit of far too many characters"]]}),
    );
    let mut compat = unnumbered::Session::new(bench.device, Dialect::Compatible, bench.admission());
    let frame = json!({"readings": {"newer": 1, "no such name!": 2}});
    compat.take(Received::Text(&frame.to_string()), bench.now, bench.counting()).unwrap();
    assert!(bench.log.series().of_device(bench.device).is_empty());
}

#[test]
fn a_frame_that_is_none_closes_the_socket() {
    let bench = Bench::new();
    let mut session = bench.numbered(0);
    for text in ["nonsense", "{\"t\":\"hello\",\"boot\":1,\"next\":1}", ""] {
        let close =
            session.take(Received::Text(text), bench.now, bench.counting(), &mut Vec::new()).unwrap_err();
        assert_eq!(close.code, CloseCode::Malformed, "{text}");
    }
}

#[test]
fn compatible_answers_come_in_the_order_of_the_frames() {
    let bench = Bench::new();
    let mut session = unnumbered::Session::new(bench.device, Dialect::Compatible, bench.admission());
    for frame in [
        json!({"type": "a", "value": 1}),
        json!({"type": "a", "value": null}),
        json!({"readings": [{"type": "a", "value": 2}, {"type": "no such name!", "value": 3}]}),
        json!({"readings": {"a": 4, "b": 5}}),
    ] {
        session.take(Received::Text(&frame.to_string()), bench.now, bench.counting()).unwrap();
    }
    let (tag, batch) = session.batch(bench.now).unwrap();
    // The frame with one bad reading is refused whole.
    assert_eq!(batch.columns.num, [1.0, 4.0, 5.0]);
    let mut replies = Vec::new();
    session.answers(&mut replies);
    assert!(replies.is_empty(), "nothing is said before the first frame is durable");
    session.settle(tag, Outcome::Durable { first: Offset(100), stored: 3 });
    session.answers(&mut replies);
    let read: Vec<Value> = replies.iter().map(said).collect();
    assert_eq!(read[0], json!({"status": "success", "message": "1 reading received and saved", "id": 100}));
    assert_eq!(read[1]["status"], "error");
    assert!(read[2]["message"].as_str().unwrap().starts_with("/readings/1/sensor_type"), "{}", read[2]);
    assert_eq!(read[3], json!({"status": "success", "message": "2 readings received and saved"}));
    assert_eq!(session.outstanding(), 0);
}

#[test]
fn the_frame_that_grows_most_fits_the_room_of_a_turn() {
    // A reading of the CBOR form whose value is a list of these bytes, as many as its JSON may have.
    let list = |items: &[u8], json_bytes: usize| {
        let count = (limit::RAW_VALUE_BYTES - 1) / json_bytes;
        let mut reading = vec![0x82, 0x61, b'a', 0x99];
        reading.extend_from_slice(&(count as u16).to_be_bytes());
        reading.extend(items.iter().copied().cycle().take(count * items.len()));
        reading
    };
    let text = [&[0x82, 0x61, b'a', 0x79, 0x02, 0xa8][..], &[0; 0x2a8]].concat();
    for (what, reading) in [
        ("-0.00006097555160522461, as a float of half precision", list(&[0xf9, 0x83, 0xff], 24)),
        ("false", list(&[0xf4], 6)),
        ("control characters", text),
        ("empty text", vec![0x82, 0x61, b'a', 0x60]),
    ] {
        let mut frame = b"\xa3\x61t\x64data\x61q\x01\x61r\x9f".to_vec();
        for _ in
            0..limit::READINGS_PER_FRAME.min((limit::DEVICE_FRAME_BYTES - frame.len() - 1) / reading.len())
        {
            frame.extend_from_slice(&reading);
        }
        frame.push(0xff);
        assert!(frame.len() <= limit::DEVICE_FRAME_BYTES);
        let bench = Bench::new();
        let mut session =
            numbered::Session::new(bench.device, BootId(7), Encoding::Cbor, FrameSeq(0), bench.admission());
        let mut replies = Vec::new();
        session.take(Received::Binary(&frame), bench.now, bench.counting(), &mut replies).unwrap();
        let built = session.built_bytes();
        assert_eq!((replies.len(), bench.counters.rejected().map(|(_, n)| n).sum::<u64>()), (0, 0), "{what}");
        assert!(built >= 24_000, "{what}: {built}");
        assert!(limit::TURN_BUILT_BYTES + built + 4096 <= limit::TURN_ROOM_BYTES, "{what}: {built}");
    }
}

#[test]
fn a_turn_ends_when_its_readings_are_of_many_days() {
    let bench = Bench::new();
    let mut session = bench.numbered(0);
    let frame = |q: u64, of_days: i64| {
        let readings: Vec<Value> =
            (0..limit::TURN_DAYS as i64).map(|n| json!(["a", 1, -86_400_000 * (n % of_days)])).collect();
        json!({"t": "data", "q": q, "r": readings})
    };
    bench.take(&mut session, frame(1, 1));
    assert!(!session.is_full());
    bench.take(&mut session, frame(2, 700));
    assert!(session.is_full());
    session.batch(bench.now).unwrap();
    bench.take(&mut session, frame(3, 1));
    assert!(!session.is_full(), "the next one begins anew");
    let mut compat = unnumbered::Session::new(bench.device, Dialect::Senml, bench.admission());
    let days = (0..limit::TURN_DAYS).map(|n| format!(r#"{{"n":"a","v":1,"t":{}}}"#, -86_400 * n as i64));
    let pack = format!("[{}]", days.collect::<Vec<_>>().join(","));
    compat.take(Received::Text(&pack), bench.now, bench.counting()).unwrap();
    assert!(compat.is_full());
    compat.batch(bench.now).unwrap();
    assert!(!compat.is_full());
}

#[test]
fn packs_are_answered_in_their_order_and_their_form() {
    let bench = Bench::new();
    let mut session = unnumbered::Session::new(bench.device, Dialect::Senml, bench.admission());
    let mut take = |message: Received<'_>| session.take(message, bench.now, bench.counting()).unwrap();
    take(Received::Text(r#"[{"n":"a","v":1},{"n":"no such name!","v":2},{"n":"a","v":3,"s":4}]"#));
    take(Received::Text("[]"));
    take(Received::Text(r#"[{"n":"b"}]"#));
    take(Received::Binary(b"\x81\xa2\x00\x61a\x02\x05"));
    let (tag, batch) = session.batch(bench.now).unwrap();
    assert_eq!(batch.columns.num, [1.0, 3.0, 4.0, 5.0]);
    assert!(batch.numbered.is_none());
    let mut replies = Vec::new();
    session.answers(&mut replies);
    assert_eq!(
        (replies.len(), session.outstanding()),
        (0, 4),
        "nothing is said before the first pack is durable"
    );
    session.settle(tag, DURABLE);
    session.answers(&mut replies);
    assert_eq!(said(&replies[0]), json!({"ack": 1, "rej": [[1, "schema"]]}));
    assert_eq!(said(&replies[1])["nack"], 2);
    assert_eq!(said(&replies[2]), json!({"ack": 3, "rej": [[0, "wrong_type"]]}));
    assert_eq!(replies[3], Message::Binary(b"\xa1\x63ack\x04".to_vec()));
    assert_eq!(session.outstanding(), 0);
}

#[test]
fn a_pack_that_could_not_be_stored_is_nacked_as_busy() {
    let bench = Bench::new();
    let mut session = unnumbered::Session::new(bench.device, Dialect::Senml, bench.admission());
    session.take(Received::Text(r#"[{"n":"a","v":1}]"#), bench.now, bench.counting()).unwrap();
    let (tag, _) = session.batch(bench.now).unwrap();
    session.settle(tag, Outcome::Failed);
    let mut replies = Vec::new();
    session.answers(&mut replies);
    let nack = said(&replies[0]);
    assert_eq!((&nack["nack"], &nack["code"], &nack["retry_ms"]), (&json!(1), &json!("busy"), &json!(1000)));
}
