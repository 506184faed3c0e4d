//! A bounded pool of connections, each with its prepared statements.

use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::time::Duration;

use deadpool_postgres::{
    Connect, Manager, ManagerConfig, Object, PoolConfig, PoolError, QueueMode, RecyclingMethod, Runtime,
    TimeoutType, Timeouts,
};
use edgesync_schemas::limit;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config};

use super::connect::{Server, Session};
use super::error::Error;
use super::health::Stats;

/// Connections that are lent out one at a time. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    inner: deadpool_postgres::Pool,
    server: Server,
}

impl Pool {
    /// A pool of at most `size` connections, which are made when they are needed.
    pub(crate) fn new(server: &Server, session: Session, size: usize) -> Self {
        let connect = Maker { server: server.clone(), session };
        // A connection that broke is known to have: its task has ended. Asking at each loan would cost a round trip.
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(server.target.config.clone(), connect, config);
        let wait = Some(Duration::from_millis(limit::POSTGRES_WAIT_MS));
        let inner = deadpool_postgres::Pool::builder(manager)
            .config(PoolConfig {
                max_size: size,
                timeouts: Timeouts { wait, create: Some(server.patience()), recycle: wait },
                // The one that was used last has its statements prepared.
                queue_mode: QueueMode::Lifo,
            })
            .runtime(Runtime::Tokio1)
            .build()
            .expect("a pool with a runtime can have timeouts");
        Self { inner, server: server.clone() }
    }

    /// Counters of the server's connections, of all its pools.
    pub(crate) fn stats(&self) -> Stats {
        self.server.stats()
    }

    /// Lends a connection, which comes back when it is dropped. Waits for [`limit::POSTGRES_WAIT_MS`] at most. Cancel safe.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Away`], [`Error::Refused`].
    pub(crate) async fn get(&self) -> Result<Object, Error> {
        if self.inner.status().available == 0 && !self.server.health.may_try() {
            return Err(Error::Away { at: self.server.target.to_string(), error: None });
        }
        self.inner.get().await.map_err(|error| match error {
            PoolError::Backend(error) => self.server.error(error),
            PoolError::Timeout(TimeoutType::Create) => self.server.timed_out(),
            // It has no hooks: what is left is that all are in use, or that it was closed at the end.
            _ => Error::Busy,
        })
    }
}

/// A connection on loan, for one question: it goes back when it is [settled](Loan::settle). Dropped before that, since nobody waits for the
/// answer any more, it is closed and what it was doing cancelled; whoever borrowed it next would wait for that.
pub(crate) struct Loan {
    client: Option<Object>,
    server: Server,
}

impl Pool {
    /// As [`Pool::get`], for who may be dropped while a statement runs.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Away`], [`Error::Refused`].
    pub(crate) async fn lend(&self) -> Result<Loan, Error> {
        Ok(Loan { client: Some(self.get().await?), server: self.server.clone() })
    }
}

impl Loan {
    /// The question was answered, or refused.
    pub(crate) fn settle(mut self) {
        self.client = None;
    }
}

impl Deref for Loan {
    type Target = Object;
    fn deref(&self) -> &Object {
        self.client.as_ref().expect("it is there until it is settled")
    }
}

impl DerefMut for Loan {
    fn deref_mut(&mut self) -> &mut Object {
        self.client.as_mut().expect("it is there until it is settled")
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        let statement = client.cancel_token();
        drop(Object::take(client));
        if let Ok(runtime) = Handle::try_current() {
            let server = self.server.clone();
            runtime.spawn(async move { server.cancel(statement).await });
        }
    }
}

struct Maker {
    server: Server,
    session: Session,
}

impl Connect for Maker {
    fn connect(
        &self,
        config: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), tokio_postgres::Error>> + Send + '_>>
    {
        let config = config.clone();
        Box::pin(async move { self.server.connect_to(&config, self.session).await })
    }
}
