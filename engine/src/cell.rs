//! A cell: one thread that runs flows in timely dataflows. The only part of the engine that names timely.
//!
//! The way of a commit: [`feed`] takes it in, [`step`] hands it to the packs, [`pack`] routes its rows to the flows that
//! subscribed and runs them, [`emit`] sends results out. [`command`] is what else can be asked of a cell, [`fence`] keeps
//! a panic to the node that it happened in, [`render`] builds a pack's dataflow, [`clock`] says what time it is for flows,
//! [`install`] puts flows in and takes them out, [`cancelled`] says which it does not.

mod cancelled;
pub(crate) mod clock;
pub mod command;
pub mod emit;
pub(crate) mod feed;
pub(crate) mod fence;
mod install;
mod pack;
mod render;
mod step;

pub(crate) use step::run;
