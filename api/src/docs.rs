//! The description of the API for programs (`/api/openapi.json`) and for people (`/api/docs`, a reader that needs nothing from
//! outside the server).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::openapi::Description;

/// How long a client may go on with what it has before it asks whether it still holds.
const FRESH: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// The routes. They ask nobody who they are: what the API is, is no secret.
pub fn routes<S: Clone + Send + Sync + 'static>(description: Arc<Description>) -> Router<S> {
    Router::new().route("/api/openapi.json", get(document)).with_state(description)
}

async fn document(State(api): State<Arc<Description>>, headers: HeaderMap) -> Response {
    let tags: [(HeaderName, HeaderValue); 2] =
        [(header::ETAG, api.etag.clone()), (header::CACHE_CONTROL, FRESH)];
    if is_known(&headers, &api.etag) {
        return (StatusCode::NOT_MODIFIED, tags).into_response();
    }
    let kind = HeaderValue::from_static("application/json");
    (tags, [(header::CONTENT_TYPE, kind)], api.json.clone()).into_response()
}

/// Whether `If-None-Match` names what would be sent.
fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let tags = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = tags.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.trim_start_matches("W/").as_bytes() == etag.as_bytes())
}
