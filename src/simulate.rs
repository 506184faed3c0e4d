//! `edgesync simulate`: a fleet of simulated devices over real WebSockets, for trying the product out and for its benches.
//!
//! Each device behaves like good firmware: it keeps what is not acknowledged, comes back with exponential backoff and full
//! jitter, resends from the last acknowledged frame with the same boot, numbers and bytes, and honours `credit`,
//! `retry_ms` and `after_ms`. It shares the machine with the server in benches, so it is built to be cheap: frames are
//! formatted by hand into reused buffers, masked on the way into one buffer per socket and written many at a time.
//!
//! What is left to others: deciding what a good result is. Numbers are printed as they came.

pub(crate) mod api;
mod device;
mod fleet;
mod frame;
mod report;
mod said;
mod socket;
pub(crate) mod target;
mod verify;
mod watch;
mod window;

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use target::Target;

/// Devices a process can simulate. Each holds a socket; file descriptors run out far earlier on most machines.
const DEVICES_MAX: u32 = 1_000_000;
/// Frames that a device may keep outstanding, whatever credit the server gives. Each costs 16 bytes of memory.
const WINDOW_MAX: u32 = 4096;
/// Subscriptions of a dashboard beside the fleet: one socket's worth.
const WATCH_MAX: u32 = 100;
/// Viewers beside the fleet. A hundred share an account, and the server bounds signups of one address.
const VIEWERS_MAX: u32 = 4000;

/// Options of `edgesync simulate`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Where the server is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub url: Target,
    /// Account that owns the devices; made if it does not exist.
    #[arg(long, required_unless_present = "tokens", requires = "password")]
    pub email: Option<String>,
    /// Password of the account.
    #[arg(long, requires = "email")]
    pub password: Option<String>,
    /// File with one device token a line, used instead of making devices.
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,
    /// Form of the device socket.
    #[arg(long, value_enum, default_value_t = Form::Json)]
    pub form: Form,
    /// Number of devices.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=DEVICES_MAX as i64))]
    pub devices: u32,
    /// Frames a second of each device, or `max`: as fast as acknowledgements allow.
    #[arg(long, default_value = "1")]
    pub rate: Rate,
    /// Readings in each frame.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub readings: u32,
    /// Frames that a device keeps outstanding at most; the server's credit may be less.
    #[arg(long, value_name = "FRAMES", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=WINDOW_MAX as i64))]
    pub window: u32,
    /// How long to send, once all devices are connected: seconds, or with a unit (`90`, `90s`, `10m`, `1h`).
    #[arg(long, default_value = "10s", value_parser = parse_duration)]
    pub duration: Duration,
    /// Seed of values, phases and jitter; drawn and printed if absent.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Only hold the connections; send nothing but pongs.
    #[arg(long, conflicts_with = "verify")]
    pub idle: bool,
    /// Make and deploy a flow for each device (device, moving average, filter, display).
    #[arg(long, requires = "email")]
    pub flows: bool,
    /// Follow the first sensor of this many devices on a live socket, and report how long values take to a dashboard.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "email", conflicts_with = "idle", value_parser = clap::value_parser!(u32).range(0..=WATCH_MAX as i64))]
    pub watch: u32,
    #[command(flatten)]
    pub viewing: Viewing,
    /// Read the store back at the end; exit 1 if an acknowledged reading is missing or doubled, or one was never sent.
    #[arg(long, requires = "email")]
    pub verify: bool,
    /// Print the result as one JSON object on stdout.
    #[arg(long)]
    pub json: bool,
    /// Connections a second that are opened at most.
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub connect_rate: u32,
}

/// People who look on.
#[derive(Debug, Clone, clap::Args)]
pub struct Viewing {
    /// Live sockets of other people beside it, on accounts `viewerN.EMAIL` that are made members of the organization.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "email", conflicts_with = "idle", value_parser = clap::value_parser!(u32).range(0..=VIEWERS_MAX as i64))]
    pub viewers: u32,
    /// Devices whose first sensor each viewer follows, going round all of them.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=WATCH_MAX as i64))]
    pub viewer_widgets: u32,
    /// Values a second that a viewer asks for of each.
    #[arg(long, value_name = "HZ", default_value_t = 4.0)]
    pub viewer_hz: f64,
    /// So many of the viewers take nothing of what they asked for.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub stalled: u32,
}

/// Which device socket is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// `/ws/v1/device`, JSON: numbered frames, cumulative acknowledgements, exactly once.
    #[value(alias = "edgesync")]
    Json,
    /// `/ws/v1/device`, the same in CBOR.
    Cbor,
    /// `/ws/sensors/`: one reply per frame, at least once.
    Compat,
    /// `/ws/v1/device`, SenML packs in JSON: one reply per pack, at least once.
    Senml,
}

impl Form {
    /// The name as the command line takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Cbor => "cbor",
            Self::Compat => "compat",
            Self::Senml => "senml",
        }
    }

    /// The sub-protocol of the handshake.
    const fn sub_protocol(self) -> Option<&'static str> {
        match self {
            Self::Json => Some("edgesync.v1.json"),
            Self::Cbor => Some("edgesync.v1.cbor"),
            Self::Compat => None,
            Self::Senml => Some("senml.v1"),
        }
    }

    /// Whether the device says hello and its frames are numbered.
    const fn is_numbered(self) -> bool {
        matches!(self, Self::Json | Self::Cbor)
    }
}

/// How fast a device sends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// As fast as window and credit allow; latency counts from the moment of sending.
    Max,
    /// Frames a second on a fixed schedule; latency counts from the scheduled moment, so that a server that
    /// stalls is charged for the frames that had to wait (no coordinated omission).
    PerSecond(f64),
}

impl FromStr for Rate {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.parse::<f64>() {
            Ok(rate) if rate.is_finite() && (0.001..=1_000_000.0).contains(&rate) => {
                Ok(Self::PerSecond(rate))
            }
            _ => Err("must be `max` or a number from 0.001 to 1000000".to_owned()),
        }
    }
}

/// Runs the fleet and prints what came of it.
///
/// Exit code 1: no device connected, or `--verify` found the store wrong. Not cancel safe: sockets would be dropped
/// without a close.
///
/// # Errors
/// What keeps the run from starting or from being verified: an unreachable server, a refused login, a reached device limit.
pub async fn run(args: Args) -> Result<ExitCode> {
    let seed = match args.seed {
        Some(seed) => seed,
        None => u64::from(random_u32()?),
    };
    eprintln!("seed {seed}");
    let tokens = args.tokens.as_deref().map(|path| read_tokens(path, args.devices as usize)).transpose()?;
    let account = match (&args.email, &args.password) {
        (Some(email), Some(password)) => Some(api::Account::enter(&args.url, email, password, None).await?),
        _ => None,
    };
    let mut known = Vec::new();
    let devices = match (tokens, &account) {
        // This form has no greeting that says which device a token belongs to.
        (Some(_), _) if args.verify && args.form == Form::Senml => {
            bail!("--verify of the senml form needs devices made by the API, not --tokens")
        }
        (Some(tokens), _) => tokens.into_iter().map(|token| (token, None)).collect(),
        (None, Some(account)) => {
            known = account.devices(args.devices as usize).await?;
            known.iter().map(|device| (device.token.clone(), Some(device.id.clone()))).collect()
        }
        (None, None) => bail!("either --email and --password or --tokens must be given"),
    };
    if let (true, Some(account)) = (args.flows, &account) {
        if known.is_empty() {
            bail!("--flows needs devices made by the API, not --tokens");
        }
        account.deploy_flows(&known).await?;
    }

    let ids: Vec<String> = known.iter().map(|device| device.id.clone()).collect();
    let dashboard = account.as_ref().filter(|_| args.watch > 0).map(|account| watch::Dashboard {
        token: account.token().to_owned(),
        devices: ids.iter().take(args.watch as usize).cloned().collect(),
        max_hz: watch::MAX_HZ,
        reads: true,
    });
    let viewers = match (&account, &args.email, &args.password) {
        (Some(account), Some(email), Some(password)) if args.viewing.viewers > 0 => {
            if ids.is_empty() {
                bail!("--viewers needs devices made by the API, not --tokens");
            }
            watch::viewers(account, &args.url, email, password, &ids, &args.viewing)
                .await
                .context("making viewers")?
        }
        _ => Vec::new(),
    };
    let run = fleet::run(&args, seed, devices, dashboard, viewers).await?;
    let mut report = report::Report::new(&args, seed, &run);
    if let (true, Some(account)) = (args.verify, &account) {
        report.verified =
            Some(verify::verify(account, &args, seed, &run).await.context("reading the store back")?);
    }
    report.print(args.json);
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Device tokens of a file, one a line; empty lines and lines that start with `#` are skipped.
fn read_tokens(path: &std::path::Path, devices: usize) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let tokens: Vec<String> = lines.take(devices).map(str::to_owned).collect();
    if tokens.len() < devices {
        bail!("{} holds {} tokens, --devices asks for {devices}", path.display(), tokens.len());
    }
    Ok(tokens)
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        unit => return Err(format!("unknown unit `{unit}`: ms, s, m and h are known")),
    };
    let seconds =
        digits.parse::<f64>().map_err(|_| "must be a number, with or without a unit".to_owned())? * factor;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration <= Duration::from_secs(30 * 24 * 3600) && !duration.is_zero() => {
            Ok(duration)
        }
        _ => Err("must be above 0 and at most 30 days".to_owned()),
    }
}

fn random_u32() -> Result<u32> {
    getrandom::u32().map_err(|error| anyhow!("drawing a random number: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_carry_their_unit() {
        for (text, ms) in
            [("90", 90_000), ("1.5s", 1_500), ("250ms", 250), ("2m", 120_000), ("1h", 3_600_000)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "s", "-1", "0", "3d", "1e99", "NaN"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rates_are_numbers_or_max() {
        assert_eq!("max".parse(), Ok(Rate::Max));
        assert_eq!("12.5".parse(), Ok(Rate::PerSecond(12.5)));
        for text in ["0", "-1", "NaN", "inf", "fast"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
