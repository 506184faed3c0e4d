//! A catalog that stays as it is while it is looked at: by who has the floor of its one writer, which other processes wait for, too.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use edgesync_schemas::limit;

use super::Catalog;
use super::db::Tx;
use super::error::Error;
use super::transfer::{Pages, Sum, TABLES, record};
use crate::check::Progress;

/// Between two words to a database that has nothing to do: it takes the floor away from who is silent.
const WORD: Duration = Duration::from_millis(limit::TRANSACTION_IDLE_MS / 4);

/// What each table holds.
pub type Sums = BTreeMap<&'static str, Sum>;

/// A catalog that nobody changes for as long as this lives.
#[derive(Debug)]
pub struct Still {
    catalog: Catalog,
    tx: Tx,
}

impl Catalog {
    /// Keeps everybody from changing it: waits for the change that is under way.
    ///
    /// # Errors
    /// [`Error::Busy`] if that takes long; of the database.
    pub async fn still(&self) -> Result<Still, Error> {
        Ok(Still { catalog: self.clone(), tx: self.db.begin().await? })
    }
}

impl Still {
    /// Makes sure that it still is. To be asked for at least every [`limit::TRANSACTION_IDLE_MS`], if nothing else is.
    ///
    /// # Errors
    /// If it is not; of the database.
    pub async fn confirm(&mut self) -> Result<(), Error> {
        self.tx.query("SELECT 1", vec![]).await.map(drop)
    }

    /// What each table holds.
    ///
    /// # Errors
    /// Of the database, and if it did not stay as it is.
    pub async fn sums(&mut self, progress: &mut dyn Progress) -> Result<Sums, Error> {
        let mut sums = Sums::new();
        for (at, table) in (0..).zip(TABLES) {
            progress.at("catalog tables compared", at, TABLES.len() as u64);
            let mut columns = self.catalog.columns(table).await?;
            columns.sort_unstable();
            let read = Pages::of(table, &columns);
            let (mut sum, mut after) = (Sum::default(), None);
            loop {
                let (sql, params) = read.page(after.take());
                let rows = Pages::rows(self.tx.query(sql, params).await?);
                let Some(last) = rows.last() else { break };
                after = Some(read.key_of(last));
                rows.iter().for_each(|row| sum.add(&record(row)));
            }
            sums.insert(table.name, sum);
        }
        Ok(sums)
    }
}

/// What each table of both holds, while both stay as they are.
///
/// # Errors
/// As [`Still::sums`], of either.
pub async fn sums_of_both(
    here: &mut Still,
    there: &mut Still,
    progress: &mut dyn Progress,
) -> Result<(Sums, Sums), Error> {
    let of_here = beside(there, here.sums(progress)).await?;
    let of_there = beside(here, there.sums(progress)).await?;
    Ok((of_here, of_there))
}

/// Does something, and talks to the other catalog meanwhile.
async fn beside(idle: &mut Still, work: impl Future<Output = Result<Sums, Error>>) -> Result<Sums, Error> {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(WORD) => idle.confirm().await?,
        }
    }
}
