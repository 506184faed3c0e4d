//! The example files of the device sockets are the expectation: what is read comes from them, what is written equals them.
//!
//! JSON is in `.json` files as it is sent; CBOR in `.hex` files as digits, below its diagnostic notation in a comment.

use super::compat::compat_frame;
use super::decode::device_frame;
use super::encoding::{Encoding, Message, Received};
use super::frame::{DataFrame, DeviceFrame, Refusal, Rejection};
use super::{cbor, encode, senml};
use crate::id::{BootId, DeviceId, FrameSeq, Offset};
use crate::time::Timestamp;

fn example(name: &str) -> String {
    let path = format!("{}/examples/wire/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}")).trim_end().to_owned()
}

fn binary(name: &str) -> Vec<u8> {
    let path = format!("{}/examples/wire/{name}.hex", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

fn data(name: &str, check: impl FnOnce(DataFrame<'_>)) {
    match device_frame(&example(name)) {
        Ok(DeviceFrame::Data(frame)) => check(frame),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn every_example_of_a_device_is_read_by_a_test() {
    let known = include_str!("tests.rs");
    let dir = std::fs::read_dir(format!("{}/examples/wire", env!("CARGO_MANIFEST_DIR"))).unwrap();
    for file in dir {
        let name = file.unwrap().file_name().into_string().unwrap();
        let name = name.strip_suffix(".json").or(name.strip_suffix(".hex")).unwrap();
        let ours = ["device-", "compat-", "cbor-", "senml-"].iter().any(|form| name.starts_with(form));
        assert!(!ours || known.contains(&format!("{name:?}")), "{name} is in no test");
    }
}

#[test]
fn hello_is_read() {
    let text = example("device-hello");
    let Ok(DeviceFrame::Hello(hello)) = device_frame(&text) else { panic!("{text}") };
    assert_eq!((hello.boot, hello.next), (BootId(3_735_928_559), FrameSeq(101)));
    assert_eq!(
        (hello.token.as_deref(), hello.firmware.as_deref()),
        (Some("esd_0123456789abcdef"), Some("1.4.2"))
    );
    assert_eq!(hello.now_ms, Some(1_769_860_800_000));
    assert!(
        matches!(device_frame(&example("device-hello-short")), Ok(DeviceFrame::Hello(hello)) if hello.token.is_none())
    );
    assert!(
        matches!(device_frame(&example("device-cmd-status")), Ok(DeviceFrame::CommandStatus(s)) if s.status == "done")
    );
}

#[test]
fn data_is_read() {
    data("device-data", |frame| {
        assert_eq!((frame.q, frame.base_ms), (FrameSeq(101), Some(1_769_860_800_000)));
        let read: Vec<_> = frame.readings.unwrap().into_iter().map(Result::unwrap).collect();
        let read: Vec<_> = read
            .iter()
            .map(|r| (&*r.sensor, r.value.num(), r.offset_ms, r.unit.as_deref(), r.value.raw()))
            .collect();
        assert_eq!(
            read,
            [
                ("temperature", 21.37, 0, None, None),
                ("humidity", 48.2, 1000, Some("%"), None),
                ("door", 1.0, -250, None, Some("true")),
            ]
        );
    });
    data("device-data-arrival", |frame| assert_eq!(frame.base_ms, None));
    data("device-data-empty", |frame| assert_eq!(frame.readings, Ok(vec![])));
    data("device-data-text", |frame| {
        let raw: Vec<_> =
            frame.readings.unwrap().into_iter().map(|r| r.unwrap().value.raw().map(str::to_owned)).collect();
        assert_eq!(raw, [Some("\"open\"".into()), Some("{\"lat\":52.5,\"lon\":13.4}".into())]);
    });
    data("device-data-rejected", |frame| {
        let codes: Vec<_> = frame.readings.unwrap().into_iter().map(|r| r.err()).collect();
        use Rejection::*;
        let refused = [NotFinite, WrongType, WrongType, Time, Unit].map(Some);
        assert_eq!(codes, [[None, None].as_slice(), &refused].concat());
    });
}

#[test]
fn a_frame_that_is_none_is_refused_naming_the_field() {
    for (name, start) in [
        ("device-invalid-no-json", "not JSON"),
        ("device-invalid-no-object", "a frame must be a JSON object"),
        ("device-invalid-type", "t must be"),
        ("device-invalid-no-number", "q must be"),
        ("device-invalid-number-zero", "q must be"),
        ("device-invalid-base-time", "bt must be"),
        ("device-invalid-boot", "boot must be"),
        ("device-invalid-next", "next must be"),
    ] {
        let refused = device_frame(&example(name)).unwrap_err().0;
        assert!(refused.starts_with(start), "{name}: {refused}");
    }
    for (name, start) in [
        ("compat-invalid-value", "/value must be a finite number"),
        ("compat-invalid-no-sensor", "/sensor_type must be"),
        ("compat-invalid-empty", "/readings must hold"),
        ("compat-invalid-item", "/readings/1/value must be"),
        ("compat-invalid-time", "/timestamp"),
    ] {
        let refused = compat_frame(&example(name)).unwrap_err().0;
        assert!(refused.starts_with(start), "{name}: {refused}");
    }
}

#[test]
fn every_compatible_form_is_read() {
    for (name, readings, single) in [
        ("compat-single", 1, true),
        ("compat-alias", 1, true),
        ("compat-list", 2, false),
        ("compat-map", 2, false),
    ] {
        let text = example(name);
        let frame = compat_frame(&text).unwrap();
        assert_eq!((frame.readings.len(), frame.single), (readings, single), "{name}");
    }
}

#[test]
fn what_the_server_says_equals_the_examples() {
    let device: DeviceId = "0197a3c0-0000-7000-8000-000000000002".parse().unwrap();
    let now = Timestamp::from_ms(1_769_860_800_000).unwrap();
    let refused = [(FrameSeq(118), 2, Rejection::NotFinite)];
    for (name, written) in [
        ("device-welcome", encode::welcome(device, now, FrameSeq(100), 0, 30)),
        ("device-ack", encode::ack(FrameSeq(140), 64, &[])),
        ("device-ack-rej", encode::ack(FrameSeq(140), 64, &refused)),
        ("device-nack-gap", encode::nack(FrameSeq(141), Refusal::Gap, Some(FrameSeq(139)), None)),
        ("device-nack-busy", encode::nack(FrameSeq(141), Refusal::Busy, None, Some(1000))),
        ("compat-device-info", encode::device_info(device)),
        ("compat-success", encode::saved(2, None)),
        ("compat-success-single", encode::saved(1, Some(Offset(4711)))),
        ("compat-error", encode::refused("/value must be a finite number")),
    ] {
        assert_eq!(written, example(name), "{name}");
    }
}

// ---- CBOR ----------------------------------------------------------------------------------------------------------

#[test]
fn a_frame_in_cbor_reads_as_the_same_frame_in_json() {
    for (cbor, json) in [
        ("cbor-hello", "device-hello"),
        ("cbor-hello-short", "device-hello-short"),
        ("cbor-cmd-status", "device-cmd-status"),
        ("cbor-data", "device-data"),
        ("cbor-data-arrival", "device-data-arrival"),
        ("cbor-data-empty", "device-data-empty"),
        ("cbor-data-text", "device-data-text"),
        ("cbor-data-rejected", "device-data-rejected"),
    ] {
        let (bytes, text) = (binary(cbor), example(json));
        assert_eq!(cbor::decode::device_frame(&bytes), device_frame(&text), "{cbor}");
    }
}

fn cbor_data(name: &str) -> Vec<Result<f64, Rejection>> {
    match cbor::decode::device_frame(&binary(name)) {
        Ok(DeviceFrame::Data(DataFrame { readings: Ok(readings), .. })) => {
            readings.into_iter().map(|reading| reading.map(|reading| reading.value.num())).collect()
        }
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn every_way_to_write_a_number_in_cbor_is_read() {
    let two_to_64 = 18_446_744_073_709_551_616.0;
    let expected = [0.5, 21.5, 21.37, two_to_64, -two_to_64, two_to_64, 21.37, 1.0];
    assert_eq!(cbor_data("cbor-data-numbers"), expected.map(Ok));
}

#[test]
fn values_that_have_no_json_are_refused_alone() {
    use Rejection::*;
    let mut expected =
        [NotFinite, NotFinite, WrongType, WrongType, WrongType, WrongType, WrongType, WrongType]
            .map(Err)
            .to_vec();
    expected.push(Ok(1.0));
    assert_eq!(cbor_data("cbor-data-not-kept"), expected);
}

#[test]
fn a_cbor_frame_that_is_none_is_refused_naming_the_field() {
    for (name, start) in [
        ("cbor-invalid-no-map", "a frame must be a CBOR map"),
        ("cbor-invalid-type", "t must be"),
        ("cbor-invalid-no-number", "q must be"),
        ("cbor-invalid-number-zero", "q must be"),
        ("cbor-invalid-number-float", "q must be a whole number"),
        ("cbor-invalid-base-time", "bt must be"),
        ("cbor-invalid-boot", "boot must be"),
        ("cbor-invalid-next", "next must be"),
        ("cbor-invalid-key", "a key of a frame must be text"),
        ("cbor-invalid-twice", "q must be there once"),
        ("cbor-invalid-truncated", "not CBOR: ends in the middle of an item at byte 17"),
        ("cbor-invalid-trailing", "not CBOR: something behind the end at byte 14"),
        ("cbor-invalid-utf-8", "not CBOR: text that is not UTF-8"),
    ] {
        let refused = cbor::decode::device_frame(&binary(name)).unwrap_err().0;
        assert!(refused.starts_with(start), "{name}: {refused}");
    }
}

#[test]
fn a_message_of_the_other_kind_is_refused() {
    let (bytes, text) = (binary("cbor-data"), example("device-data"));
    for (encoding, good, bad) in [
        (Encoding::Json, Received::Text(&text), Received::Binary(text.as_bytes())),
        (Encoding::Cbor, Received::Binary(&bytes), Received::Text(&text)),
    ] {
        assert!(encoding.device_frame(good).is_ok());
        assert!(encoding.device_frame(bad).unwrap_err().0.starts_with("this socket speaks"));
    }
}

#[test]
fn what_the_server_says_in_cbor_equals_the_examples() {
    let device: DeviceId = "0197a3c0-0000-7000-8000-000000000002".parse().unwrap();
    let now = Timestamp::from_ms(1_769_860_800_000).unwrap();
    let refused = [(FrameSeq(118), 2, Rejection::NotFinite)];
    let says = Encoding::Cbor;
    for (name, written) in [
        ("cbor-welcome", says.welcome(device, now, FrameSeq(100), 0, 30)),
        ("cbor-ack", says.ack(FrameSeq(140), 64, &[])),
        ("cbor-ack-rej", says.ack(FrameSeq(140), 64, &refused)),
        ("cbor-nack-gap", says.nack(FrameSeq(141), Refusal::Gap, Some(FrameSeq(139)), None)),
        ("cbor-nack-busy", says.nack(FrameSeq(141), Refusal::Busy, None, Some(1000))),
    ] {
        assert_eq!(written, Message::Binary(binary(name)), "{name}");
    }
}

// ---- SenML ---------------------------------------------------------------------------------------------------------

#[test]
fn packs_read_the_same_in_both_forms() {
    use Rejection::*;
    for (json, cbor, readings, refused) in [
        ("senml-pack", "senml-cbor-pack", 7, &[][..]),
        ("senml-relative", "senml-cbor-relative", 2, &[]),
        (
            "senml-rejected",
            "senml-cbor-rejected",
            2,
            &[(2, NotFinite), (3, WrongType), (4, WrongType), (5, Unit), (6, Time)],
        ),
    ] {
        let (text, bytes) = (example(json), binary(cbor));
        let pack = senml::pack(Received::Text(&text)).unwrap();
        assert_eq!((pack.readings.len(), &pack.refused[..]), (readings, refused), "{json}");
        assert_eq!(senml::pack(Received::Binary(&bytes)).unwrap(), pack, "{cbor}");
    }
}

#[test]
fn a_pack_that_is_none_is_refused_naming_record_and_field() {
    for (name, start) in [
        ("senml-invalid-no-list", "a pack must be a JSON list"),
        ("senml-invalid-empty", "a pack must hold"),
        ("senml-invalid-version", "/0/bver must be at most 10"),
        ("senml-invalid-must-understand", "/1: ct_ must be understood"),
        ("senml-invalid-base-time", "/0/bt must be"),
        ("senml-invalid-twice", "/0: n must be there once"),
    ] {
        let refused = senml::pack(Received::Text(&example(name))).unwrap_err();
        assert!(refused.message.starts_with(start), "{name}: {refused:?}");
    }
    for (name, start) in [
        ("senml-cbor-invalid-no-array", "a pack must be a CBOR array"),
        ("senml-cbor-invalid-version", "/0/bver must be at most 10"),
        ("senml-cbor-invalid-must-understand", "/1: ct_ must be understood"),
        ("senml-cbor-invalid-key", "/0: a key must be an integer or text"),
        ("senml-cbor-invalid-truncated", "/1: not CBOR: ends in the middle"),
    ] {
        let refused = senml::pack(Received::Binary(&binary(name))).unwrap_err();
        assert!(refused.message.starts_with(start), "{name}: {refused:?}");
    }
}

#[test]
fn the_answers_to_packs_equal_the_examples() {
    use Encoding::{Cbor, Json};
    let rejected = [(1, Rejection::Schema), (2, Rejection::NotFinite)];
    let refused = senml::pack(Received::Text(&example("senml-invalid-must-understand"))).unwrap_err();
    let busy = senml::Refused::busy();
    for (name, written) in [
        ("senml-ack", senml::ack(Json, 3, &[])),
        ("senml-ack-rej", senml::ack(Json, 4, &rejected)),
        ("senml-nack", senml::nack(Json, 5, &refused, None)),
        ("senml-nack-busy", senml::nack(Json, 6, &busy, Some(1000))),
    ] {
        assert_eq!(written, Message::Text(example(name)), "{name}");
    }
    for (name, written) in [
        ("senml-cbor-ack", senml::ack(Cbor, 3, &[])),
        ("senml-cbor-ack-rej", senml::ack(Cbor, 4, &rejected)),
        ("senml-cbor-nack", senml::nack(Cbor, 5, &refused, None)),
        ("senml-cbor-nack-busy", senml::nack(Cbor, 6, &busy, Some(1000))),
    ] {
        assert_eq!(written, Message::Binary(binary(name)), "{name}");
    }
}
