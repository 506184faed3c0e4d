//! Buckets as they are told: a column of times, and a column per aggregate. And what stands where a bucket is empty.

use std::str::FromStr;

use serde::Serialize;
use serde_json::value::RawValue;

use super::calendar::Edges;
use super::cell::{Cell, Ends, Value, Wants};

/// What is told of the readings of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agg {
    /// Mean of the numbers.
    Avg,
    /// The lowest number.
    Min,
    /// The highest number.
    Max,
    /// How many readings, text and objects among them.
    Count,
    /// Sum of the numbers.
    Sum,
    /// Value of the first reading, whatever it is.
    First,
    /// Value of the last reading, whatever it is.
    Last,
}

/// All of them, with their names.
const AGGS: [(&str, Agg); 7] = [
    ("avg", Agg::Avg),
    ("min", Agg::Min),
    ("max", Agg::Max),
    ("count", Agg::Count),
    ("sum", Agg::Sum),
    ("first", Agg::First),
    ("last", Agg::Last),
];

impl Agg {
    /// Its name.
    pub fn name(self) -> &'static str {
        AGGS.into_iter().find(|(_, agg)| *agg == self).map_or("", |(name, _)| name)
    }

    /// Whether an empty bucket has it from the bucket before. How many and how much is nothing where nothing is.
    fn is_carried(self) -> bool {
        !matches!(self, Self::Count | Self::Sum)
    }
}

impl FromStr for Agg {
    type Err = NotAnAgg;
    fn from_str(text: &str) -> Result<Self, NotAnAgg> {
        AGGS.into_iter().find(|(name, _)| *name == text).map(|(_, agg)| agg).ok_or(NotAnAgg)
    }
}

/// The text is no aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be of avg, min, max, count, sum, first, last, with commas between them")]
pub struct NotAnAgg;

/// What stands where a bucket has no readings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fill {
    /// Nothing: `null`, and a count of 0.
    #[default]
    Null,
    /// What the bucket before has; at the beginning, the value of the newest reading before the range.
    Previous,
    /// The bucket is left out.
    None,
}

impl FromStr for Fill {
    type Err = NotAFill;
    fn from_str(text: &str) -> Result<Self, NotAFill> {
        match text {
            "null" => Ok(Self::Null),
            "previous" => Ok(Self::Previous),
            "none" => Ok(Self::None),
            _ => Err(NotAFill),
        }
    }
}

/// The text is no way to fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be null, previous or none")]
pub struct NotAFill;

/// An entry of a column.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Field {
    /// There is none.
    Null,
    /// A number. `null` in JSON where it is infinite.
    Number(f64),
    /// A number of readings.
    Count(u64),
    /// What is no number, as it was sent.
    Raw(Box<RawValue>),
}

/// The buckets of one series.
#[derive(Debug, Clone)]
pub struct Columns {
    /// Where they begin: milliseconds since the epoch, as on the live socket.
    pub ts: Vec<i64>,
    /// Of each aggregate, in the order asked for, an entry for each bucket.
    pub aggs: Vec<(Agg, Vec<Field>)>,
}

/// Whether first and last values are gathered for these.
pub(super) fn ends(aggs: &[Agg]) -> Ends {
    if aggs.iter().any(|agg| matches!(agg, Agg::First | Agg::Last)) { Ends::Wanted } else { Ends::NotWanted }
}

/// Which of the numbers' aggregates are gathered for these.
pub(super) fn wants(aggs: &[Agg]) -> Wants {
    let has = |wanted: [Agg; 2]| aggs.iter().any(|agg| wanted.contains(agg));
    Wants { sums: has([Agg::Avg, Agg::Sum]), extremes: has([Agg::Min, Agg::Max]) }
}

/// Whether something must be known of the time before the first bucket.
pub(super) fn needs_before(cells: &[Cell], aggs: &[Agg], fill: Fill) -> bool {
    fill == Fill::Previous
        && cells.first().is_some_and(|cell| cell.numbers.is_none())
        && aggs.iter().any(|agg| agg.is_carried())
}

/// The buckets as columns. `before` is the newest reading before the range, for [`Fill::Previous`].
pub(super) fn columns(
    cells: &[Cell],
    edges: &Edges,
    aggs: &[Agg],
    fill: Fill,
    before: Option<&Value>,
) -> Columns {
    let is_told = |cell: &Cell| fill != Fill::None || cell.count > 0;
    let told = || cells.iter().zip(edges.bounds()).filter(|(cell, _)| is_told(cell));
    let ts = told().map(|(_, start)| start.div_euclid(1000)).collect();
    let before = before.map(|value| Cell::of(value.clone()));
    let column = |agg: Agg| {
        let mut carried = before.as_ref().map_or(Field::Null, |before| field(before, agg));
        let fields = told().map(|(cell, _)| {
            let own = field(cell, agg);
            if fill != Fill::Previous || !agg.is_carried() {
                return own;
            }
            if !matches!(own, Field::Null) {
                carried = own;
            }
            carried.clone()
        });
        (agg, fields.collect())
    };
    Columns { ts, aggs: aggs.iter().copied().map(column).collect() }
}

fn field(cell: &Cell, agg: Agg) -> Field {
    let number = |number: Option<f64>| number.map_or(Field::Null, Field::Number);
    let numbers = cell.numbers;
    match agg {
        Agg::Avg => number(numbers.map(|all| all.sum / all.count as f64)),
        Agg::Min => number(numbers.map(|all| all.min)),
        Agg::Max => number(numbers.map(|all| all.max)),
        Agg::Sum => number(numbers.map(|all| all.sum)),
        Agg::Count => Field::Count(cell.count),
        Agg::First => value(cell.first.as_ref()),
        Agg::Last => value(cell.last.as_ref()),
    }
}

fn value(value: Option<&Value>) -> Field {
    let Some(value) = value else { return Field::Null };
    match &value.raw {
        None => Field::Number(value.num),
        // It was JSON when it was admitted; if it is not, it is shown as absent rather than breaking the whole answer.
        Some(raw) => RawValue::from_string(raw.to_string()).map_or(Field::Null, Field::Raw),
    }
}

#[cfg(test)]
mod tests {
    use edgesync_schemas::id::Offset;
    use edgesync_schemas::time::Timestamp;

    use super::*;

    fn cell(num: f64, raw: Option<&str>) -> Cell {
        let ts = Timestamp::default();
        Cell::of(Value { ts, offset: Offset(0), num, raw: raw.map(Into::into) })
    }

    fn json(fill: Fill, before: Option<&str>) -> String {
        let cells =
            [Cell::default(), cell(2.0, None), Cell::default(), cell(0.0, Some("\"on\"")), Cell::default()];
        let from = Timestamp::from_ms(0).unwrap();
        let edges = Edges::equal(5, from, from.plus_us(5_000));
        let before = before.map(|raw| Value { ts: from, offset: Offset(0), num: 0.0, raw: Some(raw.into()) });
        let columns =
            columns(&cells, &edges, &[Agg::Min, Agg::Last, Agg::Count, Agg::Sum], fill, before.as_ref());
        let aggs: Vec<&Vec<Field>> = columns.aggs.iter().map(|(_, fields)| fields).collect();
        serde_json::to_string(&(columns.ts, aggs)).unwrap()
    }

    #[test]
    fn empty_buckets_are_filled_as_asked() {
        assert_eq!(
            json(Fill::Null, None),
            r#"[[0,1,2,3,4],[[null,2.0,null,null,null],[null,2.0,null,"on",null],[0,1,0,1,0],[null,2.0,null,null,null]]]"#
        );
        assert_eq!(json(Fill::None, None), r#"[[1,3],[[2.0,null],[2.0,"on"],[1,1],[2.0,null]]]"#);
        assert_eq!(
            json(Fill::Previous, Some("\"off\"")),
            r#"[[0,1,2,3,4],[[null,2.0,2.0,2.0,2.0],["off",2.0,2.0,"on","on"],[0,1,0,1,0],[null,2.0,null,null,null]]]"#
        );
    }
}
