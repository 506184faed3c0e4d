//! Devices that send random readings for as long as they are let, and send again what a dying server did not acknowledge.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use crate::support::device::Socket;
use crate::support::{NewDevice, Random, now_ms, within};

/// Frames that a device has under way at most.
const WINDOW: usize = 16;

/// Which event times devices give their readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// At least a second old: what comes of them does not hang on when the clock is looked at.
    Past,
    /// All there are: late, the same again, of the future and of the far future.
    Any,
}

/// Devices that send.
pub struct Feeders {
    orders: watch::Sender<Orders>,
    rested: Vec<watch::Receiver<u64>>,
    _tasks: JoinSet<()>,
}

#[derive(Debug, Clone, Copy)]
struct Orders {
    address: Option<SocketAddr>,
    sends: bool,
    /// Counts the orders.
    turn: u64,
}

impl Feeders {
    /// Devices at rest.
    pub fn new(devices: &[NewDevice], address: SocketAddr, times: Times, random: &mut Random) -> Self {
        let (orders, listening) = watch::channel(Orders { address: Some(address), sends: false, turn: 0 });
        let (mut tasks, mut rested) = (JoinSet::new(), Vec::new());
        for device in devices {
            let (rests, resting) = watch::channel(0);
            rested.push(resting);
            let (boot, random) = (random.next() as u32, random.fork());
            let feeder = Feeder {
                device: device.clone(),
                boot,
                times,
                random,
                sent: 0,
                unacked: VecDeque::new(),
                rests,
            };
            tasks.spawn(feeder.run(listening.clone()));
        }
        Self { orders, rested, _tasks: tasks }
    }

    fn order(&self, change: impl FnOnce(&mut Orders)) {
        self.orders.send_modify(|orders| {
            orders.turn += 1;
            change(orders);
        });
    }

    /// They send until they are told otherwise.
    pub fn send(&self) {
        self.order(|orders| orders.sends = true);
    }

    /// Waits until they send nothing more and all that they sent is acknowledged.
    pub async fn rest(&mut self) {
        self.order(|orders| orders.sends = false);
        let turn = self.orders.borrow().turn;
        for resting in &mut self.rested {
            within("the devices' rest", resting.wait_for(|rested| *rested >= turn)).await.unwrap();
        }
    }

    /// The server is about to go: nobody connects until it is found again.
    pub fn lost(&self) {
        self.order(|orders| orders.address = None);
    }

    /// Here it is.
    pub fn found(&self, address: SocketAddr) {
        self.order(|orders| orders.address = Some(address));
    }
}

struct Feeder {
    device: NewDevice,
    boot: u32,
    times: Times,
    random: Random,
    sent: u64,
    /// Frames that are sent and not acknowledged, with their numbers.
    unacked: VecDeque<(u64, Value)>,
    /// The newest order at which it rested.
    rests: watch::Sender<u64>,
}

impl Feeder {
    async fn run(mut self, mut orders: watch::Receiver<Orders>) {
        loop {
            let Ok(now) = orders.wait_for(|orders| orders.address.is_some()).await.map(|orders| *orders)
            else {
                return;
            };
            let Some(address) = now.address else { continue };
            // the server may die under it; then the next order says where it is
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
        let acked = self.sent - self.unacked.len() as u64;
        say(&mut socket, &json!({"t": "hello", "boot": self.boot, "next": acked + 1})).await?;
        let welcome = socket.try_hear().await?;
        self.acked(welcome["acked"].as_u64().ok_or_else(|| welcome.to_string())?);
        for (q, readings) in &self.unacked {
            say(&mut socket, &frame(*q, readings)).await?;
        }
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        loop {
            let now = *orders.borrow_and_update();
            if !now.sends && self.unacked.is_empty() {
                self.rests.send_replace(now.turn);
            }
            tokio::select! {
                heard = socket.try_hear() => {
                    let heard = heard?;
                    assert!(heard["t"] == "ack" && heard["rej"].is_null(), "{heard}");
                    self.acked(heard["q"].as_u64().ok_or_else(|| heard.to_string())?);
                }
                _ = pace.tick(), if now.sends && self.unacked.len() < WINDOW => {
                    for _ in 0..self.random.within(0..3) {
                        let readings = self.readings();
                        self.sent += 1;
                        self.unacked.push_back((self.sent, readings.clone()));
                        say(&mut socket, &frame(self.sent, &readings)).await?;
                    }
                }
                changed = orders.changed() => changed.map_err(|error| error.to_string())?,
            }
        }
    }

    fn acked(&mut self, q: u64) {
        assert!(q <= self.sent, "{q} of {} frames are acknowledged", self.sent);
        while self.unacked.front().is_some_and(|(first, _)| *first <= q) {
            self.unacked.pop_front();
        }
    }

    /// What a frame has beside its number: it is sent again as it was.
    fn readings(&mut self) -> Value {
        let now = now_ms();
        let readings: Vec<Value> = (0..self.random.within(1..5)).map(|_| self.reading()).collect();
        json!({"t": "data", "bt": now, "r": readings})
    }

    fn reading(&mut self) -> Value {
        let random = &mut self.random;
        let sensor = ["a", "b", "c"][random.within(0..3) as usize];
        let unit = [None, Some("C"), Some("%")][random.within(0..3) as usize];
        // so coarse that many are the same
        let mut ago =
            |range: std::ops::Range<u64>| -(random.within(range.start / 50..range.end / 50) as i64) * 50;
        let offset = match self.times {
            Times::Past => ago(1_100..6_000),
            Times::Any => {
                let [near, late] = [ago(0..3_000), ago(3_000..15_000)];
                match random.within(0..20) {
                    0 => 400_000,
                    1 => random.within(60..110) as i64 * 1_000,
                    2..5 => late,
                    _ => near,
                }
            }
        };
        json!([sensor, value(random.within(0..24)), offset, unit])
    }
}

/// Small whole numbers mostly, so that sums are exact whatever their order.
fn value(kind: u64) -> Value {
    match kind {
        0 => json!("open"),
        1 => json!(true),
        2 => json!({"lat": 52.5}),
        3 => json!([1, 2.5, "x"]),
        4 => json!({"a": {"v": 1, "n": "p"}, "b": {"v": 2}}),
        5 => json!({"list": [true, 4]}),
        n => json!(n as i64 - 14),
    }
}

fn frame(q: u64, readings: &Value) -> Value {
    let mut frame = readings.clone();
    frame["q"] = json!(q);
    frame
}

async fn say(socket: &mut Socket, frame: &Value) -> Result<(), String> {
    socket.0.send(Message::text(frame.to_string())).await.map_err(|error| error.to_string())
}
