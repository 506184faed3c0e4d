//! What an operator sets: flags over `EDGESYNC_*` over `edgesync.toml` over defaults. All problems are reported at once.

use std::net::SocketAddr;
use std::path::PathBuf;

use edgesync_schemas::limit;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Value};
use serde::Serialize;

/// Exit code for a wrong configuration (`EX_USAGE` of sysexits.h).
pub const EXIT_CONFIG: u8 = 64;

/// Flags of `edgesync serve`. Each has an environment variable (`EDGESYNC_LISTEN`) and a key (`listen`) of the same name.
#[derive(Debug, Clone, Default, clap::Args, Serialize)]
pub struct Flags {
    /// Address and port to listen on; port 0 takes a free one. Default: 127.0.0.1:8080.
    #[arg(long, value_name = "ADDRESS:PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// Directory of the embedded store. Default: ./data.
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// URL of a PostgreSQL database. This version stores in --data only and refuses it.
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<String>,
    /// Configuration file. Default: edgesync.toml, if there is one.
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// What to log: error, warn, info, debug, trace, or by module ("info,edgesync_actors=debug"). Default: info.
    #[arg(long, value_name = "FILTER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// How to log, on stderr: text or json. Default: text.
    #[arg(long, value_name = "FORMAT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_format: Option<String>,
    /// Worker threads of the flow engine. Default: half the cores, at least one.
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cells: Option<String>,
    /// MiB of readings that may wait for the disk before sockets are not read. Default: 64.
    #[arg(long, value_name = "MIB")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub append_budget_mb: Option<String>,
    /// Frames a second that a device may send; 0 for no limit. Default: 0.
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_frames_per_s: Option<String>,
    /// Connections of the process. Default: 100000.
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<String>,
    /// Connections from one address; 0 for no limit, which a proxy in front needs. Default: 0.
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections_per_address: Option<String>,
    /// For tests: nothing is committed while this file exists.
    #[arg(long, value_name = "FILE", hide = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_stall_file: Option<String>,
    /// For tests: readings in memory before they are sealed into blocks.
    #[arg(long, value_name = "N", hide = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_head_readings: Option<String>,
    /// For tests: enables the node kind "fault".
    #[arg(long, hide = true)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub test_faults: bool,
}

/// The configuration, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Directory of the embedded store.
    pub data: PathBuf,
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
    /// For tests: nothing is committed while this file exists.
    pub test_stall_file: Option<PathBuf>,
    /// For tests: readings in memory before they are sealed into blocks.
    pub test_head_readings: usize,
    /// For tests: enables the node kind `fault`.
    pub test_faults: bool,
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
        let file = flags.config.clone().unwrap_or_else(|| DEFAULT_FILE.into());
        if flags.config.is_some() && !file.is_file() {
            return Err(vec![format!("config: {} is not a file", file.display())]);
        }
        let figment = if file.is_file() { Figment::from(Toml::file_exact(&file)) } else { Figment::new() };
        let figment = figment
            .merge(
                Env::prefixed(ENV_PREFIX)
                    .filter(|key| KEYS.contains(&key.as_str().to_ascii_lowercase().as_str())),
            )
            .merge(Serialized::defaults(flags));
        let values: Dict = figment
            .extract()
            .map_err(|errors| errors.into_iter().map(|error| error.to_string()).collect::<Vec<_>>())?;
        Self::check(&values)
    }

    fn check(values: &Dict) -> Result<Self, Vec<String>> {
        let mut read = Reader { values, problems: Vec::new() };
        for key in values.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            read.problems.push(format!("{key}: there is no such setting"));
        }
        if read.text("database_url").is_some() {
            read.problems.push("database_url: this version stores in the data directory only".into());
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let config = Self {
            listen: read.parsed(
                "listen",
                "127.0.0.1:8080",
                "an address and port such as 127.0.0.1:8080",
                |_: &SocketAddr| true,
            ),
            data: read.parsed("data", "data", "a directory", |_: &PathBuf| true),
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
            append_budget_bytes: read
                .parsed("append_budget_mb", "64", "1 to 4096 (MiB)", |n: &usize| (1..=4096).contains(n))
                << 20,
            device_frames_per_s: read
                .parsed("device_frames_per_s", "0", "0 (no limit) to 1000000", |n| *n <= 1_000_000),
            connections: read
                .parsed("connections", "100000", "1 to 10000000", |n| (1..=10_000_000).contains(n)),
            connections_per_address: read.parsed(
                "connections_per_address",
                "0",
                "0 (no limit) or more",
                |_: &usize| true,
            ),
            test_stall_file: read.text("test_stall_file").map(PathBuf::from),
            test_head_readings: read.parsed(
                "test_head_readings",
                &limit::HEAD_READINGS.to_string(),
                "1 to 1000000",
                |n| (1..=limit::HEAD_READINGS).contains(n),
            ),
            test_faults: matches!(read.text("test_faults").as_deref(), Some("true" | "1")),
        };
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&config.log) {
            read.problems.push(format!("log: {error}"));
        }
        if read.problems.is_empty() { Ok(config) } else { Err(read.problems) }
    }
}

const KEYS: [&str; 14] = [
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
    "test_stall_file",
    "test_head_readings",
    "test_faults",
    "config",
];

struct Reader<'a> {
    values: &'a Dict,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn text(&mut self, key: &str) -> Option<String> {
        match self.values.get(key)? {
            Value::String(_, text) => Some(text.clone()),
            Value::Num(_, num) => {
                num.to_i128().map(|n| n.to_string()).or_else(|| num.to_f64().map(|n| n.to_string()))
            }
            Value::Bool(_, flag) => Some(flag.to_string()),
            _ => {
                self.problems.push(format!("{key}: must be text or a number"));
                None
            }
        }
    }

    fn parsed<T: std::str::FromStr>(
        &mut self,
        key: &str,
        default: &str,
        must: &str,
        fits: impl Fn(&T) -> bool,
    ) -> T {
        let given = self.text(key);
        if let Some(text) = &given {
            match text.parse::<T>() {
                Ok(value) if fits(&value) => return value,
                _ => self.problems.push(format!("{key}: must be {must}, not {text:?}")),
            }
        }
        default.parse().ok().expect("defaults are written to fit")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(toml: &str) -> Result<Config, Vec<String>> {
        Config::check(&Figment::from(Toml::string(toml)).extract().unwrap())
    }

    #[test]
    fn defaults_hold_without_any_setting() {
        let config = check("").unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.append_budget_bytes, 64 << 20);
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let problems =
            check("listen = 'here'\ncells = 0\nlog_format = 'xml'\ncolour = 1\nlog = '=='").unwrap_err();
        for key in ["listen", "cells", "log_format", "colour", "log"] {
            assert!(
                problems.iter().any(|problem| problem.starts_with(&format!("{key}: "))),
                "{key}: {problems:?}"
            );
        }
        assert_eq!(problems.len(), 5);
    }

    #[test]
    fn postgresql_is_refused_until_it_is_there() {
        assert_eq!(check("database_url = 'postgres://x'").unwrap_err().len(), 1);
    }
}
