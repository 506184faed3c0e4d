//! Entity tags: who saves over a version that somebody else replaced is told so (412), and who has what would be sent is not sent it again
//! (304).
//!
//! A tag is the version and, of a whole entity, a hash of what is sent: an entity is not the same to who reads it whenever it is the same
//! version (a flow is deployed, a project goes). A change looks at the version alone.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::error::Problem;

/// An entity with its tag.
pub fn tagged<T: Serialize>(status: StatusCode, version: u32, entity: &T) -> Response {
    match Sent::of(version, entity) {
        Ok(sent) => sent.with(status),
        Err(problem) => problem.into_response(),
    }
}

/// An entity with its tag, to who does not have it as it is.
pub fn shown<T: Serialize>(asked: &HeaderMap, version: u32, entity: &T) -> Response {
    match Sent::of(version, entity) {
        Ok(sent) if is_known(asked, &sent.tag) => {
            (StatusCode::NOT_MODIFIED, [(header::ETAG, sent.tag)]).into_response()
        }
        Ok(sent) => sent.with(StatusCode::OK),
        Err(problem) => problem.into_response(),
    }
}

/// A version as ETag: that of an entity which is not what is sent.
pub fn tag(version: u32) -> String {
    format!("\"{version}\"")
}

struct Sent {
    tag: HeaderValue,
    body: Vec<u8>,
}

impl Sent {
    fn of<T: Serialize>(version: u32, entity: &T) -> Result<Self, Problem> {
        let body = serde_json::to_vec(entity).map_err(|error| Problem::internal(&error))?;
        let hash: String = Sha256::digest(&body).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let tag = HeaderValue::try_from(format!("\"{version}-{hash}\""));
        Ok(Self { tag: tag.map_err(|error| Problem::internal(&error))?, body })
    }

    fn with(self, status: StatusCode) -> Response {
        let kind = HeaderValue::from_static("application/json");
        (status, [(header::CONTENT_TYPE, kind), (header::ETAG, self.tag)], self.body).into_response()
    }
}

/// Whether `If-None-Match` names what would be sent.
pub fn is_known(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let tags = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = tags.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|known| known == "*" || known.trim_start_matches("W/").as_bytes() == tag.as_bytes())
}

/// `If-None-Match` in the description of an operation that heeds it.
#[derive(Debug)]
pub enum IfNoneMatch {}

impl IntoParams for IfNoneMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let says = "The `ETag`, or several with commas, of what one has: if it is still so, that is all that is answered (304).";
        vec![tag_parameter("If-None-Match", says)]
    }
}

fn tag_parameter(name: &str, says: &str) -> Parameter {
    let tag = ObjectBuilder::new().schema_type(Type::String);
    let header = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header);
    header.schema(Some(tag)).description(Some(says)).build()
}

/// `If-Match` in the description of an operation that heeds it.
#[derive(Debug)]
pub enum IfMatch {}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let says = "The `ETag` that the change is meant for: another version answers 412. Absent or `*`: whatever is there.";
        vec![tag_parameter("If-Match", says)]
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
    let tag = text.strip_prefix("W/").unwrap_or(text).trim_matches('"');
    let version = tag.split_once('-').map_or(tag, |(version, _)| version);
    Ok(Some(version.parse().unwrap_or(0)))
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
        assert_eq!(read("\"7-0123456789abcdef\""), Some(7));
        assert_eq!(read("*"), None);
        assert_eq!(read("\"abc\""), Some(0));
        assert_eq!(if_match(&HeaderMap::new()).unwrap(), None);
    }
}
