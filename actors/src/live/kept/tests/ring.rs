//! What is kept and stored, against a plain ring.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Come(u64),
    Write,
    Resize(usize),
    /// Killed: what was not written is lost.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (1..40u64).prop_map(Step::Come),
        4 => Just(Step::Write),
        2 => (1..60usize).prop_map(Step::Resize),
        2 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..20)
}

/// A plain ring: values by their numbers.
#[derive(Debug, Clone, Default)]
struct Newest(BTreeMap<u64, u64>);

impl Newest {
    fn push(&mut self, value: u64) {
        let n = self.0.last_key_value().map_or(0, |(n, _)| n + 1);
        self.0.insert(n, value);
    }

    fn trim(&mut self, max: usize) {
        let newest = self.0.last_key_value().map_or(0, |(n, _)| *n);
        self.0.retain(|n, _| n + max as u64 > newest);
    }

    /// A ring has so many values, also where some between them were lost with a restart.
    fn limit(&mut self, max: usize) {
        while self.0.len() > max {
            self.0.pop_first();
        }
    }

    fn values(&self) -> Vec<u64> {
        self.0.values().copied().collect()
    }
}

/// What is kept and stored of a widget is what a plain ring has, step by step.
async fn is_as_a_plain_ring(
    stage: &mut Stage,
    name: &str,
    widget: &DashboardWidget,
    max: usize,
    steps: Vec<Step>,
) -> Result<(), TestCaseError> {
    let mut next = stage.arrival;
    let (mut max, mut ring, mut stored) = (max, Newest::default(), Newest::default());
    for step in steps {
        match step {
            Step::Come(count) => {
                stage.come(next..next + count);
                (next..next + count).for_each(|value| ring.push(value));
                next += count;
            }
            Step::Write => {
                prop_assert!(!stage.write().await, "all at once");
                // What a smaller ring has let go is still stored, if it is among the newest of a larger one.
                stored.0.extend(&ring.0);
                stored.trim(max);
            }
            // one that has it already is not changed
            Step::Resize(to) if to == max => {}
            Step::Resize(to) => {
                stage.change(name, json!({"max_samples": to})).await;
                max = to;
                stored.trim(max);
            }
            Step::Restart => {
                stage.restart().await;
                ring.clone_from(&stored);
            }
        }
        ring.limit(max);
        prop_assert_eq!(stage.ring(), ring.values());
        prop_assert_eq!(stage.stored(widget).await, stored.values());
    }
    Ok(())
}

fn rings_are_as_a_plain_ring(place: Place) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stage = runtime.block_on(Stage::with(place, Most::default()));
    let stage = tokio::sync::Mutex::new(stage);
    let tries = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&(1..60usize, steps()), |(max, steps)| {
        runtime.block_on(async {
            let mut stage = stage.lock().await;
            tries.set(tries.get() + 1);
            let name = tries.get().to_string();
            let widget = stage.widget(&name, max).await;
            let kept = is_as_a_plain_ring(&mut stage, &name, &widget, max, steps).await;
            let (user, board) = (stage.user.user.id, stage.board);
            stage.catalog.delete_widget(user, board, &name, None).await.unwrap();
            stage.hear().await;
            stage.arrival += 1;
            prop_assert_eq!(stage.keeper.stats().widgets + stage.keeper.stats().sources, 0);
            // the source is let go before the next case has one of the same name
            stage.restart().await;
            kept
        })
    });
    checked.unwrap();
}

#[test]
fn what_is_kept_is_what_a_plain_ring_has() {
    rings_are_as_a_plain_ring(Place::file());
}

#[test]
fn what_is_kept_is_what_a_plain_ring_has_on_postgresql() {
    rings_are_as_a_plain_ring(Place::Database(Options::new().unsynced().start()));
}
