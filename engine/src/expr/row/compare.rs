//! Comparisons and look-ups, for one record.

use super::{STEP_BYTES, Walk, not_a};
use crate::expr::tree::Cmp;
use crate::expr::trouble::Trouble;
use crate::expr::value::Value;

impl<'a> Walk<'a> {
    pub(super) fn cmp(&mut self, cmp: Cmp, a: &Value<'a>, b: &Value<'a>) -> Result<bool, Trouble> {
        match cmp {
            Cmp::Eq => return self.equals(a, b),
            Cmp::NotEq => return Ok(!self.equals(a, b)?),
            _ => self.spend(a.len().min(b.len()) / STEP_BYTES)?,
        }
        let order = a.compare(b)?;
        Ok(match cmp {
            Cmp::Less => order.is_lt(),
            Cmp::LessEq => order.is_le(),
            Cmp::Greater => order.is_gt(),
            _ => order.is_ge(),
        })
    }

    /// Values of different types are not equal; NaN equals nothing.
    fn equals(&mut self, a: &Value<'a>, b: &Value<'a>) -> Result<bool, Trouble> {
        self.spend(1)?;
        match (a, b) {
            (Value::Null, Value::Null) => Ok(true),
            (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
            (Value::Int(a), Value::Int(b)) => Ok(a == b),
            (Value::Text(a), Value::Text(b)) => {
                self.spend(a.as_str().len().min(b.as_str().len()) / STEP_BYTES)?;
                Ok(a.as_str() == b.as_str())
            }
            (Value::List(_) | Value::JsonList(_), Value::List(_) | Value::JsonList(_)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                for at in 0..a.len() {
                    if let (Some(a), Some(b)) = (a.element(at), b.element(at))
                        && !self.equals(&a, &b)?
                    {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Value::Map(_) | Value::JsonMap(_), Value::Map(_) | Value::JsonMap(_)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                for key in a.keys().unwrap_or_default() {
                    let Value::Text(key) = key else { continue };
                    self.spend(1 + b.len() / 16)?;
                    match (a.field(key.as_str()).flatten(), b.field(key.as_str()).flatten()) {
                        (Some(a), Some(b)) if self.equals(&a, &b)? => {}
                        _ => return Ok(false),
                    }
                }
                Ok(true)
            }
            (a, b) => Ok(matches!((a.number(), b.number()), (Some(a), Some(b)) if a == b)),
        }
    }

    pub(super) fn is_in(&mut self, a: &Value<'a>, of: &Value<'a>) -> Result<bool, Trouble> {
        match (of, a) {
            (Value::List(_) | Value::JsonList(_), a) => {
                for at in 0..of.len() {
                    if let Some(element) = of.element(at)
                        && self.equals(&element, a)?
                    {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (Value::Map(_) | Value::JsonMap(_), Value::Text(key)) => {
                self.spend(of.len() / 16)?;
                Ok(of.field(key.as_str()).flatten().is_some())
            }
            (Value::Map(_) | Value::JsonMap(_), Value::Bool(_) | Value::Int(_) | Value::Double(_)) => {
                Ok(false)
            }
            (Value::Map(_) | Value::JsonMap(_), a) => Err(not_a("a key", a)),
            (of, _) => Err(not_a("a list or map", of)),
        }
    }

    pub(super) fn index(&mut self, of: &Value<'a>, at: &Value<'a>) -> Result<Value<'a>, Trouble> {
        match (of, at) {
            (Value::List(_) | Value::JsonList(_), at) => {
                let place = match at {
                    Value::Int(at) => usize::try_from(*at).ok(),
                    Value::Double(at) if at.fract() == 0.0 && *at >= 0.0 && *at < 1e15 => Some(*at as usize),
                    Value::Double(_) => None,
                    other => return Err(not_a("a whole number", other)),
                };
                place.and_then(|at| of.element(at)).ok_or(Trouble::NoEntry)
            }
            (Value::Map(_) | Value::JsonMap(_), Value::Text(key)) => {
                self.spend(of.len() / 16)?;
                of.field(key.as_str()).flatten().ok_or(Trouble::NoEntry)
            }
            (Value::Map(_) | Value::JsonMap(_), _) => Err(Trouble::NoEntry),
            (of, _) => Err(not_a("a list or map", of)),
        }
    }
}
