//! What is followed for widgets whether or not anybody watches.

use std::sync::Arc;

use edgesync_schemas::id::Offset;
use tokio::time::Instant;

use super::super::followed::{Followed, Room};
use super::super::kept::Stored;
use super::super::widget::Keeps;
use super::{Error, Hub};

impl Hub {
    /// Follows a source from now on whether or not anybody watches, and keeps its values or buckets of them, until [`Self::keep_no_longer`]. What nobody
    /// has yet begins with `stored`.
    pub(in super::super) fn keep(
        &self,
        of: &Keeps,
        room: Room,
        stored: Stored,
    ) -> Result<Arc<Followed>, Error> {
        let now = Instant::now();
        // under the map's lock nobody can subscribe to it meanwhile
        let mut sources = self.sources();
        let is_known = sources.contains_key(&of.source);
        let followed = self.place(&mut sources, of.source.clone())?;
        match of.interval_ms {
            None => {
                followed.keep_for_widgets(room, now);
                if !is_known || followed.look(|ring| ring.next == 0) {
                    self.restore(&followed, of, stored);
                }
            }
            Some(interval_ms) => {
                followed.keep_buckets((interval_ms, room.samples), &self.shared.ticks, now);
                self.restore(&followed, of, stored);
            }
        }
        Ok(followed)
    }

    /// Has room for more or fewer of what is kept.
    pub(in super::super) fn keep_more_or_fewer(&self, followed: &Followed, of: &Keeps, room: Room) {
        let now = Instant::now();
        match of.interval_ms {
            None => followed.keep_for_widgets(room, now),
            Some(interval_ms) => followed.keep_buckets((interval_ms, room.samples), &self.shared.ticks, now),
        }
    }

    /// Puts in what is stored of what is kept. Values are not while somebody watches, nor buckets when some have come: then it goes on with what it has.
    pub(in super::super) fn restore(&self, followed: &Followed, of: &Keeps, stored: Stored) {
        // of a log that was replaced by another nothing is put out again
        let is_of_log = |arrival: Offset| arrival <= self.shared.log.end();
        match (of.interval_ms, stored) {
            (None, Stored::Values(samples, arrival)) => {
                let repeats_to = Some(arrival).filter(|arrival| is_of_log(*arrival));
                followed.restore(samples, repeats_to.unwrap_or_default(), Instant::now());
            }
            (Some(interval_ms), Stored::Buckets(buckets)) => {
                let newest = buckets.iter().map(|one| one.seen.arrival).max().unwrap_or_default();
                followed.restore_buckets(interval_ms, buckets, is_of_log(Offset(newest)));
            }
            // what is stored of a widget goes when it shows something else
            (None, Stored::Buckets(_)) | (Some(_), Stored::Values(..)) => {}
        }
    }

    /// Lets it go when nobody has watched it for a while, and nothing else of its source is kept.
    pub(in super::super) fn keep_no_longer(&self, followed: &Arc<Followed>, of: &Keeps) {
        let now = Instant::now();
        if followed.keep_no_longer(of.interval_ms, now) {
            self.expire(followed, now);
        }
    }
}
