//! Types of expressions: what cannot work is refused when the flow is checked, not when a reading comes.
//!
//! `value` and what is taken out of it may be anything, so only rows can show whether it fits; everything else has a type.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, operators as op};
use edgesync_schemas::flow::problem::Code;
use edgesync_schemas::limit;

use super::Wrong;
use super::parse::Parsed;

/// The type of a part of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// Known only row by row.
    Any,
    Bool,
    /// A whole number.
    Int,
    /// A decimal number.
    Double,
    Text,
    /// A list or map.
    Container,
    /// Bytes, durations, null: things that readings are not made of.
    Other,
}

impl Type {
    const fn name(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Double => "a number",
            Self::Text => "text",
            Self::Container => "a list or map",
            Self::Other => "neither number nor text",
        }
    }

    const fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Double | Self::Any)
    }
}

/// The type of a variable, if there is one of this name.
pub(crate) fn variable(name: &str) -> Option<Type> {
    match name {
        "value" => Some(Type::Any),
        "ts" => Some(Type::Int),
        "unit" | "device" | "sensor" => Some(Type::Text),
        _ => None,
    }
}

/// Checks an expression that must answer true or false, and makes whole numbers decimal where they must be.
pub(crate) fn check_predicate(parsed: &mut Parsed) -> Result<(), Vec<Wrong>> {
    let mut tree = std::mem::take(&mut parsed.tree);
    let mut check = Check { parsed, wrong: Vec::new(), locals: Vec::new() };
    let of = check.part(&mut tree);
    if !matches!(of, Type::Bool | Type::Any) && check.wrong.is_empty() {
        check.refuse(tree.id, format!("the expression must answer true or false, it is {}", of.name()));
    }
    let wrong = check.wrong;
    parsed.tree = tree;
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

struct Check<'a> {
    parsed: &'a Parsed,
    wrong: Vec<Wrong>,
    /// Variables of the macros around, such as the `x` of `value.all(x, x > 1)`.
    locals: Vec<String>,
}

impl Check<'_> {
    fn refuse(&mut self, id: u64, message: String) {
        self.wrong.push(self.parsed.wrong(id, Code::ExpressionType, message));
    }

    fn part(&mut self, tree: &mut IdedExpr) -> Type {
        let id = tree.id;
        match &mut tree.expr {
            Expr::Unspecified => Type::Any,
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Type::Bool,
                LiteralValue::Int(_) => Type::Int,
                LiteralValue::Double(_) => Type::Double,
                LiteralValue::String(_) => Type::Text,
                LiteralValue::UInt(_) | LiteralValue::Bytes(_) | LiteralValue::Null => Type::Other,
            },
            Expr::Ident(name) => {
                if self.locals.contains(name) {
                    return Type::Any;
                }
                let known = variable(name);
                if known.is_none() {
                    let message =
                        format!("there is no {name:?}; there are value, unit, ts, device and sensor");
                    self.refuse(id, message);
                }
                known.unwrap_or(Type::Any)
            }
            Expr::Select(select) => {
                match self.part(&mut select.operand) {
                    Type::Any | Type::Container => {}
                    other => self.refuse(id, format!("{} has no field {:?}", other.name(), select.field)),
                }
                if select.test { Type::Bool } else { Type::Any }
            }
            Expr::List(list) => {
                for element in &mut list.elements {
                    self.part(element);
                }
                Type::Container
            }
            Expr::Map(map) => {
                for entry in &mut map.entries {
                    if let cel::common::ast::EntryExpr::MapEntry(entry) = &mut entry.expr {
                        self.part(&mut entry.key);
                        self.part(&mut entry.value);
                    }
                }
                Type::Container
            }
            Expr::Struct(_) => {
                self.refuse(id, "structures cannot be made in expressions".to_owned());
                Type::Any
            }
            Expr::Comprehension(of) => {
                // Two levels over lists of a few hundred entries would be computed for seconds.
                if !self.locals.is_empty() {
                    let message = "all, exists, map and filter cannot be used within each other".to_owned();
                    self.wrong.push(self.parsed.wrong(id, Code::ExpressionTooLarge, message));
                    return Type::Any;
                }
                self.part(&mut of.iter_range);
                self.locals.extend([of.iter_var.clone(), of.accu_var.clone()]);
                self.locals.extend(of.iter_var2.clone());
                for part in [&mut of.accu_init, &mut of.loop_cond, &mut of.loop_step, &mut of.result] {
                    self.part(part);
                }
                self.locals.clear();
                Type::Any
            }
            Expr::Call(call) => self.call(id, call),
        }
    }

    fn call(&mut self, id: u64, call: &mut CallExpr) -> Type {
        let namespaced = call.target.as_deref().is_some_and(|target| {
            matches!(&target.expr, Expr::Ident(name) if name == "math")
                && !self.locals.iter().any(|local| local == "math")
        });
        let mut of: Vec<Type> = Vec::with_capacity(call.args.len());
        for arg in &mut call.args {
            of.push(self.part(arg));
        }
        if namespaced {
            return self.math(id, call, &of);
        }
        let target = call.target.as_deref_mut().map(|target| self.part(target));
        if call.func_name == "matches" {
            self.pattern(id, call.args.last());
        }
        match (call.func_name.as_str(), &of[..]) {
            (op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO, &[left, right]) => {
                self.arithmetic(id, call, left, right)
            }
            (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, &[left, right]) => {
                let alike = (left.is_number() && right.is_number())
                    || left == right
                    || left == Type::Any
                    || right == Type::Any;
                if !alike || left == Type::Container || right == Type::Container {
                    self.refuse(id, format!("{} cannot be compared with {}", left.name(), right.name()));
                }
                Type::Bool
            }
            (op::EQUALS | op::NOT_EQUALS, &[left, right]) => {
                let alike = (left.is_number() && right.is_number()) || left == right;
                if !alike && ![left, right].iter().any(|of| matches!(of, Type::Any | Type::Other)) {
                    self.refuse(id, format!("{} never equals {}", left.name(), right.name()));
                }
                Type::Bool
            }
            (op::LOGICAL_AND | op::LOGICAL_OR | op::LOGICAL_NOT | op::NOT_STRICTLY_FALSE, args) => {
                for (at, of) in args.iter().enumerate() {
                    if !matches!(of, Type::Bool | Type::Any) {
                        self.refuse(call.args[at].id, format!("must be true or false, it is {}", of.name()));
                    }
                }
                Type::Bool
            }
            (op::NEGATE, &[of]) => {
                if !of.is_number() {
                    self.refuse(id, format!("{} has no negative", of.name()));
                }
                of
            }
            (op::CONDITIONAL, &[condition, yes, no]) => {
                if !matches!(condition, Type::Bool | Type::Any) {
                    self.refuse(
                        id,
                        format!("the condition must be true or false, it is {}", condition.name()),
                    );
                }
                if yes == no { yes } else { Type::Any }
            }
            (op::IN, &[_, container]) => {
                if !matches!(container, Type::Container | Type::Any) {
                    self.refuse(id, format!("nothing is in {}", container.name()));
                }
                Type::Bool
            }
            (op::INDEX, &[container, _]) => {
                if !matches!(container, Type::Container | Type::Any) {
                    self.refuse(id, format!("{} has no entries", container.name()));
                }
                Type::Any
            }
            (name, args) => self.function(id, name, target, args),
        }
    }

    fn arithmetic(&mut self, id: u64, call: &mut CallExpr, left: Type, right: Type) -> Type {
        let is_add = call.func_name == op::ADD;
        if is_add && left == right && matches!(left, Type::Text | Type::Container) {
            return left;
        }
        if is_add && ((left == Type::Any) != (right == Type::Any)) && [left, right].contains(&Type::Text) {
            return Type::Text;
        }
        if !left.is_number() || !right.is_number() {
            self.refuse(id, format!("{} and {} cannot be computed with", left.name(), right.name()));
            return Type::Any;
        }
        let is_modulo = call.func_name == op::MODULO;
        if is_modulo && (left == Type::Double || right == Type::Double) {
            self.refuse(id, "% needs whole numbers".to_owned());
            return Type::Any;
        }
        match (left, right) {
            (Type::Int, Type::Int) => Type::Int,
            // Readings are decimal: beside one, a whole number is meant as decimal.
            (Type::Int, _) if !is_modulo => self.decimal(&mut call.args[0]),
            (_, Type::Int) if !is_modulo => self.decimal(&mut call.args[1]),
            (Type::Double, _) | (_, Type::Double) => Type::Double,
            (Type::Int, _) | (_, Type::Int) => Type::Int,
            _ => Type::Any,
        }
    }

    /// Makes a whole number that stands beside something decimal decimal itself. `ts` must be converted by its writer.
    fn decimal(&mut self, tree: &mut IdedExpr) -> Type {
        if !make_decimal(tree) {
            self.refuse(
                tree.id,
                "is a whole number beside a decimal one: write double(...) around it".to_owned(),
            );
        }
        Type::Double
    }

    fn math(&mut self, id: u64, call: &mut CallExpr, args: &[Type]) -> Type {
        let name = call.func_name.as_str();
        let doubles = ["ceil", "floor", "round", "trunc", "isInf", "isNaN", "isFinite"];
        if doubles.contains(&name) {
            for arg in &mut call.args {
                make_decimal(arg);
            }
        }
        if args.iter().any(|of| !of.is_number() && *of != Type::Container) {
            self.refuse(id, format!("math.{name} needs numbers"));
        }
        match (name, args) {
            ("ceil" | "floor" | "round" | "trunc" | "sqrt", [_]) => Type::Double,
            ("isInf" | "isNaN" | "isFinite", [_]) => Type::Bool,
            ("abs" | "sign", &[of]) => of,
            // The parser's macros write these as `math.@max`.
            ("greatest" | "least" | "@max" | "@min", [_, ..]) => Type::Any,
            _ => {
                self.refuse(id, format!("there is no math.{name} of {} parameters", args.len()));
                Type::Any
            }
        }
    }

    /// Patterns are compiled for each row, so they must be cheap to compile: short, and without counted repetition.
    fn pattern(&mut self, id: u64, pattern: Option<&IdedExpr>) {
        let text = match pattern.map(|pattern| &pattern.expr) {
            Some(Expr::Literal(LiteralValue::String(text))) => text.inner(),
            _ => return self.refuse(id, "matches needs a pattern that is written out".to_owned()),
        };
        let bytes = text.as_bytes();
        let counts =
            (0..bytes.len()).any(|at| bytes[at] == b'{' && !(at > 0 && matches!(bytes[at - 1], b'p' | b'P')));
        if text.len() > limit::PATTERN_BYTES || counts {
            let message =
                format!("patterns have at most {} bytes and no counted repetition", limit::PATTERN_BYTES);
            self.wrong.push(self.parsed.wrong(id, Code::ExpressionTooLarge, message));
        }
    }

    fn function(&mut self, id: u64, name: &str, target: Option<Type>, args: &[Type]) -> Type {
        let is_text = |of: Type| matches!(of, Type::Text | Type::Any);
        match (name, target, args) {
            ("size", None, &[of]) | ("size", Some(of), &[]) => {
                if of.is_number() && of != Type::Any {
                    self.refuse(id, format!("{} has no size", of.name()));
                }
                Type::Int
            }
            ("double", None, &[of]) if !matches!(of, Type::Container) => Type::Double,
            ("int", None, &[of]) if !matches!(of, Type::Container) => Type::Int,
            ("string", None, &[of]) if !matches!(of, Type::Container) => Type::Text,
            ("bool", None, &[Type::Bool | Type::Text | Type::Any]) => Type::Bool,
            ("contains" | "startsWith" | "endsWith" | "matches", Some(of), &[part])
            | ("matches", None, &[of, part]) => {
                if !is_text(of) || !is_text(part) {
                    self.refuse(id, format!("{name} needs text"));
                }
                Type::Bool
            }
            ("@max" | "@min" | "math.@max" | "math.@min", None, [_, ..]) => Type::Any,
            _ => {
                let how = if target.is_some() { "as a method" } else { "as a function" };
                self.refuse(
                    id,
                    format!("there is no {name} of {} parameters of these types {how}", args.len()),
                );
                Type::Any
            }
        }
    }
}

/// Makes the whole-number literals of an arithmetic part decimal; false if it has something else whole in it.
fn make_decimal(tree: &mut IdedExpr) -> bool {
    match &mut tree.expr {
        Expr::Literal(LiteralValue::Int(whole)) => {
            let decimal = *whole.inner() as f64;
            tree.expr = Expr::Literal(LiteralValue::Double(decimal.into()));
            true
        }
        Expr::Call(call)
            if matches!(call.func_name.as_str(), op::ADD | op::SUBSTRACT | op::MULTIPLY | op::NEGATE)
                && call.target.is_none() =>
        {
            call.args.iter_mut().all(make_decimal)
        }
        Expr::Literal(LiteralValue::Double(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
