//! How much each user watches, so that none of them takes what there is for all.
//!
//! A user's sockets and subscriptions are counted together. A subscription counts on while its source lingers after it: every source in the process
//! that dashboards have asked for is on somebody's account (an aggregate and what it is made of are one), and on one account there are never more than
//! [`limit::LIVE_SUBSCRIPTIONS_PER_USER`]. The lock is the last that is taken.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edgesync_schemas::id::UserId;
use edgesync_schemas::limit;

use super::hub::Error;

/// What all users have open.
#[derive(Debug, Clone, Default)]
pub(super) struct Viewers(Arc<Mutex<HashMap<UserId, Counts>>>);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    sockets: usize,
    subscriptions: usize,
    /// Of the subscriptions, those to metrics of flows.
    metrics: usize,
}

/// An open socket of a user. Dropping it gives its place back.
#[derive(Debug)]
pub(super) struct Viewer {
    viewers: Viewers,
    user: UserId,
}

/// A subscription on a user's account. Dropping it gives its place back.
#[derive(Debug)]
pub(super) struct Charge {
    viewers: Viewers,
    user: UserId,
    metrics: usize,
}

impl Viewers {
    fn counts(&self) -> MutexGuard<'_, HashMap<UserId, Counts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more socket.
    pub(super) fn admit(&self, user: UserId) -> Result<Viewer, Error> {
        let mut counts = self.counts();
        let most = limit::LIVE_SOCKETS_PER_USER;
        let of_user = counts.entry(user).or_default();
        if of_user.sockets >= most {
            return Err(Error::Limit { what: "live sockets of a user", most });
        }
        of_user.sockets += 1;
        Ok(Viewer { viewers: self.clone(), user })
    }

    fn give_back(&self, user: UserId, give: impl FnOnce(&mut Counts)) {
        if let Entry::Occupied(mut counts) = self.counts().entry(user) {
            give(counts.get_mut());
            if *counts.get() == Counts::default() {
                counts.remove();
            }
        }
    }
}

impl Viewer {
    /// Whose it is.
    pub(super) fn user(&self) -> UserId {
        self.user
    }

    /// A place for one more subscription.
    pub(super) fn charge(&self) -> Result<Charge, Error> {
        self.charge_for(0)
    }

    /// A place for one more subscription to metrics.
    pub(super) fn charge_metrics(&self) -> Result<Charge, Error> {
        self.charge_for(1)
    }

    fn charge_for(&self, metrics: usize) -> Result<Charge, Error> {
        let mut counts = self.viewers.counts();
        let most = limit::LIVE_SUBSCRIPTIONS_PER_USER;
        let of_user = counts.entry(self.user).or_default();
        if of_user.subscriptions >= most {
            return Err(Error::Limit { what: "subscriptions of a user", most });
        }
        if of_user.metrics + metrics > limit::LIVE_METRICS_PER_USER {
            let most = limit::LIVE_METRICS_PER_USER;
            return Err(Error::Limit { what: "subscriptions of a user to metrics", most });
        }
        of_user.subscriptions += 1;
        of_user.metrics += metrics;
        Ok(Charge { viewers: self.viewers.clone(), user: self.user, metrics })
    }
}

impl Charge {
    /// Whether it is on this user's account.
    pub(super) fn is_of(&self, viewer: &Viewer) -> bool {
        self.user == viewer.user
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.viewers.give_back(self.user, |counts| counts.sockets -= 1);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.viewers.give_back(self.user, |counts| {
            counts.subscriptions -= 1;
            counts.metrics -= self.metrics;
        });
    }
}
