//! What is kept of a flow's nodes for widgets, and what that costs the flow.

use std::sync::atomic::Ordering::Relaxed;

use edgesync_schemas::entity::dashboard::DashboardInput;
use edgesync_schemas::entity::execution::NodeScope;
use edgesync_schemas::entity::widget::WidgetInput;
use edgesync_storage::catalog::Slice;

use super::tests::{Stage, chain};
use super::*;
use crate::live::Keeper;
use crate::testing::{eventually, skip};

#[tokio::test]
async fn a_node_is_watched_while_a_widget_shows_it_and_sampled_for_nobody() {
    let stage = Stage::new().await;
    let (user, flow) = (stage.user.user.id, stage.flow().await);
    let deploy = async |version: u32| {
        let diagram = chain(stage.device, "moving-average", json!({"windowSize": version + 1}));
        stage.catalog.set_flow_deployed(None, flow, version, &diagram).await.unwrap();
        stage.flows.deploy(flow, version, &diagram).await.unwrap();
    };
    deploy(1).await;
    let watch = |node: &str| stage.counters(flow).node(node).unwrap().watch.load(Relaxed);
    let keeper = Keeper::start(stage.catalog.clone(), stage.live.clone()).await.unwrap();
    stage.append(&[1.0]).await;
    stage.done().await;
    assert_eq!((watch("middle"), watch("show"), stage.live.followed()), (0, 0, 0), "no widget, no work");

    let body = json!({"organization_id": stage.user.organization.id, "name": "d"});
    let board = stage.catalog.create_dashboard(user, DashboardInput::read(body).unwrap()).await.unwrap().id;
    let body = json!({"widget_id": "w", "widget_type": "gauge", "data_source_type": "flow_node", "flow_id": flow,
        "node_id": "show"});
    let body = WidgetInput::read(body).unwrap();
    let widget = stage.catalog.create_widget(user, board, None, body).await.unwrap().0;
    eventually("the keeper hears of it", async || {
        if keeper.keeps(widget.id) { Ok(()) } else { Err(format!("{keeper:?}")) }
    })
    .await;
    assert_eq!((watch("middle"), watch("show")), (0, 1));
    stage.append(&[3.0, 5.0]).await;
    eventually("its values are stored", async || {
        let stored = stage.catalog.widget_samples(widget.id).await.unwrap();
        let stored: Vec<_> =
            stored.iter().map(|one| (one.value, one.unit.as_ref().map(|unit| unit.as_str()))).collect();
        let expected = [(2.0, Some("K")), (4.0, Some("K"))];
        if stored == expected { Ok(()) } else { Err(format!("{stored:?}")) }
    })
    .await;
    // a new version has other counters, and is watched as well
    deploy(2).await;
    assert_eq!(watch("show"), 1);
    stage.append(&[4.0]).await;
    stage.done().await;
    stage.flows.executions().finish().await;
    let executions = stage.catalog.executions(user, flow, None, Slice::FIRST).await.unwrap().items;
    assert_eq!(executions.len(), 2);
    for execution in executions {
        let told = stage.catalog.node_executions(user, flow, execution.id, None, Slice::FIRST).await.unwrap();
        let samples = told.items.into_iter().filter(|one| one.scope == NodeScope::Sample);
        assert_eq!(samples.collect::<Vec<_>>(), [], "nobody watches");
    }

    stage.catalog.delete_widget(user, board, "w", None).await.unwrap();
    eventually("the node is let go", async || {
        skip(Duration::from_secs(1)).await;
        if watch("show") == 0 { Ok(()) } else { Err(format!("{}", watch("show"))) }
    })
    .await;
    assert_eq!(keeper.stats().sources, 0);
}
