//! `split`: one record for each element of a list or map.

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::flow::problem::Code;
use crate::limit;

/// Makes a record of each element of a list or map that lies within the value.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// The way to the list or map; empty: the value itself.
    pub path: Vec<Step>,
    /// The way from an element to the new record's value; empty: the element itself.
    pub element: Vec<Step>,
    /// Keys of elements that become fields.
    pub keys: Vec<Box<str>>,
    /// Elements at most; a record with more goes to `error`.
    pub limit: usize,
}

/// A step into JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// To the value of a key.
    Key(Box<str>),
    /// To an element.
    Index(usize),
}

/// Fields that each record gets: its place in the list or map, and its key in a map (null in a list).
pub const FIELDS: [&str; 2] = ["index", "key"];

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "split",
    title: "Split",
    category: Category::Transform,
    input: Input::One,
    ports: &[Port::Out, Port::Error],
    state: State::Stateless,
    side_effect: false,
    fields: &FIELDS,
    docs: "Makes one record of each element of the list or map at path within the value: the element, or what lies at element within it. The \
           fields index and key say where it was; keys are taken from the elements as further fields. An empty list makes none. A value \
           without a list or map there, an element without a value, and more elements than limit send the record to error.",
    schema: r#"{"type":"object","properties":{
        "path":{"type":"string","title":"Path to the list","examples":["readings","data.sensors[0].values"]},
        "element":{"type":"string","title":"Path within an element to the value"},
        "keys":{"type":"array","title":"Keys of elements that become fields","maxItems":50,"items":{"type":"string"}},
        "limit":{"type":"integer","title":"Elements at most","minimum":1,"maximum":1000,"default":100}}}"#,
};

impl Split {
    /// From `path`, `element`, `keys` and `limit` (default 100).
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        let mut path = |field: &str| match fields.text(field).map(parse_path) {
            None => Some(Vec::new()),
            Some(Ok(path)) => Some(path),
            Some(Err(message)) => {
                fields.refuse(field, Code::WrongType, message);
                None
            }
        };
        let (to_list, element) = (path("path"), path("element"));
        let mut keys: Vec<Box<str>> = Vec::new();
        for (at, key) in fields.list("keys").iter().enumerate() {
            let field = format!("keys[{at}]");
            match key.as_str() {
                Some(key) if !super::compute::is_name(key) || FIELDS.contains(&key) => {
                    fields.refuse(
                        &field,
                        Code::OutOfRange,
                        format!("{key:?} cannot be the name of a field here"),
                    );
                }
                Some(key) if keys.iter().any(|other| **other == *key) => {}
                Some(key) => keys.push(key.into()),
                None => fields.refuse(&field, Code::WrongType, "a key is text"),
            }
        }
        if keys.len() > limit::ASSIGNMENTS {
            fields.refuse("keys", Code::OutOfRange, format!("at most {} keys", limit::ASSIGNMENTS));
        }
        let limit = fields.integer("limit", 1..=limit::SPLIT_ELEMENTS).unwrap_or(100) as usize;
        Some(Self { path: to_list?, element: element?, keys, limit })
    }
}

/// A path such as `a.b[0].c`, with or without the `$` of JSONPath (RFC 9535) before it; keys with other characters as `['my key']`.
fn parse_path(text: &str) -> Result<Vec<Step>, String> {
    let mut rest = text.trim();
    let mut path = Vec::new();
    rest = rest.strip_prefix('$').unwrap_or(rest);
    let mut is_first = rest.len() == text.trim().len();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let quote = inner.chars().next().filter(|c| *c == '\'' || *c == '"');
            let (step, after) = match quote {
                Some(quote) => {
                    let (key, after) = inner[1..]
                        .split_once(quote)
                        .ok_or_else(|| format!("a quote is not closed in {text:?}"))?;
                    (Step::Key(key.into()), after)
                }
                None => {
                    let digits = inner.find(|c: char| !c.is_ascii_digit()).unwrap_or(inner.len());
                    let at = inner[..digits]
                        .parse()
                        .map_err(|_| format!("[ needs a number or a quoted key in {text:?}"))?;
                    (Step::Index(at), &inner[digits..])
                }
            };
            path.push(step);
            rest = after.strip_prefix(']').ok_or_else(|| format!("a bracket is not closed in {text:?}"))?;
        } else {
            let key = match rest.strip_prefix('.') {
                Some(key) => key,
                None if is_first => rest,
                None => return Err(format!("a dot is missing in {text:?}")),
            };
            let end = key.find(['.', '[', ']']).unwrap_or(key.len());
            if end == 0 {
                return Err(format!("a key is missing in {text:?}"));
            }
            path.push(Step::Key(key[..end].into()));
            rest = &key[end..];
        }
        is_first = false;
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_in_every_spelling() {
        let key = |text: &str| Step::Key(text.into());
        for (text, path) in [
            ("", vec![]),
            ("$", vec![]),
            ("a", vec![key("a")]),
            ("$.a.b[0].c", vec![key("a"), key("b"), Step::Index(0), key("c")]),
            ("a['my key'][\"x.y\"]", vec![key("a"), key("my key"), key("x.y")]),
            ("[2][3]", vec![Step::Index(2), Step::Index(3)]),
        ] {
            assert_eq!(parse_path(text), Ok(path), "{text}");
        }
        for text in ["a..b", "a.", "$a", "a[", "a[x]", "a[0", "a['b]", "a]b", "a[0]b", "a[-1]", "[*]"] {
            assert!(parse_path(text).is_err(), "{text}");
        }
    }

    #[test]
    fn keys_that_cannot_be_fields_are_refused() {
        let data =
            serde_json::json!({"keys": ["index", "my key", 7, "ok", "ok"], "path": "a..b", "limit": 0});
        let mut problems = Vec::new();
        Split::parse(&mut Fields::new("n", data.as_object().unwrap(), &mut problems));
        let told: Vec<_> = problems.iter().map(|problem| problem.field.as_deref().unwrap()).collect();
        assert_eq!(told, ["path", "keys[0]", "keys[1]", "keys[2]", "limit"]);
    }
}
