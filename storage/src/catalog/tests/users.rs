use edgesync_schemas::entity::api_token::ApiTokenInput;
use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::organization::{OrganizationInput, Role};
use edgesync_schemas::entity::session::Origin;
use edgesync_schemas::entity::user::SubscriptionType;
use edgesync_schemas::limit;
use serde_json::json;

use super::*;
use crate::catalog::{Admission, AuditFilter, Slice, token};

#[tokio::test]
async fn a_signup_makes_all_that_a_user_needs_or_nothing() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    assert_eq!(ada.user.profile.device_limit, limit::DEVICE_LIMIT_DEFAULT);
    assert_eq!(ada.organization.owner_id, ada.user.id);
    let role = f.catalog.role(ada.user.id, ada.organization.id).await.unwrap();
    assert_eq!(role, Some(Role::Owner));
    let again = f.catalog.sign_up("ada@example.org", "Ada", "hash".to_owned()).await;
    assert!(matches!(again, Err(Error::Conflict { field }) if field == "email"));
    let all = f.catalog.users(Slice::FIRST).await.unwrap();
    assert_eq!(all.items, [ada.user]);
}

#[tokio::test]
async fn a_session_is_found_by_its_token_until_it_ends() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (session, user) = f.catalog.session(&ada.token.hash()).await.unwrap().unwrap();
    assert_eq!((session.id, &user), (ada.session.id, &ada.user));
    f.catalog.end_session(session.id).await.unwrap();
    assert!(f.catalog.session(&ada.token.hash()).await.unwrap().is_none());
    assert!(f.catalog.session(&token::hash("ess_guess")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_session_remembers_from_where_somebody_logged_in() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    assert_eq!(ada.session.origin, Origin::default());
    let origin = Origin::of(Some("Firefox 工".as_bytes()), Some("2001:db8::7".parse().unwrap()));
    let (session, token) = f.catalog.create_session(ada.user.id, origin.clone()).await.unwrap();
    assert_eq!(session.origin, origin);
    assert_eq!(f.catalog.session(&token.hash()).await.unwrap().unwrap().0, session);
    let listed = f.catalog.sessions(ada.user.id, Slice::FIRST).await.unwrap().items;
    assert_eq!(listed, [ada.session, session]);
    let eve =
        f.catalog.sign_up_as(Admission::Anybody, "eve@example.org", "Eve", String::new(), origin.clone());
    assert_eq!(eve.await.unwrap().session.origin, origin);
}

#[tokio::test]
async fn a_user_keeps_a_bounded_number_of_sessions_and_the_oldest_ends() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let mut newest = None;
    for _ in 0..limit::SESSIONS_PER_USER {
        newest = Some(f.catalog.create_session(ada.user.id, Origin::default()).await.unwrap().1);
    }
    assert!(f.catalog.session(&ada.token.hash()).await.unwrap().is_none());
    assert!(f.catalog.session(&newest.unwrap().hash()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (_, other) = f.catalog.create_session(ada.user.id, Origin::default()).await.unwrap();
    let user =
        f.catalog.update_user(ada.user.id, None, Some("new".to_owned()), Some(ada.session.id)).await.unwrap();
    assert_eq!(user.name, ada.user.name);
    assert!(f.catalog.session(&other.hash()).await.unwrap().is_none());
    assert!(f.catalog.session(&ada.token.hash()).await.unwrap().is_some());
    let account = f.catalog.account_by_email("ada@example.org").await.unwrap().unwrap();
    assert_eq!(account.password_hash, "new");
}

#[tokio::test]
async fn a_plan_set_by_another_process_holds_at_once() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    for n in 0..limit::DEVICE_LIMIT_DEFAULT {
        f.device(&ada, &n.to_string()).await;
    }
    let one_more = device(ada.organization.id, "one more");
    let refused = f.catalog.create_device(ada.user.id, one_more.clone()).await;
    assert!(matches!(refused, Err(Error::LimitReached { code: "device_limit_reached", limit: 5 })));

    let other = f.place.open();
    let user = other.set_plan("ada@example.org", SubscriptionType::Paid, 6).await.unwrap();
    assert_eq!((user.profile.subscription_type, user.profile.device_limit), (SubscriptionType::Paid, 6));
    f.catalog.create_device(ada.user.id, one_more).await.unwrap();
    assert_not_found(other.set_plan("nobody@example.org", SubscriptionType::Paid, 6).await);
}

#[tokio::test]
async fn organizations_have_slugs_of_their_own() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let make = |body| f.catalog.create_organization(ada.user.id, input(OrganizationInput::read, body));
    assert_eq!(make(json!({"name": "Plant 7"})).await.unwrap().slug, "plant-7");
    let second = make(json!({"name": "Plant 7"})).await.unwrap().slug;
    assert!(second.starts_with("plant-7-") && second.len() == "plant-7-".len() + 12, "{second}");
    let taken = make(json!({"name": "x", "slug": "plant-7"})).await;
    assert!(matches!(taken, Err(Error::Conflict { field }) if field == "slug"));
}

#[tokio::test]
async fn lists_are_cut_into_pages_that_stay_stable_under_inserts() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    for n in 0..4 {
        let body = json!({"name": format!("n{n}")});
        f.catalog.create_organization(ada.user.id, input(OrganizationInput::read, body)).await.unwrap();
    }
    let first = f.catalog.organizations(ada.user.id, None, Slice::first(3)).await.unwrap();
    assert_eq!(first.items.len(), 3);
    let body = json!({"name": "late"});
    f.catalog.create_organization(ada.user.id, input(OrganizationInput::read, body)).await.unwrap();
    let rest = f
        .catalog
        .organizations(ada.user.id, None, Slice { after: first.next, ..Slice::first(3) })
        .await
        .unwrap();
    let names: Vec<_> = rest.items.iter().map(|o| o.name.as_str()).collect();
    assert_eq!((names, rest.next), (vec!["n2", "n3", "late"], None));
}

#[tokio::test]
async fn a_search_takes_its_text_as_it_stands() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    for name in ["100% sure", "a_b", "a'b; DROP TABLE users", "Zürich"] {
        let body = json!({"name": name});
        f.catalog.create_organization(ada.user.id, input(OrganizationInput::read, body)).await.unwrap();
    }
    for (q, found) in
        [("%", 1), ("_", 1), ("'; drop", 0), ("'B; DROP", 1), ("ZÜrich", 0), ("zürich", 1), ("\\", 0)]
    {
        let page = f.catalog.organizations(ada.user.id, Some(q), Slice::FIRST).await.unwrap();
        assert_eq!(page.items.len(), found, "{q}");
    }
}

#[tokio::test]
async fn an_account_that_the_operator_makes_is_theirs_and_has_no_session() {
    let f = fixture();
    let made = f.catalog.create_user("ada@example.org", "Ada", "hash".to_owned()).await.unwrap();
    assert_eq!(f.catalog.account_by_email("ada@example.org").await.unwrap().unwrap().user, made);
    assert!(f.catalog.has_users().await.unwrap());
    assert_eq!(f.catalog.sessions(made.id, Slice::FIRST).await.unwrap().items, []);
    let of = f.catalog.organizations(made.id, None, Slice::FIRST).await.unwrap().items.remove(0);
    assert_eq!((of.owner_id, of.name.as_str()), (made.id, "Ada's organization"));
    let all = AuditFilter::default();
    let account = f.catalog.account_audit(made.id, all, Slice::FIRST).await.unwrap().items;
    let organization = f.catalog.audit(made.id, of.id, all, Slice::FIRST).await.unwrap().items;
    let told: Vec<_> =
        account.iter().chain(&organization).map(|entry| (entry.action, entry.actor_id)).collect();
    assert_eq!(told, [(AuditAction::UserSignedUp, None), (AuditAction::OrganizationCreated, None)]);
    let again = f.catalog.create_user("ada@example.org", "Ada", "hash".to_owned()).await;
    assert!(matches!(again, Err(Error::Conflict { field }) if field == "email"));
}

#[tokio::test]
async fn a_disabled_account_loses_its_sessions_and_tokens_and_gets_none_of_them_back() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let c = &f.catalog;
    let ci = json!({"name": "ci", "scopes": ["read"]});
    let token = |body| input(|body| ApiTokenInput::read(body, now()), body);
    let (_, ada_s) = c.create_api_token(ada.user.id, token(ci.clone())).await.unwrap();
    let (_, bob_s) = c.create_api_token(bob.user.id, token(ci)).await.unwrap();
    let is_known = async |session: &Token, token: &Token| {
        let session = c.session(&session.hash()).await.unwrap().is_some();
        (session, c.api_token(&token.hash()).await.unwrap().is_some())
    };
    assert_eq!(is_known(&ada.token, &ada_s).await, (true, true));
    c.notice_changes().await.unwrap();

    // as another process does
    let operator = f.place.open();
    assert!(!operator.set_user_active("ada@example.org", false).await.unwrap().is_active);
    assert!(c.notice_changes().await.unwrap(), "what they watch is looked at again");
    assert_eq!(is_known(&ada.token, &ada_s).await, (false, false));
    assert_eq!(is_known(&bob.token, &bob_s).await, (true, true));
    operator.set_user_active("ada@example.org", false).await.unwrap();
    assert!(operator.set_user_active("ada@example.org", true).await.unwrap().is_active);
    assert_eq!(is_known(&ada.token, &ada_s).await, (false, false));
    let (_, session) = c.create_session(ada.user.id, Origin::default()).await.unwrap();
    assert_eq!(is_known(&session, &ada_s).await, (true, false));

    let noted = c.account_audit(ada.user.id, AuditFilter::default(), Slice::FIRST).await.unwrap().items;
    let by_operator = noted.iter().filter(|entry| entry.actor_id.is_none());
    let told: Vec<_> = by_operator.map(|entry| (entry.action, json!(entry.details))).collect();
    let ended = json!({"sessions_ended": 1, "api_tokens_ended": 1});
    assert_eq!(told, [(AuditAction::UserEnabled, json!({})), (AuditAction::UserDisabled, ended)]);
    assert_not_found(operator.set_user_active("nobody@example.org", false).await);
}
