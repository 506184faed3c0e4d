//! Looking through a log in PostgreSQL: that its tables are this program's and say what they should, and that every offset is there once.
//!
//! By who has it to himself: what a server does meanwhile would look like damage. Nothing is changed. Readings are read once, a partition
//! after the other as they lie, all columns of each.

use std::collections::{HashMap, HashSet};
use std::pin::pin;

use edgesync_schemas::id::{DeviceId, Offset, SeriesId};
use edgesync_schemas::reading::SeriesInfo;
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::value::Value;
use futures_util::TryStreamExt;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::super::Error;
use super::super::embedded::records;
use super::super::offsets::Offsets;
use super::connection::Connection;
use super::day::Day;
use super::export::{claim, dropped};
use super::failure::{Failure, Trouble};
use super::partition::{count, detached};
use super::read::Us;
use super::{derived, fold, load};
use crate::check::{Progress, Report, told};
use crate::postgres::Server;

/// Bounds are compared as the database writes them.
const SETTINGS: &str = "SET default_transaction_read_only = on; SET datestyle = 'ISO, YMD'";
/// What is attached, with its bounds.
const TABLES: &str = "SELECT c.oid::regclass::text, c.relname::text, pg_get_expr(c.relpartbound, c.oid) \
    FROM pg_class c JOIN pg_inherits h ON h.inhrelid = c.oid WHERE h.inhparent = 'readings'::regclass ORDER BY 2";
const BOUNDS: &str =
    "SELECT format('FOR VALUES FROM (%L) TO (%L)', $1::timestamptz, $1::timestamptz + interval '1 day')";
const INDEXES: &str = "SELECT n.name, coalesce(i.indisvalid, false) FROM unnest(ARRAY['readings_by_series', 'readings_by_offset']) AS n (name) \
    LEFT JOIN pg_index i ON i.indexrelid = to_regclass(n.name) AND i.indrelid = 'readings'::regclass";
// Between two words of progress.
const ROWS_PER_WORD: u64 = 1 << 16;

/// Checks the log in a database. Not cancel safe: it may stay taken until the process ends.
///
/// # Errors
/// [`Error::Held`] while a server runs on it; [`Error::Database`] if it cannot be reached. What is wrong with what is stored goes into the report.
pub async fn check(server: &Server, report: &mut Report, progress: &mut dyn Progress) -> Result<(), Error> {
    let client = claim(server).await?;
    client.batch_execute(SETTINGS).await.map_err(Trouble::from)?;
    let look = Look { client: &client, report: &mut *report, progress, series: HashMap::new() };
    match look.all().await {
        Err(Error::Database(trouble)) if trouble.failure == Failure::Unreachable => Err(trouble.into()),
        Err(error) => {
            report.wrong(format!("readings: cannot be read further: {}", told(&error)));
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

struct Look<'a> {
    client: &'a Connection,
    report: &'a mut Report,
    progress: &'a mut dyn Progress,
    series: HashMap<SeriesId, SeriesInfo>,
}

impl Look<'_> {
    async fn all(mut self) -> Result<(), Error> {
        load::newest_schema(self.client).await?;
        if let Some(from) = load::half_moved(self.client).await? {
            self.report.wrong(format!("readings: a move from {from} into this place was not finished"));
        }
        self.series().await?;
        self.marks().await?;
        self.derived().await?;
        let end = self.commits().await?;
        for (name, at) in load::bookmarks(self.client).await? {
            if at > end {
                self.report.wrong(format!("bookmark {name}: at {at}, past the end {end}"));
            }
        }
        for row in load::rows(self.client, INDEXES).await? {
            if !row.get::<_, bool>(1) {
                self.report.wrong(format!(
                    "readings: the index {} is not there or not whole",
                    row.get::<_, &str>(0)
                ));
            }
        }
        self.readings(end).await
    }

    async fn series(&mut self) -> Result<(), Error> {
        let mut names: HashMap<(DeviceId, SensorName), SeriesId> = HashMap::new();
        for row in load::rows(self.client, "SELECT id, device_id, sensor_type, units FROM series ORDER BY id")
            .await?
        {
            self.report.count("series", 1);
            match load::series(&row) {
                Ok(info) => {
                    if let Some(other) = names.insert((info.device, info.sensor.clone()), info.id) {
                        let (one, two) = (other.0, info.id.0);
                        self.report.wrong(format!("series {one} and {two}: one sensor, two numbers"));
                    }
                    self.series.insert(info.id, info);
                }
                Err((id, error)) => self.report.wrong(format!("series {}: {}", id.0, told(&error))),
            }
        }
        Ok(())
    }

    async fn marks(&mut self) -> Result<(), Error> {
        for row in load::rows(self.client, "SELECT device_id, boots FROM marks").await? {
            let device: Uuid = row.get(0);
            if let Err(error) = records::decode_boots(device.as_bytes(), row.get(1)) {
                self.report.wrong(format!("marks of device {device}: {}", told(&error)));
            }
            self.report.count("marks", 1);
        }
        Ok(())
    }

    /// What flows stored: that series can be read, and rows are of series that are known and have numbers and units that are some.
    async fn derived(&mut self) -> Result<(), Error> {
        let mut known = HashSet::new();
        for row in load::rows(self.client, derived::SERIES).await? {
            match derived::series(&row) {
                Ok(series) => drop(known.insert(series.id)),
                Err((id, error)) => self.report.wrong(format!("derived series {id}: {}", told(&error))),
            }
            self.report.count("derived series", 1);
        }
        const SQL: &str = "SELECT ts, value, log_offset, quality, unit, raw::text, series_id FROM derived";
        let nothing: [&(dyn ToSql + Sync); 0] = [];
        let rows = self.client.query_raw(SQL, nothing).await.map_err(Trouble::from)?;
        let (mut rows, mut count) = (pin!(rows), 0);
        while let Some(row) = rows.try_next().await.map_err(Trouble::from)? {
            let id = row.get::<_, i32>(6).cast_unsigned();
            let at = row.get::<_, Us>(0).0;
            match derived::read(&row) {
                _ if !known.contains(&id) => {
                    self.report.wrong(format!("derived row at {at}: its series {id} is not known"));
                }
                Ok(row) if !row.num.is_finite() => {
                    self.report.wrong(format!("derived row of series {id} at {at}: its value is no number"));
                }
                Ok(_) => {}
                Err(error) => {
                    self.report.wrong(format!("derived row of series {id} at {at}: {}", told(&error)));
                }
            }
            count += 1;
            if count % ROWS_PER_WORD == 0 {
                self.progress.at("rows of flows", count, count);
            }
        }
        self.report.count("derived rows", count);
        Ok(())
    }

    /// Looks at the commits that are not folded. Gives the end of the log.
    async fn commits(&mut self) -> Result<Offset, Error> {
        let mut last: Option<(i64, i64)> = None;
        for row in
            load::rows(self.client, "SELECT number, end_offset, marks FROM log_commits ORDER BY number")
                .await?
        {
            let (number, end): (i64, i64) = (row.get(0), row.get(1));
            if end < 0 || last.is_some_and(|(before, from)| number != before + 1 || end < from) {
                self.report.wrong(format!("commit {number}: not the next one"));
            }
            if let Err(error) = fold::decode(row.get(2)) {
                self.report.wrong(format!("commit {number}: {}", told(&error)));
            }
            self.report.count("commits", 1);
            last = Some((number, end.max(0)));
        }
        if last.is_none() {
            self.report.wrong("commits: there is none, so the log has no end");
        }
        Ok(last.map_or(Offset(0), |(_, end)| Offset(end.cast_unsigned())))
    }

    async fn readings(&mut self, end: Offset) -> Result<(), Error> {
        let mut offsets = Offsets::new(end);
        for name in detached(self.client).await? {
            let count = count(self.client, &name).await?;
            self.report
                .wrong(format!("{name}: it is detached, and {count} readings in it are seen by nobody"));
        }
        for table in load::rows(self.client, TABLES).await? {
            let (quoted, name): (String, String) = (table.get(0), table.get(1));
            self.report.count("partitions", 1);
            let Some(day) = Day::from_table(&name) else {
                self.report.wrong(format!("{name}: a partition that is not of a day"));
                continue;
            };
            let bounds = self.client.query_one(BOUNDS, &[&Us(day.start())]).await.map_err(Trouble::from)?;
            if table.get::<_, Option<&str>>(2) != bounds.get(0) {
                self.report.wrong(format!("{name}: it is of another time than its name says"));
            }
            if let Err(error) = self.partition(&quoted, &name, day, end, &mut offsets).await {
                let trouble = Trouble::from(error);
                if trouble.failure == Failure::Unreachable {
                    return Err(trouble.into());
                }
                self.report.wrong(format!("{name}: cannot be read further: {trouble}"));
            }
        }
        let dropped = dropped(self.client).await?;
        if let Some(wrong) = offsets.missing(end, dropped, "were committed") {
            self.report.wrong(wrong);
        }
        self.report.notes.extend(offsets.only_counted(end));
        Ok(())
    }

    async fn partition(
        &mut self,
        table: &str,
        name: &str,
        day: Day,
        end: Offset,
        offsets: &mut Offsets,
    ) -> Result<(), tokio_postgres::Error> {
        let sql = format!(
            "SELECT log_offset, series_id, ts, value, unit, quality, received_at, raw::text FROM {table}"
        );
        let nothing: [&(dyn ToSql + Sync); 0] = [];
        let mut rows = pin!(self.client.query_raw(&sql, nothing).await?);
        let mut count = 0;
        while let Some(row) = rows.try_next().await? {
            if let Err(why) = self.reading(&row, day, end, offsets) {
                self.report.wrong(format!("{name}: the reading at offset {}: {why}", row.get::<_, i64>(0)));
            }
            count += 1;
            if count % ROWS_PER_WORD == 0 {
                self.progress.at("readings", offsets.present, end.0);
            }
        }
        self.report.count("readings", count);
        Ok(())
    }

    fn reading(&self, row: &Row, day: Day, end: Offset, offsets: &mut Offsets) -> Result<(), String> {
        let number: i64 = row.get(0);
        let offset = u64::try_from(number).map(Offset).ok().filter(|offset| *offset < end);
        let offset = offset.ok_or_else(|| format!("the log ends at {end}"))?;
        if !offsets.take(offset) {
            return Err("it is there twice".to_owned());
        }
        if !day.has(row.get::<_, Us>(2).0) {
            return Err("it is of another day".to_owned());
        }
        let id = SeriesId(row.get::<_, i32>(1).cast_unsigned());
        let Some(info) = self.series.get(&id) else {
            return Err(format!("its series {} is not known", id.0));
        };
        if !(0..=info.units.len()).contains(&usize::try_from(row.get::<_, i16>(4)).unwrap_or(usize::MAX)) {
            return Err("it has a unit that its series has not".to_owned());
        }
        if u8::try_from(row.get::<_, i16>(5)).is_err() {
            return Err("its quality is none".to_owned());
        }
        if Value::number(row.get(3)).is_err() {
            return Err("its value is no number".to_owned());
        }
        Ok(())
    }
}
