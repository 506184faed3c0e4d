//! Moving a whole installation, catalog and reading log, into an empty place: `edgesync move`.
//!
//! The word of the move stands in the target's log from the first write to the last comparison, so that no server starts on half of it.
//! An attempt that was interrupted is gone on with by the same command; one that ends finds both sides equal or says where they are not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use edgesync_schemas::limit;
use edgesync_schemas::reading::SeriesInfo;

use crate::catalog::{self, Catalog, Sum};
use crate::check::Progress;
use crate::log::{self, Import, Options, ReadingLog, Retention, StoredReading};

/// Why a move did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing at the source.
    #[error("there is no installation in {0:?}")]
    NoSource(PathBuf),
    /// Source and target are one.
    #[error("source and target are the same")]
    Same,
    /// This very move has ended well before.
    #[error("it was moved already")]
    Moved,
    /// The target has something of its own.
    #[error("the target is not empty")]
    NotEmpty,
    /// A catalog failed.
    #[error("the {0} catalog")]
    Catalog(&'static str, #[source] catalog::Error),
    /// A log failed.
    #[error("the {0} reading log")]
    Log(&'static str, #[source] log::Error),
    /// Both sides are not equal.
    #[error("source and target differ:\n{}", .0.join("\n"))]
    Differ(Vec<String>),
}

/// What was moved.
#[derive(Debug, Clone, Copy)]
pub struct Moved {
    /// Rows of the catalog.
    pub rows: u64,
    /// Series.
    pub series: u64,
    /// Readings.
    pub readings: u64,
}

/// Moves the installation in a directory into another one. Goes on with what an earlier attempt left.
///
/// # Errors
/// See [`Error`]. What was copied stays, for the next attempt.
pub async fn run(from: &Path, to: &Path, progress: &mut dyn Progress) -> Result<Moved, Error> {
    let source = Installation::open(from, "source", false)?;
    if to.canonicalize().ok() == from.canonicalize().ok() {
        return Err(Error::Same);
    }
    let rest = source.log.rest();
    let word = word(from, &source.log);
    let import = match Import::open(&readings(to), &word).await {
        Err(log::Error::NotEmpty) => return Err(Error::NotEmpty),
        Err(log::Error::Moved) => return Err(Error::Moved),
        import => import.map_err(|error| Error::Log("target's", error))?,
    };
    let target = Catalog::open(&to.join("catalog.db")).map_err(|error| Error::Catalog("target's", error))?;
    let of_target = |error| Error::Catalog("target's", error);
    if !import.is_resumed() && !target.is_empty().await.map_err(of_target)? {
        import.give_up().await.map_err(|error| Error::Log("target's", error))?;
        return Err(Error::NotEmpty);
    }
    source
        .catalog
        .copy_to(&target, progress)
        .await
        .map_err(|error| Error::Catalog("source's or target's", error))?;
    target.close().await;
    drop(target);
    let in_target = |error| Error::Log("target's", error);
    import.put_series(rest.series.clone(), rest.series_end).await.map_err(in_target)?;
    copy_readings(&source.log, &import, progress).await?;
    let sums = sums(&source.log, "readings counted", progress)
        .await
        .map_err(|error| Error::Log("source's", error))?;
    let count = sums.values().map(|sum| sum.count).sum();
    import.put_rest(rest.clone(), count).await.map_err(in_target)?;
    drop(import);

    let target = Installation::open(to, "target", true)?;
    let rows = compare(&source, &target, &sums, progress).await?;
    target.close().await?;
    let import = Import::open(&readings(to), &word).await.map_err(in_target)?;
    import.finish().await.map_err(in_target)?;
    Ok(Moved { rows, series: rest.series.len() as u64, readings: count })
}

fn readings(of: &Path) -> PathBuf {
    of.join("readings")
}

/// Where from, and how much: an attempt does not go on with what another source, or a source that was used since, has left.
fn word(from: &Path, log: &ReadingLog) -> String {
    let from = from.canonicalize().unwrap_or_else(|_| from.to_owned());
    format!("{} up to offset {}", from.display(), log.end())
}

struct Installation {
    catalog: Catalog,
    log: ReadingLog,
    name: &'static str,
}

impl Installation {
    fn open(at: &Path, name: &'static str, is_half_moved: bool) -> Result<Self, Error> {
        let path = at.join("catalog.db");
        if !path.is_file() || !readings(at).is_dir() {
            return Err(Error::NoSource(at.to_owned()));
        }
        let options = Options::default();
        let log = if is_half_moved {
            ReadingLog::open_half_moved(&readings(at), options)
        } else {
            ReadingLog::open(&readings(at), options)
        };
        let log = log.map_err(|error| Error::Log(name, error))?;
        // Whatever is there is moved, however old.
        log.set_retention(Retention::new(u32::MAX, std::collections::HashMap::new()));
        let catalog = Catalog::open(&path).map_err(|error| Error::Catalog(name, error))?;
        Ok(Self { catalog, log, name })
    }

    async fn close(self) -> Result<(), Error> {
        self.catalog.close().await;
        self.log.shutdown().await.map_err(|error| Error::Log(self.name, error))
    }
}

async fn copy_readings(
    source: &ReadingLog,
    target: &Import,
    progress: &mut dyn Progress,
) -> Result<(), Error> {
    let all = source.end().0;
    let mut done = 0;
    for info in source.series().all() {
        let mut after = target.newest(info.id).await.map_err(|error| Error::Log("target's", error))?;
        loop {
            let page = source.of_series(&info, after, limit::RANGE_READINGS).await;
            let page = page.map_err(|error| Error::Log("source's", error))?;
            let Some(last) = page.last() else { break };
            after = Some((last.timestamp, last.offset));
            done += page.len() as u64;
            target.put(info.clone(), page).await.map_err(|error| Error::Log("target's", error))?;
            progress.at("readings", done, all);
        }
    }
    Ok(())
}

/// What each series holds.
async fn sums(
    of: &ReadingLog,
    kind: &str,
    progress: &mut dyn Progress,
) -> Result<BTreeMap<u32, Sum>, log::Error> {
    let (mut sums, mut record, mut done) = (BTreeMap::new(), Vec::new(), 0);
    for info in of.series().all() {
        let (mut sum, mut after) = (Sum::default(), None);
        loop {
            let page = of.of_series(&info, after, limit::RANGE_READINGS).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.timestamp, last.offset));
            for reading in &page {
                describe(&mut record, &info, reading);
                sum.add(&record);
            }
            done += page.len() as u64;
            progress.at(kind, done, of.end().0);
        }
        sums.insert(info.id.0, sum);
    }
    Ok(sums)
}

/// All that a reading says, as bytes.
fn describe(record: &mut Vec<u8>, info: &Arc<SeriesInfo>, reading: &StoredReading) {
    record.clear();
    for number in [reading.offset.0, reading.num.to_bits()] {
        record.extend_from_slice(&number.to_le_bytes());
    }
    for time in [reading.timestamp, reading.received_at] {
        record.extend_from_slice(&time.as_us().to_le_bytes());
    }
    record.push(reading.quality.0);
    let texts =
        [Some(info.sensor.as_str()), reading.unit.as_ref().map(|unit| unit.as_str()), reading.raw.as_deref()];
    for text in texts {
        record.extend_from_slice(&text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
        record.extend_from_slice(text.unwrap_or_default().as_bytes());
    }
}

/// Compares everything. Gives the number of rows of the catalog.
async fn compare(
    source: &Installation,
    target: &Installation,
    of_source: &BTreeMap<u32, Sum>,
    progress: &mut dyn Progress,
) -> Result<u64, Error> {
    let mut differences = Vec::new();
    let here = source.catalog.sums(progress).await.map_err(|error| Error::Catalog("source's", error))?;
    let there = target.catalog.sums(progress).await.map_err(|error| Error::Catalog("target's", error))?;
    for (table, sum) in &here {
        let other = there.get(table).copied().unwrap_or_default();
        if *sum != other {
            differences.push(format!("table {table}: {}", difference(*sum, other, "rows")));
        }
    }
    let of_target = sums(&target.log, "readings compared", progress).await;
    let of_target = of_target.map_err(|error| Error::Log("target's", error))?;
    for info in source.log.series().all() {
        let sum = of_source.get(&info.id.0).copied().unwrap_or_default();
        let other = of_target.get(&info.id.0).copied().unwrap_or_default();
        if sum != other {
            let (device, sensor) = (info.device, &info.sensor);
            differences
                .push(format!("device {device} sensor {sensor}: {}", difference(sum, other, "readings")));
        }
    }
    let (here_rest, there_rest) = (source.log.rest(), target.log.rest());
    for (what, is_same) in [
        ("series", here_rest.series == there_rest.series && here_rest.series_end == there_rest.series_end),
        ("frame marks", here_rest.marks == there_rest.marks),
        ("bookmarks", here_rest.bookmarks == there_rest.bookmarks),
        ("end", here_rest.end == there_rest.end),
    ] {
        if !is_same {
            differences.push(format!("the {what} of the reading log"));
        }
    }
    if differences.is_empty() {
        Ok(here.values().map(|sum| sum.count).sum())
    } else {
        Err(Error::Differ(differences))
    }
}

fn difference(here: Sum, there: Sum, what: &str) -> String {
    if here.count == there.count {
        format!("{} {what} on both sides, with different contents", here.count)
    } else {
        format!("{} {what}, and {} in the target", here.count, there.count)
    }
}
