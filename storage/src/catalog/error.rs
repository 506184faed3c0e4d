//! What can go wrong in the catalog: a variant per thing that a caller would do differently.

use crate::migration::Unfit;

/// Why the catalog did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or nothing that the asking user may see.
    #[error("no such {what}")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
    },
    /// A field refers to something that does not exist, or that the asking user may not see.
    #[error("{field} refers to nothing there is")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A field refers to something that exists, but does not fit.
    #[error("{field} {message}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// Why not, as an end of "this field ...".
        message: &'static str,
    },
    /// Parts of what was asked are wrong, each by itself.
    #[error("{} parts of it are refused", .0.len())]
    Parts(
        /// Where each is, as a JSON pointer into what was asked, and what is wrong with it.
        Vec<(String, Self)>,
    ),
    /// The user may see it, but not do this with it.
    #[error("not allowed to a member who is no admin")]
    Forbidden,
    /// The user may see it and is no owner, which this needs.
    #[error("not allowed to a member who is not the owner")]
    NotOwner,
    /// It is in no organization, and who asks may see one organization only.
    #[error("outside of the one organization")]
    OneOrganization,
    /// The first user of the installation exists.
    #[error("the first user exists")]
    AlreadySetUp,
    /// It would leave an organization without its owner, or with one who is no admin.
    #[error("the owner of an organization stays its admin")]
    Owner,
    /// The value of `field` is taken.
    #[error("{field} is taken")]
    Conflict {
        /// The field that must be unique.
        field: String,
    },
    /// Somebody saved in between.
    #[error("it is at version {current} by now")]
    Stale {
        /// The version that is there.
        current: u32,
    },
    /// A limit of the user or organization is reached.
    #[error("{code}: at most {limit}")]
    LimitReached {
        /// Which limit.
        code: &'static str,
        /// How many there may be.
        limit: u32,
    },
    /// Too much is waiting, another process is writing, or the database is away. Nothing was done; worth a retry.
    #[error("the catalog is busy")]
    Busy,
    /// The database went away while a change was being committed: it was done whole, or not at all, and nobody here knows.
    #[error("the database went away in the middle of a commit")]
    OutcomeUnknown,
    /// The catalog was written by a newer version of the program.
    #[error("the catalog has schema {found}, and this program knows {known} at most: it needs a newer one")]
    SchemaNewer {
        /// The newest migration in the catalog.
        found: u32,
        /// The newest that this program has.
        known: u32,
    },
    /// The catalog was written by an older version of the program, which is no error where it may be changed.
    #[error(
        "the catalog has schema {found}, and this program's is {known}: the server brings it there when it starts"
    )]
    SchemaOlder {
        /// The newest migration in the catalog.
        found: u32,
        /// The newest that this program has.
        known: u32,
    },
    /// A migration in the catalog is not the one this program has.
    #[error("migration {version} of the catalog is not the one that this program knows")]
    SchemaAltered {
        /// Its number.
        version: u32,
    },
    /// The SQLite inside is one that can corrupt a database.
    #[error("SQLite {found} can corrupt a write-ahead log: 3.51.3 or newer is needed")]
    SqliteTooOld {
        /// Its version.
        found: &'static str,
    },
    /// What is stored is not what was written.
    #[error("the catalog holds a {what} that cannot be read")]
    Corrupt {
        /// What it should be.
        what: &'static str,
    },
    /// The threads of the catalog are gone: the process is stopping.
    #[error("the catalog is closed")]
    Closed,
    /// The system has no random numbers to make a token of.
    #[error("the system gives no random numbers")]
    NoRandom,
    /// A thread of the catalog could not be started.
    #[error("a thread of the catalog could not be started")]
    Thread(#[source] std::io::Error),
    /// A statement of the transaction has failed before: a mistake in this program.
    #[error("a transaction was to go on after one of its statements had failed")]
    Aborted,
    /// Anything else that the database said.
    #[error("the catalog's database failed")]
    Database(#[source] DatabaseError),
}

/// What a database said, in its own words.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// SQLite.
    #[error(transparent)]
    Sqlite(rusqlite::Error),
    /// PostgreSQL.
    #[error(transparent)]
    Postgres(tokio_postgres::Error),
    /// The way to PostgreSQL.
    #[error(transparent)]
    Connection(crate::postgres::Error),
}

impl Error {
    /// That there is no such thing.
    pub(super) const fn not_found(what: &'static str) -> Self {
        Self::NotFound { what }
    }

    /// Whether it is about a field of what was asked.
    pub(super) const fn is_about_field(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::Invalid { .. })
    }
}

impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Newer { found, known } => Self::SchemaNewer { found, known },
            Unfit::Altered { version } => Self::SchemaAltered { version },
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        use rusqlite::ffi;
        match &error {
            rusqlite::Error::SqliteFailure(code, message) => match code.code {
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Corrupt { what: "database" },
                ErrorCode::ConstraintViolation if code.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE => {
                    Self::Conflict { field: taken(message.as_deref().unwrap_or_default()) }
                }
                _ => Self::Database(DatabaseError::Sqlite(error)),
            },
            _ => Self::Database(DatabaseError::Sqlite(error)),
        }
    }
}

/// The field in `UNIQUE constraint failed: devices.organization_id, devices.name`: the last, since keys start with the tenant.
fn taken(message: &str) -> String {
    message.rsplit(['.', ' ']).next().unwrap_or_default().to_owned()
}
