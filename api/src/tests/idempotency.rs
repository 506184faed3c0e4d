use std::collections::VecDeque;
use std::sync::Mutex;

use axum::middleware::from_fn_with_state;
use axum::routing::post;
use edgesync_storage::catalog::idempotency::Reserved;
use edgesync_test_postgres::Lost;

use super::*;

impl Server {
    async fn with_key(&self, method: Method, path: &str, user: &User, key: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", user.token))
            .header(header::CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", key);
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    async fn count(&self, path: &str, user: &User) -> usize {
        self.get(path, user).await.is(200)["items"].as_array().unwrap().len()
    }
}

fn is_replayed(answer: &Answer) -> bool {
    answer.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
}

const FLOWS: &str = "/api/v1/flows";
const DEVICES: &str = "/api/v1/devices";
const TOKENS: &str = "/api/v1/me/api-tokens";

#[tokio::test]
async fn a_request_that_is_sent_again_is_done_once_and_answered_as_before() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let body = json!({"name": "f"});
    let first = server.with_key(Method::POST, FLOWS, &ada, "k", body.clone()).await;
    let again = server.with_key(Method::POST, FLOWS, &ada, "k", body.clone()).await;
    assert!(!is_replayed(&first) && is_replayed(&again));
    for name in [header::CONTENT_TYPE, header::ETAG] {
        assert_eq!(first.headers[&name], again.headers[&name]);
    }
    assert_eq!(first.is(201), again.is(201));
    assert_eq!(server.count(FLOWS, &ada).await, 1);
    server.with_key(Method::POST, FLOWS, &ada, "another", body.clone()).await.is(201);
    let eve = server.sign_up("eve@example.org").await;
    let of_another = server.with_key(Method::POST, FLOWS, &eve, "k", body).await;
    assert!(!is_replayed(&of_another));
    assert_eq!(of_another.is(201)["owner_id"], eve.id);
    assert_eq!(server.count(FLOWS, &ada).await, 2);
}

#[tokio::test]
async fn a_key_of_another_request_is_refused() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    server.with_key(Method::POST, FLOWS, &ada, "k", json!({"name": "f"})).await.is(201);
    let other = server.with_key(Method::POST, FLOWS, &ada, "k", json!({"name": "g"})).await;
    other.refused(422, "idempotency_key_reused", &[]);
    let other = server.with_key(Method::POST, "/api/v1/organizations", &ada, "k", json!({"name": "f"})).await;
    other.refused(422, "idempotency_key_reused", &[]);
    assert_eq!(server.count(FLOWS, &ada).await, 1);
}

#[tokio::test]
async fn a_request_that_was_refused_may_be_mended_under_its_key() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let wrong = server.with_key(Method::POST, FLOWS, &ada, "k", json!({"name": ""})).await;
    wrong.refused(422, "validation_failed", &["/name"]);
    let mended = server.with_key(Method::POST, FLOWS, &ada, "k", json!({"name": "f"})).await;
    assert!(!is_replayed(&mended));
    mended.is(201);
}

#[tokio::test]
async fn many_at_once_with_one_key_make_one_thing() {
    let server = Arc::new(server().await);
    let ada = Arc::new(server.sign_up("ada@example.org").await);
    let tries = (0..8).map(|_| {
        let (server, ada) = (Arc::clone(&server), Arc::clone(&ada));
        tokio::spawn(
            async move { server.with_key(Method::POST, FLOWS, &ada, "k", json!({"name": "f"})).await },
        )
    });
    let mut made = 0;
    for answer in futures_util::future::join_all(tries).await {
        let answer = answer.unwrap();
        match answer.status.as_u16() {
            201 => made += usize::from(!is_replayed(&answer)),
            _ => {
                assert_eq!(answer.headers[header::RETRY_AFTER], "1");
                answer.refused(409, "idempotency_in_progress", &[]);
            }
        }
    }
    assert_eq!(made, 1);
    assert_eq!(server.count(FLOWS, &ada).await, 1);
}

#[tokio::test]
async fn who_hangs_up_finds_the_answer_with_the_next_try() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    // Polled once and dropped: the work was begun, or was not.
    let mut asked = Box::pin(server.with_key(Method::POST, FLOWS, &ada, "k", json!({"name": "f"})));
    assert!(futures_util::poll!(&mut asked).is_pending());
    drop(asked);
    loop {
        let answer = server.with_key(Method::POST, FLOWS, &ada, "k", json!({"name": "f"})).await;
        if answer.status != StatusCode::CONFLICT {
            answer.is(201);
            break;
        }
        answer.refused(409, "idempotency_in_progress", &[]);
        tokio::task::yield_now().await;
    }
    assert_eq!(server.count(FLOWS, &ada).await, 1);
}

#[tokio::test]
async fn a_secret_is_answered_again_from_memory_and_is_never_written_down() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let body = json!({"name": "ci", "scopes": ["read"]});
    let make = async |server: &Server| server.with_key(Method::POST, TOKENS, &ada, "k", body.clone()).await;
    let first = make(&server).await.is(201);
    let again = make(&server).await;
    assert!(is_replayed(&again));
    assert_eq!(again.is(201), first);
    // As after a restart of the server: what was in memory is gone.
    let mut state = server.state.clone();
    state.once = Arc::default();
    let restarted = Server { router: crate::router(state.clone()), state, ..server };
    let lost = make(&restarted).await;
    assert!(text(&lost.body["detail"]).contains(&text(&first["api_token"]["id"])), "{:#}", lost.body);
    lost.refused(409, "idempotency_answer_lost", &[]);
    assert_eq!(restarted.count(TOKENS, &ada).await, 1);
}

#[tokio::test]
async fn what_was_begun_and_not_done_when_the_server_died_is_done_with_the_next_try() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let body = json!({"name": "f"});
    let print = crate::idempotency::fingerprint(&Method::POST, FLOWS, None, body.to_string().as_bytes());
    let user = ada.id.parse().unwrap();
    let reserved = server.state.catalog.reserve_key(user, "k", &print, false).await.unwrap();
    assert!(matches!(reserved, Reserved::Now(_)));
    let answer = server.with_key(Method::POST, FLOWS, &ada, "k", body).await;
    assert!(!is_replayed(&answer));
    answer.is(201);
    assert_eq!(server.count(FLOWS, &ada).await, 1);
}

#[tokio::test]
async fn a_key_that_would_not_be_heeded_is_refused() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    for (method, path, body) in [
        (Method::POST, "/api/v1/auth/login", login),
        (Method::PATCH, "/api/v1/me", json!({"name": "x"})),
        (Method::GET, FLOWS, json!({})),
    ] {
        let answer = server.with_key(method, path, &ada, "k", body).await;
        answer.refused(400, "not_supported", &[]);
    }
    for key in ["", &"k".repeat(256)] {
        let answer = server.with_key(Method::POST, FLOWS, &ada, key, json!({"name": "f"})).await;
        answer.refused(400, "invalid_header", &[]);
    }
    assert_eq!(server.count(FLOWS, &ada).await, 0);
    let stranger = User { token: "ess_guess".to_owned(), id: String::new(), organization: String::new() };
    let answer = server.with_key(Method::POST, FLOWS, &stranger, "k", json!({"name": "f"})).await;
    answer.refused(401, "unauthorized", &[]);
}

#[tokio::test]
async fn an_answer_of_many_lines_is_made_once_even_if_nobody_takes_it() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    server.allow_devices("ada@example.org", 1000).await;
    let lines: String = (0..250)
        .map(|n| format!("{}\n", json!({"organization_id": ada.organization, "name": n.to_string()})))
        .collect();
    let request = || {
        let request = Request::post("/api/v1/devices/bulk")
            .header(header::AUTHORIZATION, format!("Bearer {}", ada.token))
            .header(header::CONTENT_TYPE, "application/x-ndjson")
            .header("Idempotency-Key", "k");
        request.body(Body::from(lines.clone())).unwrap()
    };
    // The answer has begun, and nobody takes it.
    drop(server.router.clone().oneshot(request()).await.unwrap());
    loop {
        let again = server.send(request()).await;
        if again.body["code"] == "idempotency_answer_lost" {
            break again.refused(409, "idempotency_answer_lost", &[]);
        }
        again.refused(409, "idempotency_in_progress", &[]);
        tokio::task::yield_now().await;
    }
    assert_eq!(server.count("/api/v1/devices?limit=500", &ada).await, 250);
}

/// What an import does: whether it stores a reading, and how it answers then.
type Step = (bool, u16);

/// Asks for imports that do these things one after the other, each with the same key; the answers.
async fn imports(steps: &[Step], asked: usize) -> Vec<Answer> {
    const IMPORT: &str = "/api/v1/readings/import";
    let server = Arc::new(server().await);
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let (steps, importer) = (Arc::new(Mutex::new(VecDeque::from(steps.to_vec()))), Arc::clone(&server));
    let import = async move || {
        let (stores, status) = steps.lock().unwrap().pop_front().expect("it was to be done no more");
        if stores {
            importer.store(&pump, "t", &[(samples::ago(1), "1")]).await;
        }
        StatusCode::from_u16(status).unwrap()
    };
    let once = from_fn_with_state(server.state.clone(), crate::idempotency::once);
    let router = Router::new().route(IMPORT, post(import)).route_layer(once);
    let mut answers = Vec::new();
    for _ in 0..asked {
        let request = Request::post(IMPORT)
            .header(header::AUTHORIZATION, format!("Bearer {}", ada.token))
            .header("Idempotency-Key", "k");
        let (parts, body) =
            router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        answers.push(Answer { status: parts.status, headers: parts.headers, body });
    }
    answers
}

#[tokio::test]
async fn an_import_is_forgotten_if_it_was_refused_before_it_stored_anything() {
    let answers = imports(&[(false, 415), (false, 422), (false, 503), (true, 200)], 5).await;
    let told: Vec<_> = answers.iter().map(|answer| (answer.status.as_u16(), is_replayed(answer))).collect();
    assert_eq!(told, [(415, false), (422, false), (503, false), (200, false), (200, true)]);
}

#[tokio::test]
async fn a_file_that_was_refused_is_imported_under_its_key_and_once() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let path = format!("/api/v1/readings/import?device={pump}");
    let file = format!("sensor_type,timestamp,value\nt,{},1\n", samples::ago(60));
    let import = async |kind: &str| {
        let request = Request::post(&path)
            .header(header::AUTHORIZATION, format!("Bearer {}", ada.token))
            .header(header::CONTENT_TYPE, kind)
            .header("Idempotency-Key", "k");
        server.send(request.body(Body::from(file.clone())).unwrap()).await
    };
    import("application/json").await.refused(415, "unsupported_media_type", &[]);
    let done = import("text/csv").await;
    assert!(!is_replayed(&done));
    assert_eq!(done.is(200)["accepted"], 1);
    let again = import("text/csv").await;
    assert!(is_replayed(&again));
    again.is(200);
    assert_eq!(server.count(&format!("/api/v1/readings?device={pump}"), &ada).await, 1);
}

#[tokio::test]
async fn an_import_that_stored_something_is_not_done_again_however_it_was_answered() {
    let answers = imports(&[(true, 413)], 2).await;
    assert_eq!((answers[1].status.as_u16(), is_replayed(&answers[1])), (413, true));
    let mut answers = imports(&[(true, 503)], 2).await;
    assert!(text(&answers[1].body["detail"]).contains("was begun"), "{:#}", answers[1].body);
    answers.remove(1).refused(409, "idempotency_answer_lost", &[]);
}

#[tokio::test]
async fn a_failure_after_something_was_done_is_not_repeated_as_the_answer() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (device, _) = server.device(&ada, "pump").await;
    let nodes = json!([{"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": {"deviceUuid": device, "variable": "t"}},
        {"id": "show", "type": "display", "position": {"x": 1, "y": 0}, "data": {}}]);
    let body = json!({"name": "f", "nodes": nodes, "edges": [{"id": "1", "source": "in", "target": "show"}]});
    let flow = text(&server.post(FLOWS, &ada, body).await.is(201)["id"]);
    let deploy = format!("{FLOWS}/{flow}/deploy");
    server.state.actors.flows.shutdown(std::time::Duration::from_secs(5)).await;
    let failed = server.with_key(Method::POST, &deploy, &ada, "k", json!({})).await;
    assert!(failed.status.is_server_error(), "{:#}", failed.body);
    let again = server.with_key(Method::POST, &deploy, &ada, "k", json!({})).await;
    let detail = text(&again.body["detail"]);
    assert!(detail.contains("was begun") && detail.contains(&flow), "{detail}");
    again.refused(409, "idempotency_answer_lost", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_outcome_is_unknown_is_told_so_and_done_once_under_its_key() {
    let start = || edgesync_test_postgres::Options::new().unsynced().start();
    let cluster = tokio::task::spawn_blocking(start).await.unwrap();
    let proxy = cluster.proxy();
    let open = async |url: String| Database::open(&Target::parse(&url).unwrap()).await.unwrap();
    let log = ReadingLog::open_postgres(&open(cluster.url()).await, Options::default()).await.unwrap();
    let catalog = Catalog::open_postgres(&open(proxy.url()).await).await.unwrap();
    let server = server_of(Place::Cluster(Arc::new(cluster)), catalog, log).await;
    let ada = server.sign_up("ada@example.org").await;
    for (lost, is_done, made) in [(Lost::Answer, true, 1), (Lost::Question, false, 2)] {
        let key = format!("{lost:?}");
        let ask = async || server.with_key(Method::POST, FLOWS, &ada, &key, json!({"name": key})).await;
        // The first commit reserves the key.
        proxy.lose(1, lost);
        let told = ask().await;
        assert!(proxy.has_lost());
        assert!(told.says("outcome unknown") && told.says("Idempotency-Key"), "{:#}", told.body);
        assert_eq!(told.headers[header::RETRY_AFTER], "1");
        told.refused(503, "outcome_unknown", &[]);
        let again = ask().await;
        let flows = server.get(&format!("{FLOWS}?q={key}"), &ada).await.is(200);
        let flow = text(&flows["items"][0]["id"]);
        if is_done {
            assert!(again.says(&flow), "{:#}", again.body);
            again.refused(409, "idempotency_answer_lost", &[]);
        } else {
            assert!(!is_replayed(&again));
            assert_eq!(again.is(201)["id"], flow);
        }
        assert_eq!(server.count(FLOWS, &ada).await, made);
    }
}

#[tokio::test]
async fn an_answer_is_not_repeated_to_who_may_not_see_it() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    let second = server.post("/api/v1/organizations", &ada, json!({"name": "second"})).await.is(201);
    let narrowed = json!({"name": "ci", "scopes": ["devices", "write"], "organization_id": ada.organization});
    let token = text(&server.post(TOKENS, &ada, narrowed).await.is(201)["token"]);
    let narrowed = User { id: ada.id.clone(), token, organization: ada.organization.clone() };
    let device = json!({"organization_id": second["id"], "name": "pump"});
    let made = server.with_key(Method::POST, DEVICES, &ada, "k", device.clone()).await.is(201);
    let told = server.with_key(Method::POST, DEVICES, &narrowed, "k", device).await;
    assert!(!told.body.to_string().contains(&text(&made["token"])), "{:#}", told.body);
    told.refused(422, "idempotency_key_reused", &[]);

    server.join(&ada, "bob@example.org", "admin").await;
    let named = |name: &str| json!({"organization_id": ada.organization, "name": name});
    let asked = [
        ("/api/v1/projects", named("plant")),
        // its answer is kept in memory only
        (DEVICES, named("pump")),
    ];
    let membership = format!("/api/v1/organizations/{}/members/{}", ada.organization, bob.id);
    for (path, body) in &asked {
        let made = server.with_key(Method::POST, path, &bob, path, body.clone()).await.is(201);
        let again = server.with_key(Method::POST, path, &bob, path, body.clone()).await;
        assert!(is_replayed(&again));
        assert_eq!(again.is(201), made);
    }
    let project = text(&server.get("/api/v1/projects", &bob).await.is(200)["items"][0]["id"]);
    let flow = json!({"name": "f", "project_id": project});
    let flow = text(&server.post(FLOWS, &ada, flow).await.is(201)["id"]);
    let validate = format!("{FLOWS}/{flow}/validate");
    server.with_key(Method::POST, &validate, &bob, "v", json!({})).await.is(200);
    server.delete(&membership, &ada).await.is(204);
    for (path, body) in &asked {
        let told = server.with_key(Method::POST, path, &bob, path, body.clone()).await;
        assert!(!is_replayed(&told), "{path}: {:#}", told.body);
        told.refused(404, "not_found", &[]);
    }
    server.with_key(Method::POST, &validate, &bob, "v", json!({})).await.refused(404, "not_found", &[]);
    server.join(&ada, "bob@example.org", "admin").await;
    for (path, body) in &asked {
        assert!(is_replayed(&server.with_key(Method::POST, path, &bob, path, body.clone()).await), "{path}");
    }
}

also_on_postgres!("idempotency.rs", [
    a_request_that_is_sent_again_is_done_once_and_answered_as_before,
    a_key_of_another_request_is_refused,
    a_request_that_was_refused_may_be_mended_under_its_key,
    many_at_once_with_one_key_make_one_thing,
    who_hangs_up_finds_the_answer_with_the_next_try,
    a_secret_is_answered_again_from_memory_and_is_never_written_down,
    what_was_begun_and_not_done_when_the_server_died_is_done_with_the_next_try,
    a_key_that_would_not_be_heeded_is_refused,
    an_answer_of_many_lines_is_made_once_even_if_nobody_takes_it,
    an_import_is_forgotten_if_it_was_refused_before_it_stored_anything,
    a_file_that_was_refused_is_imported_under_its_key_and_once,
    an_import_that_stored_something_is_not_done_again_however_it_was_answered,
    a_failure_after_something_was_done_is_not_repeated_as_the_answer,
    an_answer_is_not_repeated_to_who_may_not_see_it,
], but not [
    a_change_whose_outcome_is_unknown_is_told_so_and_done_once_under_its_key,
]);
