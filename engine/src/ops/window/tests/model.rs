//! Stages against the model: windows of every kind, times of every kind, any cut into chunks, any place to save and load.

use std::collections::HashMap;

use edgesync_schemas::flow::node::Window;
use edgesync_schemas::limit;
use edgesync_schemas::unit::UnitIndex;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::{Value as Json, json};

use super::super::{Stage, horizon_ms};
use super::support::{Ends, Fed, Reading, Row, window};
use crate::naive::window::{Effects, Key};

/// Something that happens.
#[derive(Debug, Clone)]
enum Event {
    /// Key, tenths of a unit of time from the clock, value, unit, and whether a chunk ends after it.
    Reading(u32, i64, f64, u8, bool),
    /// Units of time that pass.
    Tick(i64),
    /// The stage is saved, and another one loads it.
    Save,
}

/// A configuration in units of time, a unit in milliseconds, and what the clock shows at first in seconds.
fn configs() -> impl Strategy<Value = (Json, i64, i64)> {
    let tumbling =
        prop::sample::select(vec![json!({"size": 0.7}), json!({"size": 1.0}), json!({"size": 2.5})]);
    let hopping = prop::sample::select(vec![
        json!({"type": "hopping", "size": 3.0, "hop": 1.0}),
        json!({"type": "hopping", "size": 2.5, "hop": 1.0}),
        json!({"type": "hopping", "size": 4.0, "hop": 3.0}),
        json!({"type": "hopping", "size": 1.0, "hop": 1.0}),
    ]);
    let session = prop::sample::select(vec![
        json!({"type": "session", "gap": 0.5}),
        json!({"type": "session", "gap": 1.5, "longest": 4.0}),
        json!({"type": "session", "gap": 1.5, "longest": 1.0}),
    ]);
    let count = prop::sample::select(vec![
        json!({"type": "count", "n": 1}),
        json!({"type": "count", "n": 3}),
        json!({"type": "count", "n": 4, "hop": 2}),
        json!({"type": "count", "n": 5, "hop": 3}),
    ]);
    let even = prop_oneof![tumbling, hopping, session, count].prop_map(|data| (data, 1000, 1_700_000_000));
    let calendar = (
        prop::sample::select(vec![
            ("hour", 1_200_000i64),
            ("day", 30_000_000),
            ("week", 200_000_000),
            ("month", 600_000_000),
        ]),
        prop::sample::select(vec![
            ("Europe/Berlin", 1_774_740_000i64),
            ("America/New_York", 1_762_063_200),
            ("Australia/Lord_Howe", 1_775_314_800),
            ("Pacific/Apia", 1_325_203_200),
        ]),
    );
    let calendar = calendar.prop_map(|((unit, ms), (zone, at))| {
        (json!({"type": "calendar", "unit": unit, "zone": zone, "weekStart": "sunday"}), ms, at)
    });
    prop_oneof![4 => even, 1 => calendar]
}

fn windows() -> impl Strategy<Value = (Window, i64, i64)> {
    let all =
        ["count", "sum", "avg", "min", "max", "first", "last", "stddev", "time_weighted", "p50", "p99.9"];
    let times = |choices: &'static [f64]| prop::sample::select(choices);
    (
        configs(),
        prop::sample::subsequence(all.to_vec(), 1..5).prop_shuffle(),
        (
            times(&[0.0, 0.3, 4.0]),
            times(&[0.0, 2.0, 10.0]),
            times(&[0.0, 2.0, 4.0]),
            times(&[0.0, 0.0, 1.5, 4.0]),
        ),
        prop::sample::select(vec![None, None, Some(1.0), Some(3.0)]),
        prop::sample::select(vec!["skip", "zero", "previous"]),
    )
        .prop_map(
            |((mut data, unit_ms, start), aggregates, (lateness, idle, future, revise), early, empty)| {
                let config = data.as_object_mut().unwrap();
                let is_slices = !config.get("type").is_some_and(|kind| kind == "session" || kind == "count");
                let more = json!({
                    "lateness": lateness, "idle": idle, "future": future, "early": early,
                    "revise": if is_slices { revise } else { 0.0 },
                });
                config.extend(more.as_object().cloned().unwrap());
                for name in ["size", "hop", "gap", "longest", "lateness", "idle", "future", "early", "revise"]
                {
                    // The hop of counts is an integer, and no time.
                    if let Some(units) =
                        config.get(name).filter(|value| value.is_f64()).and_then(Json::as_f64)
                    {
                        config.insert(
                            name.into(),
                            json!(((units * unit_ms as f64) as i64).min(limit::WINDOW_MS_MAX)),
                        );
                    }
                }
                config.insert("aggregates".into(), json!(aggregates));
                config.insert("empty".into(), json!(if is_slices { empty } else { "skip" }));
                (window(data), unit_ms, start)
            },
        )
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let distance = prop_oneof![6 => -30i64..5, 2 => -90i64..20, 3 => 30i64..300];
    let reading = (0u32..3, distance, -5i8..6, 0u8..3, prop::bool::weighted(0.3));
    let reading = reading.prop_map(|(key, distance, value, unit, ends)| {
        Event::Reading(key, distance, f64::from(value), unit, ends)
    });
    let tick = prop_oneof![8 => 0i64..3, 2 => 3i64..15, 1 => Just(100i64)].prop_map(Event::Tick);
    prop::collection::vec(prop_oneof![12 => reading, 2 => tick, 1 => Just(Event::Save)], 1..150)
}

/// What the model puts out, as a stage would.
#[derive(Default)]
struct Model {
    keys: HashMap<u32, Key>,
    /// In the order in which they came first.
    order: Vec<u32>,
    rows: Vec<Row>,
    ends: Ends,
}

impl Model {
    fn record(&mut self, of: &Window, (key, ms, value, unit): Reading, offset: u64, now_us: i64) {
        if !self.keys.contains_key(&key) {
            self.order.push(key);
        }
        let state = self.keys.entry(key).or_default();
        let effects = state.record(of, ms * 1000, value, UnitIndex(unit), now_us);
        self.ends.came += 1;
        if effects.is_late {
            self.ends.late.push(offset);
        }
        self.ends.errors.extend(effects.error.map(|reason| (offset, reason)));
        self.note(of, key, offset, effects);
    }

    fn tick(&mut self, of: &Window, offset: u64, now_us: i64) {
        if self.ends.held == 0 {
            return;
        }
        for key in self.order.clone() {
            let effects = self.keys.entry(key).or_default().tick(of, now_us);
            self.note(of, key, offset, effects);
        }
    }

    fn note(&mut self, of: &Window, key: u32, offset: u64, effects: Effects) {
        let ends = &mut self.ends;
        ends.made += effects.made;
        ends.folded += effects.folded;
        ends.unfit += effects.unfit;
        ends.dropped += effects.dropped;
        ends.held = ends.held + effects.taken - effects.ended;
        for row in effects.rows {
            let bounds = [row.start, row.end].map(|us| us.div_euclid(1000) as f64);
            let mut fields = [&bounds[..], &row.values].concat();
            fields.extend((of.revise_ms > 0).then_some(f64::from(row.revision)));
            fields.extend(of.early_ms.map(|_| f64::from(u8::from(row.is_final))));
            let (ts_us, num, unit) = (row.start, row.values[0], self.keys[&key].unit.0);
            self.rows.push(Row { key, ts_us, num, unit, offset, fields });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1500,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/window.proptest-regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn stages_do_what_the_model_does((of, unit_ms, start) in windows(), events in events()) {
        let (mut fed, mut model) = (Fed::new(&of, 1000), Model::default());
        let mut clock = start;
        fed.tick(clock);
        let mut chunk: Vec<Reading> = Vec::new();
        for event in events.iter().chain([&Event::Tick(0)]) {
            if let Event::Reading(key, distance, value, unit, ends) = event {
                let reading = (*key, clock * 1000 + distance * unit_ms / 10, *value, *unit);
                model.record(&of, reading, fed.next + chunk.len() as u64, fed.now_us);
                chunk.push(reading);
                if !ends {
                    continue;
                }
            }
            fed.feed(&std::mem::take(&mut chunk));
            match event {
                Event::Reading(..) => {}
                Event::Save => {
                    let saved = fed.stage.save();
                    fed.stage = Stage::new(&of, 1000);
                    fed.stage.load(&saved).unwrap();
                    prop_assert_eq!(fed.stage.save(), saved);
                }
                Event::Tick(units) => {
                    let until = clock + units * unit_ms / 1000;
                    let offset = fed.next.saturating_sub(1);
                    if unit_ms == 1000 {
                        fed.tick(until);
                        (clock + 1..=until).for_each(|second| model.tick(&of, offset, second * 1_000_000));
                    } else {
                        // A month has too many seconds: the model looks when the stage says that something is due.
                        while fed.tick_once(until) {
                            model.tick(&of, offset, fed.now_us);
                        }
                        if until > clock {
                            model.tick(&of, offset, fed.now_us);
                        }
                    }
                    clock = until;
                }
            }
            for (found, expected) in fed.rows.iter().zip(&model.rows) {
                prop_assert_eq!(found, expected);
            }
            prop_assert_eq!(fed.rows.len(), model.rows.len());
            prop_assert_eq!(&fed.ends, &model.ends);
            prop_assert!(fed.is_balanced(), "{:?}", fed.ends);
        }
    }
}

/// A window with a horizon, and readings that are no later than it allows.
fn bounded() -> impl Strategy<Value = (Window, Vec<Event>)> {
    let kinds = prop::sample::select(vec![
        json!({"size": "700ms"}),
        json!({"type": "hopping", "size": "2500ms", "hop": "1s"}),
        json!({"type": "session", "gap": "1s", "longest": "3s"}),
        json!({"type": "calendar", "unit": "hour"}),
    ]);
    let times = prop::sample::select(vec![0i64, 300, 2000]);
    (kinds, times, prop::sample::select(vec![0i64, 1000, 5000]), prop::sample::select(vec![0i64, 1500])).prop_flat_map(
        |(mut data, lateness, idle, revise)| {
            let revise = if data["type"] == "session" { 0 } else { revise };
            let more = json!({
                "lateness": lateness, "idle": idle, "revise": revise, "aggregates": ["sum", "first", "last", "p50"],
            });
            data.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            let reading = (0u32..2, 0..=(lateness + revise) / 100, -5i8..6).prop_map(|(key, before, value)| {
                Event::Reading(key, -before, f64::from(value), 0, true)
            });
            let tick = (1i64..4).prop_map(Event::Tick);
            let events = prop::collection::vec(prop_oneof![4 => reading, 1 => tick], 1..80);
            (Just(window(data)), events)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/window.proptest-regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_stage_that_is_fed_its_horizon_goes_on_as_the_one_that_saw_all(
        (of, events) in bounded(),
        place in 0.0f64..1.0,
    ) {
        let horizon_ms = horizon_ms(&of).unwrap();
        let cut = (events.len() as f64 * place) as usize;
        let play = |fed: &mut Fed, events: &[Event], mut clock: i64, from_ms: i64| {
            for event in events {
                match event {
                    Event::Reading(key, distance, value, unit, _) => {
                        let ms = clock * 1000 + distance * 100;
                        if ms >= from_ms {
                            fed.feed(&[(*key, ms, *value, *unit)]);
                        } else {
                            fed.next += 1;
                        }
                    }
                    Event::Tick(seconds) => {
                        clock += seconds;
                        fed.tick(clock);
                    }
                    Event::Save => {}
                }
            }
            clock
        };
        let (mut all, mut part) = (Fed::new(&of, 1000), Fed::new(&of, 1000));
        let start = 1_700_000_000;
        all.tick(start);
        part.tick(start);
        let clock = play(&mut all, &events[..cut], start, i64::MIN);
        play(&mut part, &events[..cut], start, clock * 1000 - horizon_ms);
        prop_assert_eq!(all.ends.held, part.ends.held);
        let rows = (all.rows.len(), part.rows.len());
        let late = (all.ends.late.len(), part.ends.late.len());
        play(&mut all, &events[cut..], clock, i64::MIN);
        play(&mut part, &events[cut..], clock, i64::MIN);
        // In which order keys are closed by the clock depends on which came first; order within a key does not.
        let of_key = |rows: &[Row], key: u32| rows.iter().filter(|row| row.key == key).cloned().collect::<Vec<_>>();
        for key in 0..3 {
            prop_assert_eq!(of_key(&all.rows[rows.0..], key), of_key(&part.rows[rows.1..], key));
        }
        prop_assert_eq!(&all.ends.late[late.0..], &part.ends.late[late.1..]);
        prop_assert_eq!(all.ends.held, part.ends.held);
    }
}
