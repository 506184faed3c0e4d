//! CSV of an import: which column is which, and what a line has in them.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::line::{Line, LineError};

/// Which column is which.
#[derive(Debug, Default)]
pub(super) struct Header {
    columns: Vec<Column>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Device,
    Sensor,
    Value,
    Unit,
    Time,
    /// As an export has it, and not kept.
    Received,
    Raw,
}

const NAMES: [(&str, Column); 8] = [
    ("device_id", Column::Device),
    ("sensor_type", Column::Sensor),
    ("type", Column::Sensor),
    ("value", Column::Value),
    ("unit", Column::Unit),
    ("timestamp", Column::Time),
    ("received_at", Column::Received),
    ("raw_data", Column::Raw),
];

impl Header {
    /// Reads the line that names the columns, or says what is wrong with it.
    pub fn read(record: &[u8], has_device: bool) -> Result<Self, String> {
        // What some programs begin a file with, to say that it is UTF-8.
        let record = record.strip_prefix("\u{feff}".as_bytes()).unwrap_or(record);
        let names = fields(record).map_err(|error| error.message)?;
        let mut columns = Vec::with_capacity(names.len());
        for name in &names {
            let known = NAMES.iter().find(|(known, _)| *known == name);
            let (_, column) = known.ok_or_else(|| {
                let known: Vec<&str> = NAMES.iter().map(|(known, _)| *known).collect();
                format!("has a column {name:?}; known: {}", known.join(", "))
            })?;
            if columns.contains(column) {
                return Err(format!("has a column {name:?} twice"));
            }
            columns.push(*column);
        }
        let lacks = |column: Column, name: &str| {
            if columns.contains(&column) { Ok(()) } else { Err(format!("lacks the column {name}")) }
        };
        lacks(Column::Sensor, "sensor_type")?;
        lacks(Column::Value, "value")?;
        lacks(Column::Time, "timestamp")?;
        if !has_device {
            lacks(Column::Device, "device_id, and the import is for no device")?;
        }
        Ok(Self { columns })
    }
}

/// Reads a line of CSV.
pub(super) fn csv<'a>(record: &[u8], header: &Header) -> Result<Line<'a>, LineError> {
    let fields = fields(record)?;
    if fields.len() != header.columns.len() {
        let message = format!("has {} fields, the header {}", fields.len(), header.columns.len());
        return Err(LineError::whole(message));
    }
    let mut line = Line::default();
    for (field, column) in fields.iter().zip(&header.columns).filter(|(field, _)| !field.is_empty()) {
        let text = Some(Cow::Owned(field.to_owned()));
        match column {
            Column::Device => line.device = text,
            Column::Sensor => line.sensor = text,
            Column::Value => line.value = Some(Cow::Owned(csv_value(field)?)),
            Column::Unit => line.unit = text,
            Column::Time => line.time = text,
            Column::Received => {}
            Column::Raw => {
                serde_json::from_str::<&RawValue>(field)
                    .map_err(|error| LineError::of("raw_data", format!("is no JSON: {error}")))?;
                line.raw = text;
            }
        }
    }
    Ok(line)
}

/// A value as JSON. Text is not taken for one: a number with a wrong comma would silently become text.
fn csv_value(field: &str) -> Result<String, LineError> {
    let text = field.trim();
    if matches!(text, "true" | "false") {
        return Ok(text.to_owned());
    }
    match text.parse::<f64>() {
        Ok(num) if num.is_finite() => Ok(format!("{num:?}")),
        Ok(_) => Err(LineError::of("value", "must be a finite number")),
        Err(_) => {
            Err(LineError::of("value", "must be a number, true or false; text stands in raw_data, as JSON"))
        }
    }
}

fn fields(record: &[u8]) -> Result<csv::StringRecord, LineError> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).buffer_capacity(record.len().max(1)).from_reader(record);
    let (mut fields, mut rest) = (csv::StringRecord::new(), csv::ByteRecord::new());
    if reader.read_record(&mut fields).is_err() {
        return Err(LineError::whole("is not UTF-8"));
    }
    // CSV ends a record at a carriage return, too, and a line here at a line feed only: a second record would be lost.
    match reader.read_byte_record(&mut rest) {
        Ok(false) => Ok(fields),
        Ok(true) | Err(_) => Err(LineError::whole("has a carriage return outside of quotes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_names_each_column_once_and_none_that_is_not_known() {
        let read = |header: &str, has_device| Header::read(header.as_bytes(), has_device).map(drop);
        assert_eq!(read("\u{feff}sensor_type,value,timestamp", true), Ok(()));
        assert_eq!(read(&super::super::super::export::COLUMNS.join(","), false), Ok(()));
        for (header, says) in [
            ("sensor_type,value,timestamp", "device_id"),
            ("device_id,value,timestamp", "sensor_type"),
            ("device_id,type,sensor_type,value,timestamp", "twice"),
            ("device_id,type,value,timestamp,colour", "colour"),
            ("device_id,type,value", "timestamp"),
        ] {
            assert!(read(header, false).unwrap_err().contains(says), "{header}");
        }
    }

    #[test]
    fn text_in_a_csv_value_is_refused_and_in_raw_data_it_is_taken() {
        let header = Header::read(b"type,value,timestamp,raw_data", true).unwrap();
        let read = |record: &str| {
            let value = csv(record.as_bytes(), &header).and_then(|line| line.value());
            value.map(|value| (value.num(), value.raw().map(str::to_owned))).map_err(|error| error.field)
        };
        assert_eq!(read("t, 1e3 ,0,"), Ok((1000.0, None)));
        assert_eq!(read("t,true,0,"), Ok((1.0, Some("true".to_owned()))));
        assert_eq!(
            read("t,0.0,0,\"\"\"a, \\\"\"b\\\"\"\"\"\""),
            Ok((0.0, Some("\"a, \\\"b\\\"\"".to_owned())))
        );
        assert_eq!(read("t,\"12,5\",0,"), Err(Some("value")));
        assert_eq!(read("t,NaN,0,"), Err(Some("value")));
        assert_eq!(read("t,,0,"), Err(Some("value")));
        assert_eq!(read("t,0,0,open"), Err(Some("raw_data")));
        assert_eq!(read("t,0,0"), Err(None));
        assert_eq!(read("t,1,0,\rt,2,0,"), Err(None));
        assert_eq!(read("t,1,0,\r\"\n\""), Err(None));
    }
}
