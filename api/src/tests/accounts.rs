use edgesync_storage::catalog::token::{Token, TokenKind};

use super::*;
use crate::state::{Settings, Signup};

#[tokio::test]
async fn a_signup_answers_the_user_the_organization_and_a_session() {
    let server = server().await;
    let body = json!({"email": " Ada@Example.org", "password": PASSWORD});
    let answer = server.call(Method::POST, "/api/v1/auth/signup", None, Some(body)).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let made = answer.is(201);
    assert_eq!((&made["user"]["email"], &made["user"]["name"]), (&json!("ada@example.org"), &json!("ada")));
    assert_eq!(made["user"]["profile"], json!({"subscription_type": "free", "device_limit": 5}));
    assert_eq!(made["organization"]["owner_id"], made["user"]["id"]);
    assert!(made["expires_at"].is_string());
    assert!(!made.to_string().contains("argon2"));
}

#[tokio::test]
async fn a_login_works_with_the_right_password_only_and_says_nothing_more() {
    let server = server().await;
    server.sign_up("ada@example.org").await;
    let login = async |email: &str, password: &str| {
        let body = json!({"email": email, "password": password});
        server.call(Method::POST, "/api/v1/auth/login", None, Some(body)).await
    };
    let answer = login("ADA@example.org", PASSWORD).await.is(200);
    assert!(answer["token"].is_string() && answer["expires_at"].is_string() && answer["user"].is_object());
    let (wrong, unknown) = (login("ada@example.org", "wrong").await, login("eve@example.org", "wrong").await);
    assert_eq!(wrong.body, unknown.body);
    wrong.refused(401, "wrong_login", &[]);
    login("not an address", "x").await.refused(401, "wrong_login", &[]);
}

#[tokio::test]
async fn too_many_failed_logins_are_told_when_to_come_back() {
    let server = server().await;
    server.sign_up("ada@example.org").await;
    let login = async |password: &str| {
        let body = json!({"email": "ada@example.org", "password": password});
        server.call(Method::POST, "/api/v1/auth/login", None, Some(body)).await
    };
    for _ in 0..edgesync_schemas::limit::LOGIN_FAILURES_PER_ACCOUNT {
        login("wrong").await.refused(401, "wrong_login", &[]);
    }
    let answer = login(PASSWORD).await;
    let after: u64 = answer.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=300).contains(&after));
    answer.refused(429, "too_many_requests", &[]);
}

#[tokio::test]
async fn a_session_ends_with_the_logout() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    server.get("/api/v1/me", &ada).await.is(200);
    server.call(Method::POST, "/api/v1/auth/logout", Some(&ada.token), None).await.is(204);
    server.get("/api/v1/me", &ada).await.refused(401, "unauthorized", &[]);
}

#[tokio::test]
async fn with_a_cookie_changes_come_from_pages_of_the_same_origin_only() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let by_cookie = async |method: Method, origin: Option<&str>| {
        let mut request = Request::builder()
            .method(method)
            .uri("/api/v1/me")
            .header(header::HOST, "plant.example:8080")
            .header(header::COOKIE, format!("edgesync_session={}", ada.token))
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        server.send(request.body(Body::from(r#"{"name":"Ada L."}"#)).unwrap()).await
    };
    by_cookie(Method::GET, None).await.is(200);
    by_cookie(Method::PATCH, Some("http://plant.example:8080")).await.is(200);
    by_cookie(Method::PATCH, None).await.refused(403, "foreign_origin", &[]);
    by_cookie(Method::PATCH, Some("https://evil.example")).await.refused(403, "foreign_origin", &[]);
}

#[tokio::test]
async fn an_account_changes_its_name_and_with_proof_its_password() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let renamed = server.patch("/api/v1/me", &ada, json!({"name": "Ada Lovelace"})).await.is(200);
    assert_eq!((&renamed["id"], &renamed["name"]), (&json!(ada.id), &json!("Ada Lovelace")));
    let change = |current: &str| json!({"password": "a new password", "current_password": current});
    let wrong = server.patch("/api/v1/me", &ada, change("guess")).await;
    wrong.refused(403, "wrong_password", &["/current_password"]);
    server.patch("/api/v1/me", &ada, change(PASSWORD)).await.is(200);
    let login = json!({"email": "ada@example.org", "password": "a new password"});
    server.call(Method::POST, "/api/v1/auth/login", None, Some(login)).await.is(200);
}

#[tokio::test]
async fn an_address_has_one_account() {
    let server = server().await;
    server.sign_up("ada@example.org").await;
    let body = json!({"email": "ADA@example.org", "password": PASSWORD});
    let again = server.call(Method::POST, "/api/v1/auth/signup", None, Some(body)).await;
    again.refused(409, "already_exists", &["/email"]);
}

#[tokio::test]
async fn organizations_and_projects_are_made_and_listed() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let body = json!({"name": "Plant 7", "description": "pumps"});
    let made = server.post("/api/v1/organizations", &ada, body).await.is(201);
    assert_eq!(made["slug"], "plant-7");
    let path = format!("/api/v1/organizations/{}", text(&made["id"]));
    assert_eq!(server.get(&path, &ada).await.is(200), made);
    let page = server.get("/api/v1/organizations?limit=1", &ada).await.is(200);
    let next = text(&page["next"]);
    let rest = server.get(&format!("/api/v1/organizations?limit=1&cursor={next}"), &ada).await.is(200);
    assert_eq!(rest, json!({"items": [made], "next": null}));
    let body = json!({"organization_id": made["id"], "name": "p", "tags": ["x"]});
    let project = server.post("/api/v1/projects", &ada, body).await.is(201);
    let path = format!("/api/v1/projects?organization={}&q=P", text(&made["id"]));
    assert_eq!(server.get(&path, &ada).await.is(200)["items"], json!([project]));
    let eve = server.sign_up("eve@example.org").await;
    server.get(&format!("/api/v1/projects/{}", text(&project["id"])), &eve).await.refused(
        404,
        "not_found",
        &[],
    );
}

impl Server {
    /// The same server with these settings.
    fn set(mut self, settings: Settings) -> Self {
        self.state = self.state.clone().with(settings);
        self.router = crate::router(self.state.clone());
        self
    }

    async fn signup(&self, email: &str, setup_token: Option<&str>) -> Answer {
        let mut body = json!({"email": email, "password": PASSWORD});
        if let Some(token) = setup_token {
            body["setup_token"] = token.into();
        }
        self.call(Method::POST, "/api/v1/auth/signup", None, Some(body)).await
    }
}

#[tokio::test]
async fn a_server_that_is_closed_to_signups_takes_none_and_logs_in_all_the_same() {
    let server = server().await;
    server.sign_up("ada@example.org").await;
    let server = server.set(Settings { signup: Signup::Closed, ..Settings::default() });
    server.signup("eve@example.org", None).await.refused(403, "signup_closed", &[]);
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    server.call(Method::POST, "/api/v1/auth/login", None, Some(login)).await.is(200);
}

#[tokio::test]
async fn the_first_user_shows_the_setup_token_and_the_others_none() {
    let token = Token::draw(TokenKind::Setup).unwrap();
    for signup in [Signup::Open, Signup::Closed] {
        let settings = Settings { signup, setup_token: Some(token.hash()), ..Settings::default() };
        let server = server().await.set(settings);
        server.signup("eve@example.org", None).await.refused(403, "setup_token_required", &[]);
        server.signup("eve@example.org", Some("est_guess")).await.refused(403, "setup_token_wrong", &[]);
        server.signup("ada@example.org", Some(token.reveal())).await.is(201);
        let again = server.signup("eve@example.org", Some(token.reveal())).await;
        again.refused(409, "already_set_up", &[]);
        let next = server.signup("bob@example.org", None).await;
        match signup {
            Signup::Open => drop(next.is(201)),
            Signup::Closed => next.refused(403, "signup_closed", &[]),
        }
    }
}

#[tokio::test]
async fn everybody_is_told_what_a_signup_needs() {
    let token = Token::draw(TokenKind::Setup).unwrap();
    let ask = async |server: &Server| {
        let told = server.call(Method::GET, "/api/v1/auth/entry", None, None).await.is(200);
        ["has_users", "needs_setup_token", "takes_signups"].map(|field| told[field].as_bool().unwrap())
    };
    assert_eq!(ask(&server().await).await, [false, false, true]);
    let settings =
        Settings { signup: Signup::Closed, setup_token: Some(token.hash()), ..Settings::default() };
    let server = server().await.set(settings);
    assert_eq!(ask(&server).await, [false, true, false]);
    server.signup("ada@example.org", Some(token.reveal())).await.is(201);
    assert_eq!(ask(&server).await, [true, false, false]);
}

#[tokio::test]
async fn a_setup_token_that_nobody_asks_for_is_no_field() {
    let server = server().await;
    let answer = server.signup("ada@example.org", Some("est_guess")).await;
    answer.refused(422, "validation_failed", &["/setup_token"]);
}

#[tokio::test]
async fn an_address_that_signs_up_too_often_is_told_when_to_come_back() {
    let server = server().await;
    let signup = async |n: u32| {
        let mut request =
            Request::post("/api/v1/auth/signup").header(header::CONTENT_TYPE, "application/json");
        let peer: std::net::SocketAddr = "192.0.2.7:1234".parse().unwrap();
        request = request.extension(axum::extract::ConnectInfo(peer));
        let body =
            json!({"email": "ada@example.org", "password": PASSWORD, "setup_token": format!("est_{n}")});
        server.send(request.body(Body::from(body.to_string())).unwrap()).await
    };
    for n in 0..edgesync_schemas::limit::SIGNUPS_PER_ADDRESS {
        signup(n).await.refused(422, "validation_failed", &["/setup_token"]);
    }
    let answer = signup(0).await;
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
    answer.refused(429, "too_many_requests", &[]);
}

#[tokio::test]
async fn cookies_are_for_https_only_where_the_operator_says_so() {
    let server = server().await;
    let cookie = async |server: &Server, email: &str| {
        server.signup(email, None).await.headers[header::SET_COOKIE].to_str().unwrap().to_owned()
    };
    assert!(!cookie(&server, "ada@example.org").await.contains("Secure"));
    let server = server.set(Settings { secure_cookies: true, ..Settings::default() });
    assert!(cookie(&server, "bob@example.org").await.ends_with("; Secure"));
}

#[tokio::test]
async fn who_changes_a_password_while_too_many_do_has_not_guessed_wrong() {
    let mut server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let mut state = server.state.clone();
    state.passwords = crate::password::Passwords::full();
    let idle = std::mem::replace(&mut server.router, crate::router(state));
    let change = json!({"current_password": PASSWORD, "password": "another horse"});
    for _ in 0..=edgesync_schemas::limit::LOGIN_FAILURES_PER_ACCOUNT {
        server.patch("/api/v1/me", &ada, change.clone()).await.refused(503, "busy", &[]);
    }
    server.router = idle;
    server.patch("/api/v1/me", &ada, change).await.is(200);
}
