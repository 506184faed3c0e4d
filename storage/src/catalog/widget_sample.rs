//! The newest values of what flows' nodes put out, for the widgets that show them: a ring of `max_samples` rows for each widget.
//!
//! Values of a widget are numbered (n) without end; the one numbered n has the slot n mod `max_samples`, where it takes the place of an older one,
//! so rows are replaced and none is removed. What is `max_samples` or more behind the newest is stale: it stays where what should have replaced
//! it was never written, and nobody reads it. They go with the widget, and with its source.
//!
//! Of a widget that shows what the values come to, a row is a bucket of them: it stays in the slot that it was given while it changes, and a newer one is
//! given the slot of one that has gone. They go with the interval, too; which of average, sum and so on is shown is another matter.

use std::sync::Arc;

use edgesync_schemas::entity::widget::{Aggregation, DashboardWidget, DataSource};
use edgesync_schemas::id::{Offset, OrganizationId, WidgetId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::Unit;

use super::Catalog;
use super::db::Tx;
use super::error::Error;
use super::value::{Row, Value};
use super::widget_row;

/// A widget that shows a flow's node, and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracked {
    /// The widget.
    pub widget: DashboardWidget,
    /// Its dashboard's organization.
    pub organization: OrganizationId,
    /// When its source, its `max_samples` or its buckets' interval was changed last.
    pub kept_since: Timestamp,
}

/// A value, or a bucket of values, that is stored for a widget.
#[derive(Debug, Clone, PartialEq)]
pub struct WidgetSample {
    /// Its number; later ones have higher ones, with gaps where some were not written.
    pub n: u64,
    /// Event time; of a bucket, where it begins.
    pub ts: Timestamp,
    /// The number; finite. 0 where the value is text or an object. Of a bucket the sum of its numbers.
    pub value: f64,
    /// The unit.
    pub unit: Option<Unit>,
    /// The original JSON, where it is no number; at most [`limit::RAW_VALUE_BYTES`].
    pub raw: Option<Arc<str>>,
    /// No reading that it comes from arrived after this one.
    pub arrival: Offset,
    /// What else there is to a bucket; nothing if it is a value.
    pub bucket: Option<WidgetBucket>,
}

/// What is stored of a bucket of values, besides its time and its sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WidgetBucket {
    /// Where it stands among those of its widget: no two that are there have the same.
    pub slot: u32,
    /// Its values.
    pub count: u64,
    /// Those that are numbers.
    pub numbers: u64,
    /// The smallest and the largest of them; finite. Nothing if there are none.
    pub spread: Option<(f64, f64)>,
    /// How many of its values come from the reading that arrived as the last of all that it has something of.
    pub at_arrival: u64,
}

/// Values of one widget that are to be stored.
#[derive(Debug, Clone)]
pub struct WidgetSamples {
    /// The widget.
    pub widget: WidgetId,
    /// When it became what it is to those who keep it, as far as known. It has been changed since: nothing is stored.
    pub kept_since: Timestamp,
    /// The values.
    pub samples: Vec<WidgetSample>,
    /// Those with lower numbers are removed, where they are not kept for their size.
    pub keep_from: Option<u64>,
}

/// Where a page of all stored samples ends.
pub type SampleKey = (WidgetId, u32);

const TRACKED: &str =
    "SELECT o.id, w.kept_since, w.id, w.dashboard_template_uuid, w.widget_id, w.title, w.widget_type, w.widget_config,
        w.grid_position, w.data_source_type, w.flow_id, w.node_id, w.output_field, w.device_id, w.sensor_type,
        w.static_value, w.aggregation, w.refresh_interval, w.max_samples, w.created_at, w.updated_at
    FROM dashboard_widgets w JOIN dashboard_templates t ON t.id = w.dashboard_template_uuid
    JOIN organizations o ON o.id = t.organization_id JOIN flows f ON f.id = w.flow_id
    WHERE w.data_source_type = 'flow_node' AND w.id > $1 ORDER BY w.id LIMIT $2";

const TRACKED_ONE: &str =
    "SELECT o.id, w.kept_since, w.id, w.dashboard_template_uuid, w.widget_id, w.title, w.widget_type, w.widget_config,
        w.grid_position, w.data_source_type, w.flow_id, w.node_id, w.output_field, w.device_id, w.sensor_type,
        w.static_value, w.aggregation, w.refresh_interval, w.max_samples, w.created_at, w.updated_at
    FROM dashboard_widgets w JOIN dashboard_templates t ON t.id = w.dashboard_template_uuid
    JOIN organizations o ON o.id = t.organization_id JOIN flows f ON f.id = w.flow_id
    WHERE w.data_source_type = 'flow_node' AND w.id = $1";

const PUT: &str = "INSERT INTO widget_samples (widget_id, slot, n, ts, value, unit, raw, arrival_offset)
    SELECT w.id, CAST($1 AS BIGINT) % w.max_samples, CAST($1 AS BIGINT), $2, $3, $4, $5, $6
    FROM dashboard_widgets w WHERE w.id = $7 AND w.kept_since = $8
    ON CONFLICT (widget_id, slot) DO UPDATE SET n = excluded.n, ts = excluded.ts, value = excluded.value, unit = excluded.unit,
        raw = excluded.raw, arrival_offset = excluded.arrival_offset WHERE excluded.n >= widget_samples.n";

const PUT_BUCKET: &str = "INSERT INTO widget_samples (widget_id, n, ts, value, unit, raw, arrival_offset, slot, count, numbers, min, max, at_arrival)
    SELECT w.id, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
    FROM dashboard_widgets w WHERE w.id = $13 AND w.kept_since = $14
    ON CONFLICT (widget_id, slot) DO UPDATE SET n = excluded.n, ts = excluded.ts, value = excluded.value, unit = excluded.unit,
        raw = excluded.raw, arrival_offset = excluded.arrival_offset, count = excluded.count, numbers = excluded.numbers,
        min = excluded.min, max = excluded.max, at_arrival = excluded.at_arrival";

impl Catalog {
    /// The widgets whose sources are nodes of flows that are there, in the order of their ids, from after one on: at most [`limit::KEPT_PAGE`].
    /// For the platform itself.
    ///
    /// # Errors
    /// Of the database.
    pub async fn tracked_widgets(&self, after: Option<WidgetId>) -> Result<Vec<Tracked>, Error> {
        let rows = self.db.query(TRACKED, vec![after_widget(after), limit::KEPT_PAGE.into()]);
        rows.await?.into_iter().map(|mut row| tracked(&mut row)).collect()
    }

    /// Since when each of those widgets is kept as it is.
    ///
    /// # Errors
    /// Of the database.
    pub async fn tracked_since(&self, after: Option<WidgetId>) -> Result<Vec<(WidgetId, Timestamp)>, Error> {
        let rows = self.db.query(
            "SELECT w.id, w.kept_since FROM dashboard_widgets w JOIN dashboard_templates t ON t.id = w.dashboard_template_uuid
             JOIN organizations o ON o.id = t.organization_id JOIN flows f ON f.id = w.flow_id
             WHERE w.data_source_type = 'flow_node' AND w.id > $1 ORDER BY w.id LIMIT $2",
            vec![after_widget(after), limit::KEPT_PAGE.into()],
        );
        rows.await?.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
    }

    /// One of those widgets; nothing if it is none of them any more.
    ///
    /// # Errors
    /// Of the database.
    pub async fn tracked_widget(&self, id: WidgetId) -> Result<Option<Tracked>, Error> {
        let row = self.db.first(TRACKED_ONE, vec![id.into()]).await?;
        row.map(|mut row| tracked(&mut row)).transpose()
    }

    /// All stored samples in the order of their widgets' ids and slots, from after one on: at most [`limit::KEPT_PAGE`]. Stale ones are among them.
    ///
    /// # Errors
    /// Of the database.
    pub async fn stored_samples(
        &self,
        after: Option<SampleKey>,
    ) -> Result<Vec<(SampleKey, WidgetSample)>, Error> {
        let (widget, slot) = after.map_or((None, -1), |(widget, slot)| (Some(widget), i64::from(slot)));
        let rows = self.db.query(
            "SELECT s.widget_id, s.slot, s.slot, s.n, s.ts, s.value, s.unit, s.raw, s.arrival_offset, s.count, s.numbers, s.min, s.max, s.at_arrival
             FROM widget_samples s WHERE (s.widget_id, s.slot) > ($1, $2) ORDER BY s.widget_id, s.slot LIMIT $3",
            vec![after_widget(widget), slot.into(), limit::KEPT_PAGE.into()],
        );
        let read = |mut row: Row| Ok(((row.take()?, row.take()?), sample(&mut row)?));
        rows.await?.into_iter().map(read).collect()
    }

    /// The samples that are stored for a widget, oldest first; buckets by their numbers.
    ///
    /// # Errors
    /// Of the database.
    pub async fn widget_samples(&self, widget: WidgetId) -> Result<Vec<WidgetSample>, Error> {
        let rows = self.db.query(
            "SELECT s.slot, s.n, s.ts, s.value, s.unit, s.raw, s.arrival_offset, s.count, s.numbers, s.min, s.max, s.at_arrival
             FROM widget_samples s JOIN dashboard_widgets w ON w.id = s.widget_id WHERE s.widget_id = $1 AND (s.count IS NOT NULL
                OR s.n > (SELECT max(l.n) FROM widget_samples l WHERE l.widget_id = $1) - w.max_samples) ORDER BY s.n",
            vec![widget.into()],
        );
        rows.await?.into_iter().map(|mut row| sample(&mut row)).collect()
    }

    /// Stores values of widgets, in one transaction; how many. One that is stored already, or whose slot has a newer one, is left as it is, so it may be
    /// asked again. A bucket takes the place of what is in its slot. Those of widgets that are gone, or were changed meanwhile, are left out.
    ///
    /// # Errors
    /// Of the database: then none is stored.
    pub async fn put_widget_samples(&self, widgets: Vec<WidgetSamples>) -> Result<u64, Error> {
        if widgets.is_empty() {
            return Ok(0);
        }
        let (mut sets, mut buckets) = (Vec::new(), Vec::new());
        let mut too_old = Vec::new();
        for widget in widgets {
            if let Some(from) = widget.keep_from {
                too_old.push(vec![
                    widget.widget.into(),
                    Value::Int(from.cast_signed()),
                    widget.kept_since.into(),
                ]);
            }
            for sample in widget.samples {
                let bucket = sample.bucket;
                let of_bucket = bucket.map(values_of).into_iter().flatten();
                let of_widget = [widget.widget.into(), widget.kept_since.into()];
                let set = values(sample).into_iter().chain(of_bucket).chain(of_widget).collect();
                let sets = if bucket.is_some() { &mut buckets } else { &mut sets };
                sets.push(set);
            }
        }
        let mut tx = self.db.begin().await?;
        let mut put = 0;
        for (sql, sets) in [(PUT, sets), (PUT_BUCKET, buckets)] {
            if !sets.is_empty() {
                put += tx.execute_all(sql, sets).await?;
            }
        }
        if !too_old.is_empty() {
            tx.execute_all(
                "DELETE FROM widget_samples WHERE widget_id = $1 AND n < $2
                    AND EXISTS (SELECT 1 FROM dashboard_widgets w WHERE w.id = $1 AND w.kept_since = $3)",
                too_old,
            )
            .await?;
        }
        tx.commit().await?;
        Ok(put)
    }
}

/// Whether something else is kept of a widget after a change, or more or less of it.
pub(super) fn is_other(before: &DashboardWidget, after: &DashboardWidget) -> bool {
    begins_anew(before, after) || before.max_samples != after.max_samples
}

fn begins_anew(before: &DashboardWidget, after: &DashboardWidget) -> bool {
    before.source != after.source || interval_ms(before) != interval_ms(after)
}

/// Of the buckets that are kept of a widget; nothing if its values are. Each bucket has all that any aggregation needs.
fn interval_ms(widget: &DashboardWidget) -> Option<u32> {
    (widget.aggregation != Aggregation::Last).then_some(widget.refresh_interval)
}

/// Makes what is stored of a widget what it should be after a change: nothing if it shows something else now, else its newest.
pub(super) async fn change(
    tx: &mut Tx,
    before: &DashboardWidget,
    after: &DashboardWidget,
) -> Result<(), Error> {
    if !is_other(before, after) {
        return Ok(());
    }
    let sql = "UPDATE dashboard_widgets SET kept_since = $1 WHERE id = $2";
    tx.execute(sql, vec![after.updated_at.into(), after.id.into()]).await?;
    if !matches!(before.source, DataSource::FlowNode { .. }) {
        return Ok(());
    }
    if begins_anew(before, after) {
        let sql = "DELETE FROM widget_samples WHERE widget_id = $1";
        return tx.execute(sql, vec![after.id.into()]).await.map(drop);
    }
    if interval_ms(after).is_some() {
        let sql = "DELETE FROM widget_samples WHERE widget_id = $1 AND ts < (SELECT min(newest.ts) FROM
            (SELECT s.ts FROM widget_samples s WHERE s.widget_id = $1 ORDER BY s.ts DESC LIMIT $2) AS newest)";
        return tx.execute(sql, vec![after.id.into(), after.max_samples.into()]).await.map(drop);
    }
    tx.execute(
        "DELETE FROM widget_samples WHERE widget_id = $1
            AND n <= (SELECT max(l.n) FROM widget_samples l WHERE l.widget_id = $1) - $2",
        vec![after.id.into(), before.max_samples.min(after.max_samples).into()],
    )
    .await?;
    // In two steps: no slot is taken by one that has yet to leave it.
    let away = "UPDATE widget_samples SET slot = -1 - slot WHERE widget_id = $1";
    tx.execute(away, vec![after.id.into()]).await?;
    let back = "UPDATE widget_samples SET slot = n % CAST($1 AS BIGINT) WHERE widget_id = $2";
    tx.execute(back, vec![after.max_samples.into(), after.id.into()]).await.map(drop)
}

fn after_widget(after: Option<WidgetId>) -> Value {
    after.map_or_else(|| uuid::Uuid::nil().into(), Into::into)
}

fn values(sample: WidgetSample) -> [Value; 6] {
    [
        Value::Int(sample.n.cast_signed()),
        sample.ts.into(),
        sample.value.into(),
        sample.unit.as_ref().map(Unit::as_str).into(),
        sample.raw.as_deref().into(),
        Value::Int(sample.arrival.0.cast_signed()),
    ]
}

fn values_of(bucket: WidgetBucket) -> [Value; 6] {
    let (min, max) = bucket.spread.unzip();
    [
        bucket.slot.into(),
        Value::Int(bucket.count.cast_signed()),
        Value::Int(bucket.numbers.cast_signed()),
        min.into(),
        max.into(),
        Value::Int(bucket.at_arrival.cast_signed()),
    ]
}

/// organization, kept_since, then the columns of a widget
fn tracked(row: &mut Row) -> Result<Tracked, Error> {
    let organization = row.take()?;
    let kept_since = row.take()?;
    let id = row.take()?;
    Ok(Tracked { organization, kept_since, widget: widget_row::read(id, row)? })
}

/// slot, n, ts, value, unit, raw, arrival_offset, count, numbers, min, max, at_arrival
fn sample(row: &mut Row) -> Result<WidgetSample, Error> {
    let slot = row.take()?;
    let mut sample = WidgetSample {
        n: row.take()?,
        ts: row.take()?,
        value: row.take()?,
        unit: row
            .take::<Option<String>>()?
            .map(|unit| unit.parse())
            .transpose()
            .map_err(|_| Error::Corrupt { what: "unit" })?,
        raw: row.take::<Option<String>>()?.map(Arc::from),
        arrival: Offset(row.take()?),
        bucket: None,
    };
    if let Some(count) = row.take::<Option<u64>>()? {
        let numbers = row.take()?;
        let spread = row.take::<Option<f64>>()?.zip(row.take()?);
        sample.bucket = Some(WidgetBucket { slot, count, numbers, spread, at_arrival: row.take()? });
    }
    Ok(sample)
}
