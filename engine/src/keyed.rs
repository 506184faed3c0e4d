//! State per key, bounded.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

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
}

impl<S> Keyed<S> {
    /// For at most `most` keys.
    pub fn new(most: usize) -> Self {
        Self {
            place: Vec::new(),
            states: Vec::new(),
            keys: Vec::new(),
            most: most.min(u32::MAX as usize - 1),
        }
    }

    /// The place of a key's state, made by `new` if this is its first record; `None` if there is no room for it.
    #[inline(always)]
    pub fn place(&mut self, key: u32, new: impl FnOnce() -> S) -> Option<usize> {
        match self.place.get(key as usize) {
            Some(&place) if place > 0 => Some(place as usize - 1),
            _ => self.make(key, new()),
        }
    }

    #[cold]
    fn make(&mut self, key: u32, state: S) -> Option<usize> {
        if self.states.len() >= self.most {
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
        let most = self.most;
        *self = Self { most, ..saved };
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

    #[test]
    fn there_is_no_state_for_one_key_too_many() {
        let mut keyed = Keyed::new(2);
        assert_eq!(keyed.place(7, || 'a'), Some(0));
        assert_eq!(keyed.place(0, || 'b'), Some(1));
        assert_eq!(keyed.place(3, || 'c'), None);
        assert_eq!(keyed.place(7, || 'd'), Some(0));
        assert_eq!((keyed.states().to_vec(), keyed.keys()), (vec!['a', 'b'], &[7, 0][..]));
    }
}
