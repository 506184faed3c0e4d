//! Versions of flows, as they were deployed. None is ever changed: its row is written once, by the first deployment of it.

use edgesync_schemas::entity::flow_version::{FlowVersion, FlowVersionSummary};
use edgesync_schemas::id::{FlowId, UserId};
use serde_json::Value as Json;
use uuid::Uuid;

use super::error::Error;
use super::value::Row;
use super::{Catalog, Listing, Slice};

impl Catalog {
    /// The versions of a flow that are kept, the newest first, without their diagrams.
    ///
    /// # Errors
    /// [`Error::NotFound`] if `user` may not read the flow.
    pub async fn flow_versions(
        &self,
        user: UserId,
        flow: FlowId,
        slice: Slice,
    ) -> Result<Listing<FlowVersionSummary>, Error> {
        self.require_readable_flow(user, flow).await?;
        // Lists name entries by UUIDs: here the number is one.
        let before = i64::try_from(slice.before().as_u128()).unwrap_or(i64::MAX);
        let rows = self.db.query(
            "SELECT v.version, v.created_at, v.deployed_by, CASE WHEN f.deployed_version = v.version THEN 1 ELSE 0 END
             FROM flow_versions v JOIN flows f ON f.id = v.flow_id
             WHERE v.flow_id = $1 AND v.version < $2 ORDER BY v.version DESC LIMIT $3",
            vec![flow.into(), before.into(), slice.fetch().into()],
        );
        let items = rows.await?.into_iter().map(|mut row| summary(&mut row)).collect::<Result<_, _>>()?;
        Ok(slice.cut(items, |entry: &FlowVersionSummary| Uuid::from_u128(entry.version.into())))
    }

    /// A version of a flow.
    ///
    /// # Errors
    /// [`Error::NotFound`] if `user` may not read the flow, or the version was not deployed or is not kept any more.
    pub async fn flow_version(&self, user: UserId, flow: FlowId, version: u32) -> Result<FlowVersion, Error> {
        self.require_readable_flow(user, flow).await?;
        let row = self.db.first(
            "SELECT v.version, v.created_at, v.deployed_by, CASE WHEN f.deployed_version = v.version THEN 1 ELSE 0 END, v.diagram
             FROM flow_versions v JOIN flows f ON f.id = v.flow_id WHERE v.flow_id = $1 AND v.version = $2",
            vec![flow.into(), version.into()],
        );
        let mut row = row.await?.ok_or(Error::not_found("version"))?;
        let summary = summary(&mut row)?;
        let mut diagram: Json = row.json()?;
        let mut list = |name: &str| match diagram[name].take() {
            Json::Array(items) => items,
            _ => Vec::new(),
        };
        Ok(FlowVersion { summary, nodes: list("nodes"), edges: list("edges") })
    }
}

/// version, created_at, deployed_by, whether it is deployed
fn summary(row: &mut Row) -> Result<FlowVersionSummary, Error> {
    Ok(FlowVersionSummary {
        version: row.take()?,
        created_at: row.take()?,
        deployed_by: row.take()?,
        is_deployed: row.take()?,
    })
}
