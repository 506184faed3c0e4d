//! Records as they leave the cell.

use std::sync::Arc;

use edgesync_schemas::flow::Port;
use edgesync_schemas::id::Offset;

use super::FlowRun;
use crate::cell::emit::{Emission, Rows};
use crate::chunk::{Chunk, Sel, pick, pick_raw};

impl FlowRun {
    /// Records as they are emitted.
    pub(super) fn rows(&self, node: usize, port: Port, chunk: &Chunk, sel: &Sel) -> Emission {
        Emission::Rows(self.rows_of(node, port, chunk, sel))
    }

    /// Records with the names of their node, port and series.
    pub(super) fn rows_of(&self, node: usize, port: Port, chunk: &Chunk, sel: &Sel) -> Rows {
        let names = chunk.names.as_deref().unwrap_or_default();
        Rows {
            flow: self.flow,
            version: self.version,
            node: Arc::clone(&self.counters.nodes[node].id),
            port,
            series: pick(&chunk.key, sel).into_iter().map(|key| self.series[key as usize].info.id).collect(),
            ts: pick(&chunk.ts, sel),
            num: pick(&chunk.num, sel),
            raw: pick_raw(&chunk.raw, sel),
            unit: pick(&chunk.unit, sel),
            quality: if chunk.quality.is_empty() { Vec::new() } else { pick(&chunk.quality, sel) },
            offset: match sel {
                Sel::All => (0..chunk.len()).map(|row| Offset(chunk.offset_of(row))).collect(),
                Sel::Rows(rows) => rows.iter().map(|row| Offset(chunk.offset_of(*row as usize))).collect(),
            },
            fields: names
                .iter()
                .zip(&chunk.fields)
                .map(|(name, column)| (Arc::clone(name), column.pick(sel)))
                .collect(),
            reasons: match port {
                Port::Error | Port::Rejected => pick(&chunk.reasons, sel),
                _ => Vec::new(),
            },
            units: Arc::clone(&self.plan.units),
        }
    }
}
