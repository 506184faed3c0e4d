//! The example files are the expectation: what is written equals them byte for byte, what is read comes from them.

use super::*;
use crate::limit;

fn example(name: &str) -> String {
    let path = format!("{}/examples/wire/live-{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}")).trim_end().to_owned()
}

fn device_sub() -> Sub {
    let device = "0197a3c0-0000-7000-8000-000000000002".parse().unwrap();
    let target = Target::DeviceSensor { device, sensor: "temperature".parse().unwrap() };
    Sub { id: SubId(8), target, points: Some(200), max_hz: Some(4.0), since: None, from: None }
}

#[test]
fn every_frame_of_a_dashboard_is_read() {
    let widget = Target::Widget("0197a3c0-0000-7000-8000-000000000001".parse().unwrap());
    let flow = "0197a3c0-0000-7000-8000-000000000003".parse().unwrap();
    let node = Target::FlowNode { flow, node: "display-1".into(), field: "output".into() };
    let since = Some(Position { epoch: 1_769_860_800_000, offset: 4711 });
    for (name, expected) in [
        ("auth", Inbound::Auth { token: "es_0123456789abcdef".into() }),
        (
            "sub-widget",
            Inbound::Sub(Sub {
                id: SubId(7),
                target: widget,
                points: None,
                max_hz: None,
                since: None,
                from: None,
            }),
        ),
        (
            "sub-from",
            Inbound::Sub(Sub {
                id: SubId(12),
                points: None,
                max_hz: None,
                from: Timestamp::from_ms(1_769_774_400_000),
                ..device_sub()
            }),
        ),
        ("sub-device", Inbound::Sub(device_sub())),
        (
            "sub-metrics",
            Inbound::Sub(Sub {
                id: SubId(10),
                target: Target::FlowMetrics { flow },
                points: None,
                max_hz: Some(0.5),
                since: None,
                from: None,
            }),
        ),
        (
            "sub-flow",
            Inbound::Sub(Sub { id: SubId(9), target: node, points: None, max_hz: None, since, from: None }),
        ),
        ("unsub", Inbound::Unsub { id: SubId(7) }),
        ("ping", Inbound::Ping { n: 1_769_860_800_123 }),
    ] {
        assert_eq!(Inbound::parse(&example(name)), Ok(expected), "{name}");
    }
}

#[test]
fn a_refusal_names_the_field_and_the_subscription_if_it_is_known() {
    for (name, id, field) in [
        ("invalid-no-json", None, "frame"),
        ("invalid-no-object", None, "frame"),
        ("invalid-type", None, "t"),
        ("invalid-auth", None, "token"),
        ("invalid-id", None, "id"),
        ("invalid-two-targets", Some(SubId(1)), "widget"),
        ("invalid-no-target", Some(SubId(1)), "widget"),
        ("invalid-widget", Some(SubId(1)), "widget"),
        ("invalid-sensor", Some(SubId(1)), "sensor"),
        ("invalid-no-node", Some(SubId(1)), "node"),
        ("invalid-points", Some(SubId(1)), "points"),
        ("invalid-max-hz", Some(SubId(1)), "max_hz"),
        ("invalid-since", Some(SubId(1)), "since"),
        ("invalid-metrics", Some(SubId(1)), "metrics"),
        ("invalid-metrics-no-flow", Some(SubId(1)), "metrics"),
        ("invalid-metrics-node", Some(SubId(1)), "node"),
        ("invalid-metrics-since", Some(SubId(1)), "since"),
        ("invalid-from", Some(SubId(1)), "from"),
        ("invalid-from-since", Some(SubId(1)), "from"),
        ("invalid-metrics-from", Some(SubId(1)), "from"),
        ("invalid-ping", None, "n"),
    ] {
        let error = Inbound::parse(&example(name)).unwrap_err();
        assert_eq!((error.id, error.field), (id, field), "{name}: {error}");
    }
}

#[test]
fn what_is_asked_beyond_the_limits_is_capped() {
    let text = example("sub-device").replace("200", "1000000").replace("\"max_hz\":4", "\"max_hz\":1e6");
    let Ok(Inbound::Sub(sub)) = Inbound::parse(&text) else { panic!("{text}") };
    assert_eq!((sub.points, sub.max_hz), (Some(limit::LIVE_POINTS), Some(limit::LIVE_HZ)));
    let hz = |asked: &str| match Inbound::parse(&example("sub-metrics").replace(",\"max_hz\":0.5", asked)) {
        Ok(Inbound::Sub(sub)) => sub.max_hz,
        other => panic!("{other:?}"),
    };
    assert_eq!(hz(",\"max_hz\":1e6"), Some(limit::LIVE_METRICS_HZ));
    assert_eq!(hz(""), None);
}

fn point(ts: i64, num: f64, raw: Option<&str>) -> Point {
    Point { ts: Timestamp::from_ms(ts).unwrap(), num, raw: raw.map(Into::into) }
}

fn written(write: impl FnOnce(&mut String)) -> String {
    let mut out = String::new();
    write(&mut out);
    out
}

#[test]
fn what_is_written_equals_the_examples() {
    let points = [
        point(1_769_860_800_000, 21.5, None),
        point(1_769_860_801_000, 0.0, Some("\"open\"")),
        point(1_769_860_802_000, -0.25, None),
    ];
    let at = Position { epoch: 1_769_860_800_000, offset: 4711 };
    let snap = written(|out| write_snap(out, SubId(8), at, &points, Some("C"), false));
    assert_eq!(snap, example("snap"));

    let points = [point(1_769_860_800_000, 21.5, None), point(1_769_860_860_000, 0.0, Some("null"))];
    let buckets = (&[Some((20.25, 23.0)), None][..], 60_000);
    let snap = written(|out| write_bucketed_snap(out, SubId(12), at, &points, buckets, Some("C")));
    assert_eq!(snap, example("snap-buckets"));

    let plain = |point: Point| Folded { spread: Some((point.num, point.num)), point };
    let values = [plain(point(1_769_860_803_000, 22.0, None)), plain(point(1_769_860_804_000, 1e300, None))];
    let upd = |offset: u64, values: &[Folded], beside: Beside<'_>| {
        written(|out| write_upd(out, SubId(8), |out| write_columns(out, offset, values), values, beside))
    };
    assert_eq!(upd(4713, &values, Beside::default()), example("upd"));

    let values = [
        Folded { point: point(1_769_860_805_000, 22.5, None), spread: Some((20.0, 23.75)) },
        Folded { point: point(1_769_860_806_000, 0.0, Some("{\"lat\":48.2}")), spread: None },
    ];
    assert_eq!(upd(4723, &values, Beside { skipped: 8, ..Beside::default() }), example("upd-folded"));
    let slowed = Beside { skipped: 8, unit: Some("F"), hz: Some(2.5) };
    assert_eq!(upd(4723, &values, slowed), example("upd-slowed"));

    let value = point(1_769_860_803_000, 22.0, None);
    assert_eq!(written(|out| write_widget_value(out, &value, Some("C"))), example("widget-value"));

    for (name, write) in [
        ("snap-metrics", write_metrics_snap as fn(&mut String, SubId, &str)),
        ("upd-metrics", write_metrics_upd),
    ] {
        let metrics = serde_json::from_str::<Json>(&example(name)).unwrap()["metrics"].to_string();
        assert_eq!(written(|out| write(out, SubId(10), &metrics)), example(name));
    }

    let message = "no such device or sensor";
    assert_eq!(written(|out| write_err(out, Some(SubId(8)), ErrCode::NotFound, message)), example("err"));
    assert_eq!(written(|out| write_bye(out, "draining", 1234)), example("bye"));
    assert_eq!(written(|out| write_pong(out, 1_769_860_800_123)), example("pong"));
}

#[test]
fn what_is_written_is_json_whatever_the_text() {
    let text = "quote \" and \u{0} and \u{1F600}";
    let snap =
        written(|out| write_snap(out, SubId(1), Position { epoch: 1, offset: 2 }, &[], Some(text), true));
    assert_eq!(serde_json::from_str::<Json>(&snap).unwrap()["unit"], text);
    let err = written(|out| write_err(out, None, ErrCode::Malformed, text));
    assert_eq!(serde_json::from_str::<Json>(&err).unwrap()["message"], text);
}

#[test]
fn every_example_is_read_by_a_test() {
    let here = include_str!("tests.rs");
    let dir = format!("{}/examples/wire", env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(dir).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        if let Some(name) = file.strip_prefix("live-").and_then(|file| file.strip_suffix(".json")) {
            assert!(here.contains(&format!("\"{name}\"")), "{file} is read by no test");
        }
    }
}
