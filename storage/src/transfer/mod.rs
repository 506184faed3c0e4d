//! Moving a whole installation, catalog and reading log, into an empty place: `edgesync move`.
//!
//! The word of the move stands in the target's log from the first write to the last comparison, so that no server starts on half of it.
//! An attempt that was interrupted is gone on with by the same command; one that ends finds both sides equal or says where they are not.

mod compare;
mod derived;
mod differences;
mod place;
#[cfg(test)]
mod tests;

use edgesync_schemas::limit;

use crate::catalog::{self, Catalog, Still};
use crate::check::Progress;
use crate::log::{self, Export, Import};
use crate::postgres;

use compare::{compare_catalogs, compare_logs, whole_sums};
use place::{Installation, Site};

pub use differences::Differences;
pub use place::{Place, directory};

/// Why a move did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing at the source.
    #[error("there is no installation in {0}")]
    NoSource(String),
    /// Source and target are one.
    #[error("source and target are the same")]
    Same,
    /// Readings of the source are lost, or there twice.
    #[error(
        "the source is not whole: of {end} readings {present} are there and {dropped} were dropped; run edgesync check on it"
    )]
    NotWhole {
        /// Readings that were ever stored.
        end: u64,
        /// Those of known series that are there.
        present: u64,
        /// Those that retention dropped.
        dropped: u64,
    },
    /// This very move has ended well before, and both sides are still equal.
    #[error("it was moved already")]
    Moved,
    /// This very move has ended well before, and then one side was changed.
    #[error("it was moved already, and source and target differ since:\n{0}")]
    Changed(Differences),
    /// The target has something of its own.
    #[error("the target is not empty")]
    NotEmpty,
    /// A database cannot be reached, or not be used.
    #[error("the {0} database")]
    Database(&'static str, #[source] postgres::Error),
    /// A catalog failed.
    #[error("the {0} catalog")]
    Catalog(&'static str, #[source] catalog::Error),
    /// A log failed.
    #[error("the {0} reading log")]
    Log(&'static str, #[source] log::Error),
    /// Both sides are not equal.
    #[error("source and target differ:\n{0}")]
    Differ(Differences),
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
    /// Rows that flows stored.
    pub derived: u64,
    /// Those of them that earlier attempts of this move had left; none, if this is the first.
    pub resumed: Option<u64>,
}

/// Moves the installation at one place to another one. Goes on with what an earlier attempt left.
///
/// Not cancel safe: what was copied stays, and a database may stay taken until the process ends.
///
/// # Errors
/// See [`Error`]. What was copied stays, for the next attempt.
pub async fn run(from: &Place, to: &Place, progress: &mut dyn Progress) -> Result<Moved, Error> {
    if from.is_same(to) {
        return Err(Error::Same);
    }
    let (here, there) = (Site::reach(from, "source's").await?, Site::reach(to, "target's").await?);
    let source = here.whole("source's").await?;
    let (of_target, in_target) =
        (|error| Error::Catalog("target's", error), |error| Error::Log("target's", error));
    let rest = source.log.rest();
    // An attempt does not go on with what another source, or a source that was used since, has left.
    let word = format!("{from} up to offset {}", rest.end);
    // Before anything is made there, and again when nobody else can move into it: one may just have ended.
    there.beside_log().await?;
    let claim = there.claim().await.map_err(in_target)?;
    let import = match claim.import(&word, there.beside_log().await?).await {
        Err(log::Error::NotEmpty) => return Err(Error::NotEmpty),
        Err(log::Error::Moved) => return Err(moved_before(&source, &there, progress).await?),
        import => import.map_err(in_target)?,
    };
    let is_resumed = import.is_resumed();
    let target = there.catalog().await.map_err(of_target)?;
    source.catalog.copy_to(&target, progress).await.map_err(in_catalogs)?;
    target.close().await;
    drop(target);
    import.put_series(&rest.series, rest.series_end).await.map_err(in_target)?;
    let copied = copy_readings(&source.log, &import, progress).await?;
    let derived = derived::copy(&source.log, &import, progress).await?;
    let (sums, count) = whole_sums(&source.log, progress).await?;
    import.put_rest(rest).await.map_err(in_target)?;
    drop(import);

    let target = there.half_moved().await?;
    let mut differences = Differences::default();
    compare_logs(&source.log, &target.log, &sums, &mut differences, progress).await?;
    derived::compare(&source.log, &target.log, &mut differences, progress).await?;
    let catalog = target.catalog;
    target.log.close().await.map_err(in_target)?;
    let claim = there.claim().await.map_err(in_target)?;
    let import = claim.import(&word, log::Beside::Something).await.map_err(in_target)?;
    // The catalogs come last: all that is changed from here on waits for the end of the move.
    let (mut ours, mut theirs) = still(&source.catalog, &catalog).await?;
    let rows = compare_catalogs(&mut ours, &mut theirs, &mut differences, progress).await?;
    if !differences.is_empty() {
        return Err(Error::Differ(differences));
    }
    source.log.confirm().await.map_err(|error| Error::Log("source's", error))?;
    for catalog in [&mut ours, &mut theirs] {
        catalog.confirm().await.map_err(in_catalogs)?;
    }
    import.finish().await.map_err(in_target)?;
    drop((ours, theirs));
    catalog.close().await;
    let series = rest.series.len() as u64;
    source.close().await?;
    let resumed = is_resumed.then_some(count - copied.min(count));
    Ok(Moved { rows, series, readings: count, derived, resumed })
}

/// What there is to say of a move that ended before: that both are still equal, or where not.
async fn moved_before(
    source: &Installation,
    there: &Site,
    progress: &mut dyn Progress,
) -> Result<Error, Error> {
    let (sums, _) = whole_sums(&source.log, progress).await?;
    let target = there.whole("target's").await?;
    let mut differences = Differences::default();
    compare_logs(&source.log, &target.log, &sums, &mut differences, progress).await?;
    derived::compare(&source.log, &target.log, &mut differences, progress).await?;
    let (mut ours, mut theirs) = still(&source.catalog, &target.catalog).await?;
    compare_catalogs(&mut ours, &mut theirs, &mut differences, progress).await?;
    drop((ours, theirs));
    target.close().await?;
    Ok(if differences.is_empty() { Error::Moved } else { Error::Changed(differences) })
}

/// Keeps everybody from changing the catalogs.
async fn still(source: &Catalog, target: &Catalog) -> Result<(Still, Still), Error> {
    let of_source = source.still().await.map_err(|error| Error::Catalog("source's", error))?;
    let of_target = target.still().await.map_err(|error| Error::Catalog("target's", error))?;
    Ok((of_source, of_target))
}

fn in_catalogs(error: catalog::Error) -> Error {
    Error::Catalog("source's or target's", error)
}

/// Copies what the target does not have. Gives how many readings.
async fn copy_readings(source: &Export, target: &Import, progress: &mut dyn Progress) -> Result<u64, Error> {
    let all = source.rest().end.0;
    let reached = target.reached().await.map_err(|error| Error::Log("target's", error))?;
    let mut done = 0;
    for info in &source.rest().series {
        let mut after = match reached {
            Some(reached) if info.id < reached.series => continue,
            Some(reached) if info.id == reached.series => Some(reached.at),
            _ => None,
        };
        loop {
            let page = source.of_series(info, after, limit::RANGE_READINGS).await;
            let page = page.map_err(|error| Error::Log("source's", error))?;
            let Some(last) = page.last() else { break };
            after = Some((last.timestamp, last.offset));
            done += page.len() as u64;
            target.put(info.clone(), page).await.map_err(|error| Error::Log("target's", error))?;
            progress.at("readings", done, all);
        }
    }
    Ok(done)
}
