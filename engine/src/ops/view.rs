//! Chunks as expressions see them.

use edgesync_schemas::unit::UnitIndex;

use super::Series;
use crate::chunk::{Chunk, Column, Sel};
use crate::expr::{Cells, TextVar, Texts, View};

impl Texts for &[Series] {
    fn text(&self, key: u32, unit: UnitIndex, var: TextVar) -> &str {
        let series = &self[key as usize];
        match var {
            TextVar::Device => series.device(),
            TextVar::Sensor => series.info.sensor.as_str(),
            TextVar::Unit => series.unit(unit),
        }
    }
}

impl Column {
    /// As expressions see it.
    pub(crate) fn cells(&self) -> Cells<'_> {
        Cells { num: &self.num, raw: &self.raw }
    }
}

/// The further columns of a chunk.
pub(crate) fn fields(chunk: &Chunk) -> Vec<Cells<'_>> {
    chunk.columns().iter().map(Column::cells).collect()
}

/// Rows of a chunk, with what [`fields`] made of it.
pub(crate) fn of<'a>(
    chunk: &'a Chunk,
    sel: &'a Sel,
    fields: &'a [Cells<'a>],
    texts: &'a dyn Texts,
) -> View<'a> {
    View {
        rows: sel.rows(),
        key: &chunk.key,
        ts: &chunk.ts,
        unit: &chunk.unit,
        value: Cells { num: &chunk.num, raw: &chunk.raw },
        fields,
        inputs: &[],
        prev: None,
        texts,
    }
}
