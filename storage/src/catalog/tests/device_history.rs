use edgesync_schemas::entity::device::DevicePatch;
use edgesync_schemas::entity::device_history::{DeviceAction, DeviceHistory};
use edgesync_schemas::id::DeviceId;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use serde_json::json;

use super::*;
use crate::catalog::{AuditFilter, Passage, Slice, new_id};

async fn history(f: &Fixture, user: UserId, device: DeviceId) -> Vec<DeviceHistory> {
    f.catalog.device_history(user, device, Slice::FIRST).await.unwrap().items
}

fn actions(entries: &[DeviceHistory]) -> Vec<DeviceAction> {
    entries.iter().map(|entry| entry.action).collect()
}

fn passage(device: DeviceId, action: DeviceAction, skipped: u32) -> Passage {
    Passage { id: new_id(), device, action, at: now(), skipped }
}

#[tokio::test]
async fn what_happens_to_a_device_is_told_newest_first_with_who_did_it() {
    use DeviceAction::*;
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    f.join(ada.organization.id, bob.user.id).await;
    let pump = f.device(&ada, "pump").await.0.id;
    let patch =
        input(DevicePatch::read, json!({"name": "pump", "description": "cellar", "is_active": false}));
    f.catalog.update_device(ada.user.id, pump, patch.clone()).await.unwrap();
    f.catalog.update_device(ada.user.id, pump, patch).await.unwrap();
    f.catalog.rotate_device_token(ada.user.id, pump, 60).await.unwrap();
    f.catalog
        .touch_devices(vec![], &[passage(pump, Connected, 0), passage(pump, Disconnected, 3)])
        .await
        .unwrap();
    f.catalog.revoke_device_token(ada.user.id, pump).await.unwrap();
    f.catalog.revoke_device_token(ada.user.id, pump).await.unwrap();

    let told = history(&f, bob.user.id, pump).await;
    assert_eq!(actions(&told), [TokenRevoked, Disconnected, Connected, TokenRotated, Updated, Created]);
    assert!(told.iter().all(|entry| entry.device_id == pump));
    let by = json!(ada.user.id);
    let details = |at: usize| Value::Object(told[at].details.clone());
    assert_eq!(
        details(4),
        json!({"fields": ["description", "is_active"], "by": by}),
        "the second change was none"
    );
    assert_eq!((details(1), details(2)), (json!({"skipped": 3}), json!({})));
    assert_eq!((&details(3)["overlap_s"], &details(3)["by"]), (&json!(60), &by));

    f.catalog.delete_device(ada.user.id, pump).await.unwrap();
    let told = history(&f, ada.user.id, pump).await;
    assert_eq!(actions(&told)[..2], [Deleted, TokenRevoked]);
    assert_eq!(told[0].details["name"], "pump");
    assert_not_found(f.catalog.device_history(bob.user.id, pump, Slice::FIRST).await);
    assert_not_found(f.catalog.device_history(ada.user.id, new_id(), Slice::FIRST).await);
}

#[tokio::test]
async fn history_is_told_in_pages() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let pump = f.device(&ada, "pump").await.0.id;
    for _ in 0..4 {
        f.catalog.rotate_device_token(ada.user.id, pump, 0).await.unwrap();
    }
    let (mut after, mut told) = (None, Vec::new());
    loop {
        let page =
            f.catalog.device_history(ada.user.id, pump, Slice { after, ..Slice::first(2) }).await.unwrap();
        assert!(page.items.len() <= 2);
        told.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(told, history(&f, ada.user.id, pump).await);
    assert_eq!(told.len(), 5);
}

#[tokio::test]
async fn a_device_that_comes_and_goes_does_not_push_out_who_made_it() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (pump, fan) = (f.device(&ada, "pump").await.0.id, f.device(&ada, "fan").await.0.id);
    let most = limit::DEVICE_HISTORY_ENTRIES as usize;
    for _ in 0..4 {
        let passages: Vec<_> = (0..most / 2).map(|_| passage(pump, DeviceAction::Connected, 0)).collect();
        f.catalog.touch_devices(vec![], &passages).await.unwrap();
    }
    let last = passage(pump, DeviceAction::Connected, 0);
    f.catalog.touch_devices(vec![], &[last, passage(fan, DeviceAction::Connected, 0)]).await.unwrap();
    let told = history(&f, ada.user.id, pump).await;
    assert_eq!(told.len(), most + 1);
    assert_eq!((told[0].id, told[most].action), (last.id, DeviceAction::Created));
    assert_eq!(history(&f, ada.user.id, fan).await.len(), 2);
}

#[tokio::test]
async fn what_is_too_old_goes_a_bounded_number_at_a_time_until_all_of_it_went() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let pump = f.device(&ada, "pump").await.0.id;
    let old = now().plus_us(-(limit::DEVICE_HISTORY_DAYS * 86_400 + 1) * 1_000_000);
    let count = limit::DEVICE_HISTORY_BATCH * 2 + 1;
    let sets = (0..count).map(|_| aged(&ada, old)).collect();
    let mut tx = f.catalog.db.begin().await.unwrap();
    tx.execute_all(
        "INSERT INTO device_history (id, device_id, organization_id, action, details, at)
         VALUES ($1, $2, $3, 'connected', '{}', $4)",
        sets,
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(f.catalog.prune_device_history().await.unwrap(), u64::from(count));
    assert_eq!(f.catalog.prune_device_history().await.unwrap(), 0);
    assert_eq!(actions(&history(&f, ada.user.id, pump).await), [DeviceAction::Created]);
}

fn aged(of: &SignedUp, at: Timestamp) -> Vec<crate::catalog::value::Value> {
    use edgesync_schemas::id::kind;
    let (id, device) = (new_id::<kind::DeviceEvent>(), new_id::<kind::Device>());
    vec![id.into(), device.into(), of.organization.id.into(), at.into()]
}

#[tokio::test]
async fn passages_of_a_device_that_is_gone_are_left_out() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let pump = f.device(&ada, "pump").await.0.id;
    let (gone, here) =
        (passage(new_id(), DeviceAction::Connected, 0), passage(pump, DeviceAction::Connected, 0));
    f.catalog.touch_devices(vec![], &[gone, here]).await.unwrap();
    let row = f.catalog.db.first("SELECT count(*) FROM device_history", vec![]).await.unwrap();
    assert_eq!(row.unwrap().take::<u32>().unwrap(), 2);
}

#[tokio::test]
async fn a_token_that_the_operator_replaces_is_told_with_nobody_as_who_did_it() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let pump = f.device(&ada, "pump").await.0.id;
    let token = f.catalog.replace_device_token(pump).await.unwrap();
    let told = history(&f, ada.user.id, pump).await;
    assert_eq!(actions(&told), [DeviceAction::TokenRotated, DeviceAction::Created]);
    let details = json!({"overlap_s": 0, "token_prefix": token.prefix()});
    assert_eq!(Value::Object(told[0].details.clone()), details);
    let noted = f.catalog.audit(ada.user.id, ada.organization.id, AuditFilter::default(), Slice::FIRST).await;
    let noted = noted.unwrap().items;
    assert_eq!((noted[0].actor_id, noted[0].target_id), (None, pump.uuid()));
    assert_eq!(Value::Object(noted[0].details.clone()), details);
}
