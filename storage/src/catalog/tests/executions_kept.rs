//! How much is kept of executions, and for how long.

use edgesync_schemas::entity::execution::{ExecutionStatus, ExecutionTrigger, NodeScope};
use edgesync_schemas::id::{ExecutionId, FlowId};
use edgesync_schemas::limit;
use serde_json::Map;

use super::executions::{all, deploy, fails, flow, minute, nodes, runs, told, work};
use super::*;
use crate::catalog::{NodeRecord, Slice, Stopped};

#[tokio::test]
async fn of_a_flow_the_newest_executions_and_nodes_are_kept_and_those_of_others_stay() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, user, busy, calm) = (&f.catalog, ada.user.id, flow(&f, &ada).await, flow(&f, &ada).await);
    for flow in [busy, calm] {
        deploy(&f, flow, 1).await;
        c.record_executions(&[runs(flow, 1)], vec![minute(flow, 1, "first")]).await.unwrap();
    }
    let deployment = all(&f, user, busy).await[0].id;
    let kept = async |flow: FlowId, scope: NodeScope| -> u32 {
        let sql = "SELECT count(*) FROM node_executions n WHERE n.flow_id = $1 AND n.scope = $2";
        let values = vec![flow.into(), crate::catalog::value::Value::name(&scope)];
        c.db.first(sql, values).await.unwrap().unwrap().take().unwrap()
    };
    let samples = |count: u32| {
        let sample = |n: u32| NodeRecord { scope: NodeScope::Sample, ..minute(busy, 1, &n.to_string()) };
        (0..count).map(sample).collect::<Vec<_>>()
    };
    c.record_executions(&[], samples(limit::NODE_SAMPLES_PER_FLOW + 3)).await.unwrap();
    assert_eq!(kept(busy, NodeScope::Sample).await, limit::NODE_SAMPLES_PER_FLOW);
    assert_eq!(kept(busy, NodeScope::Minute).await, 1, "samples push out no minutes");
    let newest = c.node_executions(user, busy, deployment, None, Slice::first(1)).await.unwrap();
    assert_eq!(newest.items[0].node_id, (limit::NODE_SAMPLES_PER_FLOW + 2).to_string());
    let minutes = (0..limit::NODE_MINUTES_PER_FLOW).map(|_| minute(busy, 1, "a")).collect();
    c.record_executions(&[], minutes).await.unwrap();
    assert_eq!(kept(busy, NodeScope::Minute).await, limit::NODE_MINUTES_PER_FLOW);
    let of_first = c.node_executions(user, busy, deployment, Some("first"), Slice::FIRST).await.unwrap();
    assert!(of_first.items.is_empty(), "the oldest went");
    for n in 0..limit::EXECUTIONS_PER_FLOW + 2 {
        let id = c.begin_execution(busy, n, ExecutionTrigger::Manual).await.unwrap();
        c.finish_execution(id, ExecutionStatus::Completed, Map::new(), None, vec![work("a", 1)])
            .await
            .unwrap();
    }
    let sql = "SELECT count(*) FROM flow_executions e WHERE e.flow_id = $1";
    let row = c.db.first(sql, vec![busy.into()]).await.unwrap();
    // The deployment, and the last one, which had not ended when it was begun.
    assert_eq!(row.unwrap().take::<u32>().unwrap(), limit::EXECUTIONS_PER_FLOW + 2);
    assert_eq!(
        c.execution(user, busy, deployment).await.unwrap().status,
        ExecutionStatus::Running,
        "what runs is kept"
    );
    assert_eq!(kept(busy, NodeScope::Run).await, limit::EXECUTIONS_PER_FLOW + 1, "nodes go with their run");
    assert_eq!((told(&f, user, calm).await.len(), kept(calm, NodeScope::Minute).await), (1, 1));
    let run = c.begin_execution(calm, 1, ExecutionTrigger::Manual).await.unwrap();
    let many = (0..limit::NODE_RUNS_PER_FLOW + 5).map(|n| work("a", n.into())).collect();
    c.finish_execution(run, ExecutionStatus::Completed, Map::new(), None, many).await.unwrap();
    assert_eq!(kept(calm, NodeScope::Run).await, limit::NODE_RUNS_PER_FLOW);
}

#[tokio::test]
async fn what_is_too_old_goes_and_what_runs_stays() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, user, flow) = (&f.catalog, ada.user.id, flow(&f, &ada).await);
    let today = now().as_ms();
    let old = |days: i64, n: u32| {
        let ms = today - days * 86_400_000;
        ExecutionId::from_uuid(uuid::Uuid::from_u128((ms as u128) << 80 | 7 << 76 | 2 << 62 | u128::from(n)))
    };
    let count = limit::REMOVED_ROWS * 2 + 1;
    let sets = |days: i64, from: u32, count: u32, ended: bool| {
        let ended = ended.then(now);
        (from..from + count).map(move |n| vec![old(days, n).into(), flow.into(), now().into(), ended.into()])
    };
    let sets: Vec<_> = sets(limit::EXECUTION_DAYS + 1, 0, count, true)
        .chain(sets(limit::EXECUTION_DAYS + 1, count, 1, false))
        .chain(sets(limit::EXECUTION_DAYS - 1, 0, 1, true))
        .collect();
    let mut tx = c.db.begin().await.unwrap();
    tx.execute_all(
        "INSERT INTO flow_executions (id, flow_id, version, status, trigger_kind, started_at, completed_at, result)
         VALUES ($1, $2, 1, 'completed', 'manual', $3, $4, '{}')",
        sets,
    )
    .await
    .unwrap();
    tx.execute_all(
        "INSERT INTO node_executions (id, flow_execution_id, flow_id, scope, seq, node_id, status, input_data, output_data,
            records_in, records_out, errors, busy_ns, executed_at)
         VALUES ($1, $2, $3, 'run', 1, 'a', 'completed', '{}', '{}', 0, 0, 0, 0, $4)",
        vec![vec![old(limit::EXECUTION_DAYS + 1, 0).into(), old(limit::EXECUTION_DAYS - 1, 0).into(), flow.into(), now().into()]],
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(c.prune_executions().await.unwrap(), u64::from(count) + 1);
    assert_eq!(c.prune_executions().await.unwrap(), 0);
    let left = all(&f, user, flow).await;
    assert_eq!(left.len(), 2);
    assert!(nodes(&f, user, flow, left[0].id).await.is_empty(), "what nodes did is too old by itself");
}

#[tokio::test]
async fn a_flow_takes_what_was_kept_of_its_runs_along() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (c, user, flow) = (&f.catalog, ada.user.id, flow(&f, &ada).await);
    deploy(&f, flow, 1).await;
    c.record_executions(&[runs(flow, 1)], vec![minute(flow, 1, "a")]).await.unwrap();
    let run = c.begin_execution(flow, 1, ExecutionTrigger::Manual).await.unwrap();
    c.set_flow_stopped(flow, Stopped::By(user)).await.unwrap();
    c.delete_flow(user, flow, None).await.unwrap();
    for sql in [
        "SELECT count(*) FROM flow_executions",
        "SELECT count(*) FROM node_executions",
        "SELECT count(*) FROM flow_versions",
    ] {
        let row = c.db.first(sql, vec![]).await.unwrap();
        assert_eq!(row.unwrap().take::<u32>().unwrap(), 0, "{sql}");
    }
    // What still comes of it is left out, and keeps nothing else from being written down.
    let other = self::flow(&f, &ada).await;
    deploy(&f, other, 1).await;
    let records = vec![minute(flow, 1, "a"), minute(other, 1, "a")];
    c.record_executions(&[runs(flow, 1), fails(flow, 1, "x"), runs(other, 1)], records).await.unwrap();
    assert_eq!(told(&f, user, other).await, [(1, ExecutionStatus::Running)]);
    assert_not_found(
        c.finish_execution(run, ExecutionStatus::Completed, Map::new(), None, vec![work("a", 1)]).await,
    );
}
