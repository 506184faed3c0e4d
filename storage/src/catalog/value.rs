//! What goes into a statement and what comes out of it, for any database.
//!
//! Both are a closed set of kinds, so that one statement and one function that reads its rows serve every database.

use edgesync_schemas::entity;
use edgesync_schemas::id::Id;
use edgesync_schemas::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::error::Error;

/// A parameter, or a field of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Nothing.
    Null,
    /// A whole number, a time in microseconds, or a boolean as 0 and 1.
    Int(i64),
    /// A number that need not be whole: finite, and no negative zero, which not every database keeps.
    Real(f64),
    /// Text, a name of an enum, or JSON.
    Text(String),
    /// A UUID or a hash.
    Bytes(Vec<u8>),
}

impl Value {
    /// JSON, as text.
    pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Self {
        // Maps with text keys, lists and plain values: there is nothing in them that JSON cannot say.
        Self::Text(serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()))
    }

    /// The name of an enum's value.
    pub(crate) fn name<T: Serialize>(value: &T) -> Self {
        Self::Text(entity::name_of(value))
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}
impl From<f64> for Value {
    fn from(value: f64) -> Self {
        debug_assert!(value.is_finite());
        Self::Real(value + 0.0)
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<&[u8; 32]> for Value {
    fn from(value: &[u8; 32]) -> Self {
        Self::Bytes(value.to_vec())
    }
}
impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Bytes(value.as_bytes().to_vec())
    }
}
impl<K> From<Id<K>> for Value {
    fn from(value: Id<K>) -> Self {
        value.uuid().into()
    }
}
impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.as_us())
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row: its fields are taken once each, in the order of the statement's columns.
#[derive(Debug)]
pub(crate) struct Row {
    fields: std::vec::IntoIter<Value>,
}

impl Row {
    pub(crate) fn new(fields: Vec<Value>) -> Self {
        Self { fields: fields.into_iter() }
    }

    /// All fields.
    pub(crate) fn into_fields(self) -> Vec<Value> {
        self.fields.collect()
    }

    /// The next field.
    pub(crate) fn take<T: Field>(&mut self) -> Result<T, Error> {
        let value = self.fields.next().ok_or(Error::Corrupt { what: "row" })?;
        T::read(value)
    }

    /// The next field, which is JSON.
    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
        serde_json::from_str(&self.take::<String>()?).map_err(|_| Error::Corrupt { what: "JSON text" })
    }

    /// The next field, which is JSON or nothing.
    pub(crate) fn json_opt<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Error> {
        let Some(text) = self.take::<Option<String>>()? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|_| Error::Corrupt { what: "JSON text" })
    }

    /// The next field, which is the name of an enum's value.
    pub(crate) fn name<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
        entity::from_name(&self.take::<String>()?).map_err(|_| Error::Corrupt { what: "name of a kind" })
    }
}

/// What a field can be read as.
pub(crate) trait Field: Sized {
    /// Reads it.
    fn read(value: Value) -> Result<Self, Error>;
}

impl Field for i64 {
    fn read(value: Value) -> Result<Self, Error> {
        if let Value::Int(number) = value { Ok(number) } else { Err(Error::Corrupt { what: "number" }) }
    }
}
impl Field for u64 {
    fn read(value: Value) -> Result<Self, Error> {
        u64::try_from(i64::read(value)?).map_err(|_| Error::Corrupt { what: "number" })
    }
}
impl Field for f64 {
    fn read(value: Value) -> Result<Self, Error> {
        if let Value::Real(number) = value { Ok(number) } else { Err(Error::Corrupt { what: "number" }) }
    }
}
impl Field for u32 {
    fn read(value: Value) -> Result<Self, Error> {
        u32::try_from(i64::read(value)?).map_err(|_| Error::Corrupt { what: "number" })
    }
}
impl Field for bool {
    fn read(value: Value) -> Result<Self, Error> {
        Ok(i64::read(value)? != 0)
    }
}
impl Field for String {
    fn read(value: Value) -> Result<Self, Error> {
        if let Value::Text(text) = value { Ok(text) } else { Err(Error::Corrupt { what: "text" }) }
    }
}
impl<K> Field for Id<K> {
    fn read(value: Value) -> Result<Self, Error> {
        let Value::Bytes(bytes) = value else { return Err(Error::Corrupt { what: "id" }) };
        Uuid::from_slice(&bytes).map(Id::from_uuid).map_err(|_| Error::Corrupt { what: "id" })
    }
}
impl Field for [u8; 32] {
    fn read(value: Value) -> Result<Self, Error> {
        let Value::Bytes(bytes) = value else { return Err(Error::Corrupt { what: "hash" }) };
        bytes.try_into().map_err(|_| Error::Corrupt { what: "hash" })
    }
}
impl Field for Timestamp {
    fn read(value: Value) -> Result<Self, Error> {
        Timestamp::from_us(i64::read(value)?).ok_or(Error::Corrupt { what: "time" })
    }
}
impl<T: Field> Field for Option<T> {
    fn read(value: Value) -> Result<Self, Error> {
        if value == Value::Null { Ok(None) } else { T::read(value).map(Some) }
    }
}
