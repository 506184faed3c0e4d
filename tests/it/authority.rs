//! What somebody watches ends within a second when they may not watch it any more, whatever ended it; and what a share link shows, and what not.
//!
//! The server also asks with each heartbeat. So every socket here is younger than one when it loses something.

use std::time::{Duration, Instant};

use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use hyper::Method;
use serde_json::{Value, json};

use crate::support::api::text;
use crate::support::device::Socket;
use crate::support::{Api, Device, Live, NewDevice, Server, Stage, call, now_ms, on_both_stores, stage};

on_both_stores!(
    a_removed_members_subscriptions_end_and_their_own_go_on,
    a_share_link_shows_its_dashboard_and_nothing_else,
);

/// A second, and what a small and shared machine adds to it.
const SOON: Duration = Duration::from_secs(5);
const HEARTBEAT: Duration = Duration::from_secs(limit::HEARTBEAT_S);

/// A socket, and since when it is open.
struct Watcher {
    live: Live,
    opened: Instant,
}

impl Watcher {
    async fn open(server: &Server, token: &str) -> Self {
        let nobody = Api {
            address: server.address,
            email: String::new(),
            token: token.to_owned(),
            organization: String::new(),
        };
        Self { live: Live::connect(server, &nobody).await, opened: Instant::now() }
    }

    /// The answer to a `sub` of this.
    async fn sub(&mut self, id: u32, target: Value) -> Value {
        let mut frame = json!({"t": "sub", "id": id});
        frame.as_object_mut().unwrap().extend(target.as_object().unwrap().clone());
        self.live.socket.say(frame).await;
        self.live.socket.hear().await
    }

    async fn watches(&mut self, id: u32, target: Value) {
        let snap = self.sub(id, target).await;
        assert_eq!((&snap["t"], &snap["id"]), (&json!("snap"), &json!(id)), "{snap}");
    }

    /// That what is waited for since `since` came soon, and not by a heartbeat.
    fn came_soon(&self, what: &str, since: Instant) {
        println!("{what}: {:?}", since.elapsed());
        assert!(since.elapsed() < SOON, "{what} after {:?}", since.elapsed());
        assert!(self.opened.elapsed() < HEARTBEAT, "the socket is {:?} old", self.opened.elapsed());
    }

    /// The next frames, which must be refusals that come soon: number and code, by number.
    async fn refused<const N: usize>(&mut self, since: Instant) -> [(u64, String); N] {
        let mut found = Vec::new();
        while found.len() < N {
            let err = self.live.socket.hear().await;
            assert_eq!(err["t"], "err", "{err}");
            found.push((err["id"].as_u64().unwrap(), text(&err["code"])));
        }
        self.came_soon("refused", since);
        found.sort();
        found.try_into().unwrap()
    }

    /// The code of the close that must come soon.
    async fn closed(&mut self, since: Instant) -> u16 {
        let (code, why) = self.live.socket.hear_close().await;
        self.came_soon(&why, since);
        code
    }
}

fn sensor(device: &NewDevice) -> Value {
    json!({"device": device.id, "sensor": "a"})
}

impl Stage {
    async fn done(&self, method: Method, path: &str, body: Option<Value>) -> Instant {
        let (status, answer) = self.api.call(method, path, body.as_ref()).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        Instant::now()
    }

    /// A member of the organization.
    async fn member(&self, role: &str) -> (Api, String) {
        let bob = Api::sign_up(&self.server).await;
        let path = format!("/api/v1/organizations/{}/members", self.api.organization);
        let made = self.api.post(&path, json!({"email": bob.email, "role": role})).await;
        let path = format!("{path}/{}", text(&made["user_id"]));
        (bob, path)
    }

    /// A dashboard's address.
    async fn dashboard(&self) -> String {
        let body = json!({"organization_id": self.api.organization, "name": "hall"});
        let made = self.api.post("/api/v1/dashboard-templates", body).await;
        format!("/api/v1/dashboard-templates/{}", text(&made["id"]))
    }

    /// A widget of it.
    async fn widget(&self, dashboard: &str, name: &str, source: Value) -> String {
        let mut body = json!({"widget_id": name, "widget_type": "gauge"});
        body.as_object_mut().unwrap().extend(source.as_object().unwrap().clone());
        text(&self.api.post(&format!("{dashboard}/widgets"), body).await["id"])
    }

    fn of_sensor(&self) -> Value {
        json!({"data_source_type": "device_sensor", "device_id": self.device.id, "sensor_type": "a"})
    }
}

async fn a_removed_members_subscriptions_end_and_their_own_go_on(stage: Stage) {
    let (bob, membership) = stage.member("user").await;
    let own = bob.new_device("own").await;
    let board = stage.dashboard().await;
    let widget = stage.widget(&board, "w", stage.of_sensor()).await;
    let mut watcher = Watcher::open(&stage.server, &bob.token).await;
    watcher.watches(1, sensor(&stage.device)).await;
    watcher.watches(2, json!({"widget": widget})).await;
    watcher.watches(3, sensor(&own)).await;
    let since = stage.done(Method::DELETE, &membership, None).await;
    let not_found = "not_found".to_owned();
    assert_eq!(watcher.refused(since).await, [(1, not_found.clone()), (2, not_found)]);
    let mut pump = Device::connect(&stage.server, &stage.device, 1, 1).await;
    pump.deliver(1, json!([["a", 1]])).await;
    let mut own = Device::connect(&stage.server, &own, 1, 1).await;
    own.deliver(1, json!([["a", 2]])).await;
    let upd = watcher.live.socket.hear().await;
    assert_eq!((&upd["id"], &upd["v"]), (&json!(3), &json!([2.0])), "nothing of what was taken: {upd}");
}

#[tokio::test]
async fn what_ends_a_session_or_a_token_closes_its_sockets_and_no_others() {
    let stage = stage().await;
    let password = "correct horse battery";
    let log_in = async || Api::log_in(&stage.server, &stage.api.email, password).await;
    let made = stage.api.post("/api/v1/me/api-tokens", json!({"name": "wall", "scopes": ["read"]})).await;
    let mut by_token = Watcher::open(&stage.server, &text(&made["token"])).await;
    let (out, other) = (log_in().await, log_in().await);
    let mut logged_out = Watcher::open(&stage.server, &out.token).await;
    let mut elsewhere = Watcher::open(&stage.server, &other.token).await;
    let mut here = Watcher::open(&stage.server, &stage.api.token).await;
    for watcher in [&mut by_token, &mut logged_out, &mut elsewhere, &mut here] {
        watcher.watches(1, sensor(&stage.device)).await;
    }
    assert_eq!(out.call(Method::POST, "/api/v1/auth/logout", None).await.0, 204);
    assert_eq!(logged_out.closed(Instant::now()).await, 4401);

    let path = format!("/api/v1/me/api-tokens/{}", text(&made["api_token"]["id"]));
    let since = stage.done(Method::DELETE, &path, None).await;
    assert_eq!(by_token.closed(since).await, 4401);

    let body = json!({"password": "another horse battery", "current_password": password});
    let since = stage.done(Method::PATCH, "/api/v1/me", Some(body)).await;
    assert_eq!(elsewhere.closed(since).await, 4401);

    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1]])).await;
    assert_eq!(here.live.next(1).await["v"], json!([1.0]), "the session that asked goes on");
    stage.server.admin(&["disable", &stage.api.email]).await;
    assert_eq!(here.closed(Instant::now()).await, 4401, "by another process");
}

#[tokio::test]
async fn what_is_taken_away_or_moved_ends_with_its_own_reason() {
    let stage = stage().await;
    let (bob, _) = stage.member("user").await;
    let project = json!({"organization_id": stage.api.organization, "name": "plant"});
    let project = text(&stage.api.post("/api/v1/projects", project).await["id"]);
    let flow = stage.api.post("/api/v1/flows", json!({"name": "f", "project_id": project})).await;
    let flow = text(&flow["id"]);
    let board = stage.dashboard().await;
    let of_node = json!({"data_source_type": "flow_node", "flow_id": flow, "node_id": "n"});
    let (node, gauge) =
        (stage.widget(&board, "node", of_node).await, stage.widget(&board, "gauge", stage.of_sensor()).await);
    let mut watcher = Watcher::open(&stage.server, &bob.token).await;
    watcher.watches(1, json!({"flow": flow, "node": "n"})).await;
    watcher.watches(2, json!({"flow": flow, "metrics": true})).await;
    watcher.watches(3, json!({"widget": node})).await;
    watcher.watches(4, json!({"widget": gauge})).await;
    let code = str::to_owned;

    // The flow goes back to its owner alone.
    let path = format!("/api/v1/flows/{flow}");
    let since = stage.done(Method::PATCH, &path, Some(json!({"project_id": null}))).await;
    assert_eq!(
        watcher.refused(since).await,
        [(1, code("not_found")), (2, code("not_found")), (3, code("forbidden"))]
    );
    let since = stage.done(Method::DELETE, &format!("/api/v1/devices/{}", stage.device.id), None).await;
    assert_eq!(watcher.refused(since).await, [(4, code("forbidden"))]);

    let fixed = json!({"data_source_type": "static", "static_value": 1});
    let (first, second) =
        (stage.widget(&board, "first", fixed.clone()).await, stage.widget(&board, "second", fixed).await);
    watcher.watches(5, json!({"widget": first})).await;
    watcher.watches(6, json!({"widget": second})).await;
    let since = stage.done(Method::DELETE, &format!("{board}/widgets/first"), None).await;
    assert_eq!(watcher.refused(since).await, [(5, code("not_found"))]);
    let since = stage.done(Method::DELETE, &board, None).await;
    assert_eq!(watcher.refused(since).await, [(6, code("not_found"))]);

    let other = stage.api.new_device("other").await;
    watcher.watches(7, sensor(&other)).await;
    let path = format!("/api/v1/organizations/{}", stage.api.organization);
    let since = stage.done(Method::DELETE, &path, None).await;
    assert_eq!(watcher.refused(since).await, [(7, code("not_found"))]);
}

#[tokio::test]
async fn a_widget_that_is_given_another_source_shows_that_and_nothing_of_the_old_one() {
    let stage = stage().await;
    let board = stage.dashboard().await;
    let widget = stage.widget(&board, "w", stage.of_sensor()).await;
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1], ["b", 20]])).await;
    let path = format!("/ws/widgets/{widget}/?token={}", stage.api.token);
    let mut compatible = Socket::open(stage.server.address, &path, &[]).await.unwrap();
    assert_eq!(compatible.hear().await["value"], 1.0);
    let mut watcher = Watcher::open(&stage.server, &stage.api.token).await;
    watcher.watches(1, json!({"widget": widget})).await;

    let source =
        json!({"data_source_type": "device_sensor", "device_id": stage.device.id, "sensor_type": "b"});
    let since = stage.done(Method::PATCH, &format!("{board}/widgets/w"), Some(source)).await;
    let snap = watcher.live.socket.hear().await;
    watcher.came_soon("shown anew", since);
    assert_eq!((&snap["t"], &snap["id"], &snap["v"]), (&json!("snap"), &json!(1), &json!([20.0])), "{snap}");
    assert_eq!(snap["recovered"], false);
    assert_eq!(compatible.hear().await["value"], 20.0);
    device.deliver(2, json!([["a", 2], ["b", 30]])).await;
    assert_eq!(watcher.live.socket.hear().await["v"], json!([30.0]));
    assert_eq!(compatible.hear().await["value"], 30.0);

    let since = stage.done(Method::DELETE, &format!("{board}/widgets/w"), None).await;
    assert_eq!(compatible.hear_close().await.0, 4404);
    assert_eq!(watcher.refused(since).await, [(1, "not_found".to_owned())]);
}

async fn by_link(stage: &Stage, token: &str, path: &str) -> (u16, Value) {
    call(stage.server.address, Some(token), Method::GET, path, None).await
}

async fn a_share_link_shows_its_dashboard_and_nothing_else(stage: Stage) {
    let (board, other) = (stage.dashboard().await, stage.dashboard().await);
    let widget = stage.widget(&board, "w", stage.of_sensor()).await;
    let foreign = stage.widget(&other, "w", stage.of_sensor()).await;
    let links = format!("{board}/share-links");
    let made = stage.api.post(&links, json!({"name": "wall"})).await;
    let token = text(&made["token"]);
    let mut device = Device::connect(&stage.server, &stage.device, 1, 1).await;
    device.deliver(1, json!([["a", 1]])).await;

    let (status, seen) = by_link(&stage, &token, "/api/v1/shared").await;
    assert_eq!((status, &seen["widgets"][0]["id"]), (200, &json!(widget)), "{seen}");
    let (status, samples) = by_link(&stage, &token, "/api/v1/shared/widgets/w/samples").await;
    assert_eq!((status, &samples["items"][0]["value"]), (200, &json!(1.0)), "{samples}");
    let device_path = format!("/api/v1/devices/{}", stage.device.id);
    for path in [
        &*board,
        &*links,
        &*device_path,
        "/api/v1/me",
        "/api/v1/organizations",
        "/api/v1/dashboard-templates",
    ] {
        assert_eq!(by_link(&stage, &token, path).await.0, 401, "{path}");
    }
    let path = format!("/api/v1/shared/widgets/{foreign}/samples");
    assert_eq!(by_link(&stage, &token, &path).await.0, 404);

    let mut watcher = Watcher::open(&stage.server, &token).await;
    watcher.watches(1, json!({"widget": widget})).await;
    for (target, code) in [
        (json!({"widget": foreign}), "not_found"),
        (sensor(&stage.device), "forbidden"),
        (json!({"flow": "0197a3c0-0000-7000-8000-000000000003", "node": "n"}), "forbidden"),
        (json!({"flow": "0197a3c0-0000-7000-8000-000000000003", "metrics": true}), "forbidden"),
    ] {
        let err = watcher.sub(2, target).await;
        assert_eq!((&err["t"], &err["id"], &err["code"]), (&json!("err"), &json!(2), &json!(code)), "{err}");
    }
    // In a browser that has a session of its own, and in the compatible form.
    let cookie = format!("edgesync_session={}", Api::sign_up(&stage.server).await.token);
    let address = stage.server.address;
    let path = format!("/ws/v1/live?share={token}");
    let mut browser = Socket::open(address, &path, &[("cookie", &cookie)]).await.unwrap();
    browser.say(json!({"t": "sub", "id": 1, "widget": widget})).await;
    assert_eq!(browser.hear().await["v"], json!([1.0]));
    let path = format!("/ws/v1/live?share={}", stage.api.token);
    assert_eq!(Socket::open(address, &path, &[]).await.err(), Some(400), "no other secret in an address");
    let path = format!("/ws/widgets/{widget}/?share={token}");
    let mut compatible = Socket::open(address, &path, &[]).await.unwrap();
    assert_eq!(compatible.hear().await["value"], 1.0);
    let path = format!("/ws/widgets/{foreign}/?share={token}");
    assert_eq!(Socket::open(address, &path, &[]).await.err(), Some(404));
    device.deliver(2, json!([["a", 2]])).await;
    assert_eq!(watcher.live.next(1).await["v"], json!([2.0]));
    assert_eq!(browser.hear().await["v"], json!([2.0]));
    assert_eq!(compatible.hear().await["value"], 2.0);

    let path = format!("{links}/{}", text(&made["share_link"]["id"]));
    let since = stage.done(Method::DELETE, &path, None).await;
    assert_eq!(watcher.closed(since).await, 4401);
    assert_eq!(browser.hear_close().await.0, 4401);
    assert_eq!(compatible.hear_close().await.0, 4401);
    assert_eq!(by_link(&stage, &token, "/api/v1/shared").await.0, 401);
}

#[tokio::test]
async fn a_share_link_ends_by_itself_at_its_time() {
    let stage = stage().await;
    let board = stage.dashboard().await;
    let widget = stage.widget(&board, "w", stage.of_sensor()).await;
    let ends_ms = now_ms() + 4_000;
    let ends = Timestamp::from_ms(ends_ms).unwrap().to_string();
    let made =
        stage.api.post(&format!("{board}/share-links"), json!({"name": "wall", "expires_at": ends})).await;
    let mut watcher = Watcher::open(&stage.server, &text(&made["token"])).await;
    watcher.watches(1, json!({"widget": widget})).await;
    let code = watcher.live.socket.hear_close().await.0;
    let late_ms = now_ms() - ends_ms;
    assert_eq!(code, 4401);
    assert!((0..SOON.as_millis() as i64).contains(&late_ms), "{late_ms} ms behind its end");
    assert!(watcher.opened.elapsed() < HEARTBEAT);
}

#[tokio::test]
async fn a_share_link_ends_with_what_its_creator_may_read() {
    let stage = stage().await;
    let (bob, membership) = stage.member("admin").await;
    let board = stage.dashboard().await;
    let widget = stage.widget(&board, "w", stage.of_sensor()).await;
    let made = bob.post(&format!("{board}/share-links"), json!({"name": "wall"})).await;
    let token = text(&made["token"]);
    let mut watcher = Watcher::open(&stage.server, &token).await;
    watcher.watches(1, json!({"widget": widget})).await;
    let since = stage.done(Method::DELETE, &membership, None).await;
    assert_eq!(watcher.closed(since).await, 4401);
    assert_eq!(by_link(&stage, &token, "/api/v1/shared").await.0, 401);
}
