//! What users read of executions: whoever may read a flow.

use edgesync_schemas::entity::execution::{ExecutionStatus, FlowExecution, NodeExecution};
use edgesync_schemas::entity::name_of;
use edgesync_schemas::id::{ExecutionId, FlowId, UserId};
use edgesync_schemas::limit;

use super::error::Error;
use super::execution_nodes;
use super::value::Row;
use super::{Catalog, Listing, Slice, flow, now};

impl Catalog {
    /// The runs of a flow, the newest first; those with one status, or all.
    ///
    /// # Errors
    /// [`Error::NotFound`] if `user` may not read the flow.
    pub async fn executions(
        &self,
        user: UserId,
        flow: FlowId,
        status: Option<ExecutionStatus>,
        slice: Slice,
    ) -> Result<Listing<FlowExecution>, Error> {
        self.require_readable_flow(user, flow).await?;
        let rows = self.db.query(
            "SELECT e.id, e.flow_id, e.version, e.status, e.trigger_kind, e.started_at, e.completed_at, e.result, e.error_message
             FROM flow_executions e WHERE e.flow_id = $1 AND e.id < $2 AND (e.status = $3 OR $3 IS NULL)
             ORDER BY e.id DESC LIMIT $4",
            vec![
                flow.into(),
                slice.before().into(),
                status.map(|status| name_of(&status)).into(),
                slice.fetch().into(),
            ],
        );
        let items = rows.await?.into_iter().map(|mut row| read(&mut row)).collect::<Result<_, _>>()?;
        Ok(slice.cut(items, |entry: &FlowExecution| entry.id.uuid()))
    }

    /// A run of a flow.
    ///
    /// # Errors
    /// [`Error::NotFound`] if `user` may not read the flow, or the run is none of it.
    pub async fn execution(
        &self,
        user: UserId,
        flow: FlowId,
        id: ExecutionId,
    ) -> Result<FlowExecution, Error> {
        self.require_readable_flow(user, flow).await?;
        let row = self.db.first(
            "SELECT e.id, e.flow_id, e.version, e.status, e.trigger_kind, e.started_at, e.completed_at, e.result, e.error_message
             FROM flow_executions e WHERE e.id = $1 AND e.flow_id = $2",
            vec![id.into(), flow.into()],
        );
        read(&mut row.await?.ok_or(Error::not_found("execution"))?)
    }

    /// What the nodes did in a run, the newest first; one of them, or all.
    ///
    /// # Errors
    /// As [`Catalog::execution`].
    pub async fn node_executions(
        &self,
        user: UserId,
        flow: FlowId,
        id: ExecutionId,
        node: Option<&str>,
        slice: Slice,
    ) -> Result<Listing<NodeExecution>, Error> {
        self.execution(user, flow, id).await?;
        let rows = self.db.query(
            "SELECT n.id, n.flow_execution_id, n.node_id, n.scope, n.status, n.input_data, n.output_data, n.records_in,
                n.records_out, n.errors, n.busy_ns, n.executed_at
             FROM node_executions n WHERE n.flow_execution_id = $1 AND n.id < $2 AND (n.node_id = $3 OR $3 IS NULL)
             ORDER BY n.id DESC LIMIT $4",
            vec![id.into(), slice.before().into(), node.into(), slice.fetch().into()],
        );
        let rows = rows.await?.into_iter();
        let items = rows.map(|mut row| execution_nodes::read(&mut row)).collect::<Result<_, _>>()?;
        Ok(slice.cut(items, |entry: &NodeExecution| entry.id.uuid()))
    }

    /// That `user` may read a flow.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(super) async fn require_readable_flow(&self, user: UserId, id: FlowId) -> Result<(), Error> {
        let row = self.db.first(flow::MAY_READ, flow::asking(user, id)).await?;
        row.map(drop).ok_or(Error::not_found("flow"))
    }

    /// Removes what is too old of what is kept of runs of flows: executions that have ended, what nodes did, dead letters. Some at a time,
    /// so that nobody waits for it for long. How many. Cancel safe: what was removed until then is.
    ///
    /// # Errors
    /// Of the database.
    pub async fn prune_executions(&self) -> Result<u64, Error> {
        // Ids begin with the time at which they were drawn.
        let mut removed = 0;
        for (days, sql) in [
            (
                limit::EXECUTION_DAYS,
                "DELETE FROM node_executions WHERE id IN
                    (SELECT n.id FROM node_executions n WHERE n.id < $1 ORDER BY n.id LIMIT $2)",
            ),
            (
                limit::EXECUTION_DAYS,
                "DELETE FROM flow_executions WHERE id IN (SELECT e.id FROM flow_executions e
                    WHERE e.id < $1 AND e.completed_at IS NOT NULL ORDER BY e.id LIMIT $2)",
            ),
            (
                limit::DEAD_LETTER_DAYS,
                "DELETE FROM dead_letters WHERE id IN
                    (SELECT l.id FROM dead_letters l WHERE l.id < $1 ORDER BY l.id LIMIT $2)",
            ),
        ] {
            let before = first_id_at(now().plus_us(-days * 86_400_000_000).as_ms());
            loop {
                let mut tx = self.db.begin().await?;
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

/// The lowest id that is drawn at a time: a UUID of version 7 begins with 48 bits of milliseconds.
pub(super) fn first_id_at(ms: i64) -> uuid::Uuid {
    uuid::Uuid::from_u128(u128::from(ms.max(0).cast_unsigned()) << 80)
}

/// id, flow_id, version, status, trigger_kind, started_at, completed_at, result, error_message
fn read(row: &mut Row) -> Result<FlowExecution, Error> {
    Ok(FlowExecution {
        id: row.take()?,
        flow_id: row.take()?,
        version: row.take()?,
        status: row.name()?,
        trigger: row.name()?,
        started_at: row.take()?,
        completed_at: row.take()?,
        result: row.json()?,
        error_message: row.take()?,
    })
}
