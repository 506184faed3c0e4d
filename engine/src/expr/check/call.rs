//! Operators and functions: which types they take and what they answer.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, operators as op};
use edgesync_schemas::limit;
use regex::RegexBuilder;

use super::{Check, REFUSED};
use crate::expr::scope::Type;
use crate::expr::tree::{Arith, Cmp, Function, Node, Pattern};

impl<'a> Check<'a> {
    pub(super) fn call(&mut self, id: u64, call: &'a CallExpr) -> (Node, Type) {
        let target = call.target.as_deref();
        let is_math = target.is_some_and(|target| {
            matches!(&target.expr, Expr::Ident(name) if name == "math") && self.element != Some("math")
        });
        if call.func_name == "matches" {
            return self.matches(id, call);
        }
        let is_extreme = matches!(call.func_name.as_str(), "@max" | "@min" | "math.@max" | "math.@min");
        // The parser puts the parameters of greatest and least into a list if there are more than two.
        let args = match &call.args[..] {
            [IdedExpr { expr: Expr::List(list), .. }] if is_extreme => &list.elements,
            _ => &call.args,
        };
        // A method's target is its first parameter.
        let args = target.filter(|_| !is_math).into_iter().chain(args);
        let ids: Vec<u64> = args.clone().map(|arg| arg.id).collect();
        let (mut nodes, types): (Vec<Node>, Vec<Type>) = args.map(|arg| self.part(arg)).unzip();
        if is_math {
            return self.math(id, &call.func_name, nodes, &types);
        }
        if target.is_some() {
            return self.method(id, &call.func_name, nodes, &types);
        }
        match (call.func_name.as_str(), &types[..]) {
            (op::ADD, &[left, right]) => self.arithmetic(id, &ids, Arith::Add, nodes, left, right),
            (op::SUBSTRACT, &[left, right]) => self.arithmetic(id, &ids, Arith::Sub, nodes, left, right),
            (op::MULTIPLY, &[left, right]) => self.arithmetic(id, &ids, Arith::Mul, nodes, left, right),
            (op::DIVIDE, &[left, right]) => self.arithmetic(id, &ids, Arith::Div, nodes, left, right),
            (op::MODULO, &[left, right]) => self.arithmetic(id, &ids, Arith::Mod, nodes, left, right),
            (name @ (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS), &[left, right]) => {
                let alike = (left.is_number() && right.is_number())
                    || left == right
                    || left == Type::Any
                    || right == Type::Any;
                let never = |of| matches!(of, Type::Container | Type::Null);
                if !alike || never(left) || never(right) {
                    self.refuse(id, format!("{} cannot be compared with {}", left.name(), right.name()));
                }
                (compared(name, nodes), Type::Bool)
            }
            (name @ (op::EQUALS | op::NOT_EQUALS), &[left, right]) => {
                let alike = (left.is_number() && right.is_number()) || left == right;
                if !alike && ![left, right].iter().any(|of| matches!(of, Type::Any | Type::Null)) {
                    self.refuse(id, format!("{} never equals {}", left.name(), right.name()));
                }
                (compared(name, nodes), Type::Bool)
            }
            (name @ (op::LOGICAL_AND | op::LOGICAL_OR | op::LOGICAL_NOT), types) => {
                for (at, of) in types.iter().enumerate() {
                    if !matches!(of, Type::Bool | Type::Any) {
                        self.refuse(ids[at], format!("must be true or false, it is {}", of.name()));
                    }
                }
                let node = match name {
                    op::LOGICAL_NOT => nodes.pop().map(|a| Node::Not(Box::new(a))),
                    op::LOGICAL_AND => pair(nodes).map(Node::And),
                    _ => pair(nodes).map(Node::Or),
                };
                (node.unwrap_or(REFUSED.0), Type::Bool)
            }
            (op::NEGATE, &[of]) => {
                if !of.is_number() {
                    self.refuse(id, format!("{} has no negative", of.name()));
                }
                (nodes.pop().map_or(REFUSED.0, |a| Node::Neg(Box::new(a))), of)
            }
            (op::CONDITIONAL, &[condition, yes, no]) => self.conditional(id, nodes, condition, yes, no),
            (op::IN, &[_, container]) => {
                if !matches!(container, Type::Container | Type::Any) {
                    self.refuse(id, format!("nothing is in {}", container.name()));
                }
                (pair(nodes).map_or(REFUSED.0, Node::In), Type::Bool)
            }
            (op::INDEX, &[container, _]) => {
                if !matches!(container, Type::Container | Type::Any) {
                    self.refuse(id, format!("{} has no entries", container.name()));
                }
                (pair(nodes).map_or(REFUSED.0, Node::Index), Type::Any)
            }
            (name, types) => self.function(id, name, nodes, types),
        }
    }

    fn arithmetic(
        &mut self,
        id: u64,
        ids: &[u64],
        arith: Arith,
        mut nodes: Vec<Node>,
        left: Type,
        right: Type,
    ) -> (Node, Type) {
        let is_add = arith == Arith::Add;
        let either = |of: Type| left == of || right == of;
        let of = if is_add && left == right && matches!(left, Type::Text | Type::Container) {
            left
        } else if is_add && either(Type::Any) && either(Type::Text) {
            Type::Text
        } else if is_add && either(Type::Any) && either(Type::Container) {
            Type::Container
        } else if !left.is_number() || !right.is_number() {
            self.refuse(id, format!("{} and {} cannot be computed with", left.name(), right.name()));
            Type::Any
        } else if arith == Arith::Mod {
            if either(Type::Number) {
                self.refuse(id, "% needs whole numbers".to_owned());
            }
            Type::Int
        } else {
            match (left, right) {
                (Type::Int, Type::Int) => Type::Int,
                // Readings are decimal: beside one, a whole number is meant as decimal.
                (Type::Int, _) => self.decimal(ids[0], &mut nodes[0]),
                (_, Type::Int) => self.decimal(ids[1], &mut nodes[1]),
                (Type::Number, _) | (_, Type::Number) => Type::Number,
                _ => Type::Any,
            }
        };
        (pair(nodes).map_or(REFUSED.0, |both| Node::Arith(arith, both)), of)
    }

    /// Makes a whole number that stands beside something decimal decimal itself. `ts` must be converted by its writer.
    fn decimal(&mut self, id: u64, node: &mut Node) -> Type {
        if !node.make_decimal() {
            self.refuse(id, "is a whole number beside a decimal one: write double(...) around it".to_owned());
        }
        Type::Number
    }

    fn conditional(
        &mut self,
        id: u64,
        nodes: Vec<Node>,
        condition: Type,
        yes: Type,
        no: Type,
    ) -> (Node, Type) {
        if !matches!(condition, Type::Bool | Type::Any) {
            self.refuse(id, format!("the condition must be true or false, it is {}", condition.name()));
        }
        let Ok(mut three) = <[Node; 3]>::try_from(nodes) else { return REFUSED };
        // `ts` beside a decimal number stays what it is: only the answer's type is not known then.
        let of = match (yes, no) {
            (Type::Int, Type::Number) if is_literal(&three[1]) && three[1].make_decimal() => Type::Number,
            (Type::Number, Type::Int) if is_literal(&three[2]) && three[2].make_decimal() => Type::Number,
            (Type::Int, Type::Any) if is_literal(&three[1]) && three[1].make_decimal() => Type::Any,
            (Type::Any, Type::Int) if is_literal(&three[2]) && three[2].make_decimal() => Type::Any,
            (yes, no) if yes == no => yes,
            _ => Type::Any,
        };
        (Node::If(Box::new(three)), of)
    }

    fn math(&mut self, id: u64, name: &str, mut nodes: Vec<Node>, types: &[Type]) -> (Node, Type) {
        let (Some(function), &[of]) = (Function::of_math(name), types) else {
            self.refuse(id, format!("there is no math.{name} of {} parameters", types.len()));
            return REFUSED;
        };
        if !of.is_number() {
            self.refuse(id, format!("math.{name} needs a number, not {}", of.name()));
        }
        let answers = match function {
            Function::Abs | Function::Sign => of,
            Function::Sqrt => Type::Number,
            _ => {
                let is_test = matches!(function, Function::IsNaN | Function::IsInf | Function::IsFinite);
                if of == Type::Int && !nodes.iter_mut().all(Node::make_decimal) {
                    self.refuse(
                        id,
                        format!("math.{name} needs a decimal number: write double(...) around it"),
                    );
                }
                if is_test { Type::Bool } else { Type::Number }
            }
        };
        (Node::Call(function, nodes), answers)
    }

    /// `math.greatest` and `math.least`: of a number, of a list, or of two numbers and more.
    fn extreme(&mut self, id: u64, function: Function, mut nodes: Vec<Node>, types: &[Type]) -> (Node, Type) {
        let fits = |of: &Type| of.is_number() || (*of == Type::Container && types.len() == 1);
        if let Some(other) = types.iter().find(|of| !fits(of)) {
            self.refuse(id, format!("greatest and least need numbers, not {}", other.name()));
        }
        let all = |wanted: Type| types.iter().all(|of| *of == wanted);
        if all(Type::Int) || all(Type::Container) {
            let of = if all(Type::Int) { Type::Int } else { Type::Any };
            return (Node::Call(function, nodes), of);
        }
        let mut are_decimal = true;
        for (node, of) in nodes.iter_mut().zip(types) {
            are_decimal &= match of {
                Type::Number => true,
                Type::Int => is_literal(node) && node.make_decimal(),
                _ => false,
            };
        }
        (Node::Call(function, nodes), if are_decimal { Type::Number } else { Type::Any })
    }

    fn method(&mut self, id: u64, name: &str, nodes: Vec<Node>, types: &[Type]) -> (Node, Type) {
        let function = match name {
            "size" if types.len() == 1 => return self.function(id, name, nodes, types),
            "contains" => Function::Contains,
            "startsWith" => Function::StartsWith,
            "endsWith" => Function::EndsWith,
            _ => return self.no_such(id, name, types, "as a method"),
        };
        let &[of, part] = types else { return self.no_such(id, name, types, "as a method") };
        if ![of, part].iter().all(|of| matches!(of, Type::Text | Type::Any)) {
            self.refuse(id, format!("{name} needs text"));
        }
        (Node::Call(function, nodes), Type::Bool)
    }

    fn function(&mut self, id: u64, name: &str, nodes: Vec<Node>, types: &[Type]) -> (Node, Type) {
        let (function, answers) = match (name, types) {
            ("@max" | "math.@max", [_, ..]) => return self.extreme(id, Function::Greatest, nodes, types),
            ("@min" | "math.@min", [_, ..]) => return self.extreme(id, Function::Least, nodes, types),
            ("size", &[of]) => {
                if !matches!(of, Type::Any | Type::Text | Type::Container) {
                    self.refuse(id, format!("{} has no size", of.name()));
                }
                (Function::Size, Type::Int)
            }
            ("double", &[Type::Int | Type::Number | Type::Text | Type::Any]) => {
                (Function::Double, Type::Number)
            }
            ("int", &[Type::Int | Type::Number | Type::Text | Type::Any]) => (Function::Int, Type::Int),
            ("string", &[Type::Bool | Type::Int | Type::Number | Type::Text | Type::Any]) => {
                (Function::String, Type::Text)
            }
            ("bool", &[Type::Bool | Type::Text | Type::Any]) => (Function::Bool, Type::Bool),
            _ => return self.no_such(id, name, types, "as a function"),
        };
        (Node::Call(function, nodes), answers)
    }

    fn no_such(&mut self, id: u64, name: &str, types: &[Type], how: &str) -> (Node, Type) {
        let count = types.len();
        self.refuse(id, format!("there is no {name} of {count} parameters of these types {how}"));
        REFUSED
    }

    /// `text.matches(pattern)` and `matches(text, pattern)`. Patterns are compiled once, here, and must be small then.
    fn matches(&mut self, id: u64, call: &'a CallExpr) -> (Node, Type) {
        let args: Vec<&'a IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        let &[text, pattern] = &args[..] else {
            self.refuse(id, "matches needs a text and a pattern".to_owned());
            return REFUSED;
        };
        let (node, of) = self.part(text);
        if !matches!(of, Type::Text | Type::Any) {
            self.refuse(id, "matches needs text".to_owned());
        }
        let Expr::Literal(LiteralValue::String(pattern)) = &pattern.expr else {
            self.refuse(id, "matches needs a pattern that is written out".to_owned());
            return REFUSED;
        };
        let pattern = pattern.inner();
        let bytes = pattern.as_bytes();
        let counts =
            (0..bytes.len()).any(|at| bytes[at] == b'{' && !(at > 0 && matches!(bytes[at - 1], b'p' | b'P')));
        if pattern.len() > limit::PATTERN_BYTES || counts {
            let most = limit::PATTERN_BYTES;
            self.refuse_size(id, format!("patterns have at most {most} bytes and no counted repetition"));
            return REFUSED;
        }
        match RegexBuilder::new(pattern)
            .size_limit(limit::PATTERN_PROGRAM_BYTES)
            .dfa_size_limit(limit::PATTERN_PROGRAM_BYTES)
            .build()
        {
            Ok(regex) => {
                let looks_at_words =
                    [r"\b", r"\B", r"\<", r"\>"].iter().any(|border| pattern.contains(border));
                let bytes_slow = if looks_at_words { pattern.len() } else { 0 };
                (Node::Matches(Box::new(node), Pattern { regex, bytes_slow }), Type::Bool)
            }
            Err(regex::Error::CompiledTooBig(_)) => {
                self.refuse_size(id, "the pattern is too costly: it has too many choices".to_owned());
                REFUSED
            }
            Err(error) => {
                let said = error.to_string();
                let last = said.lines().last().unwrap_or_default().trim_start_matches("error: ");
                self.refuse(id, format!("the pattern cannot be read: {last}"));
                REFUSED
            }
        }
    }
}

fn pair(nodes: Vec<Node>) -> Option<Box<[Node; 2]>> {
    nodes.into_boxed_slice().try_into().ok()
}

fn compared(name: &str, nodes: Vec<Node>) -> Node {
    let cmp = match name {
        op::LESS => Cmp::Less,
        op::LESS_EQUALS => Cmp::LessEq,
        op::GREATER => Cmp::Greater,
        op::GREATER_EQUALS => Cmp::GreaterEq,
        op::EQUALS => Cmp::Eq,
        _ => Cmp::NotEq,
    };
    pair(nodes).map_or(REFUSED.0, |both| Node::Cmp(cmp, both))
}

/// Whether it is made of literals only, so that making it decimal changes all of it or nothing.
fn is_literal(node: &Node) -> bool {
    let mut is_so = match node {
        Node::Const(_) | Node::Neg(_) => true,
        Node::Arith(arith, _) => !matches!(arith, Arith::Div | Arith::Mod),
        _ => false,
    };
    node.each_child(&mut |child| is_so = is_so && is_literal(child));
    is_so
}
