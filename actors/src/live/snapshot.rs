//! The values that a subscription begins with.

use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::Unit;
use edgesync_schemas::wire::live::{Point, Position, SubId, write_bucketed_snap, write_snap};
use tokio::time::Instant;

/// The values that a subscription begins with. Every value after `position` comes as an update.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The first value that is not in here.
    pub position: Position,
    /// Values in the order of their times. If `recovered`: all since the position asked for, and no others.
    pub points: Vec<Point>,
    /// Unit of the newest.
    pub unit: Option<Unit>,
    /// Whether the subscription goes on exactly where the earlier one ended.
    pub recovered: bool,
    /// Of a flow's node: since when all of its values are kept. They are in `points` if as many were asked for.
    pub whole_since: Instant,
    /// Of a history that is told in buckets: the points are averages, and these belong to them.
    pub spreads: Option<Spreads>,
}

/// Which of a source's values a snapshot has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// At most so many.
    pub(super) points: usize,
    /// From this time on.
    pub(super) from: Option<Timestamp>,
}

/// What stands beside the averages of a history in buckets.
#[derive(Debug, Clone, PartialEq)]
pub struct Spreads {
    /// Milliseconds of a bucket.
    pub bucket_ms: u64,
    /// Smallest and largest number of each point's bucket; `None` where it has none.
    pub of_points: Vec<Option<(f64, f64)>>,
}

impl Snapshot {
    /// Appends it as it is sent.
    pub fn write(&self, out: &mut String, id: SubId) {
        let unit = self.unit.as_ref().map(|unit| unit.as_str());
        match &self.spreads {
            None => write_snap(out, id, self.position, &self.points, unit, self.recovered),
            Some(spreads) => {
                let buckets = (&*spreads.of_points, spreads.bucket_ms);
                write_bucketed_snap(out, id, self.position, &self.points, buckets, unit);
            }
        }
    }
}
