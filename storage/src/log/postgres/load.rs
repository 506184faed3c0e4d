//! What a log in PostgreSQL has in memory, read from its tables: for who opens it, and for who looks through it.

use edgesync_schemas::id::{DeviceId, Offset, SeriesId};
use edgesync_schemas::reading::SeriesInfo;
use tokio_postgres::{Client, Row};

use super::super::Error;
use super::super::series::SeriesDictionary;
use super::failure::Trouble;
use super::{FORMAT, HISTORY, MIGRATIONS, unfit};
use crate::postgres;

/// Refuses a log of another format.
pub(super) async fn format(client: &Client) -> Result<(), Error> {
    for row in rows(client, "SELECT format FROM log_state").await? {
        let format: i32 = row.get(0);
        if format != FORMAT {
            let version = u8::try_from(format).unwrap_or(u8::MAX);
            return Err(Error::Version { what: "log in the database".to_owned(), version });
        }
    }
    Ok(())
}

/// Refuses a log that is not there, and one whose tables are not the newest: for who changes nothing.
pub(super) async fn newest_schema(client: &Client) -> Result<(), Error> {
    let found = postgres::migrate::applied_to(client, HISTORY, MIGRATIONS).await.map_err(unfit)?;
    let known = MIGRATIONS.len() as u32;
    match found {
        None => Err(Error::NoLog),
        Some(found) if found < known => Err(Error::SchemaOlder { found, known }),
        Some(_) => format(client).await,
    }
}

/// Where a move into it comes from that was not finished.
pub(super) async fn half_moved(client: &Client) -> Result<Option<String>, Error> {
    let rows = rows(client, "SELECT word FROM log_move WHERE NOT is_done").await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// The series, and the numbers that were given out.
pub(super) async fn dictionary(client: &Client) -> Result<SeriesDictionary, Error> {
    let dictionary = SeriesDictionary::default();
    for row in rows(client, "SELECT id, device_id, sensor_type, units FROM series ORDER BY id").await? {
        dictionary.load(series(&row).map_err(|(_, error)| error)?);
    }
    for row in rows(client, "SELECT series_end FROM log_state").await? {
        dictionary.start_at(row.get::<_, i32>(0).cast_unsigned());
    }
    Ok(dictionary)
}

/// A row of id, device, sensor and units; or which it is, and what is wrong with it.
pub(super) fn series(row: &Row) -> Result<SeriesInfo, (SeriesId, Error)> {
    let id = SeriesId(row.get::<_, i32>(0).cast_unsigned());
    let corrupt = |why| (id, Error::Corrupt { what: "series".to_owned(), why });
    let units: Vec<&str> = row.get(3);
    let units =
        units.iter().map(|unit| unit.parse().map_err(|_| corrupt("unit"))).collect::<Result<_, _>>()?;
    let sensor = row.get::<_, &str>(2).parse().map_err(|_| corrupt("name"))?;
    Ok(SeriesInfo { id, device: DeviceId::from_uuid(row.get(1)), sensor, units })
}

/// The bookmarks of all readers.
pub(super) async fn bookmarks(client: &Client) -> Result<Vec<(String, Offset)>, Error> {
    let rows = rows(client, "SELECT name, log_offset FROM bookmarks").await?;
    Ok(rows.iter().map(|row| (row.get(0), Offset(row.get::<_, i64>(1).cast_unsigned()))).collect())
}

/// Rows of a question without parameters.
pub(super) async fn rows(client: &Client, sql: &str) -> Result<Vec<Row>, Error> {
    Ok(client.query(sql, &[]).await.map_err(Trouble::from)?)
}
