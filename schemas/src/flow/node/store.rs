//! `store`: results that are kept.

use super::compute::OUTPUT;
use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::flow::problem::Code;
use crate::limit;
use crate::sensor::SensorName;
use crate::unit::Unit;

/// Keeps records as rows of a series of their own. Records pass through unchanged.
#[derive(Debug, Clone, PartialEq)]
pub struct Store {
    /// The name of what is kept.
    pub series: SensorName,
    /// Which of a record's further values is kept; `None`: its value.
    pub field: Option<Box<str>>,
    /// Which records are of one series.
    pub by: StoreBy,
    /// The unit of what is kept; `None`: the record's own, and none of a further value.
    pub unit: Option<Unit>,
}

/// Which records are of one series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreBy {
    /// Those of one device and sensor.
    Sensor,
    /// Those of one device.
    Device,
    /// All of them.
    All,
}

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "store",
    title: "Store",
    category: Category::Sink,
    input: Input::One,
    ports: &[Port::Out],
    state: State::Stateless,
    side_effect: true,
    fields: &[],
    docs: "Keeps records in the database, one row per event time of each device and sensor, under the name series. A later record of the same \
           time takes the place of the earlier one, so a window's revision replaces its result, and nothing is there twice after a restart. \
           Rows are kept as long as the readings of the flow's project. Records pass through unchanged.",
    schema: r#"{"type":"object","required":["series"],"properties":{
        "series":{"type":"string","title":"Series","minLength":1,"maxLength":64,"pattern":"^[A-Za-z0-9_.:/-]+$","description":"Name of what is kept; each store node of a flow has another"},
        "field":{"type":"string","title":"Field","default":"output","description":"Which further value is kept; output: the record's value"},
        "by":{"type":"string","title":"Series per","enum":["sensor","device","all"],"default":"sensor"},
        "unit":{"type":"string","title":"Unit","maxLength":16,"description":"None: the record's own; of a field none"}}}"#,
};

impl Store {
    /// From `series`, `field` (default `output`), `by` (default sensor) and `unit` (default the record's own).
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        let series = fields.required_text("series").map(str::parse::<SensorName>);
        if let Some(Err(problem)) = &series {
            fields.refuse("series", Code::NotASensor, format!("series {problem}"));
        }
        let field = fields.text("field").filter(|field| *field != OUTPUT);
        if field.is_some_and(|field| field.len() > limit::FIELD_NAME_BYTES) {
            let message = format!("field has more than {} bytes", limit::FIELD_NAME_BYTES);
            fields.refuse("field", Code::TooLarge, message);
        }
        let choices = [("sensor", StoreBy::Sensor), ("device", StoreBy::Device), ("all", StoreBy::All)];
        let by = fields.choice("by", &choices).unwrap_or(StoreBy::Sensor);
        let unit = fields.unit("unit");
        Some(Self { series: series?.ok()?, field: field.map(Box::from), by, unit })
    }
}
