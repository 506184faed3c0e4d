//! The frames that simulated devices send and read, and the values in them.
//!
//! A value says which reading it is: reading `n` of a device (counted over its frames from 0) has the number
//! `n * 64 + check`, sent in thousandths, where `check` is six bits of a hash of seed, device and `n`. So whoever reads the store
//! back knows of each value whether it was sent, by whom and where it belongs, and remembers nothing.

use serde::Deserialize;

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
    heads: Vec<String>,
}

impl Shape {
    /// Frames of `readings` readings.
    pub fn new(form: Form, seed: u64, readings: u32) -> Self {
        let head = |index: u32| {
            let sensor = index as usize % SENSORS;
            match form {
                Form::Edgesync => format!("[\"s{sensor}\","),
                Form::Compat => format!("{{\"sensor_type\":\"s{sensor}\",\"value\":"),
            }
        };
        Self { form, seed, readings: u64::from(readings), heads: (0..readings).map(head).collect() }
    }

    /// Readings in a frame.
    pub fn readings(&self) -> u64 {
        self.readings
    }

    /// Appends the text of frame `q` (from 1) of `device`, whose event time is `bt_ms`. The same arguments give the same bytes.
    pub fn encode(&self, out: &mut Vec<u8>, device: u32, device_id: &str, q: u64, bt_ms: i64) {
        let first = (q - 1) * self.readings;
        match self.form {
            Form::Edgesync => {
                out.extend_from_slice(b"{\"t\":\"data\",\"q\":");
                push_number(out, q);
                out.extend_from_slice(b",\"bt\":");
                push_number(out, bt_ms.max(0) as u64);
                out.extend_from_slice(b",\"r\":[");
                self.push_readings(out, device, first, b"],");
                out.extend_from_slice(b"]}");
            }
            Form::Compat => {
                out.extend_from_slice(b"{\"device_id\":\"");
                out.extend_from_slice(device_id.as_bytes());
                out.extend_from_slice(b"\",\"readings\":[");
                self.push_readings(out, device, first, b",\"unit\":\"C\"},");
                out.extend_from_slice(b"]}");
            }
        }
    }

    fn push_readings(&self, out: &mut Vec<u8>, device: u32, first: u64, tail: &[u8]) {
        for (head, n) in self.heads.iter().zip(first..) {
            out.extend_from_slice(head.as_bytes());
            let value = self.value(device, n);
            push_number(out, value / 1000);
            let rest = (value % 1000) as u16;
            out.extend_from_slice(&[
                b'.',
                b'0' + (rest / 100) as u8,
                b'0' + (rest / 10 % 10) as u8,
                b'0' + (rest % 10) as u8,
            ]);
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

/// What the server said to a device, in either form.
#[derive(Debug, PartialEq)]
pub enum Said {
    /// The EdgeSync form's greeting.
    Welcome { device: String, acked: u64, credit: u64 },
    /// All frames up to `q` are durable; of them, `rejected` readings were refused for good.
    Ack { q: u64, credit: Option<u64>, rejected: Vec<(u64, u32, String)> },
    /// Frame `q` was not taken.
    Nack { q: u64, code: String, retry_ms: Option<u64>, expected: Option<u64> },
    /// The compatible form's greeting.
    DeviceInfo { device: String },
    /// The compatible form: the oldest unanswered frame is durable.
    Saved,
    /// The compatible form: the oldest unanswered frame was refused.
    Refused { message: String },
    /// Something else that needs no answer.
    Other,
}

#[derive(Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
enum Frame {
    Welcome {
        device: String,
        acked: u64,
        credit: u64,
    },
    Ack {
        q: u64,
        credit: Option<u64>,
        #[serde(default)]
        rej: Vec<(u64, u32, String)>,
    },
    Nack {
        q: u64,
        code: String,
        retry_ms: Option<u64>,
        expected: Option<u64>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Reply {
    #[serde(rename = "type")]
    kind: Option<String>,
    device_uuid: Option<String>,
    status: Option<String>,
    message: Option<String>,
}

/// Reads what the server said. `None` if it is nothing that a device can read.
pub fn read(form: Form, text: &[u8]) -> Option<Said> {
    match form {
        Form::Edgesync => read_plain_ack(text).or_else(|| read_frame(text)),
        Form::Compat if text.starts_with(b"{\"status\":\"success\"") => Some(Said::Saved),
        Form::Compat => read_reply(text),
    }
}

/// The common case, `{"t":"ack","q":140,"credit":64}` to the byte, without a JSON parser: most of what a device reads.
fn read_plain_ack(text: &[u8]) -> Option<Said> {
    let (q, rest) = leading_number(text.strip_prefix(b"{\"t\":\"ack\",\"q\":")?)?;
    let (credit, rest) = leading_number(rest.strip_prefix(b",\"credit\":")?)?;
    (rest == b"}").then_some(Said::Ack { q, credit: Some(credit), rejected: Vec::new() })
}

fn leading_number(text: &[u8]) -> Option<(u64, &[u8])> {
    let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    if !(1..=18).contains(&end) {
        return None; // 18 digits fit in u64; longer ones are left to the parser
    }
    let number = text[..end].iter().fold(0u64, |number, digit| number * 10 + u64::from(digit - b'0'));
    Some((number, &text[end..]))
}

fn read_frame(text: &[u8]) -> Option<Said> {
    Some(match serde_json::from_slice(text).ok()? {
        Frame::Welcome { device, acked, credit } => Said::Welcome { device, acked, credit },
        Frame::Ack { q, credit, rej } => Said::Ack { q, credit, rejected: rej },
        Frame::Nack { q, code, retry_ms, expected } => Said::Nack { q, code, retry_ms, expected },
        Frame::Other => Said::Other,
    })
}

fn read_reply(text: &[u8]) -> Option<Said> {
    let reply: Reply = serde_json::from_slice(text).ok()?;
    Some(match (reply.kind.as_deref(), reply.status.as_deref()) {
        (Some("device_info"), _) => Said::DeviceInfo { device: reply.device_uuid? },
        (_, Some("success")) => Said::Saved,
        (_, Some("error")) => Said::Refused { message: reply.message.unwrap_or_default() },
        _ => Said::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_says_which_reading_it_is() {
        let shape = Shape::new(Form::Edgesync, 7, 3);
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
    fn acknowledgements_are_read_with_and_without_the_short_way() {
        let plain = |q| Some(Said::Ack { q, credit: Some(64), rejected: Vec::new() });
        assert_eq!(read(Form::Edgesync, br#"{"t":"ack","q":140,"credit":64}"#), plain(140));
        assert_eq!(read(Form::Edgesync, br#"{"credit":64, "q":140,"t":"ack"}"#), plain(140));
        assert_eq!(
            read(Form::Edgesync, br#"{"t":"ack","q":7,"credit":1,"rej":[[7,2,"not_finite"]]}"#),
            Some(Said::Ack { q: 7, credit: Some(1), rejected: vec![(7, 2, "not_finite".to_owned())] })
        );
        assert_eq!(read(Form::Edgesync, br#"{"t":"cmd","id":"x"}"#), Some(Said::Other));
        assert_eq!(read(Form::Edgesync, b"{"), None);
        assert_eq!(read(Form::Compat, br#"{"status":"success","message":"2 readings"}"#), Some(Said::Saved));
        assert_eq!(
            read(Form::Compat, br#"{"message":"no","status":"error"}"#),
            Some(Said::Refused { message: "no".to_owned() })
        );
    }
}
