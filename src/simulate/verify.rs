//! Reads the store back and compares it with what was acknowledged.
//!
//! Of each device: every acknowledged reading is there exactly once, save those that the server refused for good; what
//! was sent and never acknowledged may be there, once; nothing else is. The forms without numbers may have what they
//! sent again after a broken socket there twice. Memory: two bits per reading of the device being read.

use std::fmt;
use std::ops::Range;

use anyhow::{Context, Result};
use edgesync_schemas::time::Timestamp;
use hyper::Method;
use serde::Deserialize;
use tokio::task::JoinSet;

use super::Args;
use super::api::{Account, Client};
use super::fleet::{Outcome, Run};
use super::frame::Shape;

/// Devices that are read at the same time.
const READERS: usize = 4;
/// Readings in a page: the most the API gives.
const PAGE: usize = 500;
/// Findings that are described; the rest is counted.
const EXAMPLES_MAX: usize = 10;

/// What was found in the store.
#[derive(Debug, Default)]
pub struct Verified {
    stored: u64,
    missing: u64,
    doubled: u64,
    alien: u64,
    unacked_stored: u64,
    examples: Vec<String>,
}

impl Verified {
    /// Whether the promise was kept.
    pub fn is_good(&self) -> bool {
        self.missing == 0 && self.doubled == 0 && self.alien == 0
    }

    /// For the machine.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "good": self.is_good(), "stored": self.stored, "missing": self.missing, "doubled": self.doubled,
            "alien": self.alien, "unacked_stored": self.unacked_stored, "examples": self.examples,
        })
    }

    fn add(&mut self, other: Self) {
        self.stored += other.stored;
        self.missing += other.missing;
        self.doubled += other.doubled;
        self.alien += other.alien;
        self.unacked_stored += other.unacked_stored;
        let room = EXAMPLES_MAX - self.examples.len();
        self.examples.extend(other.examples.into_iter().take(room));
    }

    fn example(&mut self, text: impl FnOnce() -> String) {
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(text());
        }
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_good() { "right" } else { "WRONG" };
        write!(
            f,
            "{verdict}: {} readings stored, {} missing, {} doubled, {} never sent; {} stored whose ack did not arrive",
            self.stored, self.missing, self.doubled, self.alien, self.unacked_stored
        )?;
        self.examples.iter().try_for_each(|example| write!(f, "\n            {example}"))
    }
}

/// Reads every device's readings of the run. Not cancel safe.
///
/// # Errors
/// The API refuses, or answers something that is no page of readings.
pub async fn verify(account: &Account, args: &Args, seed: u64, run: &Run) -> Result<Verified> {
    let from = Timestamp::from_ms(run.began_ms).context("the clock is beyond the year 9999")?.to_string();
    let expectations: Vec<Expected> =
        run.outcomes.iter().filter_map(|outcome| Expected::of(outcome, u64::from(args.readings))).collect();
    let mut lanes: Vec<Vec<Expected>> = (0..READERS).map(|_| Vec::new()).collect();
    for (i, expected) in expectations.into_iter().enumerate() {
        lanes[i % READERS].push(expected);
    }
    let mut set = JoinSet::new();
    for lane in lanes {
        let shape = Shape::new(args.form, seed, args.readings);
        let mut client = account.client().await?;
        let from = from.clone();
        set.spawn(async move {
            let mut found = Verified::default();
            for expected in lane {
                found.add(read_device(&mut client, &shape, &expected, &from).await?);
            }
            Ok::<_, anyhow::Error>(found)
        });
    }
    let mut found = Verified::default();
    while let Some(lane) = set.join_next().await {
        found.add(lane??);
    }
    Ok(found)
}

/// What the store must and may hold of a device; readings are counted from 0 over all its frames.
struct Expected {
    index: u32,
    id: String,
    acked: u64,
    sent: u64,
    /// Readings of answered frames that the server refused: they may be absent.
    refused: Vec<Range<u64>>,
    /// Readings that went out on several sockets: they may be there more than once, but not absent once acknowledged.
    resent: Vec<Range<u64>>,
}

impl Expected {
    fn of(outcome: &Outcome, readings: u64) -> Option<Self> {
        let frames = |from: u64, to: u64| (from - 1) * readings..to * readings;
        let whole = outcome.refused.iter().map(|q| frames(*q, *q));
        let single = outcome.rejected.iter().map(|(q, index)| {
            let n = (q - 1) * readings + u64::from(*index);
            n..n + 1
        });
        Some(Self {
            index: outcome.index,
            id: outcome.id.clone()?, // without an id it never connected, and sent nothing
            acked: outcome.acked * readings,
            sent: outcome.sent * readings,
            refused: whole.chain(single).collect(),
            resent: outcome.resent.iter().map(|(from, to)| frames(*from, *to)).collect(),
        })
    }

    fn may_be_absent(&self, n: u64) -> bool {
        self.refused.iter().any(|range| range.contains(&n))
    }

    fn may_be_doubled(&self, n: u64) -> bool {
        self.resent.iter().any(|range| range.contains(&n))
    }
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    items: Vec<Stored<'a>>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Stored<'a> {
    #[serde(borrow)]
    sensor_type: std::borrow::Cow<'a, str>,
    value: f64,
}

async fn read_device(
    client: &mut Client,
    shape: &Shape,
    expected: &Expected,
    from: &str,
) -> Result<Verified> {
    let mut check = Check::new(shape, expected);
    let first_page = format!("/api/v1/readings?device={}&from={from}&limit={PAGE}", expected.id);
    let mut path = first_page.clone();
    loop {
        let (status, bytes) = client.call(Method::GET, &path, None).await?;
        anyhow::ensure!(status.is_success(), "{path}: {status}: {}", String::from_utf8_lossy(&bytes));
        let page: Page<'_> =
            serde_json::from_slice(&bytes).with_context(|| format!("{path}: not a page of readings"))?;
        page.items.iter().for_each(|reading| check.take(&reading.sensor_type, reading.value));
        match page.next {
            Some(cursor) => path = format!("{first_page}&cursor={cursor}"),
            None => return Ok(check.finish()),
        }
    }
}

/// Compares the readings of one device with what must be there.
struct Check<'a> {
    shape: &'a Shape,
    expected: &'a Expected,
    /// A bit for each reading that was sent.
    seen: Vec<u64>,
    found: Verified,
}

impl<'a> Check<'a> {
    fn new(shape: &'a Shape, expected: &'a Expected) -> Self {
        let seen = vec![0; expected.sent.div_ceil(64) as usize];
        Self { shape, expected, seen, found: Verified::default() }
    }

    fn take(&mut self, sensor: &str, value: f64) {
        let (expected, found) = (self.expected, &mut self.found);
        found.stored += 1;
        let number = self.shape.recognise(expected.index, sensor, value).filter(|n| *n < expected.sent);
        let Some(n) = number else {
            found.alien += 1;
            found.example(|| format!("device {}: {sensor} = {value} was never sent", expected.id));
            return;
        };
        let (word, bit) = (&mut self.seen[(n / 64) as usize], 1u64 << (n % 64));
        let is_second = *word & bit != 0;
        *word |= bit;
        if is_second && !expected.may_be_doubled(n) {
            found.doubled += 1;
            found.example(|| format!("device {}: reading {n} is there twice", expected.id));
        }
        found.unacked_stored += u64::from(n >= expected.acked && !is_second);
    }

    fn finish(mut self) -> Verified {
        for n in 0..self.expected.acked {
            let is_there = self.seen[(n / 64) as usize] & (1 << (n % 64)) != 0;
            if !is_there && !self.expected.may_be_absent(n) {
                self.found.missing += 1;
                let id = &self.expected.id;
                self.found.example(|| format!("device {id}: reading {n} was acknowledged and is not there"));
            }
        }
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A device that sent 5 frames of 2 readings, 4 of them acknowledged.
    fn outcome() -> Outcome {
        Outcome {
            index: 3,
            id: Some("x".to_owned()),
            acked: 4,
            sent: 5,
            rejected: Vec::new(),
            refused: Vec::new(),
            resent: Vec::new(),
        }
    }

    /// What is found of it when these are stored.
    fn found(stored: &[(u32, u64)]) -> Verified {
        found_of(&outcome(), stored)
    }

    fn found_of(outcome: &Outcome, stored: &[(u32, u64)]) -> Verified {
        let expected = Expected::of(outcome, 2).unwrap();
        let shape = Shape::new(super::super::Form::Json, 1, 2);
        let mut check = Check::new(&shape, &expected);
        for (device, n) in stored {
            let mut text = Vec::new();
            shape.encode(&mut text, *device, "x", n / 2 + 1, 0);
            let frame: serde_json::Value = serde_json::from_slice(&text).unwrap();
            let reading = &frame["r"][(n % 2) as usize];
            check.take(reading[0].as_str().unwrap(), reading[1].as_f64().unwrap());
        }
        check.finish()
    }

    fn ours(numbers: impl IntoIterator<Item = u64>) -> Vec<(u32, u64)> {
        numbers.into_iter().map(|n| (3, n)).collect()
    }

    #[test]
    fn a_store_with_every_acknowledged_reading_once_is_right() {
        assert!(found(&ours(0..8)).is_good());
        let with_unacked = found(&ours(0..10));
        assert!(with_unacked.is_good());
        assert_eq!((with_unacked.stored, with_unacked.unacked_stored), (10, 2));
    }

    #[test]
    fn missing_doubled_and_foreign_readings_are_found() {
        assert_eq!(found(&ours((0..8).filter(|n| *n != 5))).missing, 1);
        assert_eq!(found(&ours((0..8).chain([2]))).doubled, 1);
        assert_eq!(found(&ours((0..10).chain([9]))).doubled, 1, "also where the ack did not arrive");
        assert_eq!(found(&ours((0..8).chain([10]))).alien, 1, "never sent");
        let mut mixed = ours(0..8);
        mixed.extend((0..8).map(|n| (4, n)));
        assert!(found(&mixed).alien >= 4, "of another device");
    }

    #[test]
    fn a_refused_reading_may_be_absent_and_not_doubled() {
        let outcome = Outcome { rejected: vec![(1, 1)], refused: vec![3], ..outcome() };
        assert!(found_of(&outcome, &ours([0, 2, 3, 6, 7])).is_good());
        assert_eq!(found_of(&outcome, &ours([0, 2, 3, 6])).missing, 1, "of a frame that was not refused");
        assert_eq!(found_of(&outcome, &ours([0, 1, 1, 2, 3, 6, 7])).doubled, 1);
    }

    #[test]
    fn a_reading_that_was_sent_again_may_be_doubled_but_not_absent_once_acknowledged() {
        let outcome = Outcome { resent: vec![(2, 5)], ..outcome() };
        assert!(found_of(&outcome, &ours((0..8).chain(2..10))).is_good());
        assert!(found_of(&outcome, &ours((0..8).chain(2..10).chain(2..10))).is_good(), "after two resends");
        assert_eq!(found_of(&outcome, &ours((0..8).chain([1]))).doubled, 1, "of a frame sent once");
        assert_eq!(found_of(&outcome, &ours((0..8).filter(|n| ![4, 5].contains(n)))).missing, 2);
    }
}
