//! The web UI, which is in the program (`web/dist` as it was when it was built).
//!
//! Files below `/assets/` carry a hash of what is in them in their names: they are kept for ever. All others are asked for again each time,
//! and are sent if they are not what the browser has. A text file has its compressed form beside it (`x.js.gz`), made when the UI was
//! built; gzip, because browsers take nothing better from an address without TLS. An address that is no file's is a page of
//! the UI if a browser goes there, and nothing otherwise.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::error::Problem;
use crate::etag::is_known;

/// What the pages may load and ask: this server, and nothing that was written into the page but styles.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; base-uri 'self'; \
     form-action 'self'; frame-ancestors 'none'",
);

/// Asked for again each time.
const CHECKED: HeaderValue = HeaderValue::from_static("no-cache");
/// Never asked for again.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The page that all addresses of the UI begin with.
const INDEX: &str = "index.html";

/// Shown where the UI was not built.
const NOT_BUILT: &str = include_str!("assets/not_built.html");

/// Addresses that are the API's, the sockets' and the operator's: there is never a page there.
const NOT_PAGES: [&str; 5] = ["api", "ws", "metrics", "healthz", "readyz"];

#[derive(RustEmbed)]
#[folder = "../web/dist"]
struct Built;

/// The files of the UI.
#[derive(Debug)]
pub struct Files(HashMap<String, File>);

#[derive(Debug)]
struct File {
    plain: Bytes,
    gzip: Option<Bytes>,
    kind: HeaderValue,
    tag: HeaderValue,
}

impl Files {
    /// Those in this program.
    #[must_use]
    pub fn built() -> Self {
        let read = |path: Cow<'static, str>| {
            let bytes = match Built::get(&path)?.data {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => bytes.into(),
            };
            Some((path.into_owned(), bytes))
        };
        Self::of(Built::iter().filter_map(read))
    }

    /// Files by their paths, with their compressed forms beside them.
    pub fn of(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let mut files: HashMap<_, _> = files.into_iter().collect();
        let plain: Vec<_> = files.keys().filter(|path| !path.ends_with(".gz")).cloned().collect();
        let mut known = HashMap::new();
        for path in plain {
            let Some(bytes) = files.remove(&path) else { continue };
            let gzip = files.remove(&format!("{path}.gz"));
            known.insert(path.clone(), File::new(&path, bytes, gzip));
        }
        known
            .entry(INDEX.to_owned())
            .or_insert_with(|| File::new(INDEX, Bytes::from_static(NOT_BUILT.as_bytes()), None));
        Self(known)
    }

    /// What is at an address, for whoever asks like this.
    fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
        if method != Method::GET && method != Method::HEAD {
            return None;
        }
        let path = uri.path().strip_prefix('/')?;
        let first = path.split('/').next().unwrap_or_default();
        if NOT_PAGES.contains(&first) {
            return None;
        }
        if let Some(file) = self.0.get(path) {
            let kept = if first == "assets" { FOREVER } else { CHECKED };
            return Some(file.send(headers, kept));
        }
        let is_page = path.is_empty() || (first != "assets" && accepts(headers, "text/html"));
        is_page.then(|| self.0.get(INDEX).map(|index| index.send(headers, CHECKED)))?
    }
}

impl File {
    fn new(path: &str, plain: Bytes, gzip: Option<Bytes>) -> Self {
        let hash: String = Sha256::digest(&plain).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        let tag = HeaderValue::try_from(format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"\""));
        Self { plain, gzip, kind: HeaderValue::from_static(kind_of(path)), tag }
    }

    fn send(&self, asked: &HeaderMap, kept: HeaderValue) -> Response {
        let mut answer = if is_known(asked, &self.tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let gzip = self.gzip.as_ref().filter(|_| takes_gzip(asked));
            let mut answer = Body::from(gzip.unwrap_or(&self.plain).clone()).into_response();
            answer.headers_mut().insert(header::CONTENT_TYPE, self.kind.clone());
            if gzip.is_some() {
                answer.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            answer
        };
        let headers = answer.headers_mut();
        headers.insert(header::ETAG, self.tag.clone());
        headers.insert(header::CACHE_CONTROL, kept);
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        answer
    }
}

/// The fallback of the server: a file or a page of the UI, or a problem.
pub fn fallback<S: Clone + Send + Sync + 'static>(router: Router<S>, files: Files) -> Router<S> {
    let files = Arc::new(files);
    router.fallback(move |method: Method, uri: Uri, headers: HeaderMap| {
        let files = Arc::clone(&files);
        async move {
            files.answer(&method, &uri, &headers).ok_or_else(|| {
                let nothing = format!("there is nothing at {}", uri.path());
                Problem::new(StatusCode::NOT_FOUND, "not_found", nothing)
            })
        }
    })
}

/// What a browser takes a file for, by its name. The list is that of what a build of the UI makes.
fn kind_of(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// The parts of a header that lists what is taken, without those that it says no to (`;q=0`).
fn listed(headers: &HeaderMap, name: header::HeaderName) -> Vec<String> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    let parts = values.flat_map(|value| value.split(','));
    let taken = parts.filter_map(|part| {
        let mut pieces = part.split(';').map(str::trim);
        let name = pieces.next()?.to_ascii_lowercase();
        let weight = pieces.find_map(|piece| piece.strip_prefix("q="));
        let is_refused = weight.is_some_and(|weight| weight.parse::<f32>() == Ok(0.0));
        (!is_refused).then_some(name)
    });
    taken.collect()
}

/// Whether this kind is taken by its name: `*/*` is what everything says that does not care, and a page is no answer to that.
fn accepts(headers: &HeaderMap, kind: &str) -> bool {
    listed(headers, header::ACCEPT).iter().any(|taken| taken == kind)
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    listed(headers, header::ACCEPT_ENCODING).iter().any(|taken| taken == "gzip" || taken == "*")
}
