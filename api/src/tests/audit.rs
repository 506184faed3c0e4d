use super::*;

#[tokio::test]
async fn admins_read_who_changed_what() {
    let server = server().await;
    let (ada, bob) = (server.sign_up("ada@example.org").await, server.sign_up("bob@example.org").await);
    let path = format!("/api/v1/organizations/{}", ada.organization);
    let audit = format!("{path}/audit");
    server.get(&audit, &bob).await.refused(404, "not_found", &[]);
    let body = json!({"email": "bob@example.org", "role": "user"});
    server.post(&format!("{path}/members"), &ada, body).await.is(201);
    server.get(&audit, &bob).await.refused(403, "forbidden", &[]);
    let filter = format!("actor={}&action=member.added&target={}", ada.id, bob.id);
    let page = server.get(&format!("{audit}?{filter}"), &ada).await.is(200);
    let entry = &page["items"][0];
    assert_eq!(
        (&entry["actor_email"], &entry["target_kind"], &entry["details"]["role"], &page["next"]),
        (&json!("ada@example.org"), &json!("member"), &json!("user"), &Value::Null)
    );
    let first = server.get(&format!("{audit}?limit=1"), &ada).await.is(200);
    let next = text(&first["next"]);
    let rest = server.get(&format!("{audit}?limit=1&cursor={next}"), &ada).await.is(200);
    assert_eq!(rest["items"][0]["action"], "organization.created");
    let later = server.get(&format!("{audit}?from={}", text(&entry["at"])), &ada).await.is(200);
    assert_eq!(later["items"], json!([entry]));
}

#[tokio::test]
async fn wrong_filters_of_an_audit_log_are_named() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    for wrong in ["actor=x", "action=device", "target=x", "from=x", "to=yesterday"] {
        let answer = server.get(&format!("/api/v1/me/audit?{wrong}"), &ada).await;
        let name = wrong.split('=').next().unwrap();
        assert!(text(&answer.body["detail"]).contains(name), "{:#}", answer.body);
        answer.refused(400, "invalid_parameter", &[]);
    }
}

#[tokio::test]
async fn everybody_reads_what_happened_to_their_account() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    server.patch("/api/v1/me", &ada, json!({"name": "Ada L."})).await.is(200);
    let page = server.get("/api/v1/me/audit", &ada).await.is(200);
    let actions: Vec<_> =
        page["items"].as_array().unwrap().iter().map(|entry| text(&entry["action"])).collect();
    assert_eq!(actions, ["user.updated", "user.signed_up"]);
}
