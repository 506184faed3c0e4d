use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::dead_letter::DeadLetter;
use edgesync_schemas::entity::flow::FlowInput;
use edgesync_schemas::entity::project::ProjectInput;
use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use serde_json::json;

use super::*;
use crate::catalog::{AuditFilter, Slice, new_id};

async fn flow(f: &Fixture, of: &SignedUp) -> FlowId {
    f.catalog.create_flow(of.user.id, input(FlowInput::read, json!({"name": "f"}))).await.unwrap().id
}

fn letter(flow: FlowId, node: &str) -> DeadLetter {
    DeadLetter {
        id: new_id(),
        flow_id: flow,
        version: 3,
        node_id: node.to_owned(),
        device_id: Some(new_id()),
        sensor_type: Some("temperature".to_owned()),
        timestamp: now().plus_us(-5_000_000),
        offset: 1 << 40,
        value: json!({"a": [1.5, null, "é\u{0}"]}),
        is_cut: false,
        code: "not_a_number".to_owned(),
        detail: "the value is no number".to_owned(),
        skipped: 12,
        at: now(),
    }
}

async fn all(f: &Fixture, user: UserId, flow: FlowId) -> Vec<DeadLetter> {
    f.catalog.dead_letters(user, flow, None, Slice::FIRST).await.unwrap().items
}

#[tokio::test]
async fn letters_come_back_newest_first_as_they_were_given_in_pages_and_by_node() {
    let f = fixture();
    let (ada, eve) = (f.sign_up("ada@example.org").await, f.sign_up("eve@example.org").await);
    let (c, user, flow) = (&f.catalog, ada.user.id, flow(&f, &ada).await);
    let first = letter(flow, "a");
    let bare = DeadLetter { device_id: None, sensor_type: None, value: json!(0.1), ..letter(flow, "b") };
    let given = vec![first, bare, DeadLetter { offset: 2, ..letter(flow, "a") }];
    c.add_dead_letters(&given).await.unwrap();
    c.add_dead_letters(&given[1..]).await.unwrap();
    let newest_first: Vec<_> = given.into_iter().rev().collect();
    assert_eq!(all(&f, user, flow).await, newest_first);
    let of_b = c.dead_letters(user, flow, Some("b"), Slice::FIRST).await.unwrap().items;
    assert_eq!(of_b, newest_first[1..2]);
    let page = c.dead_letters(user, flow, None, Slice::first(2)).await.unwrap();
    let rest = c.dead_letters(user, flow, None, Slice { after: page.next, ..Slice::first(2) }).await.unwrap();
    assert_eq!((page.items.len(), &rest.items[..], rest.next), (2, &newest_first[2..], None));
    assert_not_found(c.dead_letters(eve.user.id, flow, None, Slice::FIRST).await);
}

#[tokio::test]
async fn a_reading_that_is_fed_again_leaves_no_second_letter() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, user, flow, other) = (&f.catalog, ada.user.id, flow(&f, &ada).await, flow(&f, &ada).await);
    let first = letter(flow, "a");
    let again = || DeadLetter { id: new_id(), version: 4, at: now(), ..first.clone() };
    c.add_dead_letters(&[first.clone(), again()]).await.unwrap();
    c.add_dead_letters(&[again()]).await.unwrap();
    assert_eq!(all(&f, user, flow).await, std::slice::from_ref(&first));
    let different = [
        DeadLetter { offset: 8, ..again() },
        DeadLetter { node_id: "b".to_owned(), ..again() },
        DeadLetter { code: "expression".to_owned(), ..again() },
        DeadLetter { value: json!([1.10, "é"]), ..again() },
        DeadLetter { flow_id: other, ..again() },
    ];
    c.add_dead_letters(&different).await.unwrap();
    c.add_dead_letters(&different.clone().map(|one| DeadLetter { id: new_id(), ..one })).await.unwrap();
    assert_eq!((all(&f, user, flow).await.len(), all(&f, user, other).await.len()), (5, 1));
}

#[tokio::test]
async fn what_is_too_large_is_cut_with_a_mark_and_no_text_breaks_a_batch() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, user, flow) = (&f.catalog, ada.user.id, flow(&f, &ada).await);
    let most = limit::DEAD_LETTER_VALUE_BYTES;
    let long = "é".repeat(most);
    let fits = json!("x".repeat(most - 2));
    for (value, is_cut) in [(fits, false), (json!(long), true), (json!({"k": long}), true)] {
        let given = DeadLetter {
            value: value.clone(),
            detail: format!("\0{long}"),
            node_id: "n\0".to_owned(),
            sensor_type: Some("\0".to_owned()),
            code: "c\0".to_owned(),
            ..letter(flow, "")
        };
        c.add_dead_letters(&[given]).await.unwrap();
        let kept = all(&f, user, flow).await.remove(0);
        assert_eq!(kept.is_cut, is_cut);
        if is_cut {
            let text = kept.value.as_str().unwrap();
            let whole = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            assert!(text.len() <= most && text.len() > most - 8 && text.ends_with('…'), "{}", text.len());
            assert!(whole.starts_with(text.trim_end_matches('…')));
        } else {
            assert_eq!(kept.value, value);
        }
        assert!(
            kept.detail.len() <= limit::DEAD_LETTER_DETAIL_BYTES && kept.detail.ends_with("é…"),
            "{}",
            kept.detail
        );
        assert_eq!((kept.node_id.as_str(), kept.code.as_str()), ("n\u{fffd}", "c\u{fffd}"));
    }
}

#[tokio::test]
async fn of_a_flow_the_newest_letters_are_kept_and_a_flood_pushes_out_no_others() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, user, loud, quiet) = (&f.catalog, ada.user.id, flow(&f, &ada).await, flow(&f, &ada).await);
    c.add_dead_letters(&[letter(quiet, "a"), letter(loud, "first")]).await.unwrap();
    let most = limit::DEAD_LETTERS_PER_FLOW;
    let gone = new_id();
    let flood: Vec<_> = (0..most).flat_map(|n| [letter(loud, &n.to_string()), letter(gone, "x")]).collect();
    c.add_dead_letters(&flood).await.unwrap();
    let count = async |flow: FlowId| -> u32 {
        let sql = "SELECT count(*) FROM dead_letters l WHERE l.flow_id = $1";
        c.db.first(sql, vec![flow.into()]).await.unwrap().unwrap().take().unwrap()
    };
    assert_eq!((count(loud).await, count(quiet).await, count(gone).await), (most, 1, 0));
    assert!(c.dead_letters(user, loud, Some("first"), Slice::FIRST).await.unwrap().items.is_empty());
    assert_eq!(all(&f, user, loud).await[0].node_id, (most - 1).to_string());
    // After all were removed it goes on.
    assert_eq!(c.delete_dead_letters(user, loud).await.unwrap(), u64::from(most));
    c.add_dead_letters(&[letter(loud, "again")]).await.unwrap();
    assert_eq!((all(&f, user, loud).await.len(), count(quiet).await), (1, 1));
}

#[tokio::test]
async fn letters_are_removed_by_those_who_may_change_the_flow_and_it_is_noted() {
    let f = fixture();
    let (ada, bob, eve) = (
        f.sign_up("ada@example.org").await,
        f.sign_up("bob@example.org").await,
        f.sign_up("eve@example.org").await,
    );
    f.join(ada.organization.id, bob.user.id).await;
    let c = &f.catalog;
    let body = json!({"organization_id": ada.organization.id, "name": "p"});
    let project = c.create_project(ada.user.id, input(ProjectInput::read, body)).await.unwrap().id;
    let body = json!({"name": "f", "project_id": project});
    let flow = c.create_flow(ada.user.id, input(FlowInput::read, body)).await.unwrap().id;
    c.add_dead_letters(&[letter(flow, "a"), letter(flow, "b")]).await.unwrap();
    assert_eq!(all(&f, bob.user.id, flow).await.len(), 2, "members read them");
    assert_forbidden(c.delete_dead_letters(bob.user.id, flow).await);
    assert_not_found(c.delete_dead_letters(eve.user.id, flow).await);
    assert_eq!(c.delete_dead_letters(ada.user.id, flow).await.unwrap(), 2);
    assert_eq!(c.delete_dead_letters(ada.user.id, flow).await.unwrap(), 0);
    assert!(all(&f, bob.user.id, flow).await.is_empty());
    let noted =
        c.audit(ada.user.id, ada.organization.id, AuditFilter::default(), Slice::FIRST).await.unwrap().items;
    let noted: Vec<_> =
        noted.iter().filter(|entry| entry.action == AuditAction::FlowDeadLettersDeleted).collect();
    assert_eq!((noted.len(), &noted[0].details["count"], noted[0].target_id), (1, &json!(2), flow.uuid()));
    c.add_dead_letters(&[letter(flow, "a")]).await.unwrap();
    c.delete_flow(ada.user.id, flow, None).await.unwrap();
    let row = c.db.first("SELECT count(*) FROM dead_letters", vec![]).await.unwrap();
    assert_eq!(row.unwrap().take::<u32>().unwrap(), 0, "they go with their flow");
}

#[tokio::test]
async fn letters_that_are_too_old_go() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, user, flow) = (&f.catalog, ada.user.id, flow(&f, &ada).await);
    let aged = |days: i64| {
        let ms = now().as_ms() - days * 86_400_000;
        let id = uuid::Uuid::from_u128((ms as u128) << 80 | 7 << 76 | 2 << 62 | days as u128);
        DeadLetter { id: edgesync_schemas::id::Id::from_uuid(id), ..letter(flow, &days.to_string()) }
    };
    let days = limit::DEAD_LETTER_DAYS;
    c.add_dead_letters(&[aged(days + 1), aged(days - 1), letter(flow, "now")]).await.unwrap();
    assert_eq!(c.prune_executions().await.unwrap(), 1);
    let kept = all(&f, user, flow).await;
    assert_eq!(
        kept.iter().map(|letter| letter.node_id.clone()).collect::<Vec<_>>(),
        ["now".to_owned(), (days - 1).to_string()]
    );
}
