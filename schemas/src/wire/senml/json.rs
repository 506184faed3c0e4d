//! SenML in JSON (RFC 8428, section 5): a list of objects, read record by record.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::record::{Label, Record, Scalar};
use super::resolve::Resolver;
use super::{Pack, Refused};

pub(super) fn pack(text: &str) -> Result<Pack<'_>, Refused> {
    if !text.trim_start().starts_with('[') {
        return Err(Refused::malformed("a pack must be a JSON list of records".into()));
    }
    let mut reading = Reading { resolver: Resolver::default(), refused: None };
    let mut json = serde_json::Deserializer::from_str(text);
    let read = (&mut reading).deserialize(&mut json).and_then(|()| json.end());
    match (reading.refused, read) {
        (Some(refused), _) => Err(refused),
        (None, Err(error)) => {
            // Records before it were read, so it is in this one or behind the last.
            Err(Refused::malformed(format!("/{}: not SenML JSON: {error}", reading.resolver.records)))
        }
        (None, Ok(())) => reading.resolver.end(),
    }
}

struct Reading<'a> {
    resolver: Resolver<'a>,
    refused: Option<Refused>,
}

impl<'de> DeserializeSeed<'de> for &mut Reading<'de> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for &mut Reading<'de> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(record) = seq.next_element::<Record<'de>>()? {
            if let Err(refused) = self.resolver.add(record) {
                self.refused = Some(refused);
                // The rest does not matter, but the reader wants to be at the end.
                while seq.next_element::<IgnoredAny>()?.is_some() {}
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Record<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Record<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a record, which is an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut record = Record::default();
                while let Some(key) = map.next_key::<Key>()? {
                    match key {
                        Key::Known(label) => record.put(label, scalar(map.next_value()?)),
                        Key::Unknown(name) => {
                            record.unknown(&name);
                            map.next_value::<IgnoredAny>()?;
                        }
                        Key::Ignored => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(record)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// A label, without keeping those that need not be understood.
enum Key {
    Known(Label),
    Unknown(String),
    Ignored,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Key;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a label")
            }
            fn visit_str<E>(self, name: &str) -> Result<Key, E> {
                Ok(match Label::of_name(name) {
                    Some(label) => Key::Known(label),
                    None if name.ends_with('_') => Key::Unknown(name.to_owned()),
                    None => Key::Ignored,
                })
            }
        }
        deserializer.deserialize_str(Name)
    }
}

fn scalar(json: &RawValue) -> Scalar<'_> {
    let json = json.get();
    match json.as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => json.parse().map_or(Scalar::Other, Scalar::Number),
        Some(b'"') => match serde_json::from_str::<&str>(json) {
            Ok(text) => Scalar::Text(Cow::Borrowed(text)),
            Err(_) => serde_json::from_str(json).map_or(Scalar::Other, |text| Scalar::Text(Cow::Owned(text))),
        },
        Some(b't') => Scalar::Bool(true),
        Some(b'f') => Scalar::Bool(false),
        _ => Scalar::Other,
    }
}
