//! The tests that run on both stores. `server()` is that of whoever includes this.

use super::*;

mod buckets;
mod files;
mod lines;
mod pages;
