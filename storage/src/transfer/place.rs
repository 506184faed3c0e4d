//! Where an installation lies: in a directory or in a database, and how each end of a move is opened there.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Error;
use crate::catalog::{self, Catalog};
use crate::log::{self, Beside, Claim, Export, Which};
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
    /// Reads a URL, which is whatever has `://` in it, or a [`directory`].
    ///
    /// # Errors
    /// Every problem, without a password.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        if text.contains("://") {
            let told = |problem| format!("the URL {problem}");
            let target = Target::parse(text);
            let target = target.map_err(|problems| problems.into_iter().map(told).collect::<Vec<_>>())?;
            return Ok(Self::Database(Box::new(target)));
        }
        Ok(Self::Directory(directory(text).map_err(|problem| vec![problem.to_owned()])?))
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

/// Reads the path of a directory. What looks like a mistyped way to a database is refused: it may have a password in it, which would be shown
/// wherever the directory is. A path that begins with `/`, `./` or `../` is one, whatever it looks like.
///
/// # Errors
/// Why not, without the text.
pub fn directory(text: &str) -> Result<PathBuf, &'static str> {
    let is_path = ["./", "../"].iter().any(|start| text.starts_with(start))
        || text.starts_with('/') && !text.starts_with("//");
    let bare: String = text.to_ascii_lowercase().split_whitespace().collect();
    let has_user = bare.split_once('@').is_some_and(|(before, _)| before.contains(':'));
    let is_like_url = bare.starts_with("postgres") || has_user;
    let is_like_words =
        ["password=", "dbname="].iter().any(|word| bare.contains(word)) || bare.starts_with("host=");
    if text.contains("://") || !is_path && (is_like_url || is_like_words) {
        return Err("looks like the way to a database, and not like a directory: a URL begins with \
            postgres://user:password@host/, and a directory of such a name is written with ./ before it");
    }
    Ok(text.into())
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

    /// Opens what stays as it is: also its schema, which must be this program's.
    pub async fn whole(&self, name: &'static str) -> Result<Installation, Error> {
        let (in_catalog, in_log) = (|error| Error::Catalog(name, error), |error| Error::Log(name, error));
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
        Ok(Installation { catalog: self.catalog().await.map_err(in_catalog)?, log, name })
    }

    /// Opens what was moved, to compare it.
    pub async fn half_moved(&self) -> Result<Installation, Error> {
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

    /// Whether the target's catalog has anything in it. Makes none, and refuses one that this program cannot open.
    pub async fn beside_log(&self) -> Result<Beside, Error> {
        let is_empty = match self {
            Self::Directory(path) => {
                let path = catalog_in(path);
                catalog::fits_at(&path).and_then(|()| catalog::is_empty_at(&path))
            }
            Self::Database { server, .. } => match catalog::fits_in(server).await {
                Ok(()) => catalog::is_empty_in(server).await,
                Err(error) => Err(error),
            },
        };
        let is_empty = is_empty.map_err(|error| Error::Catalog("target's", error))?;
        Ok(if is_empty { Beside::Nothing } else { Beside::Something })
    }

    /// Takes the log, to make it the target of a move.
    pub async fn claim(&self) -> Result<Claim, log::Error> {
        match self {
            Self::Directory(path) => Claim::directory(&readings_in(path)),
            Self::Database { server, .. } => Claim::database(server).await,
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
