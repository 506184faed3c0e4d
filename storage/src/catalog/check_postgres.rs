//! Looking through the catalog in a database, beside a running server or without one.
//!
//! All is seen as it is at one moment, in a transaction that may only read. PostgreSQL keeps references by itself, but not those of a
//! dump that was loaded without them, of triggers that somebody disabled, or of damage.

use tokio_postgres::{Client, Error};

use super::look;
use super::postgres::HISTORY;
use super::transfer::TABLES;
use crate::check::{Progress, Report, told};
use crate::postgres::{self, Server, Session};

/// Constraints of references: their name, both tables, the columns of both, whether it was ever checked and is kept.
const REFERENCES: &str = "SELECT c.conname::text, c.conrelid::regclass::text, c.confrelid::regclass::text, \
    ARRAY(SELECT quote_ident(a.attname) FROM unnest(c.conkey) WITH ORDINALITY k (att, at) \
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.att ORDER BY k.at), \
    ARRAY(SELECT quote_ident(a.attname) FROM unnest(c.confkey) WITH ORDINALITY k (att, at) \
        JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.att ORDER BY k.at), \
    c.convalidated AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgconstraint = c.oid AND t.tgenabled IN ('D', 'R')) \
    FROM pg_constraint c WHERE c.contype = 'f' AND c.conrelid = to_regclass($1) ORDER BY 1";
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Checks the catalog in this database: the migrations, that every table is there and its rows can be read, that all references lead
/// somewhere. Changes nothing. What is wrong with what is stored goes into the report.
///
/// # Errors
/// The database cannot be reached.
pub async fn check(
    server: &Server,
    report: &mut Report,
    progress: &mut dyn Progress,
) -> Result<(), super::Error> {
    use super::Error::{SchemaAltered, SchemaNewer, SchemaOlder};
    match look::newest_schema_in(server).await {
        Err(error @ (SchemaOlder { .. } | SchemaNewer { .. } | SchemaAltered { .. })) => {
            report.wrong(format!("catalog: {}", told(&error)));
        }
        seen => seen?,
    }
    let (client, _) = server.connect(Session::UNBOUNDED).await?;
    let mut tables: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    tables.extend([HISTORY, "access_changes"]);
    for (at, table) in (0..).zip(&tables) {
        progress.at("catalog tables", at, tables.len() as u64);
        // Each in a transaction of its own: after an error there is none.
        client.batch_execute(BEGIN).await?;
        if let Err(error) = look_through(&client, table, report).await {
            if postgres::is_passing(&error) {
                return Err(error.into());
            }
            report.wrong(format!("catalog: table {table} cannot be read further: {}", told(&error)));
        }
        client.batch_execute("ROLLBACK").await?;
    }
    Ok(())
}

async fn look_through(client: &Client, table: &str, report: &mut Report) -> Result<(), Error> {
    let is_there = client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table]).await?;
    if !is_there.try_get::<_, bool>(0)? {
        report.wrong(format!("catalog: there is no table {table}"));
        return Ok(());
    }
    // As text, so that values that lie apart from their rows are read, too.
    let rows = client.query_one(&format!("SELECT count(t::text) FROM {table} t"), &[]).await?;
    report.count("catalog rows", rows.try_get::<_, i64>(0)?.cast_unsigned());
    for row in client.query(REFERENCES, &[&table]).await? {
        let (name, child, parent): (String, String, String) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let (from, to): (Vec<String>, Vec<String>) = (row.try_get(3)?, row.try_get(4)?);
        if !row.try_get::<_, bool>(5)? {
            report.wrong(format!("catalog: the reference {name} of {child} is not kept by the database"));
        }
        let lost: i64 = client.query_one(&lost(&child, &parent, &from, &to), &[]).await?.try_get(0)?;
        let what = format!("catalog: a row of {child} refers to a row of {parent} that is not there");
        report.wrong_times(&what, lost.max(0).cast_unsigned());
    }
    Ok(())
}

/// Checks the devices that the log in this database has series of: those that are not in the catalog were deleted, and are counted. An id of a
/// kind that this program does not give to devices was none.
///
/// # Errors
/// Of the database.
pub async fn check_devices(server: &Server, report: &mut Report) -> Result<(), super::Error> {
    const GONE: &str = "SELECT DISTINCT s.device_id FROM series s WHERE NOT EXISTS (SELECT 1 FROM devices d WHERE d.id = s.device_id)";
    let (client, _) = server.connect(Session::UNBOUNDED).await?;
    for row in client.query(GONE, &[]).await? {
        let id: uuid::Uuid = row.try_get(0)?;
        report.count("deleted devices with series", 1);
        if id.get_version_num() != 7 {
            report.wrong(format!("device {id}: it has series, and never was a device"));
        }
    }
    Ok(())
}

/// Counts the rows that refer to nothing; one with a null refers to nothing on purpose.
fn lost(child: &str, parent: &str, from: &[String], to: &[String]) -> String {
    let pairs: Vec<String> = from.iter().zip(to).map(|(from, to)| format!("p.{to} = c.{from}")).collect();
    let set: Vec<String> = from.iter().map(|from| format!("c.{from} IS NOT NULL")).collect();
    format!(
        "SELECT count(*) FROM {child} c WHERE {} AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE {})",
        set.join(" AND "),
        pairs.join(" AND ")
    )
}
