//! Settings of random nodes that remember the last of a key, and of joins.

use serde_json::{Value, json};

fn pick<T: Copy, const N: usize>(from: [T; N], at: u8) -> T {
    from[usize::from(at) % N]
}

pub fn deadband(a: u8, b: u8) -> Value {
    let (absolute, percent) =
        pick([(Some(2), None), (None, Some(50)), (Some(3), Some(100)), (Some(0), None)], a);
    json!({"absolute": absolute, "percent": percent, "maxSilence": pick([None, Some("700ms"), Some("3s")], b)})
}

pub fn throttle(a: u8, b: u8) -> Value {
    let (mode, n) = pick([("first", 1), ("first", 3), ("last", 1), ("average", 1)], a);
    json!({"mode": mode, "n": n, "period": pick([500, 1000, 3000], b)})
}

pub fn dedupe(a: u8, b: u8) -> Value {
    json!({"values": pick([1, 2, 5], a), "ttl": pick([None, Some("300ms"), Some("2s")], b)})
}

pub fn rate(a: u8, b: u8) -> Value {
    let (mode, wrap_at) =
        pick([("gauge", None), ("counter", None), ("counter", Some(8)), ("counter", Some(20))], a);
    json!({"mode": mode, "wrapAt": wrap_at, "per": pick(["second", "minute"], a / 4), "maxGap": pick([None, Some("1s")], b)})
}

pub fn min_max(a: u8, b: u8) -> Value {
    json!({"mode": pick(["min", "max", "both"], a), "windowSize": pick([None, Some(1), Some(4)], b)})
}

pub fn average(a: u8, b: u8) -> Value {
    match a % 3 {
        0 => json!({"method": "ewma", "alpha": pick([0.25, 1.0], b)}),
        1 => json!({"method": "ewma", "halfLife": pick([100, 2000], b)}),
        _ => {
            json!({"method": "median", "windowSize": b % 5 + 1, "duration": pick([None, Some("2s")], b / 5)})
        }
    }
}

pub fn combine(inputs: &[&str], a: u8, b: u8) -> Value {
    json!({
        "inputs": inputs,
        "by": pick(["device", "all"], a / 2),
        "trigger": pick(["any", "all", "b"], b),
        "maxAge": pick([None, Some(0), Some(500), Some(3000)], b / 3),
    })
}

pub fn join(a: u8, b: u8) -> Value {
    let (tolerance, lateness) = (pick([0, 40, 300], a), pick([Some(0), Some(2000), None], b));
    let least = tolerance + lateness.unwrap_or(tolerance);
    json!({
        "tolerance": tolerance,
        "lateness": lateness,
        "by": pick(["device", "all"], a / 3),
        "idle": least.max(2000),
    })
}
