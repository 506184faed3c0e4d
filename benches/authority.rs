//! What a change of what may be watched costs: a widget that every open socket shows is changed, and every one asks again and shows it anew.
//!
//! Each socket is opened with the token of a share link, 100 a link as one may have, and subscribes to all widgets of one dashboard. It is run
//! against a server that is up:
//!
//! `cargo bench --bench authority -- --url http://127.0.0.1:8080 --email … --password … --pid … [--sockets 500] [--widgets 10] [--rounds 10]`
//!
//! Told is, from the answer to the change on, when the new snapshots came, and the processor time that the server took for it all. A round in which
//! a socket is told nothing ends the run.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use hdrhistogram::Histogram;
use hyper::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

#[path = "rest/client.rs"]
mod client;

use client::{Account, Client};

/// Sockets of one share link.
const PER_LINK: usize = 100;

#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    account: Account,
    /// The server's process, whose processor time is read.
    #[arg(long)]
    pid: u32,
    /// Sockets that are open.
    #[arg(long, default_value_t = 500)]
    sockets: usize,
    /// Widgets that each of them watches.
    #[arg(long, default_value_t = 10)]
    widgets: usize,
    /// Changes that are timed.
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// What `cargo bench` passes to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

type Socket = WebSocketStream<TcpStream>;

/// A dashboard with this many widgets of a sensor: its address, and their ids.
async fn dashboard(client: &mut Client, widgets: usize) -> Result<(String, Vec<String>)> {
    let id = |value: &Value| value["id"].as_str().map(str::to_owned).context("an id");
    let organizations = client.json(&Method::GET, "/api/v1/organizations", None).await?;
    let organization = id(&organizations["items"][0])?;
    let body = json!({"organization_id": organization, "name": "bench"});
    let device = client.json(&Method::POST, "/api/v1/devices", Some(&body)).await?;
    let device = id(&device["device"])?;
    let board = id(&client.json(&Method::POST, "/api/v1/dashboard-templates", Some(&body)).await?)?;
    let path = format!("/api/v1/dashboard-templates/{board}");
    let mut ids = Vec::new();
    for n in 0..widgets {
        let body = json!({"widget_id": format!("w{n}"), "widget_type": "gauge", "data_source_type": "device_sensor",
            "device_id": device, "sensor_type": format!("s{n}")});
        let made = client.json(&Method::POST, &format!("{path}/widgets"), Some(&body)).await?;
        ids.push(id(&made)?);
    }
    Ok((path, ids))
}

/// A socket that watches all of them.
async fn open(args: &Args, token: &str, widgets: &[String]) -> Result<Socket> {
    let address = client::address(&args.account.url)?;
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{address}/ws/v1/live").into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    let (mut socket, _) = client_async(request, stream).await?;
    for (id, widget) in widgets.iter().enumerate() {
        socket.send(Message::text(json!({"t": "sub", "id": id, "widget": widget}).to_string())).await?;
        snap(&mut socket).await?;
    }
    Ok(socket)
}

/// The next snapshot.
async fn snap(socket: &mut Socket) -> Result<()> {
    loop {
        match socket.next().await.context("the socket is gone")?? {
            Message::Text(text) if text.starts_with(r#"{"t":"snap""#) => return Ok(()),
            Message::Text(text) => bail!("no snapshot: {text}"),
            Message::Close(close) => bail!("closed: {close:?}"),
            _ => {}
        }
    }
}

/// Milliseconds of processor time of a process; a tick is 10 ms.
fn processor_ms(pid: u32) -> Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = stat.rsplit_once(") ").context("stat")?.1.split(' ').collect::<Vec<_>>();
    Ok((fields[11].parse::<u64>()? + fields[12].parse::<u64>()?) * 10)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = match Args::try_parse() {
        Ok(args) => args,
        // `cargo bench` and `cargo test --benches` run every bench; this one needs a server.
        Err(_) if std::env::args().all(|argument| argument != "--url") => {
            println!("authority: needs a server");
            return Ok(());
        }
        Err(error) => error.exit(),
    };
    let mut client = Client::log_in(&args.account).await?;
    let (path, widgets) = dashboard(&mut client, args.widgets).await?;
    let mut sockets = Vec::new();
    while sockets.len() < args.sockets {
        let made = client
            .json(&Method::POST, &format!("{path}/share-links"), Some(&json!({"name": "bench"})))
            .await?;
        let token = made["token"].as_str().context("a token")?;
        for _ in 0..PER_LINK.min(args.sockets - sockets.len()) {
            sockets.push(open(&args, token, &widgets).await?);
        }
    }
    println!("{} sockets, {} widgets each", sockets.len(), args.widgets);
    println!("| round | first ms | p50 ms | p99 ms | last ms | server's processor ms |");
    println!("|---|---|---|---|---|---|");
    for round in 0..args.rounds {
        let before_ms = processor_ms(args.pid)?;
        let body = json!({"max_samples": 10 + round});
        client.call(&Method::PATCH, &format!("{path}/widgets/w0"), Some(&body)).await?;
        let answered = Instant::now();
        let shown = sockets.iter_mut().map(async |socket| {
            snap(socket).await?;
            Ok::<_, anyhow::Error>(answered.elapsed())
        });
        let shown = futures_util::future::try_join_all(shown);
        let shown = tokio::time::timeout(Duration::from_secs(20), shown)
            .await
            .context("somebody is told nothing")??;
        let mut latency = Histogram::<u64>::new(3)?;
        for after in shown {
            latency.record(after.as_micros() as u64)?;
        }
        let ms = |us: u64| us as f64 / 1000.0;
        println!(
            "| {} | {:.0} | {:.0} | {:.0} | {:.0} | {} |",
            round + 1,
            ms(latency.min()),
            ms(latency.value_at_quantile(0.5)),
            ms(latency.value_at_quantile(0.99)),
            ms(latency.max()),
            processor_ms(args.pid)? - before_ms,
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}
