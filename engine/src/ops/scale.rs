//! `scale`: numbers mapped to others.

use std::sync::Arc;

use edgesync_schemas::flow::node::scale::{Map, Outside};
use edgesync_schemas::unit::physical::{Conversion, Physical};

use super::{Context, Output, describe, each_row};
use crate::cell::emit::Reason;
use crate::chunk::{Chunk, Sel};
use crate::plan::Scaling;

#[derive(Debug)]
pub(crate) struct Stage {
    of: Arc<Scaling>,
    /// By unit: how to convert from it; few, in the order in which they came first.
    conversions: Vec<(Box<str>, Option<Conversion>)>,
}

/// Units that are remembered; further ones are looked up for each record.
const UNITS: usize = 32;

impl Stage {
    pub fn new(of: Arc<Scaling>) -> Self {
        Self { of, conversions: Vec::new() }
    }

    pub fn run(&mut self, input: &Chunk, sel: &Sel, context: &mut Context<'_>, output: &mut Output) {
        let Output { chunk, errors, detail, .. } = output;
        let mut rows = Vec::with_capacity(sel.count(input));
        let mut nums = Vec::with_capacity(sel.count(input));
        let of = Arc::clone(&self.of);
        each_row(input, sel, |row| {
            if let Some(raw) = input.raw_of(row as u32) {
                errors.push((row as u32, Reason::NotANumber));
                detail.get_or_insert_with(|| describe(raw));
                return;
            }
            let unit = || context.series[input.key[row] as usize].unit(input.unit[row]);
            let mapped = match &of.map {
                Map::Convert { .. } => self.convert(input.num[row], unit()),
                map => apply(map, input.num[row]),
            };
            match mapped
                .and_then(|number| if number.is_finite() { Ok(number) } else { Err(Reason::NotFinite) })
            {
                Ok(number) => {
                    rows.push(row as u32);
                    nums.push(number);
                }
                Err(reason) => {
                    errors.push((row as u32, reason));
                    detail.get_or_insert_with(|| match reason {
                        Reason::Unit => format!("the unit {:?} cannot be converted", unit()),
                        Reason::OutOfRange => format!("{} lies outside the table", input.num[row]),
                        _ => "the result is no finite number".to_owned(),
                    });
                }
            }
        });
        let kept = if rows.len() == input.len() { Sel::All } else { Sel::Rows(rows) };
        chunk.copy_but_values(input, &kept);
        chunk.num = nums;
        chunk.fields = input.columns().iter().map(|column| column.pick(&kept)).collect();
        if let Some((_, unit)) = &of.unit {
            chunk.unit.fill(*unit);
        }
    }

    fn convert(&mut self, number: f64, unit: &str) -> Result<f64, Reason> {
        let conversion = match self.conversions.iter().find(|(other, _)| **other == *unit) {
            Some((_, conversion)) => *conversion,
            None => {
                let conversion = conversion(&self.of.map, unit);
                if self.conversions.len() < UNITS {
                    self.conversions.push((unit.into(), conversion));
                }
                conversion
            }
        };
        conversion.map(|conversion| conversion.apply(number)).ok_or(Reason::Unit)
    }
}

/// How to convert from a unit; empty text for none.
pub(crate) fn conversion(map: &Map, unit: &str) -> Option<Conversion> {
    let Map::Convert { from, to } = map else { return None };
    let unit = match (unit, from) {
        ("", Some(from)) => from.as_str(),
        (unit, _) => unit,
    };
    Physical::of(unit)?.to(Physical::of(to.as_str())?)
}

/// Maps a number by anything but units.
fn apply(map: &Map, number: f64) -> Result<f64, Reason> {
    match map {
        Map::Factor { factor, offset } => Ok(number * factor + offset),
        Map::Ranges { from: [a, b], to: [c, d], clamp } => {
            let mapped = c + (number - a) * (d - c) / (b - a);
            Ok(if *clamp { mapped.clamp(c.min(*d), c.max(*d)) } else { mapped })
        }
        Map::Table { points, outside } => table(points, *outside, number),
        Map::Convert { .. } => Err(Reason::Unit),
    }
}

/// Along the line between the two points around a number.
fn table(points: &[(f64, f64)], outside: Outside, number: f64) -> Result<f64, Reason> {
    let (first, last) = (points[0], points[points.len() - 1]);
    if number < first.0 || number > last.0 {
        match outside {
            Outside::Clamp => return Ok(if number < first.0 { first.1 } else { last.1 }),
            Outside::Error => return Err(Reason::OutOfRange),
            Outside::Extrapolate => {}
        }
    }
    let after = points.partition_point(|(x, _)| *x <= number).clamp(1, points.len() - 1);
    let ((x0, y0), (x1, y1)) = (points[after - 1], points[after]);
    // Exactly the point's own number on a point.
    if number == x1 { Ok(y1) } else { Ok(y0 + (number - x0) * (y1 - y0) / (x1 - x0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_lines_between_their_points() {
        let points = [(0.0, 10.0), (10.0, 20.0), (20.0, 0.1)];
        for (outside, number, expected) in [
            (Outside::Clamp, -5.0, Ok(10.0)),
            (Outside::Clamp, 25.0, Ok(0.1)),
            (Outside::Error, -5.0, Err(Reason::OutOfRange)),
            (Outside::Error, 20.5, Err(Reason::OutOfRange)),
            (Outside::Extrapolate, -5.0, Ok(5.0)),
            (Outside::Error, 0.0, Ok(10.0)),
            (Outside::Error, 2.5, Ok(12.5)),
            (Outside::Error, 10.0, Ok(20.0)),
            (Outside::Error, 20.0, Ok(0.1)),
        ] {
            assert_eq!(table(&points, outside, number), expected, "{outside:?} {number}");
        }
        let beyond = table(&points, Outside::Extrapolate, 30.0).unwrap();
        assert!((beyond + 19.8).abs() < 1e-12, "{beyond}");
    }

    #[test]
    fn ranges_may_be_clamped_and_turned_around() {
        let map = |clamp| Map::Ranges { from: [4.0, 20.0], to: [100.0, 0.0], clamp };
        assert_eq!(apply(&map(false), 12.0), Ok(50.0));
        assert_eq!((apply(&map(false), 24.0), apply(&map(true), 24.0)), (Ok(-25.0), Ok(0.0)));
        assert_eq!(apply(&map(true), 0.0), Ok(100.0));
    }
}
