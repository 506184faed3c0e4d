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

use std::borrow::Cow;

pub use encode::{ack, nack};

use super::encoding::Received;
use super::frame::{Refusal, Rejection};
use crate::limit;
use crate::time::Timestamp;
use crate::value::Value;

/// The WebSocket sub-protocol.
pub const SUB_PROTOCOL: &str = "senml.v1";

/// Highest version of SenML that is read; a pack without `bver` has it.
const VERSION_MAX: f64 = 10.0;
/// Times below it are seconds from now (RFC 8428, section 4.5.3).
const RELATIVE_BELOW_S: f64 = 268_435_456.0;
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

/// The fields of RFC 8428, tables 1 and 4: name, number in CBOR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    BaseVersion,
    BaseName,
    BaseTime,
    BaseUnit,
    BaseValue,
    BaseSum,
    Name,
    Unit,
    Value,
    Text,
    Bool,
    Sum,
    Time,
    UpdateTime,
    Data,
}

impl Label {
    const ALL: [(Self, &'static str, i64); 15] = [
        (Self::BaseVersion, "bver", -1),
        (Self::BaseName, "bn", -2),
        (Self::BaseTime, "bt", -3),
        (Self::BaseUnit, "bu", -4),
        (Self::BaseValue, "bv", -5),
        (Self::BaseSum, "bs", -6),
        (Self::Name, "n", 0),
        (Self::Unit, "u", 1),
        (Self::Value, "v", 2),
        (Self::Text, "vs", 3),
        (Self::Bool, "vb", 4),
        (Self::Sum, "s", 5),
        (Self::Time, "t", 6),
        (Self::UpdateTime, "ut", 7),
        (Self::Data, "vd", 8),
    ];

    fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, label, _)| *label == name).map(|(label, ..)| *label)
    }

    fn of_number(number: i64) -> Option<Self> {
        Self::ALL.iter().find(|(.., label)| *label == number).map(|(label, ..)| *label)
    }

    fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// What a field is, in either form.
#[derive(Debug, Clone, PartialEq)]
enum Scalar<'a> {
    /// Need not be finite.
    Number(f64),
    Text(Cow<'a, str>),
    Bool(bool),
    /// A byte string of the CBOR form.
    Bytes(Cow<'a, [u8]>),
    /// What no field is.
    Other,
}

impl<'a> Scalar<'a> {
    fn number(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A record as it stands in a pack.
#[derive(Debug, Default)]
struct Record<'a> {
    fields: [Option<Scalar<'a>>; Label::ALL.len()],
    /// Why it refuses the whole pack.
    trouble: Option<String>,
}

impl<'a> Record<'a> {
    fn put(&mut self, label: Label, scalar: Scalar<'a>) {
        if self.fields[label as usize].replace(scalar).is_some() {
            self.trouble(format!("{} must be there once", label.name()));
        }
    }

    /// A field that is none of RFC 8428.
    fn unknown(&mut self, name: &str) {
        if name.ends_with('_') {
            self.trouble(format!("{name} must be understood, and is not"));
        }
    }

    fn trouble(&mut self, why: String) {
        self.trouble.get_or_insert(why);
    }

    fn take(&mut self, label: Label) -> Option<Scalar<'a>> {
        self.fields[label as usize].take()
    }

    /// A number that must be finite and may be absent.
    fn number(&mut self, label: Label, otherwise: Rejection) -> Result<Option<f64>, Rejection> {
        match self.take(label) {
            None => Ok(None),
            Some(Scalar::Number(number)) if number.is_finite() => Ok(Some(number)),
            Some(Scalar::Number(_)) if otherwise == Rejection::WrongType => Err(Rejection::NotFinite),
            Some(_) => Err(otherwise),
        }
    }
}

/// Applies the base values of a pack to its records, one after the other.
#[derive(Debug, Default)]
struct Resolver<'a> {
    pack: Pack<'a>,
    /// Records so far.
    records: usize,
    name: Option<Cow<'a, str>>,
    time: f64,
    unit: Option<Cow<'a, str>>,
    value: Option<f64>,
    sum: Option<f64>,
    version: Option<f64>,
}

impl<'a> Resolver<'a> {
    fn add(&mut self, mut record: Record<'a>) -> Result<(), Refused> {
        let index = self.records;
        if index == limit::READINGS_PER_FRAME {
            return Err(Refused::too_large());
        }
        self.records += 1;
        if let Some(trouble) = record.trouble.take() {
            return Err(Refused::malformed(format!("/{index}: {trouble}")));
        }
        self.base(&mut record).map_err(|why| Refused::malformed(format!("/{index}/{why}")))?;
        if record.fields.iter().all(Option::is_none) {
            return Ok(());
        }
        let before = self.pack.readings.len();
        if let Err(why) = self.measured(index as u16, record) {
            self.pack.readings.truncate(before);
            self.pack.refused.push((index as u16, why));
        }
        if self.pack.readings.len() > limit::READINGS_PER_FRAME {
            return Err(Refused::too_large());
        }
        Ok(())
    }

    fn end(self) -> Result<Pack<'a>, Refused> {
        match self.records {
            0 => Err(Refused::malformed("a pack must hold at least one record".into())),
            _ => Ok(self.pack),
        }
    }

    /// Takes the base fields of a record: they hold for it and for those behind it.
    fn base(&mut self, record: &mut Record<'a>) -> Result<(), &'static str> {
        let number = |scalar: Scalar<'a>, why| scalar.number().filter(|number| number.is_finite()).ok_or(why);
        if let Some(version) = record.take(Label::BaseVersion) {
            let version = version.number().filter(|version| version.fract() == 0.0 && *version >= 1.0);
            let version = version.ok_or("bver must be a whole number, 1 or more")?;
            if version > VERSION_MAX {
                return Err("bver must be at most 10: a later version is not understood");
            }
            if self.version.unwrap_or(version) != version {
                return Err("bver must be the same in all records");
            }
            self.version = Some(version);
        }
        if let Some(name) = record.take(Label::BaseName) {
            self.name = Some(name.text().ok_or("bn must be text")?);
        }
        if let Some(time) = record.take(Label::BaseTime) {
            self.time = number(time, "bt must be a number of seconds")?;
        }
        if let Some(unit) = record.take(Label::BaseUnit) {
            self.unit = Some(unit.text().ok_or("bu must be text")?);
        }
        if let Some(value) = record.take(Label::BaseValue) {
            self.value = Some(number(value, "bv must be a finite number")?);
        }
        if let Some(sum) = record.take(Label::BaseSum) {
            self.sum = Some(number(sum, "bs must be a finite number")?);
        }
        Ok(())
    }

    fn measured(&mut self, index: u16, mut record: Record<'a>) -> Result<(), Rejection> {
        let name = match record.take(Label::Name) {
            None => Cow::Borrowed(""),
            Some(name) => name.text().ok_or(Rejection::Schema)?,
        };
        let name = match self.name.as_deref().unwrap_or("") {
            "" => name,
            // Refused without being put together, and without 500 copies of a base name of 64 KiB.
            base if base.len() + name.len() > limit::SENML_NAME_BYTES => return Err(Rejection::Schema),
            base => Cow::Owned([base, &name].concat()),
        };
        let unit = self.unit(&mut record)?;
        let at = self.at(record.number(Label::Time, Rejection::Time)?)?;
        record.number(Label::UpdateTime, Rejection::Time)?;
        let sum = record.number(Label::Sum, Rejection::WrongType)?;
        let value = self.value(&mut record, sum.is_some())?;
        let sum = match (sum, self.sum) {
            (None, None) => None,
            (sum, base) => Some(Value::number(sum.unwrap_or(0.0) + base.unwrap_or(0.0))?),
        };
        if value.is_none() && sum.is_none() {
            return Err(Rejection::WrongType);
        }
        let name = Name::new(name);
        let sum = sum.map(|value| Reading { record: index, name: name.sum(), value, at, unit: None });
        let value = value.map(|value| Reading { record: index, name, value, at, unit });
        self.pack.readings.extend(value.into_iter().chain(sum));
        Ok(())
    }

    fn unit(&self, record: &mut Record<'a>) -> Result<Option<Cow<'a, str>>, Rejection> {
        let unit = match (record.take(Label::Unit), &self.unit) {
            (Some(unit), _) => unit.text().ok_or(Rejection::Unit)?,
            // It cannot be one, and is not copied 500 times.
            (None, Some(base)) if base.len() > limit::UNIT_BYTES => return Err(Rejection::Unit),
            (None, Some(base)) => base.clone(),
            (None, None) => return Ok(None),
        };
        Ok(Some(unit).filter(|unit| !unit.is_empty()))
    }

    fn at(&self, time: Option<f64>) -> Result<At, Rejection> {
        let time = self.time + time.unwrap_or(0.0);
        // The cast ends at the ends of the range.
        let us = (time * 1e6).round() as i64;
        if time == 0.0 {
            Ok(At::Arrival)
        } else if time < RELATIVE_BELOW_S {
            Ok(At::FromNow(us))
        } else {
            Timestamp::from_us(us).map(At::Then).ok_or(Rejection::Time)
        }
    }

    fn value(&self, record: &mut Record<'a>, has_sum: bool) -> Result<Option<Value>, Rejection> {
        let kinds = [Label::Value, Label::Text, Label::Bool, Label::Data];
        if kinds.iter().filter(|label| record.fields[**label as usize].is_some()).count() > 1 {
            return Err(Rejection::WrongType);
        }
        let base = self.value.unwrap_or(0.0);
        if let Some(number) = record.number(Label::Value, Rejection::WrongType)? {
            return Ok(Some(Value::number(base + number)?));
        }
        let kept = match (record.take(Label::Text), record.take(Label::Bool), record.take(Label::Data)) {
            (Some(Scalar::Text(text)), ..) => quoted(&text),
            (_, Some(Scalar::Bool(value)), _) => value.to_string(),
            (.., Some(Scalar::Bytes(bytes))) => quoted(&base64url(&bytes)),
            (.., Some(Scalar::Text(text))) if is_base64url(&text) => quoted(&text),
            (None, None, None) if has_sum || self.value.is_none() => return Ok(None),
            (None, None, None) => return Ok(Some(Value::number(base)?)),
            _ => return Err(Rejection::WrongType),
        };
        Ok(Some(Value::from_json(&kept)?))
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// RFC 4648, section 5, without padding.
fn base64url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits =
            three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..=three.len() {
            text.push(char::from(BASE64URL[(bits >> (18 - 6 * place) & 0x3f) as usize]));
        }
    }
    text
}

fn is_base64url(text: &str) -> bool {
    text.len() % 4 != 1 && text.bytes().all(|byte| BASE64URL.contains(&byte))
}

#[cfg(test)]
mod tests;
