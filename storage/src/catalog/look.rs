//! Looking at a catalog before anything is done with it, and changing nothing that it has: whether it is empty, and of which schema it is.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::error::Error;
use super::migrate;
use super::postgres::HISTORY;
use super::transfer::TABLES;
use crate::postgres::{self, Server, Session};

/// Whether the catalog in this file has no row, or is not there. Blocks.
///
/// # Errors
/// Of the database.
pub fn is_empty_at(path: &Path) -> Result<bool, Error> {
    if !path.exists() {
        return Ok(true);
    }
    let db = open(path)?;
    for table in TABLES {
        let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1";
        let is_there = db.query_row(sql, [table.name], |_| Ok(())).optional()?.is_some();
        let sql = format!("SELECT 1 FROM {} LIMIT 1", table.name);
        if is_there && db.query_row(&sql, [], |_| Ok(())).optional()?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the catalog in this database has no row, or is not there.
///
/// # Errors
/// Of the database.
pub async fn is_empty_in(server: &Server) -> Result<bool, Error> {
    let (client, _) = server.connect(Session::UNBOUNDED).await?;
    for table in TABLES {
        let is_there = client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table.name]).await?;
        let sql = format!("SELECT 1 FROM {} LIMIT 1", table.name);
        if is_there.try_get(0)? && client.query_opt(&sql, &[]).await?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Refuses a catalog that is not of this program's newest schema. Blocks.
///
/// # Errors
/// [`Error::SchemaOlder`], [`Error::SchemaNewer`], [`Error::SchemaAltered`]; of the database.
pub fn newest_schema(path: &Path) -> Result<(), Error> {
    migrate::check(&open(path)?)
}

/// As [`newest_schema`], in a database.
///
/// # Errors
/// As [`newest_schema`].
pub async fn newest_schema_in(server: &Server) -> Result<(), Error> {
    let (client, _) = server.connect(Session::UNBOUNDED).await?;
    let found = postgres::migrate::applied_to(&client, HISTORY, migrate::POSTGRES).await?.unwrap_or(0);
    let known = migrate::POSTGRES.len() as u32;
    if found < known { Err(Error::SchemaOlder { found, known }) } else { Ok(()) }
}

/// Opens the file, which is there. What a crash left is put in order by SQLite, which must write for that.
fn open(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(path, flags)?)
}
