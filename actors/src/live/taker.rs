//! Who takes a source's values.

use std::sync::Arc;

use super::aggregate::Aggregate;
use super::subscriber::Slot;

/// Who gets a source's values.
#[derive(Debug, Clone)]
pub(super) enum Taker {
    /// A subscriber.
    Slot(Arc<Slot>),
    /// A source that is made of them.
    Aggregate(Arc<Aggregate>),
}

impl Taker {
    /// Whether it is this one.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Slot(a), Self::Slot(b)) => Arc::ptr_eq(a, b),
            (Self::Aggregate(a), Self::Aggregate(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}
