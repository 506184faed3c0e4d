//! Widgets that show what a node's values come to.

use std::collections::BTreeMap;

use edgesync_schemas::entity::widget::Aggregation;

use super::*;
use crate::live::Aggregated;

/// What is in a bucket: values, numbers, and of these sum, smallest and largest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bucket {
    count: u64,
    numbers: u64,
    sum: f64,
    spread: Option<(f64, f64)>,
}

impl Bucket {
    /// Of the values of these numbers, as [`rows`] has them.
    pub(super) fn of(values: impl IntoIterator<Item = u64>) -> Self {
        let mut bucket = Self { count: 0, numbers: 0, sum: 0.0, spread: None };
        for value in values {
            bucket.count += 1;
            if value % 5 == 4 {
                continue;
            }
            let number = value as f64 / 3.0;
            bucket.numbers += 1;
            bucket.sum += number;
            let (min, max) = bucket.spread.unwrap_or((number, number));
            bucket.spread = Some((min.min(number), max.max(number)));
        }
        bucket
    }

    /// What is shown of it.
    pub(super) fn shows(&self, by: Aggregation) -> Option<f64> {
        match by {
            Aggregation::Count => Some(self.count as f64),
            Aggregation::Sum => self.spread.map(|_| self.sum),
            Aggregation::Avg => self.spread.map(|_| self.sum / self.numbers as f64),
            Aggregation::Min => self.spread.map(|(min, _)| min),
            Aggregation::Max => self.spread.map(|(_, max)| max),
            Aggregation::Last => unreachable!(),
        }
    }
}

/// The node puts these out: by their numbers, with their times in milliseconds and the arrivals of their readings.
pub(super) fn put_out(stage: &Stage, values: impl IntoIterator<Item = (u64, i64, u64)>) {
    let (mut numbers, mut times, mut arrivals) = (Vec::new(), Vec::new(), Vec::new());
    for (value, ms, arrival) in values {
        numbers.push(value);
        times.push(Timestamp::from_ms(ms).unwrap());
        arrivals.push(arrival);
    }
    stage.hub.publish(&Rows { ts: times, ..rows(stage.flow, &numbers, arrivals) });
}

/// The buckets that are kept of an interval, by where they begin.
pub(super) fn kept(stage: &Stage, interval: i64) -> BTreeMap<i64, Bucket> {
    let look = |buckets: &crate::live::buckets::Buckets| {
        let all = buckets.newest(usize::MAX).map(|(start, bucket)| {
            let totals = bucket.totals;
            let spread = (totals.numbers > 0).then_some((totals.min, totals.max));
            let (count, numbers, sum) = (totals.count, totals.numbers, totals.sum);
            (start / 1_000, Bucket { count, numbers, sum, spread })
        });
        all.collect()
    };
    stage.keeper.books().of_buckets(&stage.source(), u32::try_from(interval).unwrap(), look)
}

/// The buckets that are stored of a widget; nothing if its values are.
pub(super) async fn stored(stage: &Stage, of: &DashboardWidget) -> BTreeMap<i64, Bucket> {
    let stored = stage.catalog.widget_samples(of.id).await.unwrap();
    let buckets = stored.iter().filter_map(|sample| {
        let bucket = sample.bucket?;
        let (count, numbers, sum, spread) = (bucket.count, bucket.numbers, sample.value, bucket.spread);
        Some((sample.ts.as_ms(), Bucket { count, numbers, sum, spread }))
    });
    buckets.collect()
}

/// What who comes is shown.
pub(super) async fn shown(
    stage: &Stage,
    interval: i64,
    aggregation: Aggregation,
    points: usize,
) -> Vec<(i64, Option<f64>)> {
    let interval_ms = u32::try_from(interval).unwrap();
    let of = Aggregated { source: stage.source(), aggregation, interval_ms };
    let source = Source::Aggregate(Box::new(of));
    let request = Request { id: SubId(1), source, points, max_hz: 50.0, since: None, from: None };
    let points = stage.hub.session().subscribe(request).await.unwrap().points;
    points.iter().map(|point| (point.ts.as_ms(), point.raw.is_none().then_some(point.num))).collect()
}

fn buckets(all: impl IntoIterator<Item = (i64, std::ops::Range<u64>)>) -> BTreeMap<i64, Bucket> {
    all.into_iter().map(|(start, values)| (start, Bucket::of(values))).collect()
}

/// Values by their numbers, which are their times and arrivals too.
fn come(stage: &Stage, values: std::ops::Range<u64>) {
    put_out(stage, values.map(|value| (value, value.cast_signed(), value)));
}

async fn averages(stage: &mut Stage, name: &str, max_samples: usize) -> DashboardWidget {
    stage.widget(name, max_samples).await;
    stage.change(name, json!({"aggregation": "avg", "refresh_interval": 100})).await
}

#[tokio::test]
async fn buckets_are_made_and_followed_once_whatever_is_made_of_them() {
    let mut stage = Stage::new().await;
    let average = averages(&mut stage, "avg", 3).await;
    let most = averages(&mut stage, "max", 5).await;
    stage.draw("max", json!({"aggregation": "max"})).await;
    assert_eq!((stage.keeper.stats().sources, stage.hub.followed()), (1, 1), "the node alone");
    come(&stage, 0..950);
    assert_eq!(stage.hub.followed(), 1);
    let all = buckets((5..10).map(|n| (n * 100, n as u64 * 100..(n as u64 * 100 + 100).min(950))));
    assert_eq!(kept(&stage, 100), all);
    stage.write().await;
    assert_eq!(stage.keeper.stats().written, 8);
    assert_eq!(stored(&stage, &most).await, all);
    assert_eq!(stored(&stage, &average).await, all.clone().split_off(&700));
    // only what changed is stored
    come(&stage, 950..960);
    stage.write().await;
    assert_eq!(stage.keeper.stats().written, 10);
    assert!(stage.keeper.books().batch().done.is_empty(), "nothing to do while nothing comes");
    for by in [Aggregation::Max, Aggregation::Avg, Aggregation::Count] {
        let shown = shown(&stage, 100, by, 4).await;
        let expected: Vec<_> =
            kept(&stage, 100).into_iter().skip(1).map(|(at, one)| (at, one.shows(by))).collect();
        assert_eq!(shown, expected, "{by:?}");
    }
    // who watches is told on, and what is kept goes on as well
    come(&stage, 960..1_020);
    assert_eq!(shown(&stage, 100, Aggregation::Count, 2).await, [(900, Some(100.0)), (1_000, Some(20.0))]);
    assert_eq!(kept(&stage, 100).get(&1_000), Some(&Bucket::of(1_000..1_020)));
    let (user, board) = (stage.user.user.id, stage.board);
    for name in ["avg", "max"] {
        assert_eq!(stage.keeper.stats().sources, 1);
        stage.catalog.delete_widget(user, board, name, None).await.unwrap();
        stage.hear().await;
    }
    assert_eq!(stage.keeper.stats().sources, 0);
    while stage.hub.followed() > 0 {
        skip(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn the_bucket_that_was_open_goes_on_with_what_was_put_out_again_counted_once() {
    let mut stage = Stage::new().await;
    let widget = averages(&mut stage, "w", 50).await;
    // several of a reading's values, of which some are stored
    put_out(&stage, [(0, 10, 1), (1, 110, 2), (2, 120, 3), (3, 130, 3)]);
    stage.write().await;
    put_out(&stage, [(5, 20, 3), (6, 140, 3), (7, 150, 4)]);
    stage.restart().await;
    assert_eq!(kept(&stage, 100), BTreeMap::from([(0, Bucket::of([0])), (100, Bucket::of([1, 2, 3]))]));
    put_out(&stage, [(1, 110, 2), (2, 120, 3)]);
    put_out(&stage, [(3, 130, 3), (5, 20, 3), (6, 140, 3), (7, 150, 4)]);
    let all = BTreeMap::from([(0, Bucket::of([0, 5])), (100, Bucket::of([1, 2, 3, 6, 7]))]);
    assert_eq!(kept(&stage, 100), all);
    // from here on nothing is left out, whatever it looks like
    put_out(&stage, [(3, 130, 3), (1, 110, 2)]);
    assert_eq!(kept(&stage, 100)[&100], Bucket::of([1, 2, 3, 6, 7, 3, 1]));
    stage.write().await;
    assert_eq!(stored(&stage, &widget).await, kept(&stage, 100));
    let first = shown(&stage, 100, Aggregation::Count, 50).await;
    assert_eq!(first, [(0, Some(2.0)), (100, Some(7.0))]);
}

#[tokio::test]
async fn where_not_all_is_stored_each_bucket_goes_on_from_where_it_was() {
    let mut stage = Stage::with(Place::file(), Most { rows: 2, ..Most::default() }).await;
    let widget = averages(&mut stage, "w", 10).await;
    put_out(&stage, (0..50u64).map(|n| (n, n.cast_signed() % 5 * 100, n + 1)));
    while stage.write().await {}
    put_out(&stage, (50..100u64).map(|n| (n, n.cast_signed() % 5 * 100, n + 1)));
    assert!(stage.write().await, "more waits");
    assert_eq!(stage.keeper.stats().waiting, 3);
    let of = |rest: u64, upto: u64| Bucket::of((0..upto).filter(|n| n % 5 == rest));
    let expected: BTreeMap<_, _> =
        (0..5u64).map(|rest| (rest.cast_signed() * 100, of(rest, if rest < 3 { 50 } else { 100 }))).collect();
    assert_eq!(stored(&stage, &widget).await, expected, "the newest first");
    stage.restart().await;
    assert_eq!(kept(&stage, 100), expected);
    put_out(&stage, (20..101u64).map(|n| (n, n.cast_signed() % 5 * 100, n + 1)));
    let all = (0..5u64).map(|rest| (rest.cast_signed() * 100, of(rest, 101))).collect();
    assert_eq!(kept(&stage, 100), all);
}

#[tokio::test]
async fn of_what_is_stored_for_several_widgets_the_newest_is_gone_on_from() {
    let mut stage = Stage::with(Place::file(), Most { rows: 1, ..Most::default() }).await;
    let (one, two) = (averages(&mut stage, "one", 5).await, averages(&mut stage, "two", 5).await);
    for value in 0..2 {
        come(&stage, value..value + 1);
        assert!(stage.write().await, "the other waits");
    }
    assert_eq!(stored(&stage, &one).await, buckets([(0, 0..1)]));
    assert_eq!(stored(&stage, &two).await, buckets([(0, 0..2)]));
    stage.restart().await;
    assert_eq!(kept(&stage, 100), buckets([(0, 0..2)]));
    while stage.write().await {}
    assert_eq!(stored(&stage, &one).await, buckets([(0, 0..2)]), "and stored for the other");
}

#[tokio::test]
async fn values_and_buckets_of_a_node_have_each_their_room() {
    let bytes = |buckets: usize| buckets * (limit::KEPT_BUCKET_BYTES + limit::KEPT_ROW_BYTES);
    let of_values = 10 * limit::KEPT_SAMPLE_BYTES + limit::RAW_VALUE_BYTES;
    let most = Most { bytes: bytes(20) + of_values, ..Most::default() };
    let mut stage = Stage::with(Place::file(), most).await;
    let values = stage.widget("values", 10).await;
    let one = averages(&mut stage, "one", 20).await;
    assert!(stage.keeper.keeps(values.id) && stage.keeper.keeps(one.id));
    assert_eq!(stage.keeper.stats().sources, 2);
    // what is known of its rows is too much
    let other = averages(&mut stage, "other", 20).await;
    assert!(!stage.keeper.keeps(other.id));
    stage.change("one", json!({"max_samples": 10})).await;
    stage.change("other", json!({"max_samples": 5})).await;
    assert!(stage.keeper.keeps(other.id));
    stage.change("one", json!({"max_samples": 21})).await;
    assert!(!stage.keeper.keeps(one.id) && stage.keeper.keeps(other.id));
    // nobody keeps values any more, and buckets go on
    come(&stage, 0..50);
    assert_eq!(stage.ring(), (40..50).collect::<Vec<_>>());
    let (user, board) = (stage.user.user.id, stage.board);
    stage.catalog.delete_widget(user, board, "values", None).await.unwrap();
    stage.hear().await;
    assert_eq!((stage.ring().len(), stage.hub.followed()), (0, 1));
    come(&stage, 50..250);
    assert_eq!(stage.ring().len(), 0);
    assert_eq!(kept(&stage, 100), buckets([(0, 0..100), (100, 100..200), (200, 200..250)]));
    stage.change("one", json!({"max_samples": 10})).await;
    stage.write().await;
    stage.restart().await;
    assert_eq!(kept(&stage, 100), buckets([(0, 0..100), (100, 100..200), (200, 200..250)]));
    stage.write().await;
    assert_eq!(stage.keeper.stats().written, 0, "they are stored");
    assert_eq!(stage.keeper.find().await.unwrap().len(), 3, "of one interval there is one set");
    for name in ["one", "other"] {
        stage.catalog.delete_widget(user, board, name, None).await.unwrap();
        stage.hear().await;
    }
    let last = averages(&mut stage, "last", 20).await;
    assert!(stage.keeper.keeps(last.id), "what is let go is given back");
}

#[tokio::test]
async fn sums_that_are_no_numbers_any_more_do_not_keep_others_from_being_stored() {
    let mut stage = Stage::new().await;
    let widget = averages(&mut stage, "w", 5).await;
    let num = vec![f64::MAX, f64::MAX, f64::NAN, 1.0];
    let ts = [10, 20, 110, 120].map(|ms| Timestamp::from_ms(ms).unwrap()).to_vec();
    stage.hub.publish(&Rows { num, ts, raw: Vec::new(), ..rows(stage.flow, &[0, 1, 2, 3], 1..5) });
    stage.write().await;
    let stored = stored(&stage, &widget).await;
    assert_eq!((stored[&0].sum, stored[&0].spread), (f64::MAX, Some((f64::MAX, f64::MAX))));
    assert_eq!(stored[&100], Bucket { count: 2, numbers: 1, sum: 1.0, spread: Some((1.0, 1.0)) });
}
