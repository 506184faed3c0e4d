//! Many who watch the same, some of them slowly: nobody harms another, memory stays flat, and who is slow gets the newest values and the true extremes.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use crate::support::api::metric;
use crate::support::{Device, Live, stage};

/// Frames that the device sends, ten a second: longer than a minute.
const FRAMES: u64 = 700;
const PERIOD: Duration = Duration::from_millis(100);
/// How long the stalled dashboard takes nothing.
const STALL: Duration = Duration::from_secs(60);
/// Frames with the largest and the smallest value of all: in the midst of the stall, when there is no room for them any more.
const SPIKES: [(u64, f64); 2] = [(400, 1e6), (401, -1e6)];
/// Dashboards that take all they get.
const GOOD: u32 = 200;
/// Subscriptions of a slow dashboard: what it is sent is far more than networks hold.
const MANY: u32 = 250;
/// Bytes a second of the throttled link.
const LINK_BYTES: usize = 40_000;
/// What the process may grow by: the allocator's slack, and what a debug build holds of readings on their way.
const SLACK_KIB: u64 = 24 * 1024;

/// What a subscription was told so far.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Told {
    /// Values told, and values folded into them.
    values: u64,
    skipped: u64,
    least: f64,
    most: f64,
    newest: f64,
}

impl Told {
    fn covers_all(&self) -> bool {
        self.values + self.skipped == FRAMES
    }

    fn take(&mut self, upd: &Value) {
        let column = |name: &str| -> Vec<f64> {
            let numbers =
                upd[name].as_array().map(|numbers| numbers.iter().map(|n| n.as_f64().unwrap()).collect());
            numbers.unwrap_or_default()
        };
        let values = column("v");
        self.values += values.len() as u64;
        self.skipped += upd["skipped"].as_u64().unwrap_or(0);
        self.newest = *values.last().unwrap();
        for number in values.into_iter().chain(column("min")).chain(column("max")) {
            (self.least, self.most) = (self.least.min(number), self.most.max(number));
        }
    }
}

/// A dashboard and what its subscriptions were told.
struct Viewer {
    live: Live,
    told: HashMap<u64, Told>,
    /// The lowest rate that one of them was told to be slowed to.
    slowed_to: f64,
}

impl Viewer {
    /// Subscribes `many` times to the sensor.
    async fn begin(mut live: Live, device: &str, many: u32, max_hz: f64) -> Self {
        let nothing =
            Told { values: 0, skipped: 0, least: f64::INFINITY, most: f64::NEG_INFINITY, newest: f64::NAN };
        for id in 1..=many {
            let sub =
                json!({"t": "sub", "id": id, "device": device, "sensor": "a", "points": 0, "max_hz": max_hz});
            live.socket.say(sub).await;
            let snap = live.socket.hear().await;
            assert_eq!((&snap["t"], &snap["id"]), (&json!("snap"), &json!(id)), "{snap}");
        }
        let told = (1..=u64::from(many)).map(|id| (id, nothing)).collect();
        Self { live, told, slowed_to: f64::INFINITY }
    }

    /// Takes what comes until all of it was told.
    async fn watch(mut self) -> Self {
        while !self.told.values().all(Told::covers_all) {
            let upd = self.live.socket.hear().await;
            assert_eq!(upd["t"], "upd", "{upd}");
            self.told.get_mut(&upd["id"].as_u64().unwrap()).unwrap().take(&upd);
            self.slowed_to = self.slowed_to.min(upd["hz"].as_f64().unwrap_or(f64::INFINITY));
        }
        self
    }

    /// What each was told is true, however much of it was folded.
    fn check(&self, who: &str) {
        for (id, told) in &self.told {
            assert_eq!(told.newest, FRAMES as f64, "{who}, {id}: {told:?}");
            assert_eq!((told.least, told.most), (SPIKES[1].1, SPIKES[0].1), "{who}, {id}: {told:?}");
        }
    }

    fn skipped(&self) -> u64 {
        self.told.values().map(|told| told.skipped).sum()
    }
}

fn value(frame: u64) -> f64 {
    SPIKES.iter().find(|(at, _)| *at == frame).map_or(frame as f64, |(_, spike)| *spike)
}

/// A way to the server that carries so many bytes a second.
async fn throttled(server: SocketAddr, bytes_per_s: usize) -> TcpStream {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let upstream = TcpSocket::new_v4().unwrap();
        upstream.set_recv_buffer_size(4096).unwrap();
        let (mut from, mut to) = upstream.connect(server).await.unwrap().into_split();
        let (mut client_from, mut client_to) = client.into_split();
        tokio::spawn(async move { tokio::io::copy(&mut client_from, &mut to).await });
        let mut buffer = vec![0; bytes_per_s / 20];
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            match from.read(&mut buffer).await {
                Ok(bytes @ 1..) if client_to.write_all(&buffer[..bytes]).await.is_ok() => {}
                _ => return,
            }
        }
    });
    TcpStream::connect(address).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_slow_harm_nobody_and_get_the_newest_and_the_extremes() {
    let stage = stage().await;
    let (server, device) = (&stage.server, stage.device.id.as_str());
    let mut good = JoinSet::new();
    for _ in 0..GOOD {
        let live = Live::connect(server, &stage.api).await;
        good.spawn(Viewer::begin(live, device, 1, 50.0).await.watch());
    }
    let leisurely =
        tokio::spawn(Viewer::begin(Live::connect(server, &stage.api).await, device, 1, 1.0).await.watch());
    let link = throttled(server.address, LINK_BYTES).await;
    let throttled = Viewer::begin(Live::over(link, &stage.api).await, device, MANY, 50.0).await;
    let throttled = tokio::spawn(throttled.watch());
    let stalled =
        Viewer::begin(Live::connect_narrow(server, &stage.api, 4096).await, device, MANY, 50.0).await;
    let (resume, mut resumed) = watch::channel(false);
    let stalled = tokio::spawn(async move {
        resumed.wait_for(|resumed| *resumed).await.unwrap();
        stalled.watch().await
    });

    let mut socket = Device::connect(server, &stage.device, 1, 1).await;
    let mut pace = tokio::time::interval(PERIOD);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (began, mut before_kib, mut slowed, mut most_queued) = (Instant::now(), 0, 0.0_f64, 0.0_f64);
    for frame in 1..=FRAMES {
        pace.tick().await;
        socket.deliver(frame, json!([["a", value(frame)]])).await;
        if frame == 100 {
            before_kib = server.resident_kib();
        }
        if frame % 50 == 0 {
            slowed = slowed.max(metric(server, "edgesync_live_subscriptions_slowed").await);
            most_queued = most_queued.max(metric(server, "edgesync_live_queued_bytes").await);
        }
        if began.elapsed() > STALL && !*resume.borrow() {
            resume.send_replace(true);
        }
    }
    let grown_kib = server.resident_kib().saturating_sub(before_kib);
    assert!(began.elapsed() > STALL, "the stall was shorter");

    let mut skipped = 0;
    while let Some(viewer) = good.join_next().await {
        let viewer = viewer.unwrap();
        viewer.check("good");
        skipped += viewer.skipped();
    }
    let leisurely = leisurely.await.unwrap();
    leisurely.check("1 Hz");
    let (told, allowed) = (leisurely.told[&1].values, began.elapsed().as_secs() + 2);
    assert!(told <= allowed, "{told} values at 1 Hz in {allowed} s");
    let throttled = throttled.await.unwrap();
    throttled.check("throttled");
    assert!(
        throttled.skipped() > 0 && throttled.slowed_to < 50.0,
        "its link was too slow, and nobody noticed"
    );
    let stalled = stalled.await.unwrap();
    stalled.check("stalled");
    assert!(stalled.skipped() > 0, "the network held all of the stall");
    println!(
        "good: {skipped} of {} folded; throttled: {} folded, slowed to {} Hz; stalled: {} folded; {grown_kib} KiB grown, {most_queued} bytes queued",
        u64::from(GOOD) * FRAMES,
        throttled.skipped(),
        throttled.slowed_to,
        stalled.skipped(),
    );
    assert!(slowed >= 1.0, "no subscription was slowed");
    assert!((1.0..=3.0 * 80.0 * 1024.0).contains(&most_queued), "{most_queued} bytes waited for networks");
    assert!(grown_kib < SLACK_KIB, "{grown_kib} KiB more than after ten seconds");
    // who keeps up is not conflated, but for moments in which the whole machine stood still
    assert!(skipped < u64::from(GOOD) * FRAMES / 10, "{skipped} values of those who keep up were folded");
}
