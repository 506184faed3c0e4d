//! The newest values of what flows' nodes put out, for the widgets that show them: a ring of `max_samples` rows for each widget.
//!
//! Values of a widget are numbered (n) without end; the one numbered n has the slot n mod `max_samples`, where it takes the place of an older one,
//! so rows are replaced and none is removed. What is `max_samples` or more behind the newest is stale: it stays where what should have replaced
//! it was never written, and nobody reads it. They go with the widget, and with its source; what becomes of the source's values is another matter.

use std::sync::Arc;

use edgesync_schemas::entity::widget::{DashboardWidget, DataSource};
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
    /// When its source or its `max_samples` was changed last.
    pub kept_since: Timestamp,
}

/// A value that is stored for a widget.
#[derive(Debug, Clone, PartialEq)]
pub struct WidgetSample {
    /// Its number; later ones have higher ones, with gaps where some were not written.
    pub n: u64,
    /// Event time.
    pub ts: Timestamp,
    /// The number; finite. 0 where the value is text or an object.
    pub value: f64,
    /// The unit.
    pub unit: Option<Unit>,
    /// The original JSON, where it is no number; at most [`limit::RAW_VALUE_BYTES`].
    pub raw: Option<Arc<str>>,
    /// No reading that it comes from arrived after this one.
    pub arrival: Offset,
}

/// Values of one widget that are to be stored.
#[derive(Debug, Clone)]
pub struct WidgetSamples {
    /// The widget.
    pub widget: WidgetId,
    /// When its source or its `max_samples` was changed last, as far as known. It has been since: nothing is stored.
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
            "SELECT s.widget_id, s.slot, s.n, s.ts, s.value, s.unit, s.raw, s.arrival_offset FROM widget_samples s
             WHERE (s.widget_id, s.slot) > ($1, $2) ORDER BY s.widget_id, s.slot LIMIT $3",
            vec![after_widget(widget), slot.into(), limit::KEPT_PAGE.into()],
        );
        let read = |mut row: Row| Ok(((row.take()?, row.take()?), sample(&mut row)?));
        rows.await?.into_iter().map(read).collect()
    }

    /// The samples that are stored for a widget, oldest first.
    ///
    /// # Errors
    /// Of the database.
    pub async fn widget_samples(&self, widget: WidgetId) -> Result<Vec<WidgetSample>, Error> {
        let rows = self.db.query(
            "SELECT s.n, s.ts, s.value, s.unit, s.raw, s.arrival_offset
             FROM widget_samples s JOIN dashboard_widgets w ON w.id = s.widget_id WHERE s.widget_id = $1
                AND s.n > (SELECT max(l.n) FROM widget_samples l WHERE l.widget_id = $1) - w.max_samples ORDER BY s.n",
            vec![widget.into()],
        );
        rows.await?.into_iter().map(|mut row| sample(&mut row)).collect()
    }

    /// Stores values of widgets, in one transaction; how many. One that is stored already, or whose slot has a newer one, is left as it is, so it may be
    /// asked again. Those of widgets that are gone, or were changed meanwhile, are left out.
    ///
    /// # Errors
    /// Of the database: then none is stored.
    pub async fn put_widget_samples(&self, widgets: Vec<WidgetSamples>) -> Result<u64, Error> {
        if widgets.is_empty() {
            return Ok(0);
        }
        let mut sets = Vec::new();
        let mut too_old = Vec::new();
        for widget in widgets {
            if let Some(from) = widget.keep_from {
                too_old.push(vec![
                    widget.widget.into(),
                    Value::Int(from.cast_signed()),
                    widget.kept_since.into(),
                ]);
            }
            sets.extend(
                widget.samples.into_iter().map(|sample| values(widget.widget, widget.kept_since, sample)),
            );
        }
        let mut tx = self.db.begin().await?;
        let put = tx.execute_all(PUT, sets).await?;
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

/// Whether another source is kept of a widget after a change, or more or less of it.
pub(super) fn is_other(before: &DashboardWidget, after: &DashboardWidget) -> bool {
    before.source != after.source || before.max_samples != after.max_samples
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
    if before.source != after.source {
        let sql = "DELETE FROM widget_samples WHERE widget_id = $1";
        return tx.execute(sql, vec![after.id.into()]).await.map(drop);
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

fn values(widget: WidgetId, kept_since: Timestamp, sample: WidgetSample) -> Vec<Value> {
    vec![
        Value::Int(sample.n.cast_signed()),
        sample.ts.into(),
        sample.value.into(),
        sample.unit.as_ref().map(Unit::as_str).into(),
        sample.raw.as_deref().into(),
        Value::Int(sample.arrival.0.cast_signed()),
        widget.into(),
        kept_since.into(),
    ]
}

/// organization, kept_since, then the columns of a widget
fn tracked(row: &mut Row) -> Result<Tracked, Error> {
    let organization = row.take()?;
    let kept_since = row.take()?;
    let id = row.take()?;
    Ok(Tracked { organization, kept_since, widget: widget_row::read(id, row)? })
}

/// n, ts, value, unit, raw, arrival_offset
fn sample(row: &mut Row) -> Result<WidgetSample, Error> {
    Ok(WidgetSample {
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
    })
}
