//! What flows stored: copied whole by each attempt, since a row that is there already is written as it is.

use edgesync_schemas::limit;

use super::compare::difference;
use super::{Differences, Error};
use crate::catalog::Sum;
use crate::check::Progress;
use crate::log::{self, DerivedRow, Export, Import};

/// Copies all series and rows. Gives how many rows.
pub(super) async fn copy(
    source: &Export,
    target: &Import,
    progress: &mut dyn Progress,
) -> Result<u64, Error> {
    let in_target = |error| Error::Log("target's", error);
    let series = &source.rest().derived;
    target.put_derived_series(series).await.map_err(in_target)?;
    let mut done = 0;
    for series in series {
        let mut after = None;
        loop {
            let page = source.derived_rows(series.id, after, limit::RANGE_READINGS).await;
            let page = page.map_err(|error| Error::Log("source's", error))?;
            let Some(last) = page.last() else { break };
            after = Some(last.timestamp);
            done += page.len() as u64;
            target.put_derived(series.id, page).await.map_err(in_target)?;
            progress.at("rows of flows", done, done);
        }
    }
    Ok(done)
}

/// Compares series, and by count and checksum the rows of each.
pub(super) async fn compare(
    source: &Export,
    target: &Export,
    differences: &mut Differences,
    progress: &mut dyn Progress,
) -> Result<(), Error> {
    if source.rest().derived != target.rest().derived {
        differences.add(|| "the series that flows store".to_owned());
    }
    for series in &source.rest().derived {
        let here = sum(source, series.id).await.map_err(|error| Error::Log("source's", error))?;
        let there = sum(target, series.id).await.map_err(|error| Error::Log("target's", error))?;
        if here != there {
            let (flow, name) = (series.flow, &series.of.name);
            differences.add(|| format!("flow {flow} series {name}: {}", difference(here, there, "rows")));
        }
        progress.at("rows of flows compared", here.count, here.count);
    }
    Ok(())
}

/// What a series holds.
async fn sum(of: &Export, series: u32) -> Result<Sum, log::Error> {
    let (mut sum, mut record, mut after) = (Sum::default(), Vec::new(), None);
    loop {
        let page = of.derived_rows(series, after, limit::RANGE_READINGS).await?;
        let Some(last) = page.last() else { return Ok(sum) };
        after = Some(last.timestamp);
        for row in &page {
            describe(&mut record, row);
            sum.add(&record);
        }
    }
}

/// All that a row says, as bytes.
fn describe(record: &mut Vec<u8>, row: &DerivedRow) {
    record.clear();
    record.extend_from_slice(&row.timestamp.as_us().to_le_bytes());
    for number in [row.offset.0, row.num.to_bits()] {
        record.extend_from_slice(&number.to_le_bytes());
    }
    record.push(row.quality.0);
    for text in [row.unit.as_ref().map(|unit| unit.as_str()), row.raw.as_deref()] {
        record.extend_from_slice(&text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
        record.extend_from_slice(text.unwrap_or_default().as_bytes());
    }
}
