//! What is told of flows that really run, and what becomes of it in the catalog.

use edgesync_schemas::entity::execution::{ExecutionStatus, FlowExecution, NodeExecution};
use edgesync_storage::catalog::Slice;

use super::super::tests::{Stage, chain, start};
use super::*;
use crate::testing::{eventually, skip};

impl Stage {
    /// Writes down that it is to run and runs it, as a request does.
    async fn deployed(&self, flow: FlowId, version: u32, kind: &str, data: Value) {
        let diagram = chain(self.device, kind, data);
        self.catalog.set_flow_deployed(None, flow, version, &diagram).await.unwrap();
        self.flows.deploy(flow, version, &diagram).await.unwrap();
    }

    /// The newest execution, when it is so.
    async fn execution(&self, flow: FlowId, status: ExecutionStatus) -> FlowExecution {
        eventually("the execution is told of", async || {
            let all =
                self.catalog.executions(self.user.user.id, flow, None, Slice::FIRST).await.unwrap().items;
            match all.into_iter().next() {
                Some(newest) if newest.status == status => Ok(newest),
                other => Err(format!("{other:?}")),
            }
        })
        .await
    }

    /// What is told of a node in an execution, the oldest first.
    async fn told_of(&self, of: &FlowExecution, node: &str, scope: NodeScope) -> Vec<NodeExecution> {
        let user = self.user.user.id;
        let told =
            self.catalog.node_executions(user, of.flow_id, of.id, Some(node), Slice::FIRST).await.unwrap();
        told.items.into_iter().rev().filter(|one| one.scope == scope).collect()
    }

    /// The same, when there are so many.
    async fn are_told_of(
        &self,
        of: &FlowExecution,
        node: &str,
        scope: NodeScope,
        count: usize,
    ) -> Vec<NodeExecution> {
        eventually("the node is told of", async || {
            let told = self.told_of(of, node, scope).await;
            if told.len() == count { Ok(told) } else { Err(format!("{} of {count}: {told:?}", told.len())) }
        })
        .await
    }
}

/// Over a whole turn of everybody's.
async fn next_minute() {
    skip(Duration::from_secs(limit::NODE_SUMMARY_S + 1)).await;
}

#[tokio::test]
async fn a_deployment_is_told_of_minute_by_minute_until_another_takes_its_place() {
    let stage = Stage::new().await;
    let flow = stage.flow().await;
    stage.deployed(flow, 1, "filter", json!({"expression": "value > 0.0"})).await;
    let first = stage.execution(flow, ExecutionStatus::Running).await;
    assert_eq!((first.version, first.completed_at), (1, None));
    stage.append(&[1.0, -1.0, 2.0]).await;
    stage.done().await;
    next_minute().await;
    let told = stage.are_told_of(&first, "middle", NodeScope::Minute, 1).await.remove(0);
    assert_eq!((told.records_in, told.records_out, told.errors), (3, 2, 0));
    // A minute in which nothing is done is not told of.
    next_minute().await;
    stage.append(&[3.0]).await;
    stage.done().await;
    next_minute().await;
    let told = stage.are_told_of(&first, "middle", NodeScope::Minute, 2).await;
    assert_eq!((told[1].records_in, told[1].records_out), (1, 1));
    // What was counted before another version took over stays with the first.
    stage.append(&[4.0, 5.0]).await;
    stage.done().await;
    stage.deployed(flow, 2, "filter", json!({"expression": "true"})).await;
    stage.append(&[6.0]).await;
    stage.done().await;
    next_minute().await;
    let second = stage.execution(flow, ExecutionStatus::Running).await;
    assert_eq!(stage.are_told_of(&second, "show", NodeScope::Minute, 1).await[0].records_in, 1);
    let told = stage.are_told_of(&first, "show", NodeScope::Minute, 3).await;
    assert_eq!(told.iter().map(|one| one.records_in).collect::<Vec<_>>(), [2, 1, 2]);
    let ended = stage.catalog.execution(stage.user.user.id, flow, first.id).await.unwrap();
    assert_eq!((ended.status, &ended.result["replaced_by"]), (ExecutionStatus::Stopped, &json!(2)));
}

/// One that is not installed anew.
#[tokio::test]
async fn a_version_that_does_the_same_is_told_of_by_its_own_number() {
    let stage = Stage::new().await;
    let flow = stage.flow().await;
    stage.deployed(flow, 1, "moving-average", json!({"windowSize": 2})).await;
    let first = stage.execution(flow, ExecutionStatus::Running).await;
    stage.append(&[1.0, 2.0]).await;
    stage.done().await;
    let counters = stage.counters(flow);
    stage.deployed(flow, 2, "moving-average", json!({"windowSize": 2, "label": "average"})).await;
    assert!(Arc::ptr_eq(&counters, &stage.counters(flow)));
    let second = stage.execution(flow, ExecutionStatus::Running).await;
    assert_eq!(second.version, 2);
    crate::testing::append(&stage.log, stage.device, &[("t", 1_000, "\"warm\"", None)]).await;
    stage.done().await;
    next_minute().await;
    assert_eq!(stage.are_told_of(&first, "middle", NodeScope::Minute, 1).await[0].records_in, 2);
    let told = stage.are_told_of(&second, "middle", NodeScope::Minute, 1).await;
    assert_eq!((told[0].records_in, told[0].errors), (1, 1));
    stage.are_told_of(&second, "middle", NodeScope::Sample, 1).await;
    let letters = eventually("the dead letter is there", async || {
        let letters =
            stage.catalog.dead_letters(stage.user.user.id, flow, None, Slice::FIRST).await.unwrap().items;
        if letters.is_empty() { Err("none".to_owned()) } else { Ok(letters) }
    })
    .await;
    assert_eq!(letters[0].version, 2);
}

#[tokio::test]
async fn an_execution_goes_on_over_a_restart_and_nothing_runs_on_that_does_not() {
    let stage = Stage::new().await;
    let (good, bad) = (stage.flow().await, stage.flow().await);
    stage.deployed(good, 1, "filter", json!({"expression": "true"})).await;
    let before = stage.execution(good, ExecutionStatus::Running).await;
    stage.append(&[1.0]).await;
    stage.done().await;
    assert!(stage.flows.shutdown(Duration::from_secs(10)).await);
    let told = stage.told_of(&before, "show", NodeScope::Minute).await;
    assert_eq!(told.len(), 1, "what was counted is written on the way down");
    let of_yesterday = chain(stage.device, "no-longer-there", json!({}));
    stage.catalog.set_flow_deployed(None, bad, 1, &of_yesterday).await.unwrap();
    let (live, flows) = start(&stage.log, &stage.catalog).await;
    let stage = Stage { live, flows, ..stage };
    assert_eq!(stage.execution(good, ExecutionStatus::Running).await, before);
    let failed = stage.execution(bad, ExecutionStatus::Failed).await;
    assert!(failed.error_message.unwrap().contains("no-longer-there"));
    stage.append(&[2.0, 3.0]).await;
    stage.done().await;
    next_minute().await;
    let told = stage.are_told_of(&before, "show", NodeScope::Minute, 2).await;
    assert_eq!(told[1].records_in, 2);
}

#[tokio::test]
async fn a_record_that_a_node_cannot_handle_is_a_sample_once_a_second_and_a_dead_letter() {
    let stage = Stage::new().await;
    let flow = stage.flow().await;
    stage.deployed(flow, 1, "moving-average", json!({"windowSize": 2})).await;
    let execution = stage.execution(flow, ExecutionStatus::Running).await;
    crate::testing::append(&stage.log, stage.device, &[("t", 1_000, "\"warm\"", None)]).await;
    let sample = stage.are_told_of(&execution, "middle", NodeScope::Sample, 1).await.remove(0);
    assert_eq!(serde_json::to_value(sample.status).unwrap(), "failed");
    assert_eq!(
        (&sample.input_data["code"], &sample.input_data["sensor_type"]),
        (&json!("not_a_number"), &json!("t"))
    );
    assert_eq!((&sample.input_data["device_id"], sample.errors), (&json!(stage.device), 1));
    let letters = eventually("the dead letter is there", async || {
        let letters =
            stage.catalog.dead_letters(stage.user.user.id, flow, None, Slice::FIRST).await.unwrap().items;
        if letters.is_empty() { Err("none".to_owned()) } else { Ok(letters) }
    })
    .await;
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!(
        (&letter.value, letter.code.as_str(), letter.node_id.as_str()),
        (&json!("warm"), "not_a_number", "middle")
    );
    assert_eq!(
        (letter.device_id, letter.sensor_type.as_deref(), letter.offset),
        (Some(stage.device), Some("t"), 0)
    );
    assert_eq!((letter.timestamp.as_ms(), letter.version), (1_000, 1));
    assert!(letter.detail.contains("warm"), "{}", letter.detail);
}

#[tokio::test]
async fn what_a_watched_node_puts_out_is_sampled_once_a_second() {
    let stage = Stage::new().await;
    let flow = stage.flow().await;
    stage.deployed(flow, 1, "filter", json!({"expression": "true"})).await;
    let execution = stage.execution(flow, ExecutionStatus::Running).await;
    stage.append(&[1.0]).await;
    stage.done().await;
    stage.flows.records(flow, "middle").await;
    stage.append(&[2.0, 3.0]).await;
    stage.done().await;
    let samples = stage.are_told_of(&execution, "middle", NodeScope::Sample, 1).await;
    assert_eq!(samples[0].output_data["value"], 3.0);
    assert_eq!((samples[0].records_out, &samples[0].output_data["sensor_type"]), (1, &json!("t")));
    assert!(stage.told_of(&execution, "show", NodeScope::Sample).await.is_empty(), "nobody watches it");
}

#[tokio::test]
async fn a_node_that_fails_for_good_fails_its_execution() {
    let stage = Stage::new().await;
    let flow = stage.flow().await;
    stage.deployed(flow, 1, "fault", json!({"panic_at": 13})).await;
    for _ in 0..limit::FLOW_RESTARTS {
        stage.append(&[13.0]).await;
        stage.becomes(flow, "restarting").await;
        skip(Duration::from_millis(limit::FLOW_RESTART_MS_MAX)).await;
        stage.becomes(flow, "running").await;
        stage.execution(flow, ExecutionStatus::Running).await;
    }
    stage.append(&[13.0]).await;
    let failed = stage.execution(flow, ExecutionStatus::Failed).await;
    assert!(failed.error_message.unwrap().contains("stays failed"));
    // The version is deployed again: another execution, which what was told before does not fail.
    stage.deployed(flow, 2, "filter", json!({"expression": "true"})).await;
    stage.deployed(flow, 1, "filter", json!({"expression": "true"})).await;
    let again = stage.execution(flow, ExecutionStatus::Running).await;
    assert_eq!((again.version, again.id == failed.id), (1, false));
}

#[tokio::test]
async fn a_flow_has_so_many_samples_a_second_and_what_does_not_fit_is_counted() {
    let stage = Stage::new().await;
    let executions = Executions::start(stage.catalog.clone(), stage.log.series().clone());
    // No await from here on: no second passes, and nothing is written.
    let sample = |flow: FlowId, node: &str| {
        let make = || work(node, NodeStatus::Failed, Map::new(), Map::new());
        executions.sample(flow, 1, &Arc::from(node), make);
        executions.told().samples.len()
    };
    let flow = |n: usize| FlowId::from_uuid(uuid::Uuid::from_u128(n as u128));
    assert_eq!((sample(flow(0), "a"), sample(flow(0), "a")), (1, 1), "once a second");
    for n in 0..100 {
        sample(flow(0), &n.to_string());
    }
    assert_eq!(sample(flow(1), "a"), limit::NODE_SAMPLES_PER_S + 1);
    for n in 2..limit::SAMPLE_QUEUE + 10 {
        sample(flow(n), "a");
    }
    assert_eq!(executions.told().samples.len(), limit::SAMPLE_QUEUE);
    let given = limit::NODE_SAMPLES_PER_S + 1 + limit::SAMPLE_QUEUE + 8;
    assert_eq!(executions.left_out(), (given - limit::SAMPLE_QUEUE) as u64);
}

#[tokio::test]
async fn while_nothing_can_be_written_deployments_wait_and_no_count_is_lost() {
    let stage = Stage::new().await;
    let flow = stage.flow().await;
    stage.deployed(flow, 1, "filter", json!({"expression": "true"})).await;
    let execution = stage.execution(flow, ExecutionStatus::Running).await;
    let other = stage.flow().await;
    stage.catalog.set_flow_deployed(None, other, 1, &json!({"nodes": [], "edges": []})).await.unwrap();
    let file = stage._directory.path().join("catalog.db");
    let holder = rusqlite::Connection::open(file).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    stage.flows.executions().runs(other, 1);
    for value in 0..3 {
        stage.append(&[f64::from(value)]).await;
        stage.done().await;
        next_minute().await;
    }
    let executions = stage.flows.executions();
    eventually("a write is to be tried again", async || match executions.shared.postponed.load(Relaxed) {
        0 => Err("none".to_owned()),
        _ => Ok(()),
    })
    .await;
    holder.execute_batch("ROLLBACK").unwrap();
    stage.execution(other, ExecutionStatus::Running).await;
    let sum = eventually("all is counted", async || {
        next_minute().await;
        let told = stage.told_of(&execution, "show", NodeScope::Minute).await;
        match told.iter().map(|one| one.records_in).sum::<u64>() {
            3 => Ok(3),
            sum => Err(format!("{sum}: {told:?}")),
        }
    })
    .await;
    assert_eq!((sum, stage.flows.executions().refused()), (3, 0));
}
