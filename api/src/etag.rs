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
        let says = "The `ETag` that the change is meant for, or several with commas: another version answers 412. Absent or `*`: whatever is there.";
        vec![tag_parameter("If-Match", says)]
    }
}

/// The versions that `If-Match` asks for, one of which it must be; none if it is absent or `*`.
///
/// A tag that none of ours can be is version 0, which nothing has.
pub fn if_match(headers: &HeaderMap) -> Option<Vec<u32>> {
    let given = headers.get_all(header::IF_MATCH);
    let given: Vec<_> = given.iter().map(|value| value.to_str().unwrap_or_default().trim()).collect();
    if given.is_empty() || given == ["*"] {
        return None;
    }
    Some(given.iter().flat_map(|text| tags(text)).map(version).collect())
}

/// The version of a tag.
fn version(tag: &str) -> u32 {
    let version = tag.split_once('-').map_or(tag, |(version, _)| version);
    version.parse().unwrap_or(0)
}

/// What the tags of a list have between their quotes (RFC 9110, section 13.1.1). One without quotes is taken as well. Proxies that compress
/// make a tag weak; the version behind it is the same.
fn tags(list: &str) -> Vec<&str> {
    let (mut tags, mut rest) = (Vec::new(), list);
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return tags;
        }
        let tag = rest.strip_prefix("W/").unwrap_or(rest);
        let (tag, after) = match tag.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => tag.split_once(',').unwrap_or((tag, "")),
        };
        tags.push(tag.trim());
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_a_version() {
        let read = |text: &str| {
            let headers = HeaderMap::from_iter([(header::IF_MATCH, text.parse().unwrap())]);
            if_match(&headers)
        };
        for one in ["\"7\"", "W/\"7\"", "\"7-0123456789abcdef\"", "7", " \"7\" ,"] {
            assert_eq!(read(one), Some(vec![7]), "{one}");
        }
        assert_eq!(read("*"), None);
        assert_eq!(read("\"abc\""), Some(vec![0]));
        assert_eq!(read(""), Some(vec![]));
        assert_eq!(read("\"1\", W/\"2-ab\",3"), Some(vec![1, 2, 3]));
        assert_eq!(read("\"x,7\", \"8"), Some(vec![0, 8]), "a comma between quotes parts nothing");
        assert_eq!(if_match(&HeaderMap::new()), None);
        let mut twice = HeaderMap::new();
        twice.append(header::IF_MATCH, "\"1\"".parse().unwrap());
        twice.append(header::IF_MATCH, "\"2\"".parse().unwrap());
        assert_eq!(if_match(&twice), Some(vec![1, 2]));
    }
}
