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
        let sql = format!("SELECT 1 FROM {} LIMIT 1", table.name);
        if is_table(&db, table.name)? && db.query_row(&sql, [], |_| Ok(())).optional()?.is_some() {
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

/// Refuses a catalog that this program does not know, as who opens it would; one that is older or not there is fine. Blocks.
///
/// # Errors
/// [`Error::SchemaNewer`], [`Error::SchemaAltered`]; of the database.
pub fn fits_at(path: &Path) -> Result<(), Error> {
    if !path.exists() {
        return Ok(());
    }
    let db = open(path)?;
    if is_table(&db, HISTORY)? { migrate::applied(&db, migrate::MIGRATIONS).map(drop) } else { Ok(()) }
}

/// As [`fits_at`], in a database.
///
/// # Errors
/// As [`fits_at`].
pub async fn fits_in(server: &Server) -> Result<(), Error> {
    let (client, _) = server.connect(Session::UNBOUNDED).await?;
    postgres::migrate::applied_to(&client, HISTORY, migrate::POSTGRES).await?;
    Ok(())
}

fn is_table(db: &Connection, name: &str) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1";
    Ok(db.query_row(sql, [name], |_| Ok(())).optional()?.is_some())
}

/// Opens the file, which is there. What a crash left is put in order by SQLite, which must write for that.
fn open(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(path, flags)?)
}
