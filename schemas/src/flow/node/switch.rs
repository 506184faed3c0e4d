//! `switch`: each record to the out of the case that it fits.

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::flow::problem::Code;
use crate::limit;

/// Sends records to outs that it names itself, by expressions.
#[derive(Debug, Clone, PartialEq)]
pub struct Switch {
    /// In the order in which they are tried; not empty, at most [`limit::SWITCH_CASES`], no name twice.
    pub cases: Vec<Case>,
    /// Which of the cases that hold a record leaves by.
    pub mode: Mode,
}

/// An out and when a record leaves by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its place in the list that was written.
    pub place: usize,
    /// The out's name.
    pub name: Box<str>,
    /// CEL that answers true or false; the engine's compiler checks it.
    pub expression: Box<str>,
}

/// Which of the cases that hold a record leaves by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The first.
    First,
    /// All.
    All,
}

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "switch",
    title: "Switch",
    category: Category::Route,
    input: Input::One,
    ports: &[Port::Case(0), Port::Else, Port::Error],
    state: State::Stateless,
    side_effect: false,
    fields: &[],
    docs: "Has an out for each of its cases. A record leaves by the first case whose expression is true (mode first) or by all of them (mode \
           all), and by default if none is. A record that a case it was tried on could not be computed for leaves by error.",
    schema: r#"{"type":"object","required":["cases"],"properties":{
        "cases":{"type":"array","title":"Cases","minItems":1,"maxItems":64,"items":{"type":"object","required":["name","expression"],
            "properties":{"name":{"type":"string","maxLength":64},"expression":{"type":"string","format":"cel","maxLength":2048}}}},
        "mode":{"type":"string","title":"Leave by","enum":["first","all"],"default":"first"}}}"#,
};

impl Switch {
    /// From `cases` (each `name` and `expression`) and `mode` (default first).
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        let list = fields.list("cases");
        if list.is_empty() {
            fields.refuse("cases", Code::Required, "cases is missing");
        }
        if list.len() > limit::SWITCH_CASES {
            let message = format!("there are {} cases, at most {}", list.len(), limit::SWITCH_CASES);
            fields.refuse("cases", Code::OutOfRange, message);
            return None;
        }
        let mut cases: Vec<Case> = Vec::with_capacity(list.len());
        for (place, value) in list.iter().enumerate() {
            let field = format!("cases[{place}]");
            let text = |key: &str| value[key].as_str().filter(|text| !text.trim().is_empty());
            let (Some(name), Some(expression)) = (text("name"), text("expression")) else {
                fields.refuse(&field, Code::Required, "a case needs a name and an expression");
                continue;
            };
            let is_taken = name == "default" || Port::ALL.iter().any(|port| port.name() == name);
            if is_taken || name.len() > limit::FIELD_NAME_BYTES || name.chars().any(char::is_control) {
                let most = limit::FIELD_NAME_BYTES;
                let message = format!(
                    "{name:?} cannot be a case's name: up to {most} bytes, and none of the names that ports have"
                );
                fields.refuse(&field, Code::OutOfRange, message);
            } else if cases.iter().any(|case| *case.name == *name) {
                fields.refuse(&field, Code::DuplicateId, format!("there are two cases called {name:?}"));
            } else {
                cases.push(Case { place, name: name.into(), expression: expression.into() });
            }
        }
        let mode = match fields.text("mode") {
            None | Some("first") => Mode::First,
            Some("all") => Mode::All,
            Some(other) => {
                fields.refuse("mode", Code::UnknownChoice, format!("{other:?} is none of first, all"));
                Mode::First
            }
        };
        Some(Self { cases, mode })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_cases_are_refused_with_their_place() {
        let data = serde_json::json!({"mode": "some", "cases": [
            {"name": "hot", "expression": "value > 3"}, {"name": "hot", "expression": "true"}, {"name": "else", "expression": "true"},
            {"name": "default", "expression": "true"}, {"name": "x"}, {"expression": "true"}, "value > 3", {"name": " ", "expression": "true"},
        ]});
        let mut problems = Vec::new();
        Switch::parse(&mut Fields::new("n", data.as_object().unwrap(), &mut problems));
        let codes: Vec<_> =
            problems.iter().map(|problem| (problem.field.as_deref().unwrap(), problem.code)).collect();
        assert_eq!(
            codes,
            [
                ("cases[1]", Code::DuplicateId),
                ("cases[2]", Code::OutOfRange),
                ("cases[3]", Code::OutOfRange),
                ("cases[4]", Code::Required),
                ("cases[5]", Code::Required),
                ("cases[6]", Code::Required),
                ("cases[7]", Code::Required),
                ("mode", Code::UnknownChoice),
            ]
        );
    }
}
