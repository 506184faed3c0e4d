//! Imports where the store cares what comes together.

use edgesync_schemas::entity::device::DeviceInput;
use serde_json::json;

use super::super::import::{Format, ImportQuery};
use super::*;
use crate::catalog::{self, Catalog};

#[tokio::test(flavor = "multi_thread")]
async fn two_years_with_a_reading_a_day_are_imported() {
    const DAYS: i64 = 730;
    let directory = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(&directory.path().join("catalog.db")).unwrap();
    let ada = catalog.sign_up("ada@example.org", "Ada", "hash".to_owned()).await.unwrap();
    let body = json!({"organization_id": ada.organization.id, "name": "meter"});
    let (meter, _) = catalog.create_device(ada.user.id, DeviceInput::read(body).unwrap()).await.unwrap();
    let (_cluster, log) = open_database().await;
    let history = History::new(log.clone());
    let query =
        ImportQuery { user: ada.user.id, catalog, device: Some(meter.id), format: Format::Csv, id: None };
    let mut import = history.import(query).unwrap();
    let now = catalog::now().as_ms();
    let mut file = String::from("sensor_type,value,timestamp\n");
    for day in 1..=DAYS {
        file.push_str(&format!("kWh,{day},{}\n", now - day * 86_400_000));
    }
    import.take(file.as_bytes()).await.unwrap();
    let report = import.finish().await.unwrap();
    assert_eq!((report.accepted, report.refused), (DAYS as u64, 0), "{report:?}");
    assert_eq!((log.end().0, log.stats().failed_commits), (DAYS as u64, 0));
}
