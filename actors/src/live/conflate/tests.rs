use edgesync_schemas::time::Timestamp;
use proptest::prelude::*;

use super::*;

fn sample(offset: u64, num: f64, raw: Option<&str>) -> Sample {
    let ts = Timestamp::from_us_saturating(offset as i64 * 1000);
    Sample { offset, point: Point { ts, num, raw: raw.map(Into::into) }, unit: None }
}

fn push(conflator: &mut Conflator, samples: &[Sample], now: Instant) -> bool {
    !samples.is_empty() && conflator.push(&Arc::new(Batch::of(samples)), now)
}

/// The numbers behind an update, as a subscriber without limits would have kept them.
#[derive(Default)]
struct Naive {
    pending: Vec<Sample>,
}

#[derive(Debug, Clone)]
enum Step {
    Push(Vec<Option<f64>>),
    Wait(u64),
    Take,
}

fn step() -> impl Strategy<Value = Step> {
    let value = prop_oneof![9 => (-1e3..1e3).prop_map(Some), 1 => Just(None)];
    prop_oneof![
        prop::collection::vec(value, 0..60).prop_map(Step::Push),
        (0u64..2_000).prop_map(Step::Wait),
        Just(Step::Take),
    ]
}

proptest! {
    /// The newest is right, smallest and largest are those of what was folded, nothing is neither sent nor counted.
    #[test]
    fn folding_equals_a_subscriber_that_keeps_everything(rate in 0.5f64..50.0, steps in prop::collection::vec(step(), 1..60)) {
        let start = Instant::now();
        let mut now = start;
        let mut conflator = Conflator::new(rate, now, now);
        let mut naive = Naive::default();
        let (mut total, mut sent, mut skipped) = (0u64, 0u64, 0u64);
        for step in steps.into_iter().chain([Step::Wait(10_000), Step::Take]) {
            match step {
                Step::Push(values) => {
                    let samples: Vec<_> = values
                        .into_iter()
                        .map(|value| {
                            total += 1;
                            sample(total, value.unwrap_or(0.0), value.is_none().then_some("\"text\""))
                        })
                        .collect();
                    let woke = push(&mut conflator, &samples, now);
                    prop_assert_eq!(woke, naive.pending.is_empty() && !samples.is_empty());
                    naive.pending.extend(samples);
                }
                Step::Wait(ms) => now += Duration::from_millis(ms),
                Step::Take => {
                    let Some(update) = conflator.take(now) else { continue };
                    prop_assert!(update.values.len() <= limit::LIVE_PENDING);
                    prop_assert_eq!(update.values.len() as u64 + update.skipped, naive.pending.len() as u64);
                    let newest = naive.pending.last().map(|sample| sample.point.clone());
                    prop_assert_eq!(update.values.last().map(|value| value.point.clone()), newest);
                    prop_assert_eq!(update.offset, total + 1);
                    // each value covers what came after the value before it
                    let mut covered = naive.pending.drain(..);
                    for value in update.values.iter() {
                        let mut spread = Some((f64::INFINITY, f64::NEG_INFINITY));
                        for sample in covered.by_ref() {
                            let number = sample.point.raw.is_none().then_some(sample.point.num);
                            spread = spread.zip(number).map(|(s, n)| (s.0.min(n), s.1.max(n)));
                            if sample.point == value.point {
                                break;
                            }
                        }
                        prop_assert_eq!(value.spread, spread);
                    }
                    sent += update.values.len() as u64;
                    skipped += update.skipped;
                    let allowed = (now - start).as_secs_f64() * rate + rate.ceil().max(1.0) + 1.0;
                    prop_assert!(sent as f64 <= allowed, "{} sent, {} allowed", sent, allowed);
                }
            }
        }
        prop_assert_eq!(sent + skipped, total);
    }
}

#[test]
fn a_burst_below_the_rate_is_sent_whole_and_at_once() {
    let now = Instant::now();
    let mut conflator = Conflator::new(10.0, now, now);
    let burst: Vec<_> = (0..10).map(|n| sample(n, n as f64, None)).collect();
    push(&mut conflator, &burst, now);
    let update = conflator.take(now).unwrap();
    assert_eq!((update.values.len(), update.skipped), (10, 0));
}

#[test]
fn a_fast_source_is_told_at_the_rate_of_its_subscriber() {
    let mut now = Instant::now();
    let mut conflator = Conflator::new(2.0, now, now);
    let mut sent = 0;
    for n in 0..1000 {
        push(&mut conflator, &[sample(n, n as f64, None)], now);
        sent += conflator.take(now).map_or(0, |update| update.values.len());
        now += Duration::from_millis(10);
    }
    assert!((20..=22).contains(&sent), "{sent} values in 10 s at 2 Hz");
}

/// What a session is woken for: values of many sources that come whenever they want are due together.
#[test]
fn what_has_to_wait_is_due_together() {
    let origin = Instant::now();
    let ms = Duration::from_millis;
    let mut widgets: Vec<_> = (0..10).map(|n| Conflator::new(4.0, origin + ms(37 * n), origin)).collect();
    let mut told = std::collections::BTreeMap::new();
    for at in 0..10_000 {
        let now = origin + ms(400 + at);
        for (n, widget) in (0..).zip(&mut widgets) {
            // after the bursts
            if widget.take(now).is_some() && at > 2_000 {
                *told.entry(at).or_insert(0) += 1;
            }
            if (at + 13 * n) % 100 == 0 {
                push(widget, &[sample(at, 1.0, None)], now);
                assert!(at < 2_000 || widget.due().unwrap() > now, "it has no token left");
            }
        }
    }
    assert!(told.values().all(|widgets| *widgets == 10), "{told:?}");
    assert_eq!(told.len(), 32, "4 times a second for 8 s");
}

/// Who asked for one value in a long time does not wait twice as long for it.
#[test]
fn a_step_is_not_longer_than_it_must_be() {
    let now = Instant::now();
    let mut widget = Conflator::new(0.01, now, now);
    push(&mut widget, &[sample(1, 1.0, None)], now);
    widget.take(now).unwrap();
    let then = now + Duration::from_millis(10);
    push(&mut widget, &[sample(2, 2.0, None)], then);
    let due = widget.due().unwrap() - now;
    assert!((Duration::from_secs(100)..=Duration::from_millis(100_250)).contains(&due), "{due:?}");
}

#[test]
fn originals_that_wait_are_bounded() {
    let now = Instant::now();
    let mut conflator = Conflator::new(50.0, now, now);
    let text = format!("\"{}\"", "x".repeat(limit::RAW_VALUE_BYTES - 2));
    for n in 0..100 {
        push(&mut conflator, &[sample(n, 0.0, Some(&text))], now);
    }
    let update = conflator.take(now).unwrap();
    let bytes: usize =
        update.values.iter().filter_map(|value| value.point.raw.as_ref()).map(|raw| raw.len()).sum();
    assert!(bytes <= limit::LIVE_PENDING_RAW_BYTES, "{bytes}");
    assert_eq!(update.values.len() as u64 + update.skipped, 100);
}

#[test]
fn a_unit_is_told_when_it_changes() {
    let now = Instant::now();
    let mut conflator = Conflator::new(50.0, now, now);
    let unit = |text: &str| Some(text.parse::<Unit>().unwrap());
    conflator.told(unit("C"));
    for (given, told) in [("C", None), ("F", unit("F")), ("F", None)] {
        push(&mut conflator, &[Sample { unit: unit(given), ..sample(1, 1.0, None) }], now);
        assert_eq!(conflator.take(now).unwrap().unit, told, "{given}");
    }
}

#[test]
fn what_comes_together_is_shared_until_something_is_added_to_it() {
    let now = Instant::now();
    let batch = Arc::new(Batch::of(&[sample(1, 1.0, None), sample(2, 2.0, None)]));
    let next = Arc::new(Batch::of(&[sample(3, 3.0, None)]));
    let mut conflator = Conflator::new(10.0, now, now);
    conflator.push(&batch, now);
    let update = conflator.take(now).unwrap();
    assert!(matches!(&update.values, Values::Shared(shared) if Arc::ptr_eq(shared, &batch)));
    conflator.push(&batch, now);
    conflator.push(&next, now);
    let update = conflator.take(now).unwrap();
    assert!(matches!(update.values, Values::Own(_)));
    let numbers: Vec<f64> = update.values.iter().map(|value| value.point.num).collect();
    assert_eq!((numbers, update.offset), (vec![1.0, 2.0, 3.0], 4));
}

/// One value every 100 ms for `seconds`, and how many of them a subscriber gets who takes them `late`.
fn taken_late(conflator: &mut Conflator, now: &mut Instant, seconds: u64, late: Duration) -> (usize, f64) {
    let (mut sent, mut hz, mut waits) = (0, f64::NAN, None);
    for n in 0..seconds * 10 {
        push(conflator, &[sample(n, n as f64, None)], *now);
        let due = *waits.get_or_insert_with(|| conflator.due().unwrap() + late);
        if due <= *now
            && let Some(update) = conflator.take(*now)
        {
            sent += update.values.len();
            hz = update.hz.unwrap_or(hz);
            waits = None;
        }
        *now += Duration::from_millis(100);
    }
    (sent, hz)
}

#[test]
fn the_rate_steps_down_for_who_takes_too_late_and_up_again() {
    let mut now = Instant::now();
    let mut conflator = Conflator::new(8.0, now, now);
    let (sent, hz) = taken_late(&mut conflator, &mut now, 30, Duration::from_millis(1500));
    assert!(conflator.is_slowed());
    assert_eq!(hz, limit::LIVE_HZ_SLOWED_MIN);
    assert!(sent < 50, "{sent} of 240 values that it had asked for");
    let (_, hz) = taken_late(&mut conflator, &mut now, 60, Duration::ZERO);
    assert_eq!(hz, 8.0);
    assert!(!conflator.is_slowed());
    let (sent, hz) = taken_late(&mut conflator, &mut now, 10, Duration::ZERO);
    assert!((79..=88).contains(&sent), "{sent} of 80 values that it asks for");
    assert!(hz.is_nan(), "it is told only when it changes");
}

#[test]
fn who_asked_for_little_is_not_slowed_further() {
    let mut now = Instant::now();
    let mut conflator = Conflator::new(0.1, now, now);
    taken_late(&mut conflator, &mut now, 60, Duration::from_secs(2));
    assert!(!conflator.is_slowed());
}
