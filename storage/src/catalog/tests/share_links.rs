use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::dashboard::{DashboardInput, Permission};
use edgesync_schemas::entity::share_link::{ShareLink, ShareLinkInput};
use edgesync_schemas::id::DashboardId;
use edgesync_schemas::limit;
use serde_json::json;

use super::*;
use crate::catalog::{AuditFilter, Slice};

async fn dashboard(f: &Fixture, of: &SignedUp) -> DashboardId {
    let body = json!({"organization_id": of.organization.id, "name": "d"});
    f.catalog.create_dashboard(of.user.id, input(DashboardInput::read, body)).await.unwrap().id
}

fn link() -> ShareLinkInput {
    ShareLinkInput::read(json!({"name": "wall"}), now()).unwrap()
}

async fn make(f: &Fixture, user: UserId, board: DashboardId) -> (ShareLink, Token) {
    f.catalog.create_share_link(user, board, link()).await.unwrap()
}

async fn is_open(f: &Fixture, token: &Token) -> bool {
    f.catalog.share_link(&token.hash()).await.unwrap().is_some()
}

/// Lets a link have ended a second ago.
async fn end(f: &Fixture, link: &ShareLink) {
    let mut tx = f.catalog.db.begin().await.unwrap();
    let values = vec![now().plus_us(-1_000_000).into(), link.id.into()];
    tx.execute("UPDATE share_links SET expires_at = $1 WHERE id = $2", values).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn who_may_change_a_dashboard_makes_sees_and_ends_its_links() {
    let f = fixture();
    let (ada, bob, eve) = (
        f.sign_up("ada@example.org").await,
        f.sign_up("bob@example.org").await,
        f.sign_up("eve@example.org").await,
    );
    let (c, board) = (&f.catalog, dashboard(&f, &ada).await);
    let (member, stranger) = (bob.user.id, eve.user.id);
    f.join(ada.organization.id, member).await;
    let (own, token) = make(&f, ada.user.id, board).await;
    assert_forbidden(c.create_share_link(member, board, link()).await);
    assert_forbidden(c.share_links(member, board).await);
    assert_forbidden(c.delete_share_link(member, board, own.id).await);
    assert_not_found(c.create_share_link(stranger, board, link()).await);
    assert_not_found(c.share_links(stranger, board).await);
    assert_not_found(c.delete_share_link(stranger, board, own.id).await);

    c.set_permission(ada.user.id, board, member, Permission::Admin).await.unwrap();
    assert_eq!(c.share_links(member, board).await.unwrap(), std::slice::from_ref(&own));
    let (theirs, _) = make(&f, member, board).await;
    let listed = c.share_links(ada.user.id, board).await.unwrap();
    assert_eq!(listed, [own.clone(), theirs.clone()]);
    let other = dashboard(&f, &ada).await;
    assert_not_found(c.delete_share_link(ada.user.id, other, theirs.id).await);
    assert_eq!(c.share_links(ada.user.id, other).await.unwrap(), []);
    c.delete_share_link(member, board, own.id).await.unwrap();
    assert_not_found(c.delete_share_link(member, board, own.id).await);
    assert!(!is_open(&f, &token).await);

    let noted =
        c.audit(ada.user.id, ada.organization.id, AuditFilter::default(), Slice::FIRST).await.unwrap().items;
    let found = noted.iter().find(|entry| entry.action == AuditAction::ShareLinkDeleted).unwrap();
    assert_eq!((found.actor_id, found.target_id), (Some(member), own.id.uuid()));
    assert!(!serde_json::to_string(&noted).unwrap().contains(token.reveal()));
}

#[tokio::test]
async fn a_link_is_open_until_its_end_and_while_its_creator_is_a_member_who_may_log_in() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let (c, board, org) = (&f.catalog, dashboard(&f, &ada).await, ada.organization.id);
    f.join(org, bob.user.id).await;
    c.set_permission(ada.user.id, board, bob.user.id, Permission::Admin).await.unwrap();
    let (made, token) = make(&f, bob.user.id, board).await;
    let open = c.share_link(&token.hash()).await.unwrap().unwrap();
    assert_eq!((open.link.id, open.organization, open.link.creator_id), (made.id, org, bob.user.id));
    let used = open.link.last_used_at.unwrap();
    assert_eq!(c.share_link(&token.hash()).await.unwrap().unwrap().link.last_used_at, Some(used), "hourly");
    assert!(
        c.session(&token.hash()).await.unwrap().is_none()
            && c.api_token(&token.hash()).await.unwrap().is_none()
    );

    c.set_user_active("bob@example.org", false).await.unwrap();
    assert!(!is_open(&f, &token).await, "its creator may not log in");
    c.set_user_active("bob@example.org", true).await.unwrap();
    assert!(is_open(&f, &token).await);
    end(&f, &made).await;
    assert!(!is_open(&f, &token).await, "its time is over");

    let (_, token) = make(&f, bob.user.id, board).await;
    c.remove_member(ada.user.id, org, bob.user.id).await.unwrap();
    assert!(!is_open(&f, &token).await, "its creator has left");
    f.join(org, bob.user.id).await;
    assert!(!is_open(&f, &token).await, "and is another member when they come back");

    let (_, token) = make(&f, ada.user.id, board).await;
    assert!(is_open(&f, &token).await);
    let other = dashboard(&f, &ada).await;
    let (_, of_other) = make(&f, ada.user.id, other).await;
    c.delete_dashboard(ada.user.id, board, None).await.unwrap();
    assert!(!is_open(&f, &token).await && is_open(&f, &of_other).await, "a link goes with its dashboard");
    c.delete_organization(ada.user.id, org).await.unwrap();
    assert!(!is_open(&f, &of_other).await);
}

#[tokio::test]
async fn a_dashboard_has_a_bounded_number_of_links_and_those_that_have_ended_make_room() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let board = dashboard(&f, &ada).await;
    let (first, _) = make(&f, ada.user.id, board).await;
    for _ in 1..limit::SHARE_LINKS_PER_DASHBOARD {
        make(&f, ada.user.id, board).await;
    }
    let more = f.catalog.create_share_link(ada.user.id, board, link()).await;
    assert!(matches!(more, Err(Error::LimitReached { code: "share_link_limit_reached", .. })), "{more:?}");
    end(&f, &first).await;
    make(&f, ada.user.id, board).await;
    let listed = f.catalog.share_links(ada.user.id, board).await.unwrap();
    assert_eq!(listed.len(), limit::SHARE_LINKS_PER_DASHBOARD as usize);
    assert!(listed.iter().all(|link| link.id != first.id));
}
