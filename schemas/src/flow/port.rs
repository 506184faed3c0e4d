//! Ports: where edges leave a node and arrive at one.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A port that records leave a node by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Port {
    /// The results.
    Out,
    /// What a filter's expression did not hold for.
    Else,
    /// Records that came after their window was closed.
    Late,
    /// Records that the node could not handle, with the reason. Unwired, they are counted.
    Error,
}

impl Port {
    /// All of them, in the order that nodes show them.
    pub const ALL: [Self; 4] = [Self::Out, Self::Else, Self::Late, Self::Error];

    /// Its name, as handles spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Else => "else",
            Self::Late => "late",
            Self::Error => "error",
        }
    }

    /// Its place in [`Port::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::Out => 0,
            Self::Else => 1,
            Self::Late => 2,
            Self::Error => 3,
        }
    }

    /// The port that an edge's `sourceHandle` means. No handle is `out`; editors also write `output`, `source`, `true`, `false`.
    pub fn from_handle(handle: Option<&str>) -> Option<Self> {
        match handle {
            None | Some("" | "out" | "output" | "source" | "true") => Some(Self::Out),
            Some("else" | "false") => Some(Self::Else),
            Some("late") => Some(Self::Late),
            Some("error") => Some(Self::Error),
            Some(_) => None,
        }
    }
}

/// Whether an edge's `targetHandle` means the only input that nodes of today have. No handle does.
pub fn is_input_handle(handle: Option<&str>) -> bool {
    matches!(handle, None | Some("" | "in" | "input" | "target"))
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_port_is_found_by_its_own_name() {
        for (at, port) in Port::ALL.into_iter().enumerate() {
            assert_eq!((Port::from_handle(Some(port.name())), port.index()), (Some(port), at));
        }
        assert_eq!(Port::from_handle(None), Some(Port::Out));
        assert_eq!(Port::from_handle(Some("sideways")), None);
        assert!(is_input_handle(None) && !is_input_handle(Some("left")));
    }
}
