use edgesync_schemas::entity::device::{DevicePatch, DeviceStatus};
use edgesync_schemas::entity::user::SubscriptionType;
use edgesync_schemas::id::DeviceId;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;

use super::*;
use crate::catalog::{DeviceFilter, Presence, Slice, new_id, token};

#[tokio::test]
async fn a_token_opens_its_device() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (pump, token) = f.device(&ada, "pump").await;
    for _ in 0..2 {
        let access = f.catalog.device_by_token(token.reveal()).await.unwrap().unwrap();
        assert_eq!((access.device, access.organization), (pump.id, ada.organization.id));
        assert!(access.is_active);
    }
    assert!(token.reveal().starts_with(&pump.token_prefix));
    assert_eq!(f.catalog.device_by_token("esd_guess").await.unwrap(), None);
    assert_eq!(f.catalog.device_by_token_hash(&token::hash("")).await.unwrap(), None);
}

#[tokio::test]
async fn a_name_is_taken_once_in_an_organization() {
    let f = fixture();
    let (ada, eve) = (f.sign_up("ada@example.org").await, f.sign_up("eve@example.org").await);
    f.device(&ada, "pump").await;
    f.device(&eve, "pump").await;
    let again = f.catalog.create_device(ada.user.id, device(ada.organization.id, "pump")).await;
    assert!(matches!(again, Err(Error::Conflict { field }) if field == "name"));
}

#[tokio::test]
async fn many_at_once_do_not_get_past_the_device_limit() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let made = (0..20).map(|n| {
        let (catalog, input) = (f.catalog.clone(), device(ada.organization.id, &n.to_string()));
        tokio::spawn(async move { catalog.create_device(ada.user.id, input).await.is_ok() })
    });
    let mut count = 0;
    for made in made.collect::<Vec<_>>() {
        count += u32::from(made.await.unwrap());
    }
    assert_eq!(count, ada.user.profile.device_limit);
}

#[tokio::test]
async fn deleting_devices_makes_no_room_for_ever_more_series() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let most = ada.user.profile.device_limit * limit::DEVICES_MADE_PER_DEVICE;
    for _ in 0..most {
        let (pump, _) = f.device(&ada, "pump").await;
        f.catalog.delete_device(ada.user.id, pump.id).await.unwrap();
    }
    let refused = f.catalog.create_device(ada.user.id, device(ada.organization.id, "pump")).await;
    let reached = |limit| Error::LimitReached { code: "devices_made_limit_reached", limit }.to_string();
    assert_eq!(refused.unwrap_err().to_string(), reached(most));
    f.catalog.set_plan("ada@example.org", SubscriptionType::Paid, 6).await.unwrap();
    f.device(&ada, "pump").await;
}

#[tokio::test]
async fn a_device_that_is_refused_is_not_counted() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    f.device(&ada, "pump").await;
    f.catalog.create_device(ada.user.id, device(ada.organization.id, "pump")).await.unwrap_err();
    let made = f.catalog.db.first("SELECT devices_made FROM user_profiles", vec![]).await.unwrap();
    assert_eq!(made.unwrap().take::<u32>().unwrap(), 1);
}

#[tokio::test]
async fn a_replaced_token_ends_at_once_or_after_the_overlap() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (pump, first) = f.device(&ada, "pump").await;
    let opens = async |token: &Token| f.catalog.device_by_token(token.reveal()).await.unwrap().is_some();
    assert!(opens(&first).await);

    let (_, second) = f.catalog.rotate_device_token(ada.user.id, pump.id, 3600).await.unwrap();
    assert!(opens(&first).await && opens(&second).await);
    let (after, third) = f.catalog.rotate_device_token(ada.user.id, pump.id, 0).await.unwrap();
    assert!(!opens(&first).await && !opens(&second).await && opens(&third).await);
    assert_eq!(after.token_prefix, third.prefix());

    let (_, fourth) = f.catalog.rotate_device_token(ada.user.id, pump.id, 3600).await.unwrap();
    assert!(opens(&third).await);
    let mut tx = f.catalog.db.begin().await.unwrap();
    tx.execute("UPDATE devices SET previous_token_until = $1", vec![now().plus_us(-1).into()]).await.unwrap();
    f.catalog.commit_access(tx, pump.id).await.unwrap();
    assert!(!opens(&third).await && opens(&fourth).await);
}

#[tokio::test]
async fn a_device_that_is_switched_off_or_gone_is_refused_from_then_on() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (pump, token) = f.device(&ada, "pump").await;
    let access = async || f.catalog.device_by_token(token.reveal()).await.unwrap();
    assert!(access().await.unwrap().is_active);
    let off = DevicePatch { is_active: Some(false), ..DevicePatch::default() };
    let pump = f.catalog.update_device(ada.user.id, pump.id, off).await.unwrap();
    assert_eq!((pump.is_active, pump.status), (false, DeviceStatus::Inactive));
    assert!(!access().await.unwrap().is_active);
    f.catalog.delete_device(ada.user.id, pump.id).await.unwrap();
    assert_eq!(access().await, None);
    assert_eq!(f.catalog.device(pump.id).await.unwrap(), None);
}

#[tokio::test]
async fn presence_is_written_in_one_batch_and_never_goes_back() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (pump, fan, off) =
        (f.device(&ada, "pump").await.0, f.device(&ada, "fan").await.0, f.device(&ada, "off").await.0);
    let patch = DevicePatch { is_active: Some(false), ..DevicePatch::default() };
    f.catalog.update_device(ada.user.id, off.id, patch).await.unwrap();
    let at = |s: i64| Timestamp::from_us(s * 1_000_000).unwrap();
    let seen = |device: DeviceId, s, status| Presence { device, last_seen: at(s), status };
    let batch = vec![
        seen(pump.id, 10, DeviceStatus::Active),
        seen(fan.id, 20, DeviceStatus::Offline),
        seen(off.id, 30, DeviceStatus::Offline),
        seen(new_id(), 40, DeviceStatus::Active),
        seen(pump.id, 5, DeviceStatus::Active),
    ];
    f.catalog.touch_devices(batch, &[]).await.unwrap();
    let state = async |id| {
        let device = f.catalog.device(id).await.unwrap().unwrap();
        (device.last_seen, device.status)
    };
    assert_eq!(state(pump.id).await, (Some(at(10)), DeviceStatus::Active));
    assert_eq!(state(fan.id).await, (Some(at(20)), DeviceStatus::Offline));
    assert_eq!(state(off.id).await, (Some(at(30)), DeviceStatus::Inactive));
    assert_eq!(f.catalog.reset_presence().await.unwrap(), 1);
    assert_eq!(state(pump.id).await, (Some(at(10)), DeviceStatus::Offline));
}

#[tokio::test]
async fn what_was_made_is_there_after_a_restart() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (pump, token) = f.device(&ada, "pump").await;
    f.catalog.close().await;
    let Fixture { catalog, place } = f;
    drop(catalog);
    let catalog = place.open();
    assert_eq!(
        catalog.devices(ada.user.id, DeviceFilter::default(), Slice::FIRST).await.unwrap().items,
        [pump]
    );
    assert!(catalog.device_by_token(token.reveal()).await.unwrap().is_some());
}

#[tokio::test]
async fn of_many_devices_made_at_once_each_is_made_or_not() {
    let f = fixture();
    let (ada, eve) = (f.sign_up("ada@example.org").await, f.sign_up("eve@example.org").await);
    f.join(eve.organization.id, ada.user.id).await;
    f.device(&ada, "taken").await;
    let inputs = [
        (ada.organization.id, "one"),
        (ada.organization.id, "taken"),
        (ada.organization.id, "one"),
        (eve.organization.id, "not hers to make"),
        (new_id(), "nowhere"),
        (ada.organization.id, "two"),
        (ada.organization.id, "three"),
        (ada.organization.id, "four"),
        (ada.organization.id, "one too many"),
    ];
    let inputs = inputs.map(|(organization, name)| device(organization, name)).to_vec();
    let made = f.catalog.create_devices(ada.user.id, inputs).await.unwrap();
    let told: Vec<_> = made
        .iter()
        .map(|made| match made {
            Ok((device, _)) => device.name.clone(),
            Err(error) => error.to_string(),
        })
        .collect();
    let limit = "device_limit_reached: at most 5";
    let forbidden = Error::Forbidden.to_string();
    assert_eq!(
        told,
        [
            "one",
            "name is taken",
            "name is taken",
            &forbidden,
            "no such organization",
            "two",
            "three",
            "four",
            limit
        ]
    );
    for (device, token) in made.iter().flatten() {
        let access = f.catalog.device_by_token(token.reveal()).await.unwrap().unwrap();
        assert_eq!(access.device, device.id);
    }
    let row = f
        .catalog
        .db
        .first("SELECT devices_made FROM user_profiles WHERE user_id = $1", vec![ada.user.id.into()]);
    assert_eq!(row.await.unwrap().unwrap().take::<u32>().unwrap(), 5);
}

#[tokio::test]
async fn a_revoked_token_opens_nothing_until_there_is_a_new_one() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (pump, first) = f.device(&ada, "pump").await;
    let (_, second) = f.catalog.rotate_device_token(ada.user.id, pump.id, 3600).await.unwrap();
    let opens = async |token: &Token| f.catalog.device_by_token(token.reveal()).await.unwrap().is_some();
    assert!(opens(&first).await && opens(&second).await);
    f.catalog.revoke_device_token(ada.user.id, pump.id).await.unwrap();
    assert!(!opens(&first).await && !opens(&second).await);
    assert_eq!(f.catalog.readable_device(ada.user.id, pump.id).await.unwrap().token_prefix, "");
    let (_, third) = f.catalog.rotate_device_token(ada.user.id, pump.id, 3600).await.unwrap();
    assert!(opens(&third).await && !opens(&second).await);
}

#[tokio::test]
async fn a_device_that_is_said_to_be_broken_stays_so_until_somebody_says_otherwise() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (pump, _) = f.device(&ada, "pump").await;
    let seen = async || {
        let presence = Presence { device: pump.id, last_seen: now(), status: DeviceStatus::Active };
        f.catalog.touch_devices(vec![presence], &[]).await.unwrap();
        f.catalog.device(pump.id).await.unwrap().unwrap().status
    };
    let say = async |status| {
        let patch = DevicePatch { status: Some(status), ..DevicePatch::default() };
        f.catalog.update_device(ada.user.id, pump.id, patch).await.unwrap().status
    };
    assert_eq!(say(DeviceStatus::Error).await, DeviceStatus::Error);
    assert_eq!(seen().await, DeviceStatus::Error);
    assert_eq!(say(DeviceStatus::Offline).await, DeviceStatus::Offline);
    assert_eq!(seen().await, DeviceStatus::Active);
}

#[tokio::test]
async fn the_devices_of_an_organization_are_counted_by_how_they_are() {
    use edgesync_schemas::entity::fleet::FleetDevices;
    let f = fixture();
    let (ada, eve) = (f.sign_up("ada@example.org").await, f.sign_up("eve@example.org").await);
    let of_ada = async || f.catalog.fleet(ada.user.id, ada.organization.id).await.unwrap().devices;
    assert_eq!(of_ada().await, FleetDevices::default());
    assert_not_found(f.catalog.fleet(eve.user.id, ada.organization.id).await);
    f.device(&eve, "hers").await;
    for (name, status) in [
        ("one", Some(DeviceStatus::Active)),
        ("two", Some(DeviceStatus::Active)),
        ("three", Some(DeviceStatus::Offline)),
        ("four", None),
    ] {
        let (made, _) = f.device(&ada, name).await;
        if let Some(status) = status {
            let presence = Presence { device: made.id, last_seen: now(), status };
            f.catalog.touch_devices(vec![presence], &[]).await.unwrap();
        }
    }
    let mut expected = FleetDevices { devices: 4, active: 2, offline: 1, inactive: 1, error: 0, disabled: 0 };
    assert_eq!(of_ada().await, expected);
    let one = f.catalog.devices(
        ada.user.id,
        DeviceFilter { q: Some("one"), ..Default::default() },
        Slice::first(5),
    );
    let off = DevicePatch { is_active: Some(false), ..DevicePatch::default() };
    f.catalog.update_device(ada.user.id, one.await.unwrap().items[0].id, off).await.unwrap();
    (expected.active, expected.inactive, expected.disabled) = (1, 2, 1);
    assert_eq!(of_ada().await, expected);
    // whoever joins counts nothing twice
    f.join(ada.organization.id, eve.user.id).await;
    assert_eq!(f.catalog.fleet(eve.user.id, ada.organization.id).await.unwrap().devices, of_ada().await);
}
