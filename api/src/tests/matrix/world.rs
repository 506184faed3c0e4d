//! What the matrix asks about: an organization with a member of each kind and a thing of each kind, and what new things are
//! made of.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use edgesync_schemas::entity::api_token::{ApiTokenInput, Scope};
use edgesync_schemas::entity::dead_letter::DeadLetter;
use edgesync_schemas::id::{FlowId, Id, Offset, UserId};
use edgesync_schemas::reading::Quality;
use edgesync_schemas::time::Timestamp;
use edgesync_storage::catalog::{Slice, Stopped};
use edgesync_storage::log::{Derived, DerivedOf, DerivedRow};
use uuid::Uuid;

use super::super::*;

/// Who asks. Of the members, each may do what the ones before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::tests) enum Who {
    /// Nobody is logged in.
    Anonymous,
    /// The owner of another organization.
    Outsider,
    /// A member.
    User,
    /// The member who made the flow and the dashboard, and whom a membership is about.
    Maker,
    /// An admin.
    Admin,
    /// The owner.
    Owner,
    /// A program with an API token of the owner's, of one scope. Only its scope keeps it from what the owner may.
    Read,
    /// As above.
    Write,
    /// As above.
    Devices,
    /// As above.
    Administer,
    /// Whoever has a share link of the dashboard, which its maker made.
    Link,
}

impl Who {
    pub(in crate::tests) const ALL: [Self; 11] = [
        Self::Anonymous,
        Self::Outsider,
        Self::User,
        Self::Maker,
        Self::Admin,
        Self::Owner,
        Self::Read,
        Self::Write,
        Self::Devices,
        Self::Administer,
        Self::Link,
    ];

    /// The scope of a program's token.
    pub(in crate::tests) fn scope(self) -> Option<Scope> {
        match self {
            Self::Read => Some(Scope::Read),
            Self::Write => Some(Scope::Write),
            Self::Devices => Some(Scope::Devices),
            Self::Administer => Some(Scope::Admin),
            _ => None,
        }
    }

    /// Which of the world's users it is.
    fn user(self) -> Option<usize> {
        (self as usize).checked_sub(1).map(|user| user.min(4))
    }
}

/// One of each.
pub(in crate::tests) struct World {
    pub(in crate::tests) users: Vec<String>,
    /// A session of each: starting one is noted in the audit log, so it is done before anything is compared.
    tokens: Vec<String>,
    /// Ids of these sessions, and of an API token of each.
    sessions: Vec<String>,
    api_tokens: Vec<String>,
    pub(in crate::tests) organization: String,
    pub(in crate::tests) project: String,
    pub(in crate::tests) device: String,
    pub(in crate::tests) flow: String,
    /// Of the flow, whose version 1 ran.
    execution: String,
    pub(in crate::tests) dashboard: String,
    widget: String,
    share_link: String,
    /// A word that no other world has.
    word: String,
}

/// An API token of one scope: its id, and the token.
async fn api_token(server: &Server, user: UserId, scope: Scope) -> (String, String) {
    let input =
        ApiTokenInput { name: "ci".to_owned(), scopes: vec![scope], organization_id: None, expires_at: None };
    let (token, secret) = server.state.catalog.create_api_token(user, input).await.unwrap();
    (token.id.to_string(), secret.reveal().to_owned())
}

/// Worlds of this process.
static WORLDS: AtomicU32 = AtomicU32::new(0);
/// The ids of their things.
static KNOWN: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl World {
    pub(in crate::tests) async fn make(server: &Server) -> Self {
        let word = format!("w{}", WORLDS.fetch_add(1, Ordering::Relaxed));
        let mut users = Vec::new();
        let (mut tokens, mut sessions, mut api_tokens) = (Vec::new(), Vec::new(), Vec::new());
        let mut organizations = Vec::new();
        for name in ["outsider", "user", "maker", "admin", "owner"] {
            // not by a signup: hashing a password takes longer than all the rest
            let email = format!("{name}@{word}.example");
            let made = server.state.catalog.sign_up(&email, name, "no hash".to_owned()).await.unwrap();
            users.push(made.user.id.to_string());
            tokens.push(made.token.reveal().to_owned());
            sessions.push(made.session.id.to_string());
            api_tokens.push(api_token(server, made.user.id, Scope::Read).await.0);
            organizations.push(made.organization.id.to_string());
            server.allow_devices(&email, 9).await;
        }
        let mut world = Self {
            users,
            tokens,
            sessions,
            api_tokens,
            organization: organizations.remove(4),
            project: String::new(),
            device: String::new(),
            flow: String::new(),
            execution: String::new(),
            dashboard: String::new(),
            widget: String::new(),
            share_link: String::new(),
            word,
        };
        for scope in [Scope::Read, Scope::Write, Scope::Devices, Scope::Admin] {
            let (_, token) = api_token(server, world.users[4].parse().unwrap(), scope).await;
            // its first use is noted in it
            server.call(Method::GET, "/api/v1/me", Some(&token), None).await.is(200);
            world.tokens.push(token);
        }
        for (name, role) in [("user", "user"), ("maker", "user"), ("admin", "admin")] {
            let member = json!({"email": format!("{name}@{}.example", world.word), "role": role});
            let path = format!("/api/v1/organizations/{}/members", world.organization);
            world.post(server, Who::Owner, &path, member).await;
        }
        let made = world.post(server, Who::Owner, "/api/v1/projects", world.named("plant")).await;
        world.project = text(&made["id"]);
        let made = world.post(server, Who::Owner, "/api/v1/devices", world.named("pump")).await;
        world.device = text(&made["device"]["id"]);
        world
            .put(server, Who::Owner, &format!("projects/{}/devices/{}", world.project, world.device), None)
            .await;
        let mut flow = world.body("create_flow");
        flow["name"] = json!("f");
        world.flow = text(&world.post(server, Who::Maker, "/api/v1/flows", flow).await["id"]);
        world.execution = world.run(server).await;
        let made = world.post(server, Who::Maker, "/api/v1/dashboard-templates", world.named("hall")).await;
        world.dashboard = text(&made["id"]);
        let permission = format!("dashboard-templates/{}/permissions/{}", world.dashboard, world.users[3]);
        world.put(server, Who::Maker, &permission, Some(json!({"permission": "user"}))).await;
        let widgets = format!("/api/v1/dashboard-templates/{}/widgets", world.dashboard);
        let mut widget = world.body("create_widget");
        widget["widget_id"] = json!("w");
        world.widget = text(&world.post(server, Who::Maker, &widgets, widget).await["id"]);
        let links = format!("/api/v1/dashboard-templates/{}/share-links", world.dashboard);
        let made = world.post(server, Who::Maker, &links, json!({"name": "wall"})).await;
        world.share_link = text(&made["share_link"]["id"]);
        world.tokens.push(text(&made["token"]));
        // its first use is noted in it
        server.call(Method::GET, "/api/v1/shared", world.token(Who::Link), None).await.is(200);
        KNOWN.lock().unwrap().extend(world.ids());
        world
    }

    /// Lets the flow have run, not in the cells: its execution, and a record that it could not handle.
    async fn run(&self, server: &Server) -> String {
        let catalog = &server.state.catalog;
        let (flow, maker): (FlowId, UserId) = (self.flow.parse().unwrap(), self.users[2].parse().unwrap());
        let drawn = &self.body("create_flow");
        let drawn = json!({"nodes": drawn["nodes"], "edges": drawn["edges"]});
        catalog.set_flow_deployed(Some(maker), flow, 1, &drawn).await.unwrap();
        catalog.set_flow_stopped(flow, Stopped::By(maker)).await.unwrap();
        catalog.add_dead_letters(&[self.letter("in")]).await.unwrap();
        let ran = catalog.executions(maker, flow, None, Slice::FIRST).await.unwrap().items.remove(0);
        self.keep(server, "kept", Timestamp::from_us(jiff::Timestamp::now().as_microsecond()).unwrap(), 1.0)
            .await;
        ran.id.to_string()
    }

    /// Lets the flow have stored a number.
    pub(in crate::tests) async fn keep(&self, server: &Server, name: &str, timestamp: Timestamp, num: f64) {
        let (offset, quality) = (Offset(0), Quality::GOOD);
        let row = DerivedRow { timestamp, offset, num, raw: None, unit: None, quality };
        let of = DerivedOf { name: name.parse().unwrap(), device: None, sensor: None };
        let kept = Derived { flow: self.flow.parse().unwrap(), of, row };
        assert!(server.state.log.put_derived(&Arc::new(vec![kept])).await.unwrap().is_empty());
    }

    /// A record that a node of its flow could not handle.
    pub(in crate::tests) fn letter(&self, node: &str) -> DeadLetter {
        DeadLetter {
            id: Id::from_uuid(Uuid::now_v7()),
            flow_id: self.flow.parse().unwrap(),
            version: 1,
            node_id: node.to_owned(),
            device_id: Some(self.device.parse().unwrap()),
            sensor_type: Some("t".to_owned()),
            timestamp: Timestamp::default(),
            offset: 7,
            value: json!("warm"),
            is_cut: false,
            code: "not_a_number".to_owned(),
            detail: "the value is no number".to_owned(),
            skipped: 0,
            at: Timestamp::default(),
        }
    }

    /// An id in this text that is none of theirs to see: of another world, or for who is no member of this one, of it.
    pub(in crate::tests) fn strange_id(&self, who: Who, text: &str) -> Option<String> {
        let own = if who > Who::Outsider { self.ids() } else { Vec::new() };
        let known = KNOWN.lock().unwrap();
        known.iter().find(|id| text.contains(id.as_str()) && !own.contains(id)).cloned()
    }

    async fn post(&self, server: &Server, who: Who, path: &str, body: Value) -> Value {
        server.call(Method::POST, path, self.token(who), Some(body)).await.is(201)
    }

    async fn put(&self, server: &Server, who: Who, path: &str, body: Option<Value>) {
        let answer = server.call(Method::PUT, &format!("/api/v1/{path}"), self.token(who), body).await;
        assert!(answer.status.is_success(), "{path}: {:#}", answer.body);
    }

    /// What they say who they are with.
    pub(in crate::tests) fn token(&self, who: Who) -> Option<&str> {
        self.tokens.get((who as usize).checked_sub(1)?).map(String::as_str)
    }

    /// The ids of its things, in the same order for each world.
    pub(in crate::tests) fn ids(&self) -> Vec<String> {
        let things = [
            &self.organization,
            &self.project,
            &self.device,
            &self.flow,
            &self.execution,
            &self.dashboard,
            &self.widget,
            &self.share_link,
        ];
        things
            .into_iter()
            .chain(&self.users[2..4])
            .chain([&self.sessions[4], &self.api_tokens[4]])
            .cloned()
            .collect()
    }

    /// What stands in an address after the name of a kind of thing.
    fn part(&self, kind: &str, who: Who) -> String {
        match kind {
            "sessions" => self.sessions[who.user().unwrap_or_default()].clone(),
            "api-tokens" => self.api_tokens[who.user().unwrap_or_default()].clone(),
            "organizations" => self.organization.clone(),
            "members" => self.users[2].clone(),
            // an admin's: who has a permission may give it up, and an admin may take it anyway
            "permissions" => self.users[3].clone(),
            "projects" => self.project.clone(),
            "devices" => self.device.clone(),
            "flows" => self.flow.clone(),
            "versions" => "1".to_owned(),
            "executions" => self.execution.clone(),
            "nodes" => "in".to_owned(),
            "dashboard-templates" => self.dashboard.clone(),
            "widgets" | "live" => self.widget.clone(),
            "share-links" => self.share_link.clone(),
            _ => panic!("the matrix has no {kind}: add one to the world"),
        }
    }

    /// An address about its things.
    pub(in crate::tests) fn address(&self, path: &str, who: Who) -> String {
        let mut kind = "";
        let parts = path.split('/').map(|part| match part.strip_prefix('{') {
            Some(_) => self.part(kind, who),
            None => {
                kind = part;
                part.to_owned()
            }
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// The address of one of its users.
    pub(in crate::tests) fn email(&self, name: &str) -> String {
        format!("{name}@{}.example", self.word)
    }

    /// What is asked behind the question mark, where an operation needs it.
    pub(in crate::tests) fn query(&self, operation: &str) -> String {
        let device = &self.device;
        match operation {
            "list_readings" | "latest_readings" | "import_readings" => format!("device={device}"),
            "bucket_readings" => format!("device={device}&bucket=1h"),
            "export_readings" => format!("device={device}&format=ndjson"),
            "list_flow_rows" => "name=kept".to_owned(),
            "bucket_flow_rows" => "from=0&to=3600000&bucket=1h".to_owned(),
            _ => String::new(),
        }
    }

    fn named(&self, name: &str) -> Value {
        json!({"organization_id": self.organization, "name": name})
    }

    /// A body that the operation takes.
    pub(in crate::tests) fn body(&self, operation: &str) -> Value {
        let source = json!({"mode": "read", "deviceUuid": self.device, "variable": "t"});
        let node = json!({"id": "in", "type": "device", "position": {"x": 0, "y": 0}, "data": source});
        match operation {
            "sign_up" => {
                let email = format!("new{}@{}.example", WORLDS.fetch_add(1, Ordering::Relaxed), self.word);
                json!({"email": email, "password": PASSWORD})
            }
            // the account is made by the matrix' first signup
            "log_in" => json!({"email": "ada@example.org", "password": PASSWORD}),
            "change_me" => json!({"name": "Renamed"}),
            "create_organization" => json!({"name": format!("second {}", self.word)}),
            "change_organization" => json!({"description": "changed"}),
            "hand_over_organization" => json!({"user_id": self.users[2]}),
            "create_api_token" => json!({"name": "ci", "scopes": ["read"]}),
            "add_member" => json!({"email": format!("outsider@{}.example", self.word), "role": "user"}),
            "change_member" => json!({"role": "admin"}),
            "change_project" => json!({"description": "changed"}),
            "change_widget" => json!({"title": "changed"}),
            "create_project" => self.named("another plant"),
            "create_device" => self.named("another pump"),
            "change_device" => json!({"description": "changed"}),
            "rotate_device_token" => json!({"overlap_s": 60}),
            "create_flow" | "replace_flow" => {
                json!({"name": "g", "project_id": self.project, "nodes": [node], "edges": []})
            }
            "change_flow" => json!({"description": "changed"}),
            "validate_flow" | "deploy_flow" | "stop_flow" | "run_flow" => json!({}),
            "set_permission" => json!({"permission": "admin"}),
            "create_dashboard" | "replace_dashboard" => {
                json!({"organization_id": self.organization, "name": "d", "project_id": self.project})
            }
            "act_on_devices" => json!({"ids": [self.device], "action": "switch_off"}),
            "replace_whole_dashboard" => {
                let mut made = self.body("create_widget");
                made["id"] = json!(self.widget);
                let fixed = json!({"widget_id": "new", "widget_type": "text", "data_source_type": "static"});
                json!({"dashboard": self.body("create_dashboard"), "widgets": [made, fixed]})
            }
            "import_readings" => {
                let now = Timestamp::from_us(jiff::Timestamp::now().as_microsecond()).unwrap();
                json!(json!({"sensor_type": "t", "value": 1, "timestamp": now}).to_string())
            }
            "create_devices" => json!(self.named("one of many").to_string()),
            "create_share_link" => json!({"name": "another wall"}),
            "change_dashboard" => json!({"description": "changed"}),
            "create_widget" => {
                json!({"widget_id": "v", "widget_type": "gauge", "data_source_type": "device_sensor",
                "device_id": self.device, "sensor_type": "t"})
            }
            _ => panic!("the matrix has no body for {operation}: add one to the world"),
        }
    }
}
