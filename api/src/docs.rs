//! The description of the API for programs (`/api/openapi.json`) and for people (`/api/docs`, a reader that needs nothing from
//! outside the server).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use utoipa_swagger_ui::Config;

use crate::error::Problem;
use crate::etag::is_known;
use crate::openapi::Description;

/// How long a client may go on with what it has before it asks whether it still holds.
const FRESH: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// What the reader may load and ask: this server. It styles itself, and its icons are in its style sheet.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

/// The routes. They ask nobody who they are: what the API is, is no secret.
pub fn routes<S: Clone + Send + Sync + 'static>(description: Arc<Description>) -> Router<S> {
    Router::new()
        .route("/api/openapi.json", get(document))
        .route("/api/docs", get(|| async { Redirect::permanent("/api/docs/") }))
        .route("/api/docs/", get(|| async { reader("index.html") }))
        .route("/api/docs/{file}", get(|Path(file): Path<String>| async move { reader(&file) }))
        .with_state(description)
}

/// A file of the reader. They are in the program.
fn reader(file: &str) -> Result<Response, Problem> {
    // Without a validator, or the reader would ask one in the internet about the document.
    let config = Config::from("/api/openapi.json").validator_url("none").deep_linking(true);
    match utoipa_swagger_ui::serve(file, Arc::new(config)) {
        Ok(Some(file)) => {
            let kind = HeaderValue::try_from(file.content_type);
            let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
            let headers = [
                (header::CONTENT_TYPE, kind),
                (header::CACHE_CONTROL, FRESH),
                (header::CONTENT_SECURITY_POLICY, POLICY),
                (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            ];
            Ok((headers, file.bytes.into_owned()).into_response())
        }
        Ok(None) => Err(Problem::not_found("file of the reader")),
        Err(error) => Err(Problem::internal(&*error)),
    }
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
