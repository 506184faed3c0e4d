//! A record as it stands in a pack, in either form: the fields of RFC 8428, each once.

use std::borrow::Cow;

use crate::wire::frame::Rejection;

/// The fields of RFC 8428, tables 1 and 4: name, number in CBOR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
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
    pub const ALL: [(Self, &'static str, i64); 15] = [
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

    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, label, _)| *label == name).map(|(label, ..)| *label)
    }

    pub fn of_number(number: i64) -> Option<Self> {
        Self::ALL.iter().find(|(.., label)| *label == number).map(|(label, ..)| *label)
    }

    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// What a field is, in either form.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar<'a> {
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
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    pub fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A record as it stands in a pack.
#[derive(Debug, Default)]
pub(super) struct Record<'a> {
    pub fields: [Option<Scalar<'a>>; Label::ALL.len()],
    /// Why it refuses the whole pack.
    pub trouble: Option<String>,
}

impl<'a> Record<'a> {
    pub fn put(&mut self, label: Label, scalar: Scalar<'a>) {
        if self.fields[label as usize].replace(scalar).is_some() {
            self.trouble(format!("{} must be there once", label.name()));
        }
    }

    /// A field that is none of RFC 8428.
    pub fn unknown(&mut self, name: &str) {
        if name.ends_with('_') {
            self.trouble(format!("{name} must be understood, and is not"));
        }
    }

    pub fn trouble(&mut self, why: String) {
        self.trouble.get_or_insert(why);
    }

    pub fn take(&mut self, label: Label) -> Option<Scalar<'a>> {
        self.fields[label as usize].take()
    }

    /// A number that must be finite and may be absent.
    pub fn number(&mut self, label: Label, otherwise: Rejection) -> Result<Option<f64>, Rejection> {
        match self.take(label) {
            None => Ok(None),
            Some(Scalar::Number(number)) if number.is_finite() => Ok(Some(number)),
            Some(Scalar::Number(_)) if otherwise == Rejection::WrongType => Err(Rejection::NotFinite),
            Some(_) => Err(otherwise),
        }
    }
}
