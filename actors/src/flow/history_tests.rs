//! Stored readings as a replay sees them.

use edgesync_engine::Replay;
use edgesync_schemas::time::Timestamp;

use super::history::Stored;
use super::tests::Stage;
use super::*;
use crate::cell::now;
use crate::testing::append_at;

/// Two sensors for three minutes, each once a second: one in time, the other all at once nine minutes later.
#[tokio::test]
async fn a_late_upload_does_not_end_the_windows_of_who_was_in_time() {
    const SECONDS: i64 = 180;
    let stage = Stage::new().await;
    let base = now().as_ms() / 60_000 * 60_000 - 1_200_000;
    let at = |ms: i64| Timestamp::from_ms(ms).unwrap();
    for second in 0..SECONDS {
        let ms = base + second * 1000;
        append_at(&stage.log, stage.device, at(ms), &[("in_time", ms, "1", None)]).await;
    }
    let late: Vec<_> = (0..SECONDS).map(|second| ("late", base + second * 1000, "1", None)).collect();
    append_at(&stage.log, stage.device, at(base + 720_000), &late).await;
    let diagram = json!({
        "nodes": [
            {"id": "in", "type": "device", "data": {"deviceUuid": stage.device}},
            {"id": "each", "type": "window", "data": {"size": "1m", "aggregates": ["count"], "idle": "30s"}},
        ],
        "edges": [{"id": "1", "source": "in", "target": "each"}],
    });
    let diagram: Diagram = serde_json::from_value(diagram).unwrap();
    let flow = stage.flow().await;
    let plan = Arc::new(stage.flows.compile(flow, &diagram, Gone::Refuse).await.unwrap());
    let end = stage.log.end();
    // from the middle of a window on, so that the slices, a minute long at first, end within windows
    let from = 30;
    let mut stored =
        Stored::new((*stage.log).clone(), &plan, at(base + from * 1000), at(base + 600_000), end);
    let mut replay = Replay::new(flow, 1, plan, 1000, 100);
    let series = stage.log.series().clone();
    while let Some(history) = stored.next().await.unwrap() {
        let rows = 0..history.len();
        replay.feed_stored(&history, rows, &|of| series.info(of), &mut |_| ());
    }
    replay.flush(100, &mut |_| ());
    let counts = replay.counters().node("each").unwrap().snapshot();
    let readings = 2 * (SECONDS - from) as u64;
    assert_eq!((counts.in_, counts.late, counts.out), (readings, 0, 6), "three windows each");
}
