//! REST reads and writes beside whatever else the server does: requests a second and latency of each kind.
//!
//! A closed loop: each connection sends its next request when the answer to the one before is there, one kind after another, for as long as
//! asked. It is run against a server that is up, with a fleet of `edgesync simulate` on it, by `benches/end_to_end.sh rest`:
//!
//! `cargo bench --bench rest -- --url http://127.0.0.1:8080 --email … --password … [--connections 4] [--seconds 10]`
//!
//! An answer that is no success ends the run: a figure of refused requests would be none.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Parser;
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
    /// Connections that ask at the same time.
    #[arg(long, default_value_t = 4)]
    connections: usize,
    /// Seconds of each kind of request.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// What `cargo bench` passes to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A kind of request. What it names is made before it is timed.
struct Kind {
    name: &'static str,
    method: Method,
    paths: Vec<String>,
    body: fn(u64) -> Option<Value>,
}

/// What the account has that can be asked for.
async fn kinds(client: &mut Client) -> Result<Vec<Kind>> {
    let devices = client.json(&Method::GET, "/api/v1/devices?limit=500", None).await?;
    let devices: Vec<String> = devices["items"]
        .as_array()
        .context("devices")?
        .iter()
        .filter_map(|device| device["id"].as_str().map(str::to_owned))
        .collect();
    let organizations = client.json(&Method::GET, "/api/v1/organizations", None).await?;
    let organization = organizations["items"][0]["id"].as_str().context("an organization")?.to_owned();
    let drawing: Vec<Value> = (0..20).map(|n| json!({"id": format!("w{n}"), "x": n, "y": n})).collect();
    let body = json!({"organization_id": organization, "name": "bench", "widgets": drawing});
    let dashboard = client.json(&Method::POST, "/api/v1/dashboard-templates", Some(&body)).await?;
    let dashboard = dashboard["id"].as_str().context("a dashboard")?.to_owned();
    let each = |make: fn(&str) -> String| devices.iter().map(|id| make(id)).collect::<Vec<_>>();
    let none: fn(u64) -> Option<Value> = |_| None;
    Ok(vec![
        Kind {
            name: "read: one device",
            method: Method::GET,
            paths: each(|id| format!("/api/v1/devices/{id}")),
            body: none,
        },
        Kind {
            name: "read: 50 devices",
            method: Method::GET,
            paths: vec!["/api/v1/devices".into()],
            body: none,
        },
        Kind {
            name: "read: latest of a device",
            method: Method::GET,
            paths: each(|id| format!("/api/v1/readings/latest?device={id}")),
            body: none,
        },
        Kind {
            name: "read: 50 raw readings",
            method: Method::GET,
            paths: each(|id| format!("/api/v1/readings?device={id}&sensor=s0&limit=50")),
            body: none,
        },
        Kind {
            name: "read: 100 buckets of a series",
            method: Method::GET,
            paths: each(|id| {
                format!(
                    "/api/v1/readings/series?device={id}&sensor=s0&agg=avg,min,max&bucket=auto&points=100"
                )
            }),
            body: none,
        },
        Kind {
            name: "read: a dashboard",
            method: Method::GET,
            paths: vec![format!("/api/v1/dashboard-templates/{dashboard}")],
            body: none,
        },
        Kind {
            name: "write: a device's description",
            method: Method::PATCH,
            paths: each(|id| format!("/api/v1/devices/{id}")),
            body: |n| Some(json!({"description": format!("{n} times changed")})),
        },
        Kind {
            name: "write: a dashboard",
            method: Method::PATCH,
            paths: vec![format!("/api/v1/dashboard-templates/{dashboard}")],
            body: |n| Some(json!({"description": format!("{n} times changed")})),
        },
    ])
}

async fn run(kind: &'static Kind, mut client: Client, at: usize, until: Instant) -> Result<Histogram<u64>> {
    let mut latency = Histogram::new(3)?;
    for n in at.. {
        let started = Instant::now();
        if started >= until {
            break;
        }
        let body = (kind.body)(n as u64);
        client.call(&kind.method, &kind.paths[n % kind.paths.len()], body.as_ref()).await?;
        latency.record(started.elapsed().as_micros() as u64)?;
    }
    Ok(latency)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = match Args::try_parse() {
        Ok(args) => args,
        // `cargo bench` and `cargo test --benches` run every bench; this one needs a server.
        Err(_) if std::env::args().all(|argument| argument != "--url") => {
            println!("rest: needs a server, see benches/end_to_end.sh rest");
            return Ok(());
        }
        Err(error) => error.exit(),
    };
    let address = client::address(&args.account.url)?;
    let mut client = Client::log_in(&args.account).await?;
    let token = client.token.clone();
    let kinds: &'static [Kind] = Box::leak(kinds(&mut client).await?.into_boxed_slice());
    println!("| request | connections | a second | p50 ms | p99 ms | max ms |");
    println!("|---|---|---|---|---|---|");
    for kind in kinds {
        let until = Instant::now() + Duration::from_secs(args.seconds);
        let mut running = Vec::new();
        for at in 0..args.connections {
            running.push(tokio::spawn(run(kind, Client::connect(address, &token).await?, at, until)));
        }
        let mut all = Histogram::<u64>::new(3)?;
        for one in running {
            all.add(one.await??)?;
        }
        let ms = |us: u64| us as f64 / 1000.0;
        println!(
            "| {} | {} | {:.0} | {:.2} | {:.2} | {:.2} |",
            kind.name,
            args.connections,
            all.len() as f64 / args.seconds as f64,
            ms(all.value_at_quantile(0.5)),
            ms(all.value_at_quantile(0.99)),
            ms(all.max()),
        );
    }
    Ok(())
}
