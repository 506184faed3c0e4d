//! The addresses of the server, and what holds for all of them.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;

use crate::auth::narrow;
use crate::error::Problem;
use crate::idempotency::once;
use crate::openapi::{self, Description};
use crate::page::refuse_ignored;
use crate::state::AppState;
use crate::{assets, docs, health, rest, ws};

/// All routes.
pub fn router(state: AppState) -> Router {
    let (api, description) =
        OpenApiRouter::with_openapi(openapi::head()).nest("/api/v1", rest::routes()).split_for_parts();
    let (machines, asked) = health::routes().split_for_parts();
    let description = Arc::new(Description::of(description.merge_from(asked)));
    let all = api
        .route_layer(middleware::from_fn_with_state(state.clone(), once))
        .route_layer(middleware::from_fn_with_state(state.clone(), narrow))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&description), refuse_ignored))
        .merge(machines)
        .merge(docs::routes(description))
        .merge(ws::device::routes())
        .merge(ws::compat::routes())
        .merge(ws::live::routes())
        .merge(ws::widget::routes())
        .merge(ws::output::routes());
    assets::fallback(all, assets::Files::built())
        .method_not_allowed_fallback(not_allowed)
        .layer(middleware::from_fn(guard))
        .with_state(state)
}

/// Answers are for the one who asked, and are what they say they are.
async fn guard(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if is_api {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

async fn not_allowed(method: Method, uri: Uri) -> Problem {
    let detail = format!("{} does not take {method}; the Allow header says what it takes", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}
