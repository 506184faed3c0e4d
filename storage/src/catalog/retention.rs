//! What the platform itself asks for to drop what is too old. No user asks these.

use std::collections::HashMap;

use edgesync_schemas::id::{DeviceId, FlowId};
use edgesync_schemas::limit;
use uuid::Uuid;

use super::error::Error;
use super::{Catalog, now};

impl Catalog {
    /// For how many days the readings of devices are kept, where that is not `default_days`: the most that one of a device's projects asks.
    ///
    /// # Errors
    /// Of the database.
    pub async fn retention_days(&self, default_days: u32) -> Result<HashMap<DeviceId, u32>, Error> {
        let mut days = HashMap::new();
        let mut after = Uuid::nil();
        loop {
            let rows = self.db.query(
                "SELECT pd.device_id, max(p.data_retention_days)
                 FROM project_devices pd JOIN projects p ON p.id = pd.project_id
                 WHERE pd.device_id > $1
                 GROUP BY pd.device_id HAVING max(p.data_retention_days) <> $2
                 ORDER BY pd.device_id LIMIT $3",
                vec![after.into(), default_days.into(), limit::CATALOG_SCAN.into()],
            );
            let rows = rows.await?;
            let is_last = rows.len() < limit::CATALOG_SCAN as usize;
            for mut row in rows {
                let device: DeviceId = row.take()?;
                after = device.uuid();
                days.insert(device, row.take()?);
            }
            if is_last {
                return Ok(days);
            }
        }
    }

    /// For how many days the rows of flows are kept, where that is not `default_days`: what a flow's project asks.
    ///
    /// # Errors
    /// Of the database.
    pub async fn flow_retention_days(&self, default_days: u32) -> Result<HashMap<FlowId, u32>, Error> {
        let mut days = HashMap::new();
        let mut after = Uuid::nil();
        loop {
            let rows = self.db.query(
                "SELECT f.id, p.data_retention_days FROM flows f JOIN projects p ON p.id = f.project_id
                 WHERE f.id > $1 AND p.data_retention_days <> $2 ORDER BY f.id LIMIT $3",
                vec![after.into(), default_days.into(), limit::CATALOG_SCAN.into()],
            );
            let rows = rows.await?;
            let is_last = rows.len() < limit::CATALOG_SCAN as usize;
            for mut row in rows {
                let flow: FlowId = row.take()?;
                after = flow.uuid();
                days.insert(flow, row.take()?);
            }
            if is_last {
                return Ok(days);
            }
        }
    }

    /// Those of `known` that do not exist any more.
    ///
    /// # Errors
    /// Of the database.
    pub async fn missing_devices(&self, known: Vec<DeviceId>) -> Result<Vec<DeviceId>, Error> {
        const SQL: &str = "SELECT d.id FROM devices d WHERE d.id > $1 ORDER BY d.id LIMIT $2";
        let missing = self.missing(SQL, known.iter().map(|device| device.uuid()).collect()).await?;
        Ok(missing.into_iter().map(DeviceId::from_uuid).collect())
    }

    /// Those of `known` that do not exist any more.
    ///
    /// # Errors
    /// Of the database.
    pub async fn missing_flows(&self, known: Vec<FlowId>) -> Result<Vec<FlowId>, Error> {
        const SQL: &str = "SELECT f.id FROM flows f WHERE f.id > $1 ORDER BY f.id LIMIT $2";
        let missing = self.missing(SQL, known.iter().map(|flow| flow.uuid()).collect()).await?;
        Ok(missing.into_iter().map(FlowId::from_uuid).collect())
    }

    /// Those of `known` that a question for ids after one, in their order, does not find.
    async fn missing(&self, sql: &'static str, mut known: Vec<Uuid>) -> Result<Vec<Uuid>, Error> {
        known.sort_unstable();
        let mut missing = Vec::new();
        let mut rest = known.into_iter().peekable();
        let mut after = Uuid::nil();
        while rest.peek().is_some() {
            let rows = self.db.query(sql, vec![after.into(), limit::CATALOG_SCAN.into()]).await?;
            let is_last = rows.len() < limit::CATALOG_SCAN as usize;
            for mut row in rows {
                // of whatever kind
                let found = row.take::<DeviceId>()?.uuid();
                after = found;
                while let Some(before) = rest.next_if(|known| *known < found) {
                    missing.push(before);
                }
                rest.next_if_eq(&found);
            }
            if is_last {
                missing.extend(rest);
                break;
            }
        }
        Ok(missing)
    }

    /// Removes what has ended and only takes room: sessions, API tokens that ended [`limit::API_TOKEN_ENDED_DAYS`] ago, and answers kept
    /// for those who ask twice. Some at a time, so that nobody waits for it for long.
    ///
    /// # Errors
    /// Of the database.
    pub async fn remove_ended(&self) -> Result<u64, Error> {
        let mut removed = 0;
        for (kept_us, sql) in [
            (
                0,
                "DELETE FROM sessions WHERE id IN (SELECT s.id FROM sessions s WHERE s.expires_at <= $1 LIMIT $2)",
            ),
            (
                limit::API_TOKEN_ENDED_DAYS * 86_400_000_000,
                "DELETE FROM api_tokens WHERE id IN (SELECT t.id FROM api_tokens t WHERE t.expires_at <= $1 LIMIT $2)",
            ),
            (
                0,
                "DELETE FROM idempotency_keys WHERE id IN
                    (SELECT k.id FROM idempotency_keys k WHERE k.expires_at <= $1 LIMIT $2)",
            ),
        ] {
            loop {
                let mut tx = self.db.begin().await?;
                let before = now().plus_us(-kept_us);
                let some = tx.execute(sql, vec![before.into(), limit::REMOVED_ROWS.into()]).await?;
                tx.commit().await?;
                removed += some;
                if some < u64::from(limit::REMOVED_ROWS) {
                    break;
                }
            }
        }
        Ok(removed)
    }
}
