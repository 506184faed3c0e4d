//! Failures that a disk can have, for the tests of the whole log.

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::Error;

/// Makes the next commit fail.
#[derive(Default)]
pub(crate) struct Faults {
    /// Before anything is written.
    pub before: AtomicBool,
    /// After it was written and synced, as if the sync had reported an error.
    pub after: AtomicBool,
    /// Lets no head be sealed while set.
    pub no_seals: AtomicBool,
}

impl Faults {
    pub fn before_commit(&self) -> Result<(), Error> {
        fail_once(&self.before)
    }

    pub fn after_commit(&self) -> Result<(), Error> {
        fail_once(&self.after)
    }

    pub fn before_seal(&self) -> Result<(), Error> {
        if self.no_seals.load(Ordering::SeqCst) { Err(Error::Unavailable) } else { Ok(()) }
    }
}

fn fail_once(fault: &AtomicBool) -> Result<(), Error> {
    if fault.swap(false, Ordering::SeqCst) {
        return Err(fjall::Error::Io(std::io::Error::other("injected")).into());
    }
    Ok(())
}
