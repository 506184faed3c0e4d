use edgesync_schemas::entity::organization::{OrganizationInput, Role};
use edgesync_schemas::entity::user::SubscriptionType;
use edgesync_schemas::limit;
use serde_json::json;

use super::*;
use crate::catalog::{Slice, token};

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
async fn a_user_keeps_a_bounded_number_of_sessions_and_the_oldest_ends() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let mut newest = None;
    for _ in 0..limit::SESSIONS_PER_USER {
        newest = Some(f.catalog.create_session(ada.user.id).await.unwrap().1);
    }
    assert!(f.catalog.session(&ada.token.hash()).await.unwrap().is_none());
    assert!(f.catalog.session(&newest.unwrap().hash()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (_, other) = f.catalog.create_session(ada.user.id).await.unwrap();
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
