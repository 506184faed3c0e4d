//! What the demo shows: a flow, and a dashboard with a widget of most kinds.

use anyhow::{Context, Result};
use hyper::Method;
use serde_json::{Value, json};

use crate::simulate::api::{Client, Made};

/// Makes the demo's flow and dashboard, unless they are there.
///
/// # Errors
/// Whatever the API refuses.
pub(super) async fn make(client: &mut Client, organization: &str, devices: &[Made]) -> Result<()> {
    let flows = client.expect(Method::GET, "/api/v1/flows?limit=1", None).await?;
    if flows["items"].as_array().is_some_and(|items| !items.is_empty()) {
        return Ok(());
    }
    let flow = client.expect(Method::POST, "/api/v1/flows", Some(&flow(devices))).await?;
    let flow = flow["id"].as_str().context("the new flow has no id")?;
    client.expect(Method::POST, &format!("/api/v1/flows/{flow}/deploy"), Some(&json!({}))).await?;
    let dashboard = json!({
        "organization_id": organization, "name": "Boiler house", "description": "What the demo's devices send, as it comes",
    });
    let dashboard = client.expect(Method::POST, "/api/v1/dashboard-templates", Some(&dashboard)).await?;
    let dashboard = dashboard["id"].as_str().context("the new dashboard has no id")?;
    for widget in widgets(flow, devices) {
        client
            .expect(Method::POST, &format!("/api/v1/dashboard-templates/{dashboard}/widgets"), Some(&widget))
            .await?;
    }
    Ok(())
}

fn flow(devices: &[Made]) -> Value {
    let node = |id: &str, kind: &str, x: u32, data: Value| json!({"id": id, "type": kind, "position": {"x": x, "y": 80}, "data": data});
    json!({
        "name": "Warm boilers",
        "description": "The average temperature of the first device, while it is above 20 degrees",
        "nodes": [
            node("device", "device", 0, json!({"label": "Boiler 1", "mode": "read", "deviceUuid": devices[0].id, "variable": "temperature"})),
            node("average", "moving-average", 300, json!({"label": "Mean of 10", "windowSize": 10})),
            node("warm", "filter", 600, json!({"label": "Above 20 degrees", "expression": "value > 20.0"})),
            node("display", "display", 900, json!({"label": "Show", "displayType": "number", "precision": 2, "unit": "C"})),
        ],
        "edges": [
            {"id": "e1", "source": "device", "target": "average"},
            {"id": "e2", "source": "average", "target": "warm"},
            {"id": "e3", "source": "warm", "target": "display"},
        ],
    })
}

/// Where a widget is, in cells: 12 a row.
type Place = [u32; 4];

fn widgets(flow: &str, devices: &[Made]) -> Vec<Value> {
    let sensor = |id: &str,
                  title: &str,
                  kind: &str,
                  (device, sensor): (usize, &str),
                  [x, y, w, h]: Place,
                  config: Value| {
        json!({
            "widget_id": id, "title": title, "widget_type": kind, "data_source_type": "device_sensor",
            "device_id": devices[device].id, "sensor_type": sensor, "widget_config": config,
            "grid_position": {"x": x, "y": y, "w": w, "h": h},
        })
    };
    // A chart of several series has a widget for each that names it.
    let part = |of: &str, number: usize, title: &str, from: (usize, &str)| {
        sensor(&format!("{of}-{number}"), title, "time_series", from, [0, 0, 1, 1], json!({"part_of": of}))
    };
    let (warm, high) = (
        json!([{"from": 24, "state": "warn", "word": "Warm"}]),
        json!([
            {"from": 1.2, "state": "ok", "word": "Normal"}, {"from": 1.7, "state": "warn", "word": "High"},
        ]),
    );
    vec![
        sensor(
            "temperature",
            "Temperature",
            "time_series",
            (0, "temperature"),
            [0, 0, 8, 5],
            json!({"label": "Boiler 1", "decimals": 1, "thresholds": warm}),
        ),
        part("temperature", 2, "Boiler 6", (5, "temperature")),
        part("temperature", 3, "Boiler 11", (10, "temperature")),
        sensor(
            "pressure",
            "Pressure of boiler 2",
            "gauge",
            (1, "pressure"),
            [8, 0, 4, 5],
            json!({"min": 1, "max": 2, "decimals": 2, "thresholds": high}),
        ),
        json!({
            "widget_id": "warm", "title": "Average while warm", "widget_type": "stat_panel", "data_source_type": "flow_node",
            "flow_id": flow, "node_id": "display", "widget_config": {"decimals": 2},
            "grid_position": {"x": 0, "y": 5, "w": 4, "h": 4},
        }),
        sensor(
            "pressures",
            "Pressures",
            "bar_chart",
            (0, "pressure"),
            [4, 5, 4, 4],
            json!({"label": "Boiler 1", "min": 1, "max": 2, "decimals": 2}),
        ),
        part("pressures", 2, "Boiler 6", (5, "pressure")),
        part("pressures", 3, "Boiler 11", (10, "pressure")),
        part("pressures", 4, "Boiler 16", (15, "pressure")),
        sensor(
            "trend",
            "Where boiler 4 is heading",
            "trend_chart",
            (3, "temperature"),
            [8, 5, 4, 4],
            json!({"decimals": 1}),
        ),
        sensor(
            "spread",
            "How warm boiler 1 was",
            "histogram",
            (0, "temperature"),
            [0, 9, 4, 5],
            json!({"bins": 16}),
        ),
        sensor(
            "together",
            "Pressure over temperature",
            "xy_chart",
            (1, "temperature"),
            [4, 9, 4, 5],
            json!({}),
        ),
        part("together", 2, "Pressure", (1, "pressure")),
        sensor(
            "rows",
            "Readings of boiler 3",
            "table",
            (2, "temperature"),
            [8, 9, 4, 5],
            json!({"rows": 20, "decimals": 2}),
        ),
    ]
}
