//! What flows may remember together. The engine knows no tenants: whoever installs a flow gives it an [`Account`], and accounts that belong
//! together draw on one [`Budget`].
//!
//! A node draws when a key is new, as many bytes as one key may come to at the most, and gives all of it back when what it remembers is dropped:
//! with its flow, with the version it belongs to, with its cell. So keys that are known cost nothing here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::cell::emit::Reason;

/// What several flows may remember together.
#[derive(Debug)]
pub struct Budget {
    keys: Drawn,
    bytes: Drawn,
}

/// How much of something there may be, and is.
#[derive(Debug)]
struct Drawn {
    most: u64,
    now: AtomicU64,
    /// Times that there was not enough left.
    refused: AtomicU64,
}

/// What one flow remembers, and the budget that this counts against. Clones are the same account.
#[derive(Debug, Clone, Default)]
pub struct Account(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    budget: Option<Arc<Budget>>,
    keys: AtomicU64,
    bytes: AtomicU64,
}

/// How much of its budget somebody uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// Keys that nodes remember something of; a key that several nodes remember counts for each.
    pub keys: u64,
    /// Bytes of that at the most.
    pub bytes: u64,
}

impl Drawn {
    fn of(most: u64) -> Self {
        Self { most, now: AtomicU64::new(0), refused: AtomicU64::new(0) }
    }

    fn draw(&self, by: u64) -> bool {
        let add = |now: u64| now.checked_add(by).filter(|sum| *sum <= self.most);
        let drawn = self.now.fetch_update(Relaxed, Relaxed, add).is_ok();
        if !drawn {
            self.refused.fetch_add(1, Relaxed);
        }
        drawn
    }
}

impl Budget {
    /// For at most so many keys, and bytes of state.
    pub fn new(keys: u64, bytes: u64) -> Arc<Self> {
        Arc::new(Self { keys: Drawn::of(keys), bytes: Drawn::of(bytes) })
    }

    /// How much may be used.
    pub fn most(&self) -> Used {
        Used { keys: self.keys.most, bytes: self.bytes.most }
    }

    /// How much is used: by flows that went on with more than there was room for, perhaps more than may be.
    pub fn used(&self) -> Used {
        Used { keys: self.keys.now.load(Relaxed), bytes: self.bytes.now.load(Relaxed) }
    }

    /// Records that there was no room for, by what was used up.
    pub fn refused(&self) -> [(Reason, u64); 2] {
        [
            (Reason::TenantKeys, self.keys.refused.load(Relaxed)),
            (Reason::TenantBytes, self.bytes.refused.load(Relaxed)),
        ]
    }
}

impl Account {
    /// Of a flow that counts against a budget. By default there is none.
    pub fn of(budget: Arc<Budget>) -> Self {
        Self(Arc::new(Inner { budget: Some(budget), ..Inner::default() }))
    }

    /// The budget that it counts against.
    pub fn budget(&self) -> Option<&Arc<Budget>> {
        self.0.budget.as_ref()
    }

    /// What its flow remembers, all of its versions together.
    pub fn used(&self) -> Used {
        Used { keys: self.0.keys.load(Relaxed), bytes: self.0.bytes.load(Relaxed) }
    }

    /// Another one for a version that warms up beside the flow, and will take its place: it may use what is left, and what the flow uses.
    #[must_use]
    pub fn beside(&self) -> Self {
        let Some(budget) = &self.0.budget else { return Self::default() };
        let (most, all, mine) = (budget.most(), budget.used(), self.used());
        let left = |most: u64, all: u64, mine: u64| most.saturating_sub(all.saturating_sub(mine));
        Self::of(Budget::new(left(most.keys, all.keys, mine.keys), left(most.bytes, all.bytes, mine.bytes)))
    }

    /// What an owner is told of a record that was refused for this reason; `None` if that is none of the budget's.
    pub(crate) fn explain(&self, reason: Reason) -> Option<String> {
        let most = self.budget()?.most();
        match reason {
            Reason::TenantKeys => Some(format!(
                "the flows of this organization remember {} keys together, which is as many as they may",
                most.keys
            )),
            Reason::TenantBytes => Some(format!(
                "what the flows of this organization remember may come to {} bytes, which is as many as they may",
                most.bytes
            )),
            _ => None,
        }
    }

    fn draw(&self, bytes: u64) -> Result<(), Reason> {
        if let Some(budget) = &self.0.budget {
            if !budget.keys.draw(1) {
                return Err(Reason::TenantKeys);
            }
            if !budget.bytes.draw(bytes) {
                budget.keys.now.fetch_sub(1, Relaxed);
                return Err(Reason::TenantBytes);
            }
        }
        self.0.keys.fetch_add(1, Relaxed);
        self.0.bytes.fetch_add(bytes, Relaxed);
        Ok(())
    }

    /// Draws whether or not there is room.
    fn force(&self, keys: u64, bytes: u64) {
        if let Some(budget) = &self.0.budget {
            budget.keys.now.fetch_add(keys, Relaxed);
            budget.bytes.now.fetch_add(bytes, Relaxed);
        }
        self.0.keys.fetch_add(keys, Relaxed);
        self.0.bytes.fetch_add(bytes, Relaxed);
    }

    fn give_back(&self, keys: u64, bytes: u64) {
        if let Some(budget) = &self.0.budget {
            budget.keys.now.fetch_sub(keys, Relaxed);
            budget.bytes.now.fetch_sub(bytes, Relaxed);
        }
        self.0.keys.fetch_sub(keys, Relaxed);
        self.0.bytes.fetch_sub(bytes, Relaxed);
    }
}

/// What a node has drawn. Gives it back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Purse {
    account: Account,
    bytes_per_key: u64,
    keys: u64,
}

impl Purse {
    /// For one key more.
    pub fn draw(&mut self) -> Result<(), Reason> {
        self.account.draw(self.bytes_per_key)?;
        self.keys += 1;
        Ok(())
    }

    /// For as many keys as there are, whether or not there is room: what was saved is not thrown away.
    pub fn hold(&mut self, keys: usize) {
        self.give_back();
        self.keys = keys as u64;
        self.account.force(self.keys, self.keys * self.bytes_per_key);
    }

    /// Draws on another account from here on, and what it has drawn as well.
    pub fn draw_on(&mut self, account: &Account, bytes_per_key: usize) {
        let keys = self.keys as usize;
        self.give_back();
        (self.account, self.bytes_per_key) = (account.clone(), bytes_per_key as u64);
        self.hold(keys);
    }

    fn give_back(&mut self) {
        let keys = std::mem::take(&mut self.keys);
        self.account.give_back(keys, keys * self.bytes_per_key);
    }
}

impl Drop for Purse {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_used_up_is_named_and_what_is_given_back_can_be_drawn_again() {
        let budget = Budget::new(3, 100);
        let [one, other] = [(); 2].map(|()| Account::of(Arc::clone(&budget)));
        let mut purses = [one.clone(), other.clone(), other.clone()].map(|account| {
            let mut purse = Purse::default();
            purse.draw_on(&account, 40);
            purse
        });
        assert_eq!((purses[0].draw(), purses[1].draw()), (Ok(()), Ok(())));
        assert_eq!(purses[2].draw(), Err(Reason::TenantBytes));
        assert_eq!(
            budget.used(),
            Used { keys: 2, bytes: 80 },
            "the key that there was room for was not kept"
        );
        purses[2].draw_on(&other, 1);
        assert_eq!((purses[2].draw(), purses[2].draw()), (Ok(()), Err(Reason::TenantKeys)));
        assert_eq!((one.used().keys, other.used().keys), (1, 2));
        assert_eq!(budget.refused(), [(Reason::TenantKeys, 1), (Reason::TenantBytes, 1)]);
        assert!(one.explain(Reason::TenantKeys).unwrap().contains("remember 3 keys"));
        // who warms up beside the second flow may use what is left, and what that one has
        assert_eq!(other.beside().budget().unwrap().most(), Used { keys: 2, bytes: 60 });
        drop(std::mem::take(&mut purses[0]));
        assert_eq!((budget.used(), one.used()), (Used { keys: 2, bytes: 41 }, Used::default()));
    }

    proptest! {
        #[test]
        fn nothing_is_drawn_beyond_the_budget_and_all_of_it_is_given_back(
            most in (0u64..20, 0u64..400),
            steps in prop::collection::vec((0usize..4, 0usize..3, 0usize..50), 0..60),
        ) {
            let budget = Budget::new(most.0, most.1);
            let accounts = [(); 2].map(|()| Account::of(Arc::clone(&budget)));
            let mut purses: [Purse; 4] = Default::default();
            for (at, purse) in purses.iter_mut().enumerate() {
                purse.draw_on(&accounts[at % 2], 10);
            }
            let mut is_forced = false;
            for (at, step, by) in steps {
                let before = budget.used();
                match step {
                    0 => drop(purses[at].draw()),
                    1 => {
                        is_forced = true;
                        purses[at].hold(by);
                    }
                    _ => purses[at].draw_on(&accounts[by % 2], 10),
                }
                let used = budget.used();
                prop_assert!(is_forced || used.keys <= most.0 && used.bytes <= most.1);
                prop_assert!(step != 2 || used == before, "a change of account is none of the budget");
                let drawn: u64 = purses.iter().map(|purse| purse.keys).sum();
                prop_assert_eq!(used, Used { keys: drawn, bytes: drawn * 10 });
                let all = accounts.iter().map(|account| account.used().keys).sum::<u64>();
                prop_assert_eq!(all, drawn);
            }
            drop(purses);
            prop_assert_eq!(budget.used(), Used::default());
            prop_assert!(accounts.iter().all(|account| account.used() == Used::default()));
        }
    }
}
