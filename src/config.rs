//! What an operator sets: flags over `EDGESYNC_*` over `edgesync.toml` over defaults. All problems are reported at once.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use edgesync_api::state::Signup;
use edgesync_schemas::limit;
use edgesync_storage::postgres::Target;
use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use figment::value::{Dict, Value};
use serde::Serialize;

/// Exit code for a wrong configuration (`EX_USAGE` of sysexits.h).
pub const EXIT_CONFIG: u8 = 64;

/// Flags of `edgesync serve`. Each has an environment variable (`EDGESYNC_LISTEN`) and a key (`listen`) of the same name; `--config`
/// has the variable only.
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
    /// URL of a PostgreSQL database to store everything in, instead of --data: postgres://user:password@host/database. Others on the
    /// machine can read a command line: the variable or the file keep the password to themselves.
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<Secret>,
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
    /// Days that readings are kept of devices that are in no project. Default: 30.
    #[arg(long, value_name = "DAYS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<String>,
    /// GiB that stored readings may take on disk; past it the oldest go, whatever their projects ask. 0 for no limit. Default: 0.
    #[arg(long, value_name = "GIB")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_store_gb: Option<String>,
    /// For tests: milliseconds between looks for what is too old.
    #[arg(long, value_name = "MS", hide = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_retention_ms: Option<String>,
    /// Who may sign up: open (everybody) or closed (the first user, with the setup token). Default: open.
    #[arg(long, value_name = "WHO")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signup: Option<String>,
    /// Whether session cookies are for HTTPS only: true if TLS is in front of the server. Default: false.
    #[arg(long, value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure_cookies: Option<String>,
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

/// Text that is not shown.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct Secret(String);

impl std::str::FromStr for Secret {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(not shown)")
    }
}

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
            data: read.parsed("data", "data", "a directory", |_: &PathBuf| true),
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
        };
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&config.log) {
            read.problems.push(format!("log: {error}"));
        }
        if read.problems.is_empty() { Ok(config) } else { Err(read.problems) }
    }
}

const KEYS: [&str; 18] = [
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

/// A parser's message, which may quote the line it stumbled over, without what stands between the scheme and the host of URLs.
fn masked(message: &str) -> String {
    let mut masked = String::with_capacity(message.len());
    let mut rest = message;
    while let Some((before, after)) = rest.split_once("://") {
        masked.push_str(before);
        masked.push_str("://");
        let line = after.find('\n').unwrap_or(after.len());
        rest = after[..line].rfind('@').map_or(after, |at| &after[at..]);
    }
    masked.push_str(rest);
    masked
}

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

    fn database(&mut self) -> Option<Target> {
        let url = self.text("database_url")?;
        match Target::parse(&url) {
            Ok(target) => Some(target),
            Err(problems) => {
                self.problems
                    .extend(problems.into_iter().map(|problem| format!("database_url: the URL {problem}")));
                None
            }
        }
    }

    fn flag(&mut self, key: &str) -> bool {
        match self.text(key).as_deref() {
            None | Some("false" | "0") => false,
            Some("true" | "1") => true,
            Some(other) => {
                self.problems.push(format!("{key}: must be true or false, not {other:?}"));
                false
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
        assert_eq!(config.append_budget_bytes, limit::APPEND_BUDGET_BYTES);
        assert_eq!(config.device_frames_per_s, limit::DEVICE_FRAMES_PER_S);
        assert_eq!(config.connections, limit::CONNECTIONS);
        assert_eq!(config.connections_per_address, limit::CONNECTIONS_PER_ADDRESS);
        assert_eq!((config.signup, config.secure_cookies), (Signup::Open, false));
        let config = check("signup = 'closed'\nsecure_cookies = true").unwrap();
        assert_eq!((config.signup, config.secure_cookies), (Signup::Closed, true));
    }

    fn load(config: Option<&Path>, environment: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let flags = Flags { config: config.map(Path::to_owned), ..Flags::default() };
        Config::load_with(&flags, environment.iter().map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn the_variable_names_the_file_as_the_flag_does() {
        let dir = tempfile::tempdir().unwrap();
        let (seven, nine) = (dir.path().join("7.toml"), dir.path().join("9.toml"));
        std::fs::write(&seven, "cells = 7").unwrap();
        std::fs::write(&nine, "cells = 9").unwrap();
        let variable = [("EDGESYNC_CONFIG", seven.to_str().unwrap())];
        assert_eq!(load(None, &variable).unwrap().cells, 7);
        assert_eq!(load(Some(&nine), &variable).unwrap().cells, 9);
        let problems = load(None, &[("EDGESYNC_CONFIG", "/nowhere/edgesync.toml")]).unwrap_err();
        assert_eq!(problems, ["config: /nowhere/edgesync.toml is not a file"]);
        std::fs::write(&seven, "config = 'other.toml'").unwrap();
        assert_eq!(load(None, &variable).unwrap_err(), ["config: there is no such setting"]);
    }

    #[test]
    fn a_variable_that_nobody_knows_is_a_problem() {
        let mistyped = [
            ("EDGESYNC_LISTN", "127.0.0.1:1"),
            ("EDGESYNC_DEMO", "1"),
            ("EDGESYNC_CELLS", "0"),
            ("EDGESYNC_TEST_SEED", "7"),
            ("EDGESYNC_TEST_PG_BIN", "/"),
            ("HOME", "/"),
        ];
        let problems = load(None, &mistyped).unwrap_err();
        let named: Vec<_> = problems.iter().map(|problem| problem.split(':').next().unwrap()).collect();
        assert_eq!(named, ["EDGESYNC_DEMO", "EDGESYNC_LISTN", "cells"]);
        assert_eq!(load(None, &[("EDGESYNC_CELLS", "3")]).unwrap().cells, 3);
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let problems =
            check("listen = 'here'\ncells = 0\nlog_format = 'xml'\ncolour = 1\nlog = '=='\nsignup = 'all'")
                .unwrap_err();
        for key in ["listen", "cells", "log_format", "colour", "log", "signup"] {
            assert!(
                problems.iter().any(|problem| problem.starts_with(&format!("{key}: "))),
                "{key}: {problems:?}"
            );
        }
        assert_eq!(problems.len(), 6);
    }

    #[test]
    fn a_database_is_named_by_its_url_and_its_password_is_shown_nowhere() {
        let config = check("database_url = 'postgres://ada:s3cr3t@h,i/edgesync'").unwrap();
        assert_eq!(config.database.as_ref().unwrap().to_string(), "postgres://ada@h:5432,i:5432/edgesync");
        let flags = Flags { database_url: "postgres://ada:s3cr3t@h/d".parse().ok(), ..Flags::default() };
        assert!(Config::load_with(&flags, []).unwrap().database.is_some());
        assert!(!format!("{config:?} {flags:?}").contains("s3cr3t"));

        let wrong = "cells = 0\ndatabase_url = 'postgres://ada:s3cr3t@h/d?sslmode=prefer&colour=red'";
        let problems = check(wrong).unwrap_err();
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems.iter().all(|problem| !problem.contains("s3cr3t")), "{problems:?}");

        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("edgesync.toml");
        std::fs::write(&file, "database_url = postgres://ada:s3cr3t@h/d").unwrap();
        let problems = load(Some(&file), &[]).unwrap_err();
        assert!(problems[0].contains("database_url") && !problems[0].contains("s3cr3t"), "{problems:?}");
    }
}
