//! Dead letters: records that a node of a flow could not handle, where nothing was connected that takes them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::cut;
use crate::id::{DeadLetterId, DeviceId, FlowId};
use crate::limit;
use crate::time::Timestamp;

/// A record that a flow could not handle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetter {
    /// Its id; later ones are greater.
    pub id: DeadLetterId,
    /// The flow.
    pub flow_id: FlowId,
    /// The version that ran.
    pub version: u32,
    /// The node's id in the diagram.
    pub node_id: String,
    /// The device that the record comes from, if it comes from one.
    #[schema(required = true)]
    pub device_id: Option<DeviceId>,
    /// Its sensor.
    #[schema(required = true)]
    pub sensor_type: Option<String>,
    /// Event time of the record.
    pub timestamp: Timestamp,
    /// Arrival offset of the reading that it comes from.
    pub offset: u64,
    /// Its value; the beginning of it as text if it was too large.
    #[schema(value_type = Value)]
    pub value: Value,
    /// Whether that is only the beginning.
    pub is_cut: bool,
    /// What was wrong, for programs.
    pub code: String,
    /// What was wrong, for people.
    pub detail: String,
    /// Records of the flow between this one and the one before that are not kept: too many came at once.
    pub skipped: u64,
    /// When it was found.
    pub at: Timestamp,
}

impl DeadLetter {
    /// The same, with what is too large of it cut off: [`limit::DEAD_LETTER_VALUE_BYTES`], [`limit::DEAD_LETTER_DETAIL_BYTES`], and names as
    /// they are bounded where they are made.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let text = self.value.to_string();
        if text.len() > limit::DEAD_LETTER_VALUE_BYTES {
            let text = if let Value::String(text) = self.value { text } else { text };
            self.value = Value::String(cut(&text, limit::DEAD_LETTER_VALUE_BYTES));
            self.is_cut = true;
        }
        self.node_id = cut(&self.node_id, limit::NODE_ID_BYTES);
        self.sensor_type = self.sensor_type.map(|sensor| cut(&sensor, limit::SENSOR_NAME_BYTES));
        self.code = cut(&self.code, limit::TAG_CHARS);
        self.detail = cut(&self.detail, limit::DEAD_LETTER_DETAIL_BYTES);
        self
    }
}
