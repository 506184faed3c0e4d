//! What leaves a stage by its side ports, and what becomes of a stage that panicked.

use std::sync::Arc;

use edgesync_schemas::flow::Port;
use edgesync_schemas::limit;

use super::deliver::send;
use super::{Emit, FlowRun, Workspace};
use crate::cell::emit::{Emission, Event, EventKind, Reason};
use crate::chunk::{Chunk, Sel};
use crate::ops::{Output, Stage};

impl FlowRun {
    /// A stage panicked: what it put out is thrown away, its records are errors, it is not called again.
    pub(super) fn fail(
        &mut self,
        node: usize,
        message: String,
        input: &Option<(usize, Sel)>,
        output: &mut Output,
        work: &Workspace,
        emit: Emit<'_>,
    ) {
        self.stages[node] = Stage::Failed;
        let counters = &self.counters.nodes[node];
        counters.fail();
        output.clear();
        if let Some((chunk, sel)) = input {
            crate::ops::each_row(&work.chunks[*chunk], sel, |row| {
                output.errors.push((row as u32, Reason::NodeFailed))
            });
        }
        let (flow, version, node) = (self.flow, self.version, Arc::clone(&counters.id));
        tracing::warn!(%flow, version, %node, message, "a node panicked and is failed");
        emit(Emission::Event(Event { flow, version, node, kind: EventKind::Panicked { message } }));
    }

    /// Sends what leaves by else, late and error to where they lead and to who watches.
    pub(super) fn side_ports(
        &mut self,
        node: usize,
        input: &Option<(usize, Sel)>,
        output: &mut Output,
        work: &mut Workspace,
        emit: Emit<'_>,
    ) {
        let plan = Arc::clone(&self.plan);
        let outputs = &plan.nodes[node].outputs;
        let is_watched = self.is_watched(node);
        for (port, further) in output.further.drain(..) {
            let edges = outputs.of(port);
            if further.is_empty() || (edges.is_empty() && !is_watched) {
                continue;
            }
            let chunk = work.add(further);
            if is_watched {
                emit(self.rows(node, port, &work.chunks[chunk], &Sel::All));
            }
            send(&plan, edges, chunk, Sel::All, work);
        }
        let Some((chunk, _)) = input else { return };
        for (port, rows) in output.sides() {
            let edges = outputs.of(*port);
            if rows.is_empty() || (edges.is_empty() && !is_watched) {
                continue;
            }
            let sel = Sel::Rows(std::mem::take(rows));
            if is_watched {
                emit(self.rows(node, *port, &work.chunks[*chunk], &sel));
            }
            send(&plan, edges, *chunk, sel, work);
        }
        self.errors(node, *chunk, output, work, emit);
    }

    /// Sends what leaves by the error port to where it leads, to who watches, and if it leads nowhere a sample to the dead letters.
    fn errors(
        &mut self,
        node: usize,
        chunk: usize,
        output: &mut Output,
        work: &mut Workspace,
        emit: Emit<'_>,
    ) {
        let plan = Arc::clone(&self.plan);
        let counters = Arc::clone(&self.counters.nodes[node]);
        for (_, reason) in &output.errors {
            counters.count_reason(*reason, 1);
        }
        let Some(&(sample, reason)) = output.errors.first().filter(|_| !self.is_muted) else {
            self.send_errors(node, chunk, output, work);
            return;
        };
        let from = &work.chunks[chunk];
        let detail = output.detail.take().or_else(|| self.account.explain(reason)).unwrap_or_default();
        let is_first = self.reported[node] != self.ticks;
        let edges = plan.nodes[node].outputs.of(Port::Error);
        if edges.is_empty() {
            if is_first {
                self.letters[node] = limit::DEAD_LETTERS_PER_TICK;
            }
            let count = output.errors.len().min(self.letters[node]);
            if count > 0 {
                self.letters[node] -= count;
                let letters = error_chunk(from, &output.errors[..count], Chunk::default());
                let rows = self.rows_of(node, Port::Error, &letters, &Sel::All);
                emit(Emission::Dead(rows, detail.clone()));
            }
        }
        if is_first {
            self.reported[node] = self.ticks;
            let kind = EventKind::Error {
                reason,
                series: self.series[from.key[sample as usize] as usize].info.id,
                ts: from.ts[sample as usize],
                detail,
            };
            let (flow, version) = (self.flow, self.version);
            emit(Emission::Event(Event { flow, version, node: Arc::clone(&counters.id), kind }));
        }
        if counters.is_watched() {
            let to = work.take_chunk();
            let errors = error_chunk(&work.chunks[chunk], &output.errors, to);
            emit(self.rows(node, Port::Error, &errors, &Sel::All));
            work.spare.push(errors);
        }
        self.send_errors(node, chunk, output, work);
    }

    fn send_errors(&mut self, node: usize, chunk: usize, output: &Output, work: &mut Workspace) {
        let plan = Arc::clone(&self.plan);
        let edges = plan.nodes[node].outputs.of(Port::Error);
        if edges.is_empty() || output.errors.is_empty() {
            return;
        }
        let to = work.take_chunk();
        let errors = error_chunk(&work.chunks[chunk], &output.errors, to);
        let chunk = work.add(errors);
        send(&plan, edges, chunk, Sel::All, work);
    }
}

/// The records that leave by an error port, with their reasons.
fn error_chunk(from: &Chunk, rows: &[(u32, Reason)], mut to: Chunk) -> Chunk {
    to.name(from.names.as_ref());
    for (row, reason) in rows {
        to.push_row(from, *row as usize);
        to.reasons.push(*reason);
    }
    to
}
