//! Records for tests.

use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::value::Value;

use crate::chunk::Raws;
use crate::expr::{Answer, Cell, Cells, Expression, Row, Slot, TextVar, Texts, Trouble, View};

/// A column.
#[derive(Debug, Default)]
pub struct Column {
    pub num: Vec<f64>,
    pub raw: Raws,
}

impl Column {
    pub fn push(&mut self, json: Option<&str>) {
        let (num, raw) = json.map_or((f64::NAN, None), |json| Value::from_json(json).unwrap().into_parts());
        self.raw.extend(raw.map(|raw| (self.num.len() as u32, raw.into())));
        self.num.push(num);
    }

    fn cells(&self) -> Cells<'_> {
        Cells { num: &self.num, raw: &self.raw }
    }

    fn cell(&self, row: usize) -> Cell {
        Cell::new(self.num[row], self.cells().raw_of(row))
    }
}

/// Records with two fields and a previous one.
#[derive(Debug, Default)]
pub struct Rows {
    pub key: Vec<u32>,
    pub unit: Vec<UnitIndex>,
    pub ts: Vec<Timestamp>,
    pub value: Column,
    pub fields: [Column; 2],
    pub prev: Column,
    pub prev_ts: Vec<f64>,
    cells: std::cell::OnceCell<Vec<Cells<'static>>>,
}

pub struct Names;

impl Texts for Names {
    fn text(&self, key: u32, unit: UnitIndex, var: TextVar) -> &str {
        match var {
            TextVar::Device => ["d1", "d2", "d3"][key as usize % 3],
            TextVar::Sensor => ["t/in", "pump/a", "x"][key as usize % 3],
            TextVar::Unit => ["", "C", "F"][unit.0 as usize % 3],
        }
    }
}

impl Rows {
    pub fn push(
        &mut self,
        value: &str,
        a: Option<&str>,
        b: Option<&str>,
        prev: Option<(&str, i64)>,
        ts: i64,
    ) {
        self.key.push(0);
        self.unit.push(UnitIndex(1));
        self.ts.push(Timestamp::from_ms(ts).unwrap());
        self.value.push(Some(value));
        self.fields[0].push(a);
        self.fields[1].push(b);
        self.prev.push(prev.map(|(value, _)| value));
        self.prev_ts.push(prev.map_or(f64::NAN, |(_, ts)| ts as f64));
    }

    pub fn len(&self) -> usize {
        self.key.len()
    }

    /// As columns.
    pub fn view<'a>(&'a self, rows: Option<&'a [u32]>) -> View<'a> {
        let fields: &'a [Cells<'a>] = self.cells.get_or_init(|| {
            // The columns are not touched once they are looked at.
            self.fields
                .iter()
                .map(|column| Cells { num: leak(&column.num), raw: leak(&column.raw) })
                .collect()
        });
        View {
            rows,
            key: &self.key,
            ts: &self.ts,
            unit: &self.unit,
            value: self.value.cells(),
            fields,
            inputs: &[],
            prev: Some((self.prev.cells(), &self.prev_ts)),
            texts: &Names,
        }
    }

    /// Record by record, without what [`View`] does.
    pub fn answer(&self, expression: &Expression, row: usize) -> Result<Answer, Trouble> {
        let cells: Vec<Cell> = expression
            .slots
            .iter()
            .map(|slot| match slot {
                Slot::Value => self.value.cell(row),
                Slot::Field(at) => self.fields[*at].cell(row),
                Slot::Prev => self.prev.cell(row),
                Slot::Input(_) => Cell::Missing,
            })
            .collect();
        let text = |var| Names.text(self.key[row], self.unit[row], var);
        expression.answer(&Row {
            cells: &cells,
            json_bytes: self.value.cells().raw_of(row).map_or(0, str::len),
            ts_ms: self.ts[row].as_ms(),
            prev_ts_ms: (!self.prev_ts[row].is_nan()).then_some(self.prev_ts[row] as i64),
            unit: text(TextVar::Unit),
            device: text(TextVar::Device),
            sensor: text(TextVar::Sensor),
        })
    }
}

/// A copy that lives as long as the test.
fn leak<T: Clone>(of: &[T]) -> &'static [T] {
    of.to_vec().leak()
}
