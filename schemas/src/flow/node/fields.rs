//! Reading a node's `data` key by key, collecting every problem.
//!
//! Each reader answers with the key's value or its default; what is wrong is noted and the default answered, so that the
//! next key is still looked at. Numbers may be written as text.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::flow::problem::{Code, Problem};
use crate::unit::Unit;

/// A node's `data` while it is read.
pub struct Fields<'a> {
    node: &'a str,
    data: &'a Map<String, Value>,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Fields<'a> {
    /// Of the node with this id; problems are added to `problems`.
    pub fn new(node: &'a str, data: &'a Map<String, Value>, problems: &'a mut Vec<Problem>) -> Self {
        Self { node, data, problems }
    }

    /// Notes that something is wrong with a key.
    pub fn refuse(&mut self, field: &str, code: Code, message: impl Into<String>) {
        self.problems.push(Problem::of_field(self.node, field, code, message));
    }

    /// The raw value of a key; `null` and empty text count as absent.
    pub fn get(&self, field: &str) -> Option<&'a Value> {
        self.data.get(field).filter(|value| !value.is_null() && value.as_str() != Some(""))
    }

    /// A text.
    pub fn text(&mut self, field: &str) -> Option<&'a str> {
        match self.get(field)? {
            Value::String(text) => Some(text),
            _ => {
                self.refuse(field, Code::WrongType, format!("{field} must be text"));
                None
            }
        }
    }

    /// A text that must be there.
    pub fn required_text(&mut self, field: &str) -> Option<&'a str> {
        if self.get(field).is_none() {
            self.refuse(field, Code::Required, format!("{field} is missing"));
        }
        self.text(field)
    }

    /// A unit.
    pub fn unit(&mut self, field: &str) -> Option<Unit> {
        let unit = self.text(field)?.parse();
        if unit.is_err() {
            self.refuse(
                field,
                Code::OutOfRange,
                format!("{field} must be 1 to 16 characters without control characters"),
            );
        }
        unit.ok()
    }

    /// `true` or `false`.
    pub fn flag(&mut self, field: &str, default: bool) -> bool {
        match self.get(field) {
            None => default,
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) if text == "true" => true,
            Some(Value::String(text)) if text == "false" => false,
            Some(_) => {
                self.refuse(field, Code::WrongType, format!("{field} must be true or false"));
                default
            }
        }
    }

    /// A whole number in a range.
    pub fn integer(&mut self, field: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let number = match self.get(field)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        match number {
            Some(number) if number.fract() == 0.0 => {
                let whole = number as u64; // saturates, and then lies outside the range
                if number >= 0.0 && range.contains(&whole) {
                    return Some(whole);
                }
                let message =
                    format!("{field} must be from {} to {}, not {number}", range.start(), range.end());
                self.refuse(field, Code::OutOfRange, message);
            }
            _ => self.refuse(field, Code::WrongType, format!("{field} must be a whole number")),
        }
        None
    }

    /// Any finite number.
    pub fn number(&mut self, field: &str) -> Option<f64> {
        let number = match self.get(field)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        match number {
            Some(number) if number.is_finite() => Some(number),
            _ => {
                self.refuse(field, Code::WrongType, format!("{field} must be a number"));
                None
            }
        }
    }

    /// A length of time in milliseconds: a number of them, or text such as `250ms`, `1s`, `5m`, `2h`, `1d`.
    pub fn duration_ms(&mut self, field: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let ms = match self.get(field)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => parse_duration_ms(text),
            _ => None,
        };
        match ms {
            Some(ms) if ms.is_finite() && ms.fract() == 0.0 => {
                if range.contains(&(ms as i64)) {
                    return Some(ms as i64);
                }
                let message = format!("{field} must be from {} ms to {} ms, not {ms} ms", range.start(), range.end());
                self.refuse(field, Code::OutOfRange, message);
            }
            _ => self.refuse(
                field,
                Code::WrongType,
                format!("{field} must be whole milliseconds, or text such as \"250ms\", \"1s\", \"5m\", \"2h\" or \"1d\""),
            ),
        }
        None
    }

    /// One of some names.
    pub fn choice<T: Copy>(&mut self, field: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(field)?;
        let found = choices.iter().find(|(name, _)| *name == text);
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let message = format!("{text:?} is none of {}", names.join(", "));
            self.refuse(field, Code::UnknownChoice, message);
        }
        found.map(|(_, value)| *value)
    }

    /// A list; a single value that is no list is a list of one.
    pub fn list(&mut self, field: &str) -> &'a [Value] {
        match self.get(field) {
            None => &[],
            Some(Value::Array(list)) => list,
            Some(one) => std::slice::from_ref(one),
        }
    }
}

/// Milliseconds of a text such as `1.5s`.
fn parse_duration_ms(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "" | "ms" => 1.0,
        "s" => 1000.0,
        "m" | "min" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_every_spelling() {
        for (text, ms) in [
            ("250ms", 250.0),
            ("1s", 1000.0),
            ("1.5s", 1500.0),
            ("5m", 300_000.0),
            ("1d", 86_400_000.0),
            ("7", 7.0),
        ] {
            assert_eq!(parse_duration_ms(text), Some(ms), "{text}");
        }
        assert_eq!(parse_duration_ms("soon"), None);
        assert_eq!(parse_duration_ms("1 fortnight"), None);
    }

    #[test]
    fn each_wrong_key_is_reported_once() {
        let data =
            serde_json::json!({"a": "x", "b": 1.5, "c": 99, "d": "soon", "e": 7, "f": "maybe", "g": "12"});
        let mut problems = Vec::new();
        let mut fields = Fields::new("n", data.as_object().unwrap(), &mut problems);
        assert_eq!(fields.integer("a", 0..=9), None);
        assert_eq!(fields.integer("b", 0..=9), None);
        assert_eq!(fields.integer("c", 0..=9), None);
        assert_eq!(fields.duration_ms("d", 0..=9), None);
        assert_eq!(fields.text("e"), None);
        assert!(!fields.flag("f", false));
        assert_eq!(fields.integer("g", 0..=20), Some(12));
        assert_eq!(fields.required_text("absent"), None);
        let codes: Vec<Code> = problems.iter().map(|problem| problem.code).collect();
        use Code::{OutOfRange, Required, WrongType};
        assert_eq!(codes, [WrongType, WrongType, OutOfRange, WrongType, WrongType, WrongType, Required]);
    }
}
