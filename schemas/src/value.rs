//! What a sensor measured: a number, and the original where it was none.

/// A value as it is stored: a finite number, and the JSON it was written in where that is not a number.
///
/// Text and objects are 0.0 with the original kept; `true` is 1.0 and `false` 0.0 with the original kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    num: f64,
    raw: Option<Box<str>>,
}

/// Why JSON cannot be a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAValue {
    /// A number that no finite `f64` is near, such as 1e999, be it within an object.
    #[error("value must be a finite number")]
    NotFinite,
    /// `null`, or no JSON at all.
    #[error("value must be a number, true, false, text, an object or an array")]
    WrongType,
    /// Text with an escape that is no character, such as `\\ud800`, be it within an object.
    #[error("value must have Unicode characters only: an escape in it is half of one")]
    NotUnicode,
    /// Text or an object longer than [`crate::limit::RAW_VALUE_BYTES`].
    #[error("value must be at most {} bytes of JSON", crate::limit::RAW_VALUE_BYTES)]
    TooLong,
}

impl Value {
    /// A number.
    ///
    /// # Errors
    /// [`NotAValue::NotFinite`] for NaN and infinities.
    pub fn number(num: f64) -> Result<Self, NotAValue> {
        if num.is_finite() { Ok(Self { num, raw: None }) } else { Err(NotAValue::NotFinite) }
    }

    /// From one JSON value as it stands in a frame. `json` must be well-formed (a parser delimited it).
    ///
    /// # Errors
    /// See [`NotAValue`].
    pub fn from_json(json: &str) -> Result<Self, NotAValue> {
        match json.as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => Self::number(json.parse().map_err(|_| NotAValue::WrongType)?),
            Some(b't') => Ok(Self { num: 1.0, raw: Some("true".into()) }),
            Some(b'f') => Ok(Self { num: 0.0, raw: Some("false".into()) }),
            Some(b'"' | b'{' | b'[') if json.len() > crate::limit::RAW_VALUE_BYTES => Err(NotAValue::TooLong),
            Some(b'"' | b'{' | b'[') => {
                check(json)?;
                Ok(Self { num: 0.0, raw: Some(json.into()) })
            }
            _ => Err(NotAValue::WrongType),
        }
    }

    /// The number: 0.0 for text and objects.
    pub fn num(&self) -> f64 {
        self.num
    }

    /// The original JSON, where it is not a number.
    pub fn raw(&self) -> Option<&str> {
        self.raw.as_deref()
    }

    /// The parts.
    pub fn into_parts(self) -> (f64, Option<Box<str>>) {
        (self.num, self.raw)
    }
}

/// Checks what a parser passes over when it only looks where a value ends: that escapes are characters and numbers finite. Strict readers
/// of JSON refuse a whole answer that has such a value in it.
fn check(json: &str) -> Result<(), NotAValue> {
    let bytes = json.as_bytes();
    let (mut at, mut in_text) = (0, false);
    while let Some(byte) = bytes.get(at) {
        match (in_text, byte) {
            (_, b'"') => in_text = !in_text,
            (true, b'\\') => at += escape(&bytes[at..])? - 1,
            (false, b'-' | b'0'..=b'9') => {
                let digits = bytes[at..].iter().take_while(|byte| b"0123456789+-.eE".contains(byte)).count();
                let number: f64 = json[at..at + digits].parse().map_err(|_| NotAValue::WrongType)?;
                if !number.is_finite() {
                    return Err(NotAValue::NotFinite);
                }
                at += digits - 1;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// The length of the escape, or of the two that are one character (RFC 8259, section 7), which `json` begins with.
fn escape(json: &[u8]) -> Result<usize, NotAValue> {
    let unit = |at: usize| {
        let digits = std::str::from_utf8(json.get(at..at + 4)?).ok()?;
        u16::from_str_radix(digits, 16).ok()
    };
    match (json.get(1), unit(2)) {
        (Some(b'u'), Some(0xD800..=0xDBFF)) => match (json.get(6..8), unit(8)) {
            (Some(b"\\u"), Some(0xDC00..=0xDFFF)) => Ok(12),
            _ => Err(NotAValue::NotUnicode),
        },
        (Some(b'u'), Some(0xDC00..=0xDFFF) | None) => Err(NotAValue::NotUnicode),
        (Some(b'u'), Some(_)) => Ok(6),
        _ => Ok(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_original_of_what_is_no_number() {
        for (json, num, raw) in [
            ("21.5", 21.5, None),
            ("-0", -0.0, None),
            ("true", 1.0, Some("true")),
            ("false", 0.0, Some("false")),
            ("\"open\"", 0.0, Some("\"open\"")),
            ("{\"lat\":1}", 0.0, Some("{\"lat\":1}")),
            (
                "\"\\ud83e\\udd80 \\u00e4 \\\\ud800 1e999\"",
                0.0,
                Some("\"\\ud83e\\udd80 \\u00e4 \\\\ud800 1e999\""),
            ),
            ("[-1.5e-3,[5e-324,\"\\\"\",1e308],{}]", 0.0, Some("[-1.5e-3,[5e-324,\"\\\"\",1e308],{}]")),
        ] {
            let value = Value::from_json(json).unwrap();
            assert_eq!((value.num(), value.raw()), (num, raw), "{json}");
        }
    }

    #[test]
    fn refuses_what_is_no_value() {
        assert_eq!(Value::from_json("1e999"), Err(NotAValue::NotFinite));
        assert_eq!(Value::from_json("null"), Err(NotAValue::WrongType));
        assert_eq!(Value::number(f64::NAN), Err(NotAValue::NotFinite));
        for half in [
            "\"\\ud800\"",
            "\"\\udc00\"",
            "\"\\ud800x\"",
            "\"\\ud800\\n\"",
            "\"\\ud800\\ud800\"",
            "[{\"a\":\"\\uDFFF\"}]",
            "{\"\\ud83e\":1}",
        ] {
            assert_eq!(Value::from_json(half), Err(NotAValue::NotUnicode), "{half}");
        }
        for endless in ["{\"a\":1e999}", "[-1e400]", "[0,[{\"a\":[1E+309]}]]"] {
            assert_eq!(Value::from_json(endless), Err(NotAValue::NotFinite), "{endless}");
        }
        let long = format!("\"{}\"", "x".repeat(crate::limit::RAW_VALUE_BYTES));
        assert_eq!(Value::from_json(&long), Err(NotAValue::TooLong));
    }
}
