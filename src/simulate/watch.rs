//! Dashboards beside the fleet: live sockets that follow the first sensor of some devices, and measure how long a value takes from its
//! device to here. One asks for all that it can get (`--watch`), the others look on at their own pace (`--viewers`), and some of them may take nothing
//! at all (`--stalled`).
//!
//! The latency counts from the event time in the frame, which is the scheduled moment of sending in whole milliseconds (rounded down), so
//! it is at most a millisecond too long and never too short.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use hdrhistogram::Histogram;
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpSocket;
use tokio::task::JoinSet;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use super::api::Account;
use super::fleet::{Phase, Plan};
use super::target::Target;

/// Values a second asked for of each subscription of `--watch`: the most that the server gives.
pub const MAX_HZ: f64 = 50.0;
/// Viewers of one account. The server bounds what one user has open, as it should.
const VIEWERS_PER_ACCOUNT: usize = 100;
/// Bytes of a stalled viewer's receive buffer: the server finds it full soon.
const STALLED_BUFFER_BYTES: u32 = 4096;

/// What dashboards saw.
#[derive(Debug)]
pub struct Seen {
    /// Updates that came.
    pub updates: u64,
    /// Values that came.
    pub values: u64,
    /// Values that were folded into others.
    pub skipped: u64,
    latency: Histogram<u64>,
}

/// A dashboard to be opened.
#[derive(Debug, Clone)]
pub struct Dashboard {
    /// The session's token.
    pub token: String,
    /// The devices whose first sensor it follows.
    pub devices: Vec<String>,
    /// Values a second that it asks for of each.
    pub max_hz: f64,
    /// Whether it takes what comes.
    pub reads: bool,
}

impl Seen {
    fn nothing() -> Result<Self> {
        let latency = Histogram::new_with_bounds(1, 600_000_000, 2)?;
        Ok(Self { updates: 0, values: 0, skipped: 0, latency })
    }

    fn add(&mut self, other: &Self) {
        self.updates += other.updates;
        self.values += other.values;
        self.skipped += other.skipped;
        self.latency.add(&other.latency).expect("histograms of one shape add up");
    }

    /// The latency that this share of the values stayed under.
    pub fn latency_ms(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64 / 1000.0
    }
}

#[derive(Deserialize)]
struct Frame {
    t: String,
    #[serde(default)]
    ts: Vec<i64>,
    #[serde(default)]
    skipped: u64,
    #[serde(default)]
    message: String,
}

/// Dashboards of `viewers` people who follow `widgets` sensors each, going round the devices, on accounts that are made members of `owner`'s organization.
/// The first `stalled` of them take nothing. Not cancel safe.
///
/// # Errors
/// Whatever the API refuses.
pub async fn viewers(
    owner: &Account,
    target: &Target,
    email: &str,
    password: &str,
    devices: &[String],
    args: &super::Viewing,
) -> Result<Vec<Dashboard>> {
    let count = args.viewers as usize;
    let mut tokens = Vec::new();
    let mut client = owner.client().await?;
    let path = format!("/api/v1/organizations/{}/members", owner.organization());
    for number in 0..count.div_ceil(VIEWERS_PER_ACCOUNT) {
        let email = format!("viewer{number}.{email}");
        tokens.push(Account::enter(target, &email, password, None).await?.token().to_owned());
        let (status, _) =
            client.call(Method::POST, &path, Some(&json!({"email": email, "role": "user"}))).await?;
        if !status.is_success() && status != StatusCode::CONFLICT {
            bail!("{status}: {email} does not become a member");
        }
    }
    let dashboard = |number: usize| {
        let first = number * args.viewer_widgets as usize;
        let devices = devices.iter().cycle().skip(first % devices.len().max(1));
        Dashboard {
            token: tokens[number / VIEWERS_PER_ACCOUNT].clone(),
            devices: devices.take(args.viewer_widgets as usize).cloned().collect(),
            max_hz: args.viewer_hz,
            reads: number >= args.stalled as usize,
        }
    };
    Ok((0..count).map(dashboard).collect())
}

/// What dashboards see until the fleet stops sending. Not cancel safe.
///
/// # Errors
/// A live socket cannot be had, refuses a subscription or ends early.
pub async fn watch(dashboards: Vec<Dashboard>, plan: Arc<Plan>) -> Result<Option<Seen>> {
    if dashboards.is_empty() {
        return Ok(None);
    }
    let mut open = JoinSet::new();
    dashboards.into_iter().for_each(|dashboard| drop(open.spawn(look(dashboard, Arc::clone(&plan)))));
    let mut all = Seen::nothing()?;
    while let Some(seen) = open.join_next().await {
        all.add(&seen??);
    }
    Ok(Some(all))
}

async fn look(dashboard: Dashboard, plan: Arc<Plan>) -> Result<Seen> {
    let mut phase = plan.phase.subscribe();
    // A sensor exists once its first reading is stored.
    phase.wait_for(|phase| *phase != Phase::Connecting).await?;
    let address = *plan.addresses.first().context("no address to dial")?;
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if !dashboard.reads {
        socket.set_recv_buffer_size(STALLED_BUFFER_BYTES)?;
    }
    let stream = socket.connect(address).await.with_context(|| format!("connecting to {address}"))?;
    let (mut socket, _) = client_async(format!("ws://{address}/ws/v1/live"), stream).await?;
    socket.send(Message::text(json!({"t": "auth", "token": dashboard.token}).to_string())).await?;
    let max_hz = dashboard.max_hz;
    for (id, device) in dashboard.devices.iter().enumerate() {
        let sub =
            json!({"t": "sub", "id": id, "device": device, "sensor": "s0", "points": 1, "max_hz": max_hz});
        socket.send(Message::text(sub.to_string())).await?;
    }
    let mut seen = Seen::nothing()?;
    if !dashboard.reads {
        phase.wait_for(|phase| *phase > Phase::Running).await?;
        return Ok(seen);
    }
    loop {
        let message = tokio::select! {
            message = socket.next() => message.context("the live socket ended")??,
            _ = phase.wait_for(|phase| *phase > Phase::Running) => return Ok(seen),
        };
        let Message::Text(text) = message else { continue };
        let frame: Frame = serde_json::from_str(&text).context("a live frame")?;
        match frame.t.as_str() {
            "upd" => {
                let now_us = plan.wall_us(plan.now_ns());
                seen.updates += 1;
                seen.values += frame.ts.len() as u64;
                seen.skipped += frame.skipped;
                for ts_ms in frame.ts {
                    seen.latency.saturating_record((now_us - ts_ms * 1000).max(1) as u64);
                }
            }
            "err" => bail!("the live socket refused a subscription: {}", frame.message),
            _ => {}
        }
    }
}
