//! `dedupe`: all records that passed are kept, and what is remembered of them is found afresh.

use std::sync::Arc;

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::Dedupe;
use edgesync_schemas::limit;

use super::{Naive, Record};
use crate::cell::emit::Reason;

/// A value as it is compared: a number, or what was written.
#[derive(Debug, Clone, PartialEq)]
enum Compared {
    Number(f64),
    Written(Arc<str>),
}

impl Naive {
    pub(super) fn dedupe(&mut self, node: usize, of: &Dedupe, record: Record) {
        let value = compared(of, &record);
        match &value {
            Compared::Written(text) if **text == *"null" => {
                return self.fail(node, Reason::WrongType, record);
            }
            Compared::Written(text) if text.len() > limit::TEXT_PER_KEY => {
                return self.fail(node, Reason::NoRoom, record);
            }
            _ => {}
        }
        let Some(state) = self.state(node, record.series) else {
            return self.fail(node, Reason::TooManyKeys, record);
        };
        let passed = &mut state.kept.records;
        let known = remembered(of, passed.iter().map(|(_, record, _)| record));
        let ts = record.ts.as_us();
        let is_repeated = known.iter().any(|(other, newest)| {
            *other == value && of.ttl_ms.is_none_or(|ttl| (ts - newest).abs() < ttl * 1000)
        });
        if is_repeated {
            self.counters[node].filtered += 1;
        } else {
            passed.push((0, record.clone(), false));
            self.leave(node, Port::Out, record);
        }
    }
}

fn compared(of: &Dedupe, record: &Record) -> Compared {
    let field =
        of.field.as_deref().and_then(|name| record.fields.iter().find(|(other, ..)| **other == *name));
    let (num, raw) = field.map_or((record.num, &record.raw), |(_, num, raw)| (*num, raw));
    raw.as_ref().map_or(Compared::Number(num), |raw| Compared::Written(Arc::clone(raw)))
}

/// The values that are remembered, and the newest time of each.
fn remembered<'a>(of: &Dedupe, passed: impl Iterator<Item = &'a Record>) -> Vec<(Compared, i64)> {
    let mut known: Vec<(Compared, i64)> = Vec::new();
    for record in passed {
        let (value, mut ts) = (compared(of, record), record.ts.as_us());
        if let Some(at) = known.iter().position(|(other, _)| *other == value) {
            ts = ts.max(known.remove(at).1);
        }
        known.push((value, ts));
        let text = |known: &[(Compared, i64)]| -> usize {
            let bytes = |value: &Compared| match value {
                Compared::Number(_) => 0,
                Compared::Written(text) => text.len(),
            };
            known.iter().map(|(value, _)| bytes(value)).sum()
        };
        while known.len() > of.values || text(&known) > limit::TEXT_PER_KEY {
            known.remove(0);
        }
    }
    known
}
