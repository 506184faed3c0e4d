//! Records as they leave the cell.

use std::sync::Arc;

use edgesync_schemas::flow::Port;
use edgesync_schemas::id::Offset;

use super::FlowRun;
use crate::cell::emit::{Emission, Rows};
use crate::chunk::{Chunk, Sel};

impl FlowRun {
    /// Records as they are emitted.
    pub(super) fn rows(&self, node: usize, port: Port, chunk: &Chunk, sel: &Sel) -> Emission {
        fn pick<T: Copy>(column: &[T], sel: &Sel) -> Vec<T> {
            match sel {
                Sel::All => column.to_vec(),
                Sel::Rows(rows) => rows.iter().map(|row| column[*row as usize]).collect(),
            }
        }
        let raw = match sel {
            Sel::All => chunk.raw.clone(),
            Sel::Rows(rows) => {
                let raws = rows
                    .iter()
                    .enumerate()
                    .filter_map(|(at, row)| Some((at as u32, chunk.raw_of(*row)?.into())));
                if chunk.raw.is_empty() { Vec::new() } else { raws.collect() }
            }
        };
        let names = chunk.names.as_deref().unwrap_or_default();
        Emission::Rows(Rows {
            flow: self.flow,
            version: self.version,
            node: Arc::clone(&self.counters.nodes[node].id),
            port,
            series: pick(&chunk.key, sel).into_iter().map(|key| self.series[key as usize].info.id).collect(),
            ts: pick(&chunk.ts, sel),
            num: pick(&chunk.num, sel),
            raw,
            unit: pick(&chunk.unit, sel),
            offset: match sel {
                Sel::All => (0..chunk.len()).map(|row| Offset(chunk.offset_of(row))).collect(),
                Sel::Rows(rows) => rows.iter().map(|row| Offset(chunk.offset_of(*row as usize))).collect(),
            },
            fields: names
                .iter()
                .zip(&chunk.fields)
                .map(|(name, column)| (*name, pick(column, sel)))
                .collect(),
            reasons: if port == Port::Error { pick(&chunk.reasons, sel) } else { Vec::new() },
        })
    }
}
