//! Dead letters: records that a node of a flow could not handle, where nothing was connected that takes them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::id::{DeadLetterId, DeviceId, FlowId};
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
