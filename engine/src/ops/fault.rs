//! `fault`: passes records through and panics at one value. For tests.

use edgesync_schemas::flow::node::Fault;

use super::{Output, each_row};
use crate::chunk::{Chunk, Sel};

#[derive(Debug)]
pub(crate) struct Stage {
    panic_at: f64,
}

impl Stage {
    pub fn new(of: &Fault) -> Self {
        Self { panic_at: of.panic_at }
    }

    pub fn run(&mut self, input: &Chunk, sel: &Sel, output: &mut Output) {
        each_row(input, sel, |row| {
            assert!(input.num[row] != self.panic_at, "a fault was asked for at {}", self.panic_at)
        });
        output.pass = Some(sel.clone());
    }
}
