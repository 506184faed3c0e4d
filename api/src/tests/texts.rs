//! Odd text in every text field of every body that the description has: none breaks the server, and what is taken comes back as it is.

use super::matrix::world::{Who, World};
use super::schema::resolve;
use super::*;

/// Texts that something between the socket and the disk may not bear.
fn odd() -> Vec<String> {
    let odd = [
        "'; DROP TABLE users; --",
        "\"quoted\"",
        "`",
        "%",
        "_",
        "\\",
        "\\'\\\"",
        "$1",
        "{{7*7}}",
        "<script>alert(1)</script>",
        "null",
        "a\u{0}b",
        "\u{1f}",
        "a\nb\r\nc",
        "\u{7f}",
        "\u{202e}rtl\u{202c}",
        "👩‍👩‍👧‍👦🏳️‍🌈",
        "e\u{301}",
        "\u{feff}bom",
        "\u{d7ff}\u{e000}\u{ffff}\u{10ffff}",
        "工場",
        "../../etc/passwd",
        "",
    ];
    odd.into_iter().map(str::to_owned).chain(["ÿ".repeat(200), "ÿ".repeat(20_000)]).collect()
}

/// The fields of a body: name and schema, of all kinds that it can be.
fn fields<'a>(document: &'a Value, schema: &'a Value, found: &mut Vec<(&'a str, &'a Value)>) {
    let schema = resolve(document, schema);
    let own = schema["properties"].as_object().into_iter().flatten();
    found.extend(own.map(|(name, schema)| (name.as_str(), schema)));
    for part in ["allOf", "oneOf"] {
        schema[part].as_array().into_iter().flatten().for_each(|part| fields(document, part, found));
    }
}

/// A value of this schema made of the text; nothing if there is no text in such a value.
fn of(document: &Value, schema: &Value, text: &str) -> Option<Value> {
    let schema = resolve(document, schema);
    let choice =
        schema["oneOf"].as_array().and_then(|choices| choices.iter().find(|choice| choice["type"] != "null"));
    if let Some(choice) = choice {
        return of(document, choice, text);
    }
    match schema["type"].as_str() {
        Some("string") => Some(json!(text)),
        Some("array") => Some(json!([of(document, &schema["items"], text)?])),
        Some("object") if schema["properties"].is_null() => Some(json!({text: text, "deep": {"er": [text]}})),
        _ => None,
    }
}

#[tokio::test]
async fn odd_text_in_any_field_breaks_nothing_and_comes_back_as_it_is() {
    let server = server().await;
    let (mut tried, mut came_back) = (0, 0);
    let with_body = openapi::operations(&server.document).map(|(method, path, operation)| {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let mut found = Vec::new();
        fields(&server.document, schema, &mut found);
        (method, path, text(&operation["operationId"]), found)
    });
    for (method, path, id, fields) in with_body.filter(|(.., fields)| !fields.is_empty()) {
        let world = World::make(&server).await;
        server.allow_devices(&world.email("owner"), 1000).await;
        for (name, schema) in fields {
            for odd in odd() {
                let Some(value) = of(&server.document, schema, &odd) else { continue };
                let mut body = world.body(&id);
                body[name] = value.clone();
                let answer = server
                    .call(
                        method.clone(),
                        &world.address(path, Who::Owner),
                        world.token(Who::Owner),
                        Some(body),
                    )
                    .await;
                assert!(
                    answer.status.as_u16() < 500,
                    "{id} {name} {odd:?}: {} {:#}",
                    answer.status,
                    answer.body
                );
                tried += 1;
                let nested =
                    answer.body.as_object().into_iter().flatten().filter_map(|(_, value)| value.get(name));
                let shown: Vec<_> = answer.body.get(name).into_iter().chain(nested).collect();
                if answer.status.is_success() && !shown.is_empty() {
                    assert!(shown.contains(&&value), "{id} {name}: {value} became {shown:?}");
                    came_back += 1;
                }
            }
        }
        let huge = json!({"name": "x".repeat(10 << 20)});
        let answer =
            server.call(method, &world.address(path, Who::Owner), world.token(Who::Owner), Some(huge)).await;
        answer.refused(413, "body_too_large", &[]);
    }
    assert!(tried > 1000 && came_back > 300, "{tried} tried, {came_back} came back");
}

#[tokio::test]
async fn odd_text_finds_what_has_it_and_nothing_else() {
    let server = server().await;
    let world = World::make(&server).await;
    let owner = world.token(Who::Owner);
    let names: Vec<_> =
        odd().into_iter().filter(|name| !name.is_empty() && name.chars().count() <= 200).collect();
    let mut kept = Vec::new();
    for name in names {
        let made = server.call(Method::POST, "/api/v1/flows", owner, Some(json!({"name": name}))).await;
        if made.status == StatusCode::CREATED {
            kept.push(name);
        }
    }
    assert!(kept.len() > 15, "{kept:?}");
    for name in &kept {
        let q: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let found = server.call(Method::GET, &format!("/api/v1/flows?q={q}"), owner, None).await.is(200);
        let found: Vec<_> =
            found["items"].as_array().unwrap().iter().map(|flow| text(&flow["name"])).collect();
        let expected: Vec<_> = kept.iter().filter(|other| other.contains(name)).cloned().collect();
        assert_eq!(found, expected, "{name}");
    }
}
