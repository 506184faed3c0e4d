use edgesync_schemas::entity::dashboard::{DashboardInput, DashboardPatch, DashboardTemplate, Permission};
use edgesync_schemas::entity::widget::WidgetInput;
use serde_json::json;

use super::*;
use crate::catalog::Slice;

async fn dashboard(f: &Fixture, of: &SignedUp) -> DashboardTemplate {
    let body = json!({"organization_id": of.organization.id, "name": "d"});
    f.catalog.create_dashboard(of.user.id, input(DashboardInput::read, body)).await.unwrap()
}

#[tokio::test]
async fn a_dashboard_that_is_shared_is_changed_by_the_member_but_neither_shared_on_nor_removed() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let (c, member) = (&f.catalog, bob.user.id);
    f.join(ada.organization.id, member).await;
    let board = dashboard(&f, &ada).await.id;
    let widget = input(
        WidgetInput::read,
        json!({"widget_id": "w", "widget_type": "text", "data_source_type": "static"}),
    );
    assert_forbidden(c.create_widget(member, board, None, widget.clone()).await);
    let (shared, is_new) = c.set_permission(ada.user.id, board, member, Permission::Admin).await.unwrap();
    assert!(is_new);
    let told = c.permissions(member, board, Slice::FIRST).await.unwrap().items;
    assert_eq!(told, std::slice::from_ref(&shared));
    c.update_dashboard(member, board, Some(&[1]), DashboardPatch::default()).await.unwrap();
    c.create_widget(member, board, None, widget).await.unwrap();
    assert_forbidden(c.set_permission(member, board, ada.user.id, Permission::Admin).await);
    assert_forbidden(c.delete_dashboard(member, board, None).await);

    let (taken_back, is_new) = c.set_permission(ada.user.id, board, member, Permission::User).await.unwrap();
    assert!(!is_new);
    assert_eq!((taken_back.created_at, taken_back.permission), (shared.created_at, Permission::User));
    assert_eq!(c.permission(ada.user.id, board, member).await.unwrap(), taken_back);
    assert_forbidden(c.update_dashboard(member, board, None, DashboardPatch::default()).await);
    c.remove_permission(member, board, member).await.unwrap();
    assert_not_found(c.remove_permission(ada.user.id, board, member).await);
    assert_not_found(c.permission(ada.user.id, board, member).await);
}

#[tokio::test]
async fn a_dashboard_is_shared_with_members_only_and_until_they_leave() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let board = dashboard(&f, &ada).await.id;
    assert_not_found(f.catalog.set_permission(ada.user.id, board, bob.user.id, Permission::Admin).await);
    f.join(ada.organization.id, bob.user.id).await;
    f.catalog.set_permission(ada.user.id, board, bob.user.id, Permission::Admin).await.unwrap();
    f.catalog.remove_member(ada.user.id, ada.organization.id, bob.user.id).await.unwrap();
    f.join(ada.organization.id, bob.user.id).await;
    assert_eq!(f.catalog.permissions(ada.user.id, board, Slice::FIRST).await.unwrap().items, []);
    assert_forbidden(f.catalog.update_dashboard(bob.user.id, board, None, DashboardPatch::default()).await);
}

#[tokio::test]
async fn whom_a_dashboard_is_shared_with_is_listed_in_pages() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let board = dashboard(&f, &ada).await.id;
    let mut members = Vec::new();
    for n in 0..3 {
        let member = f.sign_up(&format!("m{n}@example.org")).await.user.id;
        f.join(ada.organization.id, member).await;
        f.catalog.set_permission(ada.user.id, board, member, Permission::Admin).await.unwrap();
        members.push(member);
    }
    let page = async |after| {
        let page =
            f.catalog.permissions(ada.user.id, board, Slice { after, ..Slice::first(2) }).await.unwrap();
        (page.items.iter().map(|permission| permission.user_id).collect::<Vec<_>>(), page.next)
    };
    let (first, next) = page(None).await;
    assert_eq!(first, members[..2]);
    assert_eq!(page(next).await, (members[2..].to_vec(), None));
}
