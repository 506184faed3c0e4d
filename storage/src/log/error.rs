//! What can go wrong in the reading log.

use std::path::PathBuf;

use edgesync_schemas::id::Offset;
use edgesync_schemas::limit;

use super::Trouble;

/// Why the log could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has the directory open. Stop it, or use another directory.
    #[error("directory {path:?} is in use by another process")]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// A move into this place was not finished. Finish it with the same command, or empty the place.
    #[error("a move from {from} into this place was not finished")]
    HalfMoved {
        /// Where from, and how much.
        from: String,
    },
    /// This move into this place has ended well before.
    #[error("it was moved already")]
    Moved,
    /// The target of a move has something in it.
    #[error("the log is not empty")]
    NotEmpty,
    /// There is no log in the database.
    #[error("there is no reading log in the database")]
    NoLog,
    /// The log's tables are an older program's, and may not be changed here.
    #[error(
        "the reading log has schema {found}, and this program's is {known}: the server brings it there when it starts"
    )]
    SchemaOlder {
        /// The newest migration in the database.
        found: u32,
        /// The newest that this program has.
        known: u32,
    },
    /// The directory lies on a file system whose fsync and locks cannot be trusted. Use a local disk.
    #[error("directory {path:?} is on a network file system ({kind})")]
    NetworkFileSystem {
        /// The directory.
        path: PathBuf,
        /// The file system's type as the kernel names it.
        kind: String,
    },
    /// The directory cannot be made, read or locked.
    #[error("directory {path:?} cannot be used")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The store under the log failed.
    #[error("store failed")]
    Store(#[from] fjall::Error),
    /// PostgreSQL failed, or does not do what is needed.
    #[error("PostgreSQL failed")]
    Database(#[source] Trouble),
    /// Another server has the log of the database. Stop it, or use another database.
    #[error("{0}")]
    Held(Trouble),
    /// The appender's thread could not be started.
    #[error("the log's thread could not be started")]
    Thread(#[source] std::io::Error),
    /// Stored bytes are not what was written: a checksum or a length does not fit.
    #[error("stored {what} is corrupt: {why}")]
    Corrupt {
        /// Which record.
        what: String,
        /// What does not fit.
        why: &'static str,
    },
    /// Stored bytes were written by a newer version of the program.
    #[error("stored {what} has format version {version}, which this program does not know")]
    Version {
        /// Which record.
        what: String,
        /// The version found.
        version: u8,
    },
    /// The commits at this offset were dropped: sealed, and past what is held for readers that are behind.
    #[error("commits before offset {oldest} are no longer kept")]
    Dropped {
        /// The oldest offset that can still be read.
        oldest: Offset,
    },
    /// The offset lies after the end of the log.
    #[error("offset {asked} is past the end {end}")]
    PastEnd {
        /// The offset asked for.
        asked: Offset,
        /// The end of the log.
        end: Offset,
    },
    /// After a failure the store holds less than was acknowledged. The log stays closed: the disk lost what it said it had.
    #[error("readings up to offset {acknowledged} were acknowledged, the store ends at {found}")]
    Lost {
        /// The end of what was acknowledged.
        acknowledged: Offset,
        /// The end of what is there.
        found: Offset,
    },
    /// The text is not a cursor of this query.
    #[error("not a cursor of this query")]
    Cursor,
    /// The store failed and is being reopened; try again later.
    #[error("store is being reopened after a failure")]
    Unavailable,
    /// PostgreSQL did not read what was asked for in the time that it has for it, or was told to stop. Ask for less.
    #[error("the database took longer than {} s", limit::LOG_READ_S)]
    TooSlow,
    /// The log was shut down.
    #[error("log is shut down")]
    Closed,
}

impl Error {
    /// Whether what was given is to blame: the same would fail again.
    pub fn is_about_data(&self) -> bool {
        matches!(self, Self::Database(trouble) if trouble.failure == super::Failure::Data)
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        if trouble.failure == super::Failure::Held { Self::Held(trouble) } else { Self::Database(trouble) }
    }
}
