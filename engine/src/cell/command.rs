//! What can be asked of a cell.
//!
//! Two roads: [`Work`] is done in the order it was asked, between and with the readings; [`Control`] is done at once, even while
//! the outlet is full and readings wait.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::reading::{Commit, SeriesInfo};
use edgesync_schemas::time::Timestamp;

use crate::budget::Account;
use crate::metrics::FlowCounters;
use crate::plan::Plan;
use crate::replay::Prepared;
use crate::state::{Saved, SavedFlow};

/// How many installs were asked of a cell before this one. A remove names the newest install that it is meant for.
pub(crate) type Generation = u64;

/// Done in order.
#[derive(Debug)]
pub(crate) enum Work {
    /// Readings, and since when they wait.
    Feed(Arc<Commit>, Instant),
    /// The wall clock.
    Tick(Timestamp),
    /// Where readings begin.
    From(Offset),
    /// Series that were known before the first commit.
    Series(Vec<Arc<SeriesInfo>>),
    /// A flow, in place of the one with the same id if there is one.
    Install(Install),
    /// What a flow remembers, and told to somebody; `None` if it is not here. If it is to be taken out, it runs no more from there on; unless that was
    /// given up.
    Save { flow: FlowId, takes_out: Option<Claim>, reply: Reply<Option<Saved>> },
    /// What some flows remember, all at the same place, until it is more than so many bytes.
    SaveAll { flows: Vec<FlowId>, bytes_most: usize, reply: Reply<Vec<SavedFlow>> },
}

/// How a flow begins.
#[derive(Debug)]
pub(crate) struct Install {
    pub generation: Generation,
    pub plan: Arc<Plan>,
    pub counters: Arc<FlowCounters>,
    pub account: Account,
    pub begin: Begin,
    pub claim: Claim,
    pub reply: Option<Reply<Told>>,
}

/// Something that is done once: by the cell, unless whoever asked for it has given it up before. Clones are of the same thing.
#[derive(Debug, Clone, Default)]
pub struct Claim(Arc<AtomicBool>);

impl Claim {
    /// True for the first who takes it: the cell that is about to do it, or who gives it up.
    #[must_use]
    pub fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

/// What a flow that is installed remembers at first. What it takes the place of hands over what both remember in the same way.
#[derive(Debug)]
pub enum Begin {
    /// Nothing.
    Empty,
    /// Nothing, and readings before this offset are none of its concern.
    At(Offset),
    /// What was saved; results of readings before this offset were put out already, and of time up to this.
    Saved(Box<Saved>, Offset, Timestamp),
    /// What it was taken out of another cell with, where it put out what it made until then, and what counted for it there: who watched it
    /// watches it here.
    Moved(Box<Saved>, Arc<FlowCounters>),
    /// What it has seen by itself. Its results begin where it is installed.
    Prepared(Prepared),
}

impl Begin {
    /// How far it is known that results were put out: those of readings before an offset, and those of time up to a time.
    pub fn put_out(&self) -> Option<(Offset, Timestamp)> {
        match self {
            Self::Empty => None,
            Self::At(next) => Some((*next, Timestamp::MIN)),
            Self::Saved(saved, next, clock) => Some((saved.next.max(*next), *clock)),
            Self::Moved(saved, _) => Some(saved.put_out()),
            Self::Prepared(prepared) => prepared.put_out,
        }
    }
}

/// What became of an install.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It runs; it saw everything before this offset when it was put in its place.
    Installed(Offset),
    /// It has not seen what the cell has, and the cell does not have it any more: nothing was changed. The cell is here.
    Behind(Offset),
    /// It has seen more than the cell, and what it is to replace runs there: nothing was changed. The cell is here.
    Ahead(Offset),
    /// What was saved is of another configuration: nothing was changed.
    BadState,
    /// It was removed meanwhile, or given up.
    Removed,
}

/// What is told of an install.
#[derive(Debug)]
pub struct Told {
    /// What became of it.
    pub outcome: Outcome,
    /// What was prepared, if it was not installed: it may be fed on.
    pub back: Option<Prepared>,
}

/// Tells somebody; on the cell's thread, so it must only hand it on.
pub(crate) struct Reply<T>(pub Box<dyn FnOnce(T) + Send>);

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

/// Done at once.
#[derive(Debug)]
pub(crate) enum Control {
    /// Ends installs of a flow up to and including this one, done or still waiting.
    Remove { flow: FlowId, generation: Generation },
}
