//! What an expression may use, and what it must answer.

use std::sync::Arc;

/// The type of a part of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Known only record by record.
    Any,
    /// True or false.
    Bool,
    /// A whole number, such as `ts`.
    Int,
    /// A decimal number, as readings are.
    Number,
    /// Text.
    Text,
    /// A list or map.
    Container,
    /// Null: what no record holds.
    Null,
}

impl Type {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Container => "a list or map",
            Self::Null => "null",
        }
    }

    pub(crate) const fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Number | Self::Any)
    }
}

/// What is known of the records that an expression is computed for.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The type of `value`: number, bool, text or any.
    pub value: Type,
    /// The names of `fields`, in the order of their columns, and what each holds (number or any); `None` if they are not known:
    /// then every name passes, and the expression must not be run.
    pub fields: Option<&'a [(Arc<str>, Type)]>,
    /// Whether `prev` may be used.
    pub prev: bool,
    /// Further variables, each of any type, in the order of their columns; none of [`RESERVED`].
    pub inputs: &'a [Arc<str>],
}

/// Names that further variables cannot have.
pub const RESERVED: [&str; 13] = [
    "value", "unit", "ts", "device", "sensor", "fields", "prev", "math", "true", "false", "null", "in", "has",
];

impl Scope<'_> {
    /// Of records of which nothing is known but that they have no fields.
    pub const PLAIN: Self = Self { value: Type::Any, fields: Some(&[]), prev: false, inputs: &[] };
    /// Of records of which nothing is known: to check an expression only.
    pub const UNKNOWN: Self = Self { value: Type::Any, fields: None, prev: true, inputs: &[] };
}

/// What an expression must answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// True or false.
    Bool,
    /// A number.
    Number,
    /// Text.
    Text,
    /// Anything that a record may hold.
    Any,
}

impl Expected {
    pub(crate) const fn takes(self, of: Type) -> bool {
        match self {
            Self::Bool => matches!(of, Type::Bool | Type::Any),
            Self::Number => of.is_number(),
            Self::Text => matches!(of, Type::Text | Type::Any),
            Self::Any => !matches!(of, Type::Null),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Any => "a value",
        }
    }
}

/// A variable that a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// `value`.
    Value,
    /// The field at this place in [`Scope::fields`].
    Field(usize),
    /// The input at this place in [`Scope::inputs`].
    Input(usize),
    /// `prev.value`.
    Prev,
}
