//! A connection over a socket made of channels, with a clock that the test moves: what takes too long, or breaks too much, to be
//! tested from outside.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll};
use std::time::Duration;

use edgesync_schemas::entity::device::DeviceInput;
use edgesync_schemas::entity::device_history::DeviceAction;
use edgesync_schemas::id::{DeviceId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::wire::close::CloseCode;
use edgesync_schemas::wire::encoding::Encoding;
use edgesync_storage::catalog::{Catalog, Slice};
use edgesync_storage::log::{Options, ReadingLog};
use futures_util::{Sink, Stream};
use ractor::Actor;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::socket::{Broken, Inbound, Outbound, Socket};
use super::{Context, Devices, Form, run};
use crate::system::Root;
use crate::tally::Tallies;

/// The server's end of a socket.
struct Wire {
    from_peer: mpsc::Receiver<Inbound<String, Vec<u8>>>,
    to_peer: mpsc::Sender<Outbound>,
}

impl Stream for Wire {
    type Item = Result<Inbound<String, Vec<u8>>, Broken>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Option<Self::Item>> {
        self.from_peer.poll_recv(task).map(|came| came.map(Ok))
    }
}

impl Sink<Outbound> for Wire {
    type Error = Broken;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Task<'_>) -> Poll<Result<(), Broken>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, what: Outbound) -> Result<(), Broken> {
        self.to_peer.try_send(what).map_err(|_| Broken::Gone)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Task<'_>) -> Poll<Result<(), Broken>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Task<'_>) -> Poll<Result<(), Broken>> {
        Poll::Ready(Ok(()))
    }
}

impl Socket for Wire {
    type Text = String;
    type Bytes = Vec<u8>;
}

/// The device's end.
struct Peer {
    to_server: mpsc::Sender<Inbound<String, Vec<u8>>>,
    from_server: mpsc::Receiver<Outbound>,
    served: JoinHandle<()>,
}

impl Peer {
    async fn say(&self, frame: Value) {
        self.to_server.send(Inbound::Text(frame.to_string())).await.unwrap();
    }

    async fn hear(&mut self) -> Outbound {
        self.from_server.recv().await.expect("the server still speaks")
    }

    async fn greet(&mut self, token: &str) -> Outbound {
        self.say(json!({"t": "hello", "boot": 1, "next": 1, "token": token})).await;
        self.hear().await
    }

    /// Lets this many seconds pass, one by one; what the server says in each. `answer` says what the device does about it.
    async fn pass(&mut self, seconds: u64, answer: impl Fn(&Outbound) -> bool) -> Vec<(u64, Outbound)> {
        let mut said = Vec::new();
        for second in 1..=seconds {
            tokio::time::advance(Duration::from_secs(1)).await;
            // Everything that is ready runs before the next second.
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            while let Ok(what) = self.from_server.try_recv() {
                if answer(&what) {
                    self.to_server.send(Inbound::Pong).await.unwrap();
                }
                said.push((second, what));
            }
        }
        said
    }
}

struct Bench {
    dir: tempfile::TempDir,
    context: Arc<Context>,
    user: UserId,
    device: DeviceId,
    token: String,
}

impl Bench {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = ReadingLog::open(&dir.path().join("readings"), Options::default()).unwrap();
        let catalog = Catalog::open(&dir.path().join("catalog.db")).unwrap();
        let user = catalog.sign_up("a@example.org", "A", String::new()).await.unwrap();
        let input = DeviceInput {
            organization_id: user.organization.id,
            name: "d".to_owned(),
            description: String::new(),
            device_type: String::new(),
        };
        let (device, token) = catalog.create_device(user.user.id, input).await.unwrap();
        let (root, _) = Actor::spawn(None, Root, ()).await.unwrap();
        let devices = Devices::start(catalog.clone(), Tallies::default(), root.get_cell()).await.unwrap();
        Self {
            dir,
            context: Arc::new(Context { log, catalog, devices, frames_per_s: 0 }),
            user: user.user.id,
            device: device.id,
            token: token.reveal().to_owned(),
        }
    }

    fn connect(&self) -> Peer {
        self.connect_in(Encoding::Json)
    }

    fn connect_in(&self, encoding: Encoding) -> Peer {
        let (to_server, from_peer) = mpsc::channel(64);
        let (to_peer, from_server) = mpsc::channel(16);
        let wire = Wire { from_peer, to_peer };
        let served = tokio::spawn(run(wire, Form::Numbered(encoding, None), Arc::clone(&self.context)));
        Peer { to_server, from_server, served }
    }

    fn closed(&self, code: CloseCode) -> u64 {
        let mut closed = self.context.devices.counters().closed();
        closed.find(|(number, _)| *number == code.number()).unwrap().1
    }
}

/// Stops the clock until the sender is dropped. A paused clock would jump ahead whenever all tasks wait, for the catalog's threads
/// too, were it not for a blocking task.
fn stop_clock() -> oneshot::Sender<()> {
    let (held, released) = oneshot::channel();
    tokio::task::spawn_blocking(move || released.blocking_recv());
    tokio::time::pause();
    held
}

fn close_code(said: &Outbound) -> Option<CloseCode> {
    match said {
        Outbound::Close(close) => Some(close.code),
        _ => None,
    }
}

#[tokio::test]
async fn a_device_that_is_silent_for_75_s_is_closed_1001() {
    let bench = Bench::new().await;
    let mut peer = bench.connect();
    assert!(matches!(peer.greet(&bench.token).await, Outbound::Text(_)));
    let _clock = stop_clock();
    let said = peer.pass(110, |_| false).await;
    let (closed_after, last) = said.last().unwrap();
    assert_eq!(close_code(last), Some(CloseCode::Idle), "{said:?}");
    // Silence is looked at with each heartbeat.
    assert!((75..=105).contains(closed_after), "{said:?}");
    let pings: Vec<u64> =
        said.iter().filter(|(_, what)| *what == Outbound::Ping).map(|(at, _)| *at).collect();
    assert_eq!((pings.len(), said.len()), (2, 3), "two heartbeats without an answer: {said:?}");
    drop(peer.to_server);
    peer.served.await.unwrap();
    assert_eq!((bench.closed(CloseCode::Idle), bench.context.devices.counters().open()), (1, 0));
}

#[tokio::test]
async fn a_device_that_only_answers_pings_stays_connected() {
    let bench = Bench::new().await;
    let mut peer = bench.connect();
    peer.greet(&bench.token).await;
    let _clock = stop_clock();
    let said = peer.pass(400, |what| *what == Outbound::Ping).await;
    assert!((12..=13).contains(&said.len()), "a ping each 30 s: {said:?}");
    assert!(said.iter().all(|(_, what)| *what == Outbound::Ping), "{said:?}");
    peer.say(json!({"t": "data", "q": 1, "r": [["a", 1]]})).await;
    let ack = peer.hear().await;
    assert_eq!(ack, Outbound::Text(json!({"t": "ack", "q": 1, "credit": 64}).to_string()));
}

#[tokio::test]
async fn a_device_whose_token_cannot_be_looked_up_is_closed_1011() {
    let bench = Bench::new().await;
    for file in ["catalog.db", "catalog.db-wal"] {
        std::fs::File::options().write(true).truncate(true).open(bench.dir.path().join(file)).unwrap();
    }
    let mut peer = bench.connect();
    let said = peer.greet(&bench.token).await;
    assert_eq!(close_code(&said), Some(CloseCode::Unavailable), "{said:?}");
    drop(peer.to_server);
    peer.served.await.unwrap();
    assert_eq!(bench.closed(CloseCode::Unavailable), 1);
}

#[tokio::test]
async fn a_turn_ends_when_what_it_took_has_become_too_much() {
    let bench = Bench::new().await;
    let mut peer = bench.connect_in(Encoding::Cbor);
    // {"t": "hello", "boot": 1, "next": 1, "token": …}
    let mut hello = b"\xa4\x61t\x65hello\x64boot\x01\x64next\x01\x65token\x78".to_vec();
    hello.push(bench.token.len() as u8);
    hello.extend_from_slice(bench.token.as_bytes());
    peer.to_server.send(Inbound::Binary(hello)).await.unwrap();
    assert!(matches!(peer.hear().await, Outbound::Binary(_)));
    // All at once: 60 frames of 500 readings of 4 bytes, which are 48 in memory.
    for q in 1..=60u8 {
        let mut frame = b"\xa3\x61t\x64data\x61q\x18".to_vec();
        frame.push(q);
        frame.extend_from_slice(b"\x61r\x99\x01\xf4");
        frame.extend_from_slice(&b"\x82\x61a\x60".repeat(500));
        peer.to_server.try_send(Inbound::Binary(frame)).unwrap();
    }
    let frames = limit::TURN_BUILT_BYTES.div_ceil(500 * 48) as u8;
    let mut acked = 0;
    while acked < 60 {
        let said = peer.hear().await;
        let Outbound::Binary(ack) = &said else { panic!("{said:?}") };
        let q = ack.strip_prefix(b"\xa3\x61t\x63ack\x61q").unwrap();
        acked = if q[0] == 0x18 { q[1] } else { q[0] };
        assert!(acked % frames == 0 || acked == 60, "an ack is the end of a turn: {acked}");
    }
    drop(peer.to_server);
    peer.served.await.unwrap();
}

#[tokio::test]
async fn a_token_that_is_replaced_again_ends_with_its_socket_at_once() {
    let bench = Bench::new().await;
    let mut peer = bench.connect();
    peer.greet(&bench.token).await;
    let rotate = async || {
        let catalog = &bench.context.catalog;
        catalog.rotate_device_token(bench.user, bench.device, 3600).await.unwrap();
        bench.context.devices.recheck(bench.device);
    };
    rotate().await;
    peer.say(json!({"t": "data", "q": 1, "r": [["a", 1]]})).await;
    let ack = Outbound::Text(json!({"t": "ack", "q": 1, "credit": 64}).to_string());
    assert_eq!(peer.hear().await, ack, "valid for its overlap");
    rotate().await;
    let said = tokio::time::timeout(Duration::from_secs(10), peer.hear()).await;
    let said = said.expect("told long before the next heartbeat");
    assert_eq!(close_code(&said), Some(CloseCode::Authentication), "{said:?}");
}

#[tokio::test]
async fn a_device_that_came_and_went_has_it_in_its_history() {
    let bench = Bench::new().await;
    let mut peer = bench.connect();
    peer.greet(&bench.token).await;
    drop(peer.to_server);
    peer.served.await.unwrap();
    bench.context.devices.ended().await;
    let told = bench.context.catalog.device_history(bench.user, bench.device, Slice::FIRST).await.unwrap();
    let actions: Vec<_> = told.items.iter().map(|entry| entry.action).collect();
    assert_eq!(actions, [DeviceAction::Disconnected, DeviceAction::Connected, DeviceAction::Created]);
}
