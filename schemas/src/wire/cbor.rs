//! CBOR (RFC 8949) as the device sockets need it: a reader over a slice that borrows text, and a writer.
//!
//! The reader is strict about what is well-formed: reserved heads, a break where an item must be, text that is no UTF-8 and an end in the middle
//! end the frame. It allocates only for text in pieces and for values that are kept as JSON, and nothing for what an item claims to
//! hold: a length is believed when its bytes were seen. Nesting is bounded by [`limit::CBOR_DEPTH`]. Duplicate keys, and what
//! may follow the last item, are looked at by who reads a frame ([`decode`], [`super::senml`]).

pub mod decode;
pub mod encode;
mod number;
mod text;

use std::borrow::Cow;

use number::half;

use super::frame::Rejection;
use crate::limit;
use crate::value::Value;

/// The bytes are not CBOR, or nested too deeply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not CBOR: {what} at byte {at}")]
pub struct NotCbor {
    at: usize,
    what: &'static str,
}

/// Number of items of an array or map, bytes of a string; `None` for an indefinite length, which a break ends.
pub(super) type Len = Option<u64>;

/// The head of an item. What it holds is read next, by its kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Head {
    /// An integer from 0.
    Unsigned(u64),
    /// The integer -1 - n.
    Negative(u64),
    Bytes(Len),
    Text(Len),
    Array(Len),
    Map(Len),
    Tag(u64),
    Bool(bool),
    /// `null`, and `undefined`, which JSON has no other word for.
    Null,
    /// A simple value that has no meaning here.
    Simple,
    /// Of any width.
    Float(f64),
}

/// Reads items one after the other.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    fn error(&self, what: &'static str) -> NotCbor {
        NotCbor { at: self.at, what }
    }

    /// Refuses bytes behind the last item.
    pub(super) fn end(&self) -> Result<(), NotCbor> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.error("something behind the end")) }
    }

    #[inline]
    fn take(&mut self, len: u64) -> Result<&'a [u8], NotCbor> {
        let rest = &self.bytes[self.at..];
        match usize::try_from(len).ok().and_then(|len| rest.get(..len)) {
            Some(taken) => {
                self.at += taken.len();
                Ok(taken)
            }
            None => Err(self.error("ends in the middle of an item")),
        }
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], NotCbor> {
        match self.bytes[self.at..].first_chunk() {
            Some(taken) => {
                self.at += N;
                Ok(*taken)
            }
            None => Err(self.error("ends in the middle of an item")),
        }
    }

    /// The head of the next item.
    #[inline]
    pub(super) fn head(&mut self) -> Result<Head, NotCbor> {
        let start = self.at;
        let [first] = self.array()?;
        let info = first & 0x1f;
        let argument = match info {
            0..=23 => Some(u64::from(info)),
            24 => Some(u64::from(u8::from_be_bytes(self.array()?))),
            25 => Some(u64::from(u16::from_be_bytes(self.array()?))),
            26 => Some(u64::from(u32::from_be_bytes(self.array()?))),
            27 => Some(u64::from_be_bytes(self.array()?)),
            31 => None,
            _ => return Err(NotCbor { at: start, what: "a reserved head" }),
        };
        Ok(match (first >> 5, argument) {
            (0, Some(number)) => Head::Unsigned(number),
            (1, Some(number)) => Head::Negative(number),
            (2, len) => Head::Bytes(len),
            (3, len) => Head::Text(len),
            (4, len) => Head::Array(len),
            (5, len) => Head::Map(len),
            (6, Some(tag)) => Head::Tag(tag),
            (7, Some(bits)) => match info {
                20 => Head::Bool(false),
                21 => Head::Bool(true),
                22 | 23 => Head::Null,
                25 => Head::Float(half(bits as u16)),
                26 => Head::Float(f64::from(f32::from_bits(bits as u32))),
                27 => Head::Float(f64::from_bits(bits)),
                24 if bits < 32 => return Err(NotCbor { at: start, what: "a reserved head" }),
                _ => Head::Simple,
            },
            (7, None) => return Err(NotCbor { at: start, what: "a break where an item must be" }),
            _ => return Err(NotCbor { at: start, what: "a reserved head" }),
        })
    }

    /// Whether an array, a map or a string in pieces goes on; takes the break that ends one. Call before each item, pair or piece.
    #[inline]
    pub(super) fn more(&mut self, left: &mut Len) -> Result<bool, NotCbor> {
        match left {
            Some(0) => Ok(false),
            Some(left) => {
                *left -= 1;
                Ok(true)
            }
            None if self.bytes.get(self.at) == Some(&0xff) => {
                self.at += 1;
                Ok(false)
            }
            None => Ok(true),
        }
    }

    /// An array, map or tag begins. Each that ends must [`Self::leave`].
    #[inline]
    pub(super) fn enter(&mut self) -> Result<(), NotCbor> {
        self.depth += 1;
        if self.depth > limit::CBOR_DEPTH {
            return Err(self.error("nested too deeply"));
        }
        Ok(())
    }

    #[inline]
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Text whose head was read.
    #[inline]
    pub(super) fn text(&mut self, len: Len) -> Result<Cow<'a, str>, NotCbor> {
        if let Some(len) = len {
            return self.piece(len).map(Cow::Borrowed);
        }
        let mut whole = String::new();
        while self.more(&mut None)? {
            match self.head()? {
                Head::Text(Some(len)) => whole.push_str(self.piece(len)?),
                _ => return Err(self.error("a piece of text that is none")),
            }
        }
        Ok(Cow::Owned(whole))
    }

    fn piece(&mut self, len: u64) -> Result<&'a str, NotCbor> {
        let start = self.at;
        std::str::from_utf8(self.take(len)?)
            .map_err(|_| NotCbor { at: start, what: "text that is not UTF-8" })
    }

    /// A byte string whose head was read.
    pub(super) fn byte_string(&mut self, len: Len) -> Result<Cow<'a, [u8]>, NotCbor> {
        if let Some(len) = len {
            return self.take(len).map(Cow::Borrowed);
        }
        let mut whole = Vec::new();
        while self.more(&mut None)? {
            match self.head()? {
                Head::Bytes(Some(len)) => whole.extend_from_slice(self.take(len)?),
                _ => return Err(self.error("a piece of a byte string that is none")),
            }
        }
        Ok(Cow::Owned(whole))
    }

    /// Passes over what a head that was read holds, and checks that it is well-formed.
    pub(super) fn skip(&mut self, head: Head) -> Result<(), NotCbor> {
        match head {
            Head::Text(len) => drop(self.text(len)?),
            Head::Bytes(len) => drop(self.byte_string(len)?),
            Head::Array(mut left) => {
                self.enter()?;
                while self.more(&mut left)? {
                    self.skip_item()?;
                }
                self.leave();
            }
            Head::Map(mut left) => {
                self.enter()?;
                while self.more(&mut left)? {
                    self.skip_item()?;
                    self.skip_item()?;
                }
                self.leave();
            }
            Head::Tag(_) => {
                self.enter()?;
                self.skip_item()?;
                self.leave();
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn skip_item(&mut self) -> Result<(), NotCbor> {
        let head = self.head()?;
        self.skip(head)
    }

    /// A reading's value: a number, or what is kept as JSON.
    #[inline]
    pub(super) fn value(&mut self, head: Head) -> Result<Result<Value, Rejection>, NotCbor> {
        Ok(match head {
            Head::Unsigned(_) | Head::Negative(_) | Head::Float(_) | Head::Tag(_) => {
                match self.number(head)? {
                    Some(number) => Value::number(number).map_err(Rejection::from),
                    None => Err(Rejection::WrongType),
                }
            }
            Head::Bool(value) => {
                Value::from_json(if value { "true" } else { "false" }).map_err(Rejection::from)
            }
            Head::Text(_) | Head::Array(_) | Head::Map(_) => {
                let json = self.json(head, limit::RAW_VALUE_BYTES)?;
                json.and_then(|json| Value::from_json(&json).map_err(Rejection::from))
            }
            other => {
                self.skip(other)?;
                Err(Rejection::WrongType)
            }
        })
    }
}

#[cfg(test)]
mod tests;
