//! What the server says to simulated devices, read in each form.

use serde::Deserialize;

use super::Form;

/// What the server said to a device, in any form.
#[derive(Debug, PartialEq)]
pub enum Said {
    /// The EdgeSync form's greeting.
    Welcome { device: String, acked: u64, credit: u64 },
    /// All frames up to `q` are durable; of them, `rejected` readings were refused for good.
    Ack { q: u64, credit: Option<u64>, rejected: Vec<(u64, u32, String)> },
    /// Frame `q` was not taken.
    Nack { q: u64, code: String, retry_ms: Option<u64>, expected: Option<u64> },
    /// The compatible form's greeting. SenML has none, so its device knows its id or does not.
    DeviceInfo { device: Option<String> },
    /// A form without numbers: the oldest unanswered frame is durable, but for the readings that were refused for good.
    Saved { rejected: Vec<(u32, String)> },
    /// A form without numbers: the oldest unanswered frame was refused.
    Refused { message: String },
    /// A form without numbers: the oldest unanswered frame could not be stored now.
    Busy,
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

/// The answer to a SenML pack.
#[derive(Deserialize)]
struct PackReply {
    ack: Option<u64>,
    #[serde(default)]
    rej: Vec<(u32, String)>,
    nack: Option<u64>,
    code: Option<String>,
    message: Option<String>,
}

/// Reads what the server said. `None` if it is nothing that a device can read.
pub fn read(form: Form, message: &[u8]) -> Option<Said> {
    match form {
        Form::Json => read_plain_ack(message).or_else(|| Some(said(serde_json::from_slice(message).ok()?))),
        Form::Cbor => {
            read_plain_cbor_ack(message).or_else(|| Some(said(ciborium::from_reader(message).ok()?)))
        }
        Form::Compat if message.starts_with(b"{\"status\":\"success\"") => {
            Some(Said::Saved { rejected: Vec::new() })
        }
        Form::Compat => read_reply(message),
        Form::Senml => read_pack_reply(message),
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

/// The common case of the CBOR form, {"t": "ack", "q": 140, "credit": 64}, without a decoder.
fn read_plain_cbor_ack(bytes: &[u8]) -> Option<Said> {
    let (q, rest) = leading_unsigned(bytes.strip_prefix(b"\xa3\x61t\x63ack\x61q")?)?;
    let (credit, rest) = leading_unsigned(rest.strip_prefix(b"\x66credit")?)?;
    rest.is_empty().then_some(Said::Ack { q, credit: Some(credit), rejected: Vec::new() })
}

fn leading_unsigned(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let len = match first {
        0..=23 => return Some((u64::from(*first), rest)),
        24..=27 => 1 << (first - 24),
        _ => return None,
    };
    let (digits, rest) = rest.split_at_checked(len)?;
    Some((digits.iter().fold(0, |number, digit| number << 8 | u64::from(*digit)), rest))
}

fn said(frame: Frame) -> Said {
    match frame {
        Frame::Welcome { device, acked, credit } => Said::Welcome { device, acked, credit },
        Frame::Ack { q, credit, rej } => Said::Ack { q, credit, rejected: rej },
        Frame::Nack { q, code, retry_ms, expected } => Said::Nack { q, code, retry_ms, expected },
        Frame::Other => Said::Other,
    }
}

fn read_pack_reply(text: &[u8]) -> Option<Said> {
    let reply: PackReply = serde_json::from_slice(text).ok()?;
    Some(match (reply.ack, reply.nack) {
        (Some(_), None) => Said::Saved { rejected: reply.rej },
        (None, Some(_)) if reply.code.as_deref() == Some("busy") => Said::Busy,
        (None, Some(_)) => Said::Refused { message: reply.message.unwrap_or_default() },
        _ => Said::Other,
    })
}

fn read_reply(text: &[u8]) -> Option<Said> {
    let reply: Reply = serde_json::from_slice(text).ok()?;
    Some(match (reply.kind.as_deref(), reply.status.as_deref()) {
        (Some("device_info"), _) => Said::DeviceInfo { device: Some(reply.device_uuid?) },
        (_, Some("success")) => Said::Saved { rejected: Vec::new() },
        (_, Some("error")) => Said::Refused { message: reply.message.unwrap_or_default() },
        _ => Said::Other,
    })
}

/// The wait that a draining server asks for, of its close reason `{"after_ms":n}`.
pub fn after_ms(reason: &str) -> Option<u64> {
    let reason: serde_json::Value = serde_json::from_str(reason).ok()?;
    reason["after_ms"].as_u64().map(|ms| ms.min(60_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_to_packs_are_read() {
        assert_eq!(
            read(Form::Senml, br#"{"ack":1,"rej":[[2,"unit"]]}"#),
            Some(Said::Saved { rejected: vec![(2, "unit".to_owned())] })
        );
        assert_eq!(
            read(Form::Senml, br#"{"nack":1,"code":"malformed","message":"/0: no"}"#),
            Some(Said::Refused { message: "/0: no".to_owned() })
        );
        assert_eq!(
            read(Form::Senml, br#"{"nack":1,"code":"busy","message":"later","retry_ms":1000}"#),
            Some(Said::Busy)
        );
    }

    #[test]
    fn cbor_acknowledgements_are_read_with_and_without_the_short_way() {
        let bytes = |frame: serde_json::Value| {
            let mut bytes = Vec::new();
            ciborium::into_writer(&frame, &mut bytes).unwrap();
            bytes
        };
        for q in [7u64, 140, 70_000, u64::MAX] {
            let plain = Some(Said::Ack { q, credit: Some(64), rejected: Vec::new() });
            let ack = bytes(serde_json::json!({"t": "ack", "q": q, "credit": 64}));
            assert_eq!(
                (read_plain_cbor_ack(&ack), read(Form::Cbor, &ack)),
                (plain, read_plain_cbor_ack(&ack))
            );
            let other = bytes(serde_json::json!({"credit": 64, "q": q, "t": "ack"}));
            assert_eq!(
                (read_plain_cbor_ack(&other), read(Form::Cbor, &other)),
                (None, read_plain_cbor_ack(&ack))
            );
        }
        let ack = bytes(serde_json::json!({"t": "ack", "q": 7, "credit": 1, "rej": [[7, 2, "unit"]]}));
        let rejected = vec![(7, 2, "unit".to_owned())];
        assert_eq!(read(Form::Cbor, &ack), Some(Said::Ack { q: 7, credit: Some(1), rejected }));
        assert_eq!(read(Form::Cbor, b"\xa1"), None);
    }

    #[test]
    fn acknowledgements_are_read_with_and_without_the_short_way() {
        let plain = |q| Some(Said::Ack { q, credit: Some(64), rejected: Vec::new() });
        assert_eq!(read(Form::Json, br#"{"t":"ack","q":140,"credit":64}"#), plain(140));
        assert_eq!(read(Form::Json, br#"{"credit":64, "q":140,"t":"ack"}"#), plain(140));
        assert_eq!(
            read(Form::Json, br#"{"t":"ack","q":7,"credit":1,"rej":[[7,2,"not_finite"]]}"#),
            Some(Said::Ack { q: 7, credit: Some(1), rejected: vec![(7, 2, "not_finite".to_owned())] })
        );
        assert_eq!(read(Form::Json, br#"{"t":"cmd","id":"x"}"#), Some(Said::Other));
        assert_eq!(read(Form::Json, b"{"), None);
        assert_eq!(
            read(Form::Compat, br#"{"status":"success","message":"2 readings"}"#),
            Some(Said::Saved { rejected: Vec::new() })
        );
        assert_eq!(
            read(Form::Compat, br#"{"message":"no","status":"error"}"#),
            Some(Said::Refused { message: "no".to_owned() })
        );
    }
}
