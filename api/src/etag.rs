//! Versions as entity tags: who saves over a version that somebody else replaced is told so (412).

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::Problem;

/// An entity with its version as ETag.
pub fn tagged<T: Serialize>(status: StatusCode, version: u32, entity: &T) -> Response {
    (status, [(header::ETAG, format!("\"{version}\""))], Json(entity)).into_response()
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
