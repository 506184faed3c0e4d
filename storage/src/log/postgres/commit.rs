//! One commit: a transaction that stores all of it or nothing.
//!
//! What is sent, and how often the answer is waited for:
//! 1. `BEGIN`, the first `COPY`: one wait, until the server wants the rows.
//! 2. Rows, day by day, straight into the day's partition: a wait for each further day.
//! 3. Series that are new or changed, the commit's record and `COMMIT` together: one wait, the fsync. Sent when the commit before
//!    this one is durable, so that commits land in order although two connections work on them.
//!
//! Before it waits for the commit before it, a commit takes no lock that the other may want: PostgreSQL knows nothing of that wait, and would
//! leave both to it for ever. So series, which both may have, come after it; rows are of nobody else. What third parties lock is given
//! up after a while (`connection.rs`).
//!
//! After an error nothing can be said about what is stored: the outcome is looked up by the commit's number (`append/recover.rs`).

use std::pin::pin;
use std::sync::Arc;

use bytes::BytesMut;
use edgesync_schemas::limit;
use edgesync_schemas::reading::{Commit, SeriesInfo};
use futures_util::{SinkExt, future};
use tokio::sync::oneshot;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, CopyInSink, Error, Statement};
use uuid::Uuid;

use super::encode::{COLUMNS, Encoder, Rows};
use super::failure::{Failure, Trouble};
use super::partition::Partitions;
use super::session::{Lane, Stored, begin};

/// A commit on its way.
pub(super) struct Order {
    pub commit: Arc<Commit>,
    /// What it will be when it is stored.
    pub becomes: Stored,
    pub owner: Uuid,
    /// The record of the marks that it moves.
    pub marks: Vec<u8>,
    /// Fires when the commit before this one is durable; `None` if it is. Dropped if that one failed.
    pub after: Option<oneshot::Receiver<()>>,
}

impl Lane {
    /// Stores a commit. `buffer` is used up and given back empty.
    pub async fn commit(
        &mut self,
        order: Order,
        keeper: &Client,
        partitions: &Partitions,
        buffer: &mut BytesMut,
    ) -> Result<(), Trouble> {
        let Order { commit, becomes, owner, marks, after } = order;
        let rows = Rows::of(&commit);
        let days: Vec<_> = rows.days().collect();
        // Until this is done, none of them is dropped.
        let using = partitions.using(days.iter().map(|(day, _)| *day).collect()).await;
        partitions.ensure(keeper, using.days()).await?;
        // Prepared before the transaction begins, which then has one wait less.
        let mut copies = Vec::new();
        if days.len() > limit::LOG_COPY_DAYS {
            copies.push((self.copy("readings").await?, rows.all()));
        } else {
            for (day, of_day) in days {
                copies.push((self.copy(&day.table()).await?, of_day));
            }
        }
        let client = &*self.connection;
        let begin = begin();
        let mut opening = Some(client.batch_execute(&begin));
        for (statement, of_day) in &copies {
            let open = client.copy_in(statement);
            let sink: CopyInSink<bytes::Bytes> = match opening.take() {
                Some(opening) => future::try_join(opening, open).await?.1,
                None => open.await?,
            };
            let mut sink = pin!(sink);
            let mut encoder = Encoder::new(&commit, &rows, of_day);
            while let Some(message) = encoder.next(buffer) {
                sink.feed(message).await?;
            }
            sink.finish().await?;
        }
        if let Some(opening) = opening {
            opening.await?;
        }
        if let Some(after) = after
            && after.await.is_err()
        {
            return Err(Trouble::new(Failure::Other, "the commit before this one failed"));
        }
        let number = becomes.number;
        let end = becomes.end.0.cast_signed();
        let parameters: [&(dyn ToSql + Sync); 4] = [&number, &owner, &end, &marks];
        // In this order: each is sent when it is first looked at.
        let series = add_series(client, &self.statements.series, &commit.new_series);
        let record = client.execute(&self.statements.commit, &parameters);
        future::try_join3(series, record, client.batch_execute("COMMIT")).await?;
        Ok(())
    }

    async fn copy(&mut self, table: &str) -> Result<Statement, Error> {
        let copies = &mut self.statements.copies;
        if let Some((_, statement)) = copies.iter().find(|(known, _)| known == table) {
            return Ok(statement.clone());
        }
        let sql = format!("COPY {table} ({COLUMNS}) FROM STDIN BINARY");
        let statement = self.connection.prepare(&sql).await?;
        if copies.len() >= limit::LOG_COPY_STATEMENTS {
            copies.remove(0);
        }
        copies.push((table.to_owned(), statement.clone()));
        Ok(statement)
    }
}

/// Writes series, and the units of those that are there.
pub(super) async fn add_series(
    client: &Client,
    statement: &Statement,
    series: &[Arc<SeriesInfo>],
) -> Result<(), Error> {
    if series.is_empty() {
        return Ok(());
    }
    let ids: Vec<i32> = series.iter().map(|info| info.id.0.cast_signed()).collect();
    let devices: Vec<Uuid> = series.iter().map(|info| info.device.uuid()).collect();
    let sensors: Vec<&str> = series.iter().map(|info| info.sensor.as_str()).collect();
    // Units have no control characters.
    let units = |info: &Arc<SeriesInfo>| {
        let units: Vec<&str> = info.units.iter().map(|unit| unit.as_str()).collect();
        units.join("\u{1f}")
    };
    let units: Vec<String> = series.iter().map(units).collect();
    client.execute(statement, &[&ids, &devices, &sensors, &units]).await.map(drop)
}
