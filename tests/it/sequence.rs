//! Numbers of frames: whatever a device does with them, each reading is stored once.

use serde_json::json;

use crate::bad_input::{begun, goes_on};
use crate::support::Device;

#[tokio::test]
async fn a_second_socket_takes_over_without_loss() {
    let (stage, mut older) = begun().await;
    for q in 2..=20 {
        older.data(q, json!([["a", q]])).await;
    }
    // Not one acknowledgement was read: the second socket resends everything.
    let mut newer = Device::connect(&stage.server, &stage.device, 1, 2).await;
    let acked = newer.welcome["acked"].as_u64().unwrap();
    for q in acked + 1..=21 {
        let reading = if q == 21 { json!([["good", 2]]) } else { json!([["a", q]]) };
        newer.data(q, reading).await;
    }
    newer.acked(21).await;
    let expected: Vec<f64> = (2..=20).map(f64::from).collect();
    stage.api.expect_values(&stage.device.id, "a", &expected).await;
    stage.api.expect_values(&stage.device.id, "good", &[1.0, 2.0]).await;
}

#[tokio::test]
async fn a_gap_in_the_numbers_is_nacked_with_the_number_expected() {
    let (stage, mut device) = begun().await;
    device.data(5, json!([["a", 5]])).await;
    let nack = device.socket.hear().await;
    assert_eq!((&nack["t"], &nack["q"], &nack["code"]), (&json!("nack"), &json!(5), &json!("gap")));
    assert_eq!(nack["expected"], 2, "{nack}");
    assert!(stage.api.values(&stage.device.id, "a").await.is_empty());
    goes_on(&stage, device, 2).await;
}

#[tokio::test]
async fn a_repeated_number_is_acknowledged_and_not_stored_again() {
    let (stage, mut device) = begun().await;
    device.deliver(2, json!([["a", 1]])).await;
    for q in [1, 2, 2, 1] {
        assert!(device.deliver(q, json!([["a", 99]])).await.is_empty());
    }
    stage.api.expect_values(&stage.device.id, "a", &[1.0]).await;
    goes_on(&stage, device, 3).await;
}

#[tokio::test]
async fn another_boot_counts_anew() {
    let (stage, _device) = begun().await;
    let mut device = Device::connect(&stage.server, &stage.device, 2, 1).await;
    assert_eq!(device.welcome["acked"], 0);
    device.deliver(1, json!([["good", 2]])).await;
    stage.api.expect_values(&stage.device.id, "good", &[1.0, 2.0]).await;
    let device = Device::connect(&stage.server, &stage.device, 1, 2).await;
    assert_eq!(device.welcome["acked"], 1, "the boot before is still known");
}
