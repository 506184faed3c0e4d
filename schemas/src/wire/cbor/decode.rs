//! Bytes of a frame in CBOR -> [`DeviceFrame`]. Once, borrowing from the bytes.
//!
//! The frames are the maps of the JSON form with the same text keys, and every rule is the same: unknown keys are passed over, `null`
//! is as good as absent, a key that is known may be there once, whole numbers must be integers. One pass reads each
//! known key as what it must be; a wrong type is remembered until the kind of frame says whether it matters.

use std::borrow::Cow;

use super::{Head, Len, NotCbor, Reader};
use crate::id::{BootId, FrameSeq};
use crate::limit;
use crate::wire::decode::{Malformed, data_frame, must};
use crate::wire::frame::{CommandStatus, DeviceFrame, Hello, RawReading, Rejection};

/// Readings of a frame as far as they are read.
type Readings<'a> = Vec<Result<RawReading<'a>, Rejection>>;

impl From<NotCbor> for Malformed {
    fn from(error: NotCbor) -> Self {
        Self(error.to_string())
    }
}

/// Reads a frame of a device.
///
/// # Errors
/// [`Malformed`] if it is no CBOR, or its kind, its number or a field other than a reading is missing or of a wrong type.
pub fn device_frame(bytes: &[u8]) -> Result<DeviceFrame<'_>, Malformed> {
    if bytes.first().is_none_or(|first| first >> 5 != 5) {
        return Err(Malformed("a frame must be a CBOR map".into()));
    }
    let mut reader = Reader::new(bytes);
    let Head::Map(mut left) = reader.head()? else {
        return Err(Malformed("a frame must be a CBOR map".into()));
    };
    reader.enter()?;
    let mut fields = Fields::default();
    while reader.more(&mut left)? {
        let Head::Text(len) = reader.head()? else {
            return Err(Malformed("a key of a frame must be text".into()));
        };
        let key = reader.text(len)?;
        fields.read(&key, &mut reader)?;
    }
    reader.leave();
    reader.end()?;
    fields.frame()
}

/// What became of a key.
#[derive(Default)]
enum Field<T> {
    /// It is not there, or null.
    #[default]
    Absent,
    /// It is of another type.
    Wrong,
    /// It is this.
    Is(T),
}

impl<T> Field<T> {
    fn required(self, name: &str, must: &str) -> Result<T, Malformed> {
        match self {
            Self::Is(value) => Ok(value),
            Self::Absent | Self::Wrong => Err(Malformed::field(name, must)),
        }
    }

    fn optional(self, name: &str, must: &str) -> Result<Option<T>, Malformed> {
        match self {
            Self::Is(value) => Ok(Some(value)),
            Self::Absent => Ok(None),
            Self::Wrong => Err(Malformed::field(name, must)),
        }
    }
}

/// Keys of all kinds of frames.
#[derive(Default)]
struct Fields<'a> {
    /// A bit for each key that was there.
    seen: u16,
    t: Field<Cow<'a, str>>,
    q: Field<u64>,
    bt: Field<i64>,
    r: Field<Readings<'a>>,
    boot: Field<u64>,
    next: Field<u64>,
    token: Field<Cow<'a, str>>,
    fw: Field<Cow<'a, str>>,
    now: Field<i64>,
    id: Field<Cow<'a, str>>,
    status: Field<Cow<'a, str>>,
    result: Field<String>,
}

impl<'a> Fields<'a> {
    fn read(&mut self, key: &str, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        let seen: u16 = match key {
            "t" => 1,
            "q" => 1 << 1,
            "bt" => 1 << 2,
            "r" => 1 << 3,
            "boot" => 1 << 4,
            "next" => 1 << 5,
            "token" => 1 << 6,
            "fw" => 1 << 7,
            "now" => 1 << 8,
            "id" => 1 << 9,
            "status" => 1 << 10,
            "result" => 1 << 11,
            _ => return Ok(reader.skip_item()?),
        };
        if self.seen & seen != 0 {
            return Err(Malformed::field(key, "must be there once"));
        }
        self.seen |= seen;
        let head = reader.head()?;
        match key {
            "t" => self.t = text(reader, head)?,
            "q" => self.q = unsigned(reader, head)?,
            "bt" => self.bt = signed(reader, head)?,
            "r" => self.r = readings(reader, head)?,
            "boot" => self.boot = unsigned(reader, head)?,
            "next" => self.next = unsigned(reader, head)?,
            "token" => self.token = text(reader, head)?,
            "fw" => self.fw = text(reader, head)?,
            "now" => self.now = signed(reader, head)?,
            "id" => self.id = text(reader, head)?,
            "status" => self.status = text(reader, head)?,
            _ => {
                self.result = match (head, reader.json(head, limit::DEVICE_FRAME_BYTES)?) {
                    (Head::Null, _) => Field::Absent,
                    (_, Ok(json)) => Field::Is(json),
                    (_, Err(_)) => Field::Wrong,
                }
            }
        }
        Ok(())
    }

    fn frame(self) -> Result<DeviceFrame<'a>, Malformed> {
        match &*self.t.required("t", must::KIND)? {
            "data" => {
                let q = self.q.required("q", must::NUMBER)?;
                let base_ms = self.bt.optional("bt", must::TIME)?;
                let readings = match self.r {
                    Field::Is(readings) => Ok(readings),
                    Field::Absent | Field::Wrong => Err(must::READINGS),
                };
                data_frame(q, base_ms, readings)
            }
            "hello" => {
                let next = self.next.required("next", must::NUMBER)?;
                if next == 0 {
                    return Err(Malformed::field("next", must::FROM_ONE));
                }
                let boot = self.boot.required("boot", must::BOOT)?;
                Ok(DeviceFrame::Hello(Hello {
                    boot: BootId(u32::try_from(boot).map_err(|_| Malformed::field("boot", must::BOOT))?),
                    next: FrameSeq(next),
                    token: self.token.optional("token", must::TEXT)?,
                    firmware: self.fw.optional("fw", must::TEXT)?,
                    now_ms: self.now.optional("now", must::TIME)?,
                }))
            }
            "cmd_status" => Ok(DeviceFrame::CommandStatus(CommandStatus {
                id: self.id.required("id", must::TEXT)?,
                status: self.status.required("status", must::STATUS)?,
                result: self.result.optional("result", must::JSON)?.map(Cow::Owned),
            })),
            _ => Err(Malformed::field("t", must::KIND)),
        }
    }
}

fn text<'a>(reader: &mut Reader<'a>, head: Head) -> Result<Field<Cow<'a, str>>, NotCbor> {
    match head {
        Head::Text(len) => reader.text(len).map(Field::Is),
        other => no(reader, other),
    }
}

fn unsigned(reader: &mut Reader<'_>, head: Head) -> Result<Field<u64>, NotCbor> {
    match head {
        Head::Unsigned(number) => Ok(Field::Is(number)),
        other => no(reader, other),
    }
}

fn signed(reader: &mut Reader<'_>, head: Head) -> Result<Field<i64>, NotCbor> {
    match integer(head) {
        Some(number) => Ok(Field::Is(number)),
        None => no(reader, head),
    }
}

fn no<T>(reader: &mut Reader<'_>, head: Head) -> Result<Field<T>, NotCbor> {
    reader.skip(head)?;
    Ok(if head == Head::Null { Field::Absent } else { Field::Wrong })
}

fn integer(head: Head) -> Option<i64> {
    match head {
        Head::Unsigned(number) => i64::try_from(number).ok(),
        Head::Negative(number) => i64::try_from(number).ok().map(|number| -1 - number),
        _ => None,
    }
}

fn readings<'a>(reader: &mut Reader<'a>, head: Head) -> Result<Field<Readings<'a>>, NotCbor> {
    let Head::Array(mut left) = head else { return no(reader, head) };
    reader.enter()?;
    let mut readings = Vec::with_capacity(left.unwrap_or(24).min(24) as usize);
    while reader.more(&mut left)? {
        // One more than allowed is enough to refuse the frame, and a reading may be a single byte.
        if readings.len() > limit::READINGS_PER_FRAME {
            reader.skip_item()?;
        } else {
            readings.push(reading(reader)?);
        }
    }
    reader.leave();
    Ok(Field::Is(readings))
}

fn reading<'a>(reader: &mut Reader<'a>) -> Result<Result<RawReading<'a>, Rejection>, NotCbor> {
    match reader.head()? {
        Head::Array(left) => {
            reader.enter()?;
            let reading = parts(reader, left)?;
            reader.leave();
            Ok(reading)
        }
        other => {
            reader.skip(other)?;
            Ok(Err(Rejection::WrongType))
        }
    }
}

fn parts<'a>(reader: &mut Reader<'a>, mut left: Len) -> Result<Result<RawReading<'a>, Rejection>, NotCbor> {
    let (mut sensor, mut value) = (Err(Rejection::WrongType), Err(Rejection::WrongType));
    let (mut offset_ms, mut unit) = (Ok(0), Ok(None));
    let mut count = 0;
    while reader.more(&mut left)? {
        let head = reader.head()?;
        match (count, head) {
            (0, Head::Text(len)) => sensor = Ok(reader.text(len)?),
            (1, head) => value = reader.value(head)?,
            (2 | 3, Head::Null) => {}
            (2, head) => {
                reader.skip(head)?;
                offset_ms = integer(head).ok_or(Rejection::Time);
            }
            (3, Head::Text(len)) => unit = Ok(Some(reader.text(len)?)),
            (place, head) => {
                reader.skip(head)?;
                if place == 3 {
                    unit = Err(Rejection::Unit);
                }
            }
        }
        count += 1;
    }
    if !(2..=4).contains(&count) {
        return Ok(Err(Rejection::WrongType));
    }
    // The first part that is wrong decides, as in the JSON form.
    Ok(sensor.and_then(|sensor| Ok(RawReading { sensor, value: value?, offset_ms: offset_ms?, unit: unit? })))
}
