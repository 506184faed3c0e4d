//! A widget over HTTP: as events, and asked for again and again.

mod kinds;
mod reader;

use std::time::Duration;

use edgesync_schemas::id::UserId;
use edgesync_schemas::limit;

use self::reader::Events;
use super::samples::ago;
use super::*;

impl Server {
    /// A widget's id: of a sensor of the device.
    async fn sensor_widget(&self, user: &User, device: &str) -> String {
        let source = json!({"data_source_type": "device_sensor", "device_id": device, "sensor_type": "t"});
        self.id_of(user, source).await
    }

    async fn id_of(&self, user: &User, source: Value) -> String {
        let path = self.widget(user, source).await;
        text(&self.get(&path, user).await.is(200)["id"])
    }

    async fn events(&self, path: &str, token: &str, last: Option<&str>) -> Events {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = last.into_iter().fold(request, |of, last| of.header("last-event-id", last));
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        assert_eq!(parts.status, 200);
        Events::new(parts.headers, body)
    }

    async fn poll(&self, widget: &str, user: &User, after: &Value, more: &str) -> Value {
        let place = match (after["epoch"].as_u64(), after["offset"].as_u64()) {
            (Some(epoch), Some(offset)) => format!("epoch={epoch}&offset={offset}"),
            _ => String::new(),
        };
        self.get(&format!("/api/v1/live/{widget}/poll?{place}{more}"), user).await.is(200)
    }

    /// Waits until nobody watches over HTTP.
    async fn until_nobody_watches(&self) {
        until("nobody watches", || self.state.actors.live.sockets() == 0).await;
    }
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within 10 s: {what}");
}

/// Lets time pass at once. It goes on by itself before and after: others wait for threads, which tell no clock.
async fn pass(seconds: u64) {
    // what was told before must have set its clock
    tokio::task::yield_now().await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_widget_comes_as_events_and_goes_on_behind_the_last_that_was_seen() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let path = format!("/api/v1/live/{}/events", server.sensor_widget(&ada, &pump).await);
    server.store(&pump, "t", &[(ago(9), "1"), (ago(8), "2")]).await;
    let mut events = server.events(&path, &ada.token, None).await;
    for (name, value) in
        [("content-type", "text/event-stream"), ("cache-control", "no-store"), ("x-accel-buffering", "no")]
    {
        assert_eq!(events.headers[name], value);
    }
    assert_eq!(events.next().await.unwrap().retry, "2000");
    let snap = events.expect("snap").await;
    let place = format!("{}:{}", snap.data["epoch"], snap.data["offset"]);
    assert_eq!((&snap.id, &snap.data["t"], &snap.data["id"]), (&place, &json!("snap"), &json!(0)));
    assert_eq!((&snap.data["v"], &snap.data["recovered"]), (&json!([1.0, 2.0]), &json!(false)));
    server.store(&pump, "t", &[(ago(7), "{\n\"a\":\r\n 1}")]).await;
    let upd = events.expect("upd").await;
    assert_eq!((&upd.data["t"], &upd.data["v"]), (&json!("upd"), &json!([{"a": 1}])), "on one line");
    assert_eq!(upd.id, format!("{}:{}", snap.data["epoch"], upd.data["offset"]));

    drop(events);
    server.until_nobody_watches().await;
    server.store(&pump, "t", &[(ago(6), "3"), (ago(5), "4")]).await;
    let mut events = server.events(&path, &ada.token, Some(&upd.id)).await;
    let snap = events.expect("snap").await;
    assert_eq!((&snap.data["v"], &snap.data["recovered"]), (&json!([3.0, 4.0]), &json!(true)));
    server.store(&pump, "t", &[(ago(4), "5")]).await;
    assert_eq!(events.expect("upd").await.data["v"], json!([5.0]));
}

#[tokio::test]
async fn a_reader_that_takes_nothing_costs_one_part_and_is_told_the_smallest_and_the_largest() {
    const VALUES: u64 = 1000;
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let path = format!("/api/v1/live/{}/events?max_hz=50", server.sensor_widget(&ada, &pump).await);
    let mut events = server.events(&path, &ada.token, None).await;
    // Each number below 1,000 once, neither end first or last: only folding keeps them.
    let value = |n: u64| (n + 500) * 619 % VALUES;
    for chunk in 0..VALUES / 50 {
        let values: Vec<String> = (0..50).map(|n| value(chunk * 50 + n).to_string()).collect();
        let readings: Vec<_> = values.iter().map(|value| (ago(1), value.as_str())).collect();
        server.store(&pump, "t", &readings).await;
    }
    let live = &server.state.actors.live;
    let most = limit::LIVE_PENDING as u64;
    until("all else is folded", || live.figures().folded >= VALUES - most).await;
    events.expect("snap").await;
    let upd = events.expect("upd").await.data;
    let numbers = |name: &str| -> Vec<f64> {
        upd[name].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let told = numbers("v");
    assert_eq!(told.len() as u64 + upd["skipped"].as_u64().unwrap(), VALUES, "in one part");
    assert!(told.len() as u64 <= most, "{}", told.len());
    assert_eq!(told.last(), Some(&(value(VALUES - 1) as f64)));
    assert_eq!(numbers("min").into_iter().fold(f64::MAX, f64::min), 0.0);
    assert_eq!(numbers("max").into_iter().fold(f64::MIN, f64::max), VALUES as f64 - 1.0);
}

#[tokio::test]
async fn a_comment_keeps_a_stream_open_and_one_that_nobody_reads_is_cut() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let path = format!("/api/v1/live/{}/events", server.sensor_widget(&ada, &pump).await);
    let mut read = server.events(&path, &ada.token, None).await;
    read.expect("snap").await;
    let mut unread = server.events(&path, &ada.token, None).await;
    pass(limit::LIVE_EVENTS_HEARTBEAT_S).await;
    let comment = read.next().await.unwrap();
    assert_eq!((comment.name.as_str(), &comment.data), ("", &Value::Null), "{comment:?}");
    assert_eq!(server.state.actors.live.sockets(), 2, "it may yet be read");
    pass(limit::LIVE_EVENTS_WRITE_S).await;
    until("the other is cut", || server.state.actors.live.sockets() == 1).await;
    unread.expect("snap").await;
    let end = unread.body.next().await;
    assert!(end.is_some_and(|part| part.is_err()), "cut, not ended");
    drop(read);
    server.until_nobody_watches().await;
}

#[tokio::test]
async fn a_stream_ends_for_who_may_not_watch_any_more() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    let members = format!("/api/v1/organizations/{}/members", ada.organization);
    server.post(&members, &ada, json!({"email": "bob@example.org", "role": "user"})).await.is(201);
    let (pump, _) = server.device(&ada, "pump").await;
    let widget = server.sensor_widget(&ada, &pump).await;
    let path = format!("/api/v1/live/{widget}/events");
    let mut events = server.events(&path, &bob.token, None).await;
    let mut others = server.events(&path, &ada.token, None).await;
    events.expect("snap").await;
    others.expect("snap").await;
    server.delete(&format!("{members}/{}", bob.id), &ada).await.is(204);
    pass(limit::LIVE_EVENTS_HEARTBEAT_S).await;
    let err = events.expect("err").await;
    assert_eq!((&err.data["t"], &err.data["code"]), (&json!("err"), &json!("not_found")));
    assert_eq!((err.id.as_str(), events.next().await), ("", None), "its place stays, and it ends");
    server.get(&path, &bob).await.refused(404, "not_found", &[]);

    server.call(Method::POST, "/api/v1/auth/logout", Some(&ada.token), None).await.is(204);
    pass(limit::LIVE_EVENTS_HEARTBEAT_S).await;
    let err = others.expect("err").await;
    assert_eq!((&err.data["code"], others.next().await), (&json!("forbidden"), None));
    server.get(&path, &ada).await.refused(401, "unauthorized", &[]);
    server.until_nobody_watches().await;
}

#[tokio::test]
async fn a_token_of_one_organization_watches_and_is_gone_at_once_when_it_hangs_up() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let widget = server.sensor_widget(&ada, &pump).await;
    let body = json!({"name": "wall", "scopes": ["read"], "organization_id": ada.organization});
    let token = text(&server.post("/api/v1/me/api-tokens", &ada, body).await.is(201)["token"]);
    let path = format!("/api/v1/live/{widget}/events");
    let mut events = server.events(&path, &token, None).await;
    events.expect("snap").await;
    server.store(&pump, "t", &[(ago(1), "1")]).await;
    assert_eq!(events.expect("upd").await.data["v"], json!([1.0]));
    pass(limit::LIVE_EVENTS_HEARTBEAT_S).await;
    assert_eq!(events.next().await.unwrap().name, "", "it may still, in its organization");
    drop(events);
    server.until_nobody_watches().await;
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_by_its_name() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let widget = server.sensor_widget(&ada, &pump).await;
    for (asked, named) in [
        ("events?points=-1", "points"),
        ("events?max_hz=0", "max_hz"),
        ("events?max_hz=inf", "max_hz"),
        ("events?token=x", "token"),
        ("poll?epoch=1", "offset"),
        ("poll?offset=1", "epoch"),
        ("poll?epoch=1&offset=-1", "offset"),
        ("poll?wait_s=61", "wait_s"),
        ("poll?wait_s=1.5", "wait_s"),
    ] {
        let answer = server.get(&format!("/api/v1/live/{widget}/{asked}"), &ada).await;
        assert!(answer.says(&format!("parameter {named}")), "{asked}: {}", answer.body);
        answer.refused(400, "invalid_parameter", &[]);
    }
    let path = format!("/api/v1/live/{widget}/events");
    let ask = async |name: &'static str, value: String, more: &[(&'static str, &str)]| {
        let request = Request::get(&path).header(name, value).header("host", "plant.example");
        let request = more.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        server.send(request.body(Body::empty()).unwrap()).await
    };
    let bearer = format!("Bearer {}", ada.token);
    ask("authorization", bearer.clone(), &[("last-event-id", "7")]).await.refused(400, "invalid_header", &[]);
    let cookie = format!("edgesync_session={}", ada.token);
    for foreign in [("origin", "https://evil.example"), ("sec-fetch-site", "same-site")] {
        ask("cookie", cookie.clone(), &[foreign]).await.refused(403, "foreign_origin", &[]);
        ask("authorization", bearer.clone(), &[foreign]).await.is(200);
    }
    ask("cookie", cookie.clone(), &[("sec-fetch-site", "same-origin")]).await.is(200);
    ask("cookie", cookie, &[("origin", "https://plant.example")]).await.is(200);
    server.get("/api/v1/live/nothing/events", &ada).await.refused(404, "not_found", &[]);
}

#[tokio::test]
async fn polls_one_after_the_other_see_each_value_once() {
    const VALUES: u64 = 300;
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let widget = server.sensor_widget(&ada, &pump).await;
    let mut last = server.poll(&widget, &ada, &Value::Null, "").await;
    assert_eq!((&last["frames"][0]["t"], &last["frames"][0]["v"]), (&json!("snap"), &json!([])));
    let mut seen = Vec::new();
    let store = async {
        for n in 0..VALUES {
            server.store(&pump, "t", &[(ago(1000 - n as i64), &n.to_string())]).await;
        }
    };
    let poll = async {
        while (seen.len() as u64) < VALUES {
            last = server.poll(&widget, &ada, &last, "&wait_s=20&max_hz=50").await;
            let frame = &last["frames"][0];
            assert!(frame["recovered"] != false && frame["skipped"].is_null(), "{frame}");
            let values = frame["v"].as_array().unwrap_or_else(|| panic!("nothing in time: {last}"));
            seen.extend(values.iter().map(|value| value.as_f64().unwrap()));
        }
    };
    tokio::join!(store, poll);
    assert_eq!(seen, (0..VALUES).map(|n| n as f64).collect::<Vec<_>>());
    let nothing = server.poll(&widget, &ada, &last, "&wait_s=0").await;
    assert_eq!((&nothing["frames"], &nothing["epoch"]), (&json!([]), &last["epoch"]));

    // from far away, or from another counting: what there is, and it says so
    let afresh = server.poll(&widget, &ada, &json!({"epoch": 7, "offset": 0}), "&points=2").await;
    let frame = &afresh["frames"][0];
    assert_eq!((&frame["recovered"], &frame["v"]), (&json!(false), &json!([298.0, 299.0])));
}

#[tokio::test]
async fn a_poll_that_waits_is_told_of_a_value_at_once_and_of_a_fixed_one_only_once() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let widget = server.sensor_widget(&ada, &pump).await;
    let first = server.poll(&widget, &ada, &Value::Null, "").await;
    let store = async {
        until("the poll waits", || server.state.actors.live.sockets() == 1).await;
        server.store(&pump, "t", &[(ago(1), "7")]).await;
    };
    let (told, ()) = tokio::join!(server.poll(&widget, &ada, &first, "&wait_s=60"), store);
    let frame = &told["frames"][0];
    assert_eq!((&frame["t"], &frame["v"], &frame["offset"]), (&json!("upd"), &json!([7.0]), &told["offset"]));

    let fixed = json!({"data_source_type": "static", "static_value": "open"});
    let fixed = server.id_of(&ada, fixed).await;
    let first = server.poll(&fixed, &ada, &Value::Null, "").await;
    assert_eq!(first["frames"][0]["v"], json!(["open"]));
    let again = server.poll(&fixed, &ada, &first, "&wait_s=0").await;
    assert_eq!(again["frames"], json!([]), "nobody asks for it again and again without a pause");
}

#[tokio::test]
async fn polls_are_answered_no_oftener_than_was_asked_for() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let widget = server.sensor_widget(&ada, &pump).await;
    let first = server.poll(&widget, &ada, &Value::Null, "").await;
    let begun =
        async || until("the poll waits", || server.state.actors.live.figures().subscriptions == 1).await;
    let store = async {
        begun().await;
        server.store(&pump, "t", &[(ago(3), "1")]).await;
    };
    // at once after silence
    let (told, ()) = tokio::join!(server.poll(&widget, &ada, &first, "&max_hz=0.02&wait_s=30"), store);
    assert_eq!(told["frames"][0]["v"], json!([1.0]));
    server.store(&pump, "t", &[(ago(2), "2")]).await;
    let nothing = server.poll(&widget, &ada, &told, "&max_hz=0.02&wait_s=0").await;
    assert_eq!((&nothing["frames"], &nothing["offset"]), (&json!([]), &told["offset"]));
    let later = async {
        begun().await;
        server.store(&pump, "t", &[(ago(1), "3")]).await;
        pass(50).await;
    };
    let (told, ()) = tokio::join!(server.poll(&widget, &ada, &nothing, "&max_hz=0.02&wait_s=60"), later);
    let frame = &told["frames"][0];
    assert_eq!((&frame["recovered"], &frame["v"]), (&json!(true), &json!([2.0, 3.0])));
}

#[tokio::test]
async fn who_may_not_watch_any_more_waits_for_nothing() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let widget = server.sensor_widget(&ada, &pump).await;
    let first = server.poll(&widget, &ada, &Value::Null, "").await;
    let place = format!("epoch={}&offset={}&wait_s=60", first["epoch"], first["offset"]);
    let path = format!("/api/v1/live/{widget}/poll?{place}");
    let end = async {
        until("the poll waits", || server.state.actors.live.sockets() == 1).await;
        server.call(Method::POST, "/api/v1/auth/logout", Some(&ada.token), None).await.is(204);
        pass(limit::LIVE_EVENTS_HEARTBEAT_S).await;
    };
    let (answer, ()) = tokio::join!(server.get(&path, &ada), end);
    answer.refused(401, "unauthorized", &[]);
}

#[tokio::test]
async fn who_watches_over_http_is_sent_away_when_the_server_goes_down() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let widget = server.sensor_widget(&ada, &pump).await;
    let mut events = server.events(&format!("/api/v1/live/{widget}/events"), &ada.token, None).await;
    events.expect("snap").await;
    let mut unread = server.events(&format!("/api/v1/live/{widget}/events"), &ada.token, None).await;
    let first = server.poll(&widget, &ada, &Value::Null, "").await;
    let drain = async {
        until("all watch", || server.state.actors.live.sockets() == 3).await;
        let live = server.state.actors.live.clone();
        tokio::time::timeout(Duration::from_secs(4), live.drain()).await
    };
    let read = async {
        let bye = events.expect("bye").await;
        (bye, events.next().await)
    };
    let ((bye, end), polled, drained) =
        tokio::join!(read, server.poll(&widget, &ada, &first, "&wait_s=60"), drain);
    drained.expect("it waits for nobody who takes nothing");
    assert_eq!((&bye.data["t"], &bye.data["reason"]), (&json!("bye"), &json!("draining")));
    assert_eq!((bye.retry, bye.id, end), (bye.data["after_ms"].to_string(), String::new(), None));
    let frame = &polled["frames"][0];
    assert_eq!((&frame["t"], &polled["offset"]), (&json!("bye"), &first["offset"]), "{polled}");
    assert!(frame["after_ms"].as_u64().unwrap() < u64::from(limit::DRAIN_SPREAD_MS));
    unread.expect("snap").await;
    assert!(unread.body.next().await.is_some_and(|part| part.is_err()), "it was cut");
    // who comes now is told the same
    let late = server.poll(&widget, &ada, &first, "&wait_s=60").await;
    assert_eq!(late["frames"][0]["t"], "bye");
}

#[tokio::test]
async fn a_stream_and_a_poll_are_live_sockets_of_their_user() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let widget = server.sensor_widget(&ada, &pump).await;
    let user: UserId = ada.id.parse().unwrap();
    let session = || server.state.actors.live.session_of(user).unwrap();
    let mut sessions: Vec<_> = (0..limit::LIVE_SOCKETS_PER_USER).map(|_| session()).collect();
    let ways = ["events", "poll"].map(|way| format!("/api/v1/live/{widget}/{way}"));
    for path in &ways {
        server.get(path, &ada).await.refused(403, "live_limit_reached", &[]);
    }
    sessions.pop();
    let events = server.events(&ways[0], &ada.token, None).await;
    server.get(&ways[1], &ada).await.refused(403, "live_limit_reached", &[]);
    drop(events);
    server.until_nobody_watches().await;
    server.get(&ways[1], &ada).await.is(200);
}
