//! Runs of a flow that are no deployments: once with given values, or over stored readings.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::input::{self, Checked};
use super::shape;
use crate::limit;
use crate::time::Timestamp;

/// Body of a run. Without `from` it is made once, with `trigger_data` or the newest stored readings.
#[derive(Debug, Clone, Default, PartialEq, ToSchema)]
pub struct RunFlow {
    /// A version that was deployed, instead of the draft.
    #[schema(minimum = 1, required = false)]
    pub version: Option<u32>,
    /// Nodes to run that are not saved.
    #[schema(value_type = shape::Nodes, required = false)]
    pub nodes: Option<Vec<Value>>,
    /// Edges to run that are not saved.
    #[schema(value_type = shape::Edges, required = false)]
    pub edges: Option<Vec<Value>>,
    /// By source node one value or a list of them. A value is any JSON, or an object of `value` and some of `unit`, `timestamp`, `device_id`
    /// and `sensor_type`.
    #[schema(value_type = Object, required = false)]
    pub trigger_data: Option<Map<String, Value>>,
    /// Run over stored readings of event times from here on.
    #[schema(value_type = Option<shape::Moment>, required = false)]
    pub from: Option<Timestamp>,
    /// Up to, and not with, this event time; now if absent.
    #[schema(value_type = Option<shape::Moment>, required = false)]
    pub to: Option<Timestamp>,
    /// Run what is deployed over the same readings, and say what differs.
    #[schema(required = false)]
    pub compare_with: Option<CompareWith>,
}

/// What a run over stored readings is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CompareWith {
    /// What runs of the flow now.
    Deployed,
}

impl RunFlow {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        let number = |value| input::integer(1, u32::MAX.into())(value).map(|number| number as u32);
        input::read(body, |f| {
            let run = Self {
                version: f.optional("version", number),
                nodes: f.optional("nodes", input::objects(limit::FLOW_NODES)),
                edges: f.optional("edges", input::objects(limit::FLOW_EDGES)),
                trigger_data: f.optional("trigger_data", input::object),
                from: f.optional("from", time),
                to: f.optional("to", time),
                compare_with: f.optional("compare_with", input::one_of),
            };
            if run.version.is_some() && (run.nodes.is_some() || run.edges.is_some()) {
                f.refuse("version", "is one thing and nodes and edges are another: give one of both");
            }
            match run.from {
                None if run.to.is_some() => f.refuse("to", "needs from"),
                None if run.compare_with.is_some() => {
                    f.refuse("compare_with", "needs from: it compares over stored readings")
                }
                Some(_) if run.trigger_data.is_some() => {
                    f.refuse(
                        "trigger_data",
                        "is for a run without from: with it, the values are those that are stored",
                    );
                }
                Some(from) if run.to.is_some_and(|to| to <= from) => f.refuse("to", "must be after from"),
                _ => {}
            }
            run
        })
    }
}

/// RFC 3339, or milliseconds, as in addresses.
fn time(value: Value) -> Checked<Timestamp> {
    let time = match &value {
        Value::String(text) => text.parse().ok(),
        Value::Number(ms) => match ms.as_i64().map(Timestamp::from_ms) {
            Some(None) => return input::wrong("must lie in the years 1 to 9999"),
            time => time.flatten(),
        },
        _ => None,
    };
    match time {
        Some(time) => Ok(time),
        None => input::wrong("must be a time such as 2026-01-31T12:00:00Z, or milliseconds since the epoch"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_contradicts_itself_is_refused_where_it_does() {
        let from = "2026-01-01T00:00:00Z";
        assert_eq!(RunFlow::read(json!({})).unwrap(), RunFlow::default());
        let whole =
            json!({"from": from, "to": "2026-01-02T00:00:00Z", "compare_with": "deployed", "nodes": []});
        assert_eq!(RunFlow::read(whole).unwrap().compare_with, Some(CompareWith::Deployed));
        let both =
            RunFlow::read(json!({"from": 1_767_225_600_000i64, "to": "2026-01-02T00:00:00Z"})).unwrap();
        assert_eq!((both.from, both.to), (from.parse().ok(), "2026-01-02T00:00:00Z".parse().ok()));
        assert_eq!(RunFlow::read(json!({"from": -1})).unwrap().from, Timestamp::from_ms(-1));
        for (wrong, pointer) in [
            (json!({"from": i64::MAX}), "/from"),
            (json!({"from": 1.5}), "/from"),
            (json!({"from": true}), "/from"),
            (json!({"from": 1_767_225_600_000i64, "to": 1_767_225_600_000i64}), "/to"),
            (json!({"to": from}), "/to"),
            (json!({"from": from, "to": from}), "/to"),
            (json!({"from": "yesterday"}), "/from"),
            (json!({"from": from, "trigger_data": {}}), "/trigger_data"),
            (json!({"trigger_data": [1]}), "/trigger_data"),
            (json!({"compare_with": "deployed"}), "/compare_with"),
            (json!({"from": from, "compare_with": "draft"}), "/compare_with"),
            (json!({"version": 2, "nodes": []}), "/version"),
            (json!({"version": 0}), "/version"),
            (json!({"form": from}), "/form"),
        ] {
            let problems = RunFlow::read(wrong.clone()).unwrap_err();
            let pointers: Vec<_> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
            assert_eq!(pointers, [pointer], "{wrong}");
        }
    }
}
