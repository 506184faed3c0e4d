//! Each kind of change that can take something away from who watches, or change what they are shown, and what it tells.

use std::collections::HashSet;

use edgesync_schemas::entity::api_token::ApiTokenInput;
use edgesync_schemas::entity::dashboard::{DashboardInput, DashboardPatch, Permission};
use edgesync_schemas::entity::device::DevicePatch;
use edgesync_schemas::entity::flow::{FlowInput, FlowPatch};
use edgesync_schemas::entity::organization::{MemberPatch, MemberRole, OrganizationInput};
use edgesync_schemas::entity::project::ProjectInput;
use edgesync_schemas::entity::session::Origin;
use edgesync_schemas::entity::share_link::ShareLinkInput;
use edgesync_schemas::entity::widget::{WidgetInput, WidgetPatch};
use edgesync_schemas::limit;
use serde_json::json;

use super::*;
use crate::catalog::{Change, News};

/// What was told since this was asked last.
fn told(news: &mut News) -> HashSet<Change> {
    std::iter::from_fn(|| news.told()).collect()
}

macro_rules! tells {
    ($news:expr, $done:expr, [$($change:expr),*]) => {
        told(&mut $news);
        $done.await.unwrap();
        assert_eq!(told(&mut $news), HashSet::<Change>::from([$($change),*]), "{}", stringify!($done));
    };
}

#[tokio::test]
async fn what_ends_what_proves_who_somebody_is_is_told_of_them() {
    let f = fixture();
    let (c, mut news) = (&f.catalog, f.catalog.news());
    let ada = f.sign_up("ada@example.org").await;
    let (user, of_ada) = (ada.user.id, Change::User(ada.user.id));
    tells!(news, c.create_session(user, Origin::default()), []);
    let (second, _) = c.create_session(user, Origin::default()).await.unwrap();
    tells!(news, c.end_session(second.id), [of_ada]);
    tells!(news, c.end_session(second.id), []);
    let (third, _) = c.create_session(user, Origin::default()).await.unwrap();
    tells!(news, c.end_session_of(user, third.id), [of_ada]);
    tells!(news, c.end_other_sessions(user, ada.session.id), [of_ada]);
    for _ in 1..limit::SESSIONS_PER_USER {
        c.create_session(user, Origin::default()).await.unwrap();
    }
    tells!(news, c.create_session(user, Origin::default()), [of_ada]);
    tells!(news, c.update_user(user, Some("Ada".to_owned()), None, None), []);
    tells!(news, c.update_user(user, None, Some("hash".to_owned()), None), [of_ada]);
    let body = json!({"name": "ci", "scopes": ["read"]});
    let made = c.create_api_token(user, ApiTokenInput::read(body, now()).unwrap()).await.unwrap();
    tells!(news, c.delete_api_token(user, made.0.id), [of_ada]);
    tells!(news, c.reset_password("ada@example.org", "hash".to_owned()), [of_ada]);
    tells!(news, c.set_user_active("ada@example.org", false), [of_ada]);
    let other = f.place.open();
    for round in 0..2 {
        c.notice_changes().await.unwrap();
        told(&mut news);
        match round {
            0 => drop(other.reset_password("ada@example.org", "hash".to_owned()).await.unwrap()),
            _ => drop(other.set_user_active("ada@example.org", true).await.unwrap()),
        }
        tells!(news, c.notice_changes(), [Change::Any]);
    }
}

#[tokio::test]
async fn what_ends_or_changes_a_membership_is_told_of_the_member() {
    let f = fixture();
    let (c, mut news) = (&f.catalog, f.catalog.news());
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let (user, org, of_bob) = (ada.user.id, ada.organization.id, Change::User(bob.user.id));
    f.join(org, bob.user.id).await;
    let admin = MemberPatch { role: MemberRole::Admin };
    tells!(news, c.update_member(user, org, bob.user.id, admin), [of_bob]);
    let body = json!({"organization_id": org, "name": "d"});
    let board = c.create_dashboard(user, input(DashboardInput::read, body)).await.unwrap().id;
    tells!(news, c.set_permission(user, board, bob.user.id, Permission::Admin), [of_bob]);
    tells!(news, c.remove_permission(user, board, bob.user.id), [of_bob]);
    let link = ShareLinkInput::read(json!({"name": "wall"}), now()).unwrap();
    let (link, _) = c.create_share_link(bob.user.id, board, link).await.unwrap();
    tells!(news, c.delete_share_link(user, board, link.id), [of_bob]);
    tells!(news, c.remove_member(user, org, bob.user.id), [of_bob]);
    f.join(org, bob.user.id).await;
    tells!(news, c.hand_over(user, org, bob.user.id), [Change::User(user), of_bob]);
    tells!(news, c.delete_organization(bob.user.id, org), [Change::Organization(org)]);
}

#[tokio::test]
async fn what_changes_what_is_shown_is_told_of_its_organization() {
    let f = fixture();
    let (c, mut news) = (&f.catalog, f.catalog.news());
    let ada = f.sign_up("ada@example.org").await;
    let (user, org, of_org) = (ada.user.id, ada.organization.id, Change::Organization(ada.organization.id));
    let (pump, _) = f.device(&ada, "pump").await;
    let body = || json!({"organization_id": org, "name": "n"});
    let board = c.create_dashboard(user, input(DashboardInput::read, body())).await.unwrap().id;
    let rename = DashboardPatch { name: Some("m".to_owned()), ..DashboardPatch::default() };
    tells!(news, c.update_dashboard(user, board, None, rename), []);
    let widget = json!({"widget_id": "w", "widget_type": "gauge", "data_source_type": "static"});
    tells!(news, c.create_widget(user, board, None, input(WidgetInput::read, widget)), []);
    let change =
        async |body: Value| c.update_widget(user, board, "w", None, input(WidgetPatch::read, body)).await;
    tells!(news, change(json!({"title": "t", "grid_position": {"x": 7}})), []);
    for shows_other in [
        json!({"data_source_type": "device_sensor", "device_id": pump.id, "sensor_type": "t"}),
        json!({"aggregation": "max"}),
        json!({"refresh_interval": 2_000}),
        json!({"max_samples": 7}),
    ] {
        tells!(news, change(shows_other), [of_org]);
    }
    tells!(news, c.delete_widget(user, board, "w", None), [of_org]);
    tells!(news, c.delete_dashboard(user, board, None), [of_org]);
    let off = DevicePatch { is_active: Some(false), ..DevicePatch::default() };
    tells!(news, c.update_device(user, pump.id, off), []);
    tells!(news, c.delete_device(user, pump.id), [of_org]);
}

#[tokio::test]
async fn a_flow_that_moves_or_goes_is_told_of_where_it_was_and_of_its_owner() {
    let f = fixture();
    let (c, mut news) = (&f.catalog, f.catalog.news());
    let ada = f.sign_up("ada@example.org").await;
    let (user, of_ada) = (ada.user.id, Change::User(ada.user.id));
    let second = input(OrganizationInput::read, json!({"name": "second"}));
    let second = c.create_organization(user, second).await.unwrap().id;
    let project = async |organization: OrganizationId| {
        let body = json!({"organization_id": organization, "name": "p"});
        c.create_project(user, input(ProjectInput::read, body)).await.unwrap().id
    };
    let (first, second) =
        ((ada.organization.id, project(ada.organization.id).await), (second, project(second).await));
    let body = json!({"name": "f", "project_id": first.1});
    let flow = c.create_flow(user, input(FlowInput::read, body)).await.unwrap().id;
    let save = async |body: Value| c.update_flow(user, flow, None, input(FlowPatch::read, body)).await;
    tells!(news, save(json!({"name": "g"})), []);
    tells!(news, save(json!({"project_id": second.1})), [Change::Organization(first.0), of_ada]);
    tells!(news, c.delete_project(user, second.1), [Change::Organization(second.0)]);
    tells!(news, save(json!({"project_id": first.1})), [of_ada]);
    tells!(news, c.delete_flow(user, flow, None), [Change::Organization(first.0), of_ada]);
}

#[tokio::test]
async fn a_change_is_told_once_it_can_be_seen_and_also_if_nobody_waits_for_it() {
    let f = fixture();
    let c = &f.catalog;
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let org = ada.organization.id;
    for _ in 0..8 {
        f.join(org, bob.user.id).await;
        let mut news = c.news();
        let (removed, cancelled) =
            (c.remove_member(ada.user.id, org, bob.user.id), tokio::sync::Notify::new());
        let seen = async {
            assert_eq!(news.next().await, Change::User(bob.user.id));
            assert!(!c.may_read(bob.user.id, org).await.unwrap(), "told before it was done");
            cancelled.notify_one();
        };
        // Whoever asked hangs up as soon as it is told: before they have their answer, most of the time.
        let hang_up = async {
            tokio::select! {
                done = removed => drop(done.unwrap()),
                () = cancelled.notified() => {}
            }
        };
        let both = async { tokio::join!(seen, hang_up) };
        tokio::time::timeout(std::time::Duration::from_secs(20), both).await.expect("it is told");
    }
}

#[tokio::test]
async fn who_is_late_is_told_that_anything_may_have_changed() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let mut news = f.catalog.news();
    for _ in 0..=limit::CHANGES_TOLD {
        f.catalog.changes.tell(Change::User(ada.user.id));
    }
    assert_eq!(told(&mut news), HashSet::from([Change::Any, Change::User(ada.user.id)]));
    assert!(Change::Any.concerns(ada.user.id, &HashSet::new()));
    assert!(!Change::Organization(ada.organization.id).concerns(ada.user.id, &HashSet::new()));
}
