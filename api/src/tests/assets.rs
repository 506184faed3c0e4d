//! The web UI as it is served, whether or not it was built into this program.

use bytes::Bytes;

use super::*;
use crate::assets::{Files, fallback};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A server of these files and nothing else.
fn of(files: &[(&str, &str)]) -> Router {
    let owned = files.iter().map(|(path, text)| ((*path).to_owned(), Bytes::from((*text).to_owned())));
    fallback(Router::new(), Files::of(owned))
}

fn ui() -> Router {
    of(&[
        ("index.html", "<p>the UI</p>"),
        ("theme.js", "dark()"),
        ("assets/main-1a2b.js", "run()"),
        ("assets/main-1a2b.js.gz", "squeezed"),
    ])
}

struct Sent {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Sent {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(router: &Router, method: Method, path: &str, headers: &[(header::HeaderName, &str)]) -> Sent {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = answer.into_parts();
    let text = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8_lossy(&text).into_owned();
    Sent { status: parts.status.as_u16(), headers: parts.headers, text }
}

async fn get(router: &Router, path: &str, accept: &str) -> Sent {
    ask(router, Method::GET, path, &[(header::ACCEPT, accept)]).await
}

#[tokio::test]
async fn a_browser_gets_the_page_at_every_address_that_is_no_other_things() {
    let ui = ui();
    for path in ["/", "/devices", "/devices/0190/readings?x=1", "/wsx", "/apiary", "/index.html"] {
        let page = get(&ui, path, BROWSER).await;
        assert_eq!((page.status, page.text.as_str()), (200, "<p>the UI</p>"), "{path}");
        assert_eq!(page.header(header::CONTENT_TYPE), "text/html; charset=utf-8");
        assert_eq!(page.header(header::CACHE_CONTROL), "no-cache");
    }
    for path in [
        "/api",
        "/api/v1/nothing",
        "/ws",
        "/ws/nothing",
        "/metrics/x",
        "/healthz/x",
        "/readyz/x",
        "/assets/gone-9.js",
    ] {
        let none = get(&ui, path, BROWSER).await;
        assert_eq!(
            (none.status, none.header(header::CONTENT_TYPE)),
            (404, "application/problem+json"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn who_does_not_ask_for_a_page_gets_none() {
    let ui = ui();
    for accept in ["*/*", "application/json", "", "text/html;q=0, */*"] {
        assert_eq!(get(&ui, "/devices", accept).await.status, 404, "{accept:?}");
    }
    let posted = ask(&ui, Method::POST, "/devices", &[(header::ACCEPT, BROWSER)]).await;
    assert_eq!(posted.status, 404);
    // whoever asks for the server itself is shown the page
    assert_eq!(get(&ui, "/", "*/*").await.status, 200);
}

#[tokio::test]
async fn files_with_a_hash_are_kept_for_ever_and_the_others_are_checked() {
    let ui = ui();
    let hashed = get(&ui, "/assets/main-1a2b.js", "*/*").await;
    assert_eq!(hashed.header(header::CACHE_CONTROL), "public, max-age=31536000, immutable");
    assert_eq!(hashed.header(header::CONTENT_TYPE), "text/javascript; charset=utf-8");
    let page = get(&ui, "/devices", BROWSER).await;
    let tag = page.header(header::ETAG).to_owned();
    let again = |tag: String| {
        let ui = ui.clone();
        async move {
            let headers = [(header::ACCEPT, BROWSER), (header::IF_NONE_MATCH, tag.as_str())];
            ask(&ui, Method::GET, "/", &headers).await
        }
    };
    let known = again(tag.clone()).await;
    assert_eq!((known.status, known.text.as_str(), known.header(header::ETAG)), (304, "", tag.as_str()));
    assert_eq!(again("\"other\"".to_owned()).await.status, 200);
    let changed = get(&of(&[("index.html", "<p>newer</p>")]), "/", BROWSER).await;
    assert_ne!(changed.header(header::ETAG), tag);
}

#[tokio::test]
async fn who_takes_gzip_is_sent_what_was_compressed_when_it_was_built() {
    let ui = ui();
    let ask = async |path: &str, encoding: &str| {
        ask(&ui, Method::GET, path, &[(header::ACCEPT_ENCODING, encoding)]).await
    };
    let (path, sizes) = ("/assets/main-1a2b.js", ["gzip, deflate, br", "*", "GZIP;q=0.5"]);
    for encoding in sizes {
        let sent = ask(path, encoding).await;
        assert_eq!(
            (sent.text.as_str(), sent.header(header::CONTENT_ENCODING)),
            ("squeezed", "gzip"),
            "{encoding}"
        );
        assert_eq!(sent.header(header::CONTENT_TYPE), "text/javascript; charset=utf-8");
        assert_eq!(sent.header(header::VARY), "accept-encoding");
    }
    for encoding in ["", "br", "gzip;q=0", "identity"] {
        let sent = ask(path, encoding).await;
        assert_eq!((sent.text.as_str(), sent.header(header::CONTENT_ENCODING)), ("run()", ""), "{encoding}");
    }
    assert_eq!(ask("/theme.js", "gzip").await.text, "dark()");
    // the compressed form has no address of its own
    assert_eq!(ask("/assets/main-1a2b.js.gz", "gzip").await.status, 404);
}

#[tokio::test]
async fn pages_load_from_this_server_alone_and_stand_in_no_frame() {
    let server = server().await;
    for path in ["/", "/devices"] {
        let page = get(&server.router, path, BROWSER).await;
        let policy = page.header(header::CONTENT_SECURITY_POLICY);
        for rule in
            ["default-src 'self';", "object-src 'none';", "base-uri 'self';", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe-eval") && !policy.contains("http"), "{policy}");
        assert_eq!(page.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert_eq!(page.header(header::REFERRER_POLICY), "no-referrer");
    }
}

#[tokio::test]
async fn a_program_that_was_built_without_the_ui_says_how_to_build_it() {
    let page = get(&of(&[]), "/devices", BROWSER).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("make web"), "{}", page.text);
    let head = ask(&of(&[]), Method::HEAD, "/", &[]).await;
    assert_eq!((head.status, head.header(header::CONTENT_TYPE)), (200, "text/html; charset=utf-8"));
}
