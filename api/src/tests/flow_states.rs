//! How flows are, as lists say it, and what a deployment would change.

use super::samples::ago;
use super::*;

fn drawing(device: &str, size: u32) -> Value {
    json!({
        "nodes": [
            {"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": {"deviceUuid": device, "variable": "t"}},
            {"id": "avg", "type": "moving-average", "position": {"x": 1, "y": 0}, "data": {"windowSize": size}},
        ],
        "edges": [{"id": "1", "source": "in", "target": "avg"}],
    })
}

impl Server {
    async fn drawn(&self, user: &User, name: &str, project: Option<&Value>, device: &str) -> String {
        let mut body = drawing(device, 3);
        body["name"] = name.into();
        body["project_id"] = project.cloned().unwrap_or_default();
        text(&self.post("/api/v1/flows", user, body).await.is(201)["id"])
    }

    async fn project(&self, user: &User, organization: &str) -> Value {
        let body = json!({"organization_id": organization, "name": "p"});
        self.post("/api/v1/projects", user, body).await.is(201)["id"].clone()
    }

    /// Of the flows that are listed, each with some of its fields.
    async fn listed(&self, user: &User, query: &str, fields: &[&str]) -> Value {
        let page = self.get(&format!("/api/v1/flows{query}"), user).await.is(200);
        let of = |flow: &Value| fields.iter().map(|field| flow[*field].clone()).collect::<Value>();
        page["items"].as_array().unwrap().iter().map(of).collect()
    }

    /// Waits until the list says so.
    async fn lists(&self, user: &User, fields: &[&str], expected: Value) {
        let mut listed = Value::Null;
        for _ in 0..1000 {
            listed = self.listed(user, "", fields).await;
            if listed == expected {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{listed} and not {expected}");
    }
}

#[tokio::test]
async fn a_list_says_how_each_flow_is_and_why() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let first = server.drawn(&ada, "first", None, &pump).await;
    let second = server.drawn(&ada, "second", None, &pump).await;
    let fields = ["name", "state", "reason", "errors"];
    let stopped = |name: &str| json!([name, "stopped", null, 0]);
    assert_eq!(server.listed(&ada, "", &fields).await, json!([stopped("first"), stopped("second")]));

    server.post(&format!("/api/v1/flows/{first}/deploy"), &ada, json!({})).await.is(200);
    server.lists(&ada, &fields, json!([["first", "running", null, 0], stopped("second")])).await;
    server.store(&pump, "t", &[(ago(3), "1"), (ago(2), "\"warm\"")]).await;
    server.lists(&ada, &fields, json!([["first", "running", null, 1], stopped("second")])).await;

    // what the platform does when one cannot keep up
    server.post(&format!("/api/v1/flows/{second}/deploy"), &ada, json!({})).await.is(200);
    let id = second.parse().unwrap();
    let reason = "it could not keep up";
    assert!(server.state.catalog.set_flow_suspended(id, 1, "could not keep up", reason).await.unwrap());
    server.state.actors.flows.stop(id).await.unwrap();
    let suspended = json!(["second", "suspended", reason, 0]);
    server.lists(&ada, &fields, json!([["first", "running", null, 1], suspended])).await;
    for id in [&first, &second] {
        server.post(&format!("/api/v1/flows/{id}/stop"), &ada, json!({})).await.is(200);
    }
    assert_eq!(server.listed(&ada, "", &fields).await, json!([stopped("first"), stopped("second")]));
}

#[tokio::test]
async fn flows_are_listed_by_organization_and_those_in_none_by_themselves() {
    let server = server().await;
    let (ada, eve) = (server.sign_up("ada@example.org").await, server.sign_up("eve@example.org").await);
    let plant = json!({"name": "Plant 7"});
    let plant = text(&server.post("/api/v1/organizations", &ada, plant).await.is(201)["id"]);
    let (here, there) = (server.project(&ada, &ada.organization).await, server.project(&ada, &plant).await);
    let (pump, _) = server.device(&ada, "pump").await;
    for (name, project) in [("here", Some(&here)), ("there", Some(&there)), ("nowhere", None)] {
        server.drawn(&ada, name, project, &pump).await;
    }
    let names = async |user: &User, query: &str| server.listed(user, query, &["name"]).await;
    assert_eq!(names(&ada, "").await, json!([["here"], ["there"], ["nowhere"]]));
    let of = |organization: &str| format!("?organization={organization}");
    assert_eq!(names(&ada, &of(&ada.organization)).await, json!([["here"]]));
    assert_eq!(names(&ada, &of(&plant)).await, json!([["there"]]));
    assert_eq!(names(&ada, "?in_project=false").await, json!([["nowhere"]]));
    assert_eq!(names(&ada, "?in_project=true").await, json!([["here"], ["there"]]));
    assert_eq!(names(&ada, &format!("{}&in_project=false", of(&plant))).await, json!([]));
    assert_eq!(names(&eve, &of(&ada.organization)).await, json!([]), "they are not hers to see");
    server.get("/api/v1/flows?in_project=maybe", &ada).await.refused(400, "invalid_parameter", &[]);
}

#[tokio::test]
async fn a_check_says_what_a_deployment_would_change() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    let flow = format!("/api/v1/flows/{}", server.drawn(&ada, "f", None, &pump).await);
    let check = async |body: Value| {
        let verdict = server.post(&format!("{flow}/validate"), &ada, body).await.is(200);
        (verdict["valid"].clone(), verdict["change"].clone(), verdict["looks_back_ms"].clone())
    };
    let yes = |change: &str| (json!(true), json!(change), Value::Null);
    assert_eq!(check(json!({})).await, yes("new"));
    server.post(&format!("{flow}/deploy"), &ada, json!({})).await.is(200);
    assert_eq!(check(json!({})).await, yes("cosmetic"));
    let mut shown = drawing(&pump, 3);
    let show = json!({"id": "show", "type": "display", "position": {"x": 2, "y": 0}, "data": {}});
    shown["nodes"].as_array_mut().unwrap().push(show);
    shown["edges"].as_array_mut().unwrap().push(json!({"id": "2", "source": "avg", "target": "show"}));
    assert_eq!(check(shown).await, yes("hot"));
    let cold = (json!(true), json!("cold"), json!(3_600_000));
    assert_eq!(check(drawing(&pump, 4)).await, cold, "the last values, whenever they came: an hour");
    let no = (json!(false), Value::Null, Value::Null);
    assert_eq!(check(drawing("nonsense", 4)).await, no);

    server.patch(&flow, &ada, drawing(&pump, 4)).await.is(200);
    assert_eq!(check(json!({})).await, cold);
    assert_eq!(check(json!({"version": 1})).await, yes("cosmetic"), "what runs already");
    let validate = format!("{flow}/validate");
    server.post(&validate, &ada, json!({"version": 2})).await.refused(404, "not_found", &[]);
    let both = json!({"version": 1, "nodes": []});
    server.post(&validate, &ada, both).await.refused(422, "validation_failed", &["/version"]);
}

also_on_postgres!(
    "flow_states.rs",
    [
        a_list_says_how_each_flow_is_and_why,
        flows_are_listed_by_organization_and_those_in_none_by_themselves,
        a_check_says_what_a_deployment_would_change,
    ]
);
