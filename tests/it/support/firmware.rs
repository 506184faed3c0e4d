//! Devices that remember, as firmware with a buffer does, what is not acknowledged, and come back to wherever the server is.
//! What they sent and what the server has are compared at the end: every reading once, nothing else.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::device::Socket;
use super::{Api, NewDevice, Random, within};

const WINDOW: u64 = 24;
const READINGS: u64 = 3;
/// Pace of a device: a burst of frames each time, so that commits of every size are hit.
const TICK: Duration = Duration::from_millis(4);

/// Devices under way.
pub struct Fleet {
    orders: watch::Sender<Orders>,
    devices: JoinSet<Firmware>,
}

/// What came of a fleet.
pub struct Fallout {
    /// Readings that were sent, all of which are there.
    pub readings: usize,
    /// Connections that were made.
    pub connects: u32,
    /// One of the devices.
    pub device: NewDevice,
}

impl Fleet {
    /// Devices of this account, connecting to this address.
    pub async fn start(api: &Api, random: &mut Random, devices: u32, address: SocketAddr) -> Self {
        let (orders, listening) = watch::channel(Orders { address: Some(address), finish: false });
        let mut fleet = JoinSet::new();
        for i in 0..devices {
            let firmware = Firmware {
                device: api.new_device(&format!("d{i}")).await,
                boot: random.next() as u32,
                sent: 0,
                acked: 0,
                random: random.fork(),
                connects: 0,
            };
            fleet.spawn(firmware.run(listening.clone()));
        }
        Self { orders, devices: fleet }
    }

    /// The server is about to go: nobody connects until it is [found](Self::found) again.
    pub fn lost(&self) {
        self.orders.send_modify(|orders| orders.address = None);
    }

    /// Here it is.
    pub fn found(&self, address: SocketAddr) {
        self.orders.send_modify(|orders| orders.address = Some(address));
    }

    /// Waits until everything that was sent is acknowledged, and compares.
    pub async fn finish(mut self, api: &Api) -> Fallout {
        self.orders.send_modify(|orders| orders.finish = true);
        let (mut total, mut connects, mut last) = (0, 0, None);
        while let Some(device) = within("the devices' end", self.devices.join_next()).await {
            let device = device.expect("no device panicked");
            total += device.check(api).await;
            connects += device.connects;
            last = Some(device.device);
        }
        Fallout { readings: total, connects, device: last.expect("there were devices") }
    }
}

/// Where the devices are to connect, and whether they are to finish.
#[derive(Debug, Clone, Copy)]
struct Orders {
    address: Option<SocketAddr>,
    finish: bool,
}

/// A device that remembers, as firmware with a buffer does, what is not acknowledged.
struct Firmware {
    device: NewDevice,
    boot: u32,
    sent: u64,
    acked: u64,
    random: Random,
    connects: u32,
}

impl Firmware {
    async fn run(mut self, mut orders: watch::Receiver<Orders>) -> Self {
        loop {
            let now = *orders.wait_for(|orders| orders.address.is_some()).await.unwrap();
            if now.finish && self.acked == self.sent {
                return self;
            }
            let address = now.address.expect("waited for");
            // The server may die under any of this; then the next order says where it is.
            if self.session(address, &mut orders).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    async fn session(
        &mut self,
        address: SocketAddr,
        orders: &mut watch::Receiver<Orders>,
    ) -> Result<(), String> {
        let opened = Socket::try_open_device(address, &self.device.token).await;
        let mut socket = opened.map_err(|error| error.to_string())?;
        self.connects += 1;
        let hello = json!({"t": "hello", "boot": self.boot, "next": self.acked + 1});
        self.send(&mut socket, &hello).await?;
        let welcome = socket.try_hear().await?;
        let acked = welcome["acked"].as_u64().ok_or_else(|| welcome.to_string())?;
        assert!(acked >= self.acked, "the server forgot: acked {acked}, had been {}", self.acked);
        assert!(
            acked <= self.sent,
            "the server acknowledges what was never sent: {acked}, sent {}",
            self.sent
        );
        self.acked = acked;
        let mut next = acked + 1;
        let mut tick = tokio::time::interval(TICK);
        loop {
            let finish = orders.borrow().finish;
            if finish && self.acked == self.sent {
                return Ok(());
            }
            tokio::select! {
                frame = socket.try_hear() => {
                    let frame = frame?;
                    assert_eq!(frame["t"], "ack", "{frame}");
                    assert!(frame["rej"].is_null(), "{frame}");
                    let q = frame["q"].as_u64().unwrap();
                    assert!(q <= self.sent, "{frame}");
                    self.acked = self.acked.max(q);
                }
                _ = tick.tick() => {
                    for _ in 0..self.random.within(1..7) {
                        let is_again = next <= self.sent;
                        if next > self.acked + WINDOW || (finish && !is_again) {
                            break;
                        }
                        let readings: Vec<Value> = (0..READINGS).map(|i| json!([format!("s{i}"), next * READINGS + i])).collect();
                        self.sent = self.sent.max(next);
                        self.send(&mut socket, &json!({"t": "data", "q": next, "r": readings})).await?;
                        next += 1;
                    }
                }
            }
        }
    }

    async fn send(&self, socket: &mut Socket, frame: &Value) -> Result<(), String> {
        use futures_util::SinkExt;
        let message = tokio_tungstenite::tungstenite::Message::text(frame.to_string());
        socket.0.send(message).await.map_err(|error| error.to_string())
    }

    /// What the server has of it, against what it sent. Readings that were sent.
    async fn check(&self, api: &Api) -> usize {
        let mut times: HashMap<u64, u32> = HashMap::new();
        for reading in api.readings(&self.device.id).await {
            let n = reading["value"].as_f64().unwrap() as u64;
            assert_eq!(reading["sensor_type"], format!("s{}", n % READINGS), "an alien: {reading}");
            *times.entry(n).or_default() += 1;
        }
        let sent = READINGS..(self.sent + 1) * READINGS;
        let missing: Vec<u64> = sent.clone().filter(|n| !times.contains_key(n)).collect();
        let doubled: Vec<_> = times.iter().filter(|(_, times)| **times != 1).collect();
        let alien: Vec<_> = times.keys().filter(|n| !sent.contains(*n)).collect();
        assert_eq!(
            (missing.len(), doubled.len(), alien.len()),
            (0, 0, 0),
            "{missing:?} {doubled:?} {alien:?}"
        );
        times.len()
    }
}
