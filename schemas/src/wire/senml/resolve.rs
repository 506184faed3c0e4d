//! Records -> readings: base values are applied, values and times are looked at.

use std::borrow::Cow;

use super::record::{Label, Record, Scalar};
use super::{At, Name, Pack, Reading, Refused};
use crate::limit;
use crate::time::Timestamp;
use crate::value::Value;
use crate::wire::frame::Rejection;

/// Highest version of SenML that is read; a pack without `bver` has it.
const VERSION_MAX: f64 = 10.0;
/// Times below it are seconds from now (RFC 8428, section 4.5.3).
const RELATIVE_BELOW_S: f64 = 268_435_456.0;

/// Applies the base values of a pack to its records, one after the other.
#[derive(Debug, Default)]
pub(super) struct Resolver<'a> {
    pack: Pack<'a>,
    /// Records so far.
    pub records: usize,
    name: Option<Cow<'a, str>>,
    time: f64,
    unit: Option<Cow<'a, str>>,
    value: Option<f64>,
    sum: Option<f64>,
    version: Option<f64>,
}

impl<'a> Resolver<'a> {
    pub fn add(&mut self, mut record: Record<'a>) -> Result<(), Refused> {
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

    pub fn end(self) -> Result<Pack<'a>, Refused> {
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
pub(super) fn base64url(bytes: &[u8]) -> String {
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

pub(super) fn is_base64url(text: &str) -> bool {
    text.len() % 4 != 1 && text.bytes().all(|byte| BASE64URL.contains(&byte))
}
