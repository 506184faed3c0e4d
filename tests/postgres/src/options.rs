//! How a cluster differs from what the system's programs make of themselves.

use std::fmt::Write;

use crate::Cluster;

/// Settings of a cluster.
#[derive(Debug, Clone, Default)]
pub struct Options {
    settings: Vec<(String, String)>,
    pub(crate) tls: bool,
}

impl Options {
    /// Nothing special.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A line of postgresql.conf. The last one of a name counts.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// No syncing to disk. It survives [`Cluster::stop_immediate`], not the machine's end: for tests that are not about the latter.
    #[must_use]
    pub fn unsynced(self) -> Self {
        self.set("fsync", "off").set("full_page_writes", "off")
    }

    /// Connections take TLS, with a certificate that [`Cluster::certificate`] has and no system trusts. It is for `localhost` and
    /// 127.0.0.1. Needs the program `openssl`.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Starts a cluster.
    #[must_use]
    pub fn start(self) -> Cluster {
        Cluster::start_with(self)
    }

    pub(crate) fn lines(&self) -> String {
        let mut lines = String::new();
        for (name, value) in &self.settings {
            let _ = writeln!(lines, "{name} = '{}'", value.replace('\'', "''"));
        }
        lines
    }
}
