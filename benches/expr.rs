//! Expressions: kernels over columns, the same row by row, and the same written in Rust.
//!
//! `cargo bench --bench expr`.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use edgesync_engine::expr::{
    Cell, Cells, Expected, Expression, Memo, Row, Scope, Scratch, Slot, TextVar, Texts, Type, View, YES,
};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;

const ROWS: usize = 8_192;
const KEYS: u32 = 100;

/// Records of a hundred series with one field.
struct Records {
    key: Vec<u32>,
    ts: Vec<Timestamp>,
    unit: Vec<UnitIndex>,
    num: Vec<f64>,
    field: Vec<f64>,
}

struct Names;

impl Texts for Names {
    fn text(&self, key: u32, _: UnitIndex, var: TextVar) -> &str {
        match var {
            TextVar::Device => "0197a3c0-0000-7000-8000-000000000002",
            TextVar::Sensor => ["temperature", "pressure"][key as usize % 2],
            TextVar::Unit => "C",
        }
    }
}

impl Records {
    fn new() -> Self {
        let rows = || 0..ROWS;
        Self {
            key: rows().map(|row| row as u32 % KEYS).collect(),
            ts: rows().map(|row| Timestamp::from_ms(1_700_000_000_000 + row as i64).unwrap()).collect(),
            unit: vec![UnitIndex(1); ROWS],
            num: rows().map(|row| (row * 7919 % 1000) as f64 / 10.0).collect(),
            field: rows().map(|row| (row * 31 % 100) as f64).collect(),
        }
    }

    fn view<'a>(&'a self, fields: &'a [Cells<'a>]) -> View<'a> {
        View {
            rows: None,
            key: &self.key,
            ts: &self.ts,
            unit: &self.unit,
            value: Cells { num: &self.num, raw: &[] },
            fields,
            inputs: &[],
            prev: None,
            texts: &Names,
        }
    }

    fn row<T>(&self, expression: &Expression, row: usize, compute: impl FnOnce(&Row<'_>) -> T) -> T {
        let cell = |slot: &Slot| match slot {
            Slot::Value => Cell::Num(self.num[row]),
            _ => Cell::Num(self.field[row]),
        };
        let cells: Vec<Cell> = expression.slots.iter().map(cell).collect();
        let text = |var| Names.text(self.key[row], self.unit[row], var);
        compute(&Row {
            cells: &cells,
            json_bytes: 0,
            ts_ms: self.ts[row].as_ms(),
            prev_ts_ms: None,
            unit: text(TextVar::Unit),
            device: text(TextVar::Device),
            sensor: text(TextVar::Sensor),
        })
    }
}

fn compile(source: &str, expected: Expected) -> Expression {
    let fields = [(Arc::from("mean"), Type::Any)];
    Expression::compile(source, &Scope { fields: Some(&fields), ..Scope::PLAIN }, expected).unwrap()
}

type Predicate = fn(f64, f64, &str) -> bool;

fn predicates(c: &mut Criterion) {
    let cases: [(&str, Predicate); 5] = [
        ("value > 30", |value, _, _| value > 30.0),
        ("value * 1.8 + 32 > 86 && value < 90 || value == 7", |value, _, _| {
            value * 1.8 + 32.0 > 86.0 && value < 90.0 || value == 7.0
        }),
        ("sensor == 'temperature' && math.abs(value - 50) > 20", |value, _, sensor| {
            black_box(sensor) == "temperature" && (value - 50.0).abs() > 20.0
        }),
        ("sensor in ['temperature', 'humidity', 'co2'] && sensor.contains('e')", |_, _, sensor| {
            ["temperature", "humidity", "co2"].contains(&black_box(sensor)) && sensor.contains('e')
        }),
        ("value > fields.mean * 1.5 ? value < 90 : fields.mean in [1, 2, 3]", |value, mean, _| {
            if value > mean * 1.5 { value < 90.0 } else { [1.0, 2.0, 3.0].contains(&mean) }
        }),
    ];
    let records = Records::new();
    let fields = [Cells { num: &records.field, raw: &[] }];
    for (source, rust) in cases {
        let expression = compile(source, Expected::Bool);
        assert!(expression.is_columnar());
        let by_rust = || {
            let rows = records.num.iter().zip(&records.field).zip(&records.key);
            let holds = rows.filter(|((value, mean), key)| {
                rust(**value, **mean, Names.text(**key, UnitIndex(1), TextVar::Sensor))
            });
            holds.count()
        };
        let expected = by_rust();
        let mut group = c.benchmark_group(source);
        group.throughput(Throughput::Elements(ROWS as u64));
        let (mut memo, mut scratch) = (Memo::new(KEYS as usize), Scratch::default());
        group.bench_function("kernel", |bencher| {
            bencher.iter(|| {
                let answers = expression.bools(&records.view(&fields), &mut memo, &mut scratch, &mut None);
                let found = answers.iter().filter(|answer| **answer == YES).count();
                scratch.done(answers);
                assert_eq!(found, expected);
            });
        });
        group.bench_function("row by row", |bencher| {
            bencher.iter(|| {
                let holds =
                    |row: &usize| records.row(&expression, *row, |row| expression.holds(row)) == Ok(true);
                assert_eq!((0..ROWS).filter(holds).count(), expected);
            });
        });
        group.bench_function("rust", |bencher| bencher.iter(|| assert_eq!(by_rust(), expected)));
    }
}

type Number = fn(f64, f64, i64) -> f64;

fn numbers(c: &mut Criterion) {
    let cases: [(&str, Number); 4] = [
        ("value * 1.8 + 32", |value, _, _| value * 1.8 + 32.0),
        ("value > 50 ? value - fields.mean : math.sqrt(value)", |value, mean, _| {
            if value > 50.0 { value - mean } else { value.sqrt() }
        }),
        ("math.round(math.greatest(value, fields.mean) * 10) / 10", |value, mean, _| {
            (value.max(mean) * 10.0).round() / 10.0
        }),
        ("double(ts / 1000 % 60) + value", |value, _, ts| (ts / 1000 % 60) as f64 + value),
    ];
    let records = Records::new();
    let fields = [Cells { num: &records.field, raw: &[] }];
    for (source, rust) in cases {
        let expression = compile(source, Expected::Number);
        assert!(expression.is_columnar());
        let by_rust = || -> f64 {
            let rows = records.num.iter().zip(&records.field).zip(&records.ts);
            rows.map(|((value, mean), ts)| rust(*value, *mean, ts.as_ms())).sum()
        };
        let expected = by_rust();
        let mut group = c.benchmark_group(source);
        group.throughput(Throughput::Elements(ROWS as u64));
        let (mut memo, mut scratch) = (Memo::new(KEYS as usize), Scratch::default());
        group.bench_function("kernel", |bencher| {
            bencher.iter(|| {
                let answers = expression.values(&records.view(&fields), &mut memo, &mut scratch);
                assert_eq!(answers.num.iter().sum::<f64>(), expected);
                scratch.done_nums(answers.num);
            });
        });
        group.bench_function("row by row", |bencher| {
            bencher.iter(|| {
                let answer = |row| records.row(&expression, row, |row| expression.answer(row)).unwrap().0;
                assert_eq!((0..ROWS).map(answer).sum::<f64>(), expected);
            });
        });
        group.bench_function("rust", |bencher| bencher.iter(|| assert_eq!(by_rust(), expected)));
    }
}

criterion_group!(benches, predicates, numbers);
criterion_main!(benches);
