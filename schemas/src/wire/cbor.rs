//! CBOR (RFC 8949) as the device sockets need it: a reader over a slice that borrows text, and a writer.
//!
//! The reader is strict about what is well-formed: reserved heads, a break where an item must be, text that is no UTF-8 and an end in the middle
//! end the frame. It allocates only for text in pieces and for values that are kept as JSON, and nothing for what an item claims to
//! hold: a length is believed when its bytes were seen. Nesting is bounded by [`limit::CBOR_DEPTH`]. Duplicate keys, and what
//! may follow the last item, are looked at by who reads a frame ([`decode`], [`super::senml`]).

pub mod decode;
pub mod encode;
mod text;

use std::borrow::Cow;

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

    /// The number that an item is: an integer, a float, or a tagged bignum or decimal fraction (tags 2, 3 and 4), to the nearest `f64`.
    /// It need not be finite. `None` for whatever else, which is passed over.
    #[inline]
    pub(super) fn number(&mut self, head: Head) -> Result<Option<f64>, NotCbor> {
        match head {
            Head::Unsigned(number) => Ok(Some(number as f64)),
            Head::Negative(number) => Ok(Some(negative(number) as f64)),
            Head::Float(number) => Ok(Some(number)),
            Head::Tag(tag) => self.tagged_number(tag),
            other => self.skip(other).map(|()| None),
        }
    }

    fn tagged_number(&mut self, tag: u64) -> Result<Option<f64>, NotCbor> {
        self.enter()?;
        let number = match (tag, self.head()?) {
            (2, Head::Bytes(len)) => Some(big(&self.byte_string(len)?, false)),
            (3, Head::Bytes(len)) => Some(-big(&self.byte_string(len)?, true)),
            (4, Head::Array(Some(2))) => {
                self.enter()?;
                let (exponent, mantissa) = (self.integer()?, self.integer()?);
                self.leave();
                // The parser of decimal numbers knows how to round.
                exponent
                    .zip(mantissa)
                    .and_then(|(exponent, mantissa)| format!("{mantissa}e{exponent}").parse().ok())
            }
            (_, head) => self.skip(head).map(|()| None)?,
        };
        self.leave();
        Ok(number)
    }

    /// The integer that the next item is; `None` for whatever else, which is passed over.
    fn integer(&mut self) -> Result<Option<i128>, NotCbor> {
        match self.head()? {
            Head::Unsigned(number) => Ok(Some(number.into())),
            Head::Negative(number) => Ok(Some(negative(number))),
            other => self.skip(other).map(|()| None),
        }
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

/// The integer that a negative head stands for.
pub(super) fn negative(number: u64) -> i128 {
    -1 - i128::from(number)
}

/// A half-precision float (IEEE 754 binary16), which every `f64` can hold.
fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => mantissa * 2f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + mantissa) * 2f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { size } else { -size }
}

/// The `f64` nearest to a whole number of any length, most significant byte first, or to the one after it; infinite if none is.
fn big(bytes: &[u8], plus_one: bool) -> f64 {
    let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    let (first, rest) = bytes.split_at(bytes.len().min(16));
    let head = first.iter().fold(0u128, |head, byte| head << 8 | u128::from(*byte));
    let carry = plus_one && rest.iter().all(|byte| *byte == 0xff);
    // 16 bytes without leading zeros have far more bits than an f64, so what is behind them can only decide a tie.
    let sticky = !carry && (plus_one || rest.iter().any(|byte| *byte != 0));
    let head = head.saturating_add(carry.into()) | u128::from(sticky);
    // Beyond 2^1024 there is no f64, however much longer the number is.
    head as f64 * 2f64.powi(8 * rest.len().min(1000) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first item of these bytes as a number.
    fn number(bytes: &[u8]) -> Option<f64> {
        let mut reader = Reader::new(bytes);
        let head = reader.head().unwrap();
        let number = reader.number(head).unwrap();
        reader.end().unwrap();
        number
    }

    #[test]
    fn numbers_of_every_width_are_read_exactly() {
        // Appendix A of RFC 8949, and the ends of the ranges.
        for (bytes, expected) in [
            (&[0x00][..], 0.0),
            (&[0x17], 23.0),
            (&[0x18, 0x18], 24.0),
            (&[0x19, 0x03, 0xe8], 1000.0),
            (&[0x1a, 0x00, 0x0f, 0x42, 0x40], 1e6),
            (&[0x1b, 0, 0, 0, 0xe8, 0xd4, 0xa5, 0x10, 0x00], 1e12),
            (&[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 18_446_744_073_709_551_615.0),
            (&[0x20], -1.0),
            (&[0x39, 0x03, 0xe7], -1000.0),
            (&[0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], -18_446_744_073_709_551_616.0),
            (&[0xf9, 0x00, 0x00], 0.0),
            (&[0xf9, 0x3c, 0x00], 1.0),
            (&[0xf9, 0x7b, 0xff], 65504.0),
            (&[0xf9, 0x00, 0x01], 5.960_464_477_539_063e-8),
            (&[0xf9, 0x04, 0x00], 0.000_061_035_156_25),
            (&[0xf9, 0xc4, 0x00], -4.0),
            (&[0xfa, 0x47, 0xc3, 0x50, 0x00], 100_000.0),
            (&[0xfa, 0x7f, 0x7f, 0xff, 0xff], f64::from(f32::MAX)),
            (&[0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a], 1.1),
            (&[0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0], 18_446_744_073_709_551_616.0),
            (&[0xc3, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0], -18_446_744_073_709_551_617.0),
            (&[0xc2, 0x40], 0.0),
            (&[0xc3, 0x42, 0, 5], -6.0),
            (&[0xc4, 0x82, 0x21, 0x19, 0x6a, 0xb3], 273.15),
        ] {
            assert_eq!(number(bytes).map(f64::to_bits), Some(f64::to_bits(expected)), "{bytes:x?}");
        }
        assert_eq!(number(&[0xf9, 0x7c, 0x00]), Some(f64::INFINITY));
        assert!(number(&[0xf9, 0x7e, 0x00]).unwrap().is_nan());
        assert_eq!(
            number(&[0xc4, 0x82, 0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
            Some(f64::INFINITY)
        );
        for no_number in
            [&[0x61, b'1'][..], &[0xf6], &[0xc0, 0x01], &[0xc2, 0x01], &[0xc4, 0x82, 0x61, b'1', 0x01]]
        {
            assert_eq!(number(no_number), None, "{no_number:x?}");
        }
    }

    #[test]
    fn a_bignum_is_rounded_to_the_nearest_f64_as_its_digits_would_be() {
        // 2^53 + 1 lies between two f64; one more bit far behind decides the tie.
        let mut bytes = vec![0x20, 0, 0, 0, 0, 0, 0x01];
        bytes.resize(20, 0);
        let tie = 9_007_199_254_740_992.0 * 2f64.powi(8 * 13);
        assert_eq!(big(&bytes, false), tie, "a tie goes to the even one");
        bytes[19] = 1;
        assert_eq!(big(&bytes, false), 9_007_199_254_740_994.0 * 2f64.powi(8 * 13));
        assert_eq!(big(&[0xff; 128], false), f64::INFINITY);
        assert_eq!(big(&[0xff; 60_000], true), f64::INFINITY);
        assert_eq!(
            big(&[0x20, 0, 0, 0, 0, 0, 1], true),
            9_007_199_254_740_994.0,
            "rounded once, after the 1 is added"
        );
        assert_eq!(big(&[0xff; 17], true), 2f64.powi(136));
        let mut least = vec![0; 60_000];
        least[59_999] = 7;
        assert_eq!(big(&least, false), 7.0, "leading zeros count for nothing");
    }

    #[test]
    fn what_is_not_well_formed_is_refused_where_it_is() {
        for (bytes, what, at) in [
            (&[][..], "ends in the middle", 0),
            (&[0x19, 0x01], "ends in the middle", 1),
            (&[0x1c], "a reserved head", 0),
            (&[0xf8, 0x18], "a reserved head", 0),
            (&[0x1f], "a reserved head", 0),
            (&[0xdf], "a reserved head", 0),
            (&[0xff], "a break where an item must be", 0),
            (&[0xa1, 0x01, 0xff], "a break where an item must be", 2),
            (&[0xbf, 0x01, 0xff], "a break where an item must be", 2),
            (&[0x62, 0xc3, 0x28], "text that is not UTF-8", 1),
            (&[0x7f, 0x41, 0x61, 0xff], "a piece of text that is none", 2),
            (&[0x7f, 0x7f, 0xff, 0xff], "a piece of text that is none", 2),
            (&[0x5f, 0x61, 0x61, 0xff], "a piece of a byte string that is none", 2),
            (&[0x9f, 0x01], "ends in the middle", 2),
            (&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "ends in the middle", 9),
            (&[0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "ends in the middle", 9),
            (&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], "ends in the middle", 10),
        ] {
            let error = Reader::new(bytes).skip_item().unwrap_err();
            assert!(error.what.starts_with(what) && error.at == at, "{bytes:x?}: {error}");
        }
    }

    #[test]
    fn nesting_is_bounded_whatever_it_is_made_of() {
        for opener in [&[0x81][..], &[0x9f], &[0xa1, 0x00], &[0xbf, 0x00], &[0xc1]] {
            let nested = |levels: usize| {
                let mut bytes = opener.repeat(levels);
                bytes.push(0x00);
                bytes.extend(std::iter::repeat_n(0xff, if opener[0] & 0x1f == 0x1f { levels } else { 0 }));
                bytes
            };
            assert_eq!(Reader::new(&nested(limit::CBOR_DEPTH)).skip_item(), Ok(()), "{opener:x?}");
            let error = Reader::new(&nested(limit::CBOR_DEPTH + 1)).skip_item().unwrap_err();
            assert_eq!(error.what, "nested too deeply", "{opener:x?}");
            assert!(Reader::new(&opener.repeat(30_000)).skip_item().is_err());
        }
    }
}
