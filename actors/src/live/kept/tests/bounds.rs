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
