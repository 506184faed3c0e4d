//! Buckets that are kept and stored, against a plain list of all that came.

use std::collections::BTreeMap;

use edgesync_schemas::entity::widget::Aggregation;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::buckets::{Bucket, put_out, shown};
use super::*;

/// A value: its time in milliseconds, and whether it comes from the same reading as the one before it.
type Come = (i64, bool);

#[derive(Debug, Clone)]
enum Step {
    Come(Vec<Come>),
    Write,
    Resize(usize, usize),
    /// Another interval, or that of the other widget.
    Turn(usize, bool),
    /// Its values themselves.
    Off(usize),
    Show(usize, Aggregation),
    Look(usize),
    /// Killed: what was not written is lost, and what came of the last so many values in this run comes again.
    Restart(usize),
}

const WIDGETS: usize = 2;
const BY: [Aggregation; 5] =
    [Aggregation::Avg, Aggregation::Sum, Aggregation::Count, Aggregation::Min, Aggregation::Max];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ms = prop_oneof![4 => 3_000..4_200i64, 2 => 0..6_000i64, 1 => -2_000..20_000i64];
    let values = proptest::collection::vec((ms, prop::bool::weighted(0.3)), 1..25);
    let of = || 0..WIDGETS;
    let step = prop_oneof![
        8 => values.prop_map(Step::Come),
        5 => Just(Step::Write),
        3 => (of(), 1..12usize).prop_map(|(of, to)| Step::Resize(of, to)),
        1 => (of(), any::<bool>()).prop_map(|(of, joins)| Step::Turn(of, joins)),
        1 => of().prop_map(Step::Off),
        1 => (of(), prop::sample::select(BY.to_vec())).prop_map(|(of, by)| Step::Show(of, by)),
        2 => of().prop_map(Step::Look),
        4 => (0..30usize).prop_map(Step::Restart),
    ];
    proptest::collection::vec(step, 1..24)
}

/// The values of a bucket, by when they came, and how many buckets were begun before it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Values {
    n: u64,
    of: Vec<usize>,
}

/// Buckets of one interval.
#[derive(Debug, Clone)]
struct Kept {
    interval: i64,
    most: usize,
    buckets: BTreeMap<i64, Values>,
    /// What is older has gone.
    floor: i64,
    begun: u64,
}

impl Kept {
    fn new(interval: i64, most: usize) -> Self {
        Self { interval, most, buckets: BTreeMap::new(), floor: i64::MIN, begun: 0 }
    }

    fn come(&mut self, at: usize, ms: i64) {
        let start = ms.div_euclid(self.interval) * self.interval;
        if start < self.floor || self.buckets.get(&start).is_some_and(|values| values.of.contains(&at)) {
            return;
        }
        if !self.buckets.contains_key(&start) {
            self.buckets.insert(start, Values { n: self.begun, of: Vec::new() });
            self.begun += 1;
        }
        self.buckets.get_mut(&start).unwrap().of.push(at);
        self.resize(self.most);
    }

    fn resize(&mut self, most: usize) {
        self.most = most;
        while self.buckets.len() > most {
            let (oldest, _) = self.buckets.pop_first().unwrap();
            self.floor = oldest + self.interval;
        }
    }

    fn newest(&self, most: usize) -> BTreeMap<i64, Values> {
        newest(&self.buckets, most)
    }
}

fn newest(buckets: &BTreeMap<i64, Values>, most: usize) -> BTreeMap<i64, Values> {
    buckets.iter().rev().take(most).map(|(start, values)| (*start, values.clone())).collect()
}

/// A widget as it should be.
struct Widget {
    name: String,
    widget: DashboardWidget,
    interval: Option<i64>,
    max_samples: usize,
    by: Aggregation,
    stored: BTreeMap<i64, Values>,
}

#[derive(Default)]
struct Model {
    /// All that came: times, and arrivals of their readings.
    came: Vec<(i64, u64)>,
    kept: BTreeMap<i64, Kept>,
    widgets: Vec<Widget>,
    /// What came before it came in an earlier run.
    run: usize,
    /// Intervals are used once, so that who watched one before has none of it.
    interval: i64,
}

impl Model {
    fn bucket(&self, values: &Values) -> Bucket {
        Bucket::of(values.of.iter().map(|at| *at as u64))
    }

    /// The intervals of the widgets, and no others, with as many buckets as they need.
    fn settle(&mut self) {
        let mut needed: BTreeMap<i64, usize> = BTreeMap::new();
        for widget in &self.widgets {
            if let Some(interval) = widget.interval {
                let most = needed.entry(interval).or_default();
                *most = widget.max_samples.max(*most);
            }
        }
        self.kept.retain(|interval, _| needed.contains_key(interval));
        for (interval, most) in needed {
            self.kept.entry(interval).or_insert_with(|| Kept::new(interval, most)).resize(most);
        }
    }

    /// What is left after a kill: what is stored for any of the widgets.
    fn kill(&mut self) {
        self.settle();
        for kept in self.kept.values_mut() {
            let mut all: BTreeMap<i64, Values> = BTreeMap::new();
            for widget in self.widgets.iter().filter(|widget| widget.interval == Some(kept.interval)) {
                for (start, values) in &widget.stored {
                    let known = all.entry(*start).or_default();
                    if known.of.len() < values.of.len() {
                        known.clone_from(values);
                    }
                }
            }
            let all = newest(&all, kept.most);
            kept.begun = all.values().map(|values| values.n + 1).max().unwrap_or_default();
            let oldest = all.keys().next().copied();
            kept.floor = oldest.filter(|_| kept.begun > all.len() as u64).unwrap_or(i64::MIN);
            kept.buckets = all;
        }
    }
}

async fn is_as_the_model(stage: &Stage, model: &Model) -> Result<(), TestCaseError> {
    for kept in model.kept.values() {
        let has = buckets::kept(stage, kept.interval);
        let expected: BTreeMap<_, _> =
            kept.buckets.iter().map(|(start, values)| (*start, model.bucket(values))).collect();
        prop_assert_eq!(has, expected, "kept of {} ms", kept.interval);
    }
    for widget in &model.widgets {
        let stored = buckets::stored(stage, &widget.widget).await;
        let expected: BTreeMap<_, _> =
            widget.stored.iter().map(|(start, values)| (*start, model.bucket(values))).collect();
        prop_assert_eq!(stored, expected, "stored of {}", &widget.name);
    }
    Ok(())
}

async fn take(stage: &mut Stage, model: &mut Model, step: Step) -> Result<(), TestCaseError> {
    match step {
        Step::Come(values) => {
            let first = model.came.len();
            for (ms, is_same) in values {
                if !is_same || model.came.len() == model.run {
                    stage.arrival += 1;
                }
                model.came.push((ms, stage.arrival));
            }
            let values: Vec<_> = (first..model.came.len()).collect();
            // some of a reading's may come apart
            for part in values.chunks(7) {
                put_out(stage, part.iter().map(|at| (*at as u64, model.came[*at].0, model.came[*at].1)));
            }
            for at in values {
                model.kept.values_mut().for_each(|kept| kept.come(at, model.came[at].0));
            }
        }
        Step::Write => {
            prop_assert!(!stage.write().await, "all at once");
            let before = stage.keeper.stats().written;
            stage.write().await;
            prop_assert_eq!(stage.keeper.stats().written, before, "and once");
            for widget in &mut model.widgets {
                if let Some(interval) = widget.interval {
                    widget.stored = model.kept[&interval].newest(widget.max_samples);
                }
            }
        }
        Step::Resize(of, to) => {
            let widget = &mut model.widgets[of];
            if widget.max_samples != to {
                stage.change(&widget.name, json!({"max_samples": to})).await;
                widget.max_samples = to;
                widget.stored = newest(&widget.stored, to);
            }
        }
        Step::Turn(of, joins) => {
            let other = model.widgets[1 - of].interval.filter(|_| joins);
            model.interval += 100;
            let to = other.unwrap_or(model.interval);
            let widget = &mut model.widgets[of];
            if widget.interval != Some(to) {
                let body = json!({"aggregation": widget.by, "refresh_interval": to});
                stage.change(&widget.name, body).await;
                (widget.interval, widget.stored) = (Some(to), BTreeMap::new());
            }
        }
        Step::Off(of) => {
            let widget = &mut model.widgets[of];
            if widget.interval.take().is_some() {
                stage.change(&widget.name, json!({"aggregation": "last"})).await;
                widget.stored = BTreeMap::new();
            }
        }
        Step::Show(of, by) => {
            let widget = &mut model.widgets[of];
            if widget.interval.is_some() && widget.by != by {
                stage.draw(&widget.name, json!({"aggregation": by})).await;
            }
            widget.by = by;
        }
        Step::Look(of) => {
            let widget = &model.widgets[of];
            if let Some(interval) = widget.interval {
                let shown = shown(stage, interval, widget.by, widget.max_samples).await;
                let expected: Vec<_> = model.kept[&interval]
                    .newest(widget.max_samples)
                    .iter()
                    .map(|(start, values)| (*start, model.bucket(values).shows(widget.by)))
                    .collect();
                // who watches has some that were let go since
                prop_assert!(shown.ends_with(&expected), "{:?} is not {:?}", shown, expected);
            }
        }
        Step::Restart(again) => {
            stage.restart().await;
            model.kill();
            let again = model.came.len().saturating_sub(again).max(model.run);
            let all: Vec<_> = (again..model.came.len()).collect();
            // all that come of a reading do again
            let from = all.first().map(|at| model.came[*at].1);
            let all = all.iter().filter(|at| model.came[**at].1 > from.unwrap_or(0) || again == model.run);
            let all: Vec<_> = all.copied().collect();
            for part in all.chunks(5) {
                put_out(stage, part.iter().map(|at| (*at as u64, model.came[*at].0, model.came[*at].1)));
            }
            for at in all {
                model.kept.values_mut().for_each(|kept| kept.come(at, model.came[at].0));
            }
            model.run = model.came.len();
        }
    }
    model.settle();
    Ok(())
}

fn buckets_are_as_a_plain_list(place: Place) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stage = runtime.block_on(Stage::with(place, Most::default()));
    let stage = tokio::sync::Mutex::new(stage);
    let tries = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config { cases: 32, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&steps(), |steps| {
        runtime.block_on(async {
            let mut stage = stage.lock().await;
            tries.set(tries.get() + 1);
            let mut model = Model { interval: 100, ..Model::default() };
            for of in 0..WIDGETS {
                let name = format!("{}-{of}", tries.get());
                let (by, max_samples) = (Aggregation::Avg, 5 + of);
                stage.widget(&name, max_samples).await;
                let body = json!({"aggregation": by, "refresh_interval": 100});
                let widget = stage.change(&name, body).await;
                let (interval, stored) = (Some(100), BTreeMap::new());
                model.widgets.push(Widget { name, widget, interval, max_samples, by, stored });
            }
            model.settle();
            stage.arrival += 1;
            let mut is_right = Ok(());
            for step in steps {
                is_right = take(&mut stage, &mut model, step).await;
                if is_right.is_ok() {
                    is_right = is_as_the_model(&stage, &model).await;
                }
                if is_right.is_err() {
                    break;
                }
            }
            let (user, board) = (stage.user.user.id, stage.board);
            for widget in &model.widgets {
                stage.catalog.delete_widget(user, board, &widget.name, None).await.unwrap();
                stage.hear().await;
            }
            prop_assert_eq!(stage.keeper.stats().widgets + stage.keeper.stats().sources, 0);
            // the source is let go before the next case has one of the same name
            stage.restart().await;
            is_right
        })
    });
    checked.unwrap();
}

#[test]
fn buckets_that_are_kept_are_what_all_that_came_comes_to() {
    buckets_are_as_a_plain_list(Place::file());
}

#[test]
fn buckets_that_are_kept_are_what_all_that_came_comes_to_on_postgresql() {
    buckets_are_as_a_plain_list(Place::Database(Options::new().unsynced().start()));
}
