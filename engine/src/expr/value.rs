//! Values while an expression is computed for one record: borrowed from the record's JSON as far as possible.

use std::cmp::Ordering;
use std::rc::Rc;

use serde_json::{Map, Value as Json};

use super::trouble::Trouble;

/// A value.
#[derive(Debug, Clone)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Text<'a>),
    List(Rc<Vec<Value<'a>>>),
    /// Keys without repeats.
    Map(Rc<Vec<(Text<'a>, Value<'a>)>>),
    JsonList(&'a [Json]),
    JsonMap(&'a Map<String, Json>),
}

/// A text that costs nothing to copy.
#[derive(Debug, Clone)]
pub(crate) enum Text<'a> {
    Borrowed(&'a str),
    Owned(Rc<str>),
}

impl Text<'_> {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Owned(text) => text,
        }
    }
}

impl<'a> Value<'a> {
    /// A text that was made.
    pub fn text(text: &str) -> Self {
        Self::Text(Text::Owned(text.into()))
    }

    /// JSON as expressions see it: all its numbers are decimal, as readings are.
    pub fn of_json(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Bool(*flag),
            Json::Number(number) => Self::Double(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => Self::Text(Text::Borrowed(text)),
            Json::Array(list) => Self::JsonList(list),
            Json::Object(map) => Self::JsonMap(map),
        }
    }

    /// What it is, for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Int(_) => "a whole number",
            Self::Double(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) | Self::JsonList(_) => "a list",
            Self::Map(_) | Self::JsonMap(_) => "a map",
        }
    }

    /// Entries of a list or map, or bytes of a text.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.as_str().len(),
            Self::List(list) => list.len(),
            Self::Map(map) => map.len(),
            Self::JsonList(list) => list.len(),
            Self::JsonMap(map) => map.len(),
            _ => 0,
        }
    }

    /// An element of a list.
    pub fn element(&self, at: usize) -> Option<Value<'a>> {
        match self {
            Self::List(list) => list.get(at).cloned(),
            Self::JsonList(list) => list.get(at).map(Self::of_json),
            _ => None,
        }
    }

    /// The value of a key of a map, or that it has none; `None` if it is no map.
    pub fn field(&self, key: &str) -> Option<Option<Value<'a>>> {
        match self {
            Self::Map(map) => {
                Some(map.iter().find(|(name, _)| name.as_str() == key).map(|(_, value)| value.clone()))
            }
            Self::JsonMap(map) => Some(map.get(key).map(Self::of_json)),
            _ => None,
        }
    }

    /// The keys of a map, in the order in which they are written; `None` if it is no map.
    pub fn keys(&self) -> Option<Vec<Value<'a>>> {
        match self {
            Self::Map(map) => Some(map.iter().map(|(key, _)| Self::Text(key.clone())).collect()),
            Self::JsonMap(map) => Some(map.keys().map(|key| Self::Text(Text::Borrowed(key))).collect()),
            _ => None,
        }
    }

    /// Order of numbers, texts, and of false before true.
    pub fn compare(&self, other: &Self) -> Result<Ordering, Trouble> {
        let order = match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) => Some(a.as_str().cmp(b.as_str())),
            (a, b) => match (a.number(), b.number()) {
                (Some(a), Some(b)) => a.partial_cmp(&b),
                _ => None,
            },
        };
        order.ok_or_else(|| Trouble::NotComparable(self.kind(), other.kind()))
    }

    /// As a floating point number, if it is one; whole ones are rounded.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Int(whole) => Some(*whole as f64),
            Self::Double(number) => Some(*number),
            _ => None,
        }
    }

    /// Writes it as JSON of at most `most` bytes.
    pub fn write_json(&self, most: usize) -> Result<String, Trouble> {
        let mut to = String::new();
        self.write(&mut to, most)?;
        Ok(to)
    }

    fn write(&self, to: &mut String, most: usize) -> Result<(), Trouble> {
        let quote = |text: &str| Json::from(text).to_string();
        match self {
            Self::Null => to.push_str("null"),
            Self::Bool(flag) => to.push_str(if *flag { "true" } else { "false" }),
            Self::Int(whole) => to.push_str(&whole.to_string()),
            Self::Double(number) => match serde_json::Number::from_f64(*number) {
                Some(number) => to.push_str(&number.to_string()),
                None => return Err(Trouble::NotFinite),
            },
            Self::Text(text) => to.push_str(&quote(text.as_str())),
            Self::List(list) => {
                to.push('[');
                for (at, element) in list.iter().enumerate() {
                    if at > 0 {
                        to.push(',');
                    }
                    element.write(to, most)?;
                }
                to.push(']');
            }
            Self::Map(map) => {
                to.push('{');
                for (at, (key, value)) in map.iter().enumerate() {
                    if at > 0 {
                        to.push(',');
                    }
                    to.push_str(&quote(key.as_str()));
                    to.push(':');
                    value.write(to, most)?;
                }
                to.push('}');
            }
            Self::JsonList(list) => to.push_str(&serde_json::to_string(list).unwrap_or_default()),
            Self::JsonMap(map) => to.push_str(&serde_json::to_string(map).unwrap_or_default()),
        }
        if to.len() > most { Err(Trouble::TooLong) } else { Ok(()) }
    }
}
