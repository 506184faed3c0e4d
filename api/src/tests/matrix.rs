//! Who may do what: each operation of the description, asked as everybody.
//!
//! The expected answers follow from the operation's `x-role` and `x-scope`; [`world`] has what it is asked about. An operation
//! that needs a body that is not there, or an id of an unknown kind of thing, fails: a new route cannot be forgotten.
//!
//! Who is refused learns nothing: an outsider gets for an id that is somebody's exactly what they get for one that is nobody's, and so
//! does an owner who puts another tenant's id among their own. And nothing is changed: everything that can be read is read before
//! and after. What is answered to those who may names nothing of another tenant's.

pub(super) mod world;

use uuid::Uuid;

use self::world::{Who, World};
use super::*;

/// An operation of the document.
struct Operation {
    id: String,
    method: Method,
    path: String,
    tag: String,
    role: String,
    scope: Option<String>,
    required: Vec<String>,
    has_body: bool,
}

/// What is asked: an address and a body.
#[derive(Clone, PartialEq)]
struct Question {
    path: String,
    body: Option<Value>,
}

fn operations(document: &Value) -> Vec<Operation> {
    let read = |(method, path, operation): (Method, &str, &Value)| {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let required = parameters.filter(|p| p["in"] == "query" && p["required"] == true);
        Operation {
            id: text(&operation["operationId"]),
            tag: text(&operation["tags"][0]),
            role: text(&operation["x-role"]),
            scope: operation["x-scope"].as_str().map(str::to_owned),
            required: required.map(|parameter| text(&parameter["name"])).collect(),
            has_body: operation["requestBody"].is_object(),
            path: path.to_owned(),
            method,
        }
    };
    openapi::operations(document).map(read).collect()
}

impl Operation {
    /// What they ask about this world.
    fn question(&self, world: &World, who: Who) -> Question {
        let mut path = world.address(&self.path, who);
        let query = world.query(&self.id);
        for name in &self.required {
            assert!(query.contains(&format!("{name}=")), "the matrix has no {name} for {}", self.id);
        }
        if !query.is_empty() {
            path = format!("{path}?{query}");
        }
        Question { path, body: self.has_body.then(|| world.body(&self.id)) }
    }

    /// The status, or 2 for any that says yes, that is answered to somebody.
    fn expected(&self, who: Who) -> u16 {
        // a link opens what is for links, and nothing else opens that
        if who == Who::Link {
            return if ["anonymous", "share_link"].contains(&self.role.as_str()) { 2 } else { 401 };
        }
        if let Some(scope) = who.scope()
            && self.path.starts_with("/api/v1/")
        {
            // every token may read what its owner may; what no scope is for takes a session
            let fits = self.scope.as_deref().is_some_and(|needed| needed == "read" || needed == scope.name());
            return if fits { 2 } else { 403 };
        }
        let lowest = match self.role.as_str() {
            "anonymous" => return 2,
            "share_link" => return 401,
            "any" if who == Who::Anonymous => return 401,
            "any" => return 2,
            "user" => Who::User,
            // whom it is about, and who made it, is the same member
            "creator" | "oneself" => Who::Maker,
            "admin" => Who::Admin,
            "owner" => Who::Owner,
            role => panic!("unknown role {role}"),
        };
        match who {
            Who::Anonymous => 401,
            Who::Outsider => 404,
            who if who < lowest => 403,
            _ => 2,
        }
    }
}

impl Server {
    async fn ask(&self, operation: &Operation, question: &Question, token: Option<&str>) -> Answer {
        let mut request = Request::builder().method(operation.method.clone()).uri(&question.path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        // a body that is text has a line for each
        let (kind, body) = match &question.body {
            Some(Value::String(lines)) => ("application/x-ndjson", lines.clone()),
            Some(body) => ("application/json", body.to_string()),
            None => return self.send(request.body(Body::empty()).unwrap()).await,
        };
        self.send(request.header(header::CONTENT_TYPE, kind).body(body.into()).unwrap()).await
    }

    /// Everything that these can read of a world.
    async fn all(&self, operations: &[Operation], world: &World, as_whom: &[Who]) -> Vec<(String, Value)> {
        let mut read = Vec::new();
        for operation in operations.iter().filter(|of| of.method == Method::GET && !changes_by_itself(&of.id))
        {
            for who in as_whom {
                let question = operation.question(world, *who);
                let answer = self.ask(operation, &question, world.token(*who)).await;
                read.push((format!("{} {who:?}", operation.id), answer.body));
            }
        }
        read
    }
}

/// Counters and clocks go on without anybody's doing.
fn changes_by_itself(operation: &str) -> bool {
    // the place of a sensor is the log's, which readings of anybody move on
    let live = ["watch_widget", "poll_widget", "watch_shared_widget", "poll_shared_widget"];
    let clocks = ["flow_metrics", "show_widget_data", "show_shared_data", "bucket_readings"];
    ["alive", "ready", "metrics"].contains(&operation)
        || clocks.contains(&operation)
        || live.contains(&operation)
}

/// With every id of the world in it replaced by one that is nobody's.
fn astray(question: &Question, world: &World) -> Option<Question> {
    let nobody = Uuid::from_u128(7).to_string();
    let replaced =
        |text: &str| world.ids().iter().fold(text.to_owned(), |text, id| text.replace(id, &nobody));
    let body = question.body.as_ref().map(|body| serde_json::from_str(&replaced(&body.to_string())).unwrap());
    let other = Question { path: replaced(&question.path), body };
    (other != *question).then_some(other)
}

/// Replaces an id in a body, but not in a diagram.
fn replace(body: &mut Value, from: &str, to: &str) {
    match body {
        Value::Object(fields) => {
            let fields = fields.iter_mut().filter(|(name, _)| *name != "nodes");
            fields.for_each(|(_, field)| replace(field, from, to));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, from, to)),
        Value::String(text) if text == from => *text = to.to_owned(),
        _ => {}
    }
}

/// The questions that have one id of the world replaced, in the address or in a field of the body: by the same kind of thing of
/// another tenant, and by nobody's. What a diagram's nodes name is looked at when it is deployed, so a draft may name anything.
fn mixed(question: &Question, mine: &World, theirs: &World) -> Vec<[Question; 2]> {
    let replaced = |from: &str, to: &str| {
        let mut other = question.clone();
        other.path = other.path.replace(from, to);
        other.body.iter_mut().for_each(|body| replace(body, from, to));
        other
    };
    let nobody = Uuid::from_u128(7).to_string();
    let pairs = mine.ids().into_iter().zip(theirs.ids());
    let questions = pairs.map(|(mine, theirs)| [replaced(&mine, &theirs), replaced(&mine, &nobody)]);
    questions.filter(|[other, _]| other != question).collect()
}

async fn check(tag: &str, backend: Backend) {
    let server = server_on(backend).await;
    // whom a login can be tried with
    server.sign_up("ada@example.org").await;
    let all = operations(&server.document);
    let mut wrong = Vec::new();
    for operation in all.iter().filter(|operation| operation.tag == tag) {
        refused(&server, &all, operation, &mut wrong).await;
        allowed(&server, &all, operation, &mut wrong).await;
    }
    assert!(all.iter().any(|operation| operation.tag == tag), "no operation is about {tag}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Asks as everybody who may not, and checks that it is as if they had not asked.
async fn refused(server: &Server, all: &[Operation], operation: &Operation, wrong: &mut Vec<String>) {
    let (world, theirs) = (World::make(server).await, World::make(server).await);
    let before = server.all(all, &world, &[Who::Owner, Who::User, Who::Outsider, Who::Link]).await;
    let id = &operation.id;
    for who in Who::ALL.into_iter().filter(|who| operation.expected(*who) > 2) {
        let (expected, token) = (operation.expected(who), world.token(who));
        let question = operation.question(&world, who);
        let answer = server.ask(operation, &question, token).await;
        if answer.status != expected {
            wrong.push(format!("{id} as {who:?} is {} and not {expected}: {}", answer.status, answer.body));
        }
        // to who shows no link it does not matter what they name
        if who == Who::Outsider && operation.role != "share_link" {
            let astray = astray(&question, &world).expect("nothing in the question is the world's");
            let other = server.ask(operation, &astray, token).await;
            let same =
                (other.status, &other.body, &other.headers) == (answer.status, &answer.body, &answer.headers);
            if !same {
                wrong.push(format!("{id} tells somebody's {} from nobody's {}", answer.body, other.body));
            }
        }
    }
    if operation.role != "anonymous" {
        let asker = if operation.role == "share_link" { Who::Link } else { Who::Owner };
        let question = operation.question(&world, asker);
        for [theirs, nobodys] in mixed(&question, &world, &theirs) {
            let token = world.token(asker);
            let answer = server.ask(operation, &theirs, token).await;
            let other = server.ask(operation, &nobodys, token).await;
            let same = (answer.status, unnamed(&answer)) == (other.status, unnamed(&other));
            if !is_refusal(&answer) || !same {
                let asked = format!("{} {:?}", theirs.path, theirs.body);
                let told = format!("{}: {}, and with nobody's {}", answer.status, answer.body, other.body);
                wrong.push(format!("{id} with another tenant's {asked} is {told}"));
            }
        }
    }
    let after = server.all(all, &world, &[Who::Owner, Who::User, Who::Outsider, Who::Link]).await;
    wrong.extend(changed(&before, &after).map(|of| format!("{id} changed {of} for who may not")));
}

/// Whether it says no: as a whole, or to each thing that was asked about.
fn is_refusal(answer: &Answer) -> bool {
    let refuses = |line: &Value| line["status"].as_u64().is_some_and(|status| (400..500).contains(&status));
    answer.status.is_client_error() || (is_line_by_line(answer) && answer.lines().iter().all(refuses))
}

/// What is answered, but for the ids of the things that were asked about, where each is answered by itself.
fn unnamed(answer: &Answer) -> Vec<Value> {
    if !is_line_by_line(answer) {
        return vec![answer.body.clone()];
    }
    let mut lines = answer.lines();
    lines.iter_mut().filter_map(Value::as_object_mut).for_each(|line| drop(line.remove("id")));
    lines
}

fn is_line_by_line(answer: &Answer) -> bool {
    answer.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/x-ndjson")
}

fn changed<'a>(before: &'a [(String, Value)], after: &'a [(String, Value)]) -> impl Iterator<Item = &'a str> {
    before.iter().zip(after).filter(|(before, after)| before != after).map(|((of, _), _)| of.as_str())
}

/// Asks as everybody who may, each in a world of their own: what one removed the next could not.
/// What everybody may ask leaves the worlds of others as they are.
async fn allowed(server: &Server, all: &[Operation], operation: &Operation, wrong: &mut Vec<String>) {
    for who in Who::ALL.into_iter().filter(|who| operation.expected(*who) == 2) {
        let world = World::make(server).await;
        let others = if who <= Who::Outsider { &[Who::Owner, Who::User][..] } else { &[] };
        let before = server.all(all, &world, others).await;
        let answer = server.ask(operation, &operation.question(&world, who), world.token(who)).await;
        if !answer.status.is_success() {
            wrong.push(format!("{} as {who:?} is {}: {}", operation.id, answer.status, answer.body));
        }
        // where each thing is answered by itself, it is named as it was asked about
        let told = Value::Array(unnamed(&answer)).to_string();
        if let Some(id) = world.strange_id(who, &told) {
            wrong
                .push(format!("{} tells {who:?} of {id}, which is another's: {}", operation.id, answer.body));
        }
        let after = server.all(all, &world, others).await;
        wrong.extend(changed(&before, &after).map(|of| format!("{} as {who:?} changed {of}", operation.id)));
    }
}

#[tokio::test]
async fn accounts_are_asked_as_everybody() {
    check("account", Backend::Embedded).await;
}

#[tokio::test]
async fn accounts_are_asked_as_everybody_on_postgres() {
    check("account", Backend::Postgres).await;
}

#[tokio::test]
async fn organizations_are_asked_as_everybody() {
    check("organizations", Backend::Embedded).await;
}

#[tokio::test]
async fn organizations_are_asked_as_everybody_on_postgres() {
    check("organizations", Backend::Postgres).await;
}

#[tokio::test]
async fn projects_are_asked_as_everybody() {
    check("projects", Backend::Embedded).await;
}

#[tokio::test]
async fn projects_are_asked_as_everybody_on_postgres() {
    check("projects", Backend::Postgres).await;
}

#[tokio::test]
async fn devices_are_asked_as_everybody() {
    check("devices", Backend::Embedded).await;
}

#[tokio::test]
async fn devices_are_asked_as_everybody_on_postgres() {
    check("devices", Backend::Postgres).await;
}

#[tokio::test]
async fn readings_are_asked_as_everybody() {
    check("readings", Backend::Embedded).await;
}

#[tokio::test]
async fn readings_are_asked_as_everybody_on_postgres() {
    check("readings", Backend::Postgres).await;
}

#[tokio::test]
async fn flows_are_asked_as_everybody() {
    check("flows", Backend::Embedded).await;
}

#[tokio::test]
async fn flows_are_asked_as_everybody_on_postgres() {
    check("flows", Backend::Postgres).await;
}

#[tokio::test]
async fn dashboards_are_asked_as_everybody() {
    check("dashboards", Backend::Embedded).await;
}

#[tokio::test]
async fn dashboards_are_asked_as_everybody_on_postgres() {
    check("dashboards", Backend::Postgres).await;
}

#[tokio::test]
async fn what_machines_ask_is_asked_as_everybody() {
    check("operations", Backend::Embedded).await;
}

#[tokio::test]
async fn what_machines_ask_is_asked_as_everybody_on_postgres() {
    check("operations", Backend::Postgres).await;
}

#[tokio::test]
async fn no_tag_is_left_out() {
    let server = server().await;
    let tags = server.document["tags"].as_array().unwrap().iter().map(|tag| text(&tag["name"]));
    let mut tags: Vec<_> = tags.collect();
    tags.sort();
    let asked =
        ["account", "dashboards", "devices", "flows", "operations", "organizations", "projects", "readings"];
    assert_eq!(tags, asked, "a tag needs a test above");
}
