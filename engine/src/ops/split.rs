//! `split`: a record for each element of a list or map.

use std::sync::Arc;

use edgesync_schemas::flow::node::Split;
use edgesync_schemas::flow::node::split::{FIELDS, Step};
use serde_json::Value as Json;

use super::{Output, describe, each_row};
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Sel};

#[derive(Debug)]
pub(crate) struct Stage {
    of: Split,
}

/// A value as records hold it.
type Value = (f64, Option<Arc<str>>);

/// A record to be: its value, and its fields: index, key, and the keys of the element.
pub(crate) type Part = (Value, Vec<Value>);

impl Stage {
    pub fn new(of: &Split) -> Self {
        Self { of: of.clone() }
    }

    pub fn run(&mut self, input: &Chunk, sel: &Sel, output: &mut Output) {
        let Output { chunk, errors, detail, made, folded, .. } = output;
        // What each of the new records' fields is: one of the element's, or one that came.
        let of = &self.of;
        let mine = || FIELDS.into_iter().chain(of.keys.iter().map(|key| &**key));
        let sources: Vec<(Option<usize>, Option<usize>)> = chunk
            .names
            .iter()
            .flat_map(|names| names.iter())
            .map(|name| {
                let theirs =
                    input.names.iter().flat_map(|names| names.iter()).position(|other| other == name);
                (mine().position(|other| *other == **name), theirs)
            })
            .collect();
        each_row(input, sel, |row| {
            let raw = input.raw_of(row as u32);
            let parts = match parts(&self.of, raw.map(|raw| &**raw)) {
                Ok(parts) => parts,
                Err(reason) => {
                    errors.push((row as u32, reason));
                    detail.get_or_insert_with(|| match (reason, raw) {
                        (Reason::FanOut, _) => format!("there are more than {} elements", self.of.limit),
                        (_, Some(raw)) => describe_json(raw),
                        (_, None) => "the value is a number, and has no elements".to_owned(),
                    });
                    return;
                }
            };
            // The first part stands for the record that came; without one the record ends here.
            match parts.len() as u64 {
                0 => *folded += 1,
                count => *made += count - 1,
            }
            for ((num, raw), fields) in parts {
                chunk.push_with(input, row, num, raw);
                for (column, source) in chunk.fields.iter_mut().zip(&sources) {
                    let (num, raw) = match source {
                        (Some(at), _) => fields[*at].clone(),
                        (None, Some(at)) => {
                            let theirs = &input.fields[*at];
                            (theirs.num[row], theirs.raw_of(row as u32).cloned())
                        }
                        (None, None) => (0.0, Some("null".into())),
                    };
                    column.push(num, raw);
                }
            }
        });
    }
}

fn describe_json(raw: &str) -> String {
    describe(raw).replace("is no number", "has no such elements")
}

/// The records that a value becomes.
///
/// # Errors
/// [`Reason::WrongType`] if there is no list or map, or an element without a value; [`Reason::FanOut`] if there are too many.
pub(crate) fn parts(of: &Split, raw: Option<&str>) -> Result<Vec<Part>, Reason> {
    let json: Json = raw.and_then(|raw| serde_json::from_str(raw).ok()).ok_or(Reason::WrongType)?;
    let found = at_path(&json, &of.path).ok_or(Reason::WrongType)?;
    let elements: Vec<(Option<&str>, &Json)> = match found {
        Json::Array(list) => list.iter().map(|element| (None, element)).collect(),
        Json::Object(map) => map.iter().map(|(key, element)| (Some(key.as_str()), element)).collect(),
        _ => return Err(Reason::WrongType),
    };
    if elements.len() > of.limit {
        return Err(Reason::FanOut);
    }
    let part = |(at, (key, element)): (usize, (Option<&str>, &Json))| -> Option<Part> {
        let value = value_of(at_path(element, &of.element)?)?;
        let null = || (0.0, Some(Arc::from("null")));
        let key = match key {
            Some(key) => (0.0, Some(Arc::from(Json::from(key).to_string()))),
            None => null(),
        };
        let mut fields = vec![(at as f64, None), key];
        fields.extend(of.keys.iter().map(|key| element.get(&**key).and_then(value_of).unwrap_or_else(null)));
        Some((value, fields))
    };
    elements.into_iter().enumerate().map(part).collect::<Option<Vec<Part>>>().ok_or(Reason::WrongType)
}

fn at_path<'a>(json: &'a Json, path: &[Step]) -> Option<&'a Json> {
    path.iter().try_fold(json, |json, step| match step {
        Step::Key(key) => json.get(&**key),
        Step::Index(at) => json.get(*at),
    })
}

/// JSON as records hold it; `None` for null, which none does.
fn value_of(json: &Json) -> Option<Value> {
    match json {
        Json::Null => None,
        Json::Number(number) => Some((number.as_f64().filter(|number| number.is_finite())?, None)),
        Json::Bool(flag) => Some((f64::from(u8::from(*flag)), Some(json.to_string().into()))),
        json => Some((0.0, Some(json.to_string().into()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(path: &[Step], element: &[Step], keys: &[&str], limit: usize) -> Split {
        Split {
            path: path.to_vec(),
            element: element.to_vec(),
            keys: keys.iter().map(|key| Box::from(*key)).collect(),
            limit,
        }
    }

    fn told(of: &Split, raw: &str) -> Result<Vec<String>, Reason> {
        let shown = |(num, raw): &Value| raw.as_deref().map_or_else(|| num.to_string(), str::to_owned);
        let part = |(value, fields): Part| {
            let fields: Vec<String> = fields.iter().map(shown).collect();
            format!("{} {}", shown(&value), fields.join(" "))
        };
        parts(of, Some(raw)).map(|parts| parts.into_iter().map(part).collect())
    }

    #[test]
    fn elements_of_lists_and_maps_become_records() {
        let key = |key: &str| Step::Key(key.into());
        let whole = split(&[], &[], &[], 10);
        assert_eq!(
            told(&whole, "[1,\"x\",true,{\"a\":[2]}]").unwrap(),
            ["1 0 null", "\"x\" 1 null", "true 2 null", "{\"a\":[2]} 3 null"]
        );
        assert_eq!(told(&whole, "{\"b\":1,\"a\":2}").unwrap(), ["1 0 \"b\"", "2 1 \"a\""]);
        assert_eq!(told(&whole, "[]").unwrap(), Vec::<String>::new());
        let inner = split(&[key("r"), Step::Index(0)], &[key("v")], &["n", "q"], 10);
        assert_eq!(
            told(&inner, r#"{"r":[[{"v":1.5,"n":"p"},{"v":2,"q":null}]]}"#).unwrap(),
            ["1.5 0 null \"p\" null", "2 1 null null null"]
        );
    }

    #[test]
    fn what_has_no_elements_or_too_many_is_an_error() {
        let whole = split(&[], &[], &[], 2);
        assert_eq!(told(&whole, "[1,2,3]"), Err(Reason::FanOut));
        assert_eq!(told(&whole, "[1,null]"), Err(Reason::WrongType));
        assert_eq!(told(&whole, "\"text\""), Err(Reason::WrongType));
        assert_eq!(parts(&whole, None), Err(Reason::WrongType));
        let inner = split(&[Step::Key("r".into())], &[Step::Key("v".into())], &[], 2);
        for raw in ["{}", "{\"r\":1}", "{\"r\":[{\"v\":1},{}]}", "{\"r\":[1]}"] {
            assert_eq!(told(&inner, raw), Err(Reason::WrongType), "{raw}");
        }
    }
}
