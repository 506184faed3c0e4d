//! Rows against the `cel` crate: the same answers, but for division by zero and for results that no record may hold.

use cel::common::types::{CelBool, CelDouble, CelInt, CelString};
use cel::{Context, Value};
use proptest::prelude::*;

use super::random::{Kind, compile, rows, source};
use super::rows::{Names, Rows};
use crate::expr::parse::ENV;
use crate::expr::{Answer, TextVar, Texts, Trouble};

/// JSON as the `cel` crate holds it, all numbers decimal.
fn of_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => Value::Bool(*flag),
        serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap()),
        serde_json::Value::String(text) => text.clone().into(),
        serde_json::Value::Array(list) => list.iter().map(of_json).collect::<Vec<_>>().into(),
        serde_json::Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), of_json(value)))
            .collect::<std::collections::HashMap<_, _>>()
            .into(),
    }
}

/// What the crate answers: bits of a number, or JSON; an error is nothing.
fn by_cel(source: &str, rows: &Rows, row: usize) -> Option<Answer> {
    let of = |column: &super::rows::Column| -> Option<Value> {
        match column.raw.iter().find(|(at, _)| *at as usize == row) {
            Some((_, raw)) => Some(of_json(&serde_json::from_str(raw).unwrap())),
            None => Some(column.num[row]).filter(|number| !number.is_nan()).map(Value::Float),
        }
    };
    let map = |list: Vec<(&str, Option<Value>)>| -> Value {
        list.into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect::<std::collections::HashMap<String, Value>>()
            .into()
    };
    let mut context = Context::with_env(std::sync::Arc::clone(&ENV));
    let prev_ts = Some(rows.prev_ts[row]).filter(|ts| !ts.is_nan()).map(|ts| Value::Int(ts as i64));
    let text = |var| Value::from(Names.text(rows.key[row], rows.unit[row], var).to_owned());
    for (name, value) in [
        ("value", of(&rows.value).unwrap()),
        ("fields", map(vec![("a", of(&rows.fields[0])), ("b", of(&rows.fields[1]))])),
        ("prev", map(vec![("value", of(&rows.prev)), ("ts", prev_ts)])),
        ("ts", Value::Int(rows.ts[row].as_ms())),
        ("unit", text(TextVar::Unit)),
        ("device", text(TextVar::Device)),
        ("sensor", text(TextVar::Sensor)),
    ] {
        context.add_variable_from_value(name, value);
    }
    let tree = ENV.parser().parse(source).unwrap();
    let value = Value::resolve_val(&tree, &context).ok()?;
    if let Some(flag) = value.downcast_ref::<CelBool>() {
        return Some((f64::from(u8::from(*flag.inner())), Some(flag.inner().to_string().into())));
    }
    if let Some(number) = value.downcast_ref::<CelDouble>() {
        return Some((*number.inner(), None));
    }
    if let Some(whole) = value.downcast_ref::<CelInt>() {
        return Some((*whole.inner() as f64, None));
    }
    let text = value.downcast_ref::<CelString<'_>>()?;
    Some((0.0, Some(serde_json::Value::from(text.inner()).to_string().into())))
}

const BY_HAND: [(Kind, &str); 12] = [
    (Kind::Bool, "value.exists(x, x > 1.0) || fields.b.all(x, x < 2.0)"),
    (Kind::Bool, "value.exists_one(x, x > 1.0)"),
    (Kind::Bool, "value.map(x, x * 2.0) == [2.0, 4.0] || size(value.filter(x, x > 1.0)) == 1"),
    (Kind::Number, "value[1] + value[0]"),
    (Kind::Bool, "1.0 in value"),
    (Kind::Bool, "value == [1.0, 2.0] && {'a': 1} == {'a': 1.0}"),
    (Kind::Number, "size([1, 2] + value)"),
    (Kind::Number, "[3, 1.5, value].size() > 2 ? math.least(value, 3, 2) : 0.0"),
    (Kind::Text, "string(value) + string(true)"),
    (Kind::Bool, "bool('t') && bool(string(value))"),
    (Kind::Number, "double('1.5') + double(string(value)) + double(int('7'))"),
    (Kind::Bool, "(value > 1.0 ? value : 'x') == 'x' || false < true"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_answer_what_cel_answers(
        (kind, source) in prop_oneof![
            3 => source(Kind::Number, 3).prop_map(|source| (Kind::Number, source)),
            3 => source(Kind::Bool, 3).prop_map(|source| (Kind::Bool, source)),
            1 => source(Kind::Whole, 3).prop_map(|source| (Kind::Whole, source)),
            1 => source(Kind::Text, 2).prop_map(|source| (Kind::Text, source)),
            2 => prop::sample::select(&BY_HAND[..]).prop_map(|(kind, source)| (kind, source.to_owned())),
        ],
        rows in rows(),
    ) {
        let Some(expression) = compile(kind, &source) else { return Ok(()) };
        for row in 0..rows.len() {
            let (mine, theirs) = (rows.answer(&expression, row), by_cel(&source, &rows, row));
            let takes_division = source.contains(['/', '%']);
            match (&mine, &theirs) {
                (Ok(mine), Some(theirs)) => {
                    prop_assert_eq!((mine.0.to_bits(), &mine.1), (theirs.0.to_bits(), &theirs.1), "{}", &source)
                }
                (Err(Trouble::DivisionByZero), _) => prop_assert!(takes_division),
                // Or one that was divided and is forgiven by the crate.
                (Err(_), Some(_)) if takes_division => {}
                (Err(Trouble::NotFinite), Some((number, None))) => prop_assert!(!number.is_finite()),
                (Err(Trouble::NotExact), Some((number, None))) => prop_assert!(number.abs() >= (1u64 << 53) as f64),
                (Err(Trouble::Type { .. }), Some(theirs)) => {
                    // A value of another type than the expression was asked for.
                    let fits = match (kind, theirs.1.as_deref()) {
                        (Kind::Number | Kind::Whole, raw) => raw.is_none(),
                        (Kind::Bool, raw) => matches!(raw, Some("true" | "false")),
                        (Kind::Text, raw) => raw.is_some_and(|raw| raw.starts_with('"')),
                    };
                    prop_assert!(!fits, "{}: {:?}", &source, theirs)
                }
                (Err(_), None) => {}
                (mine, theirs) => prop_assert!(false, "{} at {}: {:?}, not {:?}", &source, row, mine, theirs),
            }
        }
    }
}
