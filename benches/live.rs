//! What an update costs each of its subscribers in the server, before its socket: taken in, taken out, written as it is sent.
//!
//! `cargo bench -p edgesync-actors --bench live` publishes a node's records to 1 to 10,000 dashboards of one subscription each, one value or ten at a time: shared by all, or folded for
//! each (who asked for less than comes). A round is one publication and its way to all of them; the median of the rounds, divided by updates and subscribers.

#![allow(clippy::unwrap_used, reason = "a bench may stop where it stands")]

use std::time::Instant;

use edgesync_actors::live::{Hub, Request, Session, Source};
use edgesync_engine::cell::emit::Rows;
use edgesync_schemas::flow::Port;
use edgesync_schemas::id::{FlowId, Offset, SeriesId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use edgesync_schemas::wire::live::SubId;
use edgesync_storage::log::{Options, ReadingLog};
use uuid::Uuid;

const ROUNDS: usize = 300;

fn rows(flow: FlowId, values: usize, round: usize) -> Rows {
    Rows {
        flow,
        version: 1,
        node: "n".into(),
        port: Port::Out,
        series: vec![SeriesId(0); values],
        ts: (0..values)
            .map(|n| Timestamp::from_ms(1_769_860_800_000 + (round * values + n) as i64).unwrap())
            .collect(),
        num: (0..values).map(|n| 20.0 + ((round * values + n) % 1_000) as f64 / 64.0).collect(),
        raw: Vec::new(),
        unit: vec![UnitIndex::NONE; values],
        units: [].into(),
        offset: vec![Offset(0); values],
        quality: Vec::new(),
        fields: Vec::new(),
        reasons: Vec::new(),
    }
}

/// Nanoseconds an update and subscriber: taking it in, and taking it out and writing it.
async fn measure(subscribers: usize, values: usize, max_hz: f64) -> (f64, f64, usize) {
    let directory = tempfile::tempdir().unwrap();
    let hub = Hub::start(ReadingLog::open(directory.path(), Options::default()).unwrap());
    let flow = FlowId::from_uuid(Uuid::from_u128(7));
    let source = Source::FlowNode { flow, node: "n".into(), field: "output".into() };
    let mut sessions: Vec<Session> = Vec::new();
    for _ in 0..subscribers {
        let mut session = hub.session();
        let request =
            Request { id: SubId(7), source: source.clone(), points: 1, max_hz, since: None, from: None };
        session.subscribe(request).await.unwrap();
        sessions.push(session);
    }
    let (mut took_in, mut took_out, mut bytes) = (Vec::new(), Vec::new(), 0);
    let mut out = String::new();
    for round in 0..ROUNDS {
        let rows = rows(flow, values, round);
        let began = Instant::now();
        hub.publish(&rows);
        took_in.push(began.elapsed());
        let (began, mut updates) = (Instant::now(), 0);
        for session in &mut sessions {
            while let Some((id, update)) = session.take() {
                out.clear();
                update.write(&mut out, id);
                updates += 1;
            }
        }
        if updates > 0 {
            took_out.push(began.elapsed());
            bytes = out.len();
        }
        if max_hz >= limit::LIVE_HZ {
            // their tokens come back
            tokio::time::sleep(std::time::Duration::from_secs_f64(values as f64 / max_hz)).await;
        }
    }
    hub.stop();
    let median = |times: &mut Vec<std::time::Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_nanos() as f64 / subscribers as f64
    };
    (median(&mut took_in), if took_out.is_empty() { f64::NAN } else { median(&mut took_out) }, bytes)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!(
        "| subscribers | values an update | asked for | taken in, ns a subscriber | taken out and written, ns a subscriber | bytes |"
    );
    println!("|---|---|---|---|---|---|");
    for values in [1, 10] {
        for subscribers in [1, 10, 100, 1_000, 10_000] {
            for (asked, max_hz) in [("all of it", limit::LIVE_HZ), ("one in 10 s", 0.1)] {
                let (took_in, took_out, bytes) = measure(subscribers, values, max_hz).await;
                println!("| {subscribers} | {values} | {asked} | {took_in:.0} | {took_out:.0} | {bytes} |");
            }
        }
    }
}
