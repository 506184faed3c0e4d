//! The example files of the device sockets are the expectation: what is read comes from them, what is written equals them.

use super::compat::compat_frame;
use super::decode::device_frame;
use super::encode;
use super::frame::{DataFrame, DeviceFrame, Refusal, Rejection};
use crate::id::{BootId, DeviceId, FrameSeq, Offset};
use crate::time::Timestamp;

fn example(name: &str) -> String {
    let path = format!("{}/examples/wire/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}")).trim_end().to_owned()
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
        let name = name.strip_suffix(".json").unwrap();
        let ours = name.starts_with("device-") || name.starts_with("compat-");
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
