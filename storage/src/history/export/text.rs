//! Readings as CSV and as JSON lines.

use edgesync_schemas::id::DeviceId;
use edgesync_schemas::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{COLUMNS, Error};
use crate::log::StoredReading;

pub(super) fn csv_header() -> Vec<u8> {
    let mut header = COLUMNS.join(",").into_bytes();
    header.push(b'\n');
    header
}

/// A line per reading. Numbers are written with as many digits as it takes to read the same number back.
pub(super) fn csv(readings: &[StoredReading]) -> Result<Vec<u8>, Error> {
    let refused = |error: csv::Error| Error::Encode(error.to_string());
    let mut lines = csv::Writer::from_writer(Vec::with_capacity(readings.len() * 128));
    for reading in readings {
        lines
            .write_record([
                reading.device.to_string().as_str(),
                reading.sensor.as_str(),
                &format!("{:?}", reading.num),
                reading.unit.as_ref().map_or("", |unit| unit.as_str()),
                &reading.timestamp.to_string(),
                &reading.received_at.to_string(),
                reading.raw.as_deref().unwrap_or_default(),
            ])
            .map_err(refused)?;
    }
    lines.into_inner().map_err(|error| Error::Encode(error.to_string()))
}

#[derive(Serialize)]
struct Line<'a> {
    device_id: DeviceId,
    sensor_type: &'a str,
    value: f64,
    unit: Option<&'a str>,
    timestamp: Timestamp,
    received_at: Timestamp,
    raw_data: Option<&'a RawValue>,
}

/// An object per reading and line.
pub(super) fn ndjson(readings: &[StoredReading]) -> Result<Vec<u8>, Error> {
    let refused = |error: serde_json::Error| Error::Encode(error.to_string());
    let mut lines = Vec::with_capacity(readings.len() * 192);
    for reading in readings {
        let raw_data: Option<&RawValue> =
            reading.raw.as_deref().map(serde_json::from_str).transpose().map_err(refused)?;
        // An original may have line breaks between its parts, which are no part of what it says.
        let compact = raw_data
            .filter(|raw| raw.get().contains(['\n', '\r']))
            .map(one_line)
            .transpose()
            .map_err(refused)?;
        let line = Line {
            device_id: reading.device,
            sensor_type: reading.sensor.as_str(),
            value: reading.num,
            unit: reading.unit.as_ref().map(|unit| unit.as_str()),
            timestamp: reading.timestamp,
            received_at: reading.received_at,
            raw_data: compact.as_deref().or(raw_data),
        };
        serde_json::to_writer(&mut lines, &line).map_err(refused)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// The same JSON with blanks for line breaks: within its texts there are none, they are escaped there.
fn one_line(raw: &RawValue) -> serde_json::Result<Box<RawValue>> {
    RawValue::from_string(raw.get().replace(['\n', '\r'], " "))
}
