//! Where a log under test lies.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use edgesync_test_postgres::Cluster;
use tempfile::TempDir;
use tokio::runtime::Handle;

use super::{Bench, Options, ReadingLog};
use crate::log::Error;
use crate::postgres::{Server, Target};

/// A place for one log, which may be opened again and again.
pub(super) struct Place {
    directory: TempDir,
    database: Option<(Arc<Cluster>, String)>,
}

impl Place {
    /// A directory.
    pub fn files() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), database: None }
    }

    /// A database of a cluster of its own, which is not synced: tests of what a power cut does are elsewhere.
    pub fn database() -> Self {
        let cluster = edgesync_test_postgres::Options::new().unsynced().start();
        let url = cluster.url();
        Self { directory: tempfile::tempdir().unwrap(), database: Some((cluster.into(), url)) }
    }

    /// Another database of a cluster.
    pub fn database_of(cluster: &Arc<Cluster>) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let url = cluster.database(&format!("log_{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
        Self { directory: tempfile::tempdir().unwrap(), database: Some((cluster.clone(), url)) }
    }

    /// A file beside the log.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Another database of its cluster, which is there.
    pub fn in_database(&self, name: &str) -> Self {
        let (cluster, url) = self.database.as_ref().expect("it lies in a database");
        let (server, _) = url.rsplit_once('/').expect("a URL names its database");
        let database = Some((cluster.clone(), format!("{server}/{name}")));
        Self { directory: tempfile::tempdir().unwrap(), database }
    }

    /// The directory of a log that lies in files.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The server of its database.
    pub async fn server(&self) -> Server {
        Server::open(&Target::parse(self.url()).unwrap()).await.unwrap()
    }

    /// The cluster.
    pub fn cluster(&self) -> &Cluster {
        &self.database.as_ref().expect("it lies in a database").0
    }

    /// The URL of its database.
    pub fn url(&self) -> &str {
        &self.database.as_ref().expect("it lies in a database").1
    }

    /// Whether it is a database.
    pub fn is_database(&self) -> bool {
        self.database.is_some()
    }

    /// Opens the log.
    pub fn open(&self, options: Options) -> Bench {
        Bench::new(self.try_open(options).unwrap())
    }

    /// Opens the log, if that can be done.
    pub fn try_open(&self, options: Options) -> Result<ReadingLog, Error> {
        let Some((_, url)) = &self.database else { return ReadingLog::open(self.directory.path(), options) };
        let target = Target::parse(url).unwrap();
        let open = async {
            let server = Server::open(&target).await.unwrap();
            ReadingLog::open_postgres(&server, options).await
        };
        tokio::task::block_in_place(|| Handle::current().block_on(open))
    }
}
