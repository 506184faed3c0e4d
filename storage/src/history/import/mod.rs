//! Imports: readings from CSV or JSON lines into the log, a chunk of the file at a time, with an answer per refused line.
//!
//! - A line is checked as a device's frame is, except that nothing is repaired: a time in the future is refused, not replaced.
//! - What [`Import::take`] has taken is durable when it returns. If it fails, the lines before are; the file can be sent again.
//! - With an [`ImportId`] it is stored once, however often it is sent: each device's lines are numbered as frames of a boot that the id
//!   stands for, and the log skips the numbers that it has. It remembers as many imports per device as boots
//!   ([`limit::BOOTS_PER_DEVICE`]); they are counted apart from the device's own, which imports thus cannot push out.
//! - A number that is used up stays so: a line that was refused is not stored under the same id later, whatever has changed. Lines of a
//!   device that the user may not import to have no numbers: nobody moves the imports of a device that is not theirs.
//! - Memory: one chunk, and the readings in it.
//!
//! Imported readings are readings that arrive late: flows and dashboards see them so.

mod line;
mod sheet;
mod split;

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use edgesync_schemas::entity::organization::Role;
use edgesync_schemas::id::{BootId, DeviceId, FrameSeq, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::reading::{AdmittedBatch, Columns, FrameEnd, Numbered, Quality};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::{Unit, UnitIndex};
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::History;
use crate::catalog::{self, Catalog};
use crate::log::{self, Append, OnCommit, Outcome, SeriesDictionary};
use line::{Line, LineError};
use sheet::Header;
use split::{Piece, Splitter};

/// Lines that are taken in before others on the thread get their turn.
const LINES_PER_TURN: u32 = 100;

/// How the lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values; the first line names the columns.
    Csv,
    /// A JSON object per line.
    Ndjson,
}

/// What makes an import the same as one before: 1 to 64 characters of the sender's choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportId(String);

impl FromStr for ImportId {
    type Err = NotAnImportId;
    fn from_str(text: &str) -> Result<Self, NotAnImportId> {
        let is_valid = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_valid { Ok(Self(text.to_owned())) } else { Err(NotAnImportId) }
    }
}

/// The text cannot name an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 visible ASCII characters")]
pub struct NotAnImportId;

/// What to import. That the user may write to `device`, if it is named, is up to the caller; of lines' devices it is checked here.
#[derive(Debug, Clone)]
pub struct ImportQuery {
    /// Who imports.
    pub user: UserId,
    /// Where devices are looked up.
    pub catalog: Catalog,
    /// Whose readings, where the lines do not say.
    pub device: Option<DeviceId>,
    /// How the lines are written.
    pub format: Format,
    /// Which import this is, if it may be sent again.
    pub id: Option<ImportId>,
}

/// Why an import ended early. What was taken before is durable.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The first line does not name the columns: what is wrong with it.
    #[error("the header {0}")]
    Header(String),
    /// The store failed or stops. Sent again with its id, the file is stored once.
    #[error("the store failed")]
    Failed,
    /// The catalog failed.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
}

/// What became of the lines so far: each is counted once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Readings that were stored, and are durable.
    pub accepted: u64,
    /// Lines that were skipped: an earlier try of the same import had dealt with them, whether it stored or refused them.
    pub repeated: u64,
    /// Lines that were refused.
    pub refused: u64,
    /// Why, for the first [`limit::IMPORT_ERRORS`] of them.
    pub errors: Vec<Refusal>,
}

/// Why a line was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its number, from 1; of several, its first.
    pub line: u64,
    /// Which of its fields, if it is about one.
    pub field: Option<&'static str>,
    /// What is wrong with it.
    pub message: String,
}

/// An import that runs.
pub struct Import {
    history: History,
    query: ImportQuery,
    splitter: Splitter,
    header: Option<Header>,
    devices: HashMap<DeviceId, Target>,
    report: Report,
    _place: OwnedSemaphorePermit,
}

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// A device that lines name.
struct Target {
    /// Why its lines are refused, if they are.
    refused: Option<&'static str>,
    lines: u64,
    columns: Columns,
    frames: Vec<FrameEnd>,
    /// The day of the last reading, and how often that changed within the batch.
    day: Option<i64>,
    turns_of_day: usize,
}

impl Target {
    /// Notes the day of a reading that was added. True if the batch should have no more days.
    fn note_day(&mut self) -> bool {
        let day = self.columns.ts.last().map(|ts| ts.as_us().div_euclid(DAY_US));
        self.turns_of_day += usize::from(day != self.day);
        self.day = day;
        self.turns_of_day + 1 >= limit::LOG_COMMIT_DAYS
    }
}

impl History {
    /// Begins an import. `None` if as many run as may.
    pub fn import(&self, query: ImportQuery) -> Option<Import> {
        let place = self.imports.clone().try_acquire_owned().ok()?;
        let header = match query.format {
            Format::Csv => None,
            Format::Ndjson => Some(Header::default()),
        };
        Some(Import {
            history: self.clone(),
            splitter: Splitter::new(query.format),
            query,
            header,
            devices: HashMap::new(),
            report: Report::default(),
            _place: place,
        })
    }
}

impl Import {
    /// Takes in the next part of the file, at most [`limit::IMPORT_CHUNK_BYTES`] at its best. Durable when it returns, except for a last
    /// line that is not complete.
    ///
    /// Not cancel safe: what it had taken may be durable or not.
    ///
    /// # Errors
    /// [`Error`]; the import is over.
    pub async fn take(&mut self, chunk: &[u8]) -> Result<(), Error> {
        self.splitter.push(chunk);
        self.drain().await
    }

    /// Takes in the last line and tells what became of all.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn finish(mut self) -> Result<Report, Error> {
        self.splitter.end();
        self.drain().await?;
        if self.header.is_none() {
            return Err(Error::Header("is missing".to_owned()));
        }
        Ok(self.report)
    }

    /// What became of the lines that were taken.
    pub fn report(&self) -> &Report {
        &self.report
    }

    async fn drain(&mut self) -> Result<(), Error> {
        let mut lines: u32 = 0;
        while let Some((number, piece)) = self.splitter.next() {
            match piece {
                Piece::TooLong => self.refuse(number, LineError::whole(line::TOO_LONG)),
                Piece::Record(record) => self.record(number, &record).await?,
            }
            lines += 1;
            if lines.is_multiple_of(LINES_PER_TURN) {
                tokio::task::yield_now().await;
            }
        }
        self.store().await
    }

    async fn record(&mut self, number: u64, record: &[u8]) -> Result<(), Error> {
        let now = catalog::now();
        let Some(header) = &self.header else {
            self.header = Some(Header::read(record, self.query.device.is_some()).map_err(Error::Header)?);
            return Ok(());
        };
        let line = match self.query.format {
            Format::Csv => sheet::csv(record, header),
            Format::Ndjson => line::ndjson(record),
        };
        // A line whose device is not known has no number among the device's: it had none the time before either.
        let named = line.and_then(|line| Ok((line.device(self.query.device)?, line)));
        let (device, line) = match named {
            Ok(named) => named,
            Err(error) => {
                self.refuse(number, error);
                return Ok(());
            }
        };
        let (dictionary, retention) = (self.history.log.series().clone(), self.history.log.retention());
        let Some(target) = self.target(device).await? else {
            self.refuse(number, LineError::of("device_id", line::TOO_MANY_DEVICES));
            return Ok(());
        };
        if let Some(message) = target.refused {
            // Without a number: it would be one among the imports of a device that is not the user's.
            self.refuse(number, LineError::of("device_id", message));
            return Ok(());
        }
        let admitted = line
            .timestamp(now, retention.days(device))
            .and_then(|ts| admit(&dictionary, device, &line, ts, &mut target.columns));
        target.lines += 1;
        target.frames.push(FrameEnd { q: FrameSeq(target.lines), end_row: target.columns.len() as u32 });
        match admitted {
            Err(error) => self.refuse(number, error),
            Ok(()) if target.note_day() => self.store().await?,
            Ok(()) => {}
        }
        Ok(())
    }

    fn refuse(&mut self, line: u64, error: LineError) {
        self.report.refused += 1;
        if self.report.errors.len() < limit::IMPORT_ERRORS {
            self.report.errors.push(Refusal { line, field: error.field, message: error.message });
        }
    }

    /// The device, if it is not one too many.
    async fn target(&mut self, device: DeviceId) -> Result<Option<&mut Target>, Error> {
        if !self.devices.contains_key(&device) {
            if self.devices.len() >= limit::IMPORT_DEVICES {
                return Ok(None);
            }
            let refused = self.refused(device).await?;
            let (columns, frames) = (Columns::default(), Vec::new());
            let target = Target { refused, lines: 0, columns, frames, day: None, turns_of_day: 0 };
            self.devices.insert(device, target);
        }
        Ok(self.devices.get_mut(&device))
    }

    async fn refused(&self, device: DeviceId) -> Result<Option<&'static str>, Error> {
        let (catalog, user) = (&self.query.catalog, self.query.user);
        let found = match catalog.readable_device(user, device).await {
            Ok(found) => found,
            Err(catalog::Error::NotFound { .. }) => return Ok(Some(line::NO_SUCH_DEVICE)),
            Err(error) => return Err(error.into()),
        };
        let role = catalog.role(user, found.organization_id).await?;
        Ok(if role.is_some_and(|role| role >= Role::Admin) { None } else { Some(line::NEEDS_ADMIN) })
    }

    /// Commits what was admitted, each device's in one batch, and waits for it.
    async fn store(&mut self) -> Result<(), Error> {
        let now = catalog::now();
        let mut outcomes = Vec::new();
        for (device, target) in self.devices.iter_mut().filter(|(_, target)| !target.frames.is_empty()) {
            let columns = std::mem::take(&mut target.columns);
            let frames = std::mem::take(&mut target.frames);
            target.turns_of_day = 0;
            let rows = columns.len() as u64;
            let numbered = self.query.id.as_ref().map(|id| Numbered { boot: boot_of(id), frames });
            if numbered.is_none() && rows == 0 {
                continue;
            }
            let permit = self.history.log.reserve(columns.bytes()).await;
            let batch =
                AdmittedBatch { device: log::imports_of(*device), received_at: now, numbered, columns };
            let (heard, outcome) = oneshot::channel();
            let on_commit = Arc::new(Ear(Mutex::new(Some(heard))));
            self.history.log.submit(Append { batch, permit, tag: 0, on_commit });
            outcomes.push((rows, outcome));
        }
        for (rows, outcome) in outcomes {
            // Frames are numbered from the first line, so none can be missing before them: a gap is a batch of ours that failed.
            match outcome.await {
                Ok(Outcome::Durable { stored, .. }) => {
                    self.report.accepted += u64::from(stored);
                    self.report.repeated += rows - u64::from(stored);
                }
                Ok(Outcome::Failed | Outcome::Gap { .. }) | Err(_) => return Err(Error::Failed),
            }
        }
        Ok(())
    }
}

struct Ear(Mutex<Option<oneshot::Sender<Outcome>>>);

impl OnCommit for Ear {
    fn done(&self, _: u64, outcome: Outcome) {
        if let Some(heard) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Nobody may be waiting any more.
            let _ = heard.send(outcome);
        }
    }
}

fn boot_of(id: &ImportId) -> BootId {
    let hash = Sha256::digest(id.0.as_bytes());
    let (boot, _) = hash.split_first_chunk().expect("32 bytes are more than 4");
    BootId(u32::from_le_bytes(*boot))
}

/// Adds a line's reading, checked as a device's would be.
fn admit(
    dictionary: &SeriesDictionary,
    device: DeviceId,
    line: &Line<'_>,
    ts: Timestamp,
    columns: &mut Columns,
) -> Result<(), LineError> {
    let value = line.value()?;
    // Before the sensor: a refused reading must not use up one of the device's sensors.
    let unit = line.unit.as_deref().filter(|unit| !unit.is_empty());
    if let Some(unit) = unit {
        unit.parse::<Unit>().map_err(|error| LineError::of("unit", error))?;
    }
    let sensor = line.sensor.as_deref().ok_or_else(|| LineError::of("sensor_type", "is required"))?;
    let series = dictionary.resolve(device, sensor).map_err(|error| LineError::of("sensor_type", error))?;
    let unit = match unit {
        None => UnitIndex::NONE,
        Some(unit) => dictionary.unit(series, unit).map_err(|error| LineError::of("unit", error))?,
    };
    columns.push(series, ts, value, unit, Quality::GOOD);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_is_an_import_of_its_own() {
        let id = |text: &str| text.parse::<ImportId>().unwrap();
        assert_ne!(boot_of(&id("a")), boot_of(&id("b")));
        for wrong in ["", "a b", "ä", &"x".repeat(65)] {
            assert_eq!(wrong.parse::<ImportId>(), Err(NotAnImportId), "{wrong}");
        }
    }
}
