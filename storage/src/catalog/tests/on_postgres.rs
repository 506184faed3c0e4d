//! The suite on PostgreSQL.

use edgesync_test_postgres::Options;

use super::*;

fn fixture() -> Fixture {
    // What a power cut does to it is shown elsewhere.
    Fixture::at(Place::Server(Options::new().unsynced().start()))
}

#[allow(clippy::duplicate_mod)] // On purpose: see the head of this directory.
#[path = "suite.rs"]
mod suite;
