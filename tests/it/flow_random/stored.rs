//! What is stored of a flow, as the API tells it.

use edgesync_schemas::time::Timestamp;
use serde_json::Value;

use super::model::Rows;
use crate::support::Api;
use crate::support::api::text;

/// All rows of a flow.
pub async fn stored(api: &Api, flow: &str) -> Rows {
    let mut all = Rows::new();
    for series in items(api, &format!("/api/v1/flows/{flow}/series?limit=500")).await {
        let [name, device, sensor] = ["name", "device_id", "sensor_type"].map(|name| text(&series[name]));
        let path =
            format!("/api/v1/flows/{flow}/series/rows?limit=500&name={name}&device={device}&sensor={sensor}");
        let rows = items(api, &path).await.into_iter().map(|row| {
            let ts = text(&row["timestamp"]).parse::<Timestamp>().unwrap().as_us();
            (ts, if row["raw_data"].is_null() { row["value"].clone() } else { row["raw_data"].clone() })
        });
        all.insert((name, device, sensor), rows.collect());
    }
    all
}

/// Everything in a list, page by page.
async fn items(api: &Api, path: &str) -> Vec<Value> {
    let (mut all, mut from) = (Vec::new(), path.to_owned());
    loop {
        let page = api.get(&from).await;
        all.extend(page["items"].as_array().expect("a page has items").iter().cloned());
        match page["next"].as_str() {
            Some(cursor) => from = format!("{path}&cursor={cursor}"),
            None => return all,
        }
    }
}
