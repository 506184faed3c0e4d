//! Functions, for one record.

use super::{STEP_BYTES, Walk, not_a};
use crate::expr::tree::{Function, Node};
use crate::expr::trouble::Trouble;
use crate::expr::value::Value;

impl<'a> Walk<'a> {
    pub(super) fn call(&mut self, function: Function, args: &'a [Node]) -> Result<Value<'a>, Trouble> {
        match function {
            Function::Greatest | Function::Least => return self.extreme(function, args),
            Function::Contains | Function::StartsWith | Function::EndsWith => {
                let (text, part) = (self.text(&args[0])?, self.text(&args[1])?);
                let (text, part) = (text.as_str(), part.as_str());
                self.spend((text.len() + part.len()) / STEP_BYTES)?;
                return Ok(Value::Bool(match function {
                    Function::Contains => text.contains(part),
                    Function::StartsWith => text.starts_with(part),
                    _ => text.ends_with(part),
                }));
            }
            _ => {}
        }
        let arg = self.eval(&args[0])?;
        match function {
            Function::Size => self.size(&arg),
            Function::Double => self.double(arg),
            Function::Int => self.whole(arg),
            Function::String => self.text_of(arg),
            Function::Bool => bool_of(arg),
            _ => of_number(function, &arg),
        }
    }

    /// Characters of a text, entries of a list or map.
    fn size(&mut self, of: &Value<'a>) -> Result<Value<'a>, Trouble> {
        match of {
            Value::Text(text) => {
                self.spend(text.as_str().len() / STEP_BYTES)?;
                Ok(Value::Int(text.as_str().chars().count() as i64))
            }
            Value::List(_) | Value::JsonList(_) | Value::Map(_) | Value::JsonMap(_) => {
                Ok(Value::Int(of.len() as i64))
            }
            other => Err(not_a("text, a list or map", other)),
        }
    }

    fn double(&mut self, of: Value<'a>) -> Result<Value<'a>, Trouble> {
        match of {
            Value::Double(_) => Ok(of),
            Value::Int(whole) => Ok(Value::Double(whole as f64)),
            Value::Text(text) => {
                self.spend(text.as_str().len() / STEP_BYTES)?;
                let number = text.as_str().parse().map_err(|_| Trouble::Unreadable("a number"))?;
                Ok(Value::Double(number))
            }
            other => Err(not_a("a number or text", &other)),
        }
    }

    /// Decimal numbers are cut to whole ones.
    fn whole(&mut self, of: Value<'a>) -> Result<Value<'a>, Trouble> {
        match of {
            Value::Int(_) => Ok(of),
            Value::Double(number) if number > i64::MIN as f64 && number < i64::MAX as f64 => {
                Ok(Value::Int(number as i64))
            }
            Value::Double(_) => Err(Trouble::Overflow),
            Value::Text(text) => {
                self.spend(text.as_str().len() / STEP_BYTES)?;
                let whole = text.as_str().parse().map_err(|_| Trouble::Unreadable("a whole number"))?;
                Ok(Value::Int(whole))
            }
            other => Err(not_a("a number or text", &other)),
        }
    }

    fn text_of(&mut self, of: Value<'a>) -> Result<Value<'a>, Trouble> {
        let text = match of {
            Value::Text(_) => return Ok(of),
            Value::Int(whole) => whole.to_string(),
            Value::Double(number) => {
                // Large numbers are written with all their digits, up to 309.
                self.spend(8)?;
                number.to_string()
            }
            Value::Bool(flag) => flag.to_string(),
            other => return Err(not_a("a number, text, true or false", &other)),
        };
        self.spend(2)?;
        Ok(Value::text(&text))
    }

    /// The greatest or least of some numbers, or of those of a list; of equal ones, the first.
    fn extreme(&mut self, function: Function, args: &'a [Node]) -> Result<Value<'a>, Trouble> {
        let list = match args {
            [only] => {
                let only = self.eval(only)?;
                if only.number().is_some() {
                    return Ok(only);
                }
                if !matches!(only, Value::List(_) | Value::JsonList(_)) {
                    return Err(not_a("a number, or a list of numbers", &only));
                }
                only
            }
            _ => {
                let list: Result<Vec<_>, _> = args.iter().map(|arg| self.eval(arg)).collect();
                Value::List(std::rc::Rc::new(list?))
            }
        };
        let mut extreme: Option<Value<'a>> = None;
        for at in 0..list.len() {
            self.spend(1)?;
            let Some(next) = list.element(at) else { continue };
            if next.number().is_none() {
                return Err(not_a("a number", &next));
            }
            let Some(so_far) = &extreme else {
                extreme = Some(next);
                continue;
            };
            let order = so_far.compare(&next)?;
            if if function == Function::Greatest { order.is_lt() } else { order.is_gt() } {
                extreme = Some(next);
            }
        }
        extreme.ok_or(Trouble::NoEntry)
    }
}

fn bool_of<'a>(of: Value<'a>) -> Result<Value<'a>, Trouble> {
    match of {
        Value::Bool(_) => Ok(of),
        Value::Text(text) => match text.as_str() {
            "true" | "TRUE" | "True" | "t" | "1" => Ok(Value::Bool(true)),
            "false" | "FALSE" | "False" | "f" | "0" => Ok(Value::Bool(false)),
            _ => Err(Trouble::Unreadable("true or false")),
        },
        other => Err(not_a("true, false or text", &other)),
    }
}

fn of_number<'a>(function: Function, arg: &Value<'a>) -> Result<Value<'a>, Trouble> {
    match (function, arg) {
        (Function::Abs, Value::Int(whole)) => {
            return whole.checked_abs().map(Value::Int).ok_or(Trouble::Overflow);
        }
        (Function::Sign, Value::Int(whole)) => return Ok(Value::Int(whole.signum())),
        (Function::Sqrt, Value::Int(whole)) => return Ok(Value::Double((*whole as f64).sqrt())),
        _ => {}
    }
    let Value::Double(number) = *arg else { return Err(not_a("a number", arg)) };
    match function {
        Function::IsNaN => return Ok(Value::Bool(number.is_nan())),
        Function::IsInf => return Ok(Value::Bool(number.is_infinite())),
        Function::IsFinite => return Ok(Value::Bool(number.is_finite())),
        _ => {}
    }
    Ok(Value::Double(match function {
        Function::Abs => number.abs(),
        Function::Sign => sign(number),
        Function::Sqrt => number.sqrt(),
        Function::Ceil => number.ceil(),
        Function::Floor => number.floor(),
        Function::Round => number.round(),
        _ => number.trunc(),
    }))
}

/// -1, 0 or 1: zeros have no sign.
pub(crate) fn sign(number: f64) -> f64 {
    if number > 0.0 {
        1.0
    } else if number < 0.0 {
        -1.0
    } else if number == 0.0 {
        0.0
    } else {
        number
    }
}
