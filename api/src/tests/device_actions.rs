//! One thing that is done to many devices.

use std::time::Duration;

use edgesync_actors::device::registry::Attached;
use edgesync_schemas::limit;
use edgesync_schemas::wire::close::CloseCode;
use edgesync_storage::catalog::Change;

use super::*;

const ACTIONS: &str = "/api/v1/devices/actions";

impl Server {
    async fn act(&self, user: &User, ids: &[String], action: &str) -> Answer {
        self.post(ACTIONS, user, json!({"ids": ids, "action": action})).await
    }

    async fn act_on(&self, user: &User, ids: &[String], action: &str, project: &str) -> Answer {
        self.post(ACTIONS, user, json!({"ids": ids, "action": action, "project_id": project})).await
    }

    async fn named_project(&self, user: &User, name: &str) -> String {
        let body = json!({"organization_id": user.organization, "name": name});
        text(&self.post("/api/v1/projects", user, body).await.is(201)["id"])
    }

    /// A device of theirs: its id, and its open socket.
    async fn connected(&self, user: &User, name: &str) -> (String, Attached) {
        let (id, token) = self.device(user, name).await;
        let access = self.state.catalog.device_by_token(&token).await.unwrap().unwrap();
        (id, self.state.actors.devices.attach(&access).await.unwrap())
    }
}

/// Device, status, and the code of the problem if it is one.
fn told(answer: &Answer) -> Vec<(String, u64, String)> {
    assert_eq!(answer.status, StatusCode::OK, "{:#}", answer.body);
    let one = |line: Value| {
        let code = line["code"].as_str().unwrap_or_default().to_owned();
        (text(&line["id"]), line["status"].as_u64().unwrap(), code)
    };
    answer.lines().into_iter().map(one).collect()
}

fn all(ids: &[String], status: u64) -> Vec<(String, u64, String)> {
    ids.iter().map(|id| (id.clone(), status, String::new())).collect()
}

fn line(id: &str, status: u64, code: &str) -> (String, u64, String) {
    (id.to_owned(), status, code.to_owned())
}

/// The code that a socket is to be closed with.
async fn closing(socket: &Attached) -> CloseCode {
    let closed = async {
        while socket.link.closing().is_none() {
            socket.link.woken().await;
        }
        socket.link.closing().unwrap().code
    };
    tokio::time::timeout(Duration::from_secs(20), closed).await.expect("it is closed")
}

#[tokio::test]
async fn many_devices_are_switched_off_and_on_and_each_is_answered_and_noted() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    server.allow_devices("ada@example.org", 1000).await;
    let count = 2 * limit::BULK_CHUNK + 7;
    let mut ids = Vec::new();
    for n in 0..count {
        ids.push(server.device(&ada, &n.to_string()).await.0);
    }
    let off = server.act(&ada, &ids, "switch_off").await;
    assert_eq!(told(&off), all(&ids, 200));
    let shown = server.get(&format!("/api/v1/devices/{}", ids[count - 1]), &ada).await.is(200);
    assert_eq!(off.lines()[count - 1]["device"], shown);
    assert_eq!((&shown["is_active"], &shown["status"]), (&json!(false), &json!("inactive")));
    let number = async |is_active: bool| {
        let path = format!("/api/v1/devices?is_active={is_active}&limit=500");
        server.get(&path, &ada).await.is(200)["items"].as_array().unwrap().len()
    };
    assert_eq!((number(true).await, number(false).await), (0, count));
    // What is so already is answered, and is nothing to note.
    assert_eq!(told(&server.act(&ada, &ids[..3], "switch_off").await), all(&ids[..3], 200));
    let history = server.get(&format!("/api/v1/devices/{}/history", ids[0]), &ada).await.is(200);
    let entries: Vec<_> = history["items"].as_array().unwrap().iter().collect();
    assert_eq!((entries.len(), &entries[0]["action"]), (2, &json!("updated")));
    assert_eq!(entries[0]["details"], json!({"fields": ["is_active"], "by": ada.id}));
    let audit = format!("/api/v1/organizations/{}/audit?action=device.updated&limit=500", ada.organization);
    let audit = server.get(&audit, &ada).await.is(200);
    assert_eq!(audit["items"].as_array().unwrap().len(), count);
    assert_eq!(told(&server.act(&ada, &ids, "switch_on").await), all(&ids, 200));
    assert_eq!((number(true).await, number(false).await), (count, 0));
}

#[tokio::test]
async fn sockets_of_devices_that_are_switched_off_or_removed_are_closed_and_no_others() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (off, off_socket) = server.connected(&ada, "off").await;
    let (gone, gone_socket) = server.connected(&ada, "gone").await;
    let (on, on_socket) = server.connected(&ada, "on").await;
    let mut news = server.state.catalog.news();
    server.act(&ada, &[on.clone()], "switch_on").await.is(200);
    assert_eq!(told(&server.act(&ada, &[off], "switch_off").await).len(), 1);
    assert_eq!(closing(&off_socket).await, CloseCode::Forbidden);
    assert_eq!(news.told(), None, "who watches it goes on");
    let path = format!("/api/v1/devices/{gone}");
    let nobody = "01890000-0000-7000-8000-000000000007".to_owned();
    let answer = server.act(&ada, &[nobody.clone(), gone.clone(), gone.clone()], "delete").await;
    let expected = [line(&nobody, 404, "not_found"), line(&gone, 204, ""), line(&gone, 404, "not_found")];
    assert_eq!(told(&answer), expected);
    assert_eq!(closing(&gone_socket).await, CloseCode::Authentication);
    assert_eq!(news.told(), Some(Change::Organization(ada.organization.parse().unwrap())));
    assert!(on_socket.link.closing().is_none());
    server.get(&path, &ada).await.refused(404, "not_found", &[]);
    let history = server.get(&format!("{path}/history"), &ada).await.is(200);
    assert_eq!(history["items"][0]["action"], "deleted");
}

#[tokio::test]
async fn a_token_of_a_device_that_was_switched_off_among_others_opens_nothing_from_then_on() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (mut ids, mut tokens) = (Vec::new(), Vec::new());
    for n in 0..3 {
        let (id, token) = server.device(&ada, &n.to_string()).await;
        (ids.push(id), tokens.push(token));
    }
    let active = async |token: &String| {
        let access = server.state.catalog.device_by_token(token).await.unwrap();
        access.map(|access| access.is_active)
    };
    for token in &tokens {
        assert_eq!(active(token).await, Some(true), "and is remembered");
    }
    server.act(&ada, &ids[..2], "switch_off").await.is(200);
    server.act(&ada, &ids[1..2], "delete").await.is(200);
    assert_eq!((active(&tokens[0]).await, active(&tokens[1]).await), (Some(false), None));
    assert_eq!(active(&tokens[2]).await, Some(true));
}

#[tokio::test]
async fn devices_are_put_into_a_project_and_taken_out_each_by_itself() {
    let server = server().await;
    let (ada, eve) = (server.sign_up("ada@example.org").await, server.sign_up("eve@example.org").await);
    let ((pump, _), (fan, _)) = (server.device(&ada, "pump").await, server.device(&ada, "fan").await);
    let (hers, _) = server.device(&eve, "hers").await;
    for n in 0..limit::PROJECTS_PER_DEVICE {
        let full = server.named_project(&ada, &format!("p{n}")).await;
        assert_eq!(
            told(&server.act_on(&ada, &[pump.clone()], "add_to_project", &full).await),
            all(&[pump.clone()], 204)
        );
    }
    let (project, others) = (server.named_project(&ada, "plant").await, server.named_project(&eve, "plant").await);
    let ids = [pump.clone(), hers.clone(), fan.clone()];
    let answer = server.act_on(&ada, &ids, "add_to_project", &project).await;
    let expected =
        [line(&pump, 403, "project_limit_reached"), line(&hers, 404, "not_found"), line(&fan, 204, "")];
    assert_eq!(told(&answer), expected);
    let inside = async || {
        let page = server.get(&format!("/api/v1/projects/{project}/devices"), &ada).await.is(200);
        page["items"].as_array().unwrap().iter().map(|device| text(&device["id"])).collect::<Vec<_>>()
    };
    assert_eq!(inside().await, [fan.clone()]);
    let again = server.act_on(&ada, &[fan.clone()], "add_to_project", &project).await;
    assert_eq!(told(&again), all(&[fan.clone()], 204), "it stays so");
    let foreign = server.act_on(&ada, &[fan.clone()], "add_to_project", &others).await;
    assert_eq!(told(&foreign), [line(&fan, 404, "not_found")]);
    let out = server.act_on(&ada, &[pump.clone(), fan.clone()], "take_out_of_project", &project).await;
    assert_eq!(told(&out), [line(&pump, 404, "not_found"), line(&fan, 204, "")]);
    assert!(inside().await.is_empty());
    let audit = format!("/api/v1/organizations/{}/audit?target={project}", ada.organization);
    let audit = server.get(&audit, &ada).await.is(200);
    let noted: Vec<_> =
        audit["items"].as_array().unwrap().iter().map(|entry| text(&entry["action"])).collect();
    assert_eq!(noted, ["project.device_removed", "project.device_added", "project.created"]);
}

#[tokio::test]
async fn who_may_not_do_it_to_one_may_not_do_it_to_many() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    server.join(&ada, "bob@example.org", "user").await;
    let eve = server.sign_up("eve@example.org").await;
    let ((pump, _), (own, _)) = (server.device(&ada, "pump").await, server.device(&bob, "own").await);
    let ids = [pump.clone(), own.clone()];
    for action in ["switch_off", "delete"] {
        let expected = [line(&pump, 404, "not_found"), line(&own, 404, "not_found")];
        assert_eq!(told(&server.act(&eve, &ids, action).await), expected);
        let status = if action == "delete" { 204 } else { 200 };
        let expected = [line(&pump, 403, "forbidden"), line(&own, status, "")];
        assert_eq!(told(&server.act(&bob, &ids, action).await), expected);
    }
    assert_eq!(server.get(&format!("/api/v1/devices/{pump}"), &ada).await.is(200)["is_active"], true);
    let project = server.named_project(&ada, "plant").await;
    let answer = server.act_on(&bob, &[pump.clone()], "add_to_project", &project).await;
    assert_eq!(told(&answer), [line(&pump, 403, "forbidden")]);

    // An API token does what its scopes cover, and sees what it is narrowed to.
    let second = server.post("/api/v1/organizations", &ada, json!({"name": "second"})).await.is(201);
    let body = json!({"organization_id": second["id"], "name": "far"});
    let far = server.post("/api/v1/devices", &ada, body).await.is(201);
    let far = text(&far["device"]["id"]);
    let program = async |scopes: Value| {
        let body = json!({"name": "ci", "scopes": scopes, "organization_id": ada.organization});
        let token = text(&server.post("/api/v1/me/api-tokens", &ada, body).await.is(201)["token"]);
        User { id: ada.id.clone(), token, organization: ada.organization.clone() }
    };
    let devices = program(json!(["devices"])).await;
    let off = server.act(&devices, &[pump.clone(), far.clone()], "switch_off").await;
    assert_eq!(told(&off), [line(&pump, 200, ""), line(&far, 404, "not_found")]);
    let ids = [pump.clone()];
    let refused = server.act_on(&devices, &ids, "add_to_project", &project).await;
    assert!(refused.says("scope write"), "{:#}", refused.body);
    refused.refused(403, "insufficient_scope", &[]);
    let write = program(json!(["write"])).await;
    server.act(&write, &ids, "delete").await.refused(403, "insufficient_scope", &[]);
    let both = program(json!(["devices", "write"])).await;
    assert_eq!(told(&server.act_on(&both, &ids, "add_to_project", &project).await), all(&ids, 204));
}

#[tokio::test]
async fn a_body_that_is_wrong_does_nothing_to_any() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let refused = async |body: Value, pointers: &[&str]| {
        server.post(ACTIONS, &ada, body).await.refused(422, "validation_failed", pointers);
    };
    refused(json!({"ids": [pump, "x"], "action": "delete"}), &["/ids/1"]).await;
    refused(json!({"ids": [], "action": "delete"}), &["/ids"]).await;
    refused(json!({"ids": vec![&pump; limit::ACTION_DEVICES + 1], "action": "delete"}), &["/ids"]).await;
    refused(json!({"ids": [pump], "action": "explode"}), &["/action"]).await;
    refused(json!({"ids": [pump], "action": "add_to_project"}), &["/project_id"]).await;
    refused(json!({"ids": [pump], "action": "delete", "project_id": pump}), &["/project_id"]).await;
    refused(json!({"ids": [pump], "action": "delete", "force": true}), &["/force"]).await;
    server.get(&format!("/api/v1/devices/{pump}"), &ada).await.is(200);
}

also_on_postgres!(
    "device_actions.rs",
    [
        many_devices_are_switched_off_and_on_and_each_is_answered_and_noted,
        sockets_of_devices_that_are_switched_off_or_removed_are_closed_and_no_others,
        a_token_of_a_device_that_was_switched_off_among_others_opens_nothing_from_then_on,
        devices_are_put_into_a_project_and_taken_out_each_by_itself,
        who_may_not_do_it_to_one_may_not_do_it_to_many,
        a_body_that_is_wrong_does_nothing_to_any,
    ]
);
