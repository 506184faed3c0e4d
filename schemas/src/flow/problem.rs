//! What is wrong with a diagram, said so that the editor can point at it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing wrong with a diagram.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowProblem)]
pub struct Problem {
    /// The node it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The edge it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edge: Option<String>,
    /// Which key of the node's `data` or of the edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Which kind of trouble.
    pub code: Code,
    /// A sentence for the user.
    pub message: String,
    /// Where in the field's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TextPosition)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Position {
    /// The place of a byte of a text, which begins a character.
    pub fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self { line: before.matches('\n').count() as u32 + 1, column: line.chars().count() as u32 + 1 }
    }

    /// This place of a text that itself begins at `begins` of another, as a place there.
    #[must_use]
    pub fn within(self, begins: Self) -> Self {
        match self.line {
            1 => Self { line: begins.line, column: begins.column + self.column - 1 },
            line => Self { line: begins.line + line - 1, ..self },
        }
    }
}

/// Kinds of [`Problem`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowProblemCode)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The JSON is not a diagram.
    Malformed,
    /// A limit on nodes, edges or bytes.
    TooLarge,
    /// No node that does anything.
    Empty,
    /// A node without an id.
    MissingId,
    /// Two nodes or two edges with one id, or two store nodes with one series.
    DuplicateId,
    /// A kind of node that the catalogue does not have.
    UnknownType,
    /// An edge without a source or target, or with one that no node has.
    MissingEnd,
    /// An edge from or to a port that the node's kind does not have.
    UnknownPort,
    /// Nodes that feed each other in a circle.
    Cycle,
    /// A node with an input that nothing is connected to.
    Unconnected,
    /// A required configuration key is missing or empty.
    Required,
    /// A configuration value of the wrong type.
    WrongType,
    /// A configuration value out of its range.
    OutOfRange,
    /// A configuration value that is none of the choices.
    UnknownChoice,
    /// Text that is no UUID.
    NotAnId,
    /// What is named does not exist, or the flow may not read it.
    NotFound,
    /// Text that cannot name a sensor.
    NotASensor,
    /// A configuration that a later version may allow.
    Unsupported,
    /// What comes in is never of the type that the node needs.
    TypeMismatch,
    /// What comes in has another unit than the node needs.
    UnitMismatch,
    /// An expression that cannot be parsed.
    ExpressionSyntax,
    /// An expression with an unknown name, or whose types do not fit.
    ExpressionType,
    /// An expression that is too long, too deep or too costly.
    ExpressionTooLarge,
    /// More problems were found than are reported.
    More,
}

impl Problem {
    /// About the diagram as a whole.
    pub fn of_diagram(code: Code, message: impl Into<String>) -> Self {
        Self { node: None, edge: None, field: None, code, message: message.into(), position: None }
    }

    /// About a node.
    pub fn of_node(node: &str, code: Code, message: impl Into<String>) -> Self {
        Self { node: Some(node.to_owned()), ..Self::of_diagram(code, message) }
    }

    /// About a key of a node's configuration.
    pub fn of_field(node: &str, field: &str, code: Code, message: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::of_node(node, code, message) }
    }

    /// About an edge; `field` is `source`, `target`, `sourceHandle` or `targetHandle`.
    pub fn of_edge(edge: &str, field: &str, code: Code, message: impl Into<String>) -> Self {
        Self { edge: Some(edge.to_owned()), field: Some(field.to_owned()), ..Self::of_diagram(code, message) }
    }

    /// With the place in the field's text.
    #[must_use]
    pub fn at(mut self, position: Option<Position>) -> Self {
        self.position = position;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_within_a_text_are_places_of_the_whole() {
        let whole = "y =\n  ä + 'a' *\n2";
        let begins = Position::of(whole, 6);
        assert_eq!(begins, Position { line: 2, column: 3 });
        assert_eq!(Position { line: 1, column: 5 }.within(begins), Position { line: 2, column: 7 });
        assert_eq!(Position { line: 2, column: 1 }.within(begins), Position { line: 3, column: 1 });
    }
}
