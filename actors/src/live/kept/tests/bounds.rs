//! How much is kept and stored, and what becomes of what there is no room or no database for.

use super::*;

async fn look(stage: &mut Stage) {
    stage.unread.all = true;
    stage.keeper.try_read(&mut stage.unread).await.unwrap();
}

#[tokio::test]
async fn more_widgets_than_there_may_be_are_not_kept_until_there_is_room() {
    let most = Most { widgets: 3, of_organization: 2, ..Most::default() };
    let mut stage = Stage::with(Place::file(), most).await;
    let mut widgets = Vec::new();
    for name in ["a1", "a2", "a3"] {
        widgets.push(stage.widget(name, 20).await.id);
    }
    // of another organization
    let bob = stage.catalog.sign_up("b@example.org", "B", String::new()).await.unwrap();
    let body = json!({"organization_id": bob.organization.id, "name": "d"});
    let board =
        stage.catalog.create_dashboard(bob.user.id, DashboardInput::read(body).unwrap()).await.unwrap().id;
    let flow = FlowInput::read(json!({"name": "f"})).unwrap();
    let flow = stage.catalog.create_flow(bob.user.id, flow).await.unwrap().id;
    let ada = (std::mem::replace(&mut stage.user, bob), stage.board, stage.flow);
    (stage.board, stage.flow) = (board, flow);
    for name in ["b1", "b2"] {
        widgets.push(stage.widget(name, 20).await.id);
    }
    (stage.user, stage.board, stage.flow) = ada;
    let keeps = |stage: &Stage| widgets.iter().map(|id| stage.keeper.keeps(*id)).collect::<Vec<_>>();
    assert_eq!(keeps(&stage), [true, true, false, true, false], "two of an organization, three of all");
    look(&mut stage).await;
    assert_eq!(keeps(&stage), [true, true, false, true, false]);
    assert_eq!(stage.keeper.stats().left_out, 2);
    // a look now and then finds those for which there is room by now
    let (user, board) = (stage.user.user.id, stage.board);
    stage.catalog.delete_widget(user, board, "a1", None).await.unwrap();
    stage.hear().await;
    assert_eq!(keeps(&stage), [false, true, false, true, false]);
    look(&mut stage).await;
    assert_eq!(keeps(&stage), [false, true, true, true, false]);
    assert_eq!(stage.keeper.stats().left_out, 1);
    // so does a restart, which keeps to the limits
    stage.restart().await;
    assert_eq!(stage.keeper.stats().widgets, 3);
}

#[tokio::test]
async fn larger_rings_than_there_is_room_for_are_not_kept() {
    let bytes = 2 * (20 * limit::KEPT_SAMPLE_BYTES + limit::RAW_VALUE_BYTES);
    let mut stage = Stage::with(Place::file(), Most { bytes, ..Most::default() }).await;
    let mut widgets = Vec::new();
    for name in ["n", "m", "o"] {
        let widget = stage.widget(name, 20).await;
        let source = json!({"data_source_type": "flow_node", "flow_id": stage.flow, "node_id": name});
        if name != "n" {
            stage.change(name, source).await;
        }
        widgets.push(widget.id);
    }
    let keeps = |stage: &Stage| widgets.iter().map(|id| stage.keeper.keeps(*id)).collect::<Vec<_>>();
    assert_eq!(keeps(&stage), [true, true, false]);
    // another of the same ring costs nothing
    let same = stage.widget("same", 20).await.id;
    assert!(stage.keeper.keeps(same));
    stage.change("m", json!({"max_samples": 2_000})).await;
    assert_eq!(keeps(&stage), [true, false, false]);
    stage.change("m", json!({"max_samples": 10})).await;
    assert_eq!(keeps(&stage), [true, true, false]);
    let (user, board) = (stage.user.user.id, stage.board);
    stage.catalog.delete_widget(user, board, "m", None).await.unwrap();
    stage.hear().await;
    look(&mut stage).await;
    assert_eq!(keeps(&stage), [true, false, true]);
}

#[tokio::test]
async fn where_more_comes_than_may_be_stored_the_newest_of_each_are_first() {
    let mut stage = Stage::with(Place::file(), Most { rows: 7, ..Most::default() }).await;
    let (one, two) = (stage.widget("one", 10).await, stage.widget("two", 100).await);
    stage.come(0..50);
    assert!(stage.write().await, "more waits");
    assert_eq!(stage.stored(&one).await.len() + stage.stored(&two).await.len(), 7);
    assert!(
        stage.stored(&one).await.ends_with(&[47, 48, 49])
            && stage.stored(&two).await.ends_with(&[47, 48, 49])
    );
    assert_eq!(stage.keeper.stats().waiting, 53);
    stage.come(50..52);
    assert!(stage.write().await);
    assert!(stage.stored(&one).await.ends_with(&[49, 50, 51]));
    while stage.write().await {}
    assert_eq!(stage.stored(&one).await, (42..52).collect::<Vec<_>>());
    assert_eq!(stage.stored(&two).await, (0..52).collect::<Vec<_>>());
    assert_eq!(stage.keeper.stats().waiting, 0);
}

#[tokio::test]
async fn large_originals_take_the_place_of_older_ones_here_and_where_they_are_stored() {
    let mut stage = Stage::new().await;
    let widget = stage.widget("w", 10).await;
    stage.come(0..10);
    stage.write().await;
    let large = |value: u64, bytes: usize| Rows {
        raw: vec![(0, format!("\"{}\"", "x".repeat(bytes - 2)).into())],
        ..rows(stage.flow, &[value], [value + 1])
    };
    for value in 10..13 {
        stage.hub.publish(&large(value, limit::RAW_VALUE_BYTES / 2));
    }
    stage.write().await;
    assert_eq!((stage.ring(), stage.stored(&widget).await), (vec![11, 12], vec![11, 12]));
    // one that is larger than any reading's is shown, and not stored
    stage.hub.publish(&large(13, limit::RAW_VALUE_BYTES + 1));
    assert!(!stage.write().await);
    assert_eq!((stage.ring(), stage.keeper.stats().waiting), (vec![13], 0));
}

#[tokio::test]
async fn while_nothing_can_be_stored_values_stay_and_the_newest_are_stored_later() {
    let mut stage = Stage::new().await;
    let widget = stage.widget("w", 10).await;
    let Place::File(dir) = &stage.place else { unreachable!() };
    let db = rusqlite::Connection::open(dir.path().join("catalog.db")).unwrap();
    db.execute_batch("ALTER TABLE widget_samples RENAME TO away").unwrap();
    stage.come(0..15);
    let mut is_failing = false;
    for failures in 1..3 {
        assert!(!stage.keeper.write(&mut is_failing).await);
        let stats = stage.keeper.stats();
        assert_eq!((is_failing, stats.failures, stats.waiting, stats.written), (true, failures, 10, 0));
    }
    db.execute_batch("ALTER TABLE away RENAME TO widget_samples").unwrap();
    stage.come(15..18);
    stage.keeper.write(&mut is_failing).await;
    assert_eq!((is_failing, stage.keeper.stats().waiting), (false, 0));
    assert_eq!(stage.stored(&widget).await, (8..18).collect::<Vec<_>>());
}

/// A widget of another organization.
async fn of_another(stage: &mut Stage, max_samples: usize) -> (DashboardWidget, FlowId) {
    let user = stage.catalog.sign_up("b@example.org", "B", String::new()).await.unwrap();
    let body = json!({"organization_id": user.organization.id, "name": "d"});
    let user = user.user.id;
    let board = stage.catalog.create_dashboard(user, DashboardInput::read(body).unwrap()).await.unwrap().id;
    let flow = FlowInput::read(json!({"name": "f"})).unwrap();
    let flow = stage.catalog.create_flow(user, flow).await.unwrap().id;
    let body = json!({"widget_id": "w", "widget_type": "gauge", "data_source_type": "flow_node", "flow_id": flow,
        "node_id": "n", "max_samples": max_samples});
    let body = WidgetInput::read(body).unwrap();
    let widget = stage.catalog.create_widget(user, board, None, body).await.unwrap().0;
    stage.hear().await;
    (widget, flow)
}

#[tokio::test]
async fn an_organization_has_its_own_share_of_the_bytes() {
    let bytes = 2 * (20 * limit::KEPT_SAMPLE_BYTES + limit::RAW_VALUE_BYTES);
    let mut stage =
        Stage::with(Place::file(), Most { bytes_of_organization: bytes, ..Most::default() }).await;
    let mut widgets = Vec::new();
    for name in ["a", "b", "c"] {
        let widget = stage.widget(name, 10).await;
        let node = json!({"data_source_type": "flow_node", "flow_id": stage.flow, "node_id": name, "max_samples": 20});
        stage.change(name, node).await;
        widgets.push(widget.id);
    }
    widgets.push(of_another(&mut stage, 20).await.0.id);
    let keeps = |stage: &Stage| widgets.iter().map(|id| stage.keeper.keeps(*id)).collect::<Vec<_>>();
    assert_eq!(keeps(&stage), [true, true, false, true]);
    // two that show the same node share what it takes
    let as_a = json!({"data_source_type": "flow_node", "flow_id": stage.flow, "node_id": "a"});
    stage.change("c", as_a).await;
    assert_eq!(keeps(&stage), [true, true, true, true]);
    stage.change("c", json!({"max_samples": 2_000})).await;
    assert_eq!(keeps(&stage), [true, true, false, true]);
    stage.change("c", json!({"max_samples": 20})).await;
    stage.restart().await;
    assert_eq!(keeps(&stage), [true, true, true, true]);
    // what is let go is given back
    let (user, board) = (stage.user.user.id, stage.board);
    for name in ["a", "c"] {
        stage.catalog.delete_widget(user, board, name, None).await.unwrap();
        stage.hear().await;
    }
    let last = stage.widget("d", 20).await;
    assert!(stage.keeper.keeps(last.id));
}

#[tokio::test]
async fn each_organization_has_as_much_of_what_is_stored_however_many_widgets_it_has() {
    let mut stage = Stage::with(Place::file(), Most { rows: 8, ..Most::default() }).await;
    for name in ["1", "2", "3", "4", "5", "6", "7"] {
        stage.widget(name, 10).await;
    }
    let (other, flow) = of_another(&mut stage, 10).await;
    let all: Vec<u64> = (0..10).collect();
    stage.hub.publish(&rows(flow, &all, 1..11));
    stage.come(0..10);
    assert!(stage.write().await);
    assert_eq!(stage.stored(&other).await, [6, 7, 8, 9], "half of it");
    assert_eq!(stage.keeper.stats().written, 8);
    while stage.write().await {}
    assert_eq!((stage.keeper.stats().written, stage.stored(&other).await), (80, all));
}

#[tokio::test]
async fn at_the_start_no_more_is_held_of_what_is_stored_than_there_is_room_for() {
    let mut stage = Stage::new().await;
    for (name, max_samples) in [("one", 10), ("two", 20), ("three", 50)] {
        stage.widget(name, max_samples).await;
    }
    stage.come(0..40);
    stage.write().await;
    assert_eq!(stage.keeper.stats().written, 70);
    stage.most.widgets = 2;
    stage.restart().await;
    // of one source there is one ring, and the third has no place
    assert_eq!(stage.keeper.find().await.unwrap().len(), 20);
    assert_eq!((stage.ring(), stage.keeper.stats().left_out), ((20..40).collect(), 1));
}
