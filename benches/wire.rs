//! Decoding of device frames: message -> typed frame, by readings per frame and by road (JSON numbers take the quick one, text the careful one).
//!
//! CBOR is read twice: by the product's reader over the slice, and by the same pass over the frame on ciborium-ll's decoder, which was the
//! alternative.

#![allow(missing_docs, reason = "criterion's macro makes a public function")]

use std::borrow::Cow;
use std::hint::black_box;

use ciborium_ll::{Decoder, Header};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use edgesync_schemas::id::FrameSeq;
use edgesync_schemas::value::Value;
use edgesync_schemas::wire::cbor;
use edgesync_schemas::wire::compat::compat_frame;
use edgesync_schemas::wire::decode::device_frame;
use edgesync_schemas::wire::encoding::Received;
use edgesync_schemas::wire::frame::{DataFrame, DeviceFrame, RawReading};
use edgesync_schemas::wire::senml;

fn numbers(readings: usize) -> String {
    let r: Vec<String> =
        (0..readings).map(|i| format!("[\"sensor_{}\",{}.{:02}]", i % 20, 20 + i % 7, i % 100)).collect();
    format!("{{\"t\":\"data\",\"q\":12345,\"bt\":1769860800000,\"r\":[{}]}}", r.join(","))
}

fn with_text(readings: usize) -> String {
    numbers(readings).replacen("]}", ",[\"status\",\"open\"]]}", 1)
}

/// A JSON frame or pack in CBOR.
fn in_cbor(json: &str) -> Vec<u8> {
    let value: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    let mut bytes = Vec::new();
    ciborium::into_writer(&value, &mut bytes).expect("a vector takes all bytes");
    bytes
}

fn pack(readings: usize) -> String {
    let r: Vec<String> = (0..readings)
        .map(|i| format!("{{\"n\":\"sensor_{}\",\"v\":{}.{:02}}}", i % 20, 20 + i % 7, i % 100))
        .collect();
    format!("[{{\"bn\":\"urn:dev:ow:10e2073a01080063:\",\"bt\":1769860800,\"bu\":\"Cel\"}},{}]", r.join(","))
}

// ---- the alternative -----------------------------------------------------------------------------------------------

/// As much of a decoder on ciborium-ll as data frames of numbers take.
struct Ll<'a> {
    bytes: &'a [u8],
    decoder: Decoder<&'a [u8]>,
}

impl<'a> Ll<'a> {
    fn text(&mut self) -> Option<&'a str> {
        let Header::Text(Some(len)) = self.decoder.pull().ok()? else { return None };
        let at = self.decoder.offset();
        let text = std::str::from_utf8(self.bytes.get(at..at.checked_add(len)?)?).ok()?;
        // The decoder reads from anything, so it can only be moved on by having it copy what is borrowed here already.
        let mut copy = [0; 64];
        let mut segments = self.decoder.text(Some(len));
        while let Some(mut segment) = segments.pull().ok()? {
            while segment.pull(&mut copy).ok()?.is_some() {}
        }
        Some(text)
    }

    fn reading(&mut self) -> Option<RawReading<'a>> {
        let Header::Array(Some(parts @ 2..=4)) = self.decoder.pull().ok()? else { return None };
        let sensor = Cow::Borrowed(self.text()?);
        let number = match self.decoder.pull().ok()? {
            Header::Positive(number) => number as f64,
            Header::Negative(number) => -1.0 - number as f64,
            Header::Float(number) => number,
            _ => return None,
        };
        let value = Value::number(number).ok()?;
        let offset_ms = match if parts > 2 { self.decoder.pull().ok()? } else { Header::Positive(0) } {
            Header::Positive(number) => i64::try_from(number).ok()?,
            Header::Negative(number) => -1 - i64::try_from(number).ok()?,
            _ => return None,
        };
        let unit = if parts > 3 { Some(Cow::Borrowed(self.text()?)) } else { None };
        Some(RawReading { sensor, value, offset_ms, unit })
    }

    fn frame(bytes: &'a [u8]) -> Option<DeviceFrame<'a>> {
        let mut ll = Self { bytes, decoder: Decoder::from(bytes) };
        let Header::Map(Some(keys)) = ll.decoder.pull().ok()? else { return None };
        let (mut q, mut base_ms, mut readings) = (None, None, None);
        for _ in 0..keys {
            match ll.text()? {
                "t" => (ll.text()? == "data").then_some(())?,
                "q" => match ll.decoder.pull().ok()? {
                    Header::Positive(number) if q.is_none() => q = Some(FrameSeq(number)),
                    _ => return None,
                },
                "bt" => match ll.decoder.pull().ok()? {
                    Header::Positive(number) if base_ms.is_none() => {
                        base_ms = Some(i64::try_from(number).ok()?)
                    }
                    _ => return None,
                },
                "r" => {
                    let Header::Array(Some(count)) = ll.decoder.pull().ok()? else { return None };
                    let mut list = Vec::with_capacity(count.min(24));
                    for _ in 0..count {
                        list.push(Ok(ll.reading()?));
                    }
                    readings = Some(list);
                }
                _ => return None,
            }
        }
        Some(DeviceFrame::Data(DataFrame { q: q?, base_ms, readings: Ok(readings?) }))
    }
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
        let bytes = in_cbor(&numbers(readings));
        assert_eq!(Ll::frame(&bytes), cbor::decode::device_frame(&bytes).ok(), "both read the same");
        group.bench_with_input(BenchmarkId::new("cbor", readings), &bytes, |b, bytes| {
            b.iter(|| cbor::decode::device_frame(black_box(bytes)).is_ok());
        });
        group.bench_with_input(BenchmarkId::new("cbor_on_ciborium_ll", readings), &bytes, |b, bytes| {
            b.iter(|| Ll::frame(black_box(bytes)).is_some());
        });
        let bytes = in_cbor(&with_text(readings));
        group.bench_with_input(BenchmarkId::new("cbor_with_text", readings), &bytes, |b, bytes| {
            b.iter(|| cbor::decode::device_frame(black_box(bytes)).is_ok());
        });
        if readings < 500 {
            let text = pack(readings);
            group.bench_with_input(BenchmarkId::new("senml", readings), &text, |b, text| {
                b.iter(|| senml::pack(Received::Text(black_box(text))).is_ok());
            });
            let bytes = in_cbor(&text);
            group.bench_with_input(BenchmarkId::new("senml_cbor", readings), &bytes, |b, bytes| {
                b.iter(|| senml::pack(Received::Binary(black_box(bytes))).is_ok());
            });
        }
        let text = compat(readings);
        group.bench_with_input(BenchmarkId::new("compat", readings), &text, |b, text| {
            b.iter(|| compat_frame(black_box(text)).is_ok());
        });
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
