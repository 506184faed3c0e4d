//! Flows of a server that is up: how fast stored readings are run over, and what deployments cost who is there.
//!
//! Run by `benches/end_to_end.sh 10` and `deploy`:
//!
//! `cargo bench --bench flows -- --url http://127.0.0.1:8080 --email … --password … replay [--readings 1000000] [--times 5]`
//! `… deploys [--seconds 30]`, beside a fleet of `edgesync simulate`
//!
//! A run that did not see all readings, or a deployment that is refused, ends the bench: its figure would be none.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use edgesync_schemas::time::Timestamp;
use hdrhistogram::Histogram;
use hyper::Method;
use serde_json::{Value, json};

#[path = "rest/client.rs"]
mod client;

use client::{Account, Client};

#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    account: Account,
    #[command(subcommand)]
    what: What,
    /// What `cargo bench` passes to every bench.
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Imports readings and runs a flow of six nodes over them, again and again.
    Replay {
        /// Readings; a multiple of 100.
        #[arg(long, default_value_t = 1_000_000)]
        readings: usize,
        /// How often.
        #[arg(long, default_value_t = 5)]
        times: usize,
    },
    /// Deploys one version after the other of a flow over the account's devices; every one has to warm up.
    Deploys {
        /// For how long.
        #[arg(long, default_value_t = 30)]
        seconds: u64,
        /// Devices that the flow reads.
        #[arg(long, default_value_t = 20)]
        devices: usize,
    },
}

const DEVICES: usize = 10;
const SENSORS: usize = 10;

fn diagram(name: &str, devices: &[String], window: &str) -> Value {
    let node = |id: &str, kind: &str, data: Value| json!({"id": id, "type": kind, "position": {"x": 0, "y": 0}, "data": data});
    let edge = |from: &str, to: &str| json!({"id": format!("{from}-{to}"), "source": from, "target": to});
    json!({
        "name": name,
        "nodes": [
            node("source", "device-sensor", json!({"devices": devices})),
            node("filter", "filter", json!({"expression": "value > 0.2"})),
            node("scale", "scale", json!({"factor": 1.8, "offset": 32})),
            node("mean", "moving-average", json!({"windowSize": 10})),
            node("window", "window", json!({"size": window})),
            node("show", "display", json!({})),
        ],
        "edges": [edge("source", "filter"), edge("filter", "scale"), edge("scale", "mean"), edge("mean", "window"), edge("window", "show")],
    })
}

async fn make_flow(client: &mut Client, body: &Value) -> Result<String> {
    let made = client.json(&Method::POST, "/api/v1/flows", Some(body)).await?;
    Ok(made["id"].as_str().context("a flow")?.to_owned())
}

/// Readings of ten devices with ten sensors each, one a second of each, that end an hour ago.
async fn import(client: &mut Client, readings: usize) -> Result<(Vec<String>, i64)> {
    let organizations = client.json(&Method::GET, "/api/v1/organizations", None).await?;
    let organization = organizations["items"][0]["id"].clone();
    let seconds = readings / (DEVICES * SENSORS);
    let now_ms = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis() as i64;
    let from_ms = (now_ms - 3_600_000) / 1000 * 1000 - seconds as i64 * 1000;
    let (mut devices, mut seed) = (Vec::new(), 88172645463325252u64);
    for n in 0..DEVICES {
        let body =
            json!({"organization_id": organization, "name": format!("replayed {n}"), "device_type": "bench"});
        let made = client.json(&Method::POST, "/api/v1/devices", Some(&body)).await?;
        let device = made["device"]["id"].as_str().context("a device")?.to_owned();
        let mut csv = String::from("sensor_type,value,timestamp\n");
        for second in 0..seconds as i64 {
            for sensor in 0..SENSORS {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                let value = (seed & 0xffff) as f64 / 65_536.0;
                writeln!(csv, "s{sensor},{value},{}", from_ms + second * 1000)?;
            }
        }
        let path = format!("/api/v1/readings/import?device={device}");
        let answer = client.send(&Method::POST, &path, "text/csv", Some(csv.into())).await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        if answer["accepted"] != json!(seconds * SENSORS) {
            bail!("an import was not taken whole: {answer}");
        }
        devices.push(device);
    }
    Ok((devices, from_ms))
}

fn time(ms: i64) -> Result<String> {
    Ok(Timestamp::from_ms(ms).context("a time")?.to_string())
}

async fn replay(client: &mut Client, readings: usize, times: usize) -> Result<()> {
    let (devices, from_ms) = import(client, readings).await?;
    let flow = make_flow(client, &diagram("replay", &devices, "1m")).await?;
    let mut took = Vec::new();
    for _ in 0..times {
        let body = json!({"from": time(from_ms)?, "to": time(from_ms + (readings / (DEVICES * SENSORS)) as i64 * 1000)?});
        let began = Instant::now();
        let run = client.json(&Method::POST, &format!("/api/v1/flows/{flow}/run"), Some(&body)).await?;
        let path = format!("/api/v1/flows/{flow}/executions/{}", run["id"].as_str().context("a run")?);
        let ended = loop {
            let run = client.json(&Method::GET, &path, None).await?;
            match run["status"].as_str() {
                Some("running" | "pending") => tokio::time::sleep(Duration::from_millis(5)).await,
                _ => break run,
            }
        };
        if ended["status"] != "completed" || ended["result"]["readings"] != json!(readings) {
            bail!("the run did not see all readings: {ended}");
        }
        took.push(began.elapsed().as_secs_f64());
    }
    took.sort_by(f64::total_cmp);
    let median = took[took.len() / 2];
    println!(
        "{readings} stored readings of {} series through six nodes: median {median:.3} s of {times} runs ({:.3} to {:.3}), {:.2} M readings/s",
        DEVICES * SENSORS,
        took[0],
        took[took.len() - 1],
        readings as f64 / median / 1e6
    );
    Ok(())
}

async fn deploys(client: &mut Client, seconds: u64, most: usize) -> Result<()> {
    let devices = client.json(&Method::GET, "/api/v1/devices?limit=500", None).await?;
    let devices = devices["items"].as_array().context("devices")?;
    let ids = devices.iter().filter_map(|device| device["id"].as_str().map(str::to_owned));
    let devices: Vec<String> = ids.take(most).collect();
    let flow = make_flow(client, &diagram("deployed", &devices, "10s")).await?;
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut latency = Histogram::<u64>::new(3)?;
    for n in 1.. {
        if Instant::now() >= until {
            break;
        }
        // another size each time: the window is not the old one's, so it has to warm up
        let window = format!("{}s", 10 + n % 50);
        let path = format!("/api/v1/flows/{flow}");
        client.json(&Method::PATCH, &path, Some(&diagram("deployed", &devices, &window))).await?;
        let began = Instant::now();
        client.json(&Method::POST, &format!("{path}/deploy"), Some(&json!({}))).await?;
        latency.record(began.elapsed().as_micros() as u64)?;
    }
    let ms = |us: u64| us as f64 / 1000.0;
    println!(
        "{} deployments in {seconds} s over {} devices: p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
        latency.len(),
        devices.len(),
        ms(latency.value_at_quantile(0.5)),
        ms(latency.value_at_quantile(0.99)),
        ms(latency.max()),
    );
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = match Args::try_parse() {
        Ok(args) => args,
        // `cargo bench` and `cargo test --benches` run every bench; this one needs a server.
        Err(_) if std::env::args().all(|argument| argument != "--url") => {
            println!("flows: needs a server, see benches/end_to_end.sh 10 deploy");
            return Ok(());
        }
        Err(error) => error.exit(),
    };
    let mut client = Client::log_in(&args.account).await?;
    match args.what {
        What::Replay { readings, times } => replay(&mut client, readings, times).await,
        What::Deploys { seconds, devices } => deploys(&mut client, seconds, devices).await,
    }
}
