//! Pages, orders and cursors of every list that the description has.

use super::matrix::world::{Who, World};
use super::*;

/// The lists that come in pages: address, and the orders that they take.
fn lists(server: &Server, world: &World) -> Vec<(String, Vec<String>)> {
    let lists = openapi::operations(&server.document).filter(|(method, ..)| method == Method::GET);
    let paged = lists.filter_map(|(_, path, operation)| {
        let parameters = operation["parameters"].as_array()?;
        let named = |name: &str| parameters.iter().find(|parameter| parameter["name"] == name);
        named("cursor")?;
        let orders = named("sort").map(|sort| sort["schema"]["enum"].as_array().unwrap());
        let orders = orders.into_iter().flatten().map(text).collect();
        let query = world.query(operation["operationId"].as_str()?);
        Some((
            format!("{}?{query}{}", world.address(path, Who::Owner), if query.is_empty() { "" } else { "&" }),
            orders,
        ))
    });
    paged.collect()
}

#[tokio::test]
async fn every_list_has_1_to_500_entries_a_page() {
    let server = server().await;
    let world = World::make(&server).await;
    let lists = lists(&server, &world);
    assert!(lists.len() > 8, "{lists:?}");
    for (path, _) in lists {
        let get = async |query: &str| {
            server.call(Method::GET, &format!("{path}{query}"), world.token(Who::Owner), None).await
        };
        for good in ["limit=1", "limit=500", "limit="] {
            get(good).await.is(200);
        }
        for wrong in
            ["0", "501", "-1", "1.5", "1e2", "0x10", "18446744073709551616", "ten", "%31%00", "%F0%9F%92%A9"]
        {
            let answer = get(&format!("limit={wrong}")).await;
            assert!(answer.says("limit"), "{path}{wrong}: {:#}", answer.body);
            answer.refused(400, "invalid_parameter", &[]);
        }
        for wrong in ["x", "b", "%00", "b0000000000000007"] {
            let answer = get(&format!("cursor={wrong}")).await;
            assert!(answer.says("cursor"), "{path}{wrong}: {:#}", answer.body);
            answer.refused(400, "invalid_parameter", &[]);
        }
    }
}

/// All entries, read in pages of two.
async fn all(server: &Server, world: &World, path: &str) -> Vec<Value> {
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("{path}&limit=2{cursor}");
        let page = server.call(Method::GET, &path, world.token(Who::Owner), None).await.is(200);
        entries.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else { return entries };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn a_sorted_list_comes_in_the_order_of_bytes_page_by_page() {
    let server = server().await;
    let world = World::make(&server).await;
    for name in ["Ähre", "apfel", "Zebra", "~", "a", "工場", "B", "aa"] {
        for operation in ["create_project", "create_device", "create_flow", "create_dashboard"] {
            let mut body = world.body(operation);
            body["name"] = json!(name);
            let path = match operation {
                "create_project" => "projects",
                "create_device" => "devices",
                "create_flow" => "flows",
                _ => "dashboard-templates",
            };
            server
                .call(Method::POST, &format!("/api/v1/{path}"), world.token(Who::Owner), Some(body))
                .await
                .is(201);
        }
    }
    let mut sorted = 0;
    for (path, orders) in lists(&server, &world) {
        let plain = all(&server, &world, &path).await;
        for order in &orders {
            let (key, descending) =
                order.strip_prefix('-').map_or((order.as_str(), false), |key| (key, true));
            let place = |entry: &Value| {
                let key = if key == "last_seen" && entry[key].is_null() { "created_at" } else { key };
                let value = text(&entry[key]);
                // times are of different lengths as text
                let time = value.parse::<edgesync_schemas::time::Timestamp>().map(|time| time.as_us());
                let id = entry.get("id").unwrap_or(&entry["user_id"]);
                (time.unwrap_or(0), if time.is_ok() { String::new() } else { value }, text(id))
            };
            let mut expected = plain.clone();
            expected.sort_by_key(place);
            if descending {
                expected.reverse();
            }
            assert_eq!(all(&server, &world, &format!("{path}sort={order}")).await, expected, "{path}{order}");
            sorted += 1;
        }
    }
    assert!(sorted >= 36, "{sorted}");
}

#[tokio::test]
async fn a_cursor_goes_with_its_list_its_filter_and_its_order_only() {
    let server = server().await;
    let world = World::make(&server).await;
    for _ in 0..2 {
        server
            .call(Method::POST, "/api/v1/flows", world.token(Who::Owner), Some(world.body("create_flow")))
            .await
            .is(201);
    }
    let get = async |path: &str| {
        server.call(Method::GET, &format!("/api/v1/{path}"), world.token(Who::Owner), None).await
    };
    let first = get("flows?limit=1&sort=name&q=g").await.is(200);
    let next = text(&first["next"]);
    get(&format!("flows?q=g&sort=name&limit=500&cursor={next}")).await.is(200);
    for other in [
        "flows?sort=name",
        "flows?sort=-name&q=g",
        "flows?q=g",
        "flows?sort=name&q=G",
        "dashboard-templates?sort=name&q=g",
    ] {
        let answer = get(&format!("{other}&cursor={next}")).await;
        assert!(answer.says("belongs to another list"), "{other}: {:#}", answer.body);
        answer.refused(400, "invalid_parameter", &[]);
    }
    for order in ["size", "-", "name,id", "--name", "last_seen", "NAME"] {
        let answer = get(&format!("flows?sort={order}")).await;
        let known = "must be one of name, -name, created_at, -created_at, updated_at, -updated_at";
        assert!(text(&answer.body["detail"]).ends_with(known), "{order}: {:#}", answer.body);
    }
}
