//! From where on readers need the log: holds of those that run, bookmarks of those that come back.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use edgesync_schemas::id::Offset;

/// The offsets that readers hold.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    holds: HashMap<u64, Offset>,
    next: u64,
    bookmarks: HashMap<String, Offset>,
}

impl Holds {
    /// With the bookmarks that the store has.
    pub fn new(bookmarks: impl IntoIterator<Item = (String, Offset)>) -> Self {
        let state = State { bookmarks: bookmarks.into_iter().collect(), ..State::default() };
        Self { state: Mutex::new(state) }
    }

    /// The first offset that some reader needs; `None` if there are no readers.
    pub fn oldest(&self) -> Option<Offset> {
        let state = self.lock();
        state.holds.values().chain(state.bookmarks.values()).min().copied()
    }

    /// Holds from an offset on. Gives the hold's number.
    pub fn hold(&self, from: Offset) -> u64 {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        state.holds.insert(number, from);
        number
    }

    /// Moves a hold.
    pub fn advance(&self, number: u64, to: Offset) {
        if let Some(held) = self.lock().holds.get_mut(&number) {
            *held = to;
        }
    }

    /// Ends a hold.
    pub fn release(&self, number: u64) {
        self.lock().holds.remove(&number);
    }

    /// A reader's bookmark.
    pub fn bookmark(&self, name: &str) -> Option<Offset> {
        self.lock().bookmarks.get(name).copied()
    }

    /// All bookmarks.
    pub fn bookmarks(&self) -> Vec<(String, Offset)> {
        self.lock().bookmarks.iter().map(|(name, at)| (name.clone(), *at)).collect()
    }

    /// Holds from a bookmark on, which is written.
    pub fn set_bookmark(&self, name: &str, to: Offset) {
        self.lock().bookmarks.insert(name.to_owned(), to);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
