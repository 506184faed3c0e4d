use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use super::*;

const ZONES: [&str; 13] = [
    "America/Toronto",
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Havana",
    "Africa/Casablanca",
    "Antarctica/Troll",
];
const MINUTE: i64 = 60_000_000;

fn calendar(unit: CalendarUnit, zone: &str) -> Calendar {
    Calendar { unit, zone: TimeZone::get(zone).unwrap(), week_start: Weekday::Monday }
}

fn us(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_us()
}

/// What the local clock shows: days since some day, and minutes of the day.
fn shown(calendar: &Calendar, ts: i64) -> (Date, i64) {
    let local = calendar.zone.to_datetime(moment(ts));
    (local.date(), i64::from(local.hour()) * 60 + i64::from(local.minute()))
}

/// Whether a window begins at this full minute, by looking at the clock just before and at it.
fn begins(calendar: &Calendar, ts: i64) -> bool {
    let ((day_before, minute_before), (day, minute)) = (shown(calendar, ts - 1), shown(calendar, ts));
    match calendar.unit {
        CalendarUnit::Hour => {
            (day_before, minute_before / 60) != (day, minute / 60)
                || (minute % 60 == 0 && minute_before != minute)
        }
        CalendarUnit::Day => day_before < day,
        CalendarUnit::Week => day_before < day && calendar.first_date(CalendarUnit::Week, day) > day_before,
        CalendarUnit::Month => day_before < day && day.first_of_month() > day_before,
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/calendar.proptest-regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn windows_meet_and_begin_where_the_local_clock_says(
        zone in 0..ZONES.len(),
        unit in 0..CalendarUnit::ALL.len(),
        // 1910 to 2035, seconds.
        seconds in -1_893_456_000i64..2_051_222_400,
        // Often near the change of a clock.
        near in prop::option::weighted(0.7, -7200i64..7200),
    ) {
        let calendar = calendar(CalendarUnit::ALL[unit], ZONES[zone]);
        let mut ts = seconds * 1_000_000;
        if let (Some(near), Some(change)) = (near, calendar.zone.following(moment(ts)).next()) {
            ts = change.timestamp().as_microsecond() + near * 1_000_000;
        }
        let (start, end) = calendar.window(ts);
        prop_assert!(start <= ts && ts < end);
        prop_assert!(begins(&calendar, start), "nothing begins at the start");
        prop_assert!(begins(&calendar, end), "nothing begins at the end");
        prop_assert_eq!(calendar.window(start), (start, end));
        prop_assert_eq!(calendar.window(end - 1), (start, end));
        prop_assert_eq!(calendar.window(end).0, end);
        prop_assert_eq!(calendar.window(start - 1).1, start);
        // Nothing begins in between; looked at around the moment only, for a month has 44,640 minutes.
        let minutes = (ts.div_euclid(MINUTE) * MINUTE - 3000 * MINUTE).max(start + MINUTE)..end.min(ts + 3000 * MINUTE);
        for minute in minutes.step_by(MINUTE as usize) {
            // Where clocks go back over midnight the date falls: its later minutes are of the day before.
            prop_assert!(!begins(&calendar, minute) || calendar.unit != CalendarUnit::Hour && is_repeated(&calendar, minute, start));
        }
    }
}

/// Whether the date that begins here began before, in the same window.
fn is_repeated(calendar: &Calendar, ts: i64, start: i64) -> bool {
    shown(calendar, ts).0 <= shown(calendar, start).0
}

#[test]
fn the_ends_of_time_are_in_windows() {
    for unit in CalendarUnit::ALL {
        for zone in ZONES {
            let calendar = calendar(unit, zone);
            for ts in [Timestamp::MIN.as_us(), Timestamp::MAX.as_us()] {
                let (start, end) = calendar.window(ts);
                assert!(start <= ts && ts < end, "{zone} {unit:?} {ts}");
            }
        }
    }
}

#[test]
fn a_day_that_begins_twice_begins_at_the_first_time() {
    // In Newfoundland clocks went back at 00:01 until 2011: a minute of the 7th, an hour of the 6th again, the rest of the 7th.
    let calendar = calendar(CalendarUnit::Day, "America/St_Johns");
    let midnight = us("2010-11-07T02:30:00Z");
    assert_eq!(calendar.window(midnight).0, midnight);
    assert_eq!(calendar.window(midnight - 1).1, midnight);
    assert_eq!(calendar.window(us("2010-11-07T03:00:00Z")).0, midnight, "it is the 6th there, again");
}

#[test]
fn a_day_whose_midnight_is_jumped_over_begins_where_the_clock_jumped_to() {
    // In Toronto, from 23:30 to 00:30.
    let jump = us("1919-03-31T04:30:00Z");
    let toronto = calendar(CalendarUnit::Day, "America/Toronto");
    assert_eq!((toronto.window(jump).0, toronto.window(jump - 1).1), (jump, jump));
    // In Brazil, from 00:00 to 01:00.
    let jump = us("2018-11-04T03:00:00Z");
    let brazil = calendar(CalendarUnit::Day, "America/Sao_Paulo");
    assert_eq!((brazil.window(jump).0, brazil.window(jump - 1).1), (jump, jump));
}

#[test]
fn a_week_may_begin_on_any_day() {
    let on = |week_start| {
        Calendar { week_start, ..calendar(CalendarUnit::Week, "UTC") }.window(us("2026-01-01T12:00:00Z"))
    };
    assert_eq!(on(Weekday::Monday), (us("2025-12-29T00:00:00Z"), us("2026-01-05T00:00:00Z")));
    assert_eq!(on(Weekday::Sunday), (us("2025-12-28T00:00:00Z"), us("2026-01-04T00:00:00Z")));
    assert_eq!(on(Weekday::Thursday), (us("2026-01-01T00:00:00Z"), us("2026-01-08T00:00:00Z")));
}
