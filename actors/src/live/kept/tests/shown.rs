//! What widgets show of what is kept, and changes of how they do.

use edgesync_schemas::entity::widget::Aggregation;

use super::*;
use crate::live::Aggregated;

#[tokio::test]
async fn a_widget_that_is_dragged_about_is_not_stored_anew() {
    let mut stage = Stage::new().await;
    let widget = stage.widget("w", 10).await;
    stage.come(0..10);
    stage.write().await;
    stage.come(10..12);
    for x in 0..5 {
        stage.draw("w", json!({"title": "t", "grid_position": {"x": x}})).await;
    }
    // what waits is stored all the same, and a look finds nothing to do
    stage.write().await;
    stage.unread.all = true;
    stage.keeper.try_read(&mut stage.unread).await.unwrap();
    stage.write().await;
    assert_eq!(stage.keeper.stats().written, 12);
    assert_eq!(stage.stored(&widget).await, (2..12).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_bucket_some_of_whose_values_have_gone_is_not_shown() {
    let mut stage = Stage::new().await;
    stage.widget("w", 50).await;
    let counts = async |stage: &Stage| {
        let of = Aggregated { source: stage.source(), aggregation: Aggregation::Count, interval_ms: 20 };
        let source = Source::Aggregate(Box::new(of));
        let request = Request { id: SubId(1), source, points: 50, max_hz: 50.0, since: None, from: None };
        let mut session = stage.hub.session();
        let points = session.subscribe(request).await.unwrap().points;
        let counts: Vec<_> = points.iter().map(|point| (point.ts.as_ms(), point.num)).collect();
        (session, counts)
    };
    stage.come(0..45);
    stage.write().await;
    assert_eq!(counts(&stage).await.1, [(0, 20.0), (20, 20.0), (40, 5.0)], "all that came is there");
    stage.restart().await;
    stage.come(45..135);
    assert_eq!(stage.ring(), (85..135).collect::<Vec<_>>());
    let (session, shown) = counts(&stage).await;
    assert_eq!(shown, [(100, 20.0), (120, 15.0)], "of the bucket at 80 some have gone");
    stage.come([90, 135]);
    assert_eq!(counts(&stage).await.1, [(100, 20.0), (120, 16.0)], "nor does it begin with what comes late");
    drop(session);
    stage.write().await;
    stage.restart().await;
    assert_eq!(counts(&stage).await.1, [(100, 20.0), (120, 16.0)], "nor after a restart");
}
