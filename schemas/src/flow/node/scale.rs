//! `scale`: numbers mapped to others: along a line, by a table, or from unit to unit.

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::flow::problem::Code;
use crate::limit;
use crate::unit::Unit;
use crate::unit::physical::Physical;

/// Maps numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// How.
    pub map: Map,
    /// The unit of the results; `None`: that of the record. A conversion always has one.
    pub unit: Option<Unit>,
}

/// How numbers are mapped.
#[derive(Debug, Clone, PartialEq)]
pub enum Map {
    /// `value * factor + offset`.
    Factor {
        /// Finite.
        factor: f64,
        /// Finite.
        offset: f64,
    },
    /// The line through two points.
    Ranges {
        /// Two different numbers.
        from: [f64; 2],
        /// Any two numbers.
        to: [f64; 2],
        /// Whether results stay within `to`.
        clamp: bool,
    },
    /// Lines between points.
    Table {
        /// (in, out); ins strictly rising; 2 to [`limit::TABLE_POINTS`].
        points: Vec<(f64, f64)>,
        /// What becomes of numbers before the first and after the last point.
        outside: Outside,
    },
    /// Between units that measure the same.
    Convert {
        /// Of records without a unit; `None`: they go to `error`.
        from: Option<Unit>,
        /// One that [`Physical`] knows.
        to: Unit,
    },
}

/// What becomes of numbers outside a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// They get the out of the nearest point.
    Clamp,
    /// The outermost lines go on.
    Extrapolate,
    /// They go to `error`.
    Error,
}

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "scale",
    title: "Scale",
    category: Category::Transform,
    input: Input::One,
    ports: &[Port::Out, Port::Error],
    state: State::Stateless,
    side_effect: false,
    fields: &[],
    docs: "Maps numbers: linear by factor and offset or from range to range (clamped if asked for), by a table with lines between its points, \
           or converted from the record's unit to another that measures the same. Values that are no numbers, results that are not finite, \
           numbers outside a table that says so, and units that cannot be converted go to error.",
    schema: r#"{"type":"object","properties":{
        "mode":{"type":"string","title":"Map","enum":["linear","table","convert"],"default":"linear"},
        "factor":{"type":"number","title":"Factor","default":1},
        "offset":{"type":"number","title":"Offset","default":0},
        "inMin":{"type":"number","title":"From, low"},"inMax":{"type":"number","title":"From, high"},
        "outMin":{"type":"number","title":"To, low"},"outMax":{"type":"number","title":"To, high"},
        "clamp":{"type":"boolean","title":"Stay within the range","default":false},
        "points":{"type":"array","title":"Points","minItems":2,"maxItems":1000,"items":{"type":"array","items":{"type":"number"},"minItems":2,"maxItems":2}},
        "outside":{"type":"string","title":"Outside the table","enum":["clamp","extrapolate","error"],"default":"clamp"},
        "from":{"type":"string","title":"Unit of records without one"},
        "to":{"type":"string","title":"Unit to convert to"},
        "unit":{"type":"string","title":"Unit of the results"}}}"#,
};

impl Scale {
    /// From `mode` (linear, table, convert; by default linear) and what that mode needs; see docs/NODES.md.
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        let map = match fields.text("mode") {
            None | Some("linear") => linear(fields),
            Some("table") => table(fields),
            Some("convert") => convert(fields),
            Some(other) => {
                let message = format!("{other:?} is none of linear, table, convert");
                fields.refuse("mode", Code::UnknownChoice, message);
                None
            }
        }?;
        let unit = match &map {
            Map::Convert { to, .. } => Some(to.clone()),
            _ => fields.unit("unit"),
        };
        Some(Self { map, unit })
    }
}

fn linear(fields: &mut Fields<'_>) -> Option<Map> {
    const ENDS: [&str; 4] = ["inMin", "inMax", "outMin", "outMax"];
    let is_range = ENDS.iter().any(|end| fields.get(end).is_some());
    if !is_range {
        let (factor, offset) = (fields.number("factor"), fields.number("offset"));
        if fields.flag("clamp", false) {
            fields.refuse("clamp", Code::Unsupported, "clamp needs inMin, inMax, outMin and outMax");
        }
        return Some(Map::Factor { factor: factor.unwrap_or(1.0), offset: offset.unwrap_or(0.0) });
    }
    for other in ["factor", "offset"] {
        if fields.get(other).is_some() {
            let message = format!("either {other}, or inMin, inMax, outMin and outMax");
            fields.refuse(other, Code::Unsupported, message);
        }
    }
    let ends = ENDS.map(|end| {
        if fields.get(end).is_none() {
            fields.refuse(end, Code::Required, format!("{end} is missing"));
        }
        fields.number(end)
    });
    let clamp = fields.flag("clamp", false);
    let [Some(a), Some(b), Some(c), Some(d)] = ends else { return None };
    if a == b {
        fields.refuse("inMax", Code::OutOfRange, "inMin and inMax must be different");
    }
    Some(Map::Ranges { from: [a, b], to: [c, d], clamp })
}

fn table(fields: &mut Fields<'_>) -> Option<Map> {
    let list = fields.list("points");
    if !(2..=limit::TABLE_POINTS).contains(&list.len()) {
        let message = format!("a table has 2 to {} points, not {}", limit::TABLE_POINTS, list.len());
        fields.refuse("points", Code::OutOfRange, message);
        return None;
    }
    let mut points: Vec<(f64, f64)> = Vec::with_capacity(list.len());
    for (at, point) in list.iter().enumerate() {
        let number = |at: usize| point.get(at).and_then(serde_json::Value::as_f64);
        let field = format!("points[{at}]");
        match (number(0), number(1), point.as_array().map(Vec::len)) {
            (Some(x), Some(y), Some(2)) => {
                if points.last().is_some_and(|(before, _)| *before >= x) {
                    fields.refuse(&field, Code::OutOfRange, "the first numbers of the points must rise");
                }
                points.push((x, y));
            }
            _ => fields.refuse(&field, Code::WrongType, "a point is a list of two numbers, [in, out]"),
        }
    }
    let outside = match fields.text("outside") {
        None | Some("clamp") => Outside::Clamp,
        Some("extrapolate") => Outside::Extrapolate,
        Some("error") => Outside::Error,
        Some(other) => {
            let message = format!("{other:?} is none of clamp, extrapolate, error");
            fields.refuse("outside", Code::UnknownChoice, message);
            return None;
        }
    };
    Some(Map::Table { points, outside })
}

fn convert(fields: &mut Fields<'_>) -> Option<Map> {
    if fields.get("to").is_none() {
        fields.refuse("to", Code::Required, "to is missing");
    }
    let mut known = |field: &str| {
        let unit = fields.unit(field)?;
        let physical = Physical::of(unit.as_str());
        if physical.is_none() {
            let message = format!("the unit {:?} is not known, so nothing can be converted", unit.as_str());
            fields.refuse(field, Code::UnknownChoice, message);
        }
        Some((unit, physical?))
    };
    let (from, to) = (known("from"), known("to")?);
    if let Some((unit, physical)) = &from
        && physical.to(to.1).is_none()
    {
        let message = format!("{} cannot be converted to {}", unit.as_str(), to.0.as_str());
        fields.refuse("from", Code::UnitMismatch, message);
    }
    Some(Map::Convert { from: from.map(|(unit, _)| unit), to: to.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::problem::Problem;

    fn parse(data: serde_json::Value) -> Result<Map, Vec<(String, Code)>> {
        let mut problems: Vec<Problem> = Vec::new();
        let parsed = Scale::parse(&mut Fields::new("n", data.as_object().unwrap(), &mut problems));
        let told =
            problems.into_iter().map(|problem| (problem.field.unwrap(), problem.code)).collect::<Vec<_>>();
        if told.is_empty() { Ok(parsed.unwrap().map) } else { Err(told) }
    }

    #[test]
    fn each_mode_reads_its_own_keys() {
        use serde_json::json;
        assert_eq!(parse(json!({})), Ok(Map::Factor { factor: 1.0, offset: 0.0 }));
        assert_eq!(
            parse(json!({"inMin": 4, "inMax": "20", "outMin": 0, "outMax": 100, "clamp": true})),
            Ok(Map::Ranges { from: [4.0, 20.0], to: [0.0, 100.0], clamp: true })
        );
        assert_eq!(
            parse(json!({"mode": "table", "points": [[0, 1], [2, 3]], "outside": "error"})),
            Ok(Map::Table { points: vec![(0.0, 1.0), (2.0, 3.0)], outside: Outside::Error })
        );
        assert_eq!(
            parse(json!({"mode": "convert", "to": "K"})),
            Ok(Map::Convert { from: None, to: "K".parse().unwrap() })
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        use serde_json::json;
        let told = |data, all: &[(&str, Code)]| {
            let all = all.iter().map(|(field, code)| ((*field).to_owned(), *code)).collect();
            assert_eq!(parse(data), Err(all));
        };
        told(json!({"mode": "magic"}), &[("mode", Code::UnknownChoice)]);
        told(json!({"clamp": true}), &[("clamp", Code::Unsupported)]);
        told(
            json!({"inMin": 1, "inMax": 1, "factor": 2, "outMax": 1}),
            &[("factor", Code::Unsupported), ("outMin", Code::Required)],
        );
        told(json!({"inMin": 1, "inMax": 1, "outMin": 2, "outMax": 1}), &[("inMax", Code::OutOfRange)]);
        told(json!({"mode": "table", "points": [[0, 1]]}), &[("points", Code::OutOfRange)]);
        told(
            json!({"mode": "table", "points": [[0, 1], [0, 2], [3], "x"]}),
            &[
                ("points[1]", Code::OutOfRange),
                ("points[2]", Code::WrongType),
                ("points[3]", Code::WrongType),
            ],
        );
        told(json!({"mode": "convert"}), &[("to", Code::Required)]);
        told(json!({"mode": "convert", "to": "furlong"}), &[("to", Code::UnknownChoice)]);
        told(json!({"mode": "convert", "from": "bar", "to": "K"}), &[("from", Code::UnitMismatch)]);
    }
}
