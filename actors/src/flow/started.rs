//! For tests: flows that are started under nobody's eyes.

use super::*;
use crate::system::Root;

pub(super) fn options() -> Options {
    Options { compile: edgesync_engine::compile::Options { faults: true }, ..Options::default() }
}

pub(super) async fn start(log: &ReadingLog, catalog: &Catalog) -> (Hub, FlowsHandle) {
    let live = Hub::start(log.clone());
    let flows = start_with(log, catalog, &live, 1, Most::default()).await;
    (live, flows)
}

pub(super) async fn start_with(
    log: &ReadingLog,
    catalog: &Catalog,
    live: &Hub,
    cells: usize,
    most: Most,
) -> FlowsHandle {
    start_as(log, catalog, live, cells, options(), most).await
}

pub(super) async fn start_as(
    log: &ReadingLog,
    catalog: &Catalog,
    live: &Hub,
    cells: usize,
    options: Options,
    most: Most,
) -> FlowsHandle {
    let (top, _) = Actor::spawn(None, Root, ()).await.unwrap();
    let (catalog, log) = (catalog.clone(), log.clone());
    let flows = FlowsHandle::start_with(catalog, log, live.clone(), cells, options, top.get_cell(), most);
    flows.await.unwrap()
}
