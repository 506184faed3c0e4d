//! Pages, orders and cursors of every list that the description has.

use edgesync_schemas::entity::device::DeviceStatus;
use edgesync_schemas::entity::execution::{ExecutionTrigger, NodeScope};
use edgesync_schemas::entity::session::Origin;
use edgesync_storage::catalog::{NodeRecord, Presence};

use super::matrix::world::{Who, World};
use super::*;

/// A list that comes in pages.
#[derive(Debug)]
struct List {
    operation: String,
    /// Up to where `limit` may follow.
    path: String,
    /// What `sort` may be.
    orders: Vec<String>,
}

/// Those of the description.
fn lists(server: &Server, world: &World) -> Vec<List> {
    let lists = openapi::operations(&server.document).filter(|(method, ..)| method == Method::GET);
    let paged = lists.filter_map(|(_, path, operation)| {
        let parameters = operation["parameters"].as_array()?;
        let named = |name: &str| parameters.iter().find(|parameter| parameter["name"] == name);
        named("cursor")?;
        let orders = named("sort").map(|sort| sort["schema"]["enum"].as_array().unwrap());
        let orders = orders.into_iter().flatten().map(text).collect();
        let operation = text(&operation["operationId"]);
        let query = world.query(&operation);
        let path =
            format!("{}?{query}{}", world.address(path, Who::Owner), if query.is_empty() { "" } else { "&" });
        Some(List { operation, path, orders })
    });
    paged.collect()
}

/// Entries that were made in this process.
static ADDED: AtomicU32 = AtomicU32::new(0);

/// Makes an entry of a list.
async fn add(server: &Server, world: &World, list: &List) {
    let n = ADDED.fetch_add(1, Ordering::Relaxed);
    let send = async |method: Method, path: String, body: Value| {
        let path = format!("/api/v1/{path}");
        let answer = server.call(method, &path, world.token(Who::Owner), Some(body)).await;
        assert!(answer.status.is_success(), "{path}: {:#}", answer.body);
        answer.body
    };
    // In the order of names they come anywhere.
    let named = |operation: &str| {
        let mut body = world.body(operation);
        body["name"] = json!(format!("{}{n}", ["m", "Z", "~", "a", "é"][n as usize % 5]));
        body
    };
    let device = async || {
        let made = send(Method::POST, "devices".to_owned(), named("create_device")).await;
        text(&made["device"]["id"])
    };
    let member = async || {
        let email = world.email(&format!("member{n}"));
        let made = server.state.catalog.sign_up(&email, &n.to_string(), String::new()).await.unwrap();
        let path = format!("organizations/{}/members", world.organization);
        send(Method::POST, path, json!({"email": email, "role": "user"})).await;
        made.user.id
    };
    match list.operation.as_str() {
        "list_organizations" => {
            drop(send(Method::POST, "organizations".to_owned(), named("create_organization")).await)
        }
        "list_projects" => drop(send(Method::POST, "projects".to_owned(), named("create_project")).await),
        "list_flows" => drop(send(Method::POST, "flows".to_owned(), named("create_flow")).await),
        "list_dashboards" => {
            drop(send(Method::POST, "dashboard-templates".to_owned(), named("create_dashboard")).await);
        }
        "list_devices" => {
            let (id, last_seen) = (device().await.parse().unwrap(), samples::ago(i64::from(n * 7919 % 1000)));
            let seen = Presence { device: id, last_seen, status: DeviceStatus::Offline };
            if n.is_multiple_of(2) {
                server.state.catalog.touch_devices(vec![seen], &[]).await.unwrap();
            }
        }
        "list_project_devices" => {
            let path = format!("projects/{}/devices/{}", world.project, device().await);
            send(Method::PUT, path, json!({})).await;
        }
        "list_device_history" | "list_device_events" => {
            let path = format!("devices/{}", world.device);
            send(Method::PATCH, path, json!({"description": n.to_string()})).await;
        }
        "list_members" => drop(member().await),
        "list_permissions" => {
            let path = format!("dashboard-templates/{}/permissions/{}", world.dashboard, member().await);
            send(Method::PUT, path, json!({"permission": "admin"})).await;
        }
        "list_api_tokens" => {
            drop(send(Method::POST, "me/api-tokens".to_owned(), world.body("create_api_token")).await);
        }
        "list_sessions" | "my_audit" => {
            let owner = world.users[4].parse().unwrap();
            server.state.catalog.create_session(owner, Origin::default()).await.unwrap();
        }
        "organization_audit" => {
            let path = format!("organizations/{}", world.organization);
            send(Method::PATCH, path, json!({"description": n.to_string()})).await;
        }
        "list_readings" => {
            let at = samples::ago(i64::from(n * 7919 % 1000));
            server.store(&world.device, "t", &[(at, "1")]).await;
        }
        "list_flow_versions" => {
            let (flow, drawn) = (world.flow.parse().unwrap(), json!({"nodes": [], "edges": []}));
            server.state.catalog.set_flow_deployed(None, flow, n + 10, &drawn).await.unwrap();
        }
        "list_executions" => {
            let trigger = ExecutionTrigger::Manual;
            server.state.catalog.begin_execution(world.flow.parse().unwrap(), n, trigger).await.unwrap();
        }
        "list_node_executions" => {
            let (scope, flow) = (NodeScope::Sample, world.flow.parse().unwrap());
            let record = NodeRecord { flow, version: 1, scope, work: executions::work(&n.to_string()) };
            server.state.catalog.record_executions(&[], vec![record]).await.unwrap();
        }
        "list_flow_series" | "list_flow_rows" => {
            let is_series = list.operation == "list_flow_series";
            let (name, at) = if is_series {
                (format!("s{}", n * 7919 % 1000), 0)
            } else {
                ("kept".to_owned(), n * 7919 % 1000)
            };
            world.keep(server, &name, samples::ago(i64::from(at)), 1.0).await;
        }
        "list_dead_letters" => {
            server.state.catalog.add_dead_letters(&[world.letter(&n.to_string())]).await.unwrap();
        }
        operation => panic!("nothing makes an entry of {operation}: add it here"),
    }
}

/// Removes an entry of a list that [`add`] made. False of lists whose entries go by themselves only.
async fn remove(server: &Server, world: &World, list: &List, id: &Value) -> bool {
    let path = match list.operation.as_str() {
        "list_organizations" => "organizations".to_owned(),
        "list_projects" => "projects".to_owned(),
        "list_flows" => "flows".to_owned(),
        "list_dashboards" => "dashboard-templates".to_owned(),
        "list_devices" | "list_project_devices" => "devices".to_owned(),
        "list_members" => format!("organizations/{}/members", world.organization),
        "list_permissions" => format!("dashboard-templates/{}/permissions", world.dashboard),
        "list_api_tokens" => "me/api-tokens".to_owned(),
        "list_sessions" => "me/sessions".to_owned(),
        _ => return false,
    };
    let path = format!("/api/v1/{path}/{}", text(id));
    server.call(Method::DELETE, &path, world.token(Who::Owner), None).await.is(204);
    true
}

async fn page(server: &Server, world: &World, path: &str) -> (Vec<Value>, Option<String>) {
    let page = server.call(Method::GET, path, world.token(Who::Owner), None).await.is(200);
    (page["items"].as_array().unwrap().clone(), page["next"].as_str().map(str::to_owned))
}

fn ids(entries: &[Value]) -> Vec<Value> {
    let id = |entry: &Value| {
        let named =
            ["id", "user_id", "version", "name", "timestamp"].into_iter().find_map(|name| entry.get(name));
        named.unwrap_or(&Value::Null).clone()
    };
    entries.iter().map(id).collect()
}

#[tokio::test]
async fn what_is_made_or_removed_between_pages_makes_nothing_come_twice_or_be_left_out() {
    let server = server().await;
    let world = World::make(&server).await;
    server.allow_devices(&world.email("owner"), 1000).await;
    let lists = lists(&server, &world);
    let mut removed = 0;
    for list in &lists {
        let kept = ids(&page(&server, &world, &list.path).await.0);
        for order in std::iter::once("").chain(list.orders.iter().map(String::as_str)) {
            for _ in 0..5 {
                add(&server, &world, list).await;
            }
            let path = format!(
                "{}{}&",
                list.path,
                if order.is_empty() { order.to_owned() } else { format!("sort={order}") }
            );
            let (whole, next) = page(&server, &world, &format!("{path}limit=500")).await;
            assert_eq!(next, None);
            let (mut read, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
            loop {
                let (entries, next) = page(&server, &world, &format!("{path}limit=2{cursor}")).await;
                read.extend(ids(&entries));
                let Some(next) = next else { break };
                cursor = format!("&cursor={next}");
                pages += 1;
                if pages <= 3 {
                    add(&server, &world, list).await;
                    let last = read.last().unwrap();
                    if !kept.contains(last) && remove(&server, &world, list, last).await {
                        removed += 1;
                    }
                }
            }
            for (at, id) in read.iter().enumerate() {
                assert!(!read[..at].contains(id), "{path}: {id} came twice");
            }
            let left_out: Vec<_> = ids(&whole).into_iter().filter(|id| !read.contains(id)).collect();
            assert!(left_out.is_empty(), "{path}: {left_out:?} did not come");
        }
    }
    assert!(lists.len() >= 17 && removed > 30, "{} lists, {removed} removed", lists.len());
}

#[tokio::test]
async fn a_cursor_with_a_value_of_another_order_is_refused() {
    let server = server().await;
    let world = World::make(&server).await;
    server.allow_devices(&world.email("owner"), 1000).await;
    let mut refused = 0;
    let by_place = ["list_readings", "list_flow_rows", "list_flow_series"];
    for list in lists(&server, &world).iter().filter(|list| !by_place.contains(&&*list.operation)) {
        add(&server, &world, list).await;
        add(&server, &world, list).await;
        for order in std::iter::once("").chain(list.orders.iter().map(String::as_str)) {
            let path = format!("{}limit=1&sort={order}", list.path);
            let path = path.strip_suffix("&sort=").unwrap_or(&path);
            let next = page(&server, &world, path).await.1.unwrap();
            let right = match order.trim_start_matches('-') {
                "" => "",
                "name" => "n41",
                _ => "t5",
            };
            for value in ["", "n41", "t5"] {
                let path = format!("{path}&cursor={}{value}", &next[..49]);
                let answer = server.call(Method::GET, &path, world.token(Who::Owner), None).await;
                if value == right {
                    answer.is(200);
                } else {
                    assert!(answer.says("cursor must"), "{path}: {:#}", answer.body);
                    answer.refused(400, "invalid_parameter", &[]);
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 80, "{refused}");
}

#[tokio::test]
async fn every_list_has_1_to_500_entries_a_page() {
    let server = server().await;
    let world = World::make(&server).await;
    let lists = lists(&server, &world);
    assert!(lists.len() > 8, "{lists:?}");
    for List { path, .. } in lists {
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
    for List { path, orders, .. } in lists(&server, &world) {
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

also_on_postgres!(
    "lists.rs",
    [
        every_list_has_1_to_500_entries_a_page,
        a_sorted_list_comes_in_the_order_of_bytes_page_by_page,
        a_cursor_goes_with_its_list_its_filter_and_its_order_only,
        what_is_made_or_removed_between_pages_makes_nothing_come_twice_or_be_left_out,
        a_cursor_with_a_value_of_another_order_is_refused,
    ]
);
