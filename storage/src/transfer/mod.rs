//! Moving a whole installation, catalog and reading log, into an empty place: `edgesync move`.
//!
//! The word of the move stands in the target's log from the first write to the last comparison, so that no server starts on half of it.
//! An attempt that was interrupted is gone on with by the same command; one that ends finds both sides equal or says where they are not.

mod compare;
mod place;
#[cfg(test)]
mod tests;

use edgesync_schemas::limit;

use crate::check::Progress;
use crate::log::{self, Export, Import};
use crate::{catalog, postgres};

use compare::{compare, sums};
use place::Site;

pub use place::Place;

/// Why a move did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing at the source.
    #[error("there is no installation in {0}")]
    NoSource(String),
    /// Source and target are one.
    #[error("source and target are the same")]
    Same,
    /// This very move has ended well before.
    #[error("it was moved already")]
    Moved,
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
    let source = here.source().await?;
    let (of_target, in_target) =
        (|error| Error::Catalog("target's", error), |error| Error::Log("target's", error));
    let rest = source.log.rest();
    // An attempt does not go on with what another source, or a source that was used since, has left.
    let word = format!("{from} up to offset {}", rest.end);
    let beside = there.beside_log().await?;
    let import = match there.import(&word, beside).await {
        Err(log::Error::NotEmpty) => return Err(Error::NotEmpty),
        Err(log::Error::Moved) => return Err(Error::Moved),
        import => import.map_err(in_target)?,
    };
    let is_resumed = import.is_resumed();
    let target = there.catalog().await.map_err(of_target)?;
    let copied = source.catalog.copy_to(&target, progress).await;
    copied.map_err(|error| Error::Catalog("source's or target's", error))?;
    target.close().await;
    drop(target);
    import.put_series(&rest.series, rest.series_end).await.map_err(in_target)?;
    let copied = copy_readings(&source.log, &import, progress).await?;
    let sums = sums(&source.log, "readings counted", progress)
        .await
        .map_err(|error| Error::Log("source's", error))?;
    let count = sums.values().map(|sum| sum.count).sum();
    import.put_rest(rest, count).await.map_err(in_target)?;
    drop(import);

    let target = there.target().await?;
    let rows = compare(&source, &target, &sums, progress).await?;
    let series = rest.series.len() as u64;
    target.close().await?;
    let import = there.import(&word, log::Beside::Something).await.map_err(in_target)?;
    import.finish().await.map_err(in_target)?;
    source.close().await?;
    let resumed = is_resumed.then_some(count - copied.min(count));
    Ok(Moved { rows, series, readings: count, resumed })
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
