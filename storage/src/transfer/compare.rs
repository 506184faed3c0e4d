//! Whether both ends of a move have the same: by count and checksum of each table and each series, and all that a log has beside its readings.

use std::collections::BTreeMap;
use std::sync::Arc;

use edgesync_schemas::limit;
use edgesync_schemas::reading::SeriesInfo;

use super::Error;
use super::place::Installation;
use crate::catalog::Sum;
use crate::check::Progress;
use crate::log::{self, Export, StoredReading};

/// What each series holds.
pub(super) async fn sums(
    of: &Export,
    kind: &str,
    progress: &mut dyn Progress,
) -> Result<BTreeMap<u32, Sum>, log::Error> {
    let (mut sums, mut record, mut done) = (BTreeMap::new(), Vec::new(), 0);
    for info in &of.rest().series {
        let (mut sum, mut after) = (Sum::default(), None);
        loop {
            let page = of.of_series(info, after, limit::RANGE_READINGS).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.timestamp, last.offset));
            for reading in &page {
                describe(&mut record, info, reading);
                sum.add(&record);
            }
            done += page.len() as u64;
            progress.at(kind, done, of.rest().end.0);
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
pub(super) async fn compare(
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
    for info in &source.log.rest().series {
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
