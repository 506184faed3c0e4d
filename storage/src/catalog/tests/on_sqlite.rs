//! The suite on SQLite.

use super::*;

fn fixture() -> Fixture {
    Fixture::at(Place::File(tempfile::tempdir().unwrap()))
}

#[allow(clippy::duplicate_mod)] // On purpose: see the head of this directory.
#[path = "suite.rs"]
mod suite;
