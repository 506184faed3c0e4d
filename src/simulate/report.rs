//! What is counted during a run, and how it is told.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::json;

use super::fleet::Run;
use super::verify::Verified;
use super::watch::Seen;
use super::{Args, Rate};

/// Locks that the devices' counts are spread over.
const SHARDS: usize = 16;
/// Kinds of errors that are told apart; the rest is counted together. A server's messages must not fill our memory.
const ERROR_KINDS_MAX: usize = 50;
/// The longest latency that is told apart, in microseconds: ten minutes.
const LATENCY_US_MAX: u64 = 600_000_000;

/// Counts, of one device's round, of a shard or of all.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    /// Frames written, the resent ones again.
    pub frames_sent: u64,
    /// Of them, frames that had been written before.
    pub frames_resent: u64,
    /// Frames acknowledged.
    pub frames_acked: u64,
    /// Times that a device came back.
    pub reconnects: u64,
    /// What went wrong, by kind.
    pub errors: BTreeMap<String, u64>,
    /// Latencies of this round, in microseconds; a shard has them in `latency`.
    round_us: Vec<u64>,
    latency: Option<Histogram<u64>>,
}

impl Totals {
    /// A frame was acknowledged this long after it was due.
    pub fn acked(&mut self, ns: u64) {
        self.frames_acked += 1;
        self.round_us.push(ns / 1000);
    }

    /// Something went wrong.
    pub fn error(&mut self, kind: String) {
        *self.errors.entry(kind).or_default() += 1;
    }

    /// The latency that this share of the frames stayed under; 0 if there were none.
    pub fn latency_ms(&self, quantile: f64) -> f64 {
        self.latency.as_ref().map_or(0.0, |latency| latency.value_at_quantile(quantile) as f64 / 1000.0)
    }

    fn take(&mut self, round: &mut Self) {
        self.frames_sent += std::mem::take(&mut round.frames_sent);
        self.frames_resent += std::mem::take(&mut round.frames_resent);
        self.frames_acked += std::mem::take(&mut round.frames_acked);
        self.reconnects += std::mem::take(&mut round.reconnects);
        while let Some((kind, count)) = round.errors.pop_first() {
            let is_known = self.errors.len() < ERROR_KINDS_MAX || self.errors.contains_key(&kind);
            *self.errors.entry(if is_known { kind } else { "other".to_owned() }).or_default() += count;
        }
        if !round.round_us.is_empty() {
            let latency = self.latency.get_or_insert_with(histogram);
            round.round_us.drain(..).for_each(|us| latency.saturating_record(us.max(1)));
        }
        if let Some(theirs) = &round.latency {
            let latency = self.latency.get_or_insert_with(histogram);
            latency.add(theirs).expect("histograms of one shape add up");
        }
    }
}

/// Two significant digits: within 1 % and 60 KiB, so that 16 of them stay in the processor's cache.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_US_MAX, 2).expect("constant bounds are valid")
}

/// Counts of a run, shared. A std mutex: it is held for a few additions and never across an await.
#[derive(Debug, Default)]
pub struct Board {
    shards: [Mutex<Totals>; SHARDS],
}

impl Board {
    /// Adds a device's round and empties it.
    pub fn add(&self, device: u32, round: &mut Totals) {
        let shard = &self.shards[device as usize % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner).take(round);
    }

    /// Everything so far.
    pub fn sum(&self) -> Totals {
        let mut sum = Totals::default();
        for shard in &self.shards {
            let mut copy = shard.lock().unwrap_or_else(PoisonError::into_inner).clone();
            sum.take(&mut copy);
        }
        sum
    }
}

/// The result of a run.
pub struct Report<'a> {
    args: &'a Args,
    seed: u64,
    run: &'a Run,
    /// What reading the store back found, if it was asked for.
    pub verified: Option<Verified>,
}

impl<'a> Report<'a> {
    /// A report without the check of the store.
    pub fn new(args: &'a Args, seed: u64, run: &'a Run) -> Self {
        Self { args, seed, run, verified: None }
    }

    /// Whether devices connected and the store, if read back, is right.
    pub fn is_good(&self) -> bool {
        self.run.connected > 0 && self.verified.as_ref().is_none_or(Verified::is_good)
    }

    /// Prints it: for people, or as one JSON object.
    pub fn print(&self, as_json: bool) {
        if as_json {
            println!("{}", self.json());
        } else {
            println!("{}", self.text());
        }
    }

    fn per_second(&self) -> f64 {
        self.run.acked_in_time as f64 / self.run.sending.as_secs_f64().max(1e-9)
    }

    fn unacked(&self) -> u64 {
        self.run.outcomes.iter().map(|outcome| outcome.sent - outcome.acked).sum()
    }

    fn json(&self) -> serde_json::Value {
        let (run, totals, readings) = (self.run, &self.run.totals, u64::from(self.args.readings));
        // The last entry covers less than a second unless the duration is whole.
        let whole = run.per_second.len().min(run.sending.as_secs() as usize);
        json!({
            "form": self.args.form.name(),
            "devices": run.outcomes.len(),
            "rate": match self.args.rate { Rate::Max => json!("max"), Rate::PerSecond(rate) => json!(rate) },
            "readings_per_frame": readings,
            "window": self.args.window,
            "seed": self.seed,
            "connected": run.connected,
            "connect_s": seconds(run.connecting),
            "connects_per_s": (run.connected as f64 / run.connecting.as_secs_f64().max(1e-9)).round(),
            "duration_s": seconds(run.sending),
            "frames_sent": totals.frames_sent,
            "frames_resent": totals.frames_resent,
            "frames_acked": totals.frames_acked,
            "frames_unacked": self.unacked(),
            "readings_acked": totals.frames_acked * readings,
            "frames_per_s": self.per_second().round(),
            "readings_per_s": (self.per_second() * readings as f64).round(),
            "slowest_second_readings": run.per_second[..whole].iter().min().map(|frames| frames * readings),
            "ack_ms": {
                "p50": totals.latency_ms(0.5), "p90": totals.latency_ms(0.9), "p99": totals.latency_ms(0.99),
                "p999": totals.latency_ms(0.999), "max": totals.latency_ms(1.0),
            },
            "dashboard_ms": run.seen.as_ref().map(dashboards),
            "viewers_ms": run.viewed.as_ref().map(dashboards),
            "reconnects": totals.reconnects,
            "errors": totals.errors,
            "verify": self.verified.as_ref().map(Verified::json),
        })
    }

    fn text(&self) -> String {
        let (run, totals, readings) = (self.run, &self.run.totals, u64::from(self.args.readings));
        let mut text = format!(
            "{} devices ({} form), {} connected in {:.2} s, sent for {:.1} s, seed {}\n\
             throughput  {:.0} frames/s, {:.0} readings/s acknowledged\n\
             frames      {} sent, {} of them again, {} acknowledged, {} not\n\
             ack latency p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, max {:.2} ms\n\
             reconnects  {}",
            run.outcomes.len(),
            self.args.form.name(),
            run.connected,
            run.connecting.as_secs_f64(),
            run.sending.as_secs_f64(),
            self.seed,
            self.per_second(),
            self.per_second() * readings as f64,
            totals.frames_sent,
            totals.frames_resent,
            totals.frames_acked,
            self.unacked(),
            totals.latency_ms(0.5),
            totals.latency_ms(0.9),
            totals.latency_ms(0.99),
            totals.latency_ms(0.999),
            totals.latency_ms(1.0),
            totals.reconnects,
        );
        let dashboards = [("dashboard  ", &run.seen), ("viewers    ", &run.viewed)];
        for (who, seen) in dashboards.into_iter().filter_map(|(who, seen)| Some((who, seen.as_ref()?))) {
            text.push_str(&format!(
                "\n{who} p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, max {:.2} ms; {} values, {} folded",
                seen.latency_ms(0.5),
                seen.latency_ms(0.9),
                seen.latency_ms(0.99),
                seen.latency_ms(1.0),
                seen.values,
                seen.skipped,
            ));
        }
        for (kind, count) in &totals.errors {
            text.push_str(&format!("\nerror       {count} x {kind}"));
        }
        if let Some(verified) = &self.verified {
            text.push_str(&format!("\nstore       {verified}"));
        }
        text
    }
}

fn dashboards(seen: &Seen) -> serde_json::Value {
    json!({
        "p50": seen.latency_ms(0.5), "p90": seen.latency_ms(0.9), "p99": seen.latency_ms(0.99),
        "max": seen.latency_ms(1.0), "updates": seen.updates, "values": seen.values, "skipped": seen.skipped,
    })
}

fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_many_devices_add_up() {
        let board = Board::default();
        for device in 0..100 {
            let mut round = Totals { frames_sent: 2, ..Totals::default() };
            round.acked(1_000_000 * (u64::from(device) + 1));
            round.error("nack: busy".to_owned());
            board.add(device, &mut round);
            board.add(device, &mut round); // emptied by the first
        }
        let sum = board.sum();
        assert_eq!((sum.frames_sent, sum.frames_acked, sum.errors["nack: busy"]), (200, 100, 100));
        assert!((49.0..=51.5).contains(&sum.latency_ms(0.5)), "{}", sum.latency_ms(0.5));
        assert!(sum.latency_ms(1.0) >= 100.0);
    }

    #[test]
    fn kinds_of_errors_are_bounded() {
        let board = Board::default();
        let mut round = Totals::default();
        (0..1000).for_each(|i| round.error(format!("refused: {i}")));
        board.add(0, &mut round);
        let errors = board.sum().errors;
        assert!(errors.len() <= ERROR_KINDS_MAX + 1);
        assert_eq!(errors.values().sum::<u64>(), 1000);
    }
}
