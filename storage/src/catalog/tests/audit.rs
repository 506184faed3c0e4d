use edgesync_schemas::entity::audit::{AuditAction, AuditEntry};
use edgesync_schemas::entity::dashboard::{DashboardInput, DashboardPatch};
use edgesync_schemas::entity::flow::{FlowInput, FlowPatch};
use edgesync_schemas::entity::organization::{MemberInput, MemberPatch, OrganizationPatch};
use edgesync_schemas::entity::project::{ProjectInput, ProjectPatch};
use edgesync_schemas::entity::session::Origin;
use edgesync_schemas::entity::widget::{WidgetInput, WidgetPatch};
use edgesync_schemas::id::AuditId;
use edgesync_schemas::limit;
use serde_json::json;

use super::*;
use crate::catalog::db::Tx;
use crate::catalog::{AuditFilter, Slice, Stopped, audit};

async fn audited(f: &Fixture, user: &SignedUp, filter: AuditFilter) -> Vec<AuditEntry> {
    let of = user.organization.id;
    f.catalog.audit(user.user.id, of, filter, Slice::FIRST).await.unwrap().items
}

fn actions(entries: &[AuditEntry]) -> Vec<AuditAction> {
    entries.iter().rev().map(|entry| entry.action).collect()
}

#[tokio::test]
async fn changes_to_members_and_flows_stand_in_the_book_of_the_organization() {
    use AuditAction::*;
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let (c, org) = (&f.catalog, ada.organization.id);
    let body = json!({"email": "bob@example.org", "role": "user"});
    c.add_member(ada.user.id, org, input(MemberInput::read, body)).await.unwrap();
    let admin = input(MemberPatch::read, json!({"role": "admin"}));
    c.update_member(ada.user.id, org, bob.user.id, admin).await.unwrap();
    let body = json!({"organization_id": org, "name": "p"});
    let project = c.create_project(ada.user.id, input(ProjectInput::read, body)).await.unwrap();
    let body = json!({"name": "f", "project_id": project.id});
    let flow = c.create_flow(bob.user.id, input(FlowInput::read, body)).await.unwrap();
    let renamed = || input(FlowPatch::read, json!({"name": "g"}));
    c.update_flow(bob.user.id, flow.id, None, renamed()).await.unwrap();
    c.set_flow_deployed(Some(bob.user.id), flow.id, 2, &json!({})).await.unwrap();
    c.set_flow_stopped(flow.id, Stopped::By(ada.user.id)).await.unwrap();
    c.set_flow_stopped(flow.id, Stopped::By(ada.user.id)).await.unwrap();
    c.delete_flow(bob.user.id, flow.id, None).await.unwrap();
    c.remove_member(bob.user.id, org, bob.user.id).await.unwrap();

    let all = audited(&f, &ada, AuditFilter::default()).await;
    let of_others = |action: &AuditAction| !matches!(action, ProjectCreated);
    assert_eq!(
        actions(&all).into_iter().filter(of_others).collect::<Vec<_>>(),
        [
            OrganizationCreated,
            MemberAdded,
            MemberUpdated,
            FlowCreated,
            FlowUpdated,
            FlowDeployed,
            FlowStopped,
            FlowDeleted,
            MemberRemoved
        ]
    );
    let updated = all.iter().find(|entry| entry.action == FlowUpdated).unwrap();
    assert_eq!(
        (updated.actor_id, updated.actor_email.as_deref(), updated.target_kind.as_str(), updated.target_id),
        (Some(bob.user.id), Some("bob@example.org"), "flow", flow.id.uuid())
    );
    assert_eq!(json!(updated.details), json!({"name": "g", "version": 2, "changed": ["name"]}));
    assert_eq!(updated.organization_id, Some(org));
    assert!(all.windows(2).all(|pair| pair[0].id > pair[1].id && pair[0].at >= pair[1].at));
}

#[tokio::test]
async fn a_change_that_is_refused_is_not_noted() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    f.join(ada.organization.id, bob.user.id).await;
    let before = audited(&f, &ada, AuditFilter::default()).await;
    let (org, body) = (ada.organization.id, json!({"email": "eve@example.org", "role": "user"}));
    f.catalog.add_member(ada.user.id, org, input(MemberInput::read, body.clone())).await.unwrap_err();
    assert_forbidden(f.catalog.add_member(bob.user.id, org, input(MemberInput::read, body)).await);
    assert_eq!(audited(&f, &ada, AuditFilter::default()).await, before);
}

#[tokio::test]
async fn what_concerns_an_account_alone_is_shown_to_its_user_alone() {
    use AuditAction::*;
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let (session, _) = f.catalog.create_session(ada.user.id, Origin::default()).await.unwrap();
    f.catalog.end_session(session.id).await.unwrap();
    f.catalog.update_user(ada.user.id, Some("A".into()), Some("new".into()), None).await.unwrap();
    f.catalog.create_flow(ada.user.id, input(FlowInput::read, json!({"name": "f"}))).await.unwrap();
    let of = async |user: &SignedUp| {
        f.catalog.account_audit(user.user.id, AuditFilter::default(), Slice::FIRST).await.unwrap().items
    };
    let mine = of(&ada).await;
    assert_eq!(
        actions(&mine),
        [UserSignedUp, SessionStarted, SessionEnded, UserUpdated, UserPasswordChanged, FlowCreated]
    );
    assert!(mine.iter().all(|entry| entry.organization_id.is_none()));
    assert!(!format!("{mine:?}").contains("new"), "a password's hash is a secret");
    assert_eq!(actions(&of(&bob).await), [UserSignedUp]);
    assert_eq!(actions(&audited(&f, &ada, AuditFilter::default()).await), [OrganizationCreated]);
}

#[tokio::test]
async fn an_audit_log_is_for_admins_and_not_there_for_outsiders() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let read = async || {
        f.catalog.audit(bob.user.id, ada.organization.id, AuditFilter::default(), Slice::FIRST).await
    };
    assert_not_found(read().await);
    f.join(ada.organization.id, bob.user.id).await;
    assert_forbidden(read().await);
}

#[tokio::test]
async fn an_audit_log_is_filtered_and_cut_into_pages_newest_first() {
    use AuditAction::*;
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let org = ada.organization.id;
    let body = json!({"email": "bob@example.org", "role": "admin"});
    f.catalog.add_member(ada.user.id, org, input(MemberInput::read, body)).await.unwrap();
    f.catalog.remove_member(bob.user.id, org, bob.user.id).await.unwrap();
    let all = audited(&f, &ada, AuditFilter::default()).await;
    let only = async |filter| actions(&audited(&f, &ada, filter).await);
    let filter = AuditFilter::default();
    assert_eq!(only(AuditFilter { actor: Some(bob.user.id), ..filter }).await, [MemberRemoved]);
    assert_eq!(only(AuditFilter { action: Some(MemberAdded), ..filter }).await, [MemberAdded]);
    let target = Some(bob.user.id.uuid());
    assert_eq!(only(AuditFilter { target, ..filter }).await, [MemberAdded, MemberRemoved]);
    assert_eq!(only(AuditFilter { from: Some(all[0].at.plus_us(1)), ..filter }).await, []);
    assert_eq!(only(AuditFilter { to: Some(all[2].at), ..filter }).await, []);
    assert_eq!(
        only(AuditFilter { from: Some(all[2].at), to: Some(all[0].at.plus_us(1)), ..filter }).await.len(),
        3
    );

    let page = async |after| {
        f.catalog.audit(ada.user.id, org, filter, Slice { after, ..Slice::first(2) }).await.unwrap()
    };
    let first = page(None).await;
    assert_eq!(first.items, all[..2]);
    let rest = page(first.next).await;
    assert_eq!((rest.items.as_slice(), rest.next), (&all[2..], None));
}

#[tokio::test]
async fn a_book_keeps_a_bounded_number_of_entries_and_the_oldest_go() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let (account, most) = (ada.user.id, limit::AUDIT_PER_ACCOUNT);
    let mut tx = f.catalog.db.begin().await.unwrap();
    let note = async |tx: &mut Tx| {
        audit::note(tx, account, account, AuditAction::UserUpdated, account, json!({})).await.unwrap();
    };
    // The signup is the first; what follows it is moved to where the book is full.
    note(&mut tx).await;
    tx.execute(
        "UPDATE audit_log SET seq = $1 WHERE seq = 2 AND book_id = $2",
        vec![most.into(), account.into()],
    )
    .await
    .unwrap();
    let sql = "SELECT count(*), min(a.seq), max(a.seq) FROM audit_log a WHERE a.book_id = $1";
    let mut kept = Vec::new();
    for _ in 0..=limit::AUDIT_BATCH {
        let mut row = tx.first(sql, vec![account.into()]).await.unwrap().unwrap();
        let (count, oldest, newest): (i64, i64, i64) =
            (row.take().unwrap(), row.take().unwrap(), row.take().unwrap());
        assert!(newest - oldest < most + limit::AUDIT_BATCH, "{oldest} to {newest}");
        kept.push(count);
        note(&mut tx).await;
    }
    let grown = kept.windows(2).filter(|pair| pair[1] == pair[0] + 1).count() as i64;
    assert_eq!(grown, limit::AUDIT_BATCH - 1, "the oldest goes once: {kept:?}");
    let mut row = tx.first(sql, vec![bob.user.id.into()]).await.unwrap().unwrap();
    assert_eq!(row.take::<i64>().unwrap(), 1, "the book of another is another");
}

#[tokio::test]
async fn what_is_too_old_goes_with_the_coming_of_others() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let account = ada.user.id;
    let mut tx = f.catalog.db.begin().await.unwrap();
    let old = now().plus_us(-limit::AUDIT_DAYS * 86_400_000_000 - 1);
    tx.execute("UPDATE audit_log SET at = $1 WHERE book_id = $2", vec![old.into(), account.into()])
        .await
        .unwrap();
    for _ in 1..limit::AUDIT_BATCH {
        audit::note(&mut tx, None, account, AuditAction::UserPlanSet, account, json!({})).await.unwrap();
    }
    tx.commit().await.unwrap();
    let kept = f.catalog.account_audit(account, AuditFilter::default(), Slice::FIRST).await.unwrap().items;
    assert_eq!(kept.len() as i64, limit::AUDIT_BATCH - 1);
    assert!(kept.iter().all(|entry| entry.actor_id.is_none() && entry.actor_email.is_none()));
}

#[tokio::test]
async fn details_that_are_too_long_are_left_out() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let mut tx = f.catalog.db.begin().await.unwrap();
    let details = json!({"name": "x".repeat(limit::AUDIT_DETAILS_BYTES)});
    let target: AuditId = crate::catalog::new_id();
    audit::note(&mut tx, ada.user.id, ada.organization.id, AuditAction::DeviceUpdated, target, details)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let kept = audited(&f, &ada, AuditFilter::default()).await;
    assert_eq!(json!(kept[0].details), json!({"left_out_bytes": limit::AUDIT_DETAILS_BYTES + 11}));
}

#[tokio::test]
async fn what_a_removal_changes_beside_is_noted_with_it() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let (c, org) = (&f.catalog, ada.organization.id);
    f.join(org, bob.user.id).await;
    let body = json!({"organization_id": org, "name": "p"});
    let project = c.create_project(ada.user.id, input(ProjectInput::read, body)).await.unwrap().id;
    let mut flows = Vec::new();
    for owner in [&bob, &bob, &ada] {
        let body = json!({"name": "f", "project_id": project});
        flows.push(c.create_flow(owner.user.id, input(FlowInput::read, body)).await.unwrap().id);
    }
    c.create_flow(bob.user.id, input(FlowInput::read, json!({"name": "his own"}))).await.unwrap();
    let body = json!({"organization_id": org, "name": "d", "project_id": project});
    let dashboard = c.create_dashboard(ada.user.id, input(DashboardInput::read, body)).await.unwrap().id;
    let noted = async || json!(audited(&f, &ada, AuditFilter::default()).await[0].details);

    c.remove_member(ada.user.id, org, bob.user.id).await.unwrap();
    let given = json!({"count": 2, "ids": flows[..2]});
    let details = json!({"email": "bob@example.org", "role": "user", "flows_to_owner": given});
    assert_eq!(noted().await, details);

    c.delete_project(ada.user.id, project).await.unwrap();
    let dashboards = json!({"count": 1, "ids": [dashboard]});
    let left = json!({"count": 3, "ids": flows});
    assert_eq!(noted().await, json!({"name": "p", "flows": left, "dashboards": dashboards}));
}

#[tokio::test]
async fn of_many_things_that_a_removal_changes_some_are_named_and_all_are_counted() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, org) = (&f.catalog, ada.organization.id);
    let body = json!({"organization_id": org, "name": "🦀".repeat(limit::NAME_CHARS)});
    let project = c.create_project(ada.user.id, input(ProjectInput::read, body)).await.unwrap().id;
    let many = limit::AUDIT_IDS + 1;
    for _ in 0..many {
        let body = json!({"name": "f", "project_id": project});
        c.create_flow(ada.user.id, input(FlowInput::read, body)).await.unwrap();
        let body = json!({"organization_id": org, "name": "d", "project_id": project});
        c.create_dashboard(ada.user.id, input(DashboardInput::read, body)).await.unwrap();
    }
    c.delete_project(ada.user.id, project).await.unwrap();
    let details = json!(audited(&f, &ada, AuditFilter::default()).await[0].details);
    for kind in ["flows", "dashboards"] {
        assert_eq!(details[kind]["count"], many, "{details:#}");
        assert_eq!(details[kind]["ids"].as_array().unwrap().len(), many as usize - 1);
    }
}

#[tokio::test]
async fn a_change_of_nothing_is_none() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, user, org) = (&f.catalog, ada.user.id, ada.organization.id);
    let named = json!({"organization_id": org, "name": "n"});
    let project = c.create_project(user, input(ProjectInput::read, named.clone())).await.unwrap();
    let flow = json!({"name": "n", "project_id": project.id, "nodes": [{"id": "a"}]});
    let flow = c.create_flow(user, input(FlowInput::read, flow)).await.unwrap();
    let board = c.create_dashboard(user, input(DashboardInput::read, named)).await.unwrap();
    let widget = json!({"widget_id": "n", "widget_type": "text", "data_source_type": "static"});
    let (widget, version) =
        c.create_widget(user, board.id, None, input(WidgetInput::read, widget)).await.unwrap();
    let board = c.dashboard(user, board.id).await.unwrap();
    let noted = async || audited(&f, &ada, AuditFilter::default()).await.len();
    let before = noted().await;
    for same in [json!({}), json!({"name": "n"})] {
        let patch = input(ProjectPatch::read, same.clone());
        assert_eq!(c.update_project(user, project.id, patch).await.unwrap(), project);
        let patch = input(FlowPatch::read, same.clone());
        assert_eq!(c.update_flow(user, flow.id, Some(&[1]), patch).await.unwrap(), flow);
        let patch = input(DashboardPatch::read, same.clone());
        assert_eq!(c.update_dashboard(user, board.id, Some(&[version]), patch).await.unwrap(), board);
    }
    for same in [json!({}), json!({"name": ada.organization.name, "is_active": true})] {
        let patch = input(OrganizationPatch::read, same);
        assert_eq!(c.update_organization(user, org, patch).await.unwrap(), ada.organization);
    }
    for same in [json!({}), json!({"widget_id": "n"})] {
        let patch = input(WidgetPatch::read, same);
        let told = c.update_widget(user, board.id, "n", Some(&[version]), patch).await.unwrap();
        assert_eq!(told, (widget.clone(), version));
    }
    assert_eq!(noted().await, before);
    let nodes = input(FlowPatch::read, json!({"name": "n", "nodes": []}));
    assert_eq!(c.update_flow(user, flow.id, Some(&[1]), nodes).await.unwrap().version, 2);
    let details = json!(audited(&f, &ada, AuditFilter::default()).await[0].details);
    assert_eq!(details["changed"], json!(["nodes"]));
}
