//! What a migration is, on either database: a step from one schema to the next, recorded with the hash of its text.
//!
//! Forward only. A database that a newer program wrote, or whose history is not this program's, is refused before anything is changed.

use sha2::{Digest, Sha256};

/// A step from one schema to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    /// Its number: 1, 2, 3, ...
    pub(crate) version: u32,
    /// What it does.
    pub(crate) name: &'static str,
    /// How.
    pub(crate) sql: &'static str,
}

impl Migration {
    /// SHA-256 of its text, whatever its line ends.
    pub(crate) fn checksum(&self) -> String {
        crate::catalog::token::hex(&Sha256::digest(self.sql.replace("\r\n", "\n")))
    }
}

/// Why a database is not this program's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It has a migration that this program does not know.
    Newer { found: u32, known: u32 },
    /// It has a migration of this number and another text.
    Altered { version: u32 },
}

/// How many of the migrations are in, of which `found` are the numbers and hashes in order, once it is sure that they are these.
pub(crate) fn applied(found: &[(u32, String)], migrations: &[Migration]) -> Result<u32, Unfit> {
    let known = migrations.last().map_or(0, |newest| newest.version);
    let newest = found.last().map_or(0, |(version, _)| *version);
    if newest > known {
        return Err(Unfit::Newer { found: newest, known });
    }
    for ((version, hash), migration) in found.iter().zip(migrations) {
        if *version != migration.version || *hash != migration.checksum() {
            return Err(Unfit::Altered { version: *version });
        }
    }
    Ok(newest)
}
