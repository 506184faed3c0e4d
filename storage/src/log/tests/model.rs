//! The log against a naive one: a `Vec` of readings. Random appends (late, equal and far apart times, text, units), restarts, and
//! reads in between, while heads of 20 readings are sealed all the time.
//!
//! A failure prints the smallest case it was shrunk to and keeps its seed beside this file's crate (`proptest-regressions/`).

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use edgesync_test_postgres::Cluster;
use proptest::prelude::*;

use super::super::Error;
use super::*;

const DEVICES: u128 = 2;
const SENSORS: [&str; 3] = ["a", "b", "c"];

#[derive(Debug, Clone)]
enum Step {
    Append {
        device: u128,
        readings: Vec<Reading>,
    },
    Reopen,
    Settle,
    Read {
        device: u128,
        sensor: Option<usize>,
        from: Option<i64>,
        to: Option<i64>,
        is_descending: bool,
        limit: usize,
    },
    Latest {
        device: u128,
    },
}

#[derive(Debug, Clone)]
struct Reading {
    sensor: usize,
    s: i64,
    kind: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Mostly near each other and often equal; now and then hours or weeks late.
    let time = prop_oneof![8 => 0i64..30, 1 => -9_000i64..0, 1 => -3_000_000i64..-1_000_000];
    let reading = (0..SENSORS.len(), time, 0u8..8).prop_map(|(sensor, s, kind)| Reading { sensor, s, kind });
    let append = (0..DEVICES, proptest::collection::vec(reading, 0..12))
        .prop_map(|(device, readings)| Step::Append { device, readings });
    let bound = || proptest::option::weighted(0.4, prop_oneof![3 => -2i64..32, 1 => -3_000_000i64..40]);
    let read =
        (0..DEVICES, proptest::option::of(0..SENSORS.len()), bound(), bound(), any::<bool>(), 1usize..12);
    let read = read.prop_map(|(device, sensor, from, to, is_descending, limit)| Step::Read {
        device,
        sensor,
        from,
        to,
        is_descending,
        limit,
    });
    let latest = (0..DEVICES).prop_map(|device| Step::Latest { device });
    let step =
        prop_oneof![12 => append, 1 => Just(Step::Reopen), 1 => Just(Step::Settle), 4 => read, 1 => latest];
    proptest::collection::vec(step, 1..40)
}

struct Run {
    place: Place,
    bench: Option<Bench>,
    model: Vec<StoredReading>,
}

impl Run {
    fn bench(&mut self) -> &mut Bench {
        let place = &self.place;
        self.bench.get_or_insert_with(|| place.open(small()))
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Append { device, readings } => self.append(super::device(device), &readings).await,
            Step::Reopen => self.bench = None,
            Step::Settle => self.bench().settle(&small()),
            Step::Read { device, sensor, from, to, is_descending, limit } => {
                let order = if is_descending { Order::Descending } else { Order::Ascending };
                let query = RangeQuery {
                    device: super::device(device),
                    sensor: sensor.map(|sensor| SENSORS[sensor].parse().unwrap()),
                    from: from.map(at),
                    to: to.map(at),
                    order,
                    limit,
                    cursor: None,
                };
                let expected = self.expected(&query);
                assert_eq!(read_all(&self.bench().log, query).await, expected);
            }
            Step::Latest { device } => self.latest(super::device(device)).await,
        }
    }

    async fn append(&mut self, device: DeviceId, readings: &[Reading]) {
        let first = self.model.len() as u64;
        let received_at = at(100 + first as i64);
        let bench = self.bench();
        let mut columns = Columns::default();
        let mut stored_readings = Vec::new();
        for (offset, reading) in (first..).zip(readings) {
            let series = bench.log.series().resolve(device, SENSORS[reading.sensor]).unwrap();
            let value = match reading.kind {
                0 => Value::from_json("\"text\"").unwrap(),
                1 => Value::from_json("true").unwrap(),
                kind => Value::number(f64::from(kind) + offset as f64 / 16.0).unwrap(),
            };
            let unit = if reading.kind > 4 { Some(format!("u{}", reading.kind)) } else { None };
            let index =
                unit.as_ref().map_or(UnitIndex::NONE, |unit| bench.log.series().unit(series, unit).unwrap());
            let quality = if reading.kind == 3 { Quality::CLOCK_AHEAD } else { Quality::GOOD };
            columns.push(series, at(reading.s), value.clone(), index, quality);
            stored_readings.push(StoredReading {
                device,
                sensor: SENSORS[reading.sensor].parse().unwrap(),
                num: value.num(),
                raw: value.raw().map(Into::into),
                unit: unit.map(|unit| unit.parse().unwrap()),
                timestamp: at(reading.s),
                received_at,
                offset: Offset(offset),
                quality,
            });
        }
        let outcome = bench.append(AdmittedBatch { device, received_at, numbered: None, columns }).await;
        assert_eq!(outcome, stored(self.model.len() as u64, readings.len() as u32));
        self.model.extend(stored_readings);
    }

    fn expected(&self, query: &RangeQuery) -> Vec<StoredReading> {
        let is_wanted = |reading: &&StoredReading| {
            reading.device == query.device
                && query.sensor.as_ref().is_none_or(|sensor| reading.sensor == *sensor)
                && query.from.is_none_or(|from| reading.timestamp >= from)
                && query.to.is_none_or(|to| reading.timestamp < to)
        };
        let mut readings: Vec<StoredReading> = self.model.iter().filter(is_wanted).cloned().collect();
        readings.sort_by_key(|reading| (reading.timestamp, reading.offset));
        if query.order == Order::Descending {
            readings.reverse();
        }
        readings
    }

    /// A reader of the tail gets all that is kept, in order: on files perhaps not the oldest, in a database everything.
    async fn tail(&mut self) {
        let end = self.model.len() as u64;
        let mut tail = self.bench().log.tail(Offset(0));
        while tail.cursor() < Offset(end) {
            let at = tail.cursor();
            match tail.next().await {
                Ok(commit) => {
                    let model = &self.model[at.0 as usize..];
                    assert!(
                        commit.first == at && commit.columns.num.iter().zip(model).all(|(a, b)| *a == b.num)
                    );
                    let raw = |row| commit.columns.raw_of(row);
                    assert!((0..commit.columns.len()).all(|row| raw(row) == model[row].raw.as_deref()));
                    for arrival in &commit.arrivals {
                        assert_eq!(arrival.received_at, model[arrival.end_row as usize - 1].received_at);
                    }
                }
                Err(Error::Dropped { oldest }) if oldest > at => tail.seek(oldest),
                Err(error) => panic!("{error}"),
            }
        }
    }

    async fn latest(&mut self, device: DeviceId) {
        let mut expected: Vec<StoredReading> = Vec::new();
        for reading in self.model.iter().filter(|reading| reading.device == device) {
            match expected.iter_mut().find(|known| known.sensor == reading.sensor) {
                Some(known) if known.timestamp > reading.timestamp => {}
                Some(known) => *known = reading.clone(),
                None => expected.push(reading.clone()),
            }
        }
        assert_eq!(self.bench().log.latest(device).await.unwrap(), expected);
    }
}

/// Runs a case on an empty log.
fn run(place: Place, steps: Vec<Step>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut run = Run { place, bench: None, model: Vec::new() };
        for step in steps {
            run.step(step).await;
        }
        for device in 0..DEVICES {
            let query = query(super::device(device));
            let expected = run.expected(&query);
            assert_eq!(read_all(&run.bench().log, query).await, expected);
            run.latest(super::device(device)).await;
        }
        run.tail().await;
    });
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, ..ProptestConfig::default() }
}

static CLUSTER: LazyLock<Arc<Cluster>> =
    LazyLock::new(|| edgesync_test_postgres::Options::new().unsynced().start().into());

proptest! {
    #![proptest_config(config(40))]
    #[test]
    fn the_log_reads_as_a_naive_one(steps in steps()) {
        run(Place::files(), steps);
    }
}

proptest! {
    #![proptest_config(config(12))]
    #[test]
    fn the_log_in_a_database_reads_as_a_naive_one(steps in steps()) {
        run(Place::database_of(&CLUSTER), steps);
    }
}

on_both_stores!(nothing_is_missed_or_doubled_while_more_comes);

/// While one thread appends (and heads are sealed all the time), a reader sees every reading that was durable when it started, once.
async fn nothing_is_missed_or_doubled_while_more_comes(place: Place) {
    let mut bench = place.open(small());
    let log = bench.log.clone();
    let is_over = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let is_over = is_over.clone();
        async move {
            let mut reads = 0;
            while !is_over.load(Ordering::Relaxed) {
                let end = log.end().0;
                let page = log.range(RangeQuery { limit: 10_000, ..query(device(1)) }).await.unwrap();
                let offsets: Vec<u64> = page.readings.iter().map(|reading| reading.offset.0).collect();
                let mut sorted = offsets.clone();
                sorted.sort_unstable();
                sorted.dedup();
                assert_eq!(sorted.len(), offsets.len(), "doubled");
                assert!(
                    sorted.iter().copied().take(end as usize).eq(0..end),
                    "missing among the first {end}"
                );
                let latest = log.latest(device(1)).await.unwrap();
                assert!(
                    latest.is_empty() && end == 0 || latest[0].offset.0 + 3 >= end,
                    "latest of {end}: {latest:?}"
                );
                reads += 1;
            }
            reads
        }
    });
    for n in 0..600i64 {
        // Each commit has one that is late, so that blocks overlap.
        let batch = bench.batch(device(1), &[(n - 50, 0.0), (n, 1.0), (n, 2.0)]);
        bench.append(batch).await;
    }
    is_over.store(true, Ordering::Relaxed);
    assert!(reader.await.unwrap() > 10);
    assert!(place.is_database() || bench.log.stats().seals > 20);
}
