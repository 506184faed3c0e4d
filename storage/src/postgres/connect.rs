//! Connections: made with a deadline, set to this program's terms before anybody uses them, watched by a task until they end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use edgesync_schemas::limit;
use tokio::task::JoinHandle;
use tokio_postgres::{CancelToken, Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::backoff::Backoff;
use super::error::Error;
use super::health::{Health, Stats, chain};
use super::target::Target;
use super::tls;

/// A database that was reached, and found fit. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    pub(super) target: Arc<Target>,
    tls: MakeRustlsConnect,
    pub(super) health: Arc<Health>,
}

/// What a connection is held to, by the database itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session {
    /// Longest that a statement may take; zero for no bound.
    pub(crate) statement: Duration,
    /// Longest that a statement may wait for a lock; zero for no bound.
    pub(crate) lock: Duration,
    /// Longest that a transaction may pause between two statements; zero for no bound.
    pub(crate) idle_in_transaction: Duration,
    /// Further settings, as SQL.
    pub(crate) settings: &'static str,
}

impl Session {
    /// No bounds: for migrations, which take as long as they take.
    pub(crate) const UNBOUNDED: Self = Self {
        statement: Duration::ZERO,
        lock: Duration::ZERO,
        idle_in_transaction: Duration::ZERO,
        settings: "",
    };

    /// In one round trip. The server, too, must notice a peer that is gone, whose locks it keeps: [`limit::POSTGRES_GONE_S`]. Whatever the database is set to, what is committed is on the disk; stronger settings (a standby that has it, too)
    /// stay as they are.
    fn sql(self) -> String {
        format!(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
             SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {};
             SET TIME ZONE 'UTC'; SET standard_conforming_strings = on; SET default_transaction_isolation = 'read committed';
             SET tcp_keepalives_idle = {}; SET tcp_keepalives_interval = {}; SET tcp_keepalives_count = 3; SET tcp_user_timeout = {};
             {}",
            self.statement.as_millis(),
            self.lock.as_millis(),
            self.idle_in_transaction.as_millis(),
            limit::POSTGRES_GONE_S / 2,
            limit::POSTGRES_GONE_S / 6,
            limit::POSTGRES_GONE_S * 1_000,
            self.settings
        )
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("target", &self.target)
            .field("health", &self.health)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Connects and looks whether the database is one to rely on. A database that does not answer is waited for, for
    /// [`limit::POSTGRES_START_S`]: it may be starting, too. Cancel safe.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Away`] only after that time.
    pub async fn open(target: &Target) -> Result<Self, Error> {
        Self::open_within(target, Duration::from_secs(limit::POSTGRES_START_S)).await
    }

    /// As [`Server::open`] for a tool, which waits for [`limit::TOOL_WAIT_S`]. Cancel safe.
    ///
    /// # Errors
    /// As [`Server::open`].
    pub async fn open_for_tool(target: &Target) -> Result<Self, Error> {
        Self::open_within(target, Duration::from_secs(limit::TOOL_WAIT_S)).await
    }

    async fn open_within(target: &Target, patience: Duration) -> Result<Self, Error> {
        let server = Self {
            target: Arc::new(target.clone()),
            tls: tls::connector(&target.tls)?,
            health: Arc::default(),
        };
        let (client, task) = server.patiently(Session::UNBOUNDED, patience).await?;
        let checked = server.check(&client).await;
        drop(client);
        task.abort();
        checked.map(|()| server)
    }

    /// Counters of its connections.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.health.stats()
    }

    /// A connection of the caller's own. It ends when the client is dropped. Cancel safe.
    ///
    /// # Errors
    /// [`Error::Away`], [`Error::Refused`].
    pub(crate) async fn connect(&self, session: Session) -> Result<(Client, JoinHandle<()>), Error> {
        match tokio::time::timeout(self.patience(), self.connect_to(&self.target.config, session)).await {
            Ok(connected) => connected.map_err(|error| self.error(error)),
            Err(_) => Err(self.timed_out()),
        }
    }

    /// As [`Server::connect`], again and again for a while. Cancel safe.
    ///
    /// # Errors
    /// [`Error::Away`] after `patience`, [`Error::Refused`] at once.
    pub(crate) async fn patiently(
        &self,
        session: Session,
        patience: Duration,
    ) -> Result<(Client, JoinHandle<()>), Error> {
        let (began, mut backoff) = (Instant::now(), Backoff::default());
        loop {
            match self.connect(session).await {
                Err(Error::Away { .. }) if began.elapsed() < patience => {
                    tokio::time::sleep(backoff.next()).await
                }
                outcome => return outcome,
            }
        }
    }

    /// Asks the database to end what a connection is doing. Whether it does is not known.
    pub(super) async fn cancel(&self, statement: CancelToken) {
        let cancelled = tokio::time::timeout(self.patience(), statement.cancel_query(self.tls.clone())).await;
        if !matches!(cancelled, Ok(Ok(()))) {
            tracing::debug!("a statement that nobody waits for could not be cancelled");
        }
    }

    pub(super) fn error(&self, error: tokio_postgres::Error) -> Error {
        Error::connecting(self.target.to_string(), error)
    }

    pub(super) async fn connect_to(
        &self,
        config: &Config,
        session: Session,
    ) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
        let connected = self.try_connect(config, session).await;
        match &connected {
            Ok(_) => self.health.connected(),
            Err(error) if super::is_passing(error) => {
                self.health.away(&self.target.to_string(), &chain(error))
            }
            Err(_) => self.health.refused(),
        }
        connected
    }

    async fn try_connect(
        &self,
        config: &Config,
        session: Session,
    ) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
        let (client, connection) = config.connect(self.tls.clone()).await?;
        let health = Arc::clone(&self.health);
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                health.lost();
                tracing::debug!(error = %chain(&error), "connection to PostgreSQL ended");
            }
        });
        // If this fails or is cancelled, the client is dropped, and the task ends with it.
        client.batch_execute(&session.sql()).await?;
        Ok((client, task))
    }

    /// How long an attempt to connect may take. The library's own bound is on reaching each host, not on what follows: one that accepts and says
    /// nothing would hold us.
    pub(super) fn patience(&self) -> Duration {
        let each = Duration::from_secs(limit::POSTGRES_CONNECT_S);
        let each = self.target.config.get_connect_timeout().copied().unwrap_or(each);
        each * u32::try_from(self.target.hosts() + 1).unwrap_or(u32::MAX)
    }

    /// An attempt took longer than that.
    pub(super) fn timed_out(&self) -> Error {
        let at = self.target.to_string();
        self.health.away(&at, "it accepts, and says nothing in time");
        Error::Away { at, error: None }
    }

    async fn check(&self, client: &Client) -> Result<(), Error> {
        let asked = client.query_one(
            "SELECT current_setting('server_version_num')::INT4, current_setting('server_version'),
                current_setting('server_encoding'), current_setting('fsync'), current_setting('full_page_writes')",
            &[],
        );
        let row = asked.await.map_err(|error| self.error(error))?;
        let (number, version, encoding): (i32, String, String) = (row.get(0), row.get(1), row.get(2));
        if number < 140_000 {
            return Err(Error::TooOld { found: version });
        }
        if encoding != "UTF8" {
            return Err(Error::Encoding { found: encoding });
        }
        for (at, setting) in [(3, "fsync"), (4, "full_page_writes")] {
            if row.get::<_, &str>(at) != "on" {
                tracing::warn!(
                    setting,
                    "PostgreSQL is set to lose what it has committed when its machine fails"
                );
            }
        }
        tracing::info!(at = %self.target, version, "PostgreSQL reached");
        Ok(())
    }
}
