//! Holds answers against the description: what the document does not promise, the server must not answer.
//!
//! The part of JSON Schema that the document uses. A keyword that is not known here fails the test, so that none is skipped.

use serde_json::Value;

/// What is wrong with `value` by `schema`: a JSON pointer and why, or nothing.
pub(super) fn violations(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(document, schema, value, "", &mut found);
    found
}

/// The schema that a reference means; any other schema is itself.
pub(super) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let Some(reference) = schema.get("$ref") else { return schema };
    let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
    resolve(document, document.pointer(pointer).unwrap())
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let mut wrong = |why: String| found.push(format!("{at}: {why}"));
    for (keyword, says) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "type" => {
                let mut kinds = says.as_array().map_or(std::slice::from_ref(says), |kinds| kinds).iter();
                if !kinds.any(|kind| is_of(kind.as_str().unwrap(), value)) {
                    wrong(format!("{value} is no {says}"));
                }
            }
            "enum" => {
                if !says.as_array().unwrap().contains(value) {
                    wrong(format!("{value} is none of {says}"));
                }
            }
            "minimum" | "maximum" => {
                let (number, limit) = (value.as_f64(), says.as_f64().unwrap());
                let beyond = |number| if keyword == "minimum" { number < limit } else { number > limit };
                if number.is_some_and(beyond) {
                    wrong(format!("{value} is beyond {keyword} {limit}"));
                }
            }
            "minLength" | "maxLength" => {
                let (chars, limit) =
                    (value.as_str().map(|text| text.chars().count() as u64), says.as_u64().unwrap());
                let beyond = |chars| if keyword == "minLength" { chars < limit } else { chars > limit };
                if chars.is_some_and(beyond) {
                    wrong(format!("text is beyond {keyword} {limit}"));
                }
            }
            "maxItems" => {
                if value.as_array().is_some_and(|items| items.len() as u64 > says.as_u64().unwrap()) {
                    wrong(format!("more than {says} items"));
                }
            }
            "format" => {
                if let Some(why) = value.as_str().and_then(|text| unlike(says.as_str().unwrap(), text)) {
                    wrong(why);
                }
            }
            "required" => {
                let missing = says
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|name| value.get(name.as_str().unwrap()).is_none());
                if value.is_object() {
                    missing.for_each(|name| wrong(format!("{name} is missing")));
                }
            }
            "properties"
            | "propertyNames"
            | "additionalProperties"
            | "items"
            | "$ref"
            | "allOf"
            | "oneOf" => {}
            // prose, patterns (the server's own checks are tested elsewhere), and what holds for bodies as a whole
            "description" | "title" | "pattern" | "default" | "examples" | "unevaluatedProperties" => {}
            unknown => panic!("the check of schemas does not know {unknown}"),
        }
    }
    if schema.get("$ref").is_some() {
        check(document, resolve(document, schema), value, at, found);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        check(document, part, value, at, found);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = choices.iter().filter(|choice| violations(document, choice, value).is_empty()).count();
        if fits != 1 {
            found.push(format!("{at}: {value} fits {fits} of {} choices", choices.len()));
        }
    }
    if let Some(items) = value.as_array().filter(|_| schema["items"].is_object()) {
        for (i, item) in items.iter().enumerate() {
            check(document, &schema["items"], item, &format!("{at}/{i}"), found);
        }
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        if schema["propertyNames"].is_object() {
            check(document, &schema["propertyNames"], &Value::from(name.as_str()), at, found);
        }
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => found.push(format!("{at}: {name} is not described")),
            (Value::Null, Value::Object(_)) => {
                check(document, &schema["additionalProperties"], value, &format!("{at}/{name}"), found);
            }
            (Value::Null, _) => {}
            (property, _) => check(document, property, value, &format!("{at}/{name}"), found),
        }
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        _ => panic!("unknown type {kind}"),
    }
}

fn unlike(format: &str, text: &str) -> Option<String> {
    let fits = match format {
        "uuid" => uuid::Uuid::try_parse(text).is_ok() && text.len() == 36,
        "date-time" => text.ends_with('Z') && text.parse::<edgesync_schemas::time::Timestamp>().is_ok(),
        "email" => text.contains('@'),
        "password" => true,
        _ => panic!("unknown format {format}"),
    };
    (!fits).then(|| format!("{text} is no {format}"))
}
