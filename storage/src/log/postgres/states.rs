//! What flows remember, in PostgreSQL.

use edgesync_schemas::id::FlowId;
use uuid::Uuid;

use super::super::Error;
use super::{Loan, Postgres, failed, not_connected};

impl Postgres {
    /// What a flow remembered when it was saved last.
    pub async fn state(&self, flow: FlowId) -> Result<Option<Vec<u8>>, Error> {
        const SQL: &str = "SELECT state FROM flow_states WHERE flow_id = $1";
        let rows = self.ask(&self.pool, SQL, &[&flow.uuid()]).await?;
        Ok(rows.first().map(|row| row.get(0)))
    }

    /// The flows of which something is remembered.
    pub async fn states(&self) -> Result<Vec<FlowId>, Error> {
        let rows = self.ask(&self.pool, "SELECT flow_id FROM flow_states", &[]).await?;
        Ok(rows.iter().map(|row| FlowId::from_uuid(row.get(0))).collect())
    }

    /// Saves and forgets states in one transaction, if this server still owns the log.
    pub async fn save_states(
        &self,
        states: &[(FlowId, Option<Vec<u8>>)],
        is_synced: bool,
    ) -> Result<(), Error> {
        const OWNED: &str = "SELECT 1 FROM log_state WHERE owner = $1 FOR SHARE";
        const SAVE: &str = "INSERT INTO flow_states (flow_id, state) SELECT * FROM unnest($1::uuid[], $2::bytea[]) \
            ON CONFLICT (flow_id) DO UPDATE SET state = EXCLUDED.state";
        const FORGET: &str = "DELETE FROM flow_states WHERE flow_id = ANY($1)";
        let owner = self.at_work().owner;
        let (mut flows, mut kept, mut gone) = (Vec::<Uuid>::new(), Vec::<&[u8]>::new(), Vec::<Uuid>::new());
        for (flow, state) in states {
            match state {
                Some(state) => {
                    flows.push(flow.uuid());
                    kept.push(state);
                }
                None => gone.push(flow.uuid()),
            }
        }
        let mut client = self.tails.lend().await.map_err(not_connected)?;
        let save = async |client: &mut Loan| {
            let transaction = client.transaction().await?;
            if !is_synced {
                transaction.batch_execute("SET LOCAL synchronous_commit = off").await?;
            }
            let owned = transaction.query(OWNED, &[&owner]).await?;
            if !owned.is_empty() {
                transaction.execute(SAVE, &[&flows, &kept]).await?;
                transaction.execute(FORGET, &[&gone]).await?;
            }
            transaction.commit().await.map(|()| !owned.is_empty())
        };
        let saved = save(&mut client).await;
        client.settle();
        if saved.map_err(failed)? { Ok(()) } else { Err(Error::Unavailable) }
    }
}
