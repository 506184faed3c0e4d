//! `check` of a log in a database: a sound one is found sound, and what no program of ours would do is found.

use super::super::{Error, check_postgres};
use super::check::Silent;
use super::*;
use crate::check::Report;

async fn filled(place: &Place) {
    let mut bench = place.open(small());
    for n in 0..20 {
        let batch = bench.frames(device(1), 9, n + 1..=n + 1);
        bench.append(batch).await;
        let mut batch = bench.batch(device(2), &[(n as i64 * 86_400 / 5, 1.0)]);
        let series = bench.log.series().resolve(device(2), "t").unwrap();
        let unit = bench.log.series().unit(series, "K").unwrap();
        let text = Value::from_json("\"open\"").unwrap();
        batch.columns.push(series, at(5), text, unit, Quality::GOOD);
        bench.append(batch).await;
    }
    bench.log.put_derived(&Arc::new(derived::some())).await.unwrap();
    bench.log.shutdown().await.unwrap();
}

async fn look(place: &Place) -> Report {
    let mut report = Report::default();
    check_postgres(&place.server().await, &mut report, &mut Silent).await.unwrap();
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_log_is_found_sound_and_a_served_one_is_left_alone() {
    let place = Place::database();
    filled(&place).await;
    let report = look(&place).await;
    assert_eq!(report.problems, Vec::<String>::new());
    for (kind, count) in [("readings", 60), ("series", 3), ("derived series", 2), ("derived rows", 3)] {
        assert_eq!(report.looked_at[kind], count, "{kind}");
    }
    // The days of the readings, today and tomorrow.
    assert_eq!(report.looked_at["partitions"], 4 + 2);
    assert!(report.looked_at["commits"] > 0);
    let bench = place.open(small());
    assert_eq!(bench.log.end(), Offset(60), "it is as it was");
    let held = check_postgres(&place.server().await, &mut Report::default(), &mut Silent).await;
    assert!(matches!(held, Err(Error::Held(_))), "{held:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_of_each_kind_is_found_and_nothing_else() {
    let place = Place::database();
    filled(&place).await;
    let original = place.url().rsplit('/').next().unwrap().to_owned();
    for (n, (damage, wrongs)) in [
        ("DELETE FROM readings WHERE log_offset = 7", &["60 readings were committed, 59 are there and 0 were dropped: 1 are missing"][..]),
        ("INSERT INTO readings SELECT * FROM readings WHERE log_offset = 5", &["offset 5: it is there twice"]),
        (
            "UPDATE readings SET log_offset = 60 WHERE log_offset = 9",
            &["offset 60: the log ends at 60", "1 are missing"],
        ),
        ("UPDATE readings SET unit = 2 WHERE log_offset = 4", &["offset 4: it has a unit that its series has not"]),
        ("UPDATE readings SET unit = -1 WHERE log_offset = 4", &["offset 4: it has a unit that its series has not"]),
        ("UPDATE readings SET quality = 256 WHERE log_offset = 4", &["offset 4: its quality"]),
        ("UPDATE readings SET value = 'NaN' WHERE log_offset = 4", &["offset 4: its value is no number"]),
        ("UPDATE readings SET series_id = 77 WHERE log_offset = 4", &["offset 4: its series 77 is not known"]),
        ("UPDATE series SET sensor_type = 'a b' WHERE id = 0", &["series 0: stored series is corrupt: name", "series 0 is not known"]),
        ("UPDATE series SET units = ARRAY[''] WHERE id = 0", &["series 0: stored series is corrupt: unit", "series 0 is not known"]),
        ("INSERT INTO marks VALUES ('00000000-0000-0000-0000-000000000001', '\\x09')", &["marks of device 00000000-0000-0000-0000-000000000001"]),
        ("UPDATE log_commits SET marks = '\\x09' WHERE number = 3", &["commit 3: "]),
        ("DELETE FROM log_commits WHERE number = 3", &["commit 4: not the next one"]),
        ("UPDATE log_commits SET end_offset = 99 WHERE number = 3", &["commit 4: not the next one"]),
        ("DELETE FROM log_commits", &["commits: there is none", "the log ends at 0"]),
        ("INSERT INTO bookmarks VALUES ('flows', 61)", &["bookmark flows: at 61, past the end 60"]),
        (
            "ALTER TABLE readings DETACH PARTITION readings_19700102",
            &["readings_19700102: it is detached, and 5 readings", "5 are missing"],
        ),
        (
            "CREATE TABLE readings_20300101 PARTITION OF readings FOR VALUES FROM ('2031-01-01 00:00+00') TO ('2031-01-02 00:00+00')",
            &["readings_20300101: it is of another time than its name says"],
        ),
        ("CREATE TABLE readings_rest PARTITION OF readings DEFAULT", &["readings_rest: a partition that is not of a day"]),
        ("DROP INDEX readings_by_offset", &["the index readings_by_offset is not there"]),
        ("UPDATE log_state SET dropped = 3", &["3 too many"]),
        ("INSERT INTO log_move (word, is_done) VALUES ('elsewhere', false)", &["a move from elsewhere into this place was not finished"]),
        ("UPDATE log_state SET format = 9", &["format version 9"]),
        ("UPDATE log_migrations SET checksum = 'x' WHERE version = 1", &["migration 1 is corrupt"]),
        ("INSERT INTO log_migrations VALUES (99, 'x', 'x', now())", &["format version 99"]),
        ("DELETE FROM log_migrations WHERE version > 1", &["has schema 1"]),
        ("UPDATE derived SET series_id = 7 WHERE value = 1", &["its series 7 is not known"]),
        ("UPDATE derived SET value = 'NaN' WHERE value = 1", &["derived row of series 0", "its value is no number"]),
        ("UPDATE derived SET unit = '' WHERE value = 1", &["derived row of series 0", "unit"]),
        ("UPDATE derived_series SET name = 'a b' WHERE id = 1", &["derived series 1", "its series 1 is not known"]),
        ("DROP TABLE marks", &["cannot be read further"]),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("damaged_{n}");
        place.cluster().psql_in("postgres", &format!("CREATE DATABASE {name} TEMPLATE {original} OWNER edgesync"));
        let damaged = place.in_database(&name);
        place.cluster().psql_at(damaged.url(), damage).unwrap();
        let problems = look(&damaged).await.problems;
        for wrong in wrongs {
            assert!(problems.iter().any(|problem| problem.contains(wrong)), "{damage}: {problems:?}");
        }
        for problem in &problems {
            assert!(wrongs.iter().any(|wrong| problem.contains(wrong)), "{damage}: {problem} of {problems:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_made_where_nothing_is() {
    let place = Place::database();
    let problems = look(&place).await.problems;
    assert_eq!(problems, ["readings: cannot be read further: there is no reading log in the database"]);
    assert_eq!(place.cluster().psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
}
