//! Records as they leave the cell.

use std::sync::Arc;

use edgesync_schemas::flow::Port;
use edgesync_schemas::id::Offset;

use super::FlowRun;
use crate::cell::emit::{Emission, Rows};
use crate::chunk::{Chunk, Column, Raws, Sel};

impl FlowRun {
    /// Records as they are emitted.
    pub(super) fn rows(&self, node: usize, port: Port, chunk: &Chunk, sel: &Sel) -> Emission {
        Emission::Rows(self.rows_of(node, port, chunk, sel))
    }

    /// Records with the names of their node, port and series.
    pub(super) fn rows_of(&self, node: usize, port: Port, chunk: &Chunk, sel: &Sel) -> Rows {
        fn pick<T: Copy>(column: &[T], sel: &Sel) -> Vec<T> {
            match sel {
                Sel::All => column.to_vec(),
                Sel::Rows(rows) => rows.iter().map(|row| column[*row as usize]).collect(),
            }
        }
        fn pick_raw(raws: &Raws, sel: &Sel) -> Raws {
            let Sel::Rows(rows) = sel else { return raws.clone() };
            let mut picked = Raws::new();
            let mut next = 0;
            // Both are ascending, and texts are few.
            for (row, raw) in raws {
                next += rows[next..].partition_point(|other| other < row);
                if rows.get(next) == Some(row) {
                    picked.push((next as u32, Arc::clone(raw)));
                }
            }
            picked
        }
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
                .map(|(name, column)| {
                    (
                        Arc::clone(name),
                        Column { num: pick(&column.num, sel), raw: pick_raw(&column.raw, sel) },
                    )
                })
                .collect(),
            reasons: if port == Port::Error { pick(&chunk.reasons, sel) } else { Vec::new() },
        }
    }
}
