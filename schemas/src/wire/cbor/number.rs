//! Numbers: integers and floats of every width, and the tagged ones.

use super::{Head, NotCbor, Reader};

impl Reader<'_> {
    /// The number that an item is: an integer, a float, or a tagged bignum or decimal fraction (tags 2, 3 and 4), to the nearest `f64`.
    /// It need not be finite. `None` for whatever else, which is passed over.
    #[inline]
    pub(in crate::wire) fn number(&mut self, head: Head) -> Result<Option<f64>, NotCbor> {
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
}

/// The integer that a negative head stands for.
pub(super) fn negative(number: u64) -> i128 {
    -1 - i128::from(number)
}

/// A half-precision float (IEEE 754 binary16), which every `f64` can hold.
pub(super) fn half(bits: u16) -> f64 {
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
pub(super) fn big(bytes: &[u8], plus_one: bool) -> f64 {
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
