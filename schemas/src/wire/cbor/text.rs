//! Values that are no numbers: CBOR -> the JSON text that is stored with a reading.
//!
//! Text, arrays, maps with text keys, numbers, booleans and null have JSON. Byte strings, tags and other keys have none and are
//! refused; so are numbers that are not finite. Integers keep all their digits.

use std::fmt::Write;

use super::number::negative;
use super::{Head, NotCbor, Reader};
use crate::wire::frame::Rejection;

/// JSON as it is written, up to a length; after a refusal nothing more is.
struct Json {
    text: String,
    bytes_max: usize,
    refused: Option<Rejection>,
}

impl Json {
    fn refuse(&mut self, why: Rejection) {
        self.refused.get_or_insert(why);
    }

    fn push(&mut self, text: &str) {
        if self.text.len() + text.len() > self.bytes_max {
            self.refuse(Rejection::TooLarge);
        } else if self.refused.is_none() {
            self.text.push_str(text);
        }
    }

    fn push_text(&mut self, text: &str) {
        // Not even written if it cannot fit; escapes make it longer, never shorter.
        if self.text.len() + text.len() > self.bytes_max {
            return self.refuse(Rejection::TooLarge);
        }
        match serde_json::to_string(text) {
            Ok(json) => self.push(&json),
            Err(_) => self.refuse(Rejection::WrongType),
        }
    }

    fn push_integer(&mut self, number: i128) {
        let mut digits = String::new();
        let _ = write!(digits, "{number}");
        self.push(&digits);
    }

    fn push_float(&mut self, number: f64) {
        match serde_json::Number::from_f64(number) {
            Some(number) => self.push(&number.to_string()),
            None => self.refuse(Rejection::NotFinite),
        }
    }
}

impl Reader<'_> {
    /// What an item is in JSON, or why it has none of at most `bytes_max` bytes. It is read to its end either way.
    pub(super) fn json(
        &mut self,
        head: Head,
        bytes_max: usize,
    ) -> Result<Result<String, Rejection>, NotCbor> {
        let mut json = Json { text: String::new(), bytes_max, refused: None };
        self.write_json(head, &mut json)?;
        Ok(match json.refused {
            None => Ok(json.text),
            Some(why) => Err(why),
        })
    }

    fn write_json(&mut self, head: Head, json: &mut Json) -> Result<(), NotCbor> {
        match head {
            Head::Unsigned(number) => json.push_integer(number.into()),
            Head::Negative(number) => json.push_integer(negative(number)),
            Head::Float(number) => json.push_float(number),
            Head::Bool(value) => json.push(if value { "true" } else { "false" }),
            Head::Null => json.push("null"),
            Head::Text(len) => json.push_text(&self.text(len)?),
            Head::Array(mut left) => {
                self.enter()?;
                let mut before = "[";
                while self.more(&mut left)? {
                    json.push(before);
                    before = ",";
                    let head = self.head()?;
                    self.write_json(head, json)?;
                }
                json.push(if before == "[" { "[]" } else { "]" });
                self.leave();
            }
            Head::Map(mut left) => {
                self.enter()?;
                let mut before = "{";
                while self.more(&mut left)? {
                    json.push(before);
                    before = ",";
                    match self.head()? {
                        Head::Text(len) => json.push_text(&self.text(len)?),
                        other => {
                            self.skip(other)?;
                            json.refuse(Rejection::WrongType);
                        }
                    }
                    json.push(":");
                    let head = self.head()?;
                    self.write_json(head, json)?;
                }
                json.push(if before == "{" { "{}" } else { "}" });
                self.leave();
            }
            other => {
                self.skip(other)?;
                json.refuse(Rejection::WrongType);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit;

    fn json(bytes: &[u8]) -> Result<String, Rejection> {
        let mut reader = Reader::new(bytes);
        let head = reader.head().unwrap();
        let json = reader.json(head, limit::RAW_VALUE_BYTES).unwrap();
        reader.end().unwrap();
        json
    }

    #[test]
    fn what_json_can_say_is_said_in_json() {
        for (bytes, expected) in [
            (&b"\x65\xc3\xb6\"\\\n"[..], r#""ö\"\\\n""#),
            (b"\x7f\x61a\x62bc\xff", r#""abc""#),
            (b"\x80", "[]"),
            (b"\xa0", "{}"),
            (b"\x9f\xff", "[]"),
            (b"\x84\x01\x20\xf5\xf6", "[1,-1,true,null]"),
            (b"\xa2\x63lat\xf9\x52\x90\x63lon\x0d", r#"{"lat":52.5,"lon":13}"#),
            (b"\xbf\x61a\x9f\xf4\xff\xff", r#"{"a":[false]}"#),
            (b"\x81\x1b\xff\xff\xff\xff\xff\xff\xff\xff", "[18446744073709551615]"),
            (b"\x81\x3b\xff\xff\xff\xff\xff\xff\xff\xff", "[-18446744073709551616]"),
            (b"\x81\xfb\x7e\x37\xe4\x3c\x88\x00\x75\x9c", "[1e+300]"),
        ] {
            let written = json(bytes);
            assert_eq!(written.as_deref(), Ok(expected), "{bytes:x?}");
            serde_json::from_str::<serde_json::Value>(expected).unwrap();
        }
    }

    #[test]
    fn what_json_cannot_say_is_refused() {
        for (bytes, why) in [
            (&b"\x81\x41a"[..], Rejection::WrongType),
            (b"\x81\xc1\x01", Rejection::WrongType),
            (b"\x81\xe0", Rejection::WrongType),
            (b"\xa1\x01\x02", Rejection::WrongType),
            (b"\xa1\x41a\x02", Rejection::WrongType),
            (b"\xa1\x61a\xa1\x81\x00\x02", Rejection::WrongType),
            (b"\x81\xf9\x7e\x00", Rejection::NotFinite),
            (b"\x81\xf9\xfc\x00", Rejection::NotFinite),
        ] {
            assert_eq!(json(bytes), Err(why), "{bytes:x?}");
        }
    }

    #[test]
    fn json_that_would_grow_beyond_its_limit_is_refused() {
        let text = |len: u16, byte: u8| [&[0x79][..], &len.to_be_bytes(), &vec![byte; len.into()]].concat();
        assert_eq!(json(&text(4094, b'x')).map(|json| json.len()), Ok(4096));
        assert_eq!(json(&text(4095, b'x')), Err(Rejection::TooLarge));
        // Escapes count: each of these is six bytes of JSON.
        assert_eq!(json(&text(682, 0)).map(|json| json.len()), Ok(4094));
        assert_eq!(json(&text(683, 0)), Err(Rejection::TooLarge));
        let list = [&[0x99, 0x10, 0x00][..], &[0x00; 4096]].concat();
        assert_eq!(json(&list), Err(Rejection::TooLarge));
    }
}
