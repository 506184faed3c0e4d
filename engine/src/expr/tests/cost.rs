//! The worst that may be written.

use std::time::Instant;

use edgesync_schemas::limit;

use super::rows::Rows;
use crate::expr::{Expected, Expression, Scope, Trouble};

/// A part `count` times with an operator between, no deeper than it must be.
fn balanced(operator: &str, part: &str, count: usize) -> String {
    match count {
        0 | 1 => part.to_owned(),
        _ => {
            let (left, right) =
                (balanced(operator, part, count / 2), balanced(operator, part, count - count / 2));
            format!("({left}{operator}{right})")
        }
    }
}

/// The worst that may be written: each must be cut, or be cheap. In a release build a step takes some tens of nanoseconds.
#[test]
fn no_expression_holds_a_cell() {
    let list = |element: &str| {
        format!("[{}]", vec![element; (limit::RAW_VALUE_BYTES - 2) / (element.len() + 1)].join(","))
    };
    let numbers = list("1");
    let text = format!("\"{}\"", "a".repeat(limit::RAW_VALUE_BYTES - 2));
    let mut mixed = "\"".to_owned();
    for n in 0..3000u32 {
        mixed.push(['a', 'b', 'ä', 'b', 'a', '/', '!', ' '][(n.wrapping_mul(2654435761) >> 9) as usize % 8]);
    }
    mixed.push('"');
    let map: Vec<String> = (0..400).map(|n| format!("\"k{n}\":1")).collect();
    let map = format!("{{{}}}", map.join(","));
    let sum = |part: &str, count| balanced("+", part, count);
    let all = |part: &str, count| balanced("&&", part, count);
    let cases = [
        (format!("value.all(x, {})", all("x < 2.0", 60)), &numbers),
        (format!("value.map(x, {})[0] > 0.0", sum("x", 100)), &numbers),
        ("value.map(x, value).map(x, size(x)).exists(x, x < 0)".to_owned(), &numbers),
        ("value.map(x, value) == value.map(x, value)".to_owned(), &numbers),
        ("value.all(x, value == value)".to_owned(), &numbers),
        ("value.all(x, !(2.0 in value))".to_owned(), &numbers),
        (format!("size({}) < 0", sum("value", 128)), &numbers),
        (format!("size({}) < 0", sum("value", 128)), &text),
        (format!("size(value.map(x, {})) < 0", sum("sensor", 64)), &numbers),
        ("value.all(x, x in {'a': 1} || size(value.k1) < 0 || true)".to_owned(), &map),
        ("value.all(x, value[x] > 0.0 && value == value)".to_owned(), &map),
        (all(r"!value.matches('(a*)*(a*)*(a*)*\\b\\w+\\w+\\w+!')", 35), &text),
        (all(r"!value.matches('(a|ab|abc|[a-z]|\\w)+[^a]+(a|b|c)+z')", 30), &text),
        (all(r"!value.matches('(\\w+\\s*)+(\\w+,)+(\\w+;)+\\b\\B')", 35), &text),
        (r"value.matches('^\\w+/\\w+$')".to_owned(), &mixed),
        (r"value.matches('\\w+/\\w+/\\w+!\\d')".to_owned(), &mixed),
        (r"value.matches('(a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?b)+$')".to_owned(), &mixed),
        (r"value.matches('(a*)*b[0-9]')".to_owned(), &mixed),
        (r"value.matches('(x+x+)+y|[a-q][^u-z].*z.*c.*d$')".to_owned(), &mixed),
        (r"value.matches('\\b\\w\\b\\w\\b\\d\\B\\D')".to_owned(), &mixed),
        (r"value.matches('(.*a.*b|.*b.*a|.*/.*b|.*!.*z)$')".to_owned(), &mixed),
        (r"value.matches('[a-f].*[a-f].*[a-f].*[a-f].*[a-f].*[a-f].*[a-f].*[a-f].*[a-f].*[a-f].*[0-9]')".to_owned(), &mixed),
        (r"value.matches('(?s).*(a|aa|aaa|aaaa|aaaaa|aaaaaa|aaaaaaa|aaaaaaaa|aaaaaaaaa|aaaaaaaaaa)*(a|b).(a|b).(a|b).(a|b).(a|b).(a|b).(a|b).(a|b)[0-9]')".to_owned(), &mixed),
        (r"value.matches('a\\b\\pL*\\B[^\\x00-\\x7f]')".to_owned(), &mixed),
        (r"value.matches('([a-z]\\b|ä|b)*[ab](a|ä|b)(a|ä|b)(a|ä|b)(a|ä|b)(a|ä|b)(a|ä|b)(a|ä|b)(a|ä|b)(a|ä|b)[0-9]')".to_owned(), &mixed),
        (r"value.matches('[ab][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][0-9]')".to_owned(), &mixed),
        (r"value.matches('\\b[ab][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][aäb!/][0-9]\\b')".to_owned(), &mixed),
        (r"value.matches('(\\b|a)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)(.|\\b)[0-9]')".to_owned(), &mixed),
        (r"value.matches('[ab]....................................................................................................[0-9]')".to_owned(), &mixed),
        (r"value.matches('([ab]....................................................................................................|[ä!]..........................................................................................)[0-9]')".to_owned(), &mixed),
        (r"value.matches('(?i)[ab]....................................................................................................[0-9k]')".to_owned(), &mixed),
        (r"value.matches('([ab].*)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)(b|!|.a|..)[0-9]')".to_owned(), &mixed),
        (r"value.matches('\\b[ab]....................................................................................................[0-9]')".to_owned(), &mixed),
        (r"value.matches('^(.*[ab]..........................................................................................)[0-9]')".to_owned(), &mixed),
        (all("!value.contains('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')", 32), &text),
        (all("value == value", 100), &numbers),
        (all("value.lower == value", 80), &map),
        (all("(double(value) < 0.0 || true)", 50), &text),
        (all("string(1e300).contains('0')", 55), &text),
        (format!("value.all(x, {})", all("string(x * 1e300).contains('0')", 40)), &numbers),
    ];
    for (source, value) in &cases {
        let expression = Expression::compile(source, &Scope::PLAIN, Expected::Bool)
            .unwrap_or_else(|wrong| panic!("{source}: {wrong:?}"));
        let mut rows = Rows::default();
        rows.push(value, None, None, None, 0);
        let times = (0..10).map(|_| {
            let began = Instant::now();
            let found = rows.answer(&expression, 0);
            (began.elapsed(), found.map(|(number, _)| number))
        });
        let (took, found) = times.min_by_key(|(took, _)| *took).unwrap();
        println!("{took:?}: {source:.60}: {found:?}");
        // Unoptimised and beside other tests; what is out of all proportion takes far longer.
        assert!(took.as_millis() < 40, "{source} took {took:?}");
    }
    let (source, value) = (&cases[0].0, &cases[0].1);
    let expression = Expression::compile(source, &Scope::PLAIN, Expected::Bool).unwrap();
    let mut rows = Rows::default();
    rows.push(value, None, None, None, 0);
    assert_eq!(rows.answer(&expression, 0), Err(Trouble::TooManySteps));
    // Nothing that forgives errors goes on afterwards.
    let expression =
        Expression::compile(&format!("({source}) || true"), &Scope::PLAIN, Expected::Bool).unwrap();
    assert_eq!(rows.answer(&expression, 0), Err(Trouble::TooManySteps));
    // Not even if there were steps left that were too few for a single large one.
    let source = r"value.matches('\\b[ab].*(c|d).*(e|f).*(g|h).*(i|j).*(k|l).*\\b') || true";
    let expression = Expression::compile(source, &Scope::PLAIN, Expected::Bool).unwrap();
    let mut rows = Rows::default();
    rows.push(&mixed, None, None, None, 0);
    assert_eq!(rows.answer(&expression, 0), Err(Trouble::TooManySteps));
}
