//! Turns to read: few at once for all, and fewer for each user, so that nobody's questions keep others from theirs.
//!
//! A user waits for a turn of their own first, and only then for one of all. So each user is in the common line with at most
//! [`limit::HISTORY_READS_PER_USER`] reads, however many they ask for, and the line goes in the order of asking: one waits for as many reads as there
//! are other users, not for all that one of them has asked for.
//!
//! - Memory: an entry per user who reads or waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use edgesync_schemas::id::UserId;
use edgesync_schemas::limit;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The turns of a log.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    all: Arc<Semaphore>,
    own: Arc<Owns>,
}

#[derive(Debug, Default)]
struct Owns {
    /// A std mutex: held for one look-up, never across an await.
    by_user: Mutex<HashMap<UserId, Own>>,
}

#[derive(Debug)]
struct Own {
    turns: Arc<Semaphore>,
    /// Who reads or waits.
    askers: usize,
}

/// A turn. Dropped: it is the next one's.
#[derive(Debug)]
pub struct Turn {
    _all: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
    _asker: Asker,
}

/// Somebody who reads or waits.
#[derive(Debug)]
struct Asker {
    own: Arc<Owns>,
    user: UserId,
}

impl Default for Turns {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(limit::HISTORY_READS)), own: Arc::default() }
    }
}

impl Turns {
    /// Waits for a turn. Cancel safe. `None` never: the semaphores are not closed.
    pub(super) async fn take(&self, user: UserId) -> Option<Turn> {
        let (turns, asker) = self.enter(user);
        let own = turns.acquire_owned().await.ok()?;
        let all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Turn { _all: all, _own: own, _asker: asker })
    }

    fn enter(&self, user: UserId) -> (Arc<Semaphore>, Asker) {
        let mut by_user = self.own.by_user.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Own { turns: Arc::new(Semaphore::new(limit::HISTORY_READS_PER_USER)), askers: 0 };
        let own = by_user.entry(user).or_insert_with(new);
        own.askers += 1;
        (Arc::clone(&own.turns), Asker { own: Arc::clone(&self.own), user })
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        let mut by_user = self.own.by_user.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = by_user.get_mut(&self.user) {
            own.askers -= 1;
            if own.askers == 0 {
                by_user.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use futures_util::poll;
    use uuid::Uuid;

    use super::*;

    const _: () = assert!(limit::HISTORY_READS_PER_USER < limit::HISTORY_READS);

    fn user(n: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(n))
    }

    #[tokio::test]
    async fn a_user_who_asks_for_everything_leaves_a_place_and_waits_in_line_once() {
        let turns = Turns::default();
        let (greedy, modest, third) = (user(1), user(2), user(3));
        let mut greedys: Vec<_> = (0..50).map(|_| Box::pin(turns.take(greedy))).collect();
        let mut held = Vec::new();
        for ask in &mut greedys {
            if let Poll::Ready(turn) = poll!(ask) {
                held.push(turn.unwrap());
            }
        }
        assert_eq!(held.len(), limit::HISTORY_READS_PER_USER);
        let modests = turns.take(modest).await.unwrap();
        // All places are taken; the third asks behind all that the greedy one asked for, and is next but for one of those.
        let mut thirds = Box::pin(turns.take(third));
        assert!(poll!(&mut thirds).is_pending());
        drop(held);
        let mut next = 0;
        for ask in greedys.iter_mut().skip(limit::HISTORY_READS_PER_USER) {
            next += usize::from(poll!(ask).is_ready());
        }
        assert!(next <= limit::HISTORY_READS_PER_USER, "{next}");
        drop(modests);
        assert!(poll!(&mut thirds).is_ready());
    }

    #[tokio::test]
    async fn whoever_has_read_or_given_up_leaves_nothing_behind() {
        let turns = Turns::default();
        let first = turns.take(user(1)).await.unwrap();
        let mut waiting = Box::pin(turns.take(user(1)));
        assert!(poll!(&mut waiting).is_pending());
        drop(first);
        drop(waiting);
        assert!(turns.own.by_user.lock().unwrap().is_empty());
        assert_eq!(turns.all.available_permits(), limit::HISTORY_READS);
    }
}
