//! Expressions row by row, by the `cel` crate: for what kernels cannot do.

use cel::common::types::{CelBool, CelDouble, CelInt, CelString};
use cel::common::value::CowVal;
use cel::context::VariableResolver;
use cel::{Context, IdedExpr, Value};

use super::parse::ENV;

/// The variables of one row.
#[derive(Debug)]
pub struct Row<'a> {
    /// The number.
    pub num: f64,
    /// Original JSON, where the value is no number.
    pub raw: Option<&'a str>,
    /// The unit; empty for none.
    pub unit: &'a str,
    /// Milliseconds since the Unix epoch.
    pub ts_ms: i64,
    /// The device's id as text.
    pub device: &'a str,
    /// The sensor's name.
    pub sensor: &'a str,
}

/// Computes an expression that answers true or false for one row.
///
/// # Errors
/// What the expression could not do, for people.
pub fn eval_bool(tree: &IdedExpr, row: &Row<'_>) -> Result<bool, String> {
    let vars = Vars { row, parsed: row.raw.map(parse_raw) };
    let mut context = Context::with_env(std::sync::Arc::clone(&ENV));
    context.set_variable_resolver(&vars);
    match Value::resolve_val(tree, &context) {
        Ok(answer) => match answer.downcast_ref::<CelBool>() {
            Some(answer) => Ok(*answer.inner()),
            None => Err(format!("the expression answers {}, not true or false", answer.get_type().name())),
        },
        Err(error) => Err(error.to_string()),
    }
}

struct Vars<'a> {
    row: &'a Row<'a>,
    parsed: Option<Value>,
}

/// A value that is no number, as CEL sees it. Numbers within JSON are decimal, as readings are.
fn parse_raw(raw: &str) -> Value {
    fn convert(json: serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(flag) => Value::Bool(flag),
            serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(text) => text.into(),
            serde_json::Value::Array(list) => list.into_iter().map(convert).collect::<Vec<_>>().into(),
            serde_json::Value::Object(map) => map
                .into_iter()
                .map(|(key, value)| (key, convert(value)))
                .collect::<std::collections::HashMap<_, _>>()
                .into(),
        }
    }
    serde_json::from_str(raw).map_or(Value::Null, convert)
}

impl VariableResolver for Vars<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        match variable {
            "value" => match &self.parsed {
                None => Some(CowVal::owned(CelDouble::from(self.row.num))),
                Some(value) => Some(CowVal::Owned(value.clone().try_into().ok()?)),
            },
            "ts" => Some(CowVal::owned(CelInt::from(self.row.ts_ms))),
            "unit" => Some(CowVal::owned(CelString::from(self.row.unit))),
            "device" => Some(CowVal::owned(CelString::from(self.row.device))),
            "sensor" => Some(CowVal::owned(CelString::from(self.row.sensor))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Predicate;

    fn eval(source: &str, num: f64, raw: Option<&str>) -> Result<bool, String> {
        let row = Row { num, raw, unit: "C", ts_ms: 60_000, device: "d1", sensor: "t/in" };
        eval_bool(&Predicate::compile(source).unwrap().tree, &row)
    }

    #[test]
    fn values_of_every_type_are_seen() {
        assert_eq!(eval("value * 2 > 3", 2.0, None), Ok(true));
        assert_eq!(eval("value == 'open'", 0.0, Some("\"open\"")), Ok(true));
        assert_eq!(eval("value.lat > 52.0", 0.0, Some(r#"{"lat":52.5}"#)), Ok(true));
        assert_eq!(eval("value", 1.0, Some("true")), Ok(true));
        assert_eq!(eval("value.exists(x, x == 2)", 0.0, Some("[1,2]")), Ok(true));
        assert_eq!(
            eval("sensor.endsWith('in') && unit == 'C' && device != 'd2' && ts % 60000 == 0", 0.0, None),
            Ok(true)
        );
        assert_eq!(eval("math.abs(value) >= 2.5", -2.5, None), Ok(true));
        assert_eq!(eval("math.greatest(value, 3.0) > 2.9", -2.5, None), Ok(true));
    }

    #[test]
    fn what_does_not_fit_is_an_error_not_an_answer() {
        assert!(eval("value > 3", 0.0, Some("\"open\"")).is_err());
        assert!(eval("value", 1.0, None).is_err());
        assert!(eval("value.lat > 1.0", 1.0, None).is_err());
        assert!(eval("value / 0.0 * 0.0 > 1.0", 1.0, None).is_err(), "NaN has no order");
    }
}
