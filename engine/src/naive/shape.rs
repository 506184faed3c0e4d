//! Nodes that map, check and split values, record by record.

use std::sync::Arc;

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::scale::{Map, Outside};
use edgesync_schemas::flow::node::validate::ValueKind;
use edgesync_schemas::flow::node::{Split, Validate};
use edgesync_schemas::reading::SeriesInfo;
use edgesync_schemas::unit::physical::Physical;

use super::{Naive, Record};
use crate::cell::emit::Reason;
use crate::ops::split;
use crate::plan::Scaling;

impl Naive {
    pub(super) fn scale(&mut self, node: usize, of: &Scaling, record: Record, known: &[Arc<SeriesInfo>]) {
        if record.raw.is_some() {
            return self.fail(node, Reason::NotANumber, record);
        }
        let info = known.iter().find(|info| info.id == record.series).expect("every series is known");
        let x = record.num;
        let mapped = match &of.map {
            Map::Factor { factor, offset } => Ok(x * factor + offset),
            Map::Ranges { from: [a, b], to: [c, d], clamp } => {
                let y = c + (x - a) * (d - c) / (b - a);
                Ok(if *clamp { y.max(c.min(*d)).min(c.max(*d)) } else { y })
            }
            Map::Table { points, outside } => interpolate(points, *outside, x),
            Map::Convert { from, to } => {
                let unit = match (self.unit_text(&record, info), from) {
                    ("", Some(from)) => from.as_str(),
                    (unit, _) => unit,
                };
                let way = Physical::of(unit).and_then(|unit| unit.to(Physical::of(to.as_str())?));
                way.map(|way| way.apply(x)).ok_or(Reason::Unit)
            }
        };
        match mapped {
            Err(reason) => self.fail(node, reason, record),
            Ok(num) if !num.is_finite() => self.fail(node, Reason::NotFinite, record),
            Ok(num) => {
                let unit = of.unit.as_ref().map_or(record.unit, |(_, unit)| *unit);
                self.leave(node, Port::Out, Record { num, unit, ..record });
            }
        }
    }

    pub(super) fn validate(&mut self, node: usize, of: &Validate, record: Record) {
        let kind = ValueKind::of(record.raw.as_deref());
        let x = record.num;
        let reason = if !of.types.contains(&kind) {
            Some(Reason::WrongType)
        } else if kind != ValueKind::Number {
            None
        } else if of.min.is_some_and(|min| x < min) || of.max.is_some_and(|max| x > max) {
            Some(Reason::OutOfRange)
        } else if let Some(max_step) = of.max_step {
            let Some(state) = self.state(node, record.series) else {
                return self.fail(node, Reason::TooManyKeys, record);
            };
            let ts = record.ts.as_us();
            let is_near = state.good.is_none_or(|(last, then)| {
                (x - last).abs() <= max_step
                    || of.max_gap_ms.is_some_and(|gap| (ts - then).abs() > gap * 1000)
            });
            if is_near {
                state.good = Some((x, ts));
            }
            (!is_near).then_some(Reason::Invalid)
        } else {
            None
        };
        match reason {
            None => self.leave(node, Port::Out, record),
            reason => self.leave(node, Port::Rejected, Record { reason, ..record }),
        }
    }

    pub(super) fn split(&mut self, node: usize, of: &Split, record: Record) {
        let parts = match split::parts(of, record.raw.as_deref()) {
            Ok(parts) => parts,
            Err(reason) => return self.fail(node, reason, record),
        };
        if parts.is_empty() {
            self.counters[node].filtered += 1;
        } else {
            self.counters[node].made += parts.len() as u64 - 1;
        }
        let names = self.plan.nodes()[node].leaving.names.clone().unwrap_or_default();
        for ((num, raw), values) in parts {
            let mine = ["index", "key"].into_iter().chain(of.keys.iter().map(|key| &**key));
            let mine: Vec<_> = mine.zip(values).collect();
            let fields = names.iter().map(|name| {
                let new = mine.iter().find(|(other, _)| *other == &**name);
                let old = record.fields.iter().find(|(other, ..)| other == name);
                match (new, old) {
                    (Some((_, (num, raw))), _) => (name.clone(), *num, raw.clone()),
                    (None, Some(old)) => old.clone(),
                    (None, None) => (name.clone(), 0.0, Some("null".into())),
                }
            });
            let fields = fields.collect();
            self.leave(node, Port::Out, Record { num, raw, fields, ..record.clone() });
        }
    }
}

/// Along the line between the points around a number, or what lies outside.
fn interpolate(points: &[(f64, f64)], outside: Outside, x: f64) -> Result<f64, Reason> {
    if let Some((_, y)) = points.iter().find(|(at, _)| *at == x) {
        return Ok(*y);
    }
    let line = |a: (f64, f64), b: (f64, f64)| a.1 + (x - a.0) * (b.1 - a.1) / (b.0 - a.0);
    let (first, last) = (points[0], points[points.len() - 1]);
    for pair in points.windows(2) {
        if pair[0].0 < x && x < pair[1].0 {
            return Ok(line(pair[0], pair[1]));
        }
    }
    let is_before = x < first.0;
    match outside {
        Outside::Error => Err(Reason::OutOfRange),
        Outside::Clamp if is_before => Ok(first.1),
        Outside::Clamp => Ok(last.1),
        Outside::Extrapolate if is_before => Ok(line(first, points[1])),
        Outside::Extrapolate => Ok(line(points[points.len() - 2], last)),
    }
}
