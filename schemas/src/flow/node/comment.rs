//! `comment`: a note on the canvas.

use super::{Category, Input, Spec, State};

/// A note for people. Nothing runs for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Comment;

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "comment",
    title: "Comment",
    category: Category::Structure,
    input: Input::Nothing,
    ports: &[],
    state: State::Stateless,
    side_effect: false,
    fields: &[],
    docs: "A note on the canvas. Nothing runs for it, and no edge may touch it.",
    schema: r#"{"type":"object","properties":{"text":{"type":"string","title":"Text"}}}"#,
};
