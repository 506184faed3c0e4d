//! Versions as entity tags: who saves over a version that somebody else replaced is told so (412).

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::error::Problem;

/// An entity with its version as ETag.
pub fn tagged<T: Serialize>(status: StatusCode, version: u32, entity: &T) -> Response {
    (status, [(header::ETAG, tag(version))], Json(entity)).into_response()
}

/// A version as ETag.
pub fn tag(version: u32) -> String {
    format!("\"{version}\"")
}

/// `If-Match` in the description of an operation that heeds it.
#[derive(Debug)]
pub enum IfMatch {}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let tag = ObjectBuilder::new().schema_type(Type::String);
        let says = "The `ETag` that the change is meant for: another version answers 412. Absent or `*`: whatever is there.";
        let header = ParameterBuilder::new().name("If-Match").parameter_in(ParameterIn::Header);
        vec![header.schema(Some(tag)).description(Some(says)).build()]
    }
}

/// The version that `If-Match` asks for; none if it is absent or `*`.
///
/// A tag that none of ours can be is version 0, which nothing has.
///
/// # Errors
/// 400 if it has more than one tag.
pub fn if_match(headers: &HeaderMap) -> Result<Option<u32>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    if text.contains(',') {
        return Err(Problem::bad_request("invalid_header", "If-Match must have one entity tag"));
    }
    // Proxies that compress make a tag weak; the version behind it is the same.
    let tag = text.strip_prefix("W/").unwrap_or(text);
    Ok(Some(tag.trim_matches('"').parse().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_a_version() {
        let read = |text: &str| {
            let headers = HeaderMap::from_iter([(header::IF_MATCH, text.parse().unwrap())]);
            if_match(&headers).unwrap()
        };
        assert_eq!(read("\"7\""), Some(7));
        assert_eq!(read("W/\"7\""), Some(7));
        assert_eq!(read("*"), None);
        assert_eq!(read("\"abc\""), Some(0));
        assert_eq!(if_match(&HeaderMap::new()).unwrap(), None);
    }
}
