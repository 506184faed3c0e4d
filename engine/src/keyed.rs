//! State per key, bounded.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::budget::Purse;
use crate::cell::emit::Reason;
use crate::state::{self, BadState};

/// States of the keys that came, at most a given number of them. Keys are small integers; finding one is two array reads.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Keyed<S> {
    /// By key: 1 + its place in `states`, or 0. As [`Keyed::parts`] gives it out.
    place: Vec<u32>,
    states: Vec<S>,
    /// The key of each state.
    keys: Vec<u32>,
    most: usize,
    #[serde(skip)]
    purse: Purse,
    /// Why there was no room for the last key that there was none for.
    #[serde(skip, default = "too_many")]
    why: Reason,
}

const fn too_many() -> Reason {
    Reason::TooManyKeys
}

impl<S> Keyed<S> {
    /// For at most `most` keys.
    pub fn new(most: usize) -> Self {
        Self {
            place: Vec::new(),
            states: Vec::new(),
            keys: Vec::new(),
            most: most.min(u32::MAX as usize - 1),
            purse: Purse::default(),
            why: too_many(),
        }
    }

    /// The place of a key's state, made by `new` if this is its first record; `None` if there is no room for it: [`Keyed::why`].
    #[inline(always)]
    pub fn place(&mut self, key: u32, new: impl FnOnce() -> S) -> Option<usize> {
        match self.place.get(key as usize) {
            Some(&place) if place > 0 => Some(place as usize - 1),
            _ => self.make(key, new()),
        }
    }

    #[cold]
    fn make(&mut self, key: u32, state: S) -> Option<usize> {
        let drawn = if self.states.len() >= self.most { Err(too_many()) } else { self.purse.draw() };
        if let Err(why) = drawn {
            self.why = why;
            return None;
        }
        if self.place.len() <= key as usize {
            self.place.resize(key as usize + 1, 0);
        }
        self.states.push(state);
        self.keys.push(key);
        self.place[key as usize] = self.states.len() as u32;
        Some(self.states.len() - 1)
    }

    /// Why there was no room for a key.
    pub fn why(&self) -> Reason {
        self.why
    }

    /// What draws on a budget for each key.
    pub fn purse(&mut self) -> &mut Purse {
        &mut self.purse
    }

    /// The place of a key that came before, and the states: for loops over many records.
    pub fn parts(&mut self) -> (&[u32], &mut [S]) {
        (&self.place, &mut self.states)
    }

    /// As bytes.
    pub fn save(&self) -> Vec<u8>
    where
        S: Serialize,
    {
        state::save(self)
    }

    /// Goes on with what another one saved.
    pub fn load(&mut self, saved: &[u8]) -> Result<(), BadState>
    where
        S: DeserializeOwned,
    {
        self.take_over(state::load(saved)?)
    }

    /// As bytes, with how many records the states hold.
    pub fn save_holding(&self, held: u64) -> Vec<u8>
    where
        S: Serialize,
    {
        state::save(&(self, held))
    }

    /// Goes on with what another one saved; how many records the states hold.
    pub fn load_holding(&mut self, saved: &[u8]) -> Result<u64, BadState>
    where
        S: DeserializeOwned,
    {
        let (keys, held): (Self, u64) = state::load(saved)?;
        self.take_over(keys)?;
        Ok(held)
    }

    /// Takes over what another one remembered, if that hangs together. More keys than there may be stay, and no further ones come.
    pub fn take_over(&mut self, saved: Self) -> Result<(), BadState> {
        let is_whole = saved.states.len() == saved.keys.len()
            && saved
                .keys
                .iter()
                .enumerate()
                .all(|(at, key)| saved.place.get(*key as usize) == Some(&(at as u32 + 1)));
        if !is_whole {
            return Err(BadState);
        }
        let (most, mut purse) = (self.most, std::mem::take(&mut self.purse));
        purse.hold(saved.states.len());
        *self = Self { most, purse, ..saved };
        Ok(())
    }

    /// The states, in the order in which their keys came first.
    pub fn states(&mut self) -> &mut [S] {
        &mut self.states
    }

    /// The states, to be looked at.
    pub fn all(&self) -> &[S] {
        &self.states
    }

    /// The keys of the states.
    pub fn keys(&self) -> &[u32] {
        &self.keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Account, Budget, Used};

    #[test]
    fn there_is_no_state_for_one_key_too_many() {
        let mut keyed = Keyed::new(2);
        assert_eq!(keyed.place(7, || 'a'), Some(0));
        assert_eq!(keyed.place(0, || 'b'), Some(1));
        assert_eq!((keyed.place(3, || 'c'), keyed.why()), (None, Reason::TooManyKeys));
        assert_eq!(keyed.place(7, || 'd'), Some(0));
        assert_eq!((keyed.states().to_vec(), keyed.keys()), (vec!['a', 'b'], &[7, 0][..]));
    }

    #[test]
    fn a_key_draws_on_the_budget_and_gives_back_what_it_drew() {
        let budget = Budget::new(3, 1000);
        let account = Account::of(budget.clone());
        let mut keyed = Keyed::new(10);
        keyed.purse().draw_on(&account, 100);
        assert!([7, 0, 7, 9].into_iter().all(|key| keyed.place(key, || 'a').is_some()));
        assert_eq!((keyed.place(1, || 'b'), keyed.why()), (None, Reason::TenantKeys));
        assert_eq!(budget.used(), Used { keys: 3, bytes: 300 });
        // one that goes on with more than there is room for does, and takes no further key
        let mut other = Keyed::new(10);
        other.purse().draw_on(&account, 100);
        other.load(&keyed.save()).unwrap();
        assert_eq!(budget.used(), Used { keys: 6, bytes: 600 });
        assert_eq!((other.place(9, || 'b'), other.place(1, || 'b')), (Some(2), None));
        drop(keyed);
        assert_eq!((account.used(), other.place(1, || 'b')), (Used { keys: 3, bytes: 300 }, None));
        drop(other);
        assert_eq!((budget.used(), account.used()), Default::default());
    }
}
