//! The answers to packs: one each, in their order, in the form of the pack.

use serde_json::json;

use super::Refused;
use crate::wire::cbor::encode::Writer;
use crate::wire::encoding::{Encoding, Message};
use crate::wire::frame::{Refusal, Rejection};

/// `{"ack":n,"rej":[[record,code],…]}`: the pack with this number, counted on its socket from 1, is durable but for these records.
pub fn ack(encoding: Encoding, number: u64, refused: &[(u16, Rejection)]) -> Message {
    match encoding {
        Encoding::Json if refused.is_empty() => Message::Text(json!({ "ack": number }).to_string()),
        Encoding::Json => {
            let rej: Vec<_> = refused.iter().map(|(record, why)| (record, why.code())).collect();
            Message::Text(json!({ "ack": number, "rej": rej }).to_string())
        }
        Encoding::Cbor => {
            let mut w = Writer::with_capacity(16 + refused.len() * 16);
            w.map(if refused.is_empty() { 1 } else { 2 }).text("ack").unsigned(number);
            if !refused.is_empty() {
                w.text("rej").array(refused.len());
                for (record, why) in refused {
                    w.array(2).unsigned((*record).into()).text(why.code());
                }
            }
            Message::Binary(w.into_bytes())
        }
    }
}

/// `{"nack":n,"code":…,"message":…}`: nothing of the pack with this number is stored. With `busy` comes `retry_ms`, after which it may be sent again.
pub fn nack(encoding: Encoding, number: u64, refused: &Refused, retry_ms: Option<u32>) -> Message {
    match encoding {
        Encoding::Json => {
            let mut frame =
                json!({ "nack": number, "code": refused.code.code(), "message": refused.message });
            if let Some(retry_ms) = retry_ms {
                frame["retry_ms"] = retry_ms.into();
            }
            Message::Text(frame.to_string())
        }
        Encoding::Cbor => {
            let mut w = Writer::with_capacity(64 + refused.message.len());
            w.map(if retry_ms.is_some() { 4 } else { 3 }).text("nack").unsigned(number);
            w.text("code").text(refused.code.code()).text("message").text(&refused.message);
            if let Some(retry_ms) = retry_ms {
                w.text("retry_ms").unsigned(retry_ms.into());
            }
            Message::Binary(w.into_bytes())
        }
    }
}

impl Refused {
    /// The store cannot take the pack now.
    pub fn busy() -> Self {
        Self {
            code: Refusal::Busy,
            message: "the readings could not be stored now, send the pack again".into(),
        }
    }
}
