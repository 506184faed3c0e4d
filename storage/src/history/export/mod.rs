//! Exports: stored readings as one file, however large, a chunk at a time.
//!
//! - What is in it: every reading of its range that was durable when it began. Later ones are left out, whatever their event time.
//! - In which order: device by device, sensor by sensor where sensors are named, by event time within them.
//! - Memory: one page of readings and what is encoded of it; for Parquet one row group. Nothing is read before it is asked for.
//! - A failure ends it before its end: whoever sends it on must break off, so that nobody takes a part for the whole.

mod parquet;
mod text;

use std::collections::VecDeque;
use std::str::FromStr;

use bytes::Bytes;
use edgesync_schemas::id::{DeviceId, Offset, OrganizationId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::time::Timestamp;
use tokio::sync::OwnedSemaphorePermit;

use super::History;
use super::turn::Turn;
use crate::catalog::{self, After, Catalog, DeviceFilter, Slice};
use crate::log::{self, Order, RangeQuery, StoredReading};

/// Names of the columns, in their order.
pub(super) const COLUMNS: [&str; 7] =
    ["device_id", "sensor_type", "value", "unit", "timestamp", "received_at", "raw_data"];

/// How readings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a header (RFC 4180).
    Csv,
    /// A JSON object per line.
    Ndjson,
    /// Apache Parquet, compressed with Snappy.
    Parquet,
}

impl FromStr for Format {
    type Err = NotAFormat;
    fn from_str(text: &str) -> Result<Self, NotAFormat> {
        match text {
            "csv" => Ok(Self::Csv),
            "ndjson" => Ok(Self::Ndjson),
            "parquet" => Ok(Self::Parquet),
            _ => Err(NotAFormat),
        }
    }
}

/// The text is no format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be csv, ndjson or parquet")]
pub struct NotAFormat;

/// Whose readings. That the user may read the devices named is up to the caller.
#[derive(Debug, Clone)]
pub enum Scope {
    /// Of these.
    Devices(Vec<DeviceId>),
    /// Of all devices of an organization that the user is a member of, in the order in which they were made.
    Organization {
        /// Where devices are looked up, a page at a time.
        catalog: Catalog,
        /// Whose devices.
        organization: OrganizationId,
    },
}

/// What to export.
#[derive(Debug, Clone)]
pub struct ExportQuery {
    /// Who asks: users take turns to read.
    pub user: UserId,
    /// Whose readings.
    pub scope: Scope,
    /// Of which sensors; all if empty.
    pub sensors: Vec<SensorName>,
    /// Event time from here on.
    pub from: Option<Timestamp>,
    /// Event time before this.
    pub to: Option<Timestamp>,
    /// In which order, within a device or sensor.
    pub order: Order,
    /// Written how.
    pub format: Format,
}

/// Why an export broke off.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log failed.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// The catalog failed, or the user is no member any more.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    /// The format's library refused.
    #[error("not encoded: {0}")]
    Encode(String),
}

/// An export that runs. Dropped: it stops, and its place is free.
#[derive(Debug)]
pub struct Export {
    history: History,
    query: ExportQuery,
    /// Readings from here on are not in it.
    end: Offset,
    devices: VecDeque<DeviceId>,
    /// Where the next page of an organization's devices begins; nothing when there is none.
    more_devices: Option<Option<After>>,
    /// What is to be read of the first of the devices: pages of these, the first one's cursor first.
    parts: VecDeque<RangeQuery>,
    /// Nothing once the last chunk was given.
    encoder: Option<Encoder>,
    _place: OwnedSemaphorePermit,
}

#[derive(Debug)]
enum Encoder {
    Csv,
    Ndjson,
    Parquet(Box<parquet::Encoder>),
}

impl History {
    /// Begins an export. `None` if as many run as may.
    ///
    /// # Errors
    /// [`Error::Encode`].
    pub fn export(&self, query: ExportQuery) -> Result<Option<Export>, Error> {
        let Ok(place) = self.exports.clone().try_acquire_owned() else { return Ok(None) };
        let encoder = match query.format {
            Format::Csv => Encoder::Csv,
            Format::Ndjson => Encoder::Ndjson,
            Format::Parquet => Encoder::Parquet(Box::new(parquet::Encoder::new()?)),
        };
        let (devices, more_devices) = match &query.scope {
            Scope::Devices(devices) => (devices.iter().copied().collect(), None),
            Scope::Organization { .. } => (VecDeque::new(), Some(None)),
        };
        Ok(Some(Export {
            end: self.log.end(),
            history: self.clone(),
            query,
            devices,
            more_devices,
            parts: VecDeque::new(),
            encoder: Some(encoder),
            _place: place,
        }))
    }
}

impl Export {
    /// What a file begins with, before any reading: the header of CSV.
    pub fn start(&self) -> Bytes {
        match self.query.format {
            Format::Csv => text::csv_header().into(),
            Format::Ndjson | Format::Parquet => Bytes::new(),
        }
    }

    /// The next chunk, not empty; `None` after the last.
    ///
    /// Not cancel safe: an export whose `next` was dropped has a gap, and must be dropped too.
    ///
    /// # Errors
    /// [`Error`]; the export is over, and what was given is not all of it.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let Some(encoder) = self.encoder.take() else { return Ok(None) };
            let page = self.page().await?;
            let is_last = page.is_none();
            // A page is some ms of work: not on a thread that sockets wait for.
            let encode = move || encoder.encode(page);
            let encoded = tokio::task::spawn_blocking(encode).await.map_err(|_| log::Error::Closed)?;
            let (encoder, bytes) = encoded?;
            self.encoder = if is_last { None } else { Some(encoder) };
            if !bytes.is_empty() {
                return Ok(Some(bytes.into()));
            }
        }
    }

    #[cfg(test)]
    /// Readings that are read and not written yet: those of a row group that is not full.
    pub fn held_readings(&self) -> usize {
        match &self.encoder {
            Some(Encoder::Parquet(encoder)) => encoder.held(),
            _ => 0,
        }
    }

    /// The next readings, not none; `None` after the last.
    async fn page(&mut self) -> Result<Option<Vec<StoredReading>>, Error> {
        loop {
            let Some(part) = self.parts.front_mut() else {
                match self.next_device().await? {
                    Some(device) => self.parts = self.query.of_device(device),
                    None => return Ok(None),
                }
                continue;
            };
            let turn = self.history.patient_turn(self.query.user).await;
            let mut page = self.history.log.range(part.clone()).await?;
            drop(turn);
            match page.next {
                Some(next) => part.cursor = Some(next),
                None => drop(self.parts.pop_front()),
            }
            page.readings.retain(|reading| reading.offset < self.end);
            if !page.readings.is_empty() {
                return Ok(Some(page.readings));
            }
        }
    }

    async fn next_device(&mut self) -> Result<Option<DeviceId>, Error> {
        loop {
            if let Some(device) = self.devices.pop_front() {
                return Ok(Some(device));
            }
            let user = self.query.user;
            let (Some(after), Scope::Organization { catalog, organization }) =
                (self.more_devices.clone(), &self.query.scope)
            else {
                return Ok(None);
            };
            let slice = Slice { after, ..Slice::FIRST };
            let filter = DeviceFilter { organization: Some(*organization), ..DeviceFilter::default() };
            let page = catalog.devices(user, filter, slice).await?;
            // To one who is no member any more there are no devices: that is not the end of the file.
            if !catalog.may_read(user, *organization).await? {
                return Err(catalog::Error::NotFound { what: "organization" }.into());
            }
            self.more_devices = page.next.map(Some);
            self.devices.extend(page.items.iter().map(|device| device.id));
        }
    }
}

impl ExportQuery {
    fn of_device(&self, device: DeviceId) -> VecDeque<RangeQuery> {
        let query = |sensor: Option<SensorName>| RangeQuery {
            device,
            sensor,
            from: self.from,
            to: self.to,
            order: self.order,
            limit: limit::RANGE_READINGS,
            cursor: None,
        };
        if self.sensors.is_empty() {
            return VecDeque::from([query(None)]);
        }
        self.sensors.iter().map(|sensor| query(Some(sensor.clone()))).collect()
    }
}

impl Encoder {
    /// What a page becomes, which may be nothing yet; without one, what the file ends with.
    fn encode(mut self, page: Option<Vec<StoredReading>>) -> Result<(Self, Vec<u8>), Error> {
        let bytes = match (&mut self, page) {
            (Self::Csv, Some(page)) => text::csv(&page)?,
            (Self::Ndjson, Some(page)) => text::ndjson(&page)?,
            (Self::Csv | Self::Ndjson, None) => Vec::new(),
            (Self::Parquet(encoder), Some(page)) => encoder.take(page)?,
            (Self::Parquet(encoder), None) => encoder.finish()?,
        };
        Ok((self, bytes))
    }
}

impl History {
    /// A turn to read, however long it takes: what has begun is not broken off because others read, too.
    async fn patient_turn(&self, user: UserId) -> Option<Turn> {
        self.reads.take(user).await
    }
}
