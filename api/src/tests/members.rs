use edgesync_schemas::wire::live::{ErrCode, Sub, SubId, Target};

use super::authority::watching;
use super::*;
use crate::ws::authority::{Gone, Lost};

impl Server {
    /// Makes `user` a member of `owner`'s organization.
    pub(super) async fn join(&self, owner: &User, email: &str, role: &str) {
        let path = format!("/api/v1/organizations/{}/members", owner.organization);
        self.post(&path, owner, json!({"email": email, "role": role})).await.is(201);
    }
}

fn members(of: &User) -> String {
    format!("/api/v1/organizations/{}/members", of.organization)
}

fn member(of: &User, user: &User) -> String {
    format!("{}/{}", members(of), user.id)
}

#[tokio::test]
async fn members_are_added_listed_changed_and_removed() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    let body = json!({"email": " BOB@example.org", "role": "user"});
    let made = server.post(&members(&ada), &ada, body.clone()).await.is(201);
    assert_eq!(
        (&made["user_id"], &made["email"], &made["role"], &made["invited_by"]),
        (&json!(bob.id), &json!("bob@example.org"), &json!("user"), &json!(ada.id))
    );
    server.post(&members(&ada), &ada, body).await.refused(409, "already_exists", &["/email"]);
    let page = server.get(&format!("{}?limit=1", members(&ada)), &bob).await.is(200);
    assert_eq!((&page["items"][0]["user_id"], &page["items"][0]["role"]), (&json!(ada.id), &json!("admin")));
    let next = text(&page["next"]);
    let rest = server.get(&format!("{}?limit=1&cursor={next}", members(&ada)), &bob).await.is(200);
    assert_eq!(rest, json!({"items": [made], "next": null}));
    let page = server.get(&format!("{}?q=bob@", members(&ada)), &ada).await.is(200);
    assert_eq!(page["items"], json!([made]));

    let changed = server.patch(&member(&ada, &bob), &ada, json!({"role": "admin"})).await.is(200);
    assert_eq!(changed["role"], "admin");
    server.delete(&member(&ada, &bob), &ada).await.is(204);
    server.delete(&member(&ada, &bob), &ada).await.refused(404, "not_found", &[]);
    server.get(&format!("/api/v1/organizations/{}", ada.organization), &bob).await.refused(
        404,
        "not_found",
        &[],
    );
}

#[tokio::test]
async fn a_wrong_member_is_refused_at_its_field() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let nobody = json!({"email": "nobody@example.org", "role": "user"});
    server.post(&members(&ada), &ada, nobody).await.refused(404, "not_found", &["/email"]);
    let wrong = json!({"email": "x", "role": "owner", "name": "x"});
    let pointers = ["/email", "/role", "/name"];
    server.post(&members(&ada), &ada, wrong).await.refused(422, "validation_failed", &pointers);
}

#[tokio::test]
async fn the_owner_can_be_neither_removed_nor_demoted() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    server.join(&ada, "bob@example.org", "admin").await;
    for who in [&ada, &bob] {
        server.delete(&member(&ada, &ada), who).await.refused(409, "owner_stays", &[]);
        let demoted = server.patch(&member(&ada, &ada), who, json!({"role": "user"})).await;
        demoted.refused(409, "owner_stays", &[]);
    }
    server.patch(&member(&ada, &ada), &bob, json!({"role": "admin"})).await.is(200);
}

#[tokio::test]
async fn everybody_may_leave() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    server.join(&ada, "bob@example.org", "user").await;
    server.delete(&member(&ada, &bob), &bob).await.is(204);
    server.get(&members(&ada), &bob).await.refused(404, "not_found", &[]);
}

#[tokio::test]
async fn what_a_former_member_runs_on_the_organizations_devices_ends() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    server.join(&ada, "bob@example.org", "user").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let (own, _) = server.device(&bob, "own").await;
    let project = json!({"organization_id": ada.organization, "name": "p"});
    let project = server.post("/api/v1/projects", &ada, project).await.is(201);
    let deploy = async |device: &str, project: Value| {
        let source = json!({"mode": "read", "deviceUuid": device, "variable": "t"});
        let body = json!({"name": "f", "project_id": project, "edges": [], "nodes": [
            {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": source}]});
        let flow = text(&server.post("/api/v1/flows", &bob, body).await.is(201)["id"]);
        server.post(&format!("/api/v1/flows/{flow}/deploy"), &bob, json!({})).await.is(200);
        flow
    };
    let foreign = deploy(&pump, Value::Null).await;
    let shared = deploy(&pump, project["id"].clone()).await;
    let private = deploy(&own, Value::Null).await;

    server.delete(&member(&ada, &bob), &ada).await.is(204);
    let state = async |flow: &str| {
        let running = server.state.actors.flows.status(flow.parse().unwrap()).await.unwrap();
        let saved = server.state.catalog.deployed_flow(flow.parse().unwrap()).await.unwrap();
        (text(&running["state"]), saved.map(|flow| flow.owner_id.to_string()))
    };
    assert_eq!(state(&foreign).await, ("stopped".to_owned(), None));
    assert_eq!(state(&shared).await, ("running".to_owned(), Some(ada.id.clone())));
    assert_eq!(state(&private).await, ("running".to_owned(), Some(bob.id.clone())));
    server.get(&format!("/api/v1/flows/{shared}"), &bob).await.refused(404, "not_found", &[]);
}

#[tokio::test]
async fn what_a_former_member_watches_is_let_go() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    server.join(&ada, "bob@example.org", "user").await;
    let sensor =
        |device: &str| Target::DeviceSensor { device: device.parse().unwrap(), sensor: "t".parse().unwrap() };
    let (pump, own) = (server.device(&ada, "pump").await.0, server.device(&bob, "own").await.0);
    let watched = [(SubId(1), sensor(&pump)), (SubId(2), sensor(&own))];
    let mut watching = watching(&server, &bob.token).await;
    for (id, target) in watched {
        let sub = Sub { id, target, points: None, max_hz: Some(1.0), since: None, from: None };
        assert!(watching.watch(&sub).await.is_ok());
    }
    server.delete(&member(&ada, &bob), &ada).await.is(204);
    let Lost::Some(lost) = watching.lost().await else { panic!("he is who he was") };
    let [(id, Gone::Refused(refused))] = lost.as_slice() else { panic!("{} are lost", lost.len()) };
    assert_eq!((*id, refused.code), (SubId(1), ErrCode::NotFound));
}
