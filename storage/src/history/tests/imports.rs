//! Imports where the store cares what comes together.

use edgesync_schemas::entity::device::DeviceInput;
use edgesync_schemas::limit;
use serde_json::json;

use super::super::import::{Format, Import, ImportQuery};
use super::*;
use crate::catalog::{self, Catalog};

/// An import for a device that is the importer's.
async fn import(directory: &Path, log: &ReadingLog) -> Import {
    let catalog = Catalog::open(&directory.join("catalog.db")).unwrap();
    let ada = catalog.sign_up("ada@example.org", "Ada", "hash".to_owned()).await.unwrap();
    let body = json!({"organization_id": ada.organization.id, "name": "meter"});
    let (meter, _) = catalog.create_device(ada.user.id, DeviceInput::read(body).unwrap()).await.unwrap();
    let query =
        ImportQuery { user: ada.user.id, catalog, device: Some(meter.id), format: Format::Csv, id: None };
    History::new(log.clone()).import(query).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_years_with_a_reading_a_day_are_imported() {
    const DAYS: i64 = 730;
    let directory = tempfile::tempdir().unwrap();
    let (_cluster, log) = open_database().await;
    let mut import = import(directory.path(), &log).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn of_many_refused_lines_the_first_are_named_and_all_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(&directory.path().join("readings"));
    let mut import = import(directory.path(), &log).await;
    let lines = limit::IMPORT_ERRORS + 1;
    let file = format!("sensor_type,value,timestamp\n{}", "kWh,x,0\n".repeat(lines));
    import.take(file.as_bytes()).await.unwrap();
    let report = import.finish().await.unwrap();
    assert_eq!((report.accepted, report.refused), (0, lines as u64));
    let named: Vec<u64> = report.errors.iter().map(|error| error.line).collect();
    assert_eq!(named, (2..2 + limit::IMPORT_ERRORS as u64).collect::<Vec<_>>());
}
