//! What may be said on the command line.

use std::path::PathBuf;

use serde::Serialize;

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
    /// Keys that the nodes of all flows of one organization may remember something of together. Default: 5000000.
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_keys: Option<String>,
    /// MiB that what they remember may come to, at the worst. Default: 4096.
    #[arg(long, value_name = "MIB")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_state_mb: Option<String>,
    /// Percent of a worker thread that the flows of one organization may take together while others wait. Default: 50.
    #[arg(long, value_name = "PERCENT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_cpu_percent: Option<String>,
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
    /// For tests: milliseconds between looks at how much flows take; the other times of that go with it.
    #[arg(long, value_name = "MS", hide = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_balance_ms: Option<String>,
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
