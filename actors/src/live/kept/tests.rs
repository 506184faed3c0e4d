//! The keeper by hand: its looks and writes happen when a test says so.

mod bounds;
mod bucket_ring;
mod buckets;
mod ring;
mod shown;

use edgesync_engine::cell::emit::Rows;
use edgesync_engine::chunk::Column;
use edgesync_schemas::entity::dashboard::DashboardInput;
use edgesync_schemas::entity::flow::FlowInput;
use edgesync_schemas::entity::widget::{DashboardWidget, WidgetInput, WidgetPatch};
use edgesync_schemas::flow::Port;
use edgesync_schemas::id::{DashboardId, FlowId, Offset, SeriesId};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::wire::live::SubId;
use edgesync_storage::catalog::SignedUp;
use edgesync_storage::postgres::{Server, Target};
use edgesync_test_postgres::{Cluster, Options};
use serde_json::{Value as Json, json};

use super::*;
use crate::live::{Request, Source};
use crate::testing::{TempLog, append, device, skip};

enum Place {
    File(tempfile::TempDir),
    Database(Cluster),
}

impl Place {
    fn file() -> Self {
        Self::File(tempfile::tempdir().unwrap())
    }

    async fn open(&self) -> Catalog {
        match self {
            Self::File(dir) => Catalog::open(&dir.path().join("catalog.db")).unwrap(),
            Self::Database(cluster) => {
                let target = Target::parse(&cluster.url()).unwrap();
                Catalog::open_postgres(&Server::open(&target).await.unwrap()).await.unwrap()
            }
        }
    }
}

struct Stage {
    log: TempLog,
    place: Place,
    catalog: Catalog,
    user: SignedUp,
    board: DashboardId,
    flow: FlowId,
    hub: Hub,
    keeper: Keeper,
    most: Most,
    unread: Unread,
    /// Arrival of the newest reading that something was made of.
    arrival: u64,
}

impl Stage {
    async fn new() -> Self {
        Self::with(Place::file(), Most::default()).await
    }

    async fn with(place: Place, most: Most) -> Self {
        let log = TempLog::open();
        // arrivals that the log has
        let readings: Vec<_> = (0..500).map(|n| ("t", n, "1", None)).collect();
        for _ in 0..20 {
            append(&log, device(1), &readings).await;
        }
        let catalog = place.open().await;
        let user = catalog.sign_up("a@example.org", "A", String::new()).await.unwrap();
        let body = json!({"organization_id": user.organization.id, "name": "d"});
        let board =
            catalog.create_dashboard(user.user.id, DashboardInput::read(body).unwrap()).await.unwrap().id;
        let flow = FlowInput::read(json!({"name": "f"})).unwrap();
        let flow = catalog.create_flow(user.user.id, flow).await.unwrap().id;
        let hub = Hub::start(log.clone());
        let keeper = Keeper::open(catalog.clone(), hub.clone(), most).await.unwrap();
        let unread = Unread::default();
        Self { log, place, catalog, user, board, flow, hub, keeper, most, unread, arrival: 0 }
    }

    /// Kills the server and starts another.
    async fn restart(&mut self) {
        self.hub.stop();
        self.catalog = self.place.open().await;
        self.hub = Hub::start(self.log.clone());
        self.keeper = Keeper::open(self.catalog.clone(), self.hub.clone(), self.most).await.unwrap();
        self.unread = Unread::default();
    }

    async fn widget(&mut self, name: &str, max_samples: usize) -> DashboardWidget {
        let body = json!({"widget_id": name, "widget_type": "gauge", "data_source_type": "flow_node", "flow_id": self.flow,
            "node_id": "n", "max_samples": max_samples});
        let (user, body) = (self.user.user.id, WidgetInput::read(body).unwrap());
        let widget = self.catalog.create_widget(user, self.board, None, body).await.unwrap().0;
        self.hear().await;
        widget
    }

    async fn change(&mut self, name: &str, body: Json) -> DashboardWidget {
        let (user, patch) = (self.user.user.id, WidgetPatch::read(body).unwrap());
        let changed = self.catalog.update_widget(user, self.board, name, None, patch).await.unwrap().0;
        self.hear().await;
        changed
    }

    /// Changes nothing that is kept: nobody is told.
    async fn draw(&mut self, name: &str, body: Json) {
        let (user, patch) = (self.user.user.id, WidgetPatch::read(body).unwrap());
        self.catalog.update_widget(user, self.board, name, None, patch).await.unwrap();
        let told = tokio::time::timeout(Duration::from_millis(1), self.catalog.changed_widgets());
        assert!(told.await.is_err(), "nothing is told");
    }

    /// Takes in what the catalog tells.
    async fn hear(&mut self) {
        match self.catalog.changed_widgets().await {
            ChangedWidgets::These(some) => self.unread.some.extend(some),
            ChangedWidgets::Any => self.unread.all = true,
        }
        self.keeper.try_read(&mut self.unread).await.unwrap();
    }

    async fn write(&self) -> bool {
        self.keeper.write(&mut false).await
    }

    fn source(&self) -> Source {
        Source::FlowNode { flow: self.flow, node: "n".into(), field: "output".into() }
    }

    /// The node puts these out, each of a reading of its own.
    fn come(&mut self, values: impl IntoIterator<Item = u64>) -> bool {
        let values: Vec<_> = values.into_iter().collect();
        let arrivals = self.arrival + 1..self.arrival + 1 + values.len() as u64;
        self.arrival += values.len() as u64;
        self.hub.publish(&rows(self.flow, &values, arrivals))
    }

    /// What the ring has.
    fn ring(&self) -> Vec<u64> {
        self.keeper.books().of(&self.source(), |ring| {
            ring.samples.iter().map(|sample| sample.point.ts.as_ms().cast_unsigned()).collect()
        })
    }

    async fn stored(&self, of: &DashboardWidget) -> Vec<u64> {
        let stored = self.catalog.widget_samples(of.id).await.unwrap();
        stored.iter().map(|sample| sample.ts.as_ms().cast_unsigned()).collect()
    }
}

/// Values by their numbers, which are their times too; every fifth is a text.
fn rows(flow: FlowId, values: &[u64], arrivals: impl IntoIterator<Item = u64>) -> Rows {
    let texts = values.iter().zip(0u32..).filter(|(value, _)| **value % 5 == 4);
    let is_text = |value: u64| value % 5 == 4;
    Rows {
        flow,
        version: 1,
        node: "n".into(),
        port: Port::Out,
        series: vec![SeriesId(0); values.len()],
        ts: values.iter().map(|value| Timestamp::from_ms(value.cast_signed()).unwrap()).collect(),
        num: values.iter().map(|value| if is_text(*value) { 0.0 } else { *value as f64 / 3.0 }).collect(),
        raw: texts.map(|(value, row)| (row, format!("\"{value}\"").into())).collect(),
        unit: vec![UnitIndex::NONE; values.len()],
        units: [].into(),
        offset: arrivals.into_iter().map(Offset).collect(),
        quality: Vec::new(),
        fields: vec![("none".into(), Column { num: vec![0.0; values.len()], raw: Vec::new() })],
        reasons: Vec::new(),
    }
}

#[tokio::test]
async fn who_looks_after_a_restart_sees_what_was_stored_and_goes_on_from_there() {
    let mut stage = Stage::new().await;
    stage.widget("w", 50).await;
    stage.come(0..30);
    stage.write().await;
    let before =
        stage.keeper.books().of(&stage.source(), |ring| ring.samples.iter().cloned().collect::<Vec<_>>());
    stage.restart().await;
    let mut session = stage.hub.session();
    let request =
        Request { id: SubId(1), source: stage.source(), points: 50, max_hz: 50.0, since: None, from: None };
    let snapshot = session.subscribe(request).await.unwrap();
    let points: Vec<_> = before.into_iter().map(|sample| sample.point).collect();
    assert_eq!((snapshot.points, snapshot.position.offset, snapshot.recovered), (points, 30, false));
    assert!(stage.come(30..31), "somebody watches");
    let (_, update) = session.take().unwrap();
    assert_eq!((update.values[0].point.ts, update.offset), (Timestamp::from_ms(30).unwrap(), 31));
}

#[tokio::test]
async fn what_is_put_out_again_after_a_restart_is_taken_once() {
    let mut stage = Stage::new().await;
    let widget = stage.widget("w", 8).await;
    stage.come(0..20);
    stage.write().await;
    stage.restart().await;
    let again = |values: std::ops::Range<u64>| {
        let all: Vec<_> = values.clone().collect();
        stage.hub.publish(&rows(stage.flow, &all, values.map(|value| value + 1)));
    };
    again(3..9);
    again(9..20);
    assert_eq!(stage.ring(), (12..20).collect::<Vec<_>>());
    // of one reading there may be several, the last of which were not stored
    stage.hub.publish(&rows(stage.flow, &[19, 20], [20, 20]));
    assert_eq!(stage.ring(), (13..21).collect::<Vec<_>>());
    again(21..25);
    // from here on nothing is left out, whatever it looks like
    stage.hub.publish(&rows(stage.flow, &[24], [25]));
    assert_eq!(stage.ring(), [18, 19, 20, 21, 22, 23, 24, 24]);
    stage.write().await;
    assert_eq!(stage.stored(&widget).await, [18, 19, 20, 21, 22, 23, 24, 24]);
}

#[tokio::test]
async fn a_source_is_followed_once_for_its_widgets_and_has_no_more_than_they_need() {
    let mut stage = Stage::new().await;
    assert_eq!(stage.hub.followed(), 0);
    stage.widget("w", 10).await;
    stage.widget("v", 20).await;
    assert_eq!(stage.hub.followed(), 1, "once for both");
    assert!(!stage.come(0..5), "kept, and watched by nobody");
    assert!(!stage.write().await);
    assert_eq!(stage.keeper.stats().written, 10);
    assert!(stage.keeper.books().batch().done.is_empty(), "nothing to do while nothing comes");

    // while somebody watches there is more of it, and when they are gone as much as before
    let mut session = stage.hub.session();
    let request =
        Request { id: SubId(1), source: stage.source(), points: 0, max_hz: 1.0, since: None, from: None };
    session.subscribe(request).await.unwrap();
    assert!(stage.come(5..100));
    assert_eq!(stage.ring().len(), 100);
    drop(session);
    while stage.ring().len() > 20 {
        skip(Duration::from_secs(1)).await;
    }
    assert_eq!(stage.ring(), (80..100).collect::<Vec<_>>());
    assert!(!stage.come(100..101));

    let (user, board) = (stage.user.user.id, stage.board);
    stage.catalog.delete_widget(user, board, "v", None).await.unwrap();
    stage.hear().await;
    assert_eq!((stage.ring().len(), stage.hub.followed()), (10, 1));
    stage.catalog.delete_dashboard(user, board, None).await.unwrap();
    stage.hear().await;
    assert_eq!(
        stage.keeper.stats(),
        Stats { waiting: 0, written: 10, failures: 0, widgets: 0, left_out: 0, sources: 0 }
    );
    while stage.hub.followed() > 0 {
        skip(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn a_widget_that_is_turned_to_another_node_begins_with_nothing() {
    let mut stage = Stage::new().await;
    let widget = stage.widget("w", 10).await;
    stage.come(0..5);
    // what waits is of another node by the time that it is written
    let batch = stage.keeper.books().batch();
    let body = json!({"data_source_type": "flow_node", "flow_id": stage.flow, "node_id": "other"});
    stage.change("w", body).await;
    assert_eq!(stage.catalog.put_widget_samples(batch.widgets).await.unwrap(), 0);
    stage.keeper.books().stored(batch.done);
    stage.come(5..9);
    stage.write().await;
    assert_eq!(stage.stored(&widget).await, [0; 0]);
    let body = json!({"data_source_type": "flow_node", "flow_id": stage.flow, "node_id": "n"});
    stage.change("w", body).await;
    stage.come(9..12);
    stage.write().await;
    let stored = stage.stored(&widget).await;
    assert!(stored.ends_with(&[9, 10, 11]), "{stored:?}");
    // how often it is shown is another matter
    stage.draw("w", json!({"refresh_interval": 60_000})).await;
    assert_eq!(stage.stored(&widget).await, stored);
    stage.write().await;
    assert_eq!(stage.stored(&widget).await, stored);
}

#[tokio::test]
async fn the_task_stores_within_a_second_and_at_the_end() {
    let mut stage = Stage::new().await;
    let keeper = Keeper::start(stage.catalog.clone(), stage.hub.clone()).await.unwrap();
    let body = json!({"widget_id": "w", "widget_type": "gauge", "data_source_type": "flow_node", "flow_id": stage.flow,
        "node_id": "n"});
    let (user, body) = (stage.user.user.id, WidgetInput::read(body).unwrap());
    let widget = stage.catalog.create_widget(user, stage.board, None, body).await.unwrap().0;
    crate::testing::eventually("it hears of the widget", async || {
        if keeper.keeps(widget.id) { Ok(()) } else { Err(format!("{keeper:?}")) }
    })
    .await;
    stage.come(0..3);
    crate::testing::eventually("it stores", async || match stage.stored(&widget).await {
        stored if stored == [0, 1, 2] => Ok(()),
        stored => Err(format!("{stored:?}")),
    })
    .await;
    stage.come(3..5);
    keeper.finish().await;
    assert_eq!(stage.stored(&widget).await, [0, 1, 2, 3, 4]);
}
