//! The description of the API: OpenAPI 3.1, made from what stands at the handlers.
//!
//! A handler says what only it can know: its parameters, its body, what it answers when all is well, who may ask (`x-role`, a
//! [`Role`]) and which scope an API token needs (`x-scope`). What follows from that for every route is added here: how one says who
//! one is, and which problems are answered. What is described is what holds: a parameter or an `If-Match` that a route does not describe
//! is refused ([`crate::page::refuse_ignored`]), and the tests ask each route as everybody whom its `x-role` and `x-scope` let in or keep out.

pub mod problem;

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderValue, Method};
use edgesync_schemas::entity;
use edgesync_schemas::entity::api_token::Scope;
use edgesync_schemas::limit;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

/// Who may ask. `x-role` of each operation is one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everybody, logged in or not.
    Anonymous,
    /// Who is logged in: the answer is about what is theirs.
    Any,
    /// A member of the organization that the thing is in, or comes into.
    User,
    /// Who made the thing, or an admin of its organization.
    Creator,
    /// The member that it is about, or an admin.
    Oneself,
    /// An admin of the organization, its owner among them.
    Admin,
    /// The owner of the organization.
    Owner,
    /// Whoever shows the token of a share link, and nobody else.
    ShareLink,
}

/// What stands at the head of the document.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "EdgeSync",
        description = PROSE,
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(
        crate::error::Body,
        edgesync_schemas::id::OrganizationId,
        edgesync_schemas::id::UserId,
        edgesync_schemas::id::ProjectId,
        edgesync_schemas::id::DeviceId,
        edgesync_schemas::id::FlowId,
        edgesync_schemas::id::ExecutionId,
        edgesync_schemas::id::DashboardId,
        edgesync_schemas::id::WidgetId,
        edgesync_schemas::id::TokenId,
        edgesync_schemas::id::ShareLinkId,
        edgesync_schemas::sensor::SensorName,
    )),
    tags(
        (name = "account", description = "Signing up, logging in, one's own account"),
        (name = "organizations", description = "Tenants, and who belongs to them"),
        (name = "projects", description = "Groups of flows, devices and dashboards"),
        (name = "devices", description = "What sends readings"),
        (name = "readings", description = "What was sent"),
        (name = "flows", description = "Diagrams that compute over readings as they come"),
        (name = "dashboards", description = "What people look at"),
        (name = "operations", description = "What machines ask about the server"),
    ),
)]
struct Head;

const PROSE: &str = include_str!("openapi.md");

/// The document before any route is in it.
pub fn head() -> OpenApi {
    Head::openapi()
}

/// What the API is, as it is served and as it is enforced.
#[derive(Debug)]
pub struct Description {
    /// The document.
    pub json: Bytes,
    /// Its entity tag: a hash.
    pub etag: HeaderValue,
    operations: HashMap<String, HashMap<Method, Arc<Operation>>>,
}

/// What one operation says of itself. An `Arc` of it is among the extensions of each request below `/api/v1`, so that whoever asks is
/// held against what is described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The parameters it takes behind the question mark, in the order of the document.
    pub parameters: Vec<Parameter>,
    /// Whether it heeds `If-Match`.
    pub heeds_version: bool,
    /// The orders that its list can be asked for in.
    pub orders: Vec<String>,
    /// `x-scope`: the scope that an API token needs; none if it takes a session.
    pub scope: Option<Scope>,
}

/// A parameter behind the question mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Characters that it has at most, if that is described.
    pub max_chars: Option<u64>,
}

impl Description {
    /// Of the routes that were collected.
    pub fn of(routes: OpenApi) -> Self {
        let document = document(routes);
        let mut operations = HashMap::new();
        for (path, item) in members(&document["paths"]) {
            let of_path = members(item).filter_map(|(method, operation)| {
                Some((method.to_uppercase().parse().ok()?, Arc::new(Operation::of(operation))))
            });
            operations.insert(path.clone(), of_path.collect());
        }
        // Maps with text keys: there is nothing in them that JSON cannot say.
        let mut json = serde_json::to_vec_pretty(&document).unwrap_or_default();
        json.push(b'\n');
        let hash: String = Sha256::digest(&json).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let etag = HeaderValue::try_from(format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"\""));
        Self { json: json.into(), etag, operations }
    }

    /// What is said of the operation; `path` as it stands in the document.
    pub fn operation(&self, method: &Method, path: &str) -> Option<&Arc<Operation>> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.operations.get(path)?.get(method)
    }
}

impl Operation {
    fn of(operation: &Value) -> Self {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let heeds_version = parameters.clone().any(|parameter| parameter["name"] == "If-Match");
        let query: Vec<_> = parameters.filter(|parameter| parameter["in"] == "query").collect();
        let sort = query.iter().find(|parameter| parameter["name"] == "sort");
        let orders = sort.and_then(|sort| sort["schema"]["enum"].as_array()).into_iter().flatten();
        Self {
            heeds_version,
            parameters: query.iter().filter_map(|parameter| Parameter::of(parameter)).collect(),
            orders: orders.filter_map(|order| order.as_str().map(str::to_owned)).collect(),
            scope: operation["x-scope"].as_str().and_then(|name| entity::from_name(name).ok()),
        }
    }
}

impl Parameter {
    fn of(parameter: &Value) -> Option<Self> {
        let name = parameter["name"].as_str()?.to_owned();
        Some(Self { name, max_chars: parameter["schema"]["maxLength"].as_u64() })
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The whole document: the routes, and what holds for all of them.
fn document(routes: OpenApi) -> Value {
    let mut document = serde_json::to_value(routes).unwrap_or_default();
    let mut bodies = Vec::new();
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut() {
                complete(path, method, operation);
                bodies.extend(body(operation));
            }
        }
    }
    open(&mut document["components"]["schemas"]);
    for name in bodies {
        close(&mut document["components"]["schemas"][name]);
    }
    refer_to_entries(&mut document["components"]["schemas"]);
    document["components"]["responses"] = Value::Object(PROBLEMS.iter().map(described).collect());
    document["components"]["securitySchemes"] = json!({
        "bearer": {"type": "http", "scheme": "bearer",
            "description": "The token of a session, an API token, or where `x-role` is `share_link` that of a share link."},
        "cookie": {"type": "apiKey", "in": "cookie", "name": crate::auth::COOKIE,
            "description": "The session of a browser. A request that changes something must come from a page of the same host."},
    });
    document
}

/// The problems that operations answer: status, name, and what it says.
const PROBLEMS: &[(u16, &str, &str)] = &[
    (400, "BadRequest", "The address, a header or the JSON cannot be understood; `detail` names what."),
    (401, "Unauthorized", "It is not said, or not believed, who asks."),
    (403, "Forbidden", "Known, and not allowed: the role, the token's scope or a limit; `code` says which."),
    (404, "NotFound", "There is no such thing for the one who asks."),
    (408, "BodyTimeout", "The body did not come in time."),
    (409, "Conflict", "It clashes with what is there; `errors` name the fields that are taken."),
    (412, "VersionConflict", "Somebody saved in between: the version is not the one of `If-Match`."),
    (413, "BodyTooLarge", "The body has too many bytes."),
    (415, "UnsupportedMediaType", "The body is not said to be of a kind that is taken."),
    (
        422,
        "ValidationFailed",
        "The body is JSON, but not what it should be; `errors` name every field that is wrong.",
    ),
    (429, "TooManyRequests", "Not so often; `Retry-After` says when."),
    (500, "Internal", "The server failed; its log says why."),
    (
        503,
        "Busy",
        "Too much is going on right now; `Retry-After` says when to try again. With the `code` `outcome_unknown` a change may have been \
         done: sent again with the same `Idempotency-Key` it is not done twice.",
    ),
];

fn described(&(status, name, says): &(u16, &str, &str)) -> (String, Value) {
    let schema = json!({"$ref": "#/components/schemas/Problem"});
    let mut response =
        json!({"description": says, "content": {"application/problem+json": {"schema": schema}}});
    let header = match status {
        401 => Some(("WWW-Authenticate", json!({"schema": {"const": "Bearer"}}))),
        429 | 503 => Some(("Retry-After", json!({"description": "seconds", "schema": {"type": "integer"}}))),
        _ => None,
    };
    if let Some((name, header)) = header {
        response["headers"][name] = header;
    }
    (name.to_owned(), response)
}

/// Adds what follows from what the handler said.
fn complete(path: &str, method: &str, operation: &mut Map<String, Value>) {
    let (role, scope) = (operation.shift_remove("x-role"), operation.shift_remove("x-scope"));
    let anonymous = role == Some(json!(Role::Anonymous));
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    let mut has_version = false;
    for parameter in parameters.into_iter().flatten() {
        without_null(&mut parameter["schema"]);
        has_version |= parameter["name"] == "If-Match";
    }
    let has_body = operation.contains_key("requestBody");
    if let Some(body) = operation.get_mut("requestBody").filter(|body| body["required"] != true) {
        // it may be absent, but it is no null
        body.pointer_mut("/content/application~1json/schema").into_iter().for_each(without_null);
    }
    let is_api = path.starts_with("/api/v1/");
    let takes_key = is_api && method == "post" && !path.starts_with("/api/v1/auth/");
    if takes_key && let Some(parameters) = operation.entry("parameters").or_insert(json!([])).as_array_mut() {
        parameters.push(idempotency_key());
    }
    let about_one =
        path.contains('{') || !matches!(role.as_ref().and_then(Value::as_str), Some("anonymous" | "any"));
    let answers = |status: u16| match status {
        400 => is_api,
        401 => !anonymous,
        // A token that is for other things is refused also where nobody needs one.
        403 => !anonymous || is_api || method != "get",
        404 => is_api && !anonymous && about_one,
        409 => takes_key,
        422 => has_body || takes_key,
        408 | 413 => has_body || takes_key,
        415 => has_body,
        412 => has_version,
        500 | 503 => is_api,
        _ => false,
    };
    if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
        for (status, name, _) in PROBLEMS.iter().filter(|(status, ..)| answers(*status)) {
            let reference = json!({"$ref": format!("#/components/responses/{name}")});
            responses.entry(status.to_string()).or_insert(reference);
        }
        if method == "post"
            && let Some(made) = responses.get_mut("201")
        {
            made["headers"]["Location"] =
                json!({"description": "Where it is.", "schema": {"type": "string"}});
        }
        responses.sort_keys();
    }
    let by_link = role == Some(json!(Role::ShareLink));
    let security = match (anonymous, by_link) {
        (true, _) => json!([]),
        (false, true) => json!([{"bearer": []}]),
        (false, false) => json!([{"bearer": []}, {"cookie": []}]),
    };
    operation.insert("security".to_owned(), security);
    operation.extend(role.map(|role| ("x-role".to_owned(), role)));
    operation.extend(scope.map(|scope| ("x-scope".to_owned(), scope)));
}

/// The header of a request that is to be done once.
fn idempotency_key() -> Value {
    let says = "Drawn by the client for this request: sent again with the same key it is not done again, and is answered as before.";
    let schema = json!({"type": "string", "minLength": 1, "maxLength": limit::IDEMPOTENCY_KEY_BYTES});
    json!({"name": "Idempotency-Key", "in": "header", "required": false, "description": says, "schema": schema})
}

/// A parameter that may be absent cannot be null: in an address there is no null.
fn without_null(schema: &mut Value) {
    if let Some(kinds) = schema["type"].as_array() {
        let kind = kinds.iter().find(|kind| *kind != "null").cloned();
        schema["type"] = kind.unwrap_or_default();
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let choice = choices.iter().find(|choice| choice["type"] != "null").cloned();
        *schema = choice.unwrap_or_default();
    }
    if let Some(map) = schema.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
}

/// A page's entries are a schema of their own: says its name instead of saying it again.
fn refer_to_entries(schemas: &mut Value) {
    let known = schemas.clone();
    for (name, page) in schemas.as_object_mut().into_iter().flatten() {
        let Some(entry) = name.strip_prefix("Page_") else { continue };
        let entries = &mut page["properties"]["items"]["items"];
        if known.get(entry) == Some(&*entries) {
            *entries = json!({"$ref": format!("#/components/schemas/{entry}")});
        }
    }
}

/// The name of the schema of an operation's JSON body.
fn body(operation: &Map<String, Value>) -> Option<String> {
    let schema = &operation.get("requestBody")?["content"]["application/json"]["schema"];
    let name = schema["$ref"].as_str()?.strip_prefix("#/components/schemas/")?;
    Some(name.to_owned())
}

/// Says of objects of which nothing is said that they take anything: generators of clients take them for empty otherwise.
fn open(schemas: &mut Value) {
    match schemas {
        Value::Object(map) => {
            let is_object = match map.get("type") {
                Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
                kind => kind.is_some_and(|kind| kind == "object"),
            };
            if is_object && !map.contains_key("properties") && !map.contains_key("additionalProperties") {
                map.insert("additionalProperties".to_owned(), true.into());
            }
            map.values_mut().for_each(open);
        }
        Value::Array(list) => list.iter_mut().for_each(open),
        _ => {}
    }
}

/// Says of a body's schema that it takes nothing else.
fn close(schema: &mut Value) {
    let word = if schema["allOf"].is_array() { "unevaluatedProperties" } else { "additionalProperties" };
    if let Some(map) = schema.as_object_mut() {
        map.retain(|_, value| !value.is_null());
        map.insert(word.to_owned(), false.into());
    }
}
