//! What an operator sets: flags over `EDGESYNC_*` over `edgesync.toml` over defaults. All problems are reported at once.

mod flags;
mod read;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use edgesync_api::state::Signup;
use edgesync_schemas::limit;
use edgesync_storage::postgres::Target;
use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use figment::value::Dict;

pub use flags::{Flags, Secret};
use read::{Reader, masked};

/// Exit code for a wrong configuration (`EX_USAGE` of sysexits.h).
pub const EXIT_CONFIG: u8 = 64;

/// The configuration, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Directory of the embedded store.
    pub data: PathBuf,
    /// The database that everything is stored in, if not there.
    pub database: Option<Target>,
    /// What to log.
    pub log: String,
    /// How to log.
    pub log_format: LogFormat,
    /// Worker threads of the engine.
    pub cells: usize,
    /// Bytes of readings that may wait for the disk.
    pub append_budget_bytes: usize,
    /// Frames a second that a device may send; 0 for no limit.
    pub device_frames_per_s: u32,
    /// Connections of the process.
    pub connections: usize,
    /// Connections from one address; 0 for no limit.
    pub connections_per_address: usize,
    /// Days that readings are kept of devices that are in no project.
    pub retention_days: u32,
    /// Bytes that stored readings may take; 0 for no limit.
    pub max_store_bytes: u64,
    /// For tests: milliseconds between looks for what is too old; 0 for as often as the product does.
    pub test_retention_ms: u64,
    /// Who may sign up.
    pub signup: Signup,
    /// Whether session cookies are for HTTPS only.
    pub secure_cookies: bool,
    /// For tests: nothing is committed while this file exists.
    pub test_stall_file: Option<PathBuf>,
    /// For tests: readings in memory before they are sealed into blocks.
    pub test_head_readings: usize,
    /// For tests: enables the node kind `fault`.
    pub test_faults: bool,
    /// Keys that the flows of one tenant may remember something of together.
    pub tenant_keys: u64,
    /// Bytes of that at the worst.
    pub tenant_state_bytes: u64,
    /// Percent of a cell's time that the flows of one tenant may take together while others wait.
    pub tenant_cpu_percent: u32,
    /// For tests: milliseconds between looks at how much flows take, and the other times of that in proportion; 0 for those of the product.
    pub test_balance_ms: u64,
}

/// How to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one object a line.
    Json,
}

const ENV_PREFIX: &str = "EDGESYNC_";
const DEFAULT_FILE: &str = "edgesync.toml";

impl Config {
    /// Reads the configuration.
    ///
    /// # Errors
    /// Every problem, one line each, naming the key.
    pub fn load(flags: &Flags) -> Result<Self, Vec<String>> {
        Self::load_with(flags, std::env::vars_os())
    }

    fn load_with(
        flags: &Flags,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Vec<String>> {
        let (mut variables, mut problems) = variables(environment);
        let named = variables.remove("config").map(PathBuf::from);
        let named = flags.config.clone().or(named);
        let mut figment = Figment::new();
        match named {
            Some(file) if file.is_file() => figment = figment.merge(Toml::file_exact(file)),
            Some(file) => problems.push(format!("config: {} is not a file", file.display())),
            None if Path::new(DEFAULT_FILE).is_file() => {
                figment = figment.merge(Toml::file_exact(DEFAULT_FILE));
            }
            None => {}
        }
        let figment = figment.merge(Serialized::defaults(variables)).merge(Serialized::defaults(flags));
        let checked = match figment.extract::<Dict>() {
            Ok(values) => Self::check(&values),
            Err(errors) => Err(errors.into_iter().map(|error| masked(&error.to_string())).collect()),
        };
        match checked {
            Ok(config) if problems.is_empty() => Ok(config),
            Ok(_) => Err(problems),
            Err(found) => {
                problems.extend(found);
                Err(problems)
            }
        }
    }

    fn check(values: &Dict) -> Result<Self, Vec<String>> {
        let mut read = Reader { values, problems: Vec::new() };
        for key in values.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            read.problems.push(format!("{key}: there is no such setting"));
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let config = Self {
            listen: read.parsed(
                "listen",
                "127.0.0.1:8080",
                "an address and port such as 127.0.0.1:8080",
                |_: &SocketAddr| true,
            ),
            data: read.directory("data", "data"),
            database: read.database(),
            log: read.text("log").unwrap_or_else(|| "info".into()),
            log_format: match read.text("log_format").as_deref() {
                None | Some("text") => LogFormat::Text,
                Some("json") => LogFormat::Json,
                Some(other) => {
                    read.problems.push(format!("log_format: must be text or json, not {other:?}"));
                    LogFormat::Text
                }
            },
            cells: read
                .parsed("cells", &(cores / 2).max(1).to_string(), "1 to 256", |n| (1..=256).contains(n)),
            append_budget_bytes: read.parsed(
                "append_budget_mb",
                &(limit::APPEND_BUDGET_BYTES >> 20).to_string(),
                "1 to 4096 (MiB)",
                |n: &usize| (1..=4096).contains(n),
            ) << 20,
            device_frames_per_s: read.parsed(
                "device_frames_per_s",
                &limit::DEVICE_FRAMES_PER_S.to_string(),
                "0 (no limit) to 1000000",
                |n| *n <= 1_000_000,
            ),
            connections: read.parsed("connections", &limit::CONNECTIONS.to_string(), "1 to 10000000", |n| {
                (1..=10_000_000).contains(n)
            }),
            connections_per_address: read.parsed(
                "connections_per_address",
                &limit::CONNECTIONS_PER_ADDRESS.to_string(),
                "0 (no limit) or more",
                |_: &usize| true,
            ),
            retention_days: read.parsed(
                "retention_days",
                &limit::RETENTION_DAYS_DEFAULT.to_string(),
                "1 to 3650 (days)",
                |n| (1..=limit::RETENTION_DAYS).contains(&i64::from(*n)),
            ),
            max_store_bytes: (read.parsed("max_store_gb", "0", "0 (no limit) to 1000000 (GiB)", |n: &f64| {
                (0.0..=1e6).contains(n)
            }) * f64::from(1 << 30)) as u64,
            test_retention_ms: read.parsed("test_retention_ms", "0", "milliseconds", |_: &u64| true),
            signup: match read.text("signup").as_deref() {
                None | Some("open") => Signup::Open,
                Some("closed") => Signup::Closed,
                Some(other) => {
                    read.problems.push(format!("signup: must be open or closed, not {other:?}"));
                    Signup::Closed
                }
            },
            secure_cookies: read.flag("secure_cookies"),
            test_stall_file: read.text("test_stall_file").map(PathBuf::from),
            test_head_readings: read.parsed(
                "test_head_readings",
                &limit::HEAD_READINGS.to_string(),
                "1 to 1000000",
                |n| (1..=limit::HEAD_READINGS).contains(n),
            ),
            test_faults: read.flag("test_faults"),
            tenant_keys: read.parsed(
                "tenant_keys",
                &limit::TENANT_KEYS.to_string(),
                "1 to 1000000000000",
                |n| (1..=1_000_000_000_000).contains(n),
            ),
            tenant_state_bytes: read.parsed(
                "tenant_state_mb",
                &(limit::TENANT_STATE_BYTES >> 20).to_string(),
                "1 to 16777216 (MiB)",
                |n: &u64| (1..=1 << 24).contains(n),
            ) << 20,
            tenant_cpu_percent: read.parsed(
                "tenant_cpu_percent",
                &((limit::TENANT_SHARE * 100.0) as u32).to_string(),
                "1 to 100 (percent of a worker thread)",
                |n| (1..=100).contains(n),
            ),
            test_balance_ms: read.parsed("test_balance_ms", "0", "milliseconds", |_: &u64| true),
        };
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&config.log) {
            read.problems.push(format!("log: {error}"));
        }
        if read.problems.is_empty() { Ok(config) } else { Err(read.problems) }
    }
}

const KEYS: [&str; 22] = [
    "listen",
    "data",
    "database_url",
    "log",
    "log_format",
    "cells",
    "append_budget_mb",
    "device_frames_per_s",
    "connections",
    "connections_per_address",
    "retention_days",
    "max_store_gb",
    "test_retention_ms",
    "signup",
    "secure_cookies",
    "test_stall_file",
    "test_head_readings",
    "test_faults",
    "tenant_keys",
    "tenant_state_mb",
    "tenant_cpu_percent",
    "test_balance_ms",
];

/// Variables with our prefix that are not for the server, but for tests, which start servers: the seed of the random ones, and where
/// PostgreSQL's programs are.
const OTHERS: [&str; 2] = ["EDGESYNC_TEST_PG_BIN", "EDGESYNC_TEST_SEED"];

/// What the environment says, by key, and a problem for each of our variables that says nothing.
fn variables(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> (BTreeMap<String, String>, Vec<String>) {
    let (mut found, mut problems) = (BTreeMap::new(), Vec::new());
    for (name, value) in environment {
        let name = name.to_string_lossy().to_ascii_uppercase();
        let Some(key) = name.strip_prefix(ENV_PREFIX).map(str::to_ascii_lowercase) else { continue };
        if OTHERS.contains(&name.as_str()) {
            continue;
        }
        if key != "config" && !KEYS.contains(&key.as_str()) {
            problems.push(format!("{name}: there is no such variable"));
            continue;
        }
        match value.into_string() {
            Ok(value) => drop(found.insert(key, value)),
            Err(_) => problems.push(format!("{name}: must be text")),
        }
    }
    problems.sort();
    (found, problems)
}

#[cfg(test)]
mod tests;
