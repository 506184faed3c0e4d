//! Which expressions pass and which do not.

use super::*;
use crate::expr::{Expected, Expression, Scope};

fn compile(source: &str) -> Result<Expression, Vec<Wrong>> {
    Expression::compile(source, &Scope::PLAIN, Expected::Bool)
}

#[test]
fn sound_expressions_pass() {
    for source in [
        "value > 30",
        "value * 2 + 1 >= 3.5 && unit == 'C'",
        "ts > 1700000000000",
        "double(ts) / 1000.0 > value",
        "sensor in ['a', 'b']",
        "device.startsWith('01')",
        "value == 'open'",
        "value",
        "!(value < 1) ? true : false",
        "value.lat > 52.0",
        "has(value.lat)",
        "value.all(x, x > 1.0)",
        "size(sensor) > 3",
        "math.abs(value) > 2",
        "-value < -3",
        "ts % 60000 == 0",
        "sensor + '/' + unit == 'a/C'",
        "2 * 3 + value > 1",
        "value[0] > 1.0",
        "math.greatest(value, 3.0) > 1.0",
    ] {
        if let Err(wrong) = compile(source) {
            panic!("{source}: {wrong:?}");
        }
    }
}

#[test]
fn what_cannot_work_is_refused_with_its_place() {
    for (source, column) in [
        ("valeu > 3", 1),
        ("sensor > 3", 8),
        ("value + 1", 7),
        ("unit == 3", 6),
        ("value > 3 && sensor", 14),
        ("ts + value > 1.0", 1),
        ("frobnicate(value)", 11),
        ("value > 3 ? 1 : 2", 11),
        ("sensor.lat", 7),
        ("5.5 % 2 == 0", 5),
        ("fields.x > 1", 7),
        ("prev == 1", 1),
    ] {
        let wrong = compile(source).err().unwrap_or_else(|| panic!("{source} passed"));
        let at = wrong[0].position.map(|position| position.column);
        assert_eq!((wrong[0].code, at), (Code::ExpressionType, Some(column)), "{source}: {wrong:?}");
    }
}

#[test]
fn lists_within_lists_are_refused() {
    let wrong = compile("value.all(x, value.all(y, x < y))").err().unwrap();
    assert_eq!(wrong[0].code, Code::ExpressionTooLarge);
}

#[test]
fn patterns_that_are_costly_to_compile_are_refused() {
    assert!(compile(r"sensor.matches('^pump/[0-9]+$')").is_ok());
    for source in ["sensor.matches('(a{100}){100}')", "sensor.matches(unit)"] {
        assert!(compile(source).is_err(), "{source}");
    }
}

#[test]
fn every_mistake_is_reported() {
    assert_eq!(compile("a > 1 && b > 2 && c > 3").err().unwrap().len(), 3);
}
