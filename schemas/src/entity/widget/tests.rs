//! Bodies of widgets, good and wrong, and how a source is written.

use serde_json::json;

use super::*;

#[test]
fn a_widget_takes_the_fields_of_its_kind_of_source_only() {
    let device = "01890000-0000-7000-8000-000000000001";
    let good = json!({"widget_id": "w", "widget_type": "gauge", "data_source_type": "device_sensor",
        "device_id": device, "sensor_type": "temperature"});
    let widget = WidgetInput::read(good.clone()).unwrap();
    assert!(matches!(widget.source, DataSource::DeviceSensor { .. }));
    let mut mixed = good;
    mixed["flow_id"] = device.into();
    mixed["sensor_type"] = "no such name!".into();
    let problems = WidgetInput::read(mixed).unwrap_err();
    let pointers: Vec<_> = problems.iter().map(|p| p.pointer.as_str()).collect();
    assert_eq!(pointers, ["/sensor_type", "/flow_id"]);
}

#[test]
fn a_widget_of_an_unknown_kind_says_which_kinds_there_are() {
    let body = json!({"widget_id": "w", "widget_type": "dial", "data_source_type": "sql", "flow_id": 7,
        "grid_position": {"x": -1, "z": 0}});
    let problems = WidgetInput::read(body).unwrap_err();
    let pointers: Vec<_> = problems.iter().map(|p| p.pointer.as_str()).collect();
    assert_eq!(pointers, ["/widget_type", "/grid_position/x", "/grid_position/z", "/data_source_type"]);
    assert!(problems[0].message.contains("gauge"), "{problems:?}");
}

#[test]
fn a_change_takes_a_source_whole_or_not_at_all() {
    let patch = WidgetPatch::read(json!({"title": "t", "aggregation": "avg"})).unwrap();
    assert_eq!((patch.source, patch.aggregation), (None, Some(Aggregation::Avg)));
    let whole = json!({"data_source_type": "static", "static_value": 7});
    let patch = WidgetPatch::read(whole).unwrap();
    assert_eq!(patch.source, Some(DataSource::Static { static_value: json!(7) }));
    let problems = WidgetPatch::read(json!({"sensor_type": "temperature"})).unwrap_err();
    let pointers: Vec<_> = problems.iter().map(|p| p.pointer.as_str()).collect();
    assert_eq!(pointers, ["/data_source_type"]);
}

#[test]
fn a_source_stands_beside_the_widgets_fields() {
    let source = DataSource::Static { static_value: json!(7) };
    assert_eq!(
        serde_json::to_value(source).unwrap(),
        json!({"data_source_type": "static", "static_value": 7})
    );
}
