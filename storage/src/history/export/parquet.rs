//! Readings as a Parquet file: row groups of bounded size, one after the other, and the footer that finds them.
//!
//! Columns are those of the other formats. `device_id` is text, which every reader shows as it is meant; a dictionary keeps it small.

use std::sync::Arc;

use edgesync_schemas::limit;
use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::Error;
use crate::log::StoredReading;

const SCHEMA: &str = "message reading {
    required binary device_id (STRING);
    required binary sensor_type (STRING);
    required double value;
    optional binary unit (STRING);
    required int64 timestamp (TIMESTAMP(MICROS,true));
    required int64 received_at (TIMESTAMP(MICROS,true));
    optional binary raw_data (JSON);
}";

/// Builds a file.
pub(super) struct Encoder {
    file: SerializedFileWriter<Vec<u8>>,
    /// Of the row group that is not full yet.
    readings: Vec<StoredReading>,
    raw_bytes: usize,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("readings", &self.readings.len()).finish_non_exhaustive()
    }
}

impl From<ParquetError> for Error {
    fn from(error: ParquetError) -> Self {
        Self::Encode(error.to_string())
    }
}

impl Encoder {
    pub fn new() -> Result<Self, Error> {
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
        Ok(Self { file, readings: Vec::new(), raw_bytes: 0 })
    }

    /// Takes in readings. Gives the row groups that are full with them.
    pub fn take(&mut self, readings: Vec<StoredReading>) -> Result<Vec<u8>, Error> {
        for reading in readings {
            self.raw_bytes += reading.raw.as_ref().map_or(0, |raw| raw.len());
            self.readings.push(reading);
            if self.readings.len() >= limit::EXPORT_GROUP_READINGS
                || self.raw_bytes >= limit::EXPORT_GROUP_RAW_BYTES
            {
                self.write_group()?;
            }
        }
        self.written()
    }

    /// Gives the last row group and the footer.
    pub fn finish(&mut self) -> Result<Vec<u8>, Error> {
        if !self.readings.is_empty() {
            self.write_group()?;
        }
        self.file.finish()?;
        self.written()
    }

    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.readings.len()
    }

    /// Takes out what was written so far: the writer knows its place in the file by itself.
    fn written(&mut self) -> Result<Vec<u8>, Error> {
        self.file.flush().map_err(ParquetError::from)?;
        Ok(std::mem::take(self.file.inner_mut()))
    }

    fn write_group(&mut self) -> Result<(), Error> {
        let readings = std::mem::take(&mut self.readings);
        self.raw_bytes = 0;
        let text = |text: &str| ByteArray::from(text);
        let mut group = self.file.next_row_group()?;
        texts(&mut group, readings.iter().map(|reading| text(&reading.device.to_string())))?;
        texts(&mut group, readings.iter().map(|reading| text(reading.sensor.as_str())))?;
        let nums: Vec<f64> = readings.iter().map(|reading| reading.num).collect();
        column(&mut group, |column| match column {
            ColumnWriter::DoubleColumnWriter(column) => column.write_batch(&nums, None, None),
            _ => Err(unlike_schema()),
        })?;
        optional(
            &mut group,
            readings.iter().map(|reading| reading.unit.as_ref().map(|unit| text(unit.as_str()))),
        )?;
        times(&mut group, readings.iter().map(|reading| reading.timestamp.as_us()))?;
        times(&mut group, readings.iter().map(|reading| reading.received_at.as_us()))?;
        optional(&mut group, readings.iter().map(|reading| reading.raw.as_deref().map(text)))?;
        group.close()?;
        Ok(())
    }
}

type Group<'a> = SerializedRowGroupWriter<'a, Vec<u8>>;

/// Writes the next column.
fn column(
    group: &mut Group<'_>,
    write: impl FnOnce(&mut ColumnWriter<'_>) -> Result<usize, ParquetError>,
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.ok_or_else(unlike_schema)?;
    write(column.untyped())?;
    column.close()
}

fn texts(group: &mut Group<'_>, values: impl Iterator<Item = ByteArray>) -> Result<(), ParquetError> {
    let values: Vec<ByteArray> = values.collect();
    column(group, |column| match column {
        ColumnWriter::ByteArrayColumnWriter(column) => column.write_batch(&values, None, None),
        _ => Err(unlike_schema()),
    })
}

fn optional(
    group: &mut Group<'_>,
    values: impl Iterator<Item = Option<ByteArray>>,
) -> Result<(), ParquetError> {
    let values: Vec<Option<ByteArray>> = values.collect();
    let is_there: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<ByteArray> = values.into_iter().flatten().collect();
    column(group, |column| match column {
        ColumnWriter::ByteArrayColumnWriter(column) => column.write_batch(&values, Some(&is_there), None),
        _ => Err(unlike_schema()),
    })
}

fn times(group: &mut Group<'_>, values: impl Iterator<Item = i64>) -> Result<(), ParquetError> {
    let values: Vec<i64> = values.collect();
    column(group, |column| match column {
        ColumnWriter::Int64ColumnWriter(column) => column.write_batch(&values, None, None),
        _ => Err(unlike_schema()),
    })
}

fn unlike_schema() -> ParquetError {
    ParquetError::General("a column is not what the schema says".to_owned())
}
