//! Whether somebody may still watch what they watch: asked of many things at once, since hundreds of sockets may ask in the same
//! second. The rules are those of the questions that a subscription begins with (`readable_widget`, `may_read_source`, `readable_device`,
//! `readable_flow`), and a test holds the two together.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::LazyLock;

use edgesync_schemas::entity::widget::{Aggregation, DataSource};
use edgesync_schemas::id::{DashboardId, DeviceId, FlowId, Id, OrganizationId, UserId, WidgetId};
use uuid::Uuid;

use super::error::Error;
use super::value::Value;
use super::widget_row::source;
use super::{Catalog, within};

/// Things that one statement asks about.
const AT_ONCE: usize = 50;

/// A widget that somebody may see.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchedWidget {
    /// Of which dashboard.
    pub dashboard: DashboardId,
    /// That of the dashboard, and that of its source if it has one.
    pub organizations: [Option<OrganizationId>; 2],
    /// Whether they may read its source, too.
    pub reads_source: bool,
    /// Its source.
    pub source: DataSource,
    /// What becomes of the source's values.
    pub aggregation: Aggregation,
    /// Of how many milliseconds.
    pub refresh_interval: u32,
    /// How many values it shows.
    pub max_samples: u32,
}

static WIDGETS: LazyLock<String> = LazyLock::new(|| {
    of_several(
        "SELECT w.id, w.dashboard_template_uuid, t.organization_id, COALESCE(d.organization_id, p.organization_id),
            CASE WHEN w.data_source_type = 'static' OR dm.user_id = $1 OR fm.user_id = $1 OR (f.owner_id = $1 AND $2)
                THEN 1 ELSE 0 END,
            w.data_source_type, w.flow_id, w.node_id, w.output_field, w.device_id, w.sensor_type, w.static_value,
            w.aggregation, w.refresh_interval, w.max_samples
         FROM dashboard_widgets w JOIN dashboard_templates t ON t.id = w.dashboard_template_uuid
         JOIN organization_members m ON m.organization_id = t.organization_id AND m.user_id = $1
         LEFT JOIN devices d ON d.id = w.device_id
         LEFT JOIN organization_members dm ON dm.organization_id = d.organization_id AND dm.user_id = $1
         LEFT JOIN flows f ON f.id = w.flow_id
         LEFT JOIN projects p ON p.id = f.project_id
         LEFT JOIN organization_members fm ON fm.organization_id = p.organization_id AND fm.user_id = $1
         WHERE w.id IN ",
        3,
    )
});

static DEVICES: LazyLock<String> = LazyLock::new(|| {
    of_several(
        "SELECT d.id, d.organization_id
         FROM devices d JOIN organization_members m ON m.organization_id = d.organization_id
         WHERE m.user_id = $1 AND d.id IN ",
        2,
    )
});

static FLOWS: LazyLock<String> = LazyLock::new(|| {
    of_several(
        "SELECT f.id, p.organization_id FROM flows f LEFT JOIN projects p ON p.id = f.project_id
         LEFT JOIN organization_members m ON m.organization_id = p.organization_id AND m.user_id = $1
         WHERE (m.user_id = $1 OR (f.owner_id = $1 AND $2)) AND f.id IN ",
        3,
    )
});

/// A statement that ends with the numbers of [`AT_ONCE`] parameters from `first` on.
fn of_several(sql: &str, first: usize) -> String {
    let mut sql = sql.to_owned();
    for number in first..first + AT_ONCE {
        // Writing to a string cannot fail.
        let _ = write!(sql, "{}${number}", if number == first { "(" } else { ", " });
    }
    sql + ")"
}

/// The parameters of the statements for `ids`: those that all have, then the ids, then ids of nothing.
fn asked<K>(shared: &[Value], ids: &[Id<K>]) -> Vec<Vec<Value>> {
    let statements = ids.chunks(AT_ONCE).map(|some| {
        let mut values = shared.to_vec();
        values.extend(some.iter().map(|id| (*id).into()));
        values.resize(shared.len() + AT_ONCE, Uuid::nil().into());
        values
    });
    statements.collect()
}

impl Catalog {
    /// Those of these widgets that `user` may see.
    ///
    /// # Errors
    /// Of the database.
    pub async fn watchable_widgets(
        &self,
        user: UserId,
        ids: &[WidgetId],
    ) -> Result<HashMap<WidgetId, WatchedWidget>, Error> {
        let mut found = HashMap::with_capacity(ids.len());
        for values in asked(&[user.into(), within::is_everywhere().into()], ids) {
            for mut row in self.db.query(&WIDGETS, values).await? {
                let id = row.take()?;
                let widget = WatchedWidget {
                    dashboard: row.take()?,
                    organizations: [row.take()?, row.take()?],
                    reads_source: row.take()?,
                    source: source(&mut row)?,
                    aggregation: row.name()?,
                    refresh_interval: row.take()?,
                    max_samples: row.take()?,
                };
                found.insert(id, widget);
            }
        }
        Ok(found)
    }

    /// Those of these devices that `user` may read, and where they are.
    ///
    /// # Errors
    /// Of the database.
    pub async fn watchable_devices(
        &self,
        user: UserId,
        ids: &[DeviceId],
    ) -> Result<HashMap<DeviceId, OrganizationId>, Error> {
        let mut found = HashMap::with_capacity(ids.len());
        for values in asked(&[user.into()], ids) {
            for mut row in self.db.query(&DEVICES, values).await? {
                found.insert(row.take()?, row.take()?);
            }
        }
        Ok(found)
    }

    /// Those of these flows that `user` may read, and where they are: in no organization, if they are their owner's alone.
    ///
    /// # Errors
    /// Of the database.
    pub async fn watchable_flows(
        &self,
        user: UserId,
        ids: &[FlowId],
    ) -> Result<HashMap<FlowId, Option<OrganizationId>>, Error> {
        let mut found = HashMap::with_capacity(ids.len());
        for values in asked(&[user.into(), within::is_everywhere().into()], ids) {
            for mut row in self.db.query(&FLOWS, values).await? {
                found.insert(row.take()?, row.take()?);
            }
        }
        Ok(found)
    }
}
