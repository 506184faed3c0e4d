//! Nodes made of expressions, record by record.

use std::sync::Arc;

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::switch::Mode;
use edgesync_schemas::reading::SeriesInfo;
use edgesync_schemas::unit::Unit;

use super::{Field, Naive, Record};
use crate::cell::emit::Reason;
use crate::expr::{Cell, Expression, Row, Slot};
use crate::plan::{Computing, Switching};

/// The previous record of a key: value and time in milliseconds.
pub(super) type Prev = (f64, Option<Arc<str>>, i64);

impl Naive {
    /// The text of a record's unit.
    pub(super) fn unit_text<'a>(&'a self, record: &Record, info: &'a SeriesInfo) -> &'a str {
        let unit = match record.unit.place_in_flow() {
            Some(place) => self.plan.units.get(place),
            None => info.unit(record.unit),
        };
        unit.map_or("", Unit::as_str)
    }

    /// What came before a record in its key, which the record is from now on, if any of the expressions wants to know; the record if there is
    /// no room for it.
    fn step(
        &mut self,
        node: usize,
        record: &Record,
        expressions: &[&Expression],
    ) -> Result<Option<Prev>, ()> {
        if !expressions.iter().any(|expression| expression.uses_prev) {
            return Ok(None);
        }
        let state = self.state(node, record.series).ok_or(())?;
        Ok(state.prev.replace((record.num, record.raw.clone(), record.ts.as_ms())))
    }

    /// Computes with a record as expressions see it.
    pub(super) fn with_row<T>(
        &mut self,
        node: usize,
        record: Record,
        known: &[Arc<SeriesInfo>],
        expressions: &[&Expression; 1],
        compute: impl Fn(&Row<'_>) -> T,
    ) -> Result<(T, Record), Record> {
        let Ok(prev) = self.step(node, &record, expressions) else { return Err(record) };
        let answer = self.see(&record, &record.fields, &prev, known, expressions[0], compute);
        Ok((answer, record))
    }

    fn see<T>(
        &self,
        record: &Record,
        fields: &[Field],
        prev: &Option<Prev>,
        known: &[Arc<SeriesInfo>],
        expression: &Expression,
        compute: impl Fn(&Row<'_>) -> T,
    ) -> T {
        let info = known.iter().find(|info| info.id == record.series).expect("every series is known");
        let cells: Vec<Cell> = expression
            .slots
            .iter()
            .map(|slot| match slot {
                Slot::Value => Cell::new(record.num, record.raw.as_deref()),
                Slot::Field(at) => Cell::new(fields[*at].1, fields[*at].2.as_deref()),
                Slot::Prev => {
                    prev.as_ref().map_or(Cell::Missing, |(num, raw, _)| Cell::new(*num, raw.as_deref()))
                }
                Slot::Input(_) => Cell::Missing,
            })
            .collect();
        let device = info.device.to_string();
        compute(&Row {
            cells: &cells,
            json_bytes: record.raw.as_ref().map_or(0, |raw| raw.len()),
            ts_ms: record.ts.as_ms(),
            prev_ts_ms: prev.as_ref().map(|(.., ts)| *ts),
            unit: self.unit_text(record, info),
            device: &device,
            sensor: info.sensor.as_str(),
        })
    }

    pub(super) fn switch(&mut self, node: usize, of: &Switching, record: Record, known: &[Arc<SeriesInfo>]) {
        let all: Vec<&Expression> = of.cases.iter().collect();
        let Ok(prev) = self.step(node, &record, &all) else {
            return self.fail(node, Reason::TooManyKeys, record);
        };
        let mut outs = Vec::new();
        for (case, expression) in (0..).zip(&of.cases) {
            match self.see(&record, &record.fields, &prev, known, expression, |row| expression.holds(row)) {
                Ok(true) => outs.push(case),
                Ok(false) => continue,
                Err(_) => return self.fail(node, Reason::Expression, record),
            }
            if of.mode == Mode::First {
                break;
            }
        }
        match &outs[..] {
            [] => self.leave(node, Port::Else, record),
            [first, more @ ..] => {
                for case in more {
                    self.pass_on(node, Port::Case(*case), record.clone());
                }
                self.leave(node, Port::Case(*first), record);
            }
        }
    }

    pub(super) fn compute(&mut self, node: usize, of: &Computing, record: Record, known: &[Arc<SeriesInfo>]) {
        let all: Vec<&Expression> = of.steps.iter().map(|(_, step)| step).collect();
        let Ok(prev) = self.step(node, &record, &all) else {
            return self.fail(node, Reason::TooManyKeys, record);
        };
        let mut fields = record.fields.clone();
        for (target, expression) in &of.steps {
            let answer = self.see(&record, &fields, &prev, known, expression, |row| expression.answer(row));
            let (num, raw) = match answer {
                Ok(answer) => answer,
                Err(trouble) => return self.fail(node, trouble.reason(), record),
            };
            match fields.get_mut(*target) {
                Some(field) => (field.1, field.2) = (num, raw),
                None => fields.push(("?".into(), num, raw)),
            }
        }
        let (mut num, mut raw) = (record.num, record.raw.clone());
        if let Some(at) = of.output {
            (num, raw) = (fields[at].1, fields[at].2.clone());
            if at >= record.fields.len() {
                fields.remove(at);
            }
        }
        for (field, name) in fields.iter_mut().zip(of.names.as_deref().unwrap_or_default()) {
            field.0 = name.clone();
        }
        let unit = of.unit.unwrap_or(record.unit);
        self.leave(node, Port::Out, Record { num, raw, unit, fields, ..record });
    }
}
