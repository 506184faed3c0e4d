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

/// As it stands in an address: as much of it as an address has room for.
fn encoded(text: &str) -> String {
    text.chars().take(5000).collect::<String>().bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// Asks one thing of a server with a world of its own; what is answered, but for ids and times.
async fn told(
    server: &Server,
    world: &World,
    method: &Method,
    path: &str,
    body: Option<Value>,
) -> (u16, Value, usize) {
    let answer = server.call(method.clone(), path, world.token(Who::Owner), body).await;
    let items = answer.body["items"].as_array().map_or(0, Vec::len);
    (
        answer.status.as_u16(),
        json!([answer.body["code"], answer.body["detail"], answer.body["errors"]]),
        items,
    )
}

#[tokio::test]
async fn odd_text_in_any_parameter_breaks_nothing_and_is_answered_alike_by_both_databases() {
    let (here, there) = (server_on(Backend::Embedded).await, server_on(Backend::Postgres).await);
    let worlds = [World::make(&here).await, World::make(&there).await];
    let mut tried = 0;
    for (method, path, operation) in openapi::operations(&here.document) {
        let id = text(&operation["operationId"]);
        let has_body = operation["requestBody"].is_object();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
            if place == "header" || resolve(&here.document, &parameter["schema"])["type"] != "string" {
                continue;
            }
            for odd in odd().iter().filter(|odd| place == "query" || !odd.is_empty()) {
                let ask = async |server: &Server, world: &World| {
                    let mut address = world.address(path, Who::Owner);
                    let mut query = world.query(&id);
                    if place == "path" {
                        let parts = path.split('/').zip(address.split('/').map(str::to_owned));
                        let named = format!("{{{name}}}");
                        let parts = parts.map(|(of, part)| if of == named { encoded(odd) } else { part });
                        address = parts.collect::<Vec<_>>().join("/");
                    } else {
                        let others = query.split('&').filter(|pair| !pair.starts_with(&format!("{name}=")));
                        let own = format!("{name}={}", encoded(odd));
                        query = others
                            .filter(|pair| !pair.is_empty())
                            .chain([own.as_str()])
                            .collect::<Vec<_>>()
                            .join("&");
                    }
                    let body = has_body.then(|| world.body(&id));
                    told(server, world, &method, &format!("{address}?{query}"), body).await
                };
                let answers = [ask(&here, &worlds[0]).await, ask(&there, &worlds[1]).await];
                assert!(answers[0].0 < 500, "{id} {name} {odd:?}: {answers:?}");
                assert_eq!(answers[0], answers[1], "{id} {name} {odd:?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 2000, "{tried} tried");
}

#[tokio::test]
async fn odd_text_in_a_file_breaks_nothing_and_is_answered_alike_by_both_databases() {
    let (here, there) = (server_on(Backend::Embedded).await, server_on(Backend::Postgres).await);
    let worlds = [World::make(&here).await, World::make(&there).await];
    let at = samples::ago(60);
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let (mut files, mut stored) = (Vec::new(), 0);
    for odd in odd() {
        let (cell, json) = (quoted(&odd), Value::from(odd.as_str()));
        let (csv, ndjson, import) = ("text/csv", "application/x-ndjson", "readings/import?device=DEVICE");
        let header = "sensor_type,value,timestamp,unit,raw_data";
        files.push((import, csv, format!("{header},{cell}\nt,1,{at},,,\n")));
        files.push((import, csv, format!("{header}\n{cell},1,{at},,\nt,1,{at},{cell},\nt,1,{at},,{cell}\n")));
        files.push((
            import,
            csv,
            format!("{header}\nt,,{at},,{}\nt,{cell},{at},,\n", quoted(&json.to_string())),
        ));
        files.push((import, csv, format!("{header}\n{odd},1,{at},,\nt,1,{at},,\n")));
        let line = |field: &str, value: &Value| {
            let mut line = json!({"sensor_type": "t", "value": 1, "timestamp": at});
            line[field] = value.clone();
            line
        };
        let lines = ["sensor_type", "value", "unit", "raw_data", "timestamp", "device_id"]
            .map(|name| line(name, &json));
        let deep = [line("value", &json!({&odd: [&odd]})), line(&odd, &json!(1))];
        let lines: Vec<_> = lines.iter().chain(&deep).map(Value::to_string).collect();
        files.push((import, ndjson, lines.join("\n")));
        let bulk = ["name", "description", "device_type", "status"].map(|field| {
            let mut line = json!({"organization_id": "ORGANIZATION", "name": format!("n{}", files.len())});
            line[field] = json.clone();
            line.to_string()
        });
        files.push(("devices/bulk", ndjson, bulk.join("\n")));
        files.push(("devices/bulk", csv, format!("organization_id,name,{cell}\nORGANIZATION,{cell},x\n")));
    }
    for (server, world) in [&here, &there].into_iter().zip(&worlds) {
        server.allow_devices(&world.email("owner"), 1000).await;
    }
    for (path, kind, file) in files {
        let mut answers = Vec::new();
        for (server, world) in [&here, &there].into_iter().zip(&worlds) {
            let own = |text: &str| {
                text.replace("DEVICE", &world.device).replace("ORGANIZATION", &world.organization)
            };
            let request = Request::post(format!("/api/v1/{}", own(path)))
                .header(header::AUTHORIZATION, format!("Bearer {}", world.token(Who::Owner).unwrap()))
                .header(header::CONTENT_TYPE, kind);
            let answer = server.send(request.body(Body::from(own(&file))).unwrap()).await;
            assert!(answer.status.as_u16() < 500, "{path} {file:?}: {:#}", answer.body);
            // of a device that was made, its name; of the rest, all
            let lines = answer.lines().into_iter().map(|mut line| {
                stored += line["accepted"].as_u64().unwrap_or(0);
                if line["device"].is_object() {
                    line = line["device"]["name"].take();
                }
                line
            });
            answers.push((answer.status, lines.collect::<Vec<_>>()));
        }
        assert_eq!(answers[0], answers[1], "{path} {file:?}");
    }
    assert!(stored > 100, "{stored}");
    let mut shown = Vec::new();
    for (server, world) in [&here, &there].into_iter().zip(&worlds) {
        let path = format!("/api/v1/readings?device={}&limit=500", world.device);
        let page = server.call(Method::GET, &path, world.token(Who::Owner), None).await.is(200);
        let readings = page["items"].as_array().unwrap().iter();
        let mut readings: Vec<_> = readings
            .map(|of| json!([of["sensor_type"], of["value"], of["unit"], of["raw_data"]]).to_string())
            .collect();
        readings.sort();
        shown.push(readings);
    }
    assert_eq!(shown[0], shown[1]);
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

also_on_postgres!("texts.rs", [
    odd_text_in_any_field_breaks_nothing_and_comes_back_as_it_is,
    odd_text_finds_what_has_it_and_nothing_else,
], but not [
    odd_text_in_any_parameter_breaks_nothing_and_is_answered_alike_by_both_databases,
    odd_text_in_a_file_breaks_nothing_and_is_answered_alike_by_both_databases,
]);
