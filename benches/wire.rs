//! Decoding of device frames: text -> typed frame, by readings per frame and by road (numbers take the quick one, text the careful one).

#![allow(missing_docs, reason = "criterion's macro makes a public function")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use edgesync_schemas::wire::compat::compat_frame;
use edgesync_schemas::wire::decode::device_frame;

fn numbers(readings: usize) -> String {
    let r: Vec<String> =
        (0..readings).map(|i| format!("[\"sensor_{}\",{}.{:02}]", i % 20, 20 + i % 7, i % 100)).collect();
    format!("{{\"t\":\"data\",\"q\":12345,\"bt\":1769860800000,\"r\":[{}]}}", r.join(","))
}

fn with_text(readings: usize) -> String {
    numbers(readings).replacen("]}", ",[\"status\",\"open\"]]}", 1)
}

fn compat(readings: usize) -> String {
    let r: Vec<String> = (0..readings)
        .map(|i| {
            format!(
                "{{\"sensor_type\":\"sensor_{}\",\"value\":{}.{:02},\"unit\":\"C\"}}",
                i % 20,
                20 + i % 7,
                i % 100
            )
        })
        .collect();
    format!("{{\"device_id\":\"x\",\"readings\":[{}]}}", r.join(","))
}

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    for readings in [1, 2, 20, 500] {
        group.throughput(Throughput::Elements(readings as u64));
        let text = numbers(readings);
        group.bench_with_input(BenchmarkId::new("edgesync", readings), &text, |b, text| {
            b.iter(|| device_frame(black_box(text)).is_ok());
        });
        let text = with_text(readings);
        group.bench_with_input(BenchmarkId::new("edgesync_with_text", readings), &text, |b, text| {
            b.iter(|| device_frame(black_box(text)).is_ok());
        });
        let text = compat(readings);
        group.bench_with_input(BenchmarkId::new("compat", readings), &text, |b, text| {
            b.iter(|| compat_frame(black_box(text)).is_ok());
        });
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
