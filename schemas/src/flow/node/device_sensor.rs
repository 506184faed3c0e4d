//! `device-sensor`, and `device` in mode `read`: readings of devices.

use serde_json::Value;

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::flow::problem::Code;
use crate::id::DeviceId;
use crate::limit;
use crate::sensor::SensorName;

/// Readings of some devices, as they become durable.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceSensor {
    /// The devices, without repeats; not empty, at most [`limit::SOURCE_DEVICES`].
    pub devices: Vec<DeviceId>,
    /// The sensors, without repeats; empty means all of them, those of the future included.
    pub sensors: Vec<SensorName>,
}

/// The catalogue's row of `device-sensor`.
pub const SPEC: Spec = Spec {
    kind: "device-sensor",
    title: "Device sensor",
    category: Category::Source,
    input: Input::Nothing,
    ports: &[Port::Out],
    state: State::Stateless,
    side_effect: false,
    fields: &[],
    docs: "Readings of the chosen devices, each with its device and sensor as key, in the order they became durable. \
           Without sensors: every sensor of the devices, those that appear later included.",
    schema: r#"{"type":"object","required":["devices"],"properties":{
        "devices":{"type":"array","title":"Devices","minItems":1,"maxItems":10000,"items":{"type":"string","format":"uuid"}},
        "sensors":{"type":"array","title":"Sensors","description":"None: all of them","items":{"type":"string","maxLength":64}}}}"#,
};

/// The catalogue's row of `device`.
pub const SPEC_DEVICE: Spec = Spec {
    kind: "device",
    title: "Device",
    docs: "Readings of one variable of one device: the form of older diagrams. Mode read only.",
    schema: r#"{"type":"object","required":["deviceUuid"],"properties":{
        "deviceUuid":{"type":"string","title":"Device","format":"uuid"},
        "variable":{"type":"string","title":"Variable","description":"None: all of them","maxLength":64},
        "mode":{"type":"string","title":"Mode","enum":["read"],"default":"read"},
        "dataType":{"type":"string","title":"Data type"}}}"#,
    ..SPEC
};

impl DeviceSensor {
    /// From `devices` and `sensors`.
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        let listed = fields.list("devices");
        if listed.is_empty() {
            fields.refuse("devices", Code::Required, "choose at least one device");
        }
        if listed.len() > limit::SOURCE_DEVICES {
            let message = format!("{} devices, at most {} are allowed", listed.len(), limit::SOURCE_DEVICES);
            fields.refuse("devices", Code::TooLarge, message);
            return None;
        }
        let mut devices: Vec<DeviceId> =
            listed.iter().filter_map(|value| device(fields, "devices", value)).collect();
        let mut seen = std::collections::HashSet::new();
        devices.retain(|device| seen.insert(*device));
        let mut sensors = Vec::new();
        for value in fields.list("sensors") {
            sensors.extend(sensor(fields, "sensors", value).filter(|sensor| !sensors.contains(sensor)));
        }
        Some(Self { devices, sensors })
    }

    /// From `deviceUuid`, `variable` and `mode`, as older diagrams have them. `dataType` changes nothing: values carry their type.
    pub fn parse_device(fields: &mut Fields<'_>) -> Option<Self> {
        match fields.text("mode") {
            None | Some("read" | "input") => {}
            Some(mode) => {
                fields.refuse(
                    "mode",
                    Code::Unsupported,
                    format!("mode {mode:?} is not supported, only \"read\" is"),
                );
            }
        }
        let sensors = fields.get("variable").and_then(|value| sensor(fields, "variable", value));
        if fields.get("deviceUuid").is_none() {
            fields.refuse("deviceUuid", Code::Required, "choose a device");
        }
        let device = fields.get("deviceUuid").and_then(|value| device(fields, "deviceUuid", value))?;
        Some(Self { devices: vec![device], sensors: sensors.into_iter().collect() })
    }
}

fn device(fields: &mut Fields<'_>, field: &str, value: &Value) -> Option<DeviceId> {
    let device = value.as_str().and_then(|text| text.parse().ok());
    if device.is_none() {
        fields.refuse(field, Code::NotAnId, format!("{value} is no device id (a UUID)"));
    }
    device
}

fn sensor(fields: &mut Fields<'_>, field: &str, value: &Value) -> Option<SensorName> {
    let sensor = value.as_str().and_then(|text| text.parse().ok());
    if sensor.is_none() {
        let message = format!("{value} is no sensor name (1 to 64 characters of A-Z a-z 0-9 _ . : / -)");
        fields.refuse(field, Code::NotASensor, message);
    }
    sensor
}
