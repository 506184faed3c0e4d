//! Expressions: kernels over columns, the `cel` crate row by row, and the same written in Rust.
//!
//! `cargo bench --bench expr`.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use edgesync_engine::expr::Predicate;
use edgesync_engine::expr::kernel::{Rows, Scratch, TextVar, YES};
use edgesync_engine::expr::row::{Row, eval_bool};

const ROWS: usize = 8_192;

/// All rows of a column of numbers.
struct Column(Vec<f64>);

impl Rows for Column {
    fn count(&self) -> usize {
        self.0.len()
    }
    fn values(&self) -> Option<&[f64]> {
        Some(&self.0)
    }
    fn gather_values(&self, to: &mut Vec<f64>) {
        to.extend_from_slice(&self.0);
    }
    fn gather_ts(&self, to: &mut Vec<f64>) {
        to.extend((0..self.0.len()).map(|row| row as f64));
    }
    fn gather_text(&self, _: TextVar, text: &str, to: &mut Vec<u8>) {
        to.extend(self.0.iter().map(|_| u8::from("temperature" == text)));
    }
}

fn expressions(c: &mut Criterion) {
    type Rust = fn(f64) -> bool;
    let cases: [(&str, Rust); 3] = [
        ("value > 30", |value| value > 30.0),
        ("value * 1.8 + 32 > 86 && value < 90 || value == 7", |value| {
            value * 1.8 + 32.0 > 86.0 && value < 90.0 || value == 7.0
        }),
        ("sensor == 'temperature' && math.abs(value - 50) > 20", |value| {
            std::hint::black_box("temperature") == "temperature" && (value - 50.0).abs() > 20.0
        }),
    ];
    let column = Column((0..ROWS).map(|row| (row * 7919 % 1000) as f64 / 10.0).collect());
    for (source, rust) in cases {
        let predicate = Predicate::compile(source).unwrap();
        let kernel = predicate.kernel.as_ref().unwrap();
        let expected = column.0.iter().filter(|value| rust(**value)).count();
        let mut group = c.benchmark_group(source);
        group.throughput(Throughput::Elements(ROWS as u64));
        let mut scratch = Scratch::default();
        group.bench_function("kernel", |bencher| {
            bencher.iter(|| {
                let answers = kernel.eval(&column, &mut scratch);
                let found = answers.iter().filter(|answer| **answer == YES).count();
                scratch.done(answers);
                assert_eq!(found, expected);
            });
        });
        group.bench_function("row by row", |bencher| {
            bencher.iter(|| {
                let is_so = |num: &&f64| {
                    let row = Row {
                        num: **num,
                        raw: None,
                        unit: "C",
                        ts_ms: 0,
                        device: "d",
                        sensor: "temperature",
                    };
                    eval_bool(&predicate.tree, &row) == Ok(true)
                };
                assert_eq!(column.0.iter().filter(is_so).count(), expected);
            });
        });
        group.bench_function("rust", |bencher| {
            bencher.iter(|| assert_eq!(column.0.iter().filter(|value| rust(**value)).count(), expected));
        });
    }
}

criterion_group!(benches, expressions);
criterion_main!(benches);
