//! What can be watched.

use std::sync::Arc;

use edgesync_schemas::entity::widget::Aggregation;
use edgesync_schemas::id::{DeviceId, FlowId};
use edgesync_schemas::sensor::SensorName;

/// What can be watched.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// The readings of one sensor, as the log commits them.
    DeviceSensor {
        /// The device.
        device: DeviceId,
        /// Its sensor; it need not have sent anything yet.
        sensor: SensorName,
    },
    /// A field of what a flow's node puts out.
    FlowNode {
        /// The flow; it need not be deployed yet.
        flow: FlowId,
        /// The node's id in the diagram.
        node: Arc<str>,
        /// The field: `output` for the value itself.
        field: Arc<str>,
    },
    /// What another source's values come to, interval by interval.
    Aggregate(Box<Aggregated>),
}

/// The values of a source, in buckets by event time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Aggregated {
    /// Of which source.
    pub source: Source,
    /// What becomes of the values of a bucket; not `last`, for which nothing has to be added up.
    pub aggregation: Aggregation,
    /// Milliseconds of a bucket, and between two tellings; at least 1.
    pub interval_ms: u32,
}
