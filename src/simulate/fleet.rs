//! The fleet: opens the connections at their rate, starts all devices together, shows progress, stops them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use tokio::sync::watch::Sender;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::device::Device;
use super::frame::Shape;
use super::report::{Board, Totals};
use super::watch::{Dashboard, Seen, watch};
use super::{Args, Form, Rate};

/// How long to wait, after the last connection was tried, for the devices that are not up yet.
const CONNECT_GRACE: Duration = Duration::from_secs(15);
/// How long unacknowledged frames may take to be acknowledged once sending has stopped.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(15);

/// Where the run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Connections are being opened.
    Connecting,
    /// Devices send.
    Running,
    /// Nothing new is sent; acknowledgements are awaited.
    Draining,
    /// Everybody goes home.
    Over,
}

/// What all devices of a run share.
pub struct Plan {
    /// Seed of everything random.
    pub seed: u64,
    /// Form of the socket.
    pub form: Form,
    /// How fast.
    pub rate: Rate,
    /// Frames outstanding at most.
    pub window: usize,
    /// Whether connections are only held.
    pub idle: bool,
    /// Addresses to dial.
    pub addresses: Vec<SocketAddr>,
    /// What the `Host` header says.
    pub authority: String,
    /// What frames look like.
    pub shape: Shape,
    /// Where the run is.
    pub phase: Sender<Phase>,
    /// What has been counted so far.
    pub board: Board,
    /// Devices that were greeted at least once.
    pub greeted: AtomicU64,
    /// Devices that stopped without ever being greeted.
    pub given_up: AtomicU64,
    /// The run's clock: nanoseconds since `origin`, and the wall clock at that moment.
    origin: Instant,
    origin_ms: i64,
    start_ns: AtomicU64,
}

impl Plan {
    /// The run's clock.
    pub fn now_ns(&self) -> u64 {
        self.origin.elapsed().as_nanos() as u64
    }

    /// When sending began.
    pub fn start_ns(&self) -> u64 {
        self.start_ns.load(Ordering::Relaxed)
    }

    /// A moment of the run's clock for a timer.
    pub fn instant(&self, ns: u64) -> Instant {
        self.origin + Duration::from_nanos(ns)
    }

    /// A moment of the run's clock in microseconds since the Unix epoch.
    pub fn wall_us(&self, ns: u64) -> i64 {
        self.origin_ms * 1000 + (ns / 1000) as i64
    }

    /// A moment of the run's clock in milliseconds since the Unix epoch.
    pub fn wall_ms(&self, ns: u64) -> i64 {
        self.origin_ms + (ns / 1_000_000) as i64
    }
}

/// What came of a device: all that the check of the store needs.
#[derive(Debug)]
pub struct Outcome {
    /// Its number in the run.
    pub index: u32,
    /// Its id, as the server or the API told it; `None` for a device that never connected.
    pub id: Option<String>,
    /// All frames up to this one are acknowledged.
    pub acked: u64,
    /// The last frame that was written to a socket.
    pub sent: u64,
    /// Readings in acknowledged frames that the server refused for good.
    pub rejected: Vec<(u64, u32)>,
    /// Frames of a form without numbers that were refused: their readings may be absent.
    pub refused: Vec<u64>,
    /// Frames of a form without numbers that were sent again because a socket broke, `from..=to`: their readings may be there
    /// more than once.
    pub resent: Vec<(u64, u64)>,
}

/// What came of a run.
pub struct Run {
    /// One per device.
    pub outcomes: Vec<Outcome>,
    /// Everything counted, to the end.
    pub totals: Totals,
    /// Frames acknowledged while sending lasted.
    pub acked_in_time: u64,
    /// How long sending lasted.
    pub sending: Duration,
    /// Devices that were up when sending began.
    pub connected: u64,
    /// How long it took to bring them up.
    pub connecting: Duration,
    /// Frames acknowledged in each second of sending.
    pub per_second: Vec<u64>,
    /// When the run began, in milliseconds since the Unix epoch; no reading of it is older.
    pub began_ms: i64,
    /// What the dashboard that asks for everything saw, if there was one.
    pub seen: Option<Seen>,
    /// What the other viewers saw, if there were any.
    pub viewed: Option<Seen>,
}

/// A device's token, and its id if that is known before it connects.
pub type Credentials = (String, Option<String>);

/// Runs a fleet of these devices. Ctrl-C stops sending early. Not cancel safe.
pub async fn run(
    args: &Args,
    seed: u64,
    credentials: Vec<Credentials>,
    dashboard: Option<Dashboard>,
    viewers: Vec<Dashboard>,
) -> Result<Run> {
    let origin_ms =
        SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?.as_millis() as i64;
    let plan = Arc::new(Plan {
        seed,
        form: args.form,
        rate: args.rate,
        window: args.window as usize,
        idle: args.idle,
        addresses: args.url.addresses(credentials.len()).await?,
        authority: args.url.authority.clone(),
        shape: Shape::new(args.form, seed, args.readings),
        phase: Sender::new(Phase::Connecting),
        board: Board::default(),
        greeted: AtomicU64::new(0),
        given_up: AtomicU64::new(0),
        origin: Instant::now(),
        origin_ms,
        start_ns: AtomicU64::new(0),
    });
    let dashboard = tokio::spawn(watch(dashboard.into_iter().collect(), Arc::clone(&plan)));
    let viewers = tokio::spawn(watch(viewers, Arc::clone(&plan)));
    let mut stop = std::pin::pin!(tokio::signal::ctrl_c());
    let count = credentials.len() as u64;

    let mut devices = JoinSet::new();
    let boot = super::random_u32()?;
    for (index, (token, id)) in credentials.into_iter().enumerate() {
        let index = index as u32;
        let at = Duration::from_secs_f64(f64::from(index) / f64::from(args.connect_rate));
        tokio::time::sleep_until(plan.origin + at).await;
        let boot = boot.wrapping_add(index);
        devices.spawn(Device::new(Arc::clone(&plan), index, token, id, boot).run());
    }
    let grace = Instant::now() + CONNECT_GRACE;
    while plan.greeted.load(Ordering::Relaxed) + plan.given_up.load(Ordering::Relaxed) < count
        && Instant::now() < grace
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let connected = plan.greeted.load(Ordering::Relaxed);
    let connecting = plan.origin.elapsed();
    eprintln!("{connected} of {count} devices connected in {:.2} s", connecting.as_secs_f64());

    plan.start_ns.store(plan.now_ns(), Ordering::Relaxed);
    plan.phase.send_replace(Phase::Running);
    let started = Instant::now();
    let mut per_second = Vec::new();
    let mut shown = Totals::default();
    while connected > 0 && started.elapsed() < args.duration {
        let next = (started + Duration::from_secs(per_second.len() as u64 + 1)).min(started + args.duration);
        tokio::select! {
            () = tokio::time::sleep_until(next) => {}
            _ = &mut stop => break,
        }
        let now = plan.board.sum();
        progress(started.elapsed(), &now, &shown, &plan);
        per_second.push(now.frames_acked - shown.frames_acked);
        shown = now;
    }
    let sending = started.elapsed();
    let acked_in_time = plan.board.sum().frames_acked;

    plan.phase.send_replace(Phase::Draining);
    let seen = dashboard.await?.context("watching")?;
    let viewed = viewers.await?.context("viewing")?;
    let mut outcomes = Vec::with_capacity(count as usize);
    let drained = async {
        while let Some(outcome) = devices.join_next().await {
            outcomes.push(outcome.context("a simulated device panicked")?);
        }
        Ok::<_, anyhow::Error>(())
    };
    match tokio::time::timeout(DRAIN_TIMEOUT, drained).await {
        Ok(result) => result?,
        Err(_) => {
            plan.phase.send_replace(Phase::Over);
            while let Some(outcome) = devices.join_next().await {
                outcomes.push(outcome.context("a simulated device panicked")?);
            }
        }
    }
    outcomes.sort_unstable_by_key(|outcome| outcome.index);
    Ok(Run {
        outcomes,
        totals: plan.board.sum(),
        acked_in_time,
        sending,
        connected,
        connecting,
        per_second,
        began_ms: origin_ms,
        seen,
        viewed,
    })
}

fn progress(elapsed: Duration, now: &Totals, before: &Totals, plan: &Plan) {
    let frames = now.frames_acked - before.frames_acked;
    eprintln!(
        "{:5.0} s  {frames:>8} frames/s  {:>9} readings/s  {:>7} under way  p50 {:.1} ms  p99 {:.1} ms  {} errors",
        elapsed.as_secs_f64(),
        frames * plan.shape.readings(),
        (now.frames_sent - now.frames_resent).saturating_sub(now.frames_acked),
        now.latency_ms(0.5),
        now.latency_ms(0.99),
        now.errors.values().sum::<u64>(),
    );
}
