//! SenML in CBOR (RFC 8428, section 6): an array of maps whose known keys are integers. The labels of the JSON form are read as well.

use super::record::{Label, Record, Scalar};
use super::resolve::Resolver;
use super::{Pack, Refused};
use crate::wire::cbor::{Head, NotCbor, Reader};

pub(super) fn pack(bytes: &[u8]) -> Result<Pack<'_>, Refused> {
    let mut resolver = Resolver::default();
    match read(bytes, &mut resolver) {
        Ok(()) => resolver.end(),
        Err(Trouble::Refused(refused)) => Err(refused),
        Err(Trouble::NotCbor(error)) => Err(Refused::malformed(format!("/{}: {error}", resolver.records))),
    }
}

enum Trouble {
    Refused(Refused),
    NotCbor(NotCbor),
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<NotCbor> for Trouble {
    fn from(error: NotCbor) -> Self {
        Self::NotCbor(error)
    }
}

fn read<'a>(bytes: &'a [u8], resolver: &mut Resolver<'a>) -> Result<(), Trouble> {
    let no_list = || Refused::malformed("a pack must be a CBOR array of records".into());
    if bytes.first().is_none_or(|first| first >> 5 != 4) {
        return Err(no_list().into());
    }
    let mut reader = Reader::new(bytes);
    let Head::Array(mut left) = reader.head()? else { return Err(no_list().into()) };
    reader.enter()?;
    while reader.more(&mut left)? {
        let record = record(&mut reader)?;
        resolver.add(record)?;
    }
    reader.leave();
    Ok(reader.end()?)
}

fn record<'a>(reader: &mut Reader<'a>) -> Result<Record<'a>, NotCbor> {
    let mut record = Record::default();
    let mut left = match reader.head()? {
        Head::Map(left) => left,
        other => {
            reader.skip(other)?;
            record.trouble("a record must be a map".into());
            return Ok(record);
        }
    };
    reader.enter()?;
    while reader.more(&mut left)? {
        let label = match reader.head()? {
            Head::Unsigned(number) => i64::try_from(number).ok().and_then(Label::of_number),
            Head::Negative(number) => i64::try_from(number).ok().and_then(|n| Label::of_number(-1 - n)),
            Head::Text(len) => {
                let name = reader.text(len)?;
                let label = Label::of_name(&name);
                if label.is_none() {
                    record.unknown(&name);
                }
                label
            }
            other => {
                reader.skip(other)?;
                record.trouble("a key must be an integer or text".into());
                None
            }
        };
        match label {
            Some(label) => {
                let scalar = scalar(reader)?;
                record.put(label, scalar);
            }
            None => reader.skip_item()?,
        }
    }
    reader.leave();
    Ok(record)
}

fn scalar<'a>(reader: &mut Reader<'a>) -> Result<Scalar<'a>, NotCbor> {
    Ok(match reader.head()? {
        Head::Text(len) => Scalar::Text(reader.text(len)?),
        Head::Bytes(len) => Scalar::Bytes(reader.byte_string(len)?),
        Head::Bool(value) => Scalar::Bool(value),
        other => reader.number(other)?.map_or(Scalar::Other, Scalar::Number),
    })
}
