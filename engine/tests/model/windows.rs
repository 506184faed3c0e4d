//! Windows of every kind, from two bytes.

use serde_json::{Value, json};

const AGGREGATES: [&str; 11] =
    ["avg", "count", "sum", "min", "max", "first", "last", "stddev", "time_weighted", "p50", "p99.9"];

/// The configuration of a window.
pub fn data(a: u8, b: u8) -> Value {
    let bit = usize::from(b % 2);
    let [size, hop, longest] =
        [[700, 1000, 2500][usize::from(a % 3)], [1000, 2000][bit], [2000, 60_000][bit]];
    let (unit, steps) = (["hour", "day"][bit], [1, 2, 4][usize::from(b % 3)]);
    let kind = match a % 8 {
        0..3 => json!({ "size": size }),
        3 => json!({"type": "hopping", "size": 3000, "hop": hop}),
        4 => json!({"type": "hopping", "size": 1500, "hop": 500}),
        5 => json!({"type": "session", "gap": 600, "longest": longest}),
        6 => json!({"type": "count", "n": 4, "hop": steps}),
        _ => json!({"type": "calendar", "unit": unit, "zone": "Australia/Lord_Howe"}),
    };
    let some: Vec<&str> =
        (0..=b % 4).map(|k| AGGREGATES[usize::from(a.wrapping_add(k * 3)) % AGGREGATES.len()]).collect();
    let lateness = [0, 300, 4000][usize::from(b % 3)];
    let early = [None, None, Some(1000)][usize::from(b / 9 % 3)];
    let mut data = json!({"aggregates": some, "lateness": lateness, "early": early, "idle": "2s"});
    let mut add = |more: Value| data.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    add(kind);
    if !matches!(a % 8, 5 | 6) {
        let revise = [0, 0, 2000][usize::from(b / 3 % 3)];
        let empty = ["skip", "zero", "previous"][usize::from(b / 27 % 3)];
        add(json!({"revise": revise, "empty": empty}));
    }
    data
}
