//! Frame marks in the database: a small record in each commit, folded from time to time into a row per device.
//!
//! The record (version 1, little-endian): 1 version, then for each mark 16 device, 4 boot, 8 frame. A commit without marks has an
//! empty one. At the start the marks are what is folded with the records after it applied; doing so twice changes nothing.

use std::collections::HashSet;

use edgesync_schemas::id::{BootId, DeviceId, FrameSeq};
use tokio_postgres::Client;
use uuid::Uuid;

use super::super::Error;
use super::super::embedded::records;
use super::super::marks::{Mark, Marks};
use super::failure::{Failure, Trouble};

const VERSION: u8 = 1;
const MARK_BYTES: usize = 28;
const WHAT: &str = "marks of a commit";

/// The record of a commit's marks.
pub(super) fn encode(marks: &[Mark]) -> Vec<u8> {
    if marks.is_empty() {
        return Vec::new();
    }
    let mut record = Vec::with_capacity(1 + marks.len() * MARK_BYTES);
    record.push(VERSION);
    for mark in marks {
        record.extend_from_slice(mark.device.uuid().as_bytes());
        record.extend_from_slice(&mark.boot.0.to_le_bytes());
        record.extend_from_slice(&mark.q.0.to_le_bytes());
    }
    record
}

/// Reads a record.
pub(super) fn decode(record: &[u8]) -> Result<Vec<Mark>, Error> {
    let Some((version, rest)) = record.split_first() else { return Ok(Vec::new()) };
    if *version != VERSION {
        return Err(Error::Version { what: WHAT.to_owned(), version: *version });
    }
    let (marks, odd) = rest.as_chunks::<MARK_BYTES>();
    if !odd.is_empty() {
        return Err(Error::Corrupt { what: WHAT.to_owned(), why: "length" });
    }
    Ok(marks.iter().map(read_mark).collect())
}

fn read_mark(bytes: &[u8; MARK_BYTES]) -> Mark {
    let part = |from: usize, len: usize| bytes[from..from + len].iter().rev();
    let number = |from, len| part(from, len).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    let mut device = [0; 16];
    device.copy_from_slice(&bytes[..16]);
    Mark {
        device: DeviceId::from_uuid(Uuid::from_bytes(device)),
        boot: BootId(number(16, 4) as u32),
        q: FrameSeq(number(20, 8)),
    }
}

/// Reads the marks, and the devices whose marks are not folded.
pub(super) async fn load(client: &Client) -> Result<(Marks, HashSet<DeviceId>), Error> {
    let mut marks = Marks::default();
    for row in client.query("SELECT device_id, boots FROM marks", &[]).await.map_err(Trouble::from)? {
        let device: Uuid = row.get(0);
        let (device, boots) = records::decode_boots(device.as_bytes(), row.get(1))?;
        marks.load(device, boots);
    }
    let mut unfolded = HashSet::new();
    let records = client.query("SELECT marks FROM log_commits ORDER BY number", &[]).await;
    for row in records.map_err(Trouble::from)? {
        for mark in decode(row.get(0))? {
            marks.apply(mark);
            unfolded.insert(mark.device);
        }
    }
    Ok((marks, unfolded))
}

/// What is folded at once: the boots of devices, as they were after a commit.
pub(super) struct Fold {
    pub devices: Vec<Uuid>,
    boots: Vec<Vec<u8>>,
    until: i64,
    owner: Uuid,
}

impl Fold {
    /// The marks of these devices, which have all of commit `until` and nothing of a later one.
    pub fn of(marks: &Marks, devices: &HashSet<DeviceId>, until: i64, owner: Uuid) -> Self {
        // One without boots was forgotten meanwhile.
        let known = devices.iter().filter(|device| !marks.boots(**device).is_empty());
        let (devices, boots) =
            known.map(|device| (device.uuid(), records::encode_boots(marks.boots(*device)))).unzip();
        Self { devices, boots, until, owner }
    }

    /// Writes them, and removes the records that they came from, all but the last commit's.
    pub async fn write(&self, client: &Client) -> Result<(), Trouble> {
        const UPSERT: &str = "INSERT INTO marks (device_id, boots) SELECT * FROM unnest($1::uuid[], $2::bytea[]) \
            ON CONFLICT (device_id) DO UPDATE SET boots = EXCLUDED.boots";
        // The records of all commits up to here: they are in what was folded.
        client.batch_execute(&super::session::begin()).await?;
        let written = async {
            client.execute(UPSERT, &[&self.devices, &self.boots]).await?;
            client.execute("DELETE FROM log_commits WHERE number < $1", &[&self.until]).await?;
            client.query_opt("SELECT 1 FROM log_state WHERE owner = $1", &[&self.owner]).await
        };
        match written.await {
            Ok(Some(_)) => Ok(client.batch_execute("COMMIT").await?),
            Ok(None) => Err(Trouble::new(Failure::Taken, "another server owns the log")),
            Err(error) => {
                // The connection may go on being used. Err: it cannot.
                let _ = client.batch_execute("ROLLBACK").await;
                Err(error.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_of_marks_comes_back_as_it_was() {
        let mark = |device, boot, q| Mark {
            device: DeviceId::from_uuid(Uuid::from_u128(device)),
            boot: BootId(boot),
            q: FrameSeq(q),
        };
        let marks = [mark(1, 0, 1), mark(u128::MAX, u32::MAX, u64::MAX), mark(2, 0x0102_0304, 0x0506_0708)];
        assert_eq!(decode(&encode(&marks)).unwrap(), marks);
        assert_eq!(decode(&encode(&[])).unwrap(), []);
        assert!(matches!(decode(&[1, 2]), Err(Error::Corrupt { .. })));
        assert!(matches!(decode(&[9]), Err(Error::Version { version: 9, .. })));
    }
}
