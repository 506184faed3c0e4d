//! What the appender does when a session has failed: it opens another one, finds out what is stored, and looks for data that is to blame.

use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use edgesync_schemas::id::Offset;
use edgesync_schemas::limit;

use super::super::super::queue::{Append, WhenClosed};
use super::super::failure::{Failure, Trouble};
use super::super::session::{Before, Session};
use super::{Appender, Flight};
use crate::postgres::backoff::Backoff;

/// Between two attempts to open the session again, at most.
const RETRY_MAX: Duration = Duration::from_millis(limit::LOG_RETRY_MS_MAX);

impl Appender {
    /// Opens a session again and finds out what is stored. `None` when the log ends.
    pub(super) async fn recover(&mut self, mut trouble: Trouble) -> Option<Session> {
        let log = self.log.clone();
        let health = &log.health;
        let mut said: Option<Failure> = None;
        let mut backoff = Backoff::default();
        if trouble.failure == Failure::Data {
            self.suspect(&trouble);
        } else {
            health.away();
        }
        loop {
            health.failed(trouble.failure);
            if trouble.failure != Failure::Data && said != Some(trouble.failure) {
                said = Some(trouble.failure);
                report(&trouble, self.stored.end);
            }
            if trouble.failure.is_final() {
                self.fail_all();
            }
            let is_over = log.shared.queue.closed() == Some(WhenClosed::Fail);
            if is_over {
                return None;
            }
            // One connection, on which everything waits: it may ask more often than those of requests.
            tokio::time::sleep(backoff.next().min(RETRY_MAX)).await;
            if trouble.failure.is_final() {
                log.shared.fail_queued();
            }
            match Session::open(&log.server, &log.shared.options, Before::Ours(&mut self.owners)).await {
                Ok(session) => match self.settle(&session) {
                    Ok(()) => {
                        log.work_with(&session);
                        let waited_s = health.back();
                        log.shared.counters.reopened.fetch_add(1, Relaxed);
                        tracing::info!(waited_s, end = %self.stored.end, "readings are committed again");
                        return Some(session);
                    }
                    Err(found) => trouble = found,
                },
                Err(found) => trouble = found,
            }
        }
    }

    /// Compares what is stored with what was sent: lands what is there, takes the rest back.
    fn settle(&mut self, session: &Session) -> Result<(), Trouble> {
        let found = session.stored;
        let last = self.flights.back().map_or(self.stored, |flight| flight.becomes);
        if found.number < self.stored.number || found.end < self.stored.end {
            let said = format!(
                "readings up to offset {} were acknowledged, the database ends at {}",
                self.stored.end, found.end
            );
            return Err(Trouble::new(Failure::Lost, said));
        }
        if found.number > last.number {
            return Err(Trouble::new(
                Failure::Taken,
                "the database has commits that this server did not make",
            ));
        }
        while self.flights.front().is_some_and(|flight| flight.becomes.number <= found.number) {
            self.land();
        }
        let mut again = VecDeque::new();
        for flight in self.flights.drain(..) {
            self.log.shared.dictionary.give_back(&flight.commit.new_series);
            again.extend(flight.plan.into_appends());
        }
        again.append(&mut self.again);
        self.again = again;
        Ok(())
    }

    /// The oldest flight has data that the database refuses: its appends are tried one by one, or, if it was one, it fails.
    fn suspect(&mut self, trouble: &Trouble) {
        let Some(flight) = self.flights.pop_front() else { return };
        let Flight { plan, commit, .. } = flight;
        self.log.shared.dictionary.give_back(&commit.new_series);
        let appends: VecDeque<Append> = plan.into_appends().collect();
        if let [append] = &*Vec::from_iter(&appends) {
            let readings = append.batch.columns.len();
            tracing::error!(device = %append.batch.device, readings, error = %trouble, "readings refused by the database are given up");
            self.log.shared.counters.failed_commits.fetch_add(1, Relaxed);
            self.suspects = self.suspects.saturating_sub(1);
            for append in appends {
                append.fail();
            }
            return;
        }
        tracing::warn!(appends = appends.len(), error = %trouble, "the database refuses readings, looking for which");
        self.suspects = appends.len();
        for flight in self.flights.drain(..) {
            self.log.shared.dictionary.give_back(&flight.commit.new_series);
            self.again.extend(flight.plan.into_appends());
        }
        for append in appends.into_iter().rev() {
            self.again.push_front(append);
        }
    }
}

/// Once per reason: what is wrong, and what that means for readings.
fn report(trouble: &Trouble, end: Offset) {
    let failure = trouble.failure;
    if failure.is_final() {
        tracing::error!(%failure, error = %trouble, %end, "the log has stopped: readings are refused");
    } else if failure.is_severe() {
        tracing::error!(%failure, error = %trouble, %end, "readings cannot be committed, they wait");
    } else {
        tracing::warn!(%failure, error = %trouble, %end, "readings cannot be committed, they wait");
    }
}
