//! What the server says on the device sockets, as text.

use std::fmt::Write;

use serde_json::json;

use super::frame::{Refusal, Rejection};
use crate::id::{DeviceId, FrameSeq, Offset};
use crate::limit;
use crate::time::Timestamp;

/// A refused reading of an acknowledged frame: frame, index of the reading in it, why.
pub type Rejected = (FrameSeq, u16, Rejection);

/// `welcome`: the device may send from `acked` + 1. `rate` is frames a second, 0 for no limit.
pub fn welcome(device: DeviceId, now: Timestamp, acked: FrameSeq, rate: u32, heartbeat_s: u64) -> String {
    json!({
        "t": "welcome", "device": device, "now": now.as_ms(), "acked": acked.0, "credit": limit::CREDIT_FRAMES,
        "limits": {
            "frame_bytes": limit::DEVICE_FRAME_BYTES, "readings": limit::READINGS_PER_FRAME,
            "rate": rate, "skew_ms": limit::CLOCK_SKEW_MS,
        },
        "heartbeat_s": heartbeat_s,
    })
    .to_string()
}

/// `ack`: all frames up to `q` are durable. Written by hand: there is one for nearly every turn of a socket.
pub fn ack(q: FrameSeq, credit: u32, rejected: &[Rejected]) -> String {
    let mut text = String::with_capacity(48 + rejected.len() * 28);
    let _ = write!(text, "{{\"t\":\"ack\",\"q\":{q},\"credit\":{credit}");
    for (i, (q, index, code)) in rejected.iter().enumerate() {
        let open = if i == 0 { ",\"rej\":[" } else { "," };
        let _ = write!(text, "{open}[{q},{index},\"{}\"]", code.code());
    }
    text.push_str(if rejected.is_empty() { "}" } else { "]}" });
    text
}

/// `nack`: frame `q` is refused for now and its number not used up. A gap names the frame that is expected.
pub fn nack(q: FrameSeq, code: Refusal, expected: Option<FrameSeq>, retry_ms: Option<u32>) -> String {
    let mut frame = json!({ "t": "nack", "q": q.0, "code": code.code() });
    if let Some(expected) = expected {
        frame["expected"] = expected.0.into();
    }
    if let Some(retry_ms) = retry_ms {
        frame["retry_ms"] = retry_ms.into();
    }
    frame.to_string()
}

/// The compatible form's first frame.
pub fn device_info(device: DeviceId) -> String {
    json!({ "type": "device_info", "device_uuid": device, "encryption_enabled": false }).to_string()
}

/// The compatible form's answer to a frame whose readings are durable. `id` for a single reading.
pub fn saved(readings: usize, id: Option<Offset>) -> String {
    let message = match readings {
        1 => "1 reading received and saved".to_owned(),
        n => format!("{n} readings received and saved"),
    };
    match id {
        Some(id) => json!({ "status": "success", "message": message, "id": id.0 }),
        None => json!({ "status": "success", "message": message }),
    }
    .to_string()
}

/// The compatible form's answer to a frame that is refused.
pub fn refused(message: &str) -> String {
    json!({ "status": "error", "message": message }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ack_is_json_of_the_protocol() {
        assert_eq!(ack(FrameSeq(140), 64, &[]), r#"{"t":"ack","q":140,"credit":64}"#);
        assert_eq!(
            ack(
                FrameSeq(140),
                64,
                &[(FrameSeq(118), 2, Rejection::NotFinite), (FrameSeq(119), 0, Rejection::Schema)]
            ),
            r#"{"t":"ack","q":140,"credit":64,"rej":[[118,2,"not_finite"],[119,0,"schema"]]}"#
        );
    }
}
