//! Reading `sub`: the fields of a subscription, one by one, and which of them is wrong.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{Malformed, OUTPUT, Position, Sub, SubId, Target};
use crate::limit;
use crate::time::Timestamp;

pub(super) fn malformed(id: Option<SubId>, field: &'static str, problem: impl Into<String>) -> Malformed {
    Malformed { id, field, problem: problem.into() }
}

pub(super) fn sub_id(map: &Map<String, Json>) -> Result<SubId, Malformed> {
    let id = map.get("id").and_then(Json::as_u64).and_then(|id| u32::try_from(id).ok());
    id.map(SubId).ok_or_else(|| malformed(None, "id", "must be an integer from 0 to 4294967295"))
}

/// Largest integer that a browser keeps whole.
const WHOLE: u64 = (1 << 53) - 1;

pub(super) fn ping_number(map: &Map<String, Json>) -> Result<u64, Malformed> {
    let n = map.get("n").and_then(Json::as_u64).filter(|n| *n <= WHOLE);
    n.ok_or_else(|| malformed(None, "n", "must be an integer from 0 to 9007199254740991"))
}

pub(super) fn parse_sub(map: &Map<String, Json>) -> Result<Sub, Malformed> {
    let id = sub_id(map)?;
    let wrong = |field, problem: &str| malformed(Some(id), field, problem);
    let target = parse_target(map).map_err(|(field, problem)| malformed(Some(id), field, problem))?;
    let points = match map.get("points") {
        None | Some(Json::Null) => None,
        Some(points) => {
            let points = points.as_u64().ok_or_else(|| wrong("points", "must be an integer from 0"))?;
            Some(usize::try_from(points).unwrap_or(usize::MAX).min(limit::LIVE_POINTS))
        }
    };
    let most_hz = match target {
        Target::FlowMetrics { .. } => limit::LIVE_METRICS_HZ,
        _ => limit::LIVE_HZ,
    };
    let max_hz = match map.get("max_hz") {
        None | Some(Json::Null) => None,
        Some(hz) => match hz.as_f64() {
            Some(hz) if hz > 0.0 && hz.is_finite() => Some(hz.clamp(limit::LIVE_HZ_MIN, most_hz)),
            _ => return Err(wrong("max_hz", "must be a number above 0")),
        },
    };
    let since = match map.get("since") {
        None | Some(Json::Null) => None,
        Some(since) => {
            let part = |name| since.get(name).and_then(Json::as_u64);
            let Some((epoch, offset)) = part("epoch").zip(part("offset")) else {
                return Err(wrong("since", "must be {\"epoch\":integer,\"offset\":integer}"));
            };
            Some(Position { epoch, offset })
        }
    };
    let from = match map.get("from") {
        None | Some(Json::Null) => None,
        Some(_) if since.is_some() => return Err(wrong("from", "does not go with since")),
        Some(from) => {
            let from = from.as_i64().and_then(Timestamp::from_ms);
            Some(from.ok_or_else(|| wrong("from", "must be an integer: milliseconds since 1970"))?)
        }
    };
    Ok(Sub { id, target, points, max_hz, since, from })
}

fn parse_target(map: &Map<String, Json>) -> Result<Target, (&'static str, String)> {
    let text = |field: &'static str| match map.get(field) {
        None => Err((field, "is missing".to_owned())),
        Some(value) => value.as_str().ok_or_else(|| (field, "must be text".to_owned())),
    };
    let named = ["widget", "device", "flow"].iter().filter(|name| map.contains_key(**name)).count();
    if named != 1 {
        return Err(("widget", "exactly one of widget, device and flow must be given".to_owned()));
    }
    let wants_metrics = match map.get("metrics") {
        None | Some(Json::Bool(false)) => false,
        Some(Json::Bool(true)) => true,
        Some(_) => return Err(("metrics", "must be true or false".to_owned())),
    };
    if wants_metrics {
        if !map.contains_key("flow") {
            return Err(("metrics", "are those of a flow: flow is missing".to_owned()));
        }
        let others = ["node", "field", "points", "since", "from"];
        if let Some(other) =
            others.into_iter().find(|other| map.get(*other).is_some_and(|given| !given.is_null()))
        {
            return Err((other, "does not go with metrics".to_owned()));
        }
        let flow = text("flow")?.parse().map_err(|error| ("flow", format!("{error}")))?;
        return Ok(Target::FlowMetrics { flow });
    }
    if map.contains_key("widget") {
        let widget = text("widget")?.parse().map_err(|error| ("widget", format!("{error}")))?;
        return Ok(Target::Widget(widget));
    }
    if map.contains_key("device") {
        let device = text("device")?.parse().map_err(|error| ("device", format!("{error}")))?;
        let sensor = text("sensor")?.parse().map_err(|error| ("sensor", format!("{error}")))?;
        return Ok(Target::DeviceSensor { device, sensor });
    }
    let flow = text("flow")?.parse().map_err(|error| ("flow", format!("{error}")))?;
    let node = name(text("node")?).ok_or_else(too_long("node"))?;
    let field = if map.contains_key("field") { text("field")? } else { OUTPUT };
    Ok(Target::FlowNode { flow, node, field: name(field).ok_or_else(too_long("field"))? })
}

fn name(text: &str) -> Option<Arc<str>> {
    (1..=limit::NODE_ID_BYTES).contains(&text.len()).then(|| text.into())
}

fn too_long(field: &'static str) -> impl FnOnce() -> (&'static str, String) {
    move || (field, format!("must be 1 to {} bytes", limit::NODE_ID_BYTES))
}
