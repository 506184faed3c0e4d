//! A dashboard's socket on a listener of its own, where the test holds what the server waits for.

use std::time::Duration;

use edgesync_schemas::id::UserId;
use edgesync_schemas::time::Timestamp;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::samples::ago;
use super::*;
use crate::accept;

struct Watcher(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Watcher {
    async fn open(server: &Server, user: &User) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // It is served until the test's runtime ends.
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let serving = accept::serve(listener, server.router.clone(), Arc::new(Gate::default()), stopped);
        tokio::spawn(async move {
            serving.await;
            drop(stop);
        });
        let url = format!("ws://{address}/ws/v1/live");
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let auth = json!({"t": "auth", "token": user.token});
        socket.send(Message::text(auth.to_string())).await.unwrap();
        Self(socket)
    }

    async fn say(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(Duration::from_secs(20), self.0.next()).await;
            if let Message::Text(text) = message.expect("a frame comes").unwrap().unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    /// The next frame is of this kind and subscription.
    async fn expect(&mut self, t: &str, id: u32) -> Value {
        let frame = self.next().await;
        assert_eq!((&frame["t"], &frame["id"]), (&json!(t), &json!(id)), "{frame}");
        frame
    }
}

/// A widget whose buckets are read in the turn of its viewer.
async fn sums(server: &Server, user: &User, device: &str) -> (String, String) {
    let source = json!({"data_source_type": "device_sensor", "device_id": device, "sensor_type": "t",
        "aggregation": "sum", "refresh_interval": 1_000});
    let path = server.widget(user, source).await;
    let id = text(&server.get(&path, user).await.is(200)["id"]);
    (path, id)
}

#[tokio::test]
async fn while_one_subscription_reads_the_others_are_told() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    // in a second of event time that is over
    let second = ago(20).as_ms() / 1_000 * 1_000;
    let at = |ms: i64| Timestamp::from_ms(second + ms).unwrap();
    server.store(&pump, "t", &[(at(1), "1")]).await;
    let (_, widget) = sums(&server, &ada, &pump).await;
    let mut watcher = Watcher::open(&server, &ada).await;
    watcher.say(json!({"t": "sub", "id": 1, "device": pump, "sensor": "t"})).await;
    assert_eq!(watcher.expect("snap", 1).await["v"], json!([1.0]));

    let history = server.state.actors.live.history().clone();
    let turn = history.turn(UserId::from_uuid(ada.id.parse().unwrap())).await.unwrap();
    watcher.say(json!({"t": "sub", "id": 2, "widget": widget})).await;
    for value in [2, 3, 4] {
        server.store(&pump, "t", &[(at(value), &value.to_string())]).await;
        assert_eq!(watcher.expect("upd", 1).await["v"], json!([value as f64]));
    }
    drop(turn);
    let snap = watcher.expect("snap", 2).await;
    assert_eq!((&snap["ts"], &snap["v"]), (&json!([second]), &json!([10.0])));
    // all of it was in the snapshot, and what comes is told of both
    server.store(&pump, "t", &[(at(5), "5")]).await;
    let (mut value, mut sum) = (Value::Null, Value::Null);
    while value != json!([5.0]) || sum != json!([15.0]) {
        let frame = watcher.next().await;
        *(if frame["id"] == json!(1) { &mut value } else { &mut sum }) = frame["v"].clone();
    }
}

#[tokio::test]
async fn what_is_lost_while_it_is_read_is_not_shown() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (pump, _) = server.device(&ada, "pump").await;
    server.store(&pump, "t", &[(ago(9), "1")]).await;
    let [(gone, first), (changed, second)] =
        [sums(&server, &ada, &pump).await, sums(&server, &ada, &pump).await];
    let mut watcher = Watcher::open(&server, &ada).await;
    let history = server.state.actors.live.history().clone();
    let ada_id = UserId::from_uuid(ada.id.parse().unwrap());

    let turn = history.turn(ada_id).await.unwrap();
    watcher.say(json!({"t": "sub", "id": 1, "widget": first})).await;
    watcher.say(json!({"t": "sub", "id": 2, "widget": second})).await;
    server.delete(&gone, &ada).await.is(204);
    assert_eq!(watcher.expect("err", 1).await["code"], "not_found");
    // by now the other is read: it becomes one that is not
    let fixed = json!({"data_source_type": "static", "static_value": 4, "aggregation": "last"});
    server.call(Method::PATCH, &changed, Some(&ada.token), Some(fixed)).await.is(200);
    assert_eq!(watcher.expect("snap", 2).await["v"], json!([4.0]));
    drop(turn);
    watcher.say(json!({"t": "sub", "id": 3, "device": pump, "sensor": "t"})).await;
    assert_eq!(watcher.expect("snap", 3).await["v"], json!([1.0]), "nothing came of the others");
}
