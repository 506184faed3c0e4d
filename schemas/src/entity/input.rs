//! Reading a JSON object field by field, so that every problem is found at once and an unknown field is one of them.
//!
//! [`read`] hands out [`Fields`]; each call takes a field, checks it and, if it is wrong, notes why and returns a stand-in;
//! the value built from them leaves [`read`] only if nothing was noted.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::id::Id;
use crate::limit;

/// One thing wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FieldProblem)]
pub struct Problem {
    /// Where: a JSON pointer (RFC 6901); empty for the whole body.
    pub pointer: String,
    /// What, as an end of "this field ...".
    pub message: String,
}

impl Problem {
    /// A problem at `pointer`.
    pub fn at(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

/// What a check makes of a value: the checked value, or problems with pointers relative to it.
pub type Checked<T> = Result<T, Vec<Problem>>;

/// The one problem of a value.
///
/// # Errors
/// Always: that is what it is for.
pub fn wrong<T>(message: impl Into<String>) -> Checked<T> {
    Err(vec![Problem::at("", message)])
}

/// Reads an object with `build`.
///
/// # Errors
/// All problems: those that `build` met, and every field that it did not take.
pub fn read<T>(body: Value, build: impl FnOnce(&mut Fields) -> T) -> Checked<T> {
    let Value::Object(map) = body else { return wrong("must be an object") };
    let mut fields = Fields { map, problems: Vec::new() };
    let built = build(&mut fields);
    for name in fields.map.keys() {
        fields.problems.push(Problem::at(pointer(name), "is not a known field"));
    }
    if fields.problems.is_empty() { Ok(built) } else { Err(fields.problems) }
}

/// The fields of an object that were not taken yet, and the problems so far.
#[derive(Debug)]
pub struct Fields {
    map: Map<String, Value>,
    problems: Vec<Problem>,
}

impl Fields {
    /// A field that must be there.
    pub fn required<T: Default>(&mut self, name: &str, check: impl FnOnce(Value) -> Checked<T>) -> T {
        match self.map.shift_remove(name) {
            Some(value) => self.note(name, check(value)).unwrap_or_default(),
            None => {
                self.problems.push(Problem::at(pointer(name), "is required"));
                T::default()
            }
        }
    }

    /// An id that must be there.
    pub fn required_id<K>(&mut self, name: &str) -> Id<K> {
        // An id has no default on purpose: this one never leaves `read`.
        self.required(name, |value| id(value).map(Some)).unwrap_or(Id::from_uuid(uuid::Uuid::nil()))
    }

    /// A field that may be absent, but not null.
    pub fn optional<T>(&mut self, name: &str, check: impl FnOnce(Value) -> Checked<T>) -> Option<T> {
        let value = self.map.shift_remove(name)?;
        let checked = check(value);
        self.note(name, checked)
    }

    /// A field that may be absent (`None`) or null (`Some(None)`).
    pub fn nullable<T>(&mut self, name: &str, check: impl FnOnce(Value) -> Checked<T>) -> Option<Option<T>> {
        match self.map.shift_remove(name)? {
            Value::Null => Some(None),
            value => {
                let checked = check(value);
                self.note(name, checked).map(Some)
            }
        }
    }

    /// Notes a problem that concerns several fields, or one as a whole.
    pub fn refuse(&mut self, name: &str, message: impl Into<String>) {
        self.problems.push(Problem::at(pointer(name), message));
    }

    fn note<T>(&mut self, name: &str, checked: Checked<T>) -> Option<T> {
        match checked {
            Ok(value) => Some(value),
            Err(problems) => {
                let at = pointer(name);
                self.problems
                    .extend(problems.into_iter().map(|p| Problem::at(at.clone() + &p.pointer, p.message)));
                None
            }
        }
    }
}

/// The JSON pointer of a member.
pub fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Text of `min` to `max` characters once blanks around it are cut off, without control characters: a name.
pub fn line(min: usize, max: usize) -> impl Fn(Value) -> Checked<String> {
    move |value| match value {
        Value::String(text) => {
            let text = text.trim();
            if text.chars().any(char::is_control) {
                return wrong("must not contain control characters");
            }
            if !(min..=max).contains(&text.chars().count()) {
                return wrong(format!("must have {min} to {max} characters"));
            }
            Ok(text.to_owned())
        }
        _ => wrong("must be text"),
    }
}

/// A name: 1 to [`limit::NAME_CHARS`] characters.
///
/// # Errors
/// Its one problem.
pub fn name(value: Value) -> Checked<String> {
    line(1, limit::NAME_CHARS)(value)
}

/// Longer text, with line breaks: at most [`limit::DESCRIPTION_CHARS`] characters.
///
/// # Errors
/// Its one problem.
pub fn description(value: Value) -> Checked<String> {
    match value {
        Value::String(text) if text.contains('\0') => wrong("must not contain the NUL character"),
        Value::String(text) if text.chars().count() > limit::DESCRIPTION_CHARS => {
            wrong(format!("must have at most {} characters", limit::DESCRIPTION_CHARS))
        }
        Value::String(text) => Ok(text),
        _ => wrong("must be text"),
    }
}

/// The id of an entity.
///
/// # Errors
/// Its one problem.
pub fn id<K>(value: Value) -> Checked<Id<K>> {
    match value.as_str().and_then(|text| text.parse().ok()) {
        Some(id) => Ok(id),
        None => wrong("must be a UUID"),
    }
}

/// `true` or `false`.
///
/// # Errors
/// Its one problem.
pub fn boolean(value: Value) -> Checked<bool> {
    value.as_bool().map_or_else(|| wrong("must be true or false"), Ok)
}

/// A whole number of `min` to `max`.
pub fn integer(min: i64, max: i64) -> impl Fn(Value) -> Checked<i64> {
    move |value| match value.as_i64() {
        Some(number) if (min..=max).contains(&number) => Ok(number),
        _ => wrong(format!("must be a whole number from {min} to {max}")),
    }
}

/// One of the names of an enum.
///
/// # Errors
/// Its one problem, which lists the names.
pub fn one_of<T: DeserializeOwned>(value: Value) -> Checked<T> {
    match value {
        Value::String(name) => super::from_name(&name).or_else(wrong),
        _ => wrong("must be text"),
    }
}

/// A free-form object.
///
/// # Errors
/// Its one problem.
pub fn object(value: Value) -> Checked<Map<String, Value>> {
    match value {
        Value::Object(map) => Ok(map),
        _ => wrong("must be an object"),
    }
}

/// A free-form value of at most [`limit::FREE_FORM_BYTES`] of JSON, for entities whose lists show it.
///
/// # Errors
/// Its one problem.
pub fn small(value: Value) -> Checked<Value> {
    if value.to_string().len() > limit::FREE_FORM_BYTES {
        return wrong(format!("must have at most {} bytes of JSON", limit::FREE_FORM_BYTES));
    }
    Ok(value)
}

/// A free-form object as [`small`].
///
/// # Errors
/// Its one problem.
pub fn small_object(value: Value) -> Checked<Map<String, Value>> {
    object(small(value)?)
}

/// A list of at most `max` free-form objects.
pub fn objects(max: usize) -> impl Fn(Value) -> Checked<Vec<Value>> {
    move |value| {
        list(value, max, |item| match item {
            Value::Object(_) => Ok(item),
            _ => wrong("must be an object"),
        })
    }
}

/// Tags: at most [`limit::TAGS`], each of 1 to [`limit::TAG_CHARS`] characters.
///
/// # Errors
/// A problem per tag.
pub fn tags(value: Value) -> Checked<Vec<String>> {
    list(value, limit::TAGS, line(1, limit::TAG_CHARS))
}

/// A list of at most `max` items.
///
/// # Errors
/// The problems of all items, with their index.
pub fn list<T>(value: Value, max: usize, check: impl Fn(Value) -> Checked<T>) -> Checked<Vec<T>> {
    let Value::Array(items) = value else { return wrong("must be a list") };
    if items.len() > max {
        return wrong(format!("must have at most {max} items"));
    }
    let mut kept = Vec::with_capacity(items.len());
    let mut problems = Vec::new();
    for (at, item) in items.into_iter().enumerate() {
        match check(item) {
            Ok(item) => kept.push(item),
            Err(found) => {
                problems
                    .extend(found.into_iter().map(|p| Problem::at(format!("/{at}{}", p.pointer), p.message)));
            }
        }
    }
    if problems.is_empty() { Ok(kept) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_problems_are_reported_with_their_pointers() {
        let body = json!({"name": " ", "tags": ["ok", 7, ""], "a/b~": 1, "size": null});
        let problems = read(body, |f| {
            (
                f.required("name", name),
                f.optional("tags", tags),
                f.optional("size", integer(1, 9)),
                f.required_id::<()>("id"),
            )
        })
        .unwrap_err();
        let pointers: Vec<_> = problems.iter().map(|p| p.pointer.as_str()).collect();
        assert_eq!(pointers, ["/name", "/tags/1", "/tags/2", "/size", "/id", "/a~1b~0"]);
    }

    #[test]
    fn absent_and_null_are_told_apart_where_null_is_allowed() {
        let read = |body| read(body, |f| f.nullable("project_id", id::<()>)).unwrap();
        assert_eq!(read(json!({})), None);
        assert_eq!(read(json!({"project_id": null})), Some(None));
    }

    #[test]
    fn what_is_no_object_is_refused_as_a_whole() {
        assert_eq!(read(json!([1]), |_| ()).unwrap_err(), [Problem::at("", "must be an object")]);
    }
}
