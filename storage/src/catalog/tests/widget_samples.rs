use std::collections::BTreeMap;

use edgesync_schemas::entity::dashboard::DashboardInput;
use edgesync_schemas::entity::flow::FlowInput;
use edgesync_schemas::entity::widget::{DashboardWidget, WidgetInput, WidgetPatch};
use edgesync_schemas::id::{DashboardId, FlowId, Offset, WidgetId};
use edgesync_schemas::time::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::catalog::{ChangedWidgets, WidgetBucket, WidgetSample, WidgetSamples};

async fn board(f: &Fixture, of: &SignedUp) -> DashboardId {
    let body = json!({"organization_id": of.organization.id, "name": "d"});
    f.catalog.create_dashboard(of.user.id, input(DashboardInput::read, body)).await.unwrap().id
}

async fn flow(f: &Fixture, of: &SignedUp) -> FlowId {
    f.catalog.create_flow(of.user.id, input(FlowInput::read, json!({"name": "f"}))).await.unwrap().id
}

async fn widget(
    f: &Fixture,
    of: &SignedUp,
    board: DashboardId,
    flow: FlowId,
    name: &str,
    max_samples: u32,
) -> DashboardWidget {
    let body = json!({"widget_id": name, "widget_type": "gauge", "data_source_type": "flow_node", "flow_id": flow,
        "node_id": "n", "max_samples": max_samples});
    f.catalog.create_widget(of.user.id, board, None, input(WidgetInput::read, body)).await.unwrap().0
}

async fn change(f: &Fixture, of: &SignedUp, board: DashboardId, name: &str, body: Value) -> DashboardWidget {
    let patch = input(WidgetPatch::read, body);
    f.catalog.update_widget(of.user.id, board, name, None, patch).await.unwrap().0
}

/// The n-th value of anything: of each kind that there is, by its number.
fn sample(n: u64) -> WidgetSample {
    let (value, raw) = match n % 4 {
        0 => (n as f64 / 3.0, None),
        1 => (0.0, Some(format!("{{\"n\": {n}, \"é\": 1.10}}").into())),
        2 => (-(n as f64), None),
        _ => (1.0, Some("true".into())),
    };
    WidgetSample {
        n,
        ts: Timestamp::from_us(1_700_000_000_000_000 + n.cast_signed()).unwrap(),
        value,
        unit: n.is_multiple_of(3).then(|| "°C".parse().unwrap()),
        raw,
        arrival: Offset(n * 2),
        bucket: None,
    }
}

async fn put(f: &Fixture, of: &DashboardWidget, numbers: impl IntoIterator<Item = u64>) -> u64 {
    let tracked = f.catalog.tracked_widget(of.id).await.unwrap();
    put_as_of(f, of, tracked.map_or(of.updated_at, |tracked| tracked.kept_since), numbers).await
}

async fn put_as_of(
    f: &Fixture,
    of: &DashboardWidget,
    kept_since: Timestamp,
    numbers: impl IntoIterator<Item = u64>,
) -> u64 {
    let samples = numbers.into_iter().map(sample).collect();
    let one = WidgetSamples { widget: of.id, kept_since, samples, keep_from: None };
    f.catalog.put_widget_samples(vec![one]).await.unwrap()
}

async fn stored(f: &Fixture, of: WidgetId) -> Vec<u64> {
    let samples = f.catalog.widget_samples(of).await.unwrap();
    let numbers: Vec<_> = samples.iter().map(|sample| sample.n).collect();
    assert_eq!(samples, numbers.iter().copied().map(sample).collect::<Vec<_>>(), "as they were written");
    numbers
}

async fn rows(f: &Fixture) -> i64 {
    let row = f.catalog.db.first("SELECT count(*) FROM widget_samples", vec![]).await.unwrap();
    row.unwrap().take().unwrap()
}

/// What a ring that was written to has: by number, whichever were.
struct Model {
    max_samples: u64,
    written: BTreeMap<u64, ()>,
}

impl Model {
    fn trim(&mut self, max_samples: u64) {
        let newest = self.written.keys().next_back().copied().unwrap_or(0);
        self.written.retain(|n, ()| n + max_samples > newest);
    }

    fn write(&mut self, n: u64) {
        self.written.insert(n, ());
        self.trim(self.max_samples);
    }

    fn resize(&mut self, max_samples: u64) {
        self.trim(max_samples.min(self.max_samples));
        self.max_samples = max_samples;
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// So many values come, of which the newest are written.
    Come {
        values: u64,
        written: u64,
    },
    /// What was written last is written again, as after a commit that nobody knows the end of.
    Again,
    Resize(u32),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let come = (1..40u64, 0..40u64).prop_map(|(values, written)| Step::Come { values, written });
    // Mostly all of it.
    let all = (1..40u64).prop_map(|values| Step::Come { values, written: values });
    let step = prop_oneof![
        2 => come,
        5 => all,
        1 => Just(Step::Again),
        3 => (1..60u32).prop_map(Step::Resize),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..16)
}

#[test]
fn what_is_stored_is_what_a_ring_would_have() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (f, ada, board, flow) = runtime.block_on(async {
        let f = fixture();
        let ada = f.sign_up("ada@example.org").await;
        let (board, flow) = (board(&f, &ada).await, flow(&f, &ada).await);
        (f, ada, board, flow)
    });
    let f = tokio::sync::Mutex::new(f);
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&(1..60u32, steps()), |(max_samples, steps)| {
        runtime.block_on(async {
            let mut f = f.lock().await;
            let mut one = widget(&f, &ada, board, flow, "w", max_samples).await;
            let mut model = Model { max_samples: max_samples.into(), written: BTreeMap::new() };
            let (mut next, mut last) = (0, 0..0);
            for step in steps {
                match step {
                    Step::Come { values, written } => {
                        next += values;
                        last = next - written.min(values).min(model.max_samples)..next;
                        put(&f, &one, last.clone()).await;
                        last.clone().for_each(|n| model.write(n));
                    }
                    Step::Again => {
                        // none of those that a smaller ring let go
                        last.start = last.start.max(last.end.saturating_sub(model.max_samples));
                        put(&f, &one, last.clone()).await;
                        last.clone().for_each(|n| model.write(n));
                    }
                    Step::Resize(max) => {
                        one = change(&f, &ada, board, "w", json!({"max_samples": max})).await;
                        model.resize(max.into());
                    }
                    Step::Restart => f.catalog = f.place.open(),
                }
                let expected: Vec<_> = model.written.keys().copied().collect();
                prop_assert_eq!(stored(&f, one.id).await, expected);
                prop_assert!(rows(&f).await <= i64::from(one.max_samples));
            }
            f.catalog.delete_widget(ada.user.id, board, "w", None).await.unwrap();
            prop_assert_eq!(rows(&f).await, 0);
            Ok(())
        })
    });
    checked.unwrap();
}

#[tokio::test]
async fn samples_go_with_what_the_widget_shows() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (board, flow) = (board(&f, &ada).await, flow(&f, &ada).await);
    let mut one = widget(&f, &ada, board, flow, "one", 10).await;
    let other = widget(&f, &ada, board, flow, "other", 10).await;
    put(&f, &other, 0..4).await;
    for (body, stay) in [
        (json!({"title": "heat"}), true),
        (json!({"max_samples": 20}), true),
        (json!({"data_source_type": "flow_node", "flow_id": flow, "node_id": "m"}), false),
        (
            json!({"data_source_type": "flow_node", "flow_id": flow, "node_id": "m", "output_field": "x"}),
            false,
        ),
        (json!({"refresh_interval": 60_000}), true),
        (json!({"aggregation": "avg"}), false),
        (json!({"data_source_type": "static"}), false),
    ] {
        put(&f, &one, 0..3).await;
        assert!(stored(&f, one.id).await.starts_with(&[0, 1, 2]), "before {body}");
        let before = f.catalog.tracked_widget(one.id).await.unwrap().unwrap().kept_since;
        let samples = stored(&f, one.id).await;
        one = change(&f, &ada, board, "one", body.clone()).await;
        assert_eq!(stored(&f, one.id).await, if stay { samples.clone() } else { vec![] }, "{body}");
        // What was on its way meanwhile is of what the widget was, unless it is the same to those who keep it.
        let goes_on = stay && body.get("max_samples").is_none();
        assert_eq!(put_as_of(&f, &one, before, 3..5).await, if goes_on { 2 } else { 0 }, "{body}");
        let samples = if goes_on { vec![0, 1, 2, 3, 4] } else { samples };
        assert_eq!(stored(&f, one.id).await, if stay { samples } else { vec![] }, "{body}");
    }
    assert_eq!(stored(&f, other.id).await, [0, 1, 2, 3], "that of another");
    f.catalog.delete_widget(ada.user.id, board, "one", None).await.unwrap();
    assert_eq!(put(&f, &one, 0..3).await, 0, "of a widget that is gone");
    f.catalog.delete_dashboard(ada.user.id, board, None).await.unwrap();
    assert_eq!(rows(&f).await, 0);
}

#[tokio::test]
async fn an_older_value_takes_no_newer_ones_place_and_what_is_too_large_goes() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (board, flow) = (board(&f, &ada).await, flow(&f, &ada).await);
    let one = widget(&f, &ada, board, flow, "w", 4).await;
    assert_eq!(put(&f, &one, 10..14).await, 4);
    assert_eq!(put(&f, &one, 8..12).await, 2, "8 and 9 are older than what is there");
    assert_eq!(stored(&f, one.id).await, [10, 11, 12, 13]);
    let fewer = |kept_since| WidgetSamples {
        widget: one.id,
        kept_since,
        samples: vec![sample(14)],
        keep_from: Some(13),
    };
    let long_ago = Timestamp::default();
    assert_eq!(f.catalog.put_widget_samples(vec![fewer(long_ago)]).await.unwrap(), 0);
    assert_eq!(stored(&f, one.id).await, [10, 11, 12, 13], "it was changed meanwhile");
    assert_eq!(f.catalog.put_widget_samples(vec![fewer(one.updated_at)]).await.unwrap(), 1);
    assert_eq!(stored(&f, one.id).await, [13, 14]);
}

#[tokio::test]
async fn tracked_are_widgets_of_nodes_of_flows_that_are_there() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let (board_a, flow_a) = (board(&f, &ada).await, flow(&f, &ada).await);
    let (board_b, flow_b) = (board(&f, &bob).await, flow(&f, &bob).await);
    let fixed = json!({"widget_id": "fixed", "widget_type": "text", "data_source_type": "static"});
    f.catalog.create_widget(ada.user.id, board_a, None, input(WidgetInput::read, fixed)).await.unwrap();
    let one = widget(&f, &ada, board_a, flow_a, "one", 5).await;
    let two = widget(&f, &bob, board_b, flow_b, "two", 5).await;
    let other = flow(&f, &ada).await;
    let three = widget(&f, &ada, board_a, other, "three", 5).await;
    let tracked = async || {
        let all = f.catalog.tracked_widgets(None).await.unwrap();
        let since = f.catalog.tracked_since(None).await.unwrap();
        let expected: Vec<_> = all.iter().map(|one| (one.widget.id, one.kept_since)).collect();
        assert_eq!(since, expected);
        all
    };
    let ids = |all: &[crate::catalog::Tracked]| all.iter().map(|one| one.widget.id).collect::<Vec<_>>();
    let all = tracked().await;
    assert_eq!(ids(&all), [one.id, two.id, three.id]);
    assert_eq!((all[0].organization, &all[0].widget), (ada.organization.id, &one));
    assert_eq!(f.catalog.tracked_widget(two.id).await.unwrap().as_ref(), Some(&all[1]));
    assert_eq!(ids(&f.catalog.tracked_widgets(Some(one.id)).await.unwrap()), [two.id, three.id]);
    f.catalog.delete_flow(ada.user.id, other, None).await.unwrap();
    assert_eq!(ids(&tracked().await), [one.id, two.id], "its flow is gone");
    assert_eq!(f.catalog.tracked_widget(three.id).await.unwrap(), None);
    f.catalog.delete_organization(bob.user.id, bob.organization.id).await.unwrap();
    assert_eq!(ids(&tracked().await), [one.id], "its organization is");
    assert_eq!(f.catalog.tracked_widget(two.id).await.unwrap(), None);

    // All samples, in the order of widgets and slots.
    put(&f, &one, 3..8).await;
    let all = f.catalog.stored_samples(None).await.unwrap();
    let expected: Vec<_> =
        [5, 6, 7, 3, 4].into_iter().zip(0..).map(|(n, slot)| ((one.id, slot), sample(n))).collect();
    assert_eq!(all, expected);
    assert_eq!(f.catalog.stored_samples(Some((one.id, 2))).await.unwrap(), expected[3..]);
}

#[tokio::test]
async fn who_keeps_samples_is_told_which_widgets_change() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (board_a, flow) = (board(&f, &ada).await, flow(&f, &ada).await);
    let one = widget(&f, &ada, board_a, flow, "one", 5).await;
    let two = widget(&f, &ada, board_a, flow, "two", 5).await;
    let told = async || f.catalog.changed_widgets().await;
    assert_eq!(told().await, ChangedWidgets::These([one.id, two.id].into()));
    let changed = change(&f, &ada, board_a, "two", json!({"max_samples": 6})).await;
    assert_eq!(told().await, ChangedWidgets::These([changed.id].into()));
    // how it is drawn is nothing to them: one that is dragged about is saved many times a second
    let drawn =
        json!({"title": "t", "grid_position": {"x": 1, "y": 2, "w": 3, "h": 4}, "refresh_interval": 700});
    change(&f, &ada, board_a, "two", drawn).await;
    let waits = tokio::time::timeout(std::time::Duration::from_millis(1), f.catalog.changed_widgets());
    assert!(waits.await.is_err(), "nothing is told");
    // its buckets are theirs, whatever is shown of them
    for (body, is_told) in [
        (json!({"aggregation": "avg"}), true),
        (json!({"aggregation": "max"}), false),
        (json!({"refresh_interval": 800}), true),
        (json!({"aggregation": "last"}), true),
    ] {
        change(&f, &ada, board_a, "two", body.clone()).await;
        let told = tokio::time::timeout(std::time::Duration::from_millis(1), f.catalog.changed_widgets());
        let expected = is_told.then(|| ChangedWidgets::These([changed.id].into()));
        assert_eq!(told.await.ok(), expected, "{body}");
    }
    f.catalog.delete_widget(ada.user.id, board_a, "one", None).await.unwrap();
    assert_eq!(told().await, ChangedWidgets::These([one.id].into()));
    f.catalog.delete_dashboard(ada.user.id, board_a, None).await.unwrap();
    assert_eq!(told().await, ChangedWidgets::Any);
    f.catalog.delete_organization(ada.user.id, ada.organization.id).await.unwrap();
    assert_eq!(told().await, ChangedWidgets::Any);
    let waits = tokio::time::timeout(std::time::Duration::from_millis(1), f.catalog.changed_widgets());
    assert!(waits.await.is_err(), "and not twice");
}

/// A bucket in a slot: what is in it changes with its count.
fn bucket(slot: u32, start: i64, count: u64) -> WidgetSample {
    let numbers = count / 2;
    let spread = (numbers > 0).then_some((-(count as f64), start as f64 / 3.0));
    WidgetSample {
        ts: Timestamp::from_us(start).unwrap(),
        value: count as f64 / 7.0,
        raw: None,
        bucket: Some(WidgetBucket { slot, count, numbers, spread, at_arrival: count % 3 }),
        ..sample(start.unsigned_abs())
    }
}

#[tokio::test]
async fn buckets_stay_in_their_slots_and_are_those_of_an_interval() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (board, flow) = (board(&f, &ada).await, flow(&f, &ada).await);
    let one = widget(&f, &ada, board, flow, "one", 4).await;
    change(&f, &ada, board, "one", json!({"aggregation": "avg", "refresh_interval": 1_000})).await;
    let put = async |samples: Vec<WidgetSample>| {
        let kept_since = f.catalog.tracked_widget(one.id).await.unwrap().unwrap().kept_since;
        let one = WidgetSamples { widget: one.id, kept_since, samples, keep_from: None };
        f.catalog.put_widget_samples(vec![one]).await.unwrap()
    };
    let stored = async || {
        let all = f.catalog.stored_samples(None).await.unwrap();
        let mut samples = f.catalog.widget_samples(one.id).await.unwrap();
        samples.sort_by_key(|sample| sample.bucket.map(|bucket| bucket.slot));
        assert_eq!(
            all.iter().map(|(_, sample)| sample).collect::<Vec<_>>(),
            samples.iter().collect::<Vec<_>>()
        );
        assert!(all.iter().all(|((_, slot), sample)| sample.bucket.unwrap().slot == *slot));
        samples
    };
    // in any order of times, and slots that no number tells
    let (a, b, c) = (bucket(0, 5_000, 3), bucket(7, 2_000, 1), bucket(1, 9_000, 8));
    assert_eq!(put(vec![a.clone(), b.clone(), c.clone()]).await, 3);
    assert_eq!(stored().await, [a.clone(), c.clone(), b]);
    // one changes, and one takes the place of another
    let (a, d) = (bucket(0, 5_000, 4), bucket(7, 4_000, 2));
    assert_eq!(put(vec![a.clone(), d.clone()]).await, 2);
    assert_eq!(stored().await, [a.clone(), c.clone(), d.clone()]);
    // what is made of them, and that more are kept, are nothing to them
    change(&f, &ada, board, "one", json!({"aggregation": "sum", "max_samples": 9})).await;
    assert_eq!(stored().await, [a.clone(), c.clone(), d.clone()]);
    change(&f, &ada, board, "one", json!({"max_samples": 2})).await;
    assert_eq!(stored().await, [a.clone(), c.clone()], "the newest by their times");
    change(&f, &ada, board, "one", json!({"refresh_interval": 2_000})).await;
    assert_eq!(stored().await, []);
    put(vec![a.clone()]).await;
    change(&f, &ada, board, "one", json!({"aggregation": "last"})).await;
    assert_eq!(stored().await, []);
    put(vec![a]).await;
    f.catalog.delete_widget(ada.user.id, board, "one", None).await.unwrap();
    assert_eq!(rows(&f).await, 0);
}
