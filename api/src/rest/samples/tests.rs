use serde_json::json;

use super::*;

#[test]
fn text_is_counted_and_nothing_else_and_a_switch_is_a_number() {
    let at = Timestamp::from_ms(0).unwrap();
    let fold = |values: &[Value], aggregation| {
        let samples: Vec<Sample> = values.iter().filter_map(|value| fixed(value, at)).collect();
        Folded::of(samples.iter(), aggregation)
    };
    let values = [json!(2), json!("open"), json!(true), json!([9]), json!(-4)];
    for (aggregation, aggregate) in [
        (Aggregation::Count, 5.0),
        (Aggregation::Sum, -1.0),
        (Aggregation::Avg, -1.0 / 3.0),
        (Aggregation::Min, -4.0),
        (Aggregation::Max, 2.0),
        (Aggregation::Last, -4.0),
    ] {
        let folded = Folded { aggregate: Some(aggregate), count: 5 };
        assert_eq!(fold(&values, aggregation), folded, "{aggregation:?}");
    }
    assert_eq!(fold(&[json!("open")], Aggregation::Avg).aggregate, None);
    assert_eq!(fold(&[json!(1), json!("open")], Aggregation::Last).aggregate, None);
    assert_eq!(fold(&[], Aggregation::Count).aggregate, Some(0.0));
}
