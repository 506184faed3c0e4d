//! The URL of a database, as an operator writes it: all that is wrong with it is said at once, and its password never.
//!
//! `postgres://user:password@host:5432,other:5432/database?parameter=value`. TLS is on and verified unless all hosts are this machine;
//! nothing but `sslmode=disable` and `sslmode=no-verify` makes it less.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use edgesync_schemas::limit;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// A database and how to get to it. Shows itself without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    pub(super) config: Config,
    pub(super) tls: Tls,
}

/// Whom a connection is encrypted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tls {
    /// It is not.
    Off,
    /// To whoever has a certificate for the host's name that these authorities, or else the system's, vouch for.
    Verified { authorities: Option<PathBuf> },
    /// To whoever answers.
    Unverified,
}

/// Parameters that the connection itself takes.
const PASSED_ON: [&str; 17] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslnegotiation",
    "tcp_user_timeout",
    "user",
];
/// Parameters that are read here.
const OWN: [&str; 3] = ["sslmode", "sslrootcert", "target_session_attrs"];

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// Every problem, as an end of "the URL ...", without the password.
    pub fn parse(url: &str) -> Result<Self, Vec<String>> {
        let Some((_, rest)) =
            url.split_once("://").filter(|(scheme, _)| ["postgres", "postgresql"].contains(scheme))
        else {
            return Err(vec!["must begin with postgres:// or postgresql://".into()]);
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        // Either would be taken for a part of the host or of a parameter, and shown as such.
        let authority = place.split_once('@').map_or("", |(_, after)| after);
        if authority.contains('@') || query.contains('@') {
            return Err(vec![
                "must have @ and ? in a user, password or parameter written as %40 and %3F".into(),
            ]);
        }
        let mut read = Read::default();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            read.parameter(parameter);
        }
        let kept: Vec<_> = read.kept.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let config = match format!("postgres://{place}?{}", kept.join("&")).parse::<Config>() {
            Ok(config) => config,
            Err(error) => {
                read.problems.push(format!("cannot be read: {}", cause(&error)));
                return Err(read.problems);
            }
        };
        let target = read.finish(config);
        if read.problems.is_empty() { Ok(target) } else { Err(read.problems) }
    }

    /// How many addresses there are, one of which is to answer.
    pub(super) fn hosts(&self) -> usize {
        self.config.get_hosts().len().max(self.config.get_hostaddrs().len())
    }
}

#[derive(Default)]
struct Read {
    kept: Vec<(String, String)>,
    sslmode: Option<String>,
    sslrootcert: Option<PathBuf>,
    attributes: Option<TargetSessionAttrs>,
    names: Vec<String>,
    problems: Vec<String>,
}

impl Read {
    fn parameter(&mut self, parameter: &str) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if !PASSED_ON.contains(&name) && !OWN.contains(&name) {
            self.problems.push(format!("has a parameter {name:?}, which is not known"));
            return;
        }
        if self.names.iter().any(|known| known == name) {
            self.problems.push(format!("has the parameter {name} twice"));
            return;
        }
        self.names.push(name.to_owned());
        match (name, decoded(value)) {
            (_, None) => {
                self.problems.push(format!("has a parameter {name} that is not percent-encoded UTF-8"))
            }
            ("sslmode", Some(value)) => self.sslmode = Some(value),
            ("sslrootcert", Some(value)) => self.sslrootcert = Some(value.into()),
            ("target_session_attrs", Some(value)) => match value.as_str() {
                "any" => self.attributes = Some(TargetSessionAttrs::Any),
                "read-write" => self.attributes = Some(TargetSessionAttrs::ReadWrite),
                other => self
                    .problems
                    .push(format!("has target_session_attrs={other}: it must be read-write or any")),
            },
            (name, Some(_)) => match format!("postgres://h?{name}={value}").parse::<Config>() {
                Ok(_) => self.kept.push((name.to_owned(), value.to_owned())),
                Err(_) => self.problems.push(format!("has a parameter {name} whose value does not fit")),
            },
        }
    }

    fn finish(&mut self, mut config: Config) -> Target {
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
        if hosts == 0 {
            self.problems.push("names no host".into());
        }
        if config.get_ports().len() > 1 && config.get_ports().len() != hosts {
            self.problems.push("must have one port, or one for each host".into());
        }
        let tls = self.tls(&config);
        config.ssl_mode(if tls == Tls::Off { SslMode::Disable } else { SslMode::Require });
        // A server that takes no writes is of no use, and after a failover the old one may be such a server.
        config.target_session_attrs(self.attributes.unwrap_or(TargetSessionAttrs::ReadWrite));
        let given = |name: &str| self.names.iter().any(|known| known == name);
        if !given("application_name") {
            config.application_name("edgesync");
        }
        if !given("connect_timeout") {
            config.connect_timeout(Duration::from_secs(limit::POSTGRES_CONNECT_S));
        }
        // The system's defaults would notice a dead peer after two hours.
        if !given("keepalives_idle") {
            config.keepalives_idle(Duration::from_secs(limit::POSTGRES_KEEPALIVE_S));
        }
        if !given("keepalives_interval") {
            config.keepalives_interval(Duration::from_secs(limit::POSTGRES_KEEPALIVE_S / 3));
        }
        if !given("keepalives_retries") {
            config.keepalives_retries(3);
        }
        if !given("tcp_user_timeout") {
            config.tcp_user_timeout(Duration::from_secs(2 * limit::POSTGRES_KEEPALIVE_S));
        }
        Target { config, tls }
    }

    fn tls(&mut self, config: &Config) -> Tls {
        let authorities = self.sslrootcert.take();
        let socket = config.get_hosts().iter().any(|host| matches!(host, Host::Unix(_)));
        let tls = match self.sslmode.as_deref() {
            Some("disable") => Tls::Off,
            Some("no-verify") => Tls::Unverified,
            Some("require" | "verify-full") => Tls::Verified { authorities: authorities.clone() },
            None if is_here(config) && authorities.is_none() => Tls::Off,
            None => Tls::Verified { authorities: authorities.clone() },
            Some(other) => {
                self.problems.push(format!(
                    "has sslmode={other}: it must be require or verify-full (both check the certificate and its name), no-verify, or disable"
                ));
                Tls::Verified { authorities: authorities.clone() }
            }
        };
        if authorities.is_some() && !matches!(tls, Tls::Verified { .. }) {
            self.problems
                .push("has sslrootcert, which an sslmode that checks nothing does not look at".into());
        }
        if tls != Tls::Off && socket {
            self.problems.push(
                "names a Unix socket, which has no TLS: sslmode=disable says that this is meant".into(),
            );
        }
        if tls != Tls::Off && config.get_hosts().is_empty() && !config.get_hostaddrs().is_empty() {
            self.problems.push("has hostaddr alone: host must say whom the certificate is for".into());
        }
        tls
    }
}

/// Whether all its hosts are this machine.
fn is_here(config: &Config) -> bool {
    let addresses = config.get_hostaddrs();
    if !addresses.is_empty() {
        return addresses.iter().all(IpAddr::is_loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    })
}

/// What lies behind an error of the parser; it names options, not values.
fn cause(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok())?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &after[2..];
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        let ports = self.config.get_ports();
        let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        for at in 0..self.hosts() {
            let comma = if at > 0 { "," } else { "" };
            match (self.config.get_hosts().get(at), self.config.get_hostaddrs().get(at)) {
                (Some(Host::Tcp(name)), _) if name.contains(':') => {
                    write!(f, "{comma}[{name}]:{}", port(at))?
                }
                (Some(Host::Tcp(name)), _) => write!(f, "{comma}{name}:{}", port(at))?,
                (Some(Host::Unix(path)), _) => write!(f, "{comma}{}:{}", path.display(), port(at))?,
                (None, Some(address)) => write!(f, "{comma}{address}:{}", port(at))?,
                (None, None) => {}
            }
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("url", &self.to_string()).field("tls", &self.tls).finish()
    }
}
