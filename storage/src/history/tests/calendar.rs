//! Where buckets begin: days of 23, 25, 23.5 and 24.5 hours, and odder ones.

use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use jiff::tz::TimeZone;

use super::super::bucket::BucketSize;
use super::super::calendar::Edges;

const DAY_US: i64 = 86_400_000_000;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// Lengths of the buckets in minutes.
fn minutes(size: &str, name: &str, from: &str, to: &str) -> Vec<i64> {
    let edges = Edges::of(size.parse().unwrap(), &zone(name), at(from), at(to)).unwrap();
    edges.bounds().windows(2).map(|pair| (pair[1] - pair[0]) / 60_000_000).collect()
}

fn starts(size: &str, name: &str, from: &str, to: &str) -> Vec<String> {
    let edges = Edges::of(size.parse().unwrap(), &zone(name), at(from), at(to)).unwrap();
    edges.bounds().iter().map(|us| Timestamp::from_us(*us).unwrap().to_string()).collect()
}

#[test]
fn days_have_the_hours_that_the_zone_gives_them() {
    for (name, from, to, expected) in [
        (
            "Europe/Berlin",
            "2025-03-29T12:00:00+01:00",
            "2025-04-01T00:00:00+02:00",
            [24, 23, 24].map(|h| h * 60),
        ),
        (
            "Europe/Berlin",
            "2025-10-25T12:00:00+02:00",
            "2025-10-27T12:00:00+01:00",
            [24, 25, 24].map(|h| h * 60),
        ),
        (
            "America/New_York",
            "2025-03-08T12:00:00-05:00",
            "2025-03-10T12:00:00-04:00",
            [24, 23, 24].map(|h| h * 60),
        ),
        (
            "America/New_York",
            "2025-11-01T12:00:00-04:00",
            "2025-11-03T12:00:00-05:00",
            [24, 25, 24].map(|h| h * 60),
        ),
        ("Australia/Lord_Howe", "2025-10-04T12:00:00+10:30", "2025-10-06T12:00:00+11:00", [1440, 1410, 1440]),
        ("Australia/Lord_Howe", "2025-04-05T12:00:00+11:00", "2025-04-07T12:00:00+10:30", [1440, 1470, 1440]),
    ] {
        assert_eq!(minutes("1d", name, from, to), expected, "{name} {from}");
    }
}

#[test]
fn hours_stay_hours_over_a_shift_and_begin_with_the_clock_s_hour() {
    let (from, to) = ("2025-10-26T00:00:00+02:00", "2025-10-27T00:00:00+01:00");
    assert_eq!(minutes("1h", "Europe/Berlin", from, to), [60; 25]);
    let (from, to) = ("2025-03-30T00:00:00+01:00", "2025-03-31T00:00:00+02:00");
    assert_eq!(minutes("1h", "Europe/Berlin", from, to), [60; 23]);
    let (from, to) = ("2025-11-02T00:00:00-04:00", "2025-11-03T00:00:00-05:00");
    assert_eq!(minutes("1h", "America/New_York", from, to), [60; 25]);
    // The clock shows 2:30 instead of 2:00: that hour's bucket is half an hour.
    let (from, to) = ("2025-10-05T00:00:00+10:30", "2025-10-05T05:00:00+11:00");
    assert_eq!(minutes("1h", "Australia/Lord_Howe", from, to), [60, 60, 30, 60, 60]);
    // The clock shows 1:30 instead of 2:00: half an hour more until it is 2:00.
    let (from, to) = ("2025-04-06T00:00:00+11:00", "2025-04-06T04:00:00+10:30");
    assert_eq!(minutes("1h", "Australia/Lord_Howe", from, to), [60, 60, 30, 60, 60]);
    assert_eq!(minutes("15m", "Australia/Lord_Howe", from, to), [15; 18]);
}

#[test]
fn several_hours_begin_at_the_same_times_of_each_day_and_never_get_longer() {
    let (from, to) = ("2025-03-30T00:00:00+01:00", "2025-03-31T00:00:00+02:00");
    assert_eq!(minutes("6h", "Europe/Berlin", from, to), [300, 360, 360, 360]);
    let (from, to) = ("2025-10-26T00:00:00+02:00", "2025-10-27T00:00:00+01:00");
    assert_eq!(minutes("6h", "Europe/Berlin", from, to), [180, 240, 360, 360, 360]);
    // From within the shortened one: it begins at the shift.
    let (from, to) = ("2025-10-26T03:30:00+01:00", "2025-10-26T07:00:00+01:00");
    assert_eq!(minutes("6h", "Europe/Berlin", from, to), [240, 360]);
    // From within the one that the clock went forward in: it begins at midnight.
    let (from, to) = ("2025-03-30T04:30:00+02:00", "2025-03-30T07:00:00+02:00");
    assert_eq!(minutes("6h", "Europe/Berlin", from, to), [300, 360]);
}

#[test]
fn zones_off_the_full_hour_have_hours_of_their_own() {
    let starts = starts("1h", "Asia/Kathmandu", "2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z");
    assert_eq!(starts, ["2024-12-31T23:15:00Z", "2025-01-01T00:15:00Z", "2025-01-01T01:15:00Z"]);
}

#[test]
fn weeks_begin_on_mondays_and_months_with_their_first_day() {
    let berlin = "Europe/Berlin";
    assert_eq!(
        starts("1w", berlin, "2025-03-26T00:00:00Z", "2025-04-01T00:00:00Z"),
        ["2025-03-23T23:00:00Z", "2025-03-30T22:00:00Z", "2025-04-06T22:00:00Z"]
    );
    assert_eq!(
        starts("1mo", berlin, "2025-03-26T00:00:00Z", "2025-04-30T00:00:00Z"),
        ["2025-02-28T23:00:00Z", "2025-03-31T22:00:00Z", "2025-04-30T22:00:00Z"]
    );
    assert_eq!(
        starts("3mo", "UTC", "2025-05-26T00:00:00Z", "2025-06-01T00:00:00Z"),
        ["2025-04-01T00:00:00Z", "2025-07-01T00:00:00Z"]
    );
    assert_eq!(
        starts("2d", "UTC", "1969-12-31T00:00:00Z", "1970-01-01T00:00:01Z"),
        ["1969-12-30T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-03T00:00:00Z"]
    );
}

#[test]
fn odd_days_of_odd_zones_are_cut_as_the_zone_says() {
    // Samoa left 2011-12-30 out.
    assert_eq!(
        starts("1d", "Pacific/Apia", "2011-12-29T12:00:00-10:00", "2012-01-01T00:00:00+14:00"),
        ["2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"]
    );
    // In Beirut the clock went from midnight to 1:00.
    assert_eq!(
        minutes("1d", "Asia/Beirut", "2022-03-26T12:00:00+02:00", "2022-03-28T00:00:00+03:00"),
        [1440, 1380]
    );
    // In St. John's it went back from 0:01 to 23:01 of the day before.
    let (from, to) = ("2006-10-28T12:00:00-02:30", "2006-10-30T00:00:00-03:30");
    assert_eq!(minutes("1d", "America/St_Johns", from, to), [1440, 1500]);
}

#[test]
fn a_range_to_the_end_of_the_calendar_has_its_buckets() {
    let edges = Edges::of("12mo".parse().unwrap(), &TimeZone::UTC, Timestamp::MIN, Timestamp::MAX).unwrap();
    assert_eq!(edges.len(), 9_999);
    let edges =
        Edges::of("100000w".parse().unwrap(), &TimeZone::UTC, Timestamp::MIN, Timestamp::MAX).unwrap();
    assert!(edges.len() < 10, "{}", edges.len());
    assert!(*edges.bounds().last().unwrap() >= Timestamp::MAX.as_us());
}

#[test]
fn too_many_buckets_are_refused_with_a_length_that_fits() {
    for (from, to) in
        [("2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), ("0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z")]
    {
        for size in ["1s", "1d"] {
            let of = |size: BucketSize| Edges::of(size, &zone("Europe/Berlin"), at(from), at(to));
            match of(size.parse().unwrap()) {
                Ok(edges) => assert!(edges.len() <= limit::BUCKETS),
                Err(refused) => {
                    assert!(of(refused.fits).unwrap().len() <= limit::BUCKETS, "{}", refused.fits)
                }
            }
        }
    }
}

#[test]
fn equal_buckets_cover_the_range_and_are_not_more_than_asked_for() {
    for (points, span_us) in
        [(1000, DAY_US), (7, DAY_US), (1000, 1), (1000, 999_999), (3, 10_001), (1, DAY_US)]
    {
        let from = at("2025-01-01T00:00:00.000300Z");
        let edges = Edges::equal(points, from, from.plus_us(span_us));
        assert!(edges.len() <= points && !edges.is_empty());
        assert!(edges.bounds()[0] <= from.as_us() && edges.bounds()[edges.len()] >= from.as_us() + span_us);
        assert_eq!(edges.find(from.as_us(), 5), Some(0));
        assert_eq!(edges.find(from.as_us() + span_us - 1, 0), Some(edges.len() - 1));
        assert_eq!(edges.find(edges.bounds()[edges.len()], 0), None);
    }
}
