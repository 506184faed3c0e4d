//! Rows that flows stored and nobody wants any more.
//!
//! Of each series the rows before a time are dropped, from the oldest on, some thousand at a time; what stays is not looked at. What a deleted
//! flow stored goes whole, and its series with it.

use std::collections::HashMap;

use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use tokio::time::{Instant, sleep};

use super::{Error, Work};
use crate::log::{Old, Retention, SLICE};

impl Work {
    /// Drops what is older than `kept` asks, and what flows stored that were deleted for long enough. `missing` are those that have rows and that the
    /// catalog does not know, and since when.
    pub(super) async fn pass_derived(
        &self,
        now: Timestamp,
        kept: &Retention,
        missing: &mut HashMap<FlowId, Instant>,
    ) -> Result<(), Error> {
        let series = self.log.all_derived_series().await?;
        let mut flows: Vec<FlowId> = series.iter().map(|series| series.flow).collect();
        flows.sort_unstable();
        flows.dedup();
        let found = self.catalog.missing_flows(flows).await?;
        let looked = Instant::now();
        let since = |flow| (flow, missing.get(&flow).copied().unwrap_or(looked));
        *missing = found.into_iter().map(since).collect();
        let old: Vec<Old> = series
            .iter()
            .map(|series| (series.id, Timestamp::MIN..kept.oldest_of_flow(series.flow, now)))
            .collect();
        let mut rows = 0;
        for some in old.chunks(limit::DERIVED_SERIES_PAGE) {
            let mut going = some.to_vec();
            loop {
                let dropped = self.log.expire_derived(&mut going).await?;
                rows += dropped;
                if dropped < limit::DERIVED_EXPIRED {
                    break;
                }
                // As long again for others.
                sleep(SLICE).await;
            }
        }
        let long = missing.iter().filter(|(_, since)| looked - **since >= self.options.deleted);
        let gone: Vec<FlowId> = long.map(|(flow, _)| *flow).collect();
        for flow in &gone {
            self.log.forget_derived(*flow).await?;
        }
        if rows > 0 || !gone.is_empty() {
            tracing::info!(rows, flows = gone.len(), "retention of what flows stored");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use edgesync_schemas::entity::flow::FlowInput;
    use edgesync_schemas::entity::project::ProjectInput;
    use edgesync_schemas::id::Offset;
    use edgesync_schemas::reading::Quality;
    use serde_json::json;

    use super::super::before::Before;
    use super::super::{Missing, Options};
    use super::*;
    use crate::catalog::Catalog;
    use crate::log::{self, Derived, DerivedOf, DerivedQuery, DerivedRow, Order, ReadingLog};
    use crate::postgres::{Server, Target};

    async fn ages(log: &ReadingLog, flow: FlowId) -> Vec<i64> {
        let mut ages = Vec::new();
        for series in log.derived_series(flow).await.unwrap() {
            let (from, to) = (Timestamp::MIN, Timestamp::MAX);
            let query = DerivedQuery { series: series.id, from, to, order: Order::Descending, limit: 100 };
            ages.extend(log.derived_rows(query).await.unwrap().iter().map(|row| row.num as i64));
        }
        ages
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn readings_are_looked_at_also_if_rows_cannot_be() {
        let directory = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&directory.path().join("catalog.db")).unwrap();
        let cluster = edgesync_test_postgres::Options::new().unsynced().start();
        let server = Server::open(&Target::parse(&cluster.url()).unwrap()).await.unwrap();
        let log = ReadingLog::open_postgres(&server, log::Options::default()).await.unwrap();
        let before = Mutex::new(Before::everything(Duration::ZERO, Instant::now(), log::now()));
        let work = Work { catalog, log, options: Options::default(), before };
        work.look().await.unwrap();
        cluster.psql("DROP TABLE derived_series, derived CASCADE");
        let mut missing = Missing::default();
        assert!(work.pass_derived(log::now(), &work.log.retention(), &mut missing.flows).await.is_err());
        work.pass(&mut missing).await.unwrap();
    }

    #[tokio::test]
    async fn rows_go_as_their_project_asks_and_with_their_flow() {
        let directory = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&directory.path().join("catalog.db")).unwrap();
        let log = ReadingLog::open(&directory.path().join("log"), log::Options::default()).unwrap();
        let ada = catalog.sign_up("ada@example.org", "Ada", "hash".to_owned()).await.unwrap();
        let body = json!({"organization_id": ada.organization.id, "name": "p", "data_retention_days": 5});
        let project = catalog.create_project(ada.user.id, ProjectInput::read(body).unwrap()).await.unwrap();
        let make =
            async |body| catalog.create_flow(ada.user.id, FlowInput::read(body).unwrap()).await.unwrap().id;
        let (short, plain, gone) = (
            make(json!({"name": "short", "project_id": project.id})).await,
            make(json!({"name": "plain"})).await,
            make(json!({"name": "gone"})).await,
        );
        // A row of each of the last hundred days; its value is its age.
        let rows = |flow| {
            (0..100i64).map(move |day| Derived {
                flow,
                of: DerivedOf { name: "s".parse().unwrap(), device: None, sensor: None },
                row: DerivedRow {
                    timestamp: log::now().plus_us(-day * 86_400_000_000 + 3_600_000_000),
                    offset: Offset(0),
                    num: day as f64,
                    raw: None,
                    unit: None,
                    quality: Quality::GOOD,
                },
            })
        };
        log.put_derived(&Arc::new([short, plain, gone].into_iter().flat_map(rows).collect())).await.unwrap();
        let options = Options { deleted: Duration::ZERO, ..Options::default() };
        let before = Mutex::new(Before::everything(Duration::ZERO, Instant::now(), log::now()));
        let work = Work { catalog: catalog.clone(), log: log.clone(), options, before };
        let mut missing = Missing::default();
        work.look().await.unwrap();
        work.pass(&mut missing).await.unwrap();
        assert_eq!(ages(&log, short).await, (0..=5).collect::<Vec<i64>>());
        assert_eq!(ages(&log, plain).await, (0..=30).collect::<Vec<i64>>());
        assert_eq!(ages(&log, gone).await.len(), 31);
        catalog.delete_flow(ada.user.id, gone, None).await.unwrap();
        work.pass(&mut missing).await.unwrap();
        assert_eq!(ages(&log, gone).await, [0i64; 0]);
        assert_eq!((log.all_derived_series().await.unwrap().len(), missing.flows.len()), (2, 1));
        assert_eq!(ages(&log, short).await.len(), 6);
    }
}
