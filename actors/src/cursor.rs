//! How far flows are, written down in the log: where they go on after a restart.
//!
//! One cursor for all: the smallest frontier of the cells, since a flow may be put on another cell at the next start. It is written once a second
//! while it moves, and once more on the way down. After `kill -9` the readings of the last second or so are fed again, so that a
//! running flow sees every committed reading at least once. What nodes remember is not written down: they begin empty.

use std::sync::Arc;
use std::time::Duration;

use edgesync_schemas::id::Offset;
use edgesync_schemas::limit;
use edgesync_storage::log::{self, ReadingLog};
use tokio::sync::Mutex;
use tokio::time::MissedTickBehavior;
use tracing::warn;

use crate::cell::Cell;

const NAME: &str = "flows";
const EVERY: Duration = Duration::from_secs(limit::FLOW_TICK_S);

/// The cursor of all cells.
#[derive(Debug)]
pub(crate) struct Cursor {
    log: ReadingLog,
    /// What is written down; held while it is being written, so that it never goes back.
    written: Mutex<Offset>,
}

impl Cursor {
    /// Reads it. On a log that no flow has read yet it is the end, and is written down before it is used: what is committed from here on
    /// will be fed.
    ///
    /// # Errors
    /// Of the log's store.
    pub(crate) async fn open(log: ReadingLog) -> Result<(Self, Offset), log::Error> {
        let end = log.end();
        let at = match log.bookmark(NAME) {
            Some(at) => at.min(end),
            None => {
                log.set_bookmark(NAME, end, true).await?;
                end
            }
        };
        Ok((Self { log, written: Mutex::new(at) }, at))
    }

    /// What is written down.
    pub(crate) fn written(&self) -> Offset {
        self.log.bookmark(NAME).unwrap_or_default()
    }

    /// Writes down what all cells have done. Not cancel safe: it may be written or not.
    pub(crate) async fn save(&self, cells: &[Arc<Cell>], is_synced: bool) {
        let mut written = self.written.lock().await;
        let Some(done) = cells.iter().map(|cell| cell.status().frontier).min() else { return };
        if done <= *written {
            return;
        }
        match self.log.set_bookmark(NAME, done, is_synced).await {
            Ok(()) => *written = done,
            // the next time will do; until then more is fed again after a crash
            Err(error) => warn!(%error, cursor = %*written, "flows' cursor cannot be written down"),
        }
    }

    /// Keeps it, and an eye on the cells, for as long as it is polled.
    pub(crate) async fn keep(&self, cells: &[Arc<Cell>]) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            cells.iter().for_each(|cell| cell.look());
            self.save(cells, false).await;
        }
    }
}
