//! `combine`: all records of each input are kept.

use std::sync::Arc;

use edgesync_schemas::flow::Port;
use edgesync_schemas::flow::node::Combine;
use edgesync_schemas::flow::node::combine::Trigger;
use edgesync_schemas::id::SeriesId;
use edgesync_schemas::limit;
use edgesync_schemas::reading::Quality;

use super::{Naive, Record};
use crate::cell::emit::Reason;

impl Naive {
    pub(super) fn combine(&mut self, node: usize, of: &Combine, group: SeriesId, input: u8, record: Record) {
        let Some(state) = self.state(node, group) else {
            return self.fail(node, Reason::TooManyKeys, record);
        };
        let kept = &mut state.kept.records;
        let newest = |kept: &[(u8, Record, bool)], input: u8| -> Option<(Record, bool)> {
            let mine = kept.iter().filter(|(other, ..)| *other == input);
            mine.max_by_key(|(_, record, _)| record.ts).map(|(_, record, is_old)| (record.clone(), *is_old))
        };
        if newest(kept, input).is_some_and(|(before, _)| before.ts > record.ts) {
            self.counters[node].filtered += 1;
            return;
        }
        kept.push((input, record.clone(), false));
        let inputs: Vec<Option<(Record, bool)>> =
            (0..of.inputs.len()).map(|input| newest(kept, input as u8)).collect();
        let text: usize =
            inputs.iter().flatten().map(|(record, _)| record.raw.as_ref().map_or(0, |raw| raw.len())).sum();
        if text > limit::TEXT_PER_KEY {
            kept.pop();
            return self.fail(node, Reason::NoRoom, record);
        }
        let all: Option<Vec<(Record, bool)>> = inputs.into_iter().collect();
        let is_asked = |all: &Vec<(Record, bool)>| match of.trigger {
            Trigger::Any => true,
            Trigger::All => all.iter().all(|(_, is_old)| !is_old),
            Trigger::Input(wanted) => wanted == input,
        };
        let is_young = |all: &Vec<(Record, bool)>| {
            let newest = all.iter().map(|(record, _)| record.ts.as_us()).max().unwrap_or_default();
            let oldest = all.iter().map(|(record, _)| record.ts.as_us()).min().unwrap_or_default();
            of.max_age_ms.is_none_or(|most| newest - oldest <= most * 1000)
        };
        let Some(all) = all.filter(|all| is_asked(all) && is_young(all)) else {
            self.counters[node].filtered += 1;
            return;
        };
        kept.iter_mut().for_each(|(_, _, is_old)| *is_old = true);
        let first = all[0].0.clone();
        let result = Record {
            ts: all.iter().map(|(record, _)| record.ts).max().unwrap_or_default(),
            quality: all.iter().fold(Quality::GOOD, |quality, (record, _)| quality.with(record.quality)),
            offset: record.offset,
            fields: of
                .inputs
                .iter()
                .zip(&all)
                .map(|(name, (record, _))| (Arc::from(&**name), record.num, record.raw.clone()))
                .collect(),
            ..first
        };
        self.leave(node, Port::Out, result);
    }
}
