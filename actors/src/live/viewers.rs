//! How much each account watches, so that none of them takes what there is for all.
//!
//! The sockets and subscriptions of an account are counted together. A subscription counts on while its source lingers after it: every source in the process
//! that dashboards have asked for is on somebody's account (an aggregate and what it is made of are one), and on one account there are never more than it may have. A
//! share link has an account of its own: strangers who have it take nothing of what its creator may watch. The lock is the last that is taken.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edgesync_schemas::id::{ShareLinkId, UserId};
use edgesync_schemas::limit;

use super::hub::Error;

/// On whose account something is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account {
    /// A user's.
    User(UserId),
    /// That of whoever has a link, together.
    Link(ShareLinkId),
}

impl From<UserId> for Account {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}

/// A number of things that an account may have, and how a refusal names them.
type Most = (usize, &'static str);

impl Account {
    const fn sockets(self) -> Most {
        match self {
            Self::User(_) => (limit::LIVE_SOCKETS_PER_USER, "live sockets of a user"),
            Self::Link(_) => (limit::LIVE_SOCKETS_PER_LINK, "live sockets of a share link"),
        }
    }

    const fn subscriptions(self) -> Most {
        match self {
            Self::User(_) => (limit::LIVE_SUBSCRIPTIONS_PER_USER, "subscriptions of a user"),
            Self::Link(_) => (limit::LIVE_SUBSCRIPTIONS_PER_LINK, "subscriptions of a share link"),
        }
    }

    const fn metrics(self) -> Most {
        match self {
            Self::User(_) => (limit::LIVE_METRICS_PER_USER, "subscriptions of a user to metrics"),
            Self::Link(_) => (0, "subscriptions of a share link to metrics"),
        }
    }
}

/// Room for `more` beside what there is.
fn room(there: usize, more: usize, (most, what): Most) -> Result<(), Error> {
    if there + more > most { Err(Error::Limit { what, most }) } else { Ok(()) }
}

/// What all accounts have open.
#[derive(Debug, Clone, Default)]
pub(super) struct Viewers(Arc<Mutex<HashMap<Account, Counts>>>);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    sockets: usize,
    subscriptions: usize,
    /// Of the subscriptions, those to metrics of flows.
    metrics: usize,
}

/// An open socket on an account. Dropping it gives its place back.
#[derive(Debug)]
pub(super) struct Viewer {
    viewers: Viewers,
    account: Account,
}

/// A subscription on an account. Dropping it gives its place back.
#[derive(Debug)]
pub(super) struct Charge {
    viewers: Viewers,
    account: Account,
    metrics: usize,
}

impl Viewers {
    fn counts(&self) -> MutexGuard<'_, HashMap<Account, Counts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more socket.
    pub(super) fn admit(&self, account: Account) -> Result<Viewer, Error> {
        let mut counts = self.counts();
        let of_account = counts.entry(account).or_default();
        room(of_account.sockets, 1, account.sockets())?;
        of_account.sockets += 1;
        Ok(Viewer { viewers: self.clone(), account })
    }

    fn give_back(&self, account: Account, give: impl FnOnce(&mut Counts)) {
        if let Entry::Occupied(mut counts) = self.counts().entry(account) {
            give(counts.get_mut());
            if *counts.get() == Counts::default() {
                counts.remove();
            }
        }
    }
}

impl Viewer {
    /// Whose turn it is to read history: a link's is not its creator's.
    pub(super) fn turn(&self) -> UserId {
        match self.account {
            Account::User(user) => user,
            Account::Link(link) => UserId::from_uuid(link.uuid()),
        }
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
        let of_account = counts.entry(self.account).or_default();
        room(of_account.subscriptions, 1, self.account.subscriptions())?;
        room(of_account.metrics, metrics, self.account.metrics())?;
        of_account.subscriptions += 1;
        of_account.metrics += metrics;
        Ok(Charge { viewers: self.viewers.clone(), account: self.account, metrics })
    }
}

impl Charge {
    /// Whether it is on this account.
    pub(super) fn is_of(&self, viewer: &Viewer) -> bool {
        self.account == viewer.account
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.viewers.give_back(self.account, |counts| counts.sockets -= 1);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.viewers.give_back(self.account, |counts| {
            counts.subscriptions -= 1;
            counts.metrics -= self.metrics;
        });
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_a_link_watches_takes_nothing_from_its_creator_and_has_its_own_end() {
        let viewers = Viewers::default();
        let same = Uuid::from_u128(7);
        let (user, link) =
            (Account::User(UserId::from_uuid(same)), Account::Link(ShareLinkId::from_uuid(same)));
        let open: Vec<_> = (0..limit::LIVE_SOCKETS_PER_LINK).map(|_| viewers.admit(link).unwrap()).collect();
        let refused = viewers.admit(link).unwrap_err().to_string();
        assert_eq!(refused, format!("at most {} live sockets of a share link", limit::LIVE_SOCKETS_PER_LINK));
        let charges: Vec<_> =
            (0..limit::LIVE_SUBSCRIPTIONS_PER_LINK).map(|_| open[0].charge().unwrap()).collect();
        assert!(open[1].charge().is_err() && open[1].charge_metrics().is_err());
        let own = viewers.admit(user).unwrap();
        let _own: Vec<_> = (0..limit::LIVE_SUBSCRIPTIONS_PER_USER).map(|_| own.charge().unwrap()).collect();
        drop(charges);
        assert!(open[1].charge().is_ok() && open[1].charge_metrics().is_err());
        drop(open);
        assert!(!viewers.counts().contains_key(&link));
    }
}
