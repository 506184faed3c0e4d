//! The description of the API: that it is what is committed, that it follows the rules of OpenAPI 3.1, and that it is served.

use std::collections::HashSet;

use super::matrix::world::{Who, World};
use super::*;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");

/// The document that the server of this program serves.
async fn document() -> Value {
    server().await.call(Method::GET, "/api/openapi.json", None, None).await.is(200)
}

/// Each operation: method, path, what the document says of it.
pub(super) fn operations(document: &Value) -> impl Iterator<Item = (Method, &str, &Value)> {
    document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.filter_map(|(method, operation)| Some((method_of(method)?, path.as_str(), operation)))
    })
}

fn method_of(name: &str) -> Option<Method> {
    let known = ["get", "put", "post", "delete", "patch"].contains(&name);
    known.then(|| name.to_uppercase().parse().unwrap())
}

/// Calls `see` with each value in the document and its JSON pointer.
fn walk<'a>(value: &'a Value, at: &str, see: &mut impl FnMut(&str, &'a Value)) {
    see(at, value);
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| walk(value, &format!("{at}/{name}"), see)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, value)| walk(value, &format!("{at}/{i}"), see));
        }
        _ => {}
    }
}

#[tokio::test]
async fn the_committed_document_is_what_the_server_serves() {
    let served =
        server().await.router.oneshot(Request::get("/api/openapi.json").body(Body::empty()).unwrap());
    let served = axum::body::to_bytes(served.await.unwrap().into_body(), usize::MAX).await.unwrap();
    let served = std::str::from_utf8(&served).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(COMMITTED, served).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    let lines = committed.lines().zip(served.lines()).enumerate();
    let different = lines.into_iter().find(|(_, (committed, served))| committed != served);
    assert_eq!(different, None, "docs/openapi.json is out of date: run the tests with UPDATE=1");
    assert_eq!(committed.lines().count(), served.lines().count(), "docs/openapi.json is out of date");
}

#[tokio::test]
async fn the_document_is_sent_again_only_to_those_who_do_not_have_it() {
    let server = server().await;
    let first = server.call(Method::GET, "/api/openapi.json", None, None).await;
    assert_eq!(first.headers[header::CACHE_CONTROL], "public, max-age=60");
    assert_eq!(first.headers[header::CONTENT_TYPE], "application/json");
    let tag = first.headers[header::ETAG].clone();
    let ask = async |known: &str| {
        let request = Request::get("/api/openapi.json").header(header::IF_NONE_MATCH, known);
        server.send(request.body(Body::empty()).unwrap()).await
    };
    for known in [tag.to_str().unwrap(), &format!("\"x\", W/{}", tag.to_str().unwrap()), "*"] {
        let again = ask(known).await;
        assert_eq!((&again.headers[header::ETAG], again.body.clone()), (&tag, json!("")));
        again.is(304);
    }
    ask("\"x\"").await.is(200);
}

#[tokio::test]
async fn the_reader_comes_from_this_server_alone() {
    let server = server().await;
    let get = async |path: &str| server.call(Method::GET, path, None, None).await;
    assert_eq!(get("/api/docs").await.headers[header::LOCATION], "/api/docs/");
    let page = get("/api/docs/").await;
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'self';") && !policy.contains("http"), "{policy}");
    assert_eq!(page.headers[header::CONTENT_TYPE], "text/html");
    let page = text(&page.body);
    let links = page.split(['"', '\'']).filter(|part| part.ends_with(".js") || part.ends_with(".css"));
    let links: Vec<_> = links.collect();
    assert!(links.len() > 3, "{page}");
    for link in links {
        assert!(!link.contains("//"), "{link} is elsewhere");
        let file = get(&format!("/api/docs/{}", link.trim_start_matches("./"))).await;
        assert_eq!(file.status, StatusCode::OK, "{link}");
        if link.ends_with("swagger-initializer.js") {
            let asks = text(&file.body);
            assert!(
                asks.contains("\"/api/openapi.json\"") && asks.contains("\"validatorUrl\": \"none\""),
                "{asks}"
            );
        }
    }
    get("/api/docs/nothing.js").await.refused(404, "not_found", &[]);
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let document = document().await;
    let mut found = 0;
    walk(&document, "", &mut |at, value| {
        if let Some(reference) = value.get("$ref") {
            let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{at}: nothing at {pointer}");
            found += 1;
        }
    });
    assert!(found > 100);
}

#[tokio::test]
async fn every_schema_and_problem_is_referred_to() {
    let document = document().await;
    let mut referred = HashSet::new();
    walk(&document, "", &mut |_, value| {
        referred.extend(value.get("$ref").and_then(Value::as_str));
    });
    for kind in ["schemas", "responses"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            // ids that no operation names yet are there for those who come
            assert!(referred.contains(reference.as_str()) || name.ends_with("Id"), "{name} is in no use");
        }
    }
}

#[tokio::test]
async fn every_operation_says_what_it_must() {
    let document = document().await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = HashSet::new();
    let tags: HashSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| text(&tag["name"])).collect();
    for (method, path, operation) in operations(&document) {
        let id = text(&operation["operationId"]);
        assert!(ids.insert(id.clone()), "{id} is there twice");
        assert!(operation["summary"].as_str().is_some_and(|text| text.ends_with('.')), "{id} has no summary");
        assert!(tags.contains(operation["tags"][0].as_str().unwrap()), "{id}: unknown tag");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let described: HashSet<_> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .inspect(|parameter| assert_eq!(parameter["required"], true, "{id}"))
            .map(|parameter| text(&parameter["name"]))
            .collect();
        let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(described, named.map(str::to_owned).collect(), "{id}: parameters of {path}");
        for parameter in &parameters {
            assert!(
                parameter["description"].as_str().is_some_and(|text| !text.is_empty()),
                "{id}: {parameter}"
            );
            assert!(parameter["schema"].is_object(), "{id}: {parameter}");
        }
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{id} never answers well");
        for (status, response) in responses {
            let says = response["description"].as_str().is_some_and(|text| !text.is_empty());
            assert!(says || response["$ref"].is_string(), "{id}: {status} is not described");
        }
        let role = text(&operation["x-role"]);
        let roles = ["anonymous", "any", "user", "creator", "oneself", "admin", "owner", "share_link"];
        assert!(roles.contains(&role.as_str()), "{id}: {role}");
        assert_eq!(operation["security"] == json!([]), role == "anonymous", "{id}");
        if let Some(scope) = operation.get("x-scope") {
            assert!(
                ["read", "write", "devices", "admin"].contains(&scope.as_str().unwrap()),
                "{id}: {scope}"
            );
            let changes = method != Method::GET && id != "validate_flow";
            assert!(!changes || scope != "read", "{id} changes something with the scope `read`");
        }
    }
    assert!(ids.len() > 40);
}

/// Without a token: what the operation heeds goes on to be asked who asks.
#[tokio::test]
async fn if_match_is_heeded_where_it_is_described_and_refused_elsewhere() {
    let server = server().await;
    let (mut heeded, mut refused) = (0, 0);
    for (method, path, operation) in operations(&server.document) {
        if !path.starts_with("/api/v1/") {
            continue;
        }
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let is_described = parameters.clone().any(|parameter| parameter["name"] == "If-Match");
        let at = path.replace(['{', '}'], "");
        let request = Request::builder().method(&method).uri(&at).header(header::IF_MATCH, "\"1\"");
        let answer = server.send(request.body(Body::empty()).unwrap()).await;
        if is_described {
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}: {:#}", answer.body);
            heeded += 1;
        } else {
            answer.refused(400, "if_match_unsupported", &[]);
            refused += 1;
        }
    }
    assert!(heeded > 5 && refused > 20, "{heeded} and {refused}");
}

#[tokio::test]
async fn what_makes_a_thing_says_where_it_is() {
    let server = server().await;
    let mut made = 0;
    for (method, path, operation) in operations(&server.document) {
        if method != Method::POST || operation["responses"]["201"].is_null() {
            continue;
        }
        assert!(operation["responses"]["201"]["headers"]["Location"].is_object(), "{path}");
        let (world, id) = (World::make(&server).await, text(&operation["operationId"]));
        let (address, owner) = (world.address(path, Who::Owner), world.token(Who::Owner));
        let answer = server.call(Method::POST, &address, owner, Some(world.body(&id))).await;
        let place = answer.headers[header::LOCATION].to_str().unwrap().to_owned();
        let answer = answer.is(201);
        let owner = answer["expires_at"].as_str().and(answer["token"].as_str()).or(owner);
        if server.operation(&Method::GET, &place).is_some() {
            let shown = server.call(Method::GET, &place, owner, None).await.is(200);
            let things = ["device", "user"].map(|name| &answer[name]);
            assert!(things.contains(&&shown) || shown == answer, "{place}: {shown:#} of {answer:#}");
        } else {
            assert!(server.operation(&Method::DELETE, &place).is_some(), "{place} is no address");
        }
        made += 1;
    }
    assert!(made >= 8, "{made}");
}
