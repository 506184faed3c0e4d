//! A connection of the appender: its client, and whether it ended.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use edgesync_schemas::limit;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use super::failure::Trouble;
use crate::postgres::{Server, Session as Terms};

/// A commit takes as long as the disk takes, and a lane in a transaction waits for the one before it. A peer that is gone is noticed by
/// the system, not by these. A lock is what somebody else has, who may wait for one of ours: so all of ours are given up.
const TERMS: Terms = Terms { lock: Duration::from_secs(limit::LOG_LOCK_S), ..Terms::UNBOUNDED };

/// A connection. Dropping it closes it, whatever runs on it.
pub(super) struct Connection {
    client: Arc<Client>,
    ended: watch::Receiver<bool>,
    running: JoinHandle<()>,
}

impl Connection {
    /// Connects, under a name that others see in `pg_stat_activity`.
    pub async fn open(server: &Server, name: &str) -> Result<Self, Trouble> {
        let (client, task) = server.connect(TERMS).await?;
        let (end, ended) = watch::channel(false);
        let abort = Abort(task.abort_handle());
        let running = tokio::spawn(async move {
            let _abort = abort;
            // Err: it panicked or was aborted; over is over.
            let _ = task.await;
            end.send_replace(true);
        });
        let connection = Self { client: Arc::new(client), ended, running };
        connection.batch_execute(&format!("SET application_name = '{name}'")).await?;
        Ok(connection)
    }

    /// The client, for work beside what the connection's owner does.
    pub fn shared(&self) -> Arc<Client> {
        self.client.clone()
    }

    /// Waits for its end. Cancel safe.
    pub fn ended(&self) -> impl Future<Output = ()> + use<> {
        let mut ended = self.ended.clone();
        async move {
            // Err: its task is gone, and it with it.
            let _ = ended.wait_for(|ended| *ended).await;
        }
    }
}

struct Abort(tokio::task::AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Deref for Connection {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.running.abort();
    }
}
