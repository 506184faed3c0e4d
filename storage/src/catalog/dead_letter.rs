//! Dead letters: records that flows could not handle, in batches as they come. Of each flow the newest are kept: each is numbered within
//! its flow, and those whose number is too low go in the transaction that makes others.

use std::collections::BTreeSet;

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::dead_letter::DeadLetter;
use edgesync_schemas::id::{FlowId, UserId};
use edgesync_schemas::limit;
use serde_json::json;

use super::error::Error;
use super::execution_nodes::{count, counted};
use super::value::{Row, Value};
use super::{Catalog, Listing, Slice, audit, flow};

impl Catalog {
    /// Writes down records that flows could not handle. Those of flows that are gone are left out, and what is too large of others is
    /// cut off ([`DeadLetter::bounded`]). A record that is there already stays as it is: of the same node and reading, with the same value and
    /// what was wrong with it. So it may be asked again, and a reading that is fed again after a crash leaves no second letter. Ids are drawn by whoever found the records: lists
    /// are in their order. Not for users: it is asked by whoever runs the flows.
    ///
    /// # Errors
    /// Of the database: then none is written down.
    pub async fn add_dead_letters(&self, letters: &[DeadLetter]) -> Result<(), Error> {
        if letters.is_empty() {
            return Ok(());
        }
        let flows: BTreeSet<FlowId> = letters.iter().map(|letter| letter.flow_id).collect();
        let mut tx = self.db.begin().await?;
        tx.execute_all(
            "INSERT INTO dead_letters (id, version, node_id, device_id, sensor_type, event_time, arrival_offset, value, is_cut,
                code, detail, skipped, at, flow_id, seq)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, f.id,
                (SELECT COALESCE(max(l.seq), 0) + 1 FROM dead_letters l WHERE l.flow_id = f.id)
             FROM flows f WHERE f.id = $14 AND NOT EXISTS (SELECT 1 FROM dead_letters l WHERE l.flow_id = f.id
                AND l.arrival_offset = $7 AND l.node_id = $3 AND l.code = $10 AND CAST(l.value AS TEXT) = $15)
             ON CONFLICT (id) DO NOTHING",
            letters.iter().map(values).collect(),
        )
        .await?;
        let sets = flows.into_iter().map(|flow| vec![flow.into(), limit::DEAD_LETTERS_PER_FLOW.into()]);
        tx.execute_all(
            "DELETE FROM dead_letters WHERE flow_id = $1 AND seq <=
                (SELECT max(l.seq) FROM dead_letters l WHERE l.flow_id = $1) - $2",
            sets.collect(),
        )
        .await?;
        tx.commit().await
    }

    /// The dead letters of a flow, the newest first; those of one node, or all.
    ///
    /// # Errors
    /// [`Error::NotFound`] if `user` may not read the flow.
    pub async fn dead_letters(
        &self,
        user: UserId,
        flow: FlowId,
        node: Option<&str>,
        slice: Slice,
    ) -> Result<Listing<DeadLetter>, Error> {
        self.require_readable_flow(user, flow).await?;
        let rows = self.db.query(
            "SELECT l.id, l.flow_id, l.version, l.node_id, l.device_id, l.sensor_type, l.event_time, l.arrival_offset, l.value,
                l.is_cut, l.code, l.detail, l.skipped, l.at
             FROM dead_letters l WHERE l.flow_id = $1 AND l.id < $2 AND (l.node_id = $3 OR $3 IS NULL)
             ORDER BY l.id DESC LIMIT $4",
            vec![flow.into(), slice.before().into(), node.into(), slice.fetch().into()],
        );
        let items = rows.await?.into_iter().map(|mut row| read(&mut row)).collect::<Result<_, _>>()?;
        Ok(slice.cut(items, |letter: &DeadLetter| letter.id.uuid()))
    }

    /// Removes all dead letters of a flow. How many there were.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`] if `user` may not change the flow.
    pub async fn delete_dead_letters(&self, user: UserId, id: FlowId) -> Result<u64, Error> {
        let mut tx = self.db.begin().await?;
        let name = flow::require_editable(&mut tx, user, id).await?;
        let removed = tx.execute("DELETE FROM dead_letters WHERE flow_id = $1", vec![id.into()]).await?;
        if removed > 0 {
            let (book, details) = (flow::book(&mut tx, id).await?, json!({"name": name, "count": removed}));
            audit::note(&mut tx, user, book, AuditAction::FlowDeadLettersDeleted, id, details).await?;
            tx.commit().await?;
        }
        Ok(removed)
    }
}

/// id, version, node_id, device_id, sensor_type, event_time, arrival_offset, value, is_cut, code, detail, skipped, at, flow_id, value
fn values(letter: &DeadLetter) -> Vec<Value> {
    let letter = letter.clone().bounded();
    vec![
        letter.id.into(),
        letter.version.into(),
        letter.node_id.into(),
        letter.device_id.into(),
        letter.sensor_type.into(),
        letter.timestamp.into(),
        count(letter.offset),
        Value::json(&letter.value),
        letter.is_cut.into(),
        letter.code.into(),
        letter.detail.into(),
        count(letter.skipped),
        letter.at.into(),
        letter.flow_id.into(),
        Value::json(&letter.value),
    ]
}

/// id, flow_id, version, node_id, device_id, sensor_type, event_time, arrival_offset, value, is_cut, code, detail, skipped, at
fn read(row: &mut Row) -> Result<DeadLetter, Error> {
    Ok(DeadLetter {
        id: row.take()?,
        flow_id: row.take()?,
        version: row.take()?,
        node_id: row.take()?,
        device_id: row.take()?,
        sensor_type: row.take()?,
        timestamp: row.take()?,
        offset: counted(row)?,
        value: row.json()?,
        is_cut: row.take()?,
        code: row.take()?,
        detail: row.take()?,
        skipped: counted(row)?,
        at: row.take()?,
    })
}
