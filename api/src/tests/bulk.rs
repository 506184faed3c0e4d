use edgesync_schemas::limit;

use super::*;

impl Server {
    async fn bulk(&self, user: &User, kind: &str, text: impl Into<Body>) -> Answer {
        let request = Request::post("/api/v1/devices/bulk")
            .header(header::AUTHORIZATION, format!("Bearer {}", user.token))
            .header(header::CONTENT_TYPE, kind);
        self.send(request.body(text.into()).unwrap()).await
    }
}

/// line, status, and the device's name or the problem's code
fn told(answer: &Answer) -> Vec<(u64, u64, String)> {
    assert_eq!(answer.status, StatusCode::OK, "{:#}", answer.body);
    let lines = answer.lines();
    let one = |line: &Value| {
        let what = if line["code"].is_string() { &line["code"] } else { &line["device"]["name"] };
        (line["line"].as_u64().unwrap(), line["status"].as_u64().unwrap(), text(what))
    };
    lines.iter().map(one).collect()
}

fn row(line: u64, status: u64, what: &str) -> (u64, u64, String) {
    (line, status, what.to_owned())
}

#[tokio::test]
async fn devices_are_made_from_csv_and_each_line_is_answered() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let org = &ada.organization;
    let csv = format!(
        "name,organization_id,device_type,description\r\npump,{org},esp32,\"in the cellar,\nleft\"\r\n,{org},,\r\npump,{org},,\r\n\
         fan,{org},,\r\nshort\r\nx,not an id,,\r\n"
    );
    let answer = server.bulk(&ada, "text/csv; charset=utf-8", csv).await;
    assert_eq!(
        told(&answer),
        [
            row(2, 201, "pump"),
            row(4, 422, "validation_failed"),
            row(5, 409, "already_exists"),
            row(6, 201, "fan"),
            row(7, 400, "malformed_csv"),
            row(8, 422, "validation_failed"),
        ]
    );
    let lines = answer.lines();
    assert_eq!(lines[0]["device"]["description"], "in the cellar,\nleft");
    assert_eq!(lines[1]["errors"][0]["pointer"], "/name");
    assert_eq!(lines[2]["errors"][0]["pointer"], "/name");
    let opened = server.state.catalog.device_by_token(&text(&lines[0]["token"])).await.unwrap().unwrap();
    assert_eq!(json!(opened.device), lines[0]["device"]["id"]);
    let page = server.get("/api/v1/devices", &ada).await.is(200);
    assert_eq!(page["items"], json!([lines[0]["device"], lines[3]["device"]]));
}

#[tokio::test]
async fn devices_are_made_from_json_lines_until_the_limit_is_reached() {
    let server = server().await;
    let (ada, eve) = (server.sign_up("ada@example.org").await, server.sign_up("eve@example.org").await);
    let line = |name: &str, of: &User| json!({"organization_id": of.organization, "name": name}).to_string();
    let mut text: Vec<String> = (0..4).map(|n| line(&format!("d{n}"), &ada)).collect();
    text.insert(1, String::new());
    text.insert(2, "{\"name\": ".to_owned());
    text.insert(3, json!({"organization_id": ada.organization, "name": "x", "colour": 1}).to_string());
    text.push(line("hers", &eve));
    text.extend([line("d4", &ada), line("d5", &ada)]);
    let answer = server.bulk(&ada, "application/x-ndjson", text.join("\n")).await;
    assert_eq!(
        told(&answer),
        [
            row(1, 201, "d0"),
            row(3, 400, "malformed_json"),
            row(4, 422, "validation_failed"),
            row(5, 201, "d1"),
            row(6, 201, "d2"),
            row(7, 201, "d3"),
            row(8, 404, "not_found"),
            row(9, 201, "d4"),
            row(10, 403, "device_limit_reached"),
        ]
    );
    assert_eq!(answer.lines()[2]["errors"][0]["pointer"], "/colour");
}

#[tokio::test]
async fn a_thousand_devices_are_made_at_once() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    server.allow_devices("ada@example.org", 1000).await;
    let lines =
        (0..1000).map(|n| json!({"organization_id": ada.organization, "name": format!("d{n}")}).to_string());
    let answer = server.bulk(&ada, "application/jsonl", lines.collect::<Vec<_>>().join("\n")).await;
    let told = told(&answer);
    assert_eq!(told.len(), 1000);
    for (n, one) in told.into_iter().enumerate() {
        assert_eq!(one, row(n as u64 + 1, 201, &format!("d{n}")));
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_makes_nothing() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let many = "{}\n".repeat(limit::BULK_LINES + 1);
    server.bulk(&ada, "application/x-ndjson", many).await.refused(413, "too_many_lines", &[]);
    server.bulk(&ada, "application/json", "[]").await.refused(415, "unsupported_media_type", &[]);
    server.bulk(&ada, "text/csv", "").await.refused(400, "no_lines", &[]);
    server.bulk(&ada, "text/csv", "name,name\nx,y").await.refused(400, "malformed_csv", &[]);
    let page = server.get("/api/v1/devices", &ada).await.is(200);
    assert_eq!(page["items"], json!([]));
}

#[tokio::test]
async fn a_member_who_is_no_admin_makes_none() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    server.join(&ada, "bob@example.org", "user").await;
    let line = |name: &str, of: &User| json!({"organization_id": of.organization, "name": name}).to_string();
    let lines = [line("a", &ada), line("own", &bob), line("b", &ada)].join("\n");
    let answer = server.bulk(&bob, "application/x-ndjson", lines).await;
    assert_eq!(told(&answer), [row(1, 403, "forbidden"), row(2, 201, "own"), row(3, 403, "forbidden")]);
    assert_eq!(server.get("/api/v1/devices", &ada).await.is(200)["items"], json!([]));
    let path = format!("/api/v1/organizations/{}/members/{}", ada.organization, bob.id);
    server.patch(&path, &ada, json!({"role": "admin"})).await.is(200);
    let answer = server.bulk(&bob, "application/x-ndjson", line("a", &ada)).await;
    assert_eq!(told(&answer), [row(1, 201, "a")]);
}
