//! Packs of the RFC and of this platform, in both forms.

use super::record::Label;
use super::resolve::{base64url, is_base64url};
use super::*;

fn text(json: &str) -> Pack<'_> {
    pack(Received::Text(json)).unwrap_or_else(|refused| panic!("{json}: {refused:?}"))
}

fn refused(json: &str) -> String {
    let refused = pack(Received::Text(json)).unwrap_err();
    assert_eq!(refused.code, Refusal::Malformed, "{json}");
    refused.message
}

fn then(s: f64) -> At {
    At::Then(Timestamp::from_us((s * 1e6).round() as i64).unwrap())
}

type Seen<'p> = (&'p str, f64, Option<&'p str>, At, Option<&'p str>);

fn seen<'p>(pack: &'p Pack<'_>) -> Vec<Seen<'p>> {
    let seen = |r: &'p Reading<'_>| (r.name.sensor(), r.value.num(), r.value.raw(), r.at, r.unit.as_deref());
    pack.readings.iter().map(seen).collect()
}

#[test]
fn labels_stand_at_their_own_place() {
    for (place, (label, name, number)) in Label::ALL.into_iter().enumerate() {
        assert_eq!(label as usize, place);
        assert_eq!((Label::of_name(name), Label::of_number(number)), (Some(label), Some(label)));
    }
}

#[test]
fn base_values_hold_until_others_replace_them() {
    let pack = text(
        r#"[{"bn":"urn:dev:ow:10e2073a01080063:","bt":1.7e9,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},
            {"n":"current","t":-5,"v":1.2},
            {"bt":1.8e9,"bu":"","bv":10,"n":"current","v":0.5},
            {"bn":"lamp/","n":"on","vb":true},
            {"n":"idle","t":1.5}]"#,
    );
    assert_eq!(
        seen(&pack),
        [
            ("voltage", 120.1, None, then(1.7e9), Some("V")),
            ("current", 1.2, None, then(1_699_999_995.0), Some("A")),
            ("current", 10.5, None, then(1.8e9), None),
            ("lamp/on", 1.0, Some("true"), then(1.8e9), None),
            ("idle", 10.0, None, then(1_800_000_001.5), None),
        ]
        .map(|mut seen| {
            if seen.0 == "idle" {
                seen.0 = "lamp/idle";
            }
            seen
        })
    );
    assert_eq!(pack.readings[0].name.device(), Some("urn:dev:ow:10e2073a01080063"));
    assert_eq!(pack.readings[3].name.device(), None);
    assert_eq!(pack.refused, []);
}

#[test]
fn times_below_2_to_the_28_are_relative_to_now() {
    for (bt, t, at) in [
        (0.0, 0.0, At::Arrival),
        (0.0, -60.0, At::FromNow(-60_000_000)),
        (0.0, 0.25, At::FromNow(250_000)),
        (100.0, -100.0, At::Arrival),
        (0.0, 268_435_455.0, At::FromNow(268_435_455_000_000)),
        (0.0, 268_435_456.0, then(268_435_456.0)),
        (1.769_860_800e9, 0.123_456, then(1_769_860_800.123_456)),
        (0.0, -1e300, At::FromNow(i64::MIN)),
    ] {
        let json = format!(r#"[{{"bt":{bt},"n":"a","t":{t},"v":1}}]"#);
        assert_eq!(text(&json).readings[0].at, at, "{json}");
    }
    assert_eq!(text(r#"[{"n":"a","t":1e300,"v":1}]"#).refused, [(0, Rejection::Time)]);
}

#[test]
fn every_kind_of_value_is_read() {
    let pack = text(
        r#"[{"bn":"d/","n":"v","v":-0.5},{"n":"vs","vs":"ö \"x\""},{"n":"vb","vb":false},{"n":"vd","vd":"_-8"},
            {"n":"s","u":"W","v":21.5,"s":100},{"n":"only","s":7,"ut":60},{"bs":1000,"n":"s","s":1},{"n":"v","v":2}]"#,
    );
    assert_eq!(
        seen(&pack),
        [
            ("d/v", -0.5, None, At::Arrival, None),
            ("d/vs", 0.0, Some(r#""ö \"x\"""#), At::Arrival, None),
            ("d/vb", 0.0, Some("false"), At::Arrival, None),
            ("d/vd", 0.0, Some("\"_-8\""), At::Arrival, None),
            ("d/s", 21.5, None, At::Arrival, Some("W")),
            ("d/s/sum", 100.0, None, At::Arrival, None),
            ("d/only/sum", 7.0, None, At::Arrival, None),
            ("d/s/sum", 1001.0, None, At::Arrival, None),
            ("d/v", 2.0, None, At::Arrival, None),
            ("d/v/sum", 1000.0, None, At::Arrival, None),
        ]
    );
    let records: Vec<u16> = pack.readings.iter().map(|reading| reading.record).collect();
    assert_eq!(records, [0, 1, 2, 3, 4, 4, 5, 6, 7, 7]);
}

#[test]
fn one_bad_record_costs_itself_only() {
    use Rejection::*;
    let pack = text(
        r#"[{"n":"a","v":1},{"n":"a","v":1e999},{"n":"a","v":"1"},{"n":"a"},{"n":"a","v":1,"vs":"x"},{"n":7,"v":1},
            {"n":"a","v":1,"u":5},{"n":"a","v":1,"t":"now"},{"n":"a","v":1,"s":null},{"n":"a","v":1,"ut":"x"},{"n":"a","vd":"?"},
            {"n":"a","vb":0},{"n":"b","v":2}]"#,
    );
    let expected = [
        NotFinite, WrongType, WrongType, WrongType, Schema, Unit, Time, WrongType, Time, WrongType, WrongType,
    ];
    assert_eq!(pack.refused, (1..).zip(expected).collect::<Vec<_>>());
    assert_eq!(pack.readings.len(), 2);
}

#[test]
fn what_is_wrong_with_a_pack_names_the_record_and_the_field() {
    for (pack, message) in [
        ("", "a pack must be a JSON list of records"),
        (r#"{"n":"a","v":1}"#, "a pack must be a JSON list of records"),
        ("[]", "a pack must hold at least one record"),
        (r#"[{"n":"a","v":1},7]"#, "/1: not SenML JSON: invalid type"),
        (r#"[{"n":"a","v":1}"#, "/1: not SenML JSON: EOF"),
        (r#"[{"n":"a","v":NaN}]"#, "/0: not SenML JSON"),
        (r#"[{"n":"a","v":1}] x"#, "/1: not SenML JSON: trailing characters"),
        (r#"[{"n":"a","v":1,"n":"b"}]"#, "/0: n must be there once"),
        (r#"[{"n":"a","v":1},{"n":"a","v":1,"x_":1}]"#, "/1: x_ must be understood"),
        (r#"[{"bver":11,"n":"a","v":1}]"#, "/0/bver must be at most 10"),
        (r#"[{"bver":1.5,"n":"a","v":1}]"#, "/0/bver must be a whole number"),
        (r#"[{"bver":9,"n":"a","v":1},{"bver":10}]"#, "/1/bver must be the same"),
        (r#"[{"bn":5}]"#, "/0/bn must be text"),
        (r#"[{"bt":"now"}]"#, "/0/bt must be a number"),
        (r#"[{"bu":1}]"#, "/0/bu must be text"),
        (r#"[{"bv":1e999}]"#, "/0/bv must be a finite number"),
        (r#"[{"bs":true}]"#, "/0/bs must be a finite number"),
    ] {
        let refused = refused(pack);
        assert!(refused.starts_with(message), "{pack}: {refused}");
    }
    let long = format!(r#"[{{"{}_":1}}]"#, "ä".repeat(10_000));
    assert!(refused(&long).len() <= limit::SENML_MESSAGE_BYTES);
}

#[test]
fn unknown_fields_are_passed_over() {
    let pack = text(r#"[{"n":"a","v":1,"x":{"deep":[1,2]},"_y":null,"ct":"60"}]"#);
    assert_eq!(seen(&pack), [("a", 1.0, None, At::Arrival, None)]);
}

#[test]
fn a_urn_of_a_device_is_taken_off_the_name_where_something_is_left() {
    for (name, device, sensor) in [
        ("urn:dev:mac:0024befffe804ff1:temperature", Some("urn:dev:mac:0024befffe804ff1"), "temperature"),
        ("urn:dev:ow:10e2073a01080063_temp", Some("urn:dev:ow:10e2073a01080063"), "temp"),
        ("URN:DEV:os:32473-123456/a/b", Some("URN:DEV:os:32473-123456"), "a/b"),
        ("urn:dev:ow:10e2073a01080063", Some("urn:dev:ow:10e2073a01080063"), "urn:dev:ow:10e2073a01080063"),
        ("urn:dev:ow:10e2073a01080063:", Some("urn:dev:ow:10e2073a01080063"), "urn:dev:ow:10e2073a01080063:"),
        ("urn:dev:", None, "urn:dev:"),
        ("urn:dev::x:y", None, "urn:dev::x:y"),
        ("urn:dev:mac::y", None, "urn:dev:mac::y"),
        ("urn:epc:id:1", None, "urn:epc:id:1"),
        ("urn:devö", None, "urn:devö"),
        ("temperature", None, "temperature"),
    ] {
        let json = format!(r#"[{{"n":"{name}","v":1,"s":1}}]"#);
        let pack = text(&json);
        assert_eq!((pack.readings[0].name.device(), pack.readings[0].name.sensor()), (device, sensor));
        assert_eq!(pack.readings[1].name.sensor(), format!("{sensor}/sum"));
    }
}

#[test]
fn a_pack_takes_no_more_memory_than_its_bound() {
    let records = |n: usize, record: &str| format!("[{}]", vec![record; n].join(","));
    assert_eq!(text(&records(500, r#"{"n":"a","v":1}"#)).readings.len(), 500);
    for many in
        [records(501, r#"{"n":"a","v":1}"#), records(251, r#"{"n":"a","v":1,"s":1}"#), records(501, "{}")]
    {
        assert_eq!(pack(Received::Text(&many)).unwrap_err().code, Refusal::TooLarge);
    }
    let long = format!(
        r#"[{{"bn":"{0}","bu":"{0}\n"}},{1}]"#,
        "x".repeat(20_000),
        vec![r#"{"n":"a","v":1}"#; 499].join(",")
    );
    let pack = text(&long);
    assert_eq!((pack.readings.len(), pack.refused.len()), (0, 499));
}

#[test]
fn bytes_are_written_as_base64url() {
    for (bytes, expected) in [
        (&b""[..], ""),
        (b"f", "Zg"),
        (b"fo", "Zm8"),
        (b"foo", "Zm9v"),
        (b"foob", "Zm9vYg"),
        (b"\xff\xef", "_-8"),
    ] {
        assert_eq!(base64url(bytes), expected);
        assert!(is_base64url(expected));
    }
    assert!(!is_base64url("Zg==") && !is_base64url("Z") && !is_base64url("+/+/"));
}

#[test]
fn the_cbor_form_reads_the_same_as_the_json_form() {
    // {-2: "urn:dev:ow:1:", -3: 1700000000, -4: "A", 0: "i", 2: 1.5}, {0: "d", 8: h'ffef'}, {"n": "f", "v": 4([-2, 2715])}, {0: "b", 4: false, "x": [1]}
    let bytes = b"\x84\xa5\x21\x6durn:dev:ow:1:\x22\x1a\x65\x53\xf1\x00\x23\x61A\x00\x61i\x02\xf9\x3e\x00\
        \xa2\x00\x61d\x08\x42\xff\xef\xa2\x61n\x61f\x61v\xc4\x82\x21\x19\x0a\x9b\xbf\x00\x61b\x04\xf4\x61x\x81\x01\xff";
    let json = r#"[{"bn":"urn:dev:ow:1:","bt":1700000000,"bu":"A","n":"i","v":1.5},{"n":"d","vd":"_-8"},{"n":"f","v":27.15},{"n":"b","vb":false,"x":[1]}]"#;
    assert_eq!(pack(Received::Binary(bytes)).unwrap(), text(json));
    for (bytes, message) in [
        (&b""[..], "a pack must be a CBOR array of records"),
        (b"\xa0", "a pack must be a CBOR array of records"),
        (b"\x80", "a pack must hold at least one record"),
        (b"\x82\xa0\x01", "/1: a record must be a map"),
        (b"\x81\xa1\x41a\x01", "/0: a key must be an integer or text"),
        (b"\x81\xa2\x00\x61a\x61n\x61b", "/0: n must be there once"),
        (b"\x81\xa1\x62x_\x01", "/0: x_ must be understood"),
        (b"\x81\xa1\x20\x0b", "/0/bver must be at most 10"),
        (b"\x82\xa0\xa1", "/1: not CBOR: ends in the middle"),
        (b"\x81\xa0\x00", "/1: not CBOR: something behind the end"),
    ] {
        let refused = pack(Received::Binary(bytes)).unwrap_err();
        assert!(refused.message.starts_with(message), "{bytes:x?}: {}", refused.message);
    }
}
