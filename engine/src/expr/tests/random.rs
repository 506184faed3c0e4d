//! Random expressions over random records: kernels answer what the rows answer, bit for bit, errors included.

use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use proptest::prelude::*;

use super::rows::Rows;
use crate::expr::{Expected, Expression, Memo, Scope, Scratch, Type};

/// Sources of numbers, whole numbers, truth values and texts, `depth` levels deep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Number,
    Whole,
    Bool,
    Text,
}

/// An expression of a kind. Decimal literals are written as such, so that the `cel` crate takes it as it is.
pub fn source(kind: Kind, depth: u32) -> BoxedStrategy<String> {
    let leaf = |texts: &'static [&'static str]| prop::sample::select(texts).prop_map(str::to_owned).boxed();
    let leaves = match kind {
        Kind::Number => leaf(&[
            "value",
            "value",
            "value",
            "fields.a",
            "fields.b",
            "prev.value",
            "1.5",
            "0.0",
            "-2.0",
            "1e300",
            "double(ts)",
            "double(value)",
        ]),
        Kind::Whole => {
            leaf(&["ts", "prev.ts", "1000", "0", "-7", "size(sensor)", "9007199254740993", "int(value)"])
        }
        Kind::Bool => leaf(&[
            "value",
            "true",
            "false",
            "has(prev.value)",
            "has(fields.b)",
            "has(prev.ts)",
            "value == 'open'",
            "'ajar' != value",
            "value in ['open', 'shut']",
            "fields.b == 'open'",
            "value in [1.5, 2, 0.0]",
            "fields.b in [1, 2]",
            "value == true",
        ]),
        Kind::Text => leaf(&["unit", "device", "sensor", "'t/in'", "'C'", "value", "string(ts)"]),
    };
    if depth == 0 {
        return leaves;
    }
    let of = move |kind| source(kind, depth - 1);
    let two = move |a: Kind, b: Kind, operators: &'static [&'static str]| {
        (of(a), prop::sample::select(operators), of(b))
            .prop_map(|(a, operator, b)| format!("({a} {operator} {b})"))
    };
    let call = move |a: Kind, names: &'static [&'static str]| {
        (prop::sample::select(names), of(a)).prop_map(|(name, a)| format!("{name}({a})"))
    };
    let choose = (of(Kind::Bool), of(kind), of(kind))
        .prop_map(|(condition, a, b)| format!("({condition} ? {a} : {b})"));
    match kind {
        Kind::Number => prop_oneof![
            2 => leaves,
            4 => two(Kind::Number, Kind::Number, &["+", "-", "*", "/"]),
            1 => call(Kind::Number, &["-", "math.abs", "math.sqrt", "math.ceil", "math.floor", "math.round", "math.trunc", "math.sign"]),
            1 => (of(Kind::Number), of(Kind::Number)).prop_map(|(a, b)| format!("math.greatest({a}, {b})")),
            1 => (of(Kind::Number), of(Kind::Number), of(Kind::Number))
                .prop_map(|(a, b, c)| format!("math.least({a}, {b}, {c})")),
            1 => call(Kind::Whole, &["double", "math.sqrt"]),
            1 => choose,
        ]
        .boxed(),
        Kind::Whole => prop_oneof![
            2 => leaves,
            3 => two(Kind::Whole, Kind::Whole, &["+", "-", "*", "/", "%"]),
            1 => call(Kind::Whole, &["-", "math.abs", "math.sign"]),
            1 => call(Kind::Number, &["int"]),
            1 => choose,
        ]
        .boxed(),
        Kind::Bool => prop_oneof![
            2 => leaves,
            3 => two(Kind::Number, Kind::Number, &["<", "<=", ">", ">=", "==", "!="]),
            1 => two(Kind::Whole, Kind::Whole, &["<", "<=", ">", ">=", "==", "!="]),
            1 => two(Kind::Number, Kind::Whole, &["<", ">=", "==", "!="]),
            3 => two(Kind::Bool, Kind::Bool, &["&&", "||"]),
            1 => two(Kind::Bool, Kind::Bool, &["==", "!="]),
            1 => two(Kind::Text, Kind::Text, &["==", "!=", "<"]),
            1 => (of(Kind::Text), prop::sample::select(&["contains", "startsWith", "endsWith"][..]))
                .prop_map(|(a, name)| format!("{a}.{name}('in')")),
            1 => of(Kind::Text).prop_map(|a| format!("{a} in ['C', 'd1', 'x']")),
            1 => of(Kind::Text).prop_map(|a| format!("{a}.matches('^[a-z]+/')")),
            1 => of(Kind::Bool).prop_map(|a| format!("!({a})")),
            1 => call(Kind::Number, &["math.isNaN", "math.isInf", "math.isFinite"]),
            1 => choose,
        ]
        .boxed(),
        Kind::Text => {
            let written = (of(Kind::Bool), of(Kind::Bool))
                .prop_map(|(a, b)| format!("({a} ? 'a' : {b} ? 'b\"' : '')"));
            prop_oneof![3 => leaves, 1 => two(Kind::Text, Kind::Text, &["+"]), 1 => choose, 2 => written].boxed()
        }
    }
}

const VALUES: [&str; 16] = [
    "0",
    "-0.0",
    "1",
    "1.5",
    "-2",
    "2",
    "7.25",
    "1e300",
    "-1e300",
    "1e18",
    "\"open\"",
    "\"o\\u0070en\"",
    "true",
    "false",
    "[1,2]",
    "5e-324",
];

/// Records that have about everything.
pub fn rows() -> impl Strategy<Value = Rows> {
    let value = || prop::sample::select(&VALUES[..]);
    let number = || prop::sample::select(&VALUES[..10]);
    let row = (
        value(),
        prop::option::of(number()),
        prop::option::of(value()),
        prop::option::of((value(), -5i64..5_000_000)),
        -5i64..5_000_000,
        0u32..3,
        0u8..3,
    );
    prop::collection::vec(row, 1..20).prop_map(|list| {
        let mut rows = Rows::default();
        for (value, a, b, prev, ts, key, unit) in list {
            rows.push(value, a, b, prev, ts);
            *rows.key.last_mut().unwrap() = key;
            *rows.unit.last_mut().unwrap() = UnitIndex(unit);
            *rows.ts.last_mut().unwrap() = Timestamp::from_ms(ts).unwrap();
        }
        rows
    })
}

pub fn compile(kind: Kind, source: &str) -> Option<Expression> {
    let fields = [("a".into(), Type::Number), ("b".into(), Type::Any)];
    let scope = Scope { value: Type::Any, fields: Some(&fields), prev: true, inputs: &[] };
    let expected = match kind {
        Kind::Bool => Expected::Bool,
        Kind::Text => Expected::Text,
        Kind::Number | Kind::Whole => Expected::Number,
    };
    Expression::compile(source, &scope, expected).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn columns_answer_what_rows_answer(
        (kind, source) in prop_oneof![
            3 => source(Kind::Number, 4).prop_map(|source| (Kind::Number, source)),
            3 => source(Kind::Bool, 4).prop_map(|source| (Kind::Bool, source)),
            1 => source(Kind::Whole, 3).prop_map(|source| (Kind::Whole, source)),
            1 => source(Kind::Text, 2).prop_map(|source| (Kind::Text, source)),
        ],
        rows in rows(),
        some in any::<bool>(),
    ) {
        // A few are refused, such as a constant beside a text.
        let Some(expression) = compile(kind, &source) else { return Ok(()) };
        let picked: Vec<u32> = (0..rows.len() as u32).filter(|row| row % 3 != 1).collect();
        let picked = some.then_some(&picked[..]);
        let view = rows.view(picked);
        let (mut memo, mut scratch) = (Memo::new(2), Scratch::default());
        // Twice: the second time the memo knows.
        for _ in 0..2 {
            let answers = expression.values(&view, &mut memo, &mut scratch);
            for at in 0..view.count() {
                let failed = answers.failed.iter().find(|(place, _)| *place as usize == at);
                let raw = answers.raw.iter().find(|(place, _)| *place as usize == at);
                let found = match failed {
                    Some((_, trouble)) => Err(trouble.clone()),
                    None => Ok((answers.num[at].to_bits(), raw.map(|(_, raw)| raw.clone()))),
                };
                let expected = rows.answer(&expression, view.row(at)).map(|(number, raw)| (number.to_bits(), raw));
                prop_assert_eq!(found, expected, "{} at {}", &source, at);
            }
            if kind == Kind::Bool {
                let mut trouble = None;
                let flags = expression.bools(&view, &mut memo, &mut scratch, &mut trouble);
                for (at, flag) in flags.iter().enumerate() {
                    let expected = rows.answer(&expression, view.row(at)).map_or(2, |(number, _)| number as u8);
                    prop_assert_eq!(*flag, expected, "{} at {}", &source, at);
                }
                prop_assert_eq!(trouble.is_some(), flags.contains(&2));
            }
        }
    }
}
