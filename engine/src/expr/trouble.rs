//! Why an expression could not be computed for a record.

use std::sync::Arc;

use edgesync_schemas::limit;

use crate::cell::emit::Reason;

/// Why an expression could not be computed for a record, for people. Made often and shown seldom, so it is no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// A value of another type was needed.
    #[error("{needed} is needed, not {got}")]
    Type {
        /// What was needed.
        needed: &'static str,
        /// What was there.
        got: &'static str,
    },
    /// An operator that these types do not have.
    #[error("{0} and {1} cannot be computed with")]
    Operands(&'static str, &'static str),
    /// An order that these values do not have.
    #[error("{0} cannot be compared with {1}")]
    NotComparable(&'static str, &'static str),
    /// Division by zero, of whole numbers or others.
    #[error("division by zero")]
    DivisionByZero,
    /// A whole number beyond 64 bits.
    #[error("a whole number is too large")]
    Overflow,
    /// A map without a key.
    #[error("there is no {0:?}")]
    NoKey(Arc<str>),
    /// A list without an element, or a map without a key that was computed.
    #[error("there is no such entry")]
    NoEntry,
    /// A field that the record does not have.
    #[error("the record has no value there")]
    NoValue,
    /// The first record of its key.
    #[error("there is no previous record")]
    NoPrevious,
    /// Text that is no number, or no truth value.
    #[error("the text is not {0}")]
    Unreadable(&'static str),
    /// NaN or an infinity as a result.
    #[error("the result is no finite number")]
    NotFinite,
    /// A whole number as a result that no decimal one equals.
    #[error("the result is a whole number beyond 2^53")]
    NotExact,
    /// A text or a list as a result that is longer than a value may be.
    #[error("the result has more than {} bytes of JSON", limit::RAW_VALUE_BYTES)]
    TooLong,
    /// Too much to compute.
    #[error("the expression takes more than {} steps for this record", limit::EXPRESSION_STEPS)]
    TooManySteps,
}

impl Trouble {
    /// How the record's error is counted.
    pub fn reason(&self) -> Reason {
        match self {
            Self::NotFinite => Reason::NotFinite,
            _ => Reason::Expression,
        }
    }
}
