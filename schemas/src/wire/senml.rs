//! SenML (RFC 8428) as a form of the device socket: a pack in JSON or CBOR -> readings, with its base values applied.
//!
//! What the RFC says of a pack holds for all of it: an unknown field whose label ends in `_`, a version above 10, a base field of a wrong type
//! or something that is no pack refuse the whole pack and name the record. What is wrong with one record costs that record. Fields that are unknown
//! are passed over; `ut` is checked to be a number and not kept.
//!
//! A record's value becomes a reading: `v` (plus the base value) a number, `vb` true or false, `vs` text, `vd` the text of its base64url. A
//! sum (`s` plus the base sum) becomes a reading of its own, of the sensor `<name>/sum`, without a unit: its unit is the record's times seconds.
//!
//! Left to others: which sensors a device may have, which times are taken, and which device a name may speak for.

mod cbor;
mod encode;
mod json;
mod record;
mod resolve;

use std::borrow::Cow;

pub use encode::{ack, nack};

use super::encoding::Received;
use super::frame::{Refusal, Rejection};
use crate::limit;
use crate::time::Timestamp;
use crate::value::Value;

/// The WebSocket sub-protocol.
pub const SUB_PROTOCOL: &str = "senml.v1";

/// What a sum's sensor has behind its record's name.
const SUM: &str = "/sum";

/// What a pack says.
#[derive(Debug, Default, PartialEq)]
pub struct Pack<'a> {
    /// In the order of their records; at most [`limit::READINGS_PER_FRAME`].
    pub readings: Vec<Reading<'a>>,
    /// Records that are refused, by their place in the pack from 0, in order.
    pub refused: Vec<(u16, Rejection)>,
}

/// A reading of a pack.
#[derive(Debug, PartialEq)]
pub struct Reading<'a> {
    /// The place of its record in the pack, from 0.
    pub record: u16,
    /// What was measured.
    pub name: Name<'a>,
    /// Its value.
    pub value: Value,
    /// When it was measured.
    pub at: At,
    /// Its unit, not checked.
    pub unit: Option<Cow<'a, str>>,
}

/// The resolved name of a record.
#[derive(Debug, PartialEq)]
pub struct Name<'a> {
    text: Cow<'a, str>,
    /// Bytes of `text` that are a device's URN.
    urn: usize,
    /// Where the sensor's name begins.
    sensor: usize,
}

impl<'a> Name<'a> {
    /// Finds a leading URN of a device (RFC 9039: `urn:dev:`, a kind, `:`, an identifier), and the sensor's name behind it and a separator.
    fn new(text: Cow<'a, str>) -> Self {
        const SCHEME: usize = "urn:dev:".len();
        let is_urn = text.get(..SCHEME).is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn:dev:"));
        let rest = text.get(SCHEME..).filter(|_| is_urn);
        let (urn, sensor) = match rest.and_then(|rest| rest.split_once(':')) {
            Some((kind, id)) if !kind.is_empty() => {
                let id_bytes = id.find([':', '/', '_']).unwrap_or(id.len());
                let urn = SCHEME + kind.len() + 1 + id_bytes;
                match (id_bytes, urn + 1 < text.len()) {
                    (0, _) => (0, 0),
                    (_, true) => (urn, urn + 1),
                    (_, false) => (urn, 0),
                }
            }
            _ => (0, 0),
        };
        Self { text, urn, sensor }
    }

    /// The name of this one's sum.
    fn sum(&self) -> Self {
        Self { text: Cow::Owned([&*self.text, SUM].concat()), urn: self.urn, sensor: self.sensor }
    }

    /// Name of the sensor, not checked: without the URN, where something is left then; a name that is nothing but a URN is the sensor's whole.
    pub fn sensor(&self) -> &str {
        &self.text[self.sensor..]
    }

    /// The URN of a device that the name begins with, if it does.
    pub fn device(&self) -> Option<&str> {
        Some(&self.text[..self.urn]).filter(|urn| !urn.is_empty())
    }
}

/// When a reading was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Roughly now: the device has no clock.
    Arrival,
    /// This many microseconds after now; negative before.
    FromNow(i64),
    /// Then.
    Then(Timestamp),
}

/// A pack is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// [`Refusal::Malformed`] or [`Refusal::TooLarge`].
    pub code: Refusal,
    /// Why, naming the record and the field by a JSON pointer.
    pub message: String,
}

impl Refused {
    fn malformed(mut message: String) -> Self {
        // It may quote the pack.
        if message.len() > limit::SENML_MESSAGE_BYTES {
            let end = (0..=limit::SENML_MESSAGE_BYTES).rev().find(|at| message.is_char_boundary(*at));
            message.truncate(end.unwrap_or(0));
        }
        Self { code: Refusal::Malformed, message }
    }

    fn too_large() -> Self {
        let message = format!("a pack must have at most {} records and readings", limit::READINGS_PER_FRAME);
        Self { code: Refusal::TooLarge, message }
    }
}

/// Reads a pack: JSON in a text message, CBOR in a binary one.
///
/// # Errors
/// [`Refused`], if it is as a whole.
pub fn pack(received: Received<'_>) -> Result<Pack<'_>, Refused> {
    match received {
        Received::Text(text) => json::pack(text),
        Received::Binary(bytes) => cbor::pack(bytes),
    }
}

#[cfg(test)]
mod tests;
