//! `compute`: new values by expressions.

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::flow::problem::{Code, Position};
use crate::limit;
use crate::unit::Unit;

/// Evaluates expressions one after the other; each sees those before it as fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Compute {
    /// In the order in which they are evaluated; not empty, at most [`limit::ASSIGNMENTS`].
    pub assignments: Vec<Assignment>,
    /// The unit of the new value; `None`: that of the record.
    pub unit: Option<Unit>,
}

/// A name and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Its place in the list that was written.
    pub place: usize,
    /// The field's name, or `output` for the value.
    pub name: Box<str>,
    /// CEL; the engine's compiler checks it.
    pub expression: Box<str>,
    /// Where the expression begins in the text that was written.
    pub begins: Position,
}

/// The name that means the value.
pub const OUTPUT: &str = "output";

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "compute",
    title: "Compute",
    category: Category::Transform,
    input: Input::One,
    ports: &[Port::Out, Port::Error],
    state: State::Stateless,
    side_effect: false,
    fields: &[],
    docs: "Evaluates expressions such as 'fahrenheit = value * 1.8 + 32' in their order; later ones see earlier ones as fields.fahrenheit. \
           'output = ...' replaces the value. Division by zero, results that are no finite numbers, and types that do not fit send the \
           record to error. With prev.value and prev.ts it remembers the previous record of each device and sensor.",
    schema: r#"{"type":"object","required":["assignments"],"properties":{
        "assignments":{"type":"array","title":"Assignments","minItems":1,"maxItems":50,"items":{"oneOf":[
            {"type":"string","format":"cel-assignment","examples":["output = value * 1.8 + 32"]},
            {"type":"object","required":["name","expression"],"properties":{"name":{"type":"string"},"expression":{"type":"string","format":"cel"}}}]}},
        "unit":{"type":"string","title":"Unit of the output"}}}"#,
};

impl Compute {
    /// From `assignments` (each `name = expression`, or an object of both) and `unit`.
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        let list = fields.list("assignments");
        if list.is_empty() {
            fields.refuse("assignments", Code::Required, "assignments is missing");
        }
        if list.len() > limit::ASSIGNMENTS {
            let message = format!("there are {} assignments, at most {}", list.len(), limit::ASSIGNMENTS);
            fields.refuse("assignments", Code::OutOfRange, message);
            return None;
        }
        let mut assignments = Vec::with_capacity(list.len());
        for (place, value) in list.iter().enumerate() {
            let field = format!("assignments[{place}]");
            match read(value) {
                Err(message) => fields.refuse(&field, Code::WrongType, message),
                Ok((name, _)) if !is_name(name) => {
                    let message = format!(
                        "{name:?} cannot be a name: up to {} letters, digits and _, not beginning with a digit, and no word of the language",
                        limit::FIELD_NAME_BYTES
                    );
                    fields.refuse(&field, Code::OutOfRange, message);
                }
                Ok((name, expression)) => {
                    let begins = match value.as_str() {
                        Some(text) => Position::of(text, text.trim_end().len() - expression.len()),
                        None => Position { line: 1, column: 1 },
                    };
                    let (name, expression) = (name.into(), expression.into());
                    assignments.push(Assignment { place, name, expression, begins });
                }
            }
        }
        let unit = fields.unit("unit");
        (!assignments.is_empty()).then_some(Self { assignments, unit })
    }
}

/// The name and the expression of an assignment.
fn read(value: &serde_json::Value) -> Result<(&str, &str), &'static str> {
    let parts = match value {
        // The first = is not one of ==, <=, >= or != : a name comes before it.
        serde_json::Value::String(text) => text.split_once('='),
        value => value["name"].as_str().zip(value["expression"].as_str()),
    };
    match parts.map(|(name, expression)| (name.trim(), expression.trim())) {
        Some((_, "")) => Err("the expression is missing"),
        Some((_, expression)) if expression.starts_with('=') => Err("must be \"name = expression\""),
        Some(parts) => Ok(parts),
        None => Err("must be \"name = expression\""),
    }
}

/// Whether an expression can say `fields.name`.
pub fn is_name(name: &str) -> bool {
    // The reserved words of CEL.
    const RESERVED: [&str; 21] = [
        "false",
        "in",
        "null",
        "true",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ];
    let is_letter = |c: u8| c.is_ascii_alphabetic() || c == b'_';
    let bytes = name.as_bytes();
    bytes.first().is_some_and(|c| is_letter(*c))
        && bytes.len() <= limit::FIELD_NAME_BYTES
        && bytes.iter().all(|c| is_letter(*c) || c.is_ascii_digit())
        && !RESERVED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::problem::Problem;

    fn parse(data: serde_json::Value) -> Result<Compute, Vec<Problem>> {
        let mut problems = Vec::new();
        let parsed = Compute::parse(&mut Fields::new("n", data.as_object().unwrap(), &mut problems));
        parsed.filter(|_| problems.is_empty()).ok_or(problems)
    }

    #[test]
    fn both_spellings_are_read() {
        let parsed = parse(serde_json::json!({
            "assignments": ["a = value == 3 ", {"name": "output", "expression": " fields.a "}], "unit": "K",
        }))
        .unwrap();
        let all: Vec<_> =
            parsed.assignments.iter().map(|of| (&*of.name, &*of.expression, of.begins.column)).collect();
        assert_eq!(all, [("a", "value == 3", 5), ("output", "fields.a", 1)]);
        assert_eq!(parsed.unit.unwrap().as_str(), "K");
    }

    #[test]
    fn what_is_no_assignment_is_refused_with_its_place() {
        let problems = parse(serde_json::json!({
            "assignments": ["value > 3", "value == 3", "9a = 1", "in = 1", "a =", 7, {"name": "a"}, "ok = 1"],
            "unit": "much too long a unit",
        }))
        .unwrap_err();
        let fields: Vec<_> = problems.iter().map(|problem| problem.field.as_deref().unwrap()).collect();
        let places: Vec<String> = (0..7).map(|at| format!("assignments[{at}]")).collect();
        let mut expected: Vec<&str> = places.iter().map(String::as_str).collect();
        expected.push("unit");
        assert_eq!(fields, expected);
        assert_eq!(parse(serde_json::json!({})).unwrap_err()[0].code, Code::Required);
        let many = vec!["a = 1"; limit::ASSIGNMENTS + 1];
        assert_eq!(parse(serde_json::json!({ "assignments": many })).unwrap_err()[0].code, Code::OutOfRange);
    }
}
