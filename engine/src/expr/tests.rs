//! What expressions answer: kernels against rows, rows against the `cel` crate, and the worst that may be written.

use super::*;
use crate::expr::scope::Type;

mod cost;
mod oracle;
mod random;
mod rows;

use self::rows::Rows;

/// One record: its value as JSON, or none of the key's before.
fn one(source: &str, expected: Expected, value: &str) -> Result<Answer, Trouble> {
    let names: Vec<Arc<str>> = vec!["a".into(), "b".into()];
    let fields = [(names[0].clone(), Type::Number), (names[1].clone(), Type::Any)];
    let scope = Scope { value: Type::Any, fields: Some(&fields), prev: true, inputs: &[] };
    let expression =
        Expression::compile(source, &scope, expected).unwrap_or_else(|wrong| panic!("{source}: {wrong:?}"));
    let mut rows = Rows::default();
    rows.push(value, Some("2.5"), None, Some(("7", 59_000)), 60_000);
    let found = rows.answer(&expression, 0);
    let all = expression.values(&rows.view(None), &mut Memo::new(9), &mut Scratch::default());
    match &found {
        Ok((number, raw)) => {
            let all_raw = all.raw.first().map(|(_, raw)| raw.clone());
            assert_eq!((all.num[0].to_bits(), &all_raw), (number.to_bits(), raw), "{source} over columns");
        }
        Err(trouble) => assert_eq!(all.failed, [(0, trouble.clone())], "{source} over columns"),
    }
    found
}

fn number(source: &str, value: &str) -> f64 {
    one(source, Expected::Number, value).unwrap_or_else(|trouble| panic!("{source}: {trouble}")).0
}

fn json(source: &str, value: &str) -> String {
    let (number, raw) =
        one(source, Expected::Any, value).unwrap_or_else(|trouble| panic!("{source}: {trouble}"));
    raw.map_or_else(|| number.to_string(), |raw| raw.to_string())
}

fn holds(source: &str, value: &str) -> Result<bool, Trouble> {
    one(source, Expected::Bool, value).map(|(number, _)| number == 1.0)
}

#[test]
fn values_of_every_type_are_seen() {
    for (source, value) in [
        ("value * 2 > 3", "2"),
        ("value == 'open'", "\"open\""),
        ("value == 'op\\u0065n'", "\"op\\u0065n\""),
        ("value.lat > 52.0", r#"{"lat":52.5}"#),
        ("value", "true"),
        ("value == true", "true"),
        ("value.exists(x, x == 2)", "[1,2]"),
        ("value.exists_one(x, x > 1.0)", "[1,2]"),
        ("!value.all(x, x > 1.0)", "[1,2]"),
        ("value.filter(x, x > 1.0).map(x, x * 2) == [4.0]", "[1,2]"),
        ("value.map(x, x > 1.0, x + 1) == [3]", "[1,2]"),
        ("'lat' in value && !('lon' in value) && size(value) == 1", r#"{"lat":52.5}"#),
        ("sensor.endsWith('in') && unit == 'C' && device != 'd2' && ts % 60000 == 0", "0"),
        ("math.abs(value) >= 2.5", "-2.5"),
        ("math.greatest(value, 3.0) > 2.9", "-2.5"),
        ("math.greatest(value, 1, 2) == 2", "-2.5"),
        ("value in [1, 2.5]", "2.5"),
        ("value in ['open', 'ajar']", "\"ajar\""),
        ("fields.a == 2.5 && !has(fields.b) && has(fields.a)", "0"),
        ("has(prev.value) && prev.value == 7 && ts - prev.ts == 1000", "0"),
        ("(value > 3 ? 'hot' : 'cold') == 'cold'", "3"),
        ("value.matches('^o[p]en$')", "\"open\""),
        ("{'a': value}.a == 1.0 && [value][0] == 1", "1"),
        ("value == null || true", "1"),
        ("math.isNaN(math.sqrt(value)) && !math.isFinite(math.sqrt(value)) && !math.isInf(value)", "-1"),
    ] {
        assert_eq!(holds(source, value), Ok(true), "{source} of {value}");
    }
}

#[test]
fn numbers_texts_and_json_are_answered() {
    assert_eq!(number("value * 1.8 + 32", "100"), 212.0);
    assert_eq!(number("value > 30 ? 1 : 0", "31"), 1.0);
    assert_eq!(number("(value - prev.value) / double(ts - prev.ts) * 1000", "17"), 10.0);
    assert_eq!(number("ts / 7 + ts % 7", "0"), 8574.0);
    assert_eq!(number("math.round(value) + math.floor(value) + math.ceil(value)", "2.5"), 8.0);
    assert_eq!(number("math.least(fields.a, value)", "9"), 2.5);
    assert_eq!(number("int(value) % 2", "7.9"), 1.0);
    assert_eq!(number("size(sensor)", "0"), 4.0);
    assert_eq!(number("double(value)", "\"2.5\""), 2.5);
    assert_eq!(json("value > 30 ? 'hot' : 'cold'", "31"), "\"hot\"");
    assert_eq!(json("sensor + '/' + unit", "0"), "\"t/in/C\"");
    assert_eq!(json("string(value) + 'x'", "2"), "\"2x\"");
    assert_eq!(json("value > 3", "4"), "true");
    assert_eq!(
        json("{'v': value, 'l': [ts, 'x', true, null]}", "4"),
        r#"{"v":4.0,"l":[60000,"x",true,null]}"#
    );
    assert_eq!(json("value", "{\"b\":1,\"a\":[2]}"), "{\"b\":1,\"a\":[2]}");
    assert_eq!(json("value.a", "{\"b\":1,\"a\":[2]}"), "[2]");
}

#[test]
fn what_does_not_fit_is_an_error_not_an_answer() {
    for (source, value) in [
        ("value > 3", "\"open\""),
        ("value", "1"),
        ("value.lat > 1.0", "1"),
        ("value.lat > 1.0", "{}"),
        ("math.sqrt(value) > 1", "-1"),
        ("fields.b > 1.0", "0"),
        ("value[2] > 1.0", "[1]"),
        ("value.exists(x, x > 5.0)", "[1, \"a\"]"),
    ] {
        assert!(holds(source, value).is_err(), "{source} of {value}");
    }
    for source in
        ["1 / value", "value / (value * 3)", "0 / value", "ts / (ts - ts)", "ts % int(value)", "1.0 / -value"]
    {
        assert_eq!(one(source, Expected::Number, "0"), Err(Trouble::DivisionByZero), "{source}");
    }
    for source in
        ["value * 1e308", "math.sqrt(-value)", "value * 1e308 - value * 1e308", "double('NaN') + value"]
    {
        assert_eq!(one(source, Expected::Number, "100"), Err(Trouble::NotFinite), "{source}");
        assert_eq!(one(source, Expected::Any, "100"), Err(Trouble::NotFinite), "{source}");
    }
    assert_eq!(one("[value * 1e308]", Expected::Any, "100"), Err(Trouble::NotFinite));
    assert_eq!(one("ts * 1000000000000000", Expected::Number, "0"), Err(Trouble::Overflow));
    assert_eq!(one("ts * 1000000000000", Expected::Number, "0"), Err(Trouble::NotExact));
    assert!(
        matches!(one("value.a", Expected::Any, "{\"a\":null}"), Err(Trouble::Type { .. })),
        "null is no value"
    );
    assert!(matches!(one("value.a", Expected::Number, "{\"a\":true}"), Err(Trouble::Type { .. })));
    assert!(matches!(one("value.a", Expected::Text, "{\"a\":1}"), Err(Trouble::Type { .. })));
    let long = format!("\"{}\"", "x".repeat(4000));
    assert_eq!(one("value + value", Expected::Text, &long), Err(Trouble::TooLong));
}

#[test]
fn the_first_record_of_a_key_has_none_before_it() {
    let scope = Scope { prev: true, ..Scope::PLAIN };
    let mut rows = Rows::default();
    rows.push("5", None, None, None, 1000);
    for (source, found) in [
        ("has(prev.value)", Ok((0.0, Some("false".into())))),
        ("has(prev.ts) ? 1.0 : 2.0", Ok((2.0, None))),
        ("has(prev.value) ? value - prev.value : 0", Ok((0.0, None))),
        ("value - prev.value", Err(Trouble::NoValue)),
        ("ts - prev.ts", Err(Trouble::NoPrevious)),
    ] {
        let expression = Expression::compile(source, &scope, Expected::Any).unwrap();
        assert!(expression.uses_prev, "{source}");
        assert_eq!(rows.answer(&expression, 0), found, "{source}");
    }
}

#[test]
fn these_are_computed_over_columns() {
    for source in [
        "value * 1.8 + 32 > 86 && value < 90 || value == 7",
        "sensor == 'a' && math.abs(value - 50) > 20",
        "sensor.contains('x') || size(unit) > 2 || device in ['a', 'b'] || sensor.matches('^p')",
        "value in [1, 2, 3] ? fields.a > 2 : value != 4",
        "value == 'open' || value in ['ajar', 'shut']",
        "ts / 1000 % 60 < 30 && ts - prev.ts > 500",
        "has(prev.value) ? value - prev.value > 3 : false",
        "math.greatest(value, prev.value, 3) > math.floor(fields.b)",
        "!(value > 3) == (unit == 'C')",
        "math.isFinite(value) && int(value) % 2 == 0",
        "value",
        "value * (unit == 'F' ? 0.5 : 1.0) + double(size(sensor)) > 1",
    ] {
        let fields = [("a".into(), Type::Number), ("b".into(), Type::Any)];
        let scope = Scope { value: Type::Any, fields: Some(&fields), prev: true, inputs: &[] };
        let expression = Expression::compile(source, &scope, Expected::Bool);
        assert!(expression.unwrap_or_else(|wrong| panic!("{source}: {wrong:?}")).is_columnar(), "{source}");
    }
    for source in ["value > 30 ? 'hot' : value < 5 ? 'cold' : 'mild'", "value > 3", "value + fields.a"] {
        let fields = [("a".into(), Type::Number)];
        let scope = Scope { fields: Some(&fields), ..Scope::PLAIN };
        assert!(Expression::compile(source, &scope, Expected::Any).unwrap().is_columnar(), "{source}");
    }
}
