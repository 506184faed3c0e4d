//! What widgets keep of devices' sensors. A variable is made, changed and removed with its widget, in the same transaction.

use edgesync_schemas::entity::widget::{DashboardWidget, DataSource, TrackedVariable};
use edgesync_schemas::id::{UserId, WidgetId, kind};

use super::db::Tx;
use super::error::Error;
use super::value::Row;
use super::{Catalog, new_id};

impl Catalog {
    /// The variables of a widget whose dashboard `user` may read: one if its source is a device's sensor, none otherwise.
    ///
    /// # Errors
    /// Of the database; one that is not there for the user has none.
    pub async fn tracked_variables(
        &self,
        user: UserId,
        widget: WidgetId,
    ) -> Result<Vec<TrackedVariable>, Error> {
        let rows = self.db.query(
            "SELECT v.id, v.device_id, v.sensor_type, v.widget_id, v.dashboard_uuid, v.max_samples, v.created_at, v.updated_at
             FROM tracked_variables v JOIN dashboard_templates t ON t.id = v.dashboard_uuid
             JOIN organization_members m ON m.organization_id = t.organization_id
             WHERE m.user_id = $1 AND v.widget_id = $2 ORDER BY v.id",
            vec![user.into(), widget.into()],
        );
        rows.await?.into_iter().map(|mut row| read(&mut row)).collect()
    }
}

/// Makes the variables of a widget what its source needs.
pub(super) async fn follow(tx: &mut Tx, widget: &DashboardWidget) -> Result<(), Error> {
    let DataSource::DeviceSensor { device_id, sensor_type } = &widget.source else {
        let sql = "DELETE FROM tracked_variables WHERE widget_id = $1";
        return tx.execute(sql, vec![widget.id.into()]).await.map(drop);
    };
    tx.execute(
        "DELETE FROM tracked_variables WHERE widget_id = $1 AND (device_id <> $2 OR sensor_type <> $3)",
        vec![widget.id.into(), (*device_id).into(), sensor_type.as_str().into()],
    )
    .await?;
    tx.execute(
        "INSERT INTO tracked_variables (id, device_id, sensor_type, widget_id, dashboard_uuid, max_samples, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
         ON CONFLICT (device_id, sensor_type, widget_id)
            DO UPDATE SET max_samples = excluded.max_samples, updated_at = excluded.updated_at",
        vec![
            new_id::<kind::Variable>().into(),
            (*device_id).into(),
            sensor_type.as_str().into(),
            widget.id.into(),
            widget.dashboard_template_uuid.into(),
            widget.max_samples.into(),
            widget.updated_at.into(),
        ],
    )
    .await
    .map(drop)
}

/// id, device_id, sensor_type, widget_id, dashboard_uuid, max_samples, created_at, updated_at
fn read(row: &mut Row) -> Result<TrackedVariable, Error> {
    Ok(TrackedVariable {
        id: row.take()?,
        device_id: row.take()?,
        sensor_type: row.take::<String>()?.parse().map_err(|_| Error::Corrupt { what: "sensor's name" })?,
        widget_id: row.take()?,
        dashboard_uuid: row.take()?,
        max_samples: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}
