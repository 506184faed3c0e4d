//! Between segments: rows of chunks on their way along edges, and their merging where edges meet.

use super::Workspace;
use crate::chunk::{Chunk, Sel};
use crate::plan::Plan;

/// Rows of a chunk on their way along an edge.
#[derive(Debug)]
pub(super) struct Delivery {
    pub edge: usize,
    pub chunk: usize,
    pub sel: Sel,
}

/// Puts rows in front of a segment.
pub(super) fn deliver(work: &mut Workspace, segment: usize, delivery: Delivery) {
    if work.inbox.len() <= segment {
        work.inbox.resize_with(segment + 1, Vec::new);
    }
    work.inbox[segment].push(delivery);
}

/// Sends rows along edges; the last takes the selection, the others a copy.
pub(super) fn send(plan: &Plan, edges: &[usize], chunk: usize, sel: Sel, work: &mut Workspace) {
    let Some((&last, others)) = edges.split_last() else { return };
    for &edge in others {
        deliver(work, plan.segment_of(plan.edges[edge].to), Delivery { edge, chunk, sel: sel.clone() });
    }
    deliver(work, plan.segment_of(plan.edges[last].to), Delivery { edge: last, chunk, sel });
}

/// What came for a segment as one chunk. `arrived` is empty afterwards.
pub(super) fn gather(
    plan: &Plan,
    head: usize,
    arrived: &mut Vec<Delivery>,
    work: &mut Workspace,
) -> Option<(usize, Sel)> {
    let node = &plan.nodes[head];
    let names = node.entering.names.as_ref();
    let as_it_is = |delivery: &Delivery| {
        node.input_names.is_empty() && work.chunks[delivery.chunk].names.as_ref() == names
    };
    if arrived.len() == 1 && as_it_is(&arrived[0]) && work.chunks[arrived[0].chunk].reasons.is_empty() {
        return arrived.pop().map(|delivery| (delivery.chunk, delivery.sel));
    }
    if arrived.is_empty() {
        return None;
    }
    arrived.sort_by_key(|delivery| delivery.edge);
    let mut merged = work.take_chunk();
    merged.name(names);
    let inputs: Vec<u8> = match node.input_names.is_empty() {
        true => Vec::new(),
        false => arrived.iter().map(|delivery| plan.edges[delivery.edge].input).collect(),
    };
    merge(arrived, &inputs, &work.chunks, &mut merged);
    arrived.clear();
    Some((work.add(merged), Sel::All))
}

/// Merges deliveries, each in the order of offsets, into one in the order of (offset, edge). `inputs` says by which input each of them came,
/// if there are several.
fn merge(arrived: &[Delivery], inputs: &[u8], chunks: &[Chunk], merged: &mut Chunk) {
    let mut next = vec![0usize; arrived.len()];
    let row = |at: usize, next: usize| -> Option<usize> {
        let delivery = &arrived[at];
        match &delivery.sel {
            Sel::All => (next < chunks[delivery.chunk].len()).then_some(next),
            Sel::Rows(rows) => rows.get(next).map(|row| *row as usize),
        }
    };
    loop {
        let heads = (0..arrived.len())
            .filter_map(|at| Some((chunks[arrived[at].chunk].offset_of(row(at, next[at])?), at)));
        let Some((_, at)) = heads.min() else { return };
        if let Some(row) = row(at, next[at]) {
            merged.push_row(&chunks[arrived[at].chunk], row);
            merged.input.extend(inputs.get(at));
        }
        next[at] += 1;
    }
}
