//! Where an installation lies: in a directory or in a database, and how each end of a move is opened there.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Error;
use crate::catalog::{self, Catalog};
use crate::log::{self, Beside, Export, Import, Which};
use crate::postgres::{Server, Target};

/// A place for an installation. Shows itself without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A data directory.
    Directory(PathBuf),
    /// A PostgreSQL database.
    Database(Box<Target>),
}

impl Place {
    /// Reads a directory, or a URL: whatever has `://` in it.
    ///
    /// # Errors
    /// Every problem of a URL, as an end of "the URL ...", without its password.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        if text.contains("://") {
            return Ok(Self::Database(Box::new(Target::parse(text)?)));
        }
        Ok(Self::Directory(text.into()))
    }

    /// Whether both are known to be one. Two names of a database are noticed when it is taken twice.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Directory(here), Self::Directory(there)) => {
                here == there || here.canonicalize().is_ok_and(|here| there.canonicalize().ok() == Some(here))
            }
            (Self::Database(here), Self::Database(there)) => here.to_string() == there.to_string(),
            _ => false,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.canonicalize().unwrap_or_else(|_| path.clone()).display().fmt(f),
            Self::Database(target) => target.fmt(f),
        }
    }
}

/// A place that can be got at.
pub(super) enum Site {
    Directory(PathBuf),
    Database { server: Server, shown: String },
}

impl Site {
    pub async fn reach(place: &Place, whose: &'static str) -> Result<Self, Error> {
        Ok(match place {
            Place::Directory(path) => Self::Directory(path.clone()),
            Place::Database(target) => {
                let server = Server::open_for_tool(target).await;
                let server = server.map_err(|error| Error::Database(whose, error))?;
                Self::Database { server, shown: target.to_string() }
            }
        })
    }

    /// Opens the source, which stays as it is: also its schema, which must be this program's.
    pub async fn source(&self) -> Result<Installation, Error> {
        const NAME: &str = "source's";
        let (in_catalog, in_log) = (|error| Error::Catalog(NAME, error), |error| Error::Log(NAME, error));
        match self {
            Self::Directory(path) => {
                if !catalog_in(path).is_file() || !readings_in(path).is_dir() {
                    return Err(Error::NoSource(path.display().to_string()));
                }
                catalog::newest_schema(&catalog_in(path)).map_err(in_catalog)?;
            }
            Self::Database { server, shown } => {
                if !Catalog::is_in(server).await.map_err(in_catalog)? {
                    return Err(Error::NoSource(shown.clone()));
                }
                catalog::newest_schema_in(server).await.map_err(in_catalog)?;
            }
        }
        let log = self.export(Which::Whole).await.map_err(in_log)?;
        Ok(Installation { catalog: self.catalog().await.map_err(in_catalog)?, log, name: NAME })
    }

    /// Opens what was moved, to compare it.
    pub async fn target(&self) -> Result<Installation, Error> {
        const NAME: &str = "target's";
        let log = self.export(Which::HalfMoved).await.map_err(|error| Error::Log(NAME, error))?;
        let catalog = self.catalog().await.map_err(|error| Error::Catalog(NAME, error))?;
        Ok(Installation { catalog, log, name: NAME })
    }

    /// The catalog; a new one if there is none.
    pub async fn catalog(&self) -> Result<Catalog, catalog::Error> {
        match self {
            Self::Directory(path) => Catalog::open(&catalog_in(path)),
            Self::Database { server, .. } => Catalog::open_postgres(server).await,
        }
    }

    /// Whether the target's catalog has anything in it. Makes none.
    pub async fn beside_log(&self) -> Result<Beside, Error> {
        let is_empty = match self {
            Self::Directory(path) => catalog::is_empty_at(&catalog_in(path)),
            Self::Database { server, .. } => catalog::is_empty_in(server).await,
        };
        let is_empty = is_empty.map_err(|error| Error::Catalog("target's", error))?;
        Ok(if is_empty { Beside::Nothing } else { Beside::Something })
    }

    /// Opens the log as the target of a move.
    pub async fn import(&self, word: &str, beside: Beside) -> Result<Import, log::Error> {
        match self {
            Self::Directory(path) => Import::open(&readings_in(path), word, beside).await,
            Self::Database { server, .. } => Import::open_postgres(server, word, beside).await,
        }
    }

    async fn export(&self, which: Which) -> Result<Export, log::Error> {
        match self {
            Self::Directory(path) => Export::open(&readings_in(path), which),
            Self::Database { server, .. } => Export::open_postgres(server, which).await,
        }
    }
}

fn catalog_in(directory: &Path) -> PathBuf {
    directory.join("catalog.db")
}

fn readings_in(directory: &Path) -> PathBuf {
    directory.join("readings")
}

/// Catalog and log of a place, which nobody else has.
pub(super) struct Installation {
    pub catalog: Catalog,
    pub log: Export,
    name: &'static str,
}

impl Installation {
    pub async fn close(self) -> Result<(), Error> {
        self.catalog.close().await;
        self.log.close().await.map_err(|error| Error::Log(self.name, error))
    }
}
