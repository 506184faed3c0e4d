//! A dashboard beside the fleet: one live socket that follows the first sensor of some devices, and measures how long a value takes
//! from its device to here.
//!
//! The latency counts from the event time in the frame, which is the scheduled moment of sending in whole milliseconds (rounded down), so
//! it is at most a millisecond too long and never too short.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use hdrhistogram::Histogram;
use serde::Deserialize;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::api::Account;
use super::fleet::{Phase, Plan};

/// Values a second asked for of each subscription: the most that the server gives.
const MAX_HZ: f64 = 50.0;

/// What a dashboard saw.
#[derive(Debug)]
pub struct Seen {
    /// Values that came.
    pub values: u64,
    /// Values that were folded into others.
    pub skipped: u64,
    latency: Histogram<u64>,
}

impl Seen {
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

/// Follows the first sensor of these devices until the fleet stops sending. Not cancel safe.
///
/// # Errors
/// The live socket cannot be had, refuses a subscription or ends early.
pub async fn watch(account: Account, devices: Vec<String>, plan: Arc<Plan>) -> Result<Seen> {
    let mut phase = plan.phase.subscribe();
    // A sensor exists once its first reading is stored.
    phase.wait_for(|phase| *phase != Phase::Connecting).await?;
    let address = plan.addresses.first().context("no address to dial")?;
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("ws://{address}/ws/v1/live")).await?;
    socket.send(Message::text(json!({"t": "auth", "token": account.token()}).to_string())).await?;
    for (id, device) in devices.iter().enumerate() {
        let sub =
            json!({"t": "sub", "id": id, "device": device, "sensor": "s0", "points": 1, "max_hz": MAX_HZ});
        socket.send(Message::text(sub.to_string())).await?;
    }
    let mut seen = Seen { values: 0, skipped: 0, latency: Histogram::new_with_bounds(1, 600_000_000, 2)? };
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
