//! What holds for all frames: the forms agree, whatever comes is answered and not believed, and what is kept is bounded.
//!
//! Frames are generated as JSON values and written by other people's encoders, serde_json and ciborium, so that a mistake cannot be made
//! the same way on both sides. A failure prints its case, shrunk, and proptest's file beside this one keeps it.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::encoding::{Encoding, Message, Received};
use super::frame::{DataFrame, DeviceFrame, Refusal, Rejection};
use super::{cbor, decode, senml};
use crate::id::FrameSeq;
use crate::limit;

fn to_cbor(value: &impl serde::Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn any_number() -> impl Strategy<Value = Json> {
    prop_oneof![
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        (-2000i64..2000).prop_map(|n| Json::from(n as f64 / 8.0)),
        any::<f64>().prop_filter_map("JSON has finite numbers", |n| n.is_finite().then(|| Json::from(n))),
    ]
}

fn any_value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        4 => any_number(),
        1 => Just(Json::Null),
        1 => any::<bool>().prop_map(Json::from),
        2 => ".{0,12}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            proptest::collection::vec((".{0,6}", inner), 0..6)
                .prop_map(|pairs| Json::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Mostly readings, some with a wrong part, some none at all.
fn any_reading() -> impl Strategy<Value = Json> {
    let name = prop_oneof![4 => "[a-z]{1,8}".prop_map(Json::from), 1 => any_value()];
    let offset = prop_oneof![2 => any::<i32>().prop_map(Json::from), 1 => any_value()];
    let unit = prop_oneof![2 => Just(json!("C")), 1 => any_value()];
    let parts = (name, any_value(), offset, unit, any_value());
    prop_oneof![
        8 => (parts, 0usize..=5).prop_map(|((a, b, c, d, e), count)| {
            Json::from([a, b, c, d, e].into_iter().take(count).collect::<Vec<_>>())
        }),
        1 => any_value(),
    ]
}

/// Objects with the keys of frames, most of them right.
fn any_frame() -> impl Strategy<Value = Json> {
    let field = |right: BoxedStrategy<Json>| prop_oneof![6 => right.prop_map(Some), 1 => any_value().prop_map(Some), 1 => Just(None)];
    let readings = proptest::collection::vec(any_reading(), 0..12).prop_map(Json::from).boxed();
    let kind = prop_oneof![6 => Just("data"), 2 => Just("hello"), 2 => Just("cmd_status")];
    let keys = (
        field(kind.prop_map(Json::from).boxed()),
        field((1u64..1000).prop_map(Json::from).boxed()),
        field(any::<i64>().prop_map(Json::from).boxed()),
        field(readings),
        field(any::<u32>().prop_map(Json::from).boxed()),
        field((1u64..1000).prop_map(Json::from).boxed()),
        field("[a-z]{0,8}".prop_map(Json::from).boxed()),
        field(any_value().boxed()),
        any::<[u8; 8]>(),
    );
    keys.prop_map(|(t, q, bt, r, boot, next, text, result, order)| {
        let mut pairs = vec![
            ("t", t),
            ("q", q),
            ("bt", bt),
            ("r", r),
            ("boot", boot),
            ("next", next),
            ("token", text.clone()),
            ("id", text.clone()),
            ("status", text),
            ("result", result),
            ("unknown", Some(json!([{"deep": 1}]))),
        ];
        for (i, with) in order.into_iter().enumerate() {
            pairs.swap(i, usize::from(with) % 11);
        }
        pairs
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    })
}

/// Records, most of them right, with text labels.
fn any_pack() -> impl Strategy<Value = Json> {
    let field = |name: &'static str, right: BoxedStrategy<Json>| {
        prop_oneof![
            4 => right.prop_map(move |value| Some((name, value))),
            1 => any_value().prop_map(move |value| Some((name, value))),
            3 => Just(None),
        ]
    };
    let number = || any_number().boxed();
    let text = || "[a-z:/]{0,8}".prop_map(Json::from).boxed();
    let base = (
        field("bn", text()),
        field("bt", number()),
        field("bu", text()),
        field("bv", number()),
        field("bs", number()),
    );
    let version =
        prop_oneof![8 => Just(None), 1 => (1u8..12).prop_map(|version| Some(("bver", Json::from(version))))];
    let own = (
        field("n", text()),
        field("u", text()),
        field("t", number()),
        field("s", number()),
        field("ut", number()),
    );
    let value = prop_oneof![
        4 => field("v", number()),
        1 => field("vs", any_value().boxed()),
        1 => field("vb", any::<bool>().prop_map(Json::from).boxed()),
        1 => field("vd", "[A-Za-z0-9_-]{0,9}".prop_map(Json::from).boxed()),
    ];
    let others = prop_oneof![20 => Just(None), 2 => any_value().prop_map(|v| Some(("x", v))), 1 => Just(Some(("x_", json!(1))))];
    let record = (proptest::option::of(base), version, own, value, others).prop_map(
        |(base, version, own, value, other)| {
            let (bn, bt, bu, bv, bs) = base.unwrap_or_default();
            let (n, u, t, s, ut) = own;
            let fields = [bn, bt, bu, bv, bs, version, n, u, t, s, ut, value, other];
            fields
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<serde_json::Map<_, _>>()
        },
    );
    proptest::collection::vec(record, 0..8).prop_map(Json::from)
}

/// The same pack with the integer labels of the CBOR form.
fn with_integer_labels(pack: &Json) -> ciborium::Value {
    let labels = ["n", "u", "v", "vs", "vb", "s", "t", "ut", "vd"].into_iter().zip(0i64..);
    let base =
        ["bver", "bn", "bt", "bu", "bv", "bs"].into_iter().zip(1i64..).map(|(name, number)| (name, -number));
    let labels: std::collections::HashMap<_, _> = labels.chain(base).collect();
    let mut value = ciborium::Value::serialized(pack).unwrap();
    for record in value.as_array_mut().unwrap() {
        for (key, _) in record.as_map_mut().unwrap() {
            if let Some(number) = labels.get(key.as_text().unwrap()) {
                *key = (*number).into();
            }
        }
    }
    value
}

/// Whatever was read keeps to its bounds.
fn check_bounds(bytes: &[u8]) {
    if let Ok(DeviceFrame::Data(DataFrame { readings: Ok(readings), .. })) = cbor::decode::device_frame(bytes)
    {
        assert!(readings.len() <= limit::READINGS_PER_FRAME + 1);
        for reading in readings.into_iter().flatten() {
            assert!(reading.value.num().is_finite());
            if let Some(raw) = reading.value.raw() {
                assert!(raw.len() <= limit::RAW_VALUE_BYTES);
                serde_json::from_str::<Json>(raw).expect("what is kept is JSON");
            }
        }
    }
    match senml::pack(Received::Binary(bytes)) {
        Ok(pack) => {
            assert!(pack.readings.len() <= limit::READINGS_PER_FRAME);
            assert!(pack.refused.len() <= limit::READINGS_PER_FRAME);
        }
        Err(refused) => {
            assert!(refused.message.len() <= limit::SENML_MESSAGE_BYTES);
            assert!([Refusal::Malformed, Refusal::TooLarge].contains(&refused.code));
        }
    }
}

fn mutate(mut bytes: Vec<u8>, changes: Vec<(u16, u8, u8)>) -> Vec<u8> {
    for (at, kind, with) in changes {
        let at = usize::from(at) % (bytes.len() + 1);
        match kind % 4 {
            0 if at < bytes.len() => bytes[at] = with,
            1 if at < bytes.len() => bytes[at] ^= 1 << (with % 8),
            2 => bytes.insert(at, with),
            _ => bytes.truncate(at.max(bytes.len() / 2)),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn json_and_cbor_read_the_same_frame_alike(frame in any_frame()) {
        let (text, bytes) = (frame.to_string(), to_cbor(&frame));
        let (from_json, from_cbor) = (decode::device_frame(&text), cbor::decode::device_frame(&bytes));
        prop_assert_eq!(from_cbor, from_json);
    }

    #[test]
    fn json_and_cbor_read_the_same_pack_alike(pack in any_pack()) {
        let text = pack.to_string();
        let from_json = senml::pack(Received::Text(&text));
        for bytes in [to_cbor(&pack), to_cbor(&with_integer_labels(&pack))] {
            prop_assert_eq!(&senml::pack(Received::Binary(&bytes)), &from_json);
        }
    }

    #[test]
    fn bytes_at_random_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..512), kind in 0usize..4) {
        // From the first byte of a frame or a pack on, or not.
        let start = [&[][..], &[0xa3], &[0xbf, 0x61, b't', 0x64, b'd', b'a', b't', b'a'], &[0x9f, 0xa2]][kind];
        check_bounds(&[start, &bytes].concat());
        let text = String::from_utf8_lossy(&bytes);
        let _ = decode::device_frame(&text);
        let _ = senml::pack(Received::Text(&text));
    }

    #[test]
    fn frames_with_a_few_wrong_bytes_are_answered(
        frame in any_frame(),
        pack in any_pack(),
        changes in proptest::collection::vec(any::<(u16, u8, u8)>(), 1..6),
    ) {
        check_bounds(&mutate(to_cbor(&frame), changes.clone()));
        check_bounds(&mutate(to_cbor(&with_integer_labels(&pack)), changes.clone()));
        for text in [frame.to_string(), pack.to_string()] {
            let bytes = mutate(text.into_bytes(), changes.clone());
            let text = String::from_utf8_lossy(&bytes);
            let _ = decode::device_frame(&text);
            let _ = senml::pack(Received::Text(&text));
        }
    }

    #[test]
    fn lengths_that_are_not_there_are_not_believed(length in any::<u64>(), kind in 2u8..6, inner in any::<bool>()) {
        let mut bytes = if inner { b"\xa3\x61t\x64data\x61q\x01\x61r\x81\x82\x61a".to_vec() } else { vec![] };
        bytes.push(kind << 5 | 27);
        bytes.extend_from_slice(&length.to_be_bytes());
        check_bounds(&bytes);
        prop_assert!(cbor::decode::device_frame(&bytes).is_err() || length == 0);
    }

    #[test]
    fn what_the_server_says_is_the_same_in_both_encodings(
        q in any::<u64>(),
        credit in any::<u32>(),
        rejected in proptest::collection::vec((any::<u64>(), any::<u16>(), 0usize..7), 0..40),
        expected in any::<Option<u64>>(),
        retry_ms in any::<Option<u32>>(),
    ) {
        let frames: Vec<_> = rejected.iter().map(|(q, at, why)| (FrameSeq(*q), *at, Rejection::ALL[*why])).collect();
        let records: Vec<_> = rejected.iter().map(|(_, at, why)| (*at, Rejection::ALL[*why])).collect();
        let refused = senml::Refused { code: Refusal::Malformed, message: format!("/{q}: ö") };
        let says = |encoding: Encoding| {
            [
                encoding.ack(FrameSeq(q), credit, &frames),
                encoding.nack(FrameSeq(q), Refusal::Gap, expected.map(FrameSeq), retry_ms),
                senml::ack(encoding, q, &records),
                senml::nack(encoding, q, &refused, retry_ms),
            ]
        };
        for (text, bytes) in says(Encoding::Json).into_iter().zip(says(Encoding::Cbor)) {
            let (Message::Text(text), Message::Binary(bytes)) = (text, bytes) else { panic!("of the other kind") };
            let read: Json = ciborium::from_reader(&*bytes).unwrap();
            prop_assert_eq!(read, serde_json::from_str::<Json>(&text).unwrap());
        }
    }
}

#[test]
fn a_frame_of_tiny_readings_is_counted_and_not_kept() {
    let mut bytes = b"\xa3\x61t\x64data\x61q\x01\x61r\x9f".to_vec();
    bytes.resize(limit::DEVICE_FRAME_BYTES - 1, 0x00);
    bytes.push(0xff);
    match cbor::decode::device_frame(&bytes) {
        Ok(DeviceFrame::Data(DataFrame { readings: Ok(readings), .. })) => {
            assert_eq!(readings.len(), limit::READINGS_PER_FRAME + 1, "enough to be refused as too large");
        }
        other => panic!("{other:?}"),
    }
}
