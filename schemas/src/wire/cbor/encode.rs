//! What the server says on the device sockets, in CBOR: the maps of [`crate::wire::encode`] with the same text keys.
//!
//! Integers and lengths are as short as they can be and all lengths definite (the preferred form of RFC 8949, section 4.1).

use crate::id::{DeviceId, FrameSeq};
use crate::limit;
use crate::time::Timestamp;
use crate::wire::encode::Rejected;
use crate::wire::frame::Refusal;

/// Items one after the other. Whoever writes an array or a map writes as many items as it said.
#[derive(Debug, Default)]
pub(in crate::wire) struct Writer(Vec<u8>);

impl Writer {
    pub(in crate::wire) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub(in crate::wire) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn head(&mut self, kind: u8, argument: u64) -> &mut Self {
        let kind = kind << 5;
        let bytes = argument.to_be_bytes();
        match argument {
            0..=23 => self.0.push(kind | argument as u8),
            24..=0xff => self.0.extend_from_slice(&[kind | 24, argument as u8]),
            0x100..=0xffff => {
                self.0.push(kind | 25);
                self.0.extend_from_slice(&bytes[6..]);
            }
            0x1_0000..=0xffff_ffff => {
                self.0.push(kind | 26);
                self.0.extend_from_slice(&bytes[4..]);
            }
            _ => {
                self.0.push(kind | 27);
                self.0.extend_from_slice(&bytes);
            }
        }
        self
    }

    pub(in crate::wire) fn map(&mut self, pairs: usize) -> &mut Self {
        self.head(5, pairs as u64)
    }

    pub(in crate::wire) fn array(&mut self, items: usize) -> &mut Self {
        self.head(4, items as u64)
    }

    pub(in crate::wire) fn text(&mut self, text: &str) -> &mut Self {
        self.head(3, text.len() as u64).0.extend_from_slice(text.as_bytes());
        self
    }

    pub(in crate::wire) fn unsigned(&mut self, number: u64) -> &mut Self {
        self.head(0, number)
    }

    fn signed(&mut self, number: i64) -> &mut Self {
        match u64::try_from(number) {
            Ok(number) => self.head(0, number),
            Err(_) => self.head(1, !number as u64),
        }
    }
}

/// `welcome`; see [`crate::wire::encode::welcome`].
pub fn welcome(device: DeviceId, now: Timestamp, acked: FrameSeq, rate: u32, heartbeat_s: u64) -> Vec<u8> {
    let mut w = Writer::with_capacity(192);
    w.map(7).text("t").text("welcome");
    w.text("device").text(&device.to_string());
    w.text("now").signed(now.as_ms());
    w.text("acked").unsigned(acked.0);
    w.text("credit").unsigned(limit::CREDIT_FRAMES.into());
    w.text("limits").map(4);
    w.text("frame_bytes").unsigned(limit::DEVICE_FRAME_BYTES as u64);
    w.text("readings").unsigned(limit::READINGS_PER_FRAME as u64);
    w.text("rate").unsigned(rate.into());
    w.text("skew_ms").signed(limit::CLOCK_SKEW_MS);
    w.text("heartbeat_s").unsigned(heartbeat_s);
    w.into_bytes()
}

/// `ack`; see [`crate::wire::encode::ack`].
pub fn ack(q: FrameSeq, credit: u32, rejected: &[Rejected]) -> Vec<u8> {
    let mut w = Writer::with_capacity(32 + rejected.len() * 24);
    w.map(if rejected.is_empty() { 3 } else { 4 }).text("t").text("ack");
    w.text("q").unsigned(q.0).text("credit").unsigned(credit.into());
    if !rejected.is_empty() {
        w.text("rej").array(rejected.len());
        for (q, index, code) in rejected {
            w.array(3).unsigned(q.0).unsigned((*index).into()).text(code.code());
        }
    }
    w.into_bytes()
}

/// `nack`; see [`crate::wire::encode::nack`].
pub fn nack(q: FrameSeq, code: Refusal, expected: Option<FrameSeq>, retry_ms: Option<u32>) -> Vec<u8> {
    let mut w = Writer::with_capacity(64);
    w.map(3 + usize::from(expected.is_some()) + usize::from(retry_ms.is_some()));
    w.text("t").text("nack").text("q").unsigned(q.0).text("code").text(code.code());
    if let Some(expected) = expected {
        w.text("expected").unsigned(expected.0);
    }
    if let Some(retry_ms) = retry_ms {
        w.text("retry_ms").unsigned(retry_ms.into());
    }
    w.into_bytes()
}
