//! Ports: where edges leave a node and arrive at one.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A port that records leave a node by. In JSON it is its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Port {
    /// The results.
    Out,
    /// What a filter's expression did not hold for, and what no case of a switch did.
    Else,
    /// Records that came after their window was closed.
    Late,
    /// Records that the node could not handle, with the reason. Unwired, they are counted and kept as dead letters.
    Error,
    /// What did not pass a validation.
    Rejected,
    /// Records of a join that found none of the other side.
    Unmatched,
    /// One of the outs that the node's configuration names, by its place there.
    Case(u8),
}

impl Port {
    /// All that kinds may have without naming them, in the order that nodes show them.
    pub const ALL: [Self; 6] =
        [Self::Out, Self::Else, Self::Late, Self::Error, Self::Rejected, Self::Unmatched];

    /// Its name, as handles spell it; of a [`Port::Case`], the node's configuration has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Else => "else",
            Self::Late => "late",
            Self::Error => "error",
            Self::Rejected => "rejected",
            Self::Unmatched => "unmatched",
            Self::Case(_) => "case",
        }
    }

    /// The port that an edge's `sourceHandle` means on a node whose configuration names the outs `cases`. No handle is `out`; editors also
    /// write `output`, `source`, `true`, `false`; `default` is the `else` of a switch.
    pub fn from_handle(handle: Option<&str>, cases: &[Box<str>]) -> Option<Self> {
        if let Some(at) = handle.and_then(|handle| cases.iter().position(|case| **case == *handle)) {
            return u8::try_from(at).ok().map(Self::Case);
        }
        match handle {
            None | Some("" | "output" | "source" | "true") => Some(Self::Out),
            Some("false" | "default") => Some(Self::Else),
            Some(name) => Self::ALL.into_iter().find(|port| port.name() == name),
        }
    }

    /// Its name on a node whose configuration names the outs `cases`.
    pub fn name_in(self, cases: &[Box<str>]) -> Cow<'static, str> {
        match self {
            Self::Case(at) => match cases.get(usize::from(at)) {
                Some(case) => Cow::Owned(case.to_string()),
                None => Cow::Borrowed("case"),
            },
            _ => Cow::Borrowed(self.name()),
        }
    }
}

/// The place of the input that an edge's `targetHandle` means, on a node with these inputs; a node with one input calls it anything that
/// editors do.
pub fn input_of(handle: Option<&str>, inputs: &[Box<str>]) -> Option<u8> {
    if inputs.is_empty() {
        return matches!(handle, None | Some("" | "in" | "input" | "target")).then_some(0);
    }
    let at = inputs.iter().position(|input| handle == Some(input))?;
    u8::try_from(at).ok()
}

impl Serialize for Port {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl PartialSchema for Port {
    fn schema() -> RefOr<Schema> {
        let names = Self::ALL.into_iter().map(Self::name).chain(["case"]);
        let object = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
        RefOr::T(Schema::Object(object.description(Some("A port of a node.")).build()))
    }
}

impl ToSchema for Port {}

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
        for port in Port::ALL {
            assert_eq!(Port::from_handle(Some(port.name()), &[]), Some(port));
        }
        assert_eq!(Port::from_handle(None, &[]), Some(Port::Out));
        assert_eq!(Port::from_handle(Some("default"), &[]), Some(Port::Else));
        assert_eq!(Port::from_handle(Some("sideways"), &[]), None);
        let cases: [Box<str>; 2] = ["hot".into(), "true".into()];
        assert_eq!(Port::from_handle(Some("true"), &cases), Some(Port::Case(1)));
        assert_eq!(
            (Port::Case(0).name_in(&cases), Port::Late.name_in(&cases)),
            ("hot".into(), "late".into())
        );
    }

    #[test]
    fn inputs_are_found_by_their_names() {
        assert_eq!((input_of(None, &[]), input_of(Some("left"), &[])), (Some(0), None));
        let inputs: [Box<str>; 2] = ["left".into(), "right".into()];
        assert_eq!((input_of(Some("right"), &inputs), input_of(None, &inputs)), (Some(1), None));
    }
}
