//! The frames that simulated devices send, and the values in them.
//!
//! A value says which reading it is: reading `n` of a device (counted over its frames from 0) has the number
//! `n * 64 + check`, sent in thousandths, where `check` is six bits of a hash of seed, device and `n`. So whoever reads the store
//! back knows of each value whether it was sent, by whom and where it belongs, and remembers nothing.

use super::Form;

/// Sensors of a device. More readings than that in a frame go round them again.
const SENSORS: usize = 64;
const CHECKS: u64 = 64;

/// What all frames of a run have in common.
#[derive(Debug)]
pub struct Shape {
    form: Form,
    seed: u64,
    readings: u64,
    /// What stands before the value of each reading of a frame.
    heads: Vec<Vec<u8>>,
}

impl Shape {
    /// Frames of `readings` readings.
    pub fn new(form: Form, seed: u64, readings: u32) -> Self {
        let head = |index: u32| {
            let sensor = index as usize % SENSORS;
            match form {
                Form::Json => format!("[\"s{sensor}\",").into_bytes(),
                Form::Compat => format!("{{\"sensor_type\":\"s{sensor}\",\"value\":").into_bytes(),
                // The first record begins with the base values.
                Form::Senml if index == 0 => format!("\"n\":\"s{sensor}\",\"v\":").into_bytes(),
                Form::Senml => format!("{{\"n\":\"s{sensor}\",\"v\":").into_bytes(),
                Form::Cbor => {
                    let name = format!("s{sensor}");
                    let mut head = vec![cbor::ARRAY | 2];
                    cbor::push_text(&mut head, &name);
                    head.push(cbor::DOUBLE);
                    head
                }
            }
        };
        Self { form, seed, readings: u64::from(readings), heads: (0..readings).map(head).collect() }
    }

    /// Readings in a frame.
    pub fn readings(&self) -> u64 {
        self.readings
    }

    /// Appends the bytes of frame `q` (from 1) of `device`, whose event time is `bt_ms`. The same arguments give the same bytes.
    pub fn encode(&self, out: &mut Vec<u8>, device: u32, device_id: &str, q: u64, bt_ms: i64) {
        let (first, bt_ms) = ((q - 1) * self.readings, bt_ms.max(0) as u64);
        match self.form {
            Form::Json => {
                out.extend_from_slice(b"{\"t\":\"data\",\"q\":");
                push_number(out, q);
                out.extend_from_slice(b",\"bt\":");
                push_number(out, bt_ms);
                out.extend_from_slice(b",\"r\":[");
                self.push_readings(out, device, first, b"],");
                out.extend_from_slice(b"]}");
            }
            Form::Cbor => {
                out.push(cbor::MAP | 4);
                cbor::push_text(out, "t");
                cbor::push_text(out, "data");
                cbor::push_text(out, "q");
                cbor::push_head(out, cbor::UNSIGNED, q);
                cbor::push_text(out, "bt");
                cbor::push_head(out, cbor::UNSIGNED, bt_ms);
                cbor::push_text(out, "r");
                cbor::push_head(out, cbor::ARRAY, self.readings);
                for (head, n) in self.heads.iter().zip(first..) {
                    out.extend_from_slice(head);
                    out.extend_from_slice(&(self.value(device, n) as f64 / 1000.0).to_be_bytes());
                }
            }
            Form::Compat => {
                out.extend_from_slice(b"{\"device_id\":\"");
                out.extend_from_slice(device_id.as_bytes());
                out.extend_from_slice(b"\",\"readings\":[");
                self.push_readings(out, device, first, b",\"unit\":\"C\"},");
                out.extend_from_slice(b"]}");
            }
            Form::Senml => {
                out.extend_from_slice(b"[{\"bu\":\"Cel\",\"bt\":");
                push_thousandths(out, bt_ms);
                out.push(b',');
                self.push_readings(out, device, first, b"},");
                out.push(b']');
            }
        }
    }

    fn push_readings(&self, out: &mut Vec<u8>, device: u32, first: u64, tail: &[u8]) {
        for (head, n) in self.heads.iter().zip(first..) {
            out.extend_from_slice(head);
            push_thousandths(out, self.value(device, n));
            out.extend_from_slice(tail);
        }
        out.pop(); // the comma after the last
    }

    fn value(&self, device: u32, n: u64) -> u64 {
        n * CHECKS + mix(self.seed ^ (u64::from(device) << 40) ^ n) % CHECKS
    }

    /// Which reading of `device` a stored value is: its number from 0, or `None` if this run did not make it.
    pub fn recognise(&self, device: u32, sensor: &str, value: f64) -> Option<u64> {
        let thousandths = (value * 1000.0).round();
        if !(0.0..9e15).contains(&thousandths) || (value - thousandths / 1000.0).abs() > 1e-6 {
            return None;
        }
        let n = thousandths as u64 / CHECKS;
        let index = (n % self.readings) as usize % SENSORS;
        let is_ours = self.value(device, n) == thousandths as u64
            && sensor.strip_prefix('s').and_then(|digits| digits.parse().ok()) == Some(index);
        is_ours.then_some(n)
    }
}

/// Appends a number in decimal. `write!` costs several times as much, and a run formats millions a second.
fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a number of thousandths as a decimal fraction.
fn push_thousandths(out: &mut Vec<u8>, number: u64) {
    push_number(out, number / 1000);
    let rest = (number % 1000) as u16;
    out.extend_from_slice(&[
        b'.',
        b'0' + (rest / 100) as u8,
        b'0' + (rest / 10 % 10) as u8,
        b'0' + (rest % 10) as u8,
    ]);
}

/// Appends the first frame of a form with numbers.
pub fn push_hello(out: &mut Vec<u8>, form: Form, boot: u32, next: u64) {
    if form == Form::Cbor {
        out.push(cbor::MAP | 4);
        cbor::push_text(out, "t");
        cbor::push_text(out, "hello");
        cbor::push_text(out, "boot");
        cbor::push_head(out, cbor::UNSIGNED, boot.into());
        cbor::push_text(out, "next");
        cbor::push_head(out, cbor::UNSIGNED, next);
        cbor::push_text(out, "fw");
        cbor::push_text(out, "simulate");
    } else {
        let hello = format!(r#"{{"t":"hello","boot":{boot},"next":{next},"fw":"simulate"}}"#);
        out.extend_from_slice(hello.as_bytes());
    }
}

/// As much CBOR (RFC 8949) as a device has to write, apart from the server's own: a mistake made in one does not hide in the other.
mod cbor {
    pub const UNSIGNED: u8 = 0;
    pub const TEXT: u8 = 3 << 5;
    pub const ARRAY: u8 = 4 << 5;
    pub const MAP: u8 = 5 << 5;
    pub const DOUBLE: u8 = 0xfb;

    pub fn push_head(out: &mut Vec<u8>, kind: u8, number: u64) {
        match number {
            0..=23 => out.push(kind | number as u8),
            24..=0xff => out.extend_from_slice(&[kind | 24, number as u8]),
            0x100..=0xffff => {
                out.push(kind | 25);
                out.extend_from_slice(&(number as u16).to_be_bytes());
            }
            0x1_0000..=0xffff_ffff => {
                out.push(kind | 26);
                out.extend_from_slice(&(number as u32).to_be_bytes());
            }
            _ => {
                out.push(kind | 27);
                out.extend_from_slice(&number.to_be_bytes());
            }
        }
    }

    pub fn push_text(out: &mut Vec<u8>, text: &str) {
        push_head(out, TEXT, text.len() as u64);
        out.extend_from_slice(text.as_bytes());
    }
}

/// A hash of 64 bits: the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
pub fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Random numbers for masks, phases and jitter: SplitMix64. Not for secrets.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The sequence of `seed` that belongs to `device`.
    pub fn new(seed: u64, device: u32) -> Self {
        Self(mix(seed ^ (u64::from(device) << 32)))
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number from 0 to `end`, not reaching it; 0 if `end` is.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_says_which_reading_it_is() {
        let shape = Shape::new(Form::Json, 7, 3);
        for q in [1, 2, 1000, 5_000_000] {
            let mut text = Vec::new();
            shape.encode(&mut text, 9, "", q, 1_700_000_000_000);
            let frame: serde_json::Value = serde_json::from_slice(&text).unwrap();
            assert_eq!(
                (&frame["t"], &frame["q"], &frame["bt"]),
                (&"data".into(), &q.into(), &1_700_000_000_000u64.into())
            );
            let readings = frame["r"].as_array().unwrap();
            assert_eq!(readings.len(), 3);
            for (index, reading) in readings.iter().enumerate() {
                let (sensor, value) = (reading[0].as_str().unwrap(), reading[1].as_f64().unwrap());
                let n = (q - 1) * 3 + index as u64;
                assert_eq!(shape.recognise(9, sensor, value), Some(n));
                assert_eq!(shape.recognise(9, "s9", value), None, "of another sensor");
                assert_eq!(shape.recognise(9, sensor, value + 0.0005), None, "changed a little");
            }
        }
        let strangers = (0..1000).filter(|n| {
            let value = shape.value(9, *n) as f64 / 1000.0;
            shape.recognise(8, &format!("s{}", n % 3), value).is_some()
        });
        assert!(strangers.count() < 50, "values of another device are strangers");
    }

    #[test]
    fn compatible_frames_are_json_as_old_firmware_writes_it() {
        let mut text = Vec::new();
        Shape::new(Form::Compat, 7, 2).encode(&mut text, 1, "abc", 1, 0);
        let frame: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(
            (&frame["device_id"], &frame["readings"][1]["sensor_type"]),
            (&"abc".into(), &"s1".into())
        );
        assert!(frame["readings"][1]["value"].is_f64());
    }

    #[test]
    fn cbor_frames_say_what_json_frames_say() {
        for q in [1, 1000, 5_000_000] {
            let (mut text, mut bytes) = (Vec::new(), Vec::new());
            Shape::new(Form::Json, 7, 30).encode(&mut text, 9, "", q, 1_700_000_000_000);
            Shape::new(Form::Cbor, 7, 30).encode(&mut bytes, 9, "", q, 1_700_000_000_000);
            let text: serde_json::Value = serde_json::from_slice(&text).unwrap();
            let bytes: serde_json::Value = ciborium::from_reader(&*bytes).unwrap();
            assert_eq!(bytes, text);
        }
        let (mut text, mut bytes) = (Vec::new(), Vec::new());
        push_hello(&mut text, Form::Json, 4_000_000_000, 70_000);
        push_hello(&mut bytes, Form::Cbor, 4_000_000_000, 70_000);
        let text: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(ciborium::from_reader::<serde_json::Value, _>(&*bytes).unwrap(), text);
    }

    #[test]
    fn senml_packs_carry_time_and_values_in_seconds_and_thousandths() {
        let shape = Shape::new(Form::Senml, 7, 2);
        let mut text = Vec::new();
        shape.encode(&mut text, 1, "", 3, 1_700_000_000_007);
        let pack: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(pack[0]["bt"], 1_700_000_000.007);
        assert_eq!(pack[1]["n"], "s1");
        assert_eq!(shape.recognise(1, "s1", pack[1]["v"].as_f64().unwrap()), Some(5));
    }
}
