//! The small records: a series, a device's boots, a series' newest reading.

use edgesync_schemas::id::{BootId, DeviceId, FrameSeq, Offset, SeriesId};
use edgesync_schemas::reading::{Quality, SeriesInfo};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;
use uuid::Uuid;

use super::super::Error;
use super::super::marks::Boots;
use super::codec::{self, Malformed, Reader};

const VERSION: u8 = 1;

/// A series: device, sensor, units.
pub(crate) fn encode_series(info: &SeriesInfo) -> Vec<u8> {
    let mut out = vec![VERSION];
    out.extend_from_slice(info.device.uuid().as_bytes());
    codec::text(&mut out, info.sensor.as_str());
    codec::varint(&mut out, info.units.len() as u64);
    info.units.iter().for_each(|unit| codec::text(&mut out, unit.as_str()));
    codec::seal_record(&mut out);
    out
}

pub(crate) fn decode_series(id: SeriesId, record: &[u8]) -> Result<SeriesInfo, Error> {
    let read = |mut from: Reader<'_>| {
        let device = DeviceId::from_uuid(Uuid::from_bytes(from.array()?));
        let sensor = from.text()?.parse().map_err(|_| Malformed("name"))?;
        let count = from.count(1)?;
        let units = (0..count)
            .map(|_| from.text()?.parse().map_err(|_| Malformed("unit")))
            .collect::<Result<_, _>>()?;
        Ok(SeriesInfo { id, device, sensor, units })
    };
    read(codec::open_record(record, VERSION, "series")?)
        .map_err(|malformed: Malformed| malformed.of("series"))
}

/// A device's boots, the one that sent last at the end.
pub(crate) fn encode_boots(boots: &[(BootId, FrameSeq)]) -> Vec<u8> {
    let mut out = vec![VERSION];
    codec::varint(&mut out, boots.len() as u64);
    for (boot, q) in boots {
        out.extend_from_slice(&boot.0.to_le_bytes());
        codec::varint(&mut out, q.0);
    }
    codec::seal_record(&mut out);
    out
}

pub(crate) fn decode_boots(key: &[u8], record: &[u8]) -> Result<(DeviceId, Boots), Error> {
    let read = |mut from: Reader<'_>| {
        let device = DeviceId::from_uuid(Uuid::from_slice(key).map_err(|_| Malformed("key"))?);
        let count = from.count(5)?;
        let boots = (0..count)
            .map(|_| Ok((BootId(from.u32()?), FrameSeq(from.varint()?))))
            .collect::<Result<_, _>>()?;
        Ok((device, boots))
    };
    read(codec::open_record(record, VERSION, "marks")?).map_err(|malformed: Malformed| malformed.of("marks"))
}

/// A reading without its series.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    pub ts: Timestamp,
    pub offset: Offset,
    pub received_at: Timestamp,
    pub num: f64,
    pub unit: UnitIndex,
    pub quality: Quality,
    pub raw: Option<Box<str>>,
}

/// What is known of a series' blocks without looking at them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Newest {
    /// The newest sealed reading by event time, then offset.
    pub point: Point,
    /// Microseconds between the oldest and the newest reading of the block where they are furthest apart. A reader that wants blocks which
    /// reach past a time need not look at blocks that start earlier before it than this.
    pub span_us: u64,
}

pub(crate) fn encode_newest(newest: &Newest) -> Vec<u8> {
    let point = &newest.point;
    let mut out = vec![VERSION];
    codec::varint(&mut out, newest.span_us);
    codec::zigzag(&mut out, point.ts.as_us());
    codec::varint(&mut out, point.offset.0);
    codec::zigzag(&mut out, point.received_at.as_us());
    out.extend_from_slice(&point.num.to_le_bytes());
    out.push(point.unit.0);
    out.push(point.quality.0);
    out.push(u8::from(point.raw.is_some()));
    if let Some(raw) = &point.raw {
        codec::text(&mut out, raw);
    }
    codec::seal_record(&mut out);
    out
}

pub(crate) fn decode_newest(record: &[u8]) -> Result<Newest, Error> {
    let read = |mut from: Reader<'_>| {
        let time = |us| Timestamp::from_us(us).ok_or(Malformed("time"));
        let span_us = from.varint()?;
        let point = Point {
            ts: time(from.zigzag()?)?,
            offset: Offset(from.varint()?),
            received_at: time(from.zigzag()?)?,
            num: f64::from_le_bytes(from.array()?),
            unit: UnitIndex(from.u8()?),
            quality: Quality(from.u8()?),
            raw: if from.u8()? == 0 { None } else { Some(from.text()?.into()) },
        };
        Ok(Newest { point, span_us })
    };
    read(codec::open_record(record, VERSION, "newest reading")?)
        .map_err(|malformed: Malformed| malformed.of("newest reading"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_records_come_back_as_they_were() {
        let device = DeviceId::from_uuid(Uuid::max());
        let units = vec!["°C".parse().unwrap(), "K".parse().unwrap()];
        let info = SeriesInfo { id: SeriesId(7), device, sensor: "a/b".parse().unwrap(), units };
        assert_eq!(decode_series(info.id, &encode_series(&info)).unwrap(), info);

        let boots = vec![(BootId(u32::MAX), FrameSeq(1)), (BootId(0), FrameSeq(u64::MAX))];
        assert_eq!(decode_boots(device.uuid().as_bytes(), &encode_boots(&boots)).unwrap(), (device, boots));

        let point = Point {
            ts: Timestamp::MIN,
            offset: Offset(9),
            received_at: Timestamp::MAX,
            num: -0.5,
            unit: UnitIndex(2),
            quality: Quality(1),
            raw: Some("{}".into()),
        };
        let newest = Newest { point, span_us: 12 };
        assert_eq!(decode_newest(&encode_newest(&newest)).unwrap(), newest);
    }
}
