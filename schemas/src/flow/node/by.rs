//! What belongs together at a node with several inputs.

use super::fields::Fields;

/// Whose records meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Those of one device.
    Device,
    /// All of them.
    All,
}

impl By {
    /// From `by` (default device).
    pub(super) fn parse(fields: &mut Fields<'_>) -> Self {
        fields.choice("by", &[("device", Self::Device), ("all", Self::All)]).unwrap_or(Self::Device)
    }
}
