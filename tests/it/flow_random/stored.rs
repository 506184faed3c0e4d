//! What is stored of a flow, read where it lies once the server is down.

use std::path::Path;

use edgesync_schemas::time::Timestamp;
use edgesync_storage::log::{DerivedQuery, Options, Order, ReadingLog};
use serde_json::Value;

use super::model::Rows;

/// All rows in an embedded store.
pub async fn stored(readings: &Path) -> Rows {
    let readings = readings.to_owned();
    let opened = tokio::task::spawn_blocking(move || ReadingLog::open(&readings, Options::default()));
    rows(&opened.await.unwrap().unwrap()).await
}

async fn rows(log: &ReadingLog) -> Rows {
    let mut all = Rows::new();
    for series in log.all_derived_series().await.unwrap() {
        let query = DerivedQuery {
            series: series.id,
            from: Timestamp::MIN,
            to: Timestamp::MAX,
            order: Order::Ascending,
            limit: 1_000_000,
        };
        let rows = log.derived_rows(query).await.unwrap();
        let rows = rows.into_iter().map(|row| {
            let value =
                row.raw.map_or_else(|| Value::from(row.num), |raw| serde_json::from_str(&raw).unwrap());
            (row.timestamp.as_us(), value)
        });
        let of = &series.of;
        let (device, sensor) = (of.device.unwrap().to_string(), of.sensor.clone().unwrap().to_string());
        all.insert((of.name.to_string(), device, sensor), rows.collect());
    }
    all
}
