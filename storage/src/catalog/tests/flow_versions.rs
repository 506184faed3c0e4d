use edgesync_schemas::entity::flow::{FlowInput, FlowPatch};
use serde_json::json;

use super::*;
use crate::catalog::Slice;

#[tokio::test]
async fn versions_are_told_newest_first_with_who_deployed_them_first() {
    let f = fixture();
    let (ada, bob, eve) = (
        f.sign_up("ada@example.org").await.user.id,
        f.sign_up("bob@example.org").await.user.id,
        f.sign_up("eve@example.org").await.user.id,
    );
    let c = &f.catalog;
    let flow = c.create_flow(ada, input(FlowInput::read, json!({"name": "f"}))).await.unwrap().id;
    let diagram = |n: u32| json!({"nodes": [{"id": n.to_string()}], "edges": [{"id": "e"}]});
    for (by, version) in [(Some(ada), 1), (Some(bob), 2), (None, 5), (Some(bob), 1)] {
        c.set_flow_deployed(by, flow, version, &diagram(version)).await.unwrap();
    }
    let (mut after, mut told) = (None, Vec::new());
    loop {
        let page = c.flow_versions(ada, flow, Slice { after, ..Slice::first(1) }).await.unwrap();
        told.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let shown: Vec<_> = told.iter().map(|one| (one.version, one.deployed_by, one.is_deployed)).collect();
    assert_eq!(shown, [(5, None, false), (2, Some(bob), false), (1, Some(ada), true)]);
    let first = c.flow_version(ada, flow, 1).await.unwrap();
    assert_eq!(first.summary, told[2]);
    assert_eq!(json!({"nodes": first.nodes, "edges": first.edges}), diagram(1));
    assert_not_found(c.flow_version(ada, flow, 3).await);
    assert_not_found(c.flow_version(eve, flow, 1).await);
    assert_not_found(c.flow_versions(eve, flow, Slice::FIRST).await);
}

#[tokio::test]
async fn nothing_that_is_done_with_a_flow_changes_a_version_that_was_deployed() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await.user.id;
    let c = &f.catalog;
    let drawn = |id: &str| json!({"nodes": [{"id": id}], "edges": []});
    let flow = json!({"name": "f", "nodes": drawn("a")["nodes"]});
    let flow = c.create_flow(ada, input(FlowInput::read, flow)).await.unwrap().id;
    c.set_flow_deployed(Some(ada), flow, 1, &drawn("a")).await.unwrap();
    let first = c.flow_version(ada, flow, 1).await.unwrap();
    c.update_flow(ada, flow, None, input(FlowPatch::read, json!({"nodes": drawn("b")["nodes"]})))
        .await
        .unwrap();
    c.set_flow_deployed(None, flow, 2, &drawn("b")).await.unwrap();
    // The same number with another drawing is the version that there is.
    c.set_flow_deployed(None, flow, 1, &drawn("c")).await.unwrap();
    assert_eq!(c.flow_version(ada, flow, 1).await.unwrap(), first);
    assert_eq!(c.deployed_flow(flow).await.unwrap().unwrap().diagram, drawn("a"), "and it is what runs");
    c.set_flow_deployed_version(flow, 2, "test").await.unwrap();
    let after = c.flow_version(ada, flow, 1).await.unwrap();
    assert_eq!((after.nodes, after.summary.is_deployed), (first.nodes, false));
}
