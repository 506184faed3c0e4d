//! Whether both ends of a move have the same: by count and checksum of each table and each series, and all that a log has beside its readings.

use std::collections::BTreeMap;
use std::sync::Arc;

use edgesync_schemas::limit;
use edgesync_schemas::reading::SeriesInfo;

use super::{Differences, Error, in_catalogs};
use crate::catalog::{self, Still, Sum};
use crate::check::Progress;
use crate::log::{self, Export, StoredReading};

/// What each series holds.
async fn sums(
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

/// What each series of the source holds, if nothing of it is lost. Gives also how many readings that is.
pub(super) async fn whole_sums(
    of: &Export,
    progress: &mut dyn Progress,
) -> Result<(BTreeMap<u32, Sum>, u64), Error> {
    let sums = sums(of, "readings counted", progress).await;
    let sums = sums.map_err(|error| Error::Log("source's", error))?;
    let present = sums.values().map(|sum| sum.count).sum();
    let (end, dropped) = (of.rest().end.0, of.rest().dropped);
    if u128::from(present) + u128::from(dropped) != u128::from(end) {
        return Err(Error::NotWhole { end, present, dropped });
    }
    Ok((sums, present))
}

/// Compares all that the logs have.
pub(super) async fn compare_logs(
    source: &Export,
    target: &Export,
    of_source: &BTreeMap<u32, Sum>,
    differences: &mut Differences,
    progress: &mut dyn Progress,
) -> Result<(), Error> {
    let in_target = |error| Error::Log("target's", error);
    let of_target = sums(target, "readings compared", progress).await.map_err(in_target)?;
    for info in &source.rest().series {
        let sum = of_source.get(&info.id.0).copied().unwrap_or_default();
        let other = of_target.get(&info.id.0).copied().unwrap_or_default();
        if sum != other {
            let (device, sensor) = (info.device, &info.sensor);
            differences
                .add(|| format!("device {device} sensor {sensor}: {}", difference(sum, other, "readings")));
        }
    }
    // Also those of series that neither of them knows.
    let here: u64 = of_source.values().map(|sum| sum.count).sum();
    let there = target.count().await.map_err(in_target)?;
    if here != there {
        differences.add(|| format!("{here} readings in all, and {there} in the target"));
    }
    let (here, there) = (source.rest(), target.rest());
    for (what, is_same) in [
        ("series", here.series == there.series && here.series_end == there.series_end),
        ("frame marks", here.marks == there.marks),
        ("bookmarks", here.bookmarks == there.bookmarks),
        ("end", here.end == there.end),
        ("count of dropped readings", here.dropped == there.dropped),
    ] {
        if !is_same {
            differences.add(|| format!("the {what} of the reading log"));
        }
    }
    Ok(())
}

/// Compares all that the catalogs have, which nobody changes meanwhile. Gives the number of rows.
pub(super) async fn compare_catalogs(
    source: &mut Still,
    target: &mut Still,
    differences: &mut Differences,
    progress: &mut dyn Progress,
) -> Result<u64, Error> {
    let sums = catalog::sums_of_both(source, target, progress).await;
    let (here, there) = sums.map_err(in_catalogs)?;
    for (table, sum) in &here {
        let other = there.get(table).copied().unwrap_or_default();
        if *sum != other {
            differences.add(|| format!("table {table}: {}", difference(*sum, other, "rows")));
        }
    }
    Ok(here.values().map(|sum| sum.count).sum())
}

pub(super) fn difference(here: Sum, there: Sum, what: &str) -> String {
    if here.count == there.count {
        format!("{} {what} on both sides, with different contents", here.count)
    } else {
        format!("{} {what}, and {} in the target", here.count, there.count)
    }
}
