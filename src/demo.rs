//! `--demo`: an organization with 20 devices, a flow and a dashboard, fed by simulated devices over real WebSockets.
//!
//! Made through the API like anybody's, so that what the demo shows is what a user can do. The password is drawn on the first
//! start and kept beside the data, for the next.

mod views;

use std::f64::consts::TAU;
use std::fs;
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use edgesync_schemas::entity::user::SubscriptionType;
use edgesync_storage::catalog::Catalog;
use edgesync_storage::catalog::token::Token;
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::simulate::api::Account;
use crate::simulate::target::Target;

const EMAIL: &str = "demo@edgesync.local";
const DEVICES: usize = 20;
/// Readings a second of each sensor of the demo: quick enough to see a chart move.
const INTERVAL: Duration = Duration::from_millis(500);

/// Makes what is missing of the demo, prints how to get in, and starts its devices. Not cancel safe.
///
/// # Errors
/// The API refuses something, or the login cannot be kept.
pub async fn start(
    address: SocketAddr,
    catalog: &Catalog,
    data: &Path,
    setup: Option<&Token>,
) -> Result<JoinHandle<()>> {
    let target: Target = format!("http://{address}").parse().map_err(anyhow::Error::msg)?;
    let password = password(&data.join("demo-password"))?;
    let account = Account::enter(&target, EMAIL, &password, setup.map(Token::reveal)).await?;
    catalog.set_plan(EMAIL, SubscriptionType::Paid, DEVICES as u32).await?;
    let devices = account.devices(DEVICES).await?;
    let mut client = account.client().await?;
    views::make(&mut client, account.organization(), &devices)
        .await
        .context("making the flow and the dashboard")?;
    println!("demo login: {EMAIL} {password}");
    println!(
        "demo try:   curl -s 'http://{address}/api/v1/readings/latest?device={}' -H 'authorization: Bearer {}'",
        devices[0].id,
        account.token()
    );
    let fleet = devices.into_iter().enumerate().map(move |(i, device)| run_device(address, i, device.token));
    Ok(tokio::spawn(async move {
        futures_util::future::join_all(fleet).await;
    }))
}

fn password(file: &Path) -> Result<String> {
    match fs::read_to_string(file) {
        Ok(password) => return Ok(password.trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).context("the demo's password cannot be read"),
    }
    let mut random = [0; 12];
    getrandom::fill(&mut random).context("no random numbers")?;
    let password: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    // Whole or not at all: an empty one would be the password of an account that cannot be made.
    let draft = file.with_extension("draft");
    let mut new = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    writeln!(new, "{password}")?;
    new.sync_all()?;
    fs::rename(draft, file)?;
    Ok(password)
}

/// A device that connects again whenever its socket ends.
async fn run_device(address: SocketAddr, number: usize, token: String) {
    loop {
        if let Err(error) = send_readings(address, number, &token).await {
            tracing::debug!(number, %error, "demo device lost its socket");
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

async fn send_readings(address: SocketAddr, number: usize, token: &str) -> Result<()> {
    let mut request = format!("ws://{address}/ws/v1/device").into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await?;
    let mut boot = [0; 4];
    getrandom::fill(&mut boot).context("no random numbers")?;
    let hello = json!({"t": "hello", "boot": u32::from_le_bytes(boot), "next": 1});
    socket.send(Message::text(hello.to_string())).await?;
    let mut ticks = tokio::time::interval(INTERVAL);
    let mut q = 0_u64;
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                q += 1;
                // Slow waves, each device at its own phase.
                let phase = q as f64 * INTERVAL.as_secs_f64() / 60.0 + number as f64 / DEVICES as f64;
                let temperature = 21.0 + 4.0 * (phase * TAU).sin();
                let pressure = 1.5 + 0.3 * (phase * TAU * 3.0).cos();
                let frame = format!(
                    r#"{{"t":"data","q":{q},"r":[["temperature",{temperature:.2},0,"C"],["pressure",{pressure:.3},0,"bar"]]}}"#
                );
                socket.send(Message::text(frame)).await?;
            }
            // Acknowledgements and pings: a demo keeps nothing to resend.
            message = socket.next() => match message {
                Some(message) => drop(message?),
                None => return Ok(()),
            },
        }
    }
}
