//! How much is kept and stored, and what becomes of what there is no room or no database for.

use super::*;

#[tokio::test]
async fn past_the_limits_a_widget_is_not_kept_until_there_is_room() {
    let bytes = 2 * (20 * limit::KEPT_SAMPLE_BYTES + limit::RAW_VALUE_BYTES);
    let most = Most { widgets: 3, of_organization: 2, bytes, ..Most::default() };
    let mut stage = Stage::with(Place::file(), most).await;
    let node = |node: &str, max: usize| json!({"data_source_type": "flow_node", "flow_id": stage.flow, "node_id": node, "max_samples": max});
    let bodies = [node("a", 20), node("b", 20), node("c", 20), node("a", 2_000)];
    let first = stage.widget("first", 20).await;
    stage.change("first", bodies[0].clone()).await;
    let second = stage.widget("second", 20).await;
    stage.change("second", bodies[1].clone()).await;
    let third = stage.widget("third", 20).await;
    let keeps = |stage: &Stage| [&first, &second, &third].map(|widget| stage.keeper.keeps(widget.id));
    assert_eq!(keeps(&stage), [true, true, false], "more of the organization than there may be");
    stage.unread.all = true;
    stage.keeper.try_read(&mut stage.unread).await.unwrap();
    assert_eq!((keeps(&stage), stage.keeper.stats().left_out), ([true, true, false], 1));
    // more bytes than there are
    stage.change("second", json!({"max_samples": 2_000})).await;
    assert_eq!(keeps(&stage), [true, false, false]);
    stage.change("second", json!({"max_samples": 10})).await;
    assert_eq!(keeps(&stage), [true, true, false]);
    // a look now and then finds those for which there is room by now
    let (user, board) = (stage.user.user.id, stage.board);
    stage.catalog.delete_widget(user, board, "first", None).await.unwrap();
    stage.hear().await;
    assert_eq!(keeps(&stage), [false, true, false]);
    stage.unread.all = true;
    stage.keeper.try_read(&mut stage.unread).await.unwrap();
    assert_eq!((keeps(&stage), stage.keeper.stats().left_out), ([false, true, true], 0));
    // so does a restart, which keeps to the limits
    stage.restart().await;
    assert_eq!(keeps(&stage), [false, true, true]);
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
