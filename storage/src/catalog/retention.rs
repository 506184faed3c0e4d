//! What the platform itself asks for to drop what is too old. No user asks these.

use edgesync_schemas::id::DeviceId;
use edgesync_schemas::limit;
use uuid::Uuid;

use super::error::Error;
use super::{Catalog, now};

impl Catalog {
    /// Those of `known` that do not exist any more.
    ///
    /// # Errors
    /// Of the database.
    pub async fn missing_devices(&self, mut known: Vec<DeviceId>) -> Result<Vec<DeviceId>, Error> {
        known.sort_unstable();
        let mut missing = Vec::new();
        let mut rest = known.into_iter().peekable();
        let mut after = Uuid::nil();
        while rest.peek().is_some() {
            let rows = self.db.query(
                "SELECT d.id FROM devices d WHERE d.id > $1 ORDER BY d.id LIMIT $2",
                vec![after.into(), limit::CATALOG_SCAN.into()],
            );
            let rows = rows.await?;
            let is_last = rows.len() < limit::CATALOG_SCAN as usize;
            for mut row in rows {
                let device: DeviceId = row.take()?;
                after = device.uuid();
                while let Some(before) = rest.next_if(|known| *known < device) {
                    missing.push(before);
                }
                rest.next_if_eq(&device);
            }
            if is_last {
                missing.extend(rest);
                break;
            }
        }
        Ok(missing)
    }

    /// Removes what has ended and only takes room: sessions. Some at a time, so that nobody waits for it for long.
    ///
    /// # Errors
    /// Of the database.
    pub async fn remove_ended(&self) -> Result<u64, Error> {
        let mut removed = 0;
        loop {
            let mut tx = self.db.begin().await?;
            let some = tx.execute(
                "DELETE FROM sessions WHERE id IN (SELECT s.id FROM sessions s WHERE s.expires_at <= $1 LIMIT $2)",
                vec![now().into(), limit::REMOVED_ROWS.into()],
            );
            let some = some.await?;
            tx.commit().await?;
            removed += some;
            if some < u64::from(limit::REMOVED_ROWS) {
                return Ok(removed);
            }
        }
    }
}
