//! What nodes need: bytes for each key, and how much of the past.

use edgesync_schemas::flow::node::combine::Trigger;
use edgesync_schemas::flow::node::moving_average::Method;
use edgesync_schemas::flow::node::switch::Mode;
use edgesync_schemas::limit;

use super::{
    combine, deadband, dedupe, ewma, interval_join, min_max, moving_average, prev, rate, throttle, validate,
    window,
};
use crate::cell::clock;
use crate::plan::{PlannedNode, Work};

/// Bytes of state of one key, about.
pub(crate) fn bytes_per_key(node: &PlannedNode) -> usize {
    let fields = node.entering.names.as_deref().map_or(0, <[_]>::len);
    match &node.work {
        Work::Window(of) => window::bytes_per_key(of),
        Work::Deadband(_) => deadband::bytes_per_key(),
        Work::Throttle(of) => throttle::bytes_per_key(of, fields),
        Work::Dedupe(of) => dedupe::bytes_per_key(of),
        Work::Rate(_) => rate::bytes_per_key(),
        Work::MinMax(of) => min_max::bytes_per_key(of),
        Work::Combine(of) => combine::bytes_per_key(of),
        Work::IntervalJoin(_) => interval_join::bytes_per_key(fields),
        Work::MovingAverage(of) if matches!(of.method, Method::Ewma(_)) => ewma::bytes_per_key(),
        Work::MovingAverage(of) => moving_average::bytes_per_key(of),
        Work::Filter(of) => prev::bytes_per_key([&**of]),
        Work::Switch(of) => prev::bytes_per_key(&of.cases),
        Work::Compute(of) => prev::bytes_per_key(of.steps.iter().map(|(_, step)| step)),
        Work::Validate(of) => validate::bytes_per_key(of),
        _ => 0,
    }
}

/// Bytes of state of one key at the worst.
pub(crate) fn bytes_per_key_most(node: &PlannedNode) -> usize {
    let fields = node.entering.names.as_deref().map_or(0, <[_]>::len);
    match &node.work {
        Work::Window(of) => window::bytes_per_key_most(of),
        Work::Deadband(_) => deadband::bytes_per_key(),
        Work::Throttle(of) => throttle::bytes_per_key_most(of, fields),
        Work::Dedupe(of) => dedupe::bytes_per_key_most(of),
        Work::Rate(_) => rate::bytes_per_key(),
        Work::MinMax(of) => min_max::bytes_per_key_most(of),
        Work::Combine(of) => combine::bytes_per_key_most(of),
        Work::IntervalJoin(_) => interval_join::bytes_per_key_most(fields),
        Work::MovingAverage(of) if matches!(of.method, Method::Ewma(_)) => ewma::bytes_per_key(),
        Work::MovingAverage(of) => moving_average::bytes_per_key_most(of),
        Work::Filter(of) => prev::bytes_per_key_most([&**of]),
        Work::Switch(of) => prev::bytes_per_key_most(&of.cases),
        Work::Compute(of) => prev::bytes_per_key_most(of.steps.iter().map(|(_, step)| step)),
        Work::Validate(of) => validate::bytes_per_key(of),
        _ => 0,
    }
}

/// Records that one record may become at most.
pub(crate) fn fan_out(node: &PlannedNode) -> u64 {
    match &node.work {
        Work::Split(of) => of.limit as u64,
        Work::IntervalJoin(_) => limit::JOIN_FAN_OUT as u64,
        Work::Switch(of) if of.mode == Mode::All => of.cases.len().max(1) as u64,
        _ => 1,
    }
}

/// How far back from the clock, in milliseconds of event time, a node must be fed to be itself again, if readings come in time: at most
/// [`limit::IDLE_GRACE_MS`] after they happened, or as late as the node allows. `None` if no bound is known.
pub(crate) fn horizon_ms(node: &PlannedNode) -> Option<i64> {
    let in_time_ms = limit::IDLE_GRACE_MS;
    match &node.work {
        Work::Window(of) => window::horizon_ms(of),
        // What is held is of a period that is not over by the clock, or of a key that was heard within the grace.
        Work::Throttle(of) => {
            Some(of.period_ms + of.period_ms.min(limit::IDLE_GRACE_MS) + clock::STEP_MS + in_time_ms)
        }
        // What came late, after the record that a next one would be near to, is what that is compared with.
        Work::Rate(of) => Some(of.max_gap_ms? + 2 * in_time_ms),
        // Which inputs are new depends on when the last result was, which may be long ago.
        Work::Combine(of) if of.trigger == Trigger::All => None,
        Work::Combine(of) => Some(of.max_age_ms? + in_time_ms),
        // What is held is of a key that was heard within the grace, and may have found what lay the tolerance before it.
        Work::IntervalJoin(of) => {
            Some(2 * of.tolerance_ms + of.lateness_ms + of.idle_ms + clock::STEP_MS + in_time_ms)
        }
        Work::MovingAverage(of) if matches!(of.method, Method::Ewma(_)) => None,
        // A value that came late stays as long as the ones before it.
        Work::MovingAverage(of) => Some(of.duration_ms? + 2 * in_time_ms),
        // Each record that passed decided about the next.
        Work::Deadband(_) | Work::Dedupe(_) | Work::MinMax(_) => None,
        Work::Filter(of) => prev::horizon_ms([&**of]),
        Work::Switch(of) => prev::horizon_ms(&of.cases),
        Work::Compute(of) => prev::horizon_ms(of.steps.iter().map(|(_, step)| step)),
        Work::Validate(of) => validate::horizon_ms(of),
        Work::Source(_)
        | Work::Scale(_)
        | Work::Split(_)
        | Work::Display(_)
        | Work::Debug
        | Work::Store(_)
        | Work::Fault(_) => Some(0),
    }
}
