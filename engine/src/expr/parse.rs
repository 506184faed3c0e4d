//! Text to syntax tree, within bounds on bytes, nodes and depth.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use cel::common::ast::{EntryExpr, Expr, SourceInfo};
use cel::{Env, IdedExpr};
use edgesync_schemas::flow::problem::{Code, Position};
use edgesync_schemas::limit;

use super::Wrong;

/// What expressions may call: CEL's standard library and `math`.
pub(crate) static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    if let Err(error) = env.add_extension(cel::extensions::math) {
        tracing::error!(%error, "expressions have no math functions");
    }
    Arc::new(env)
});

/// A parsed expression and where its nodes were written.
pub(crate) struct Parsed {
    pub tree: IdedExpr,
    pub source: Box<str>,
    info: SourceInfo,
}

impl Parsed {
    /// Where the node with this id was written.
    pub fn position(&self, id: u64) -> Option<Position> {
        let (start, _) = self.info.offset_for(id)?;
        Some(position_of(&self.source, start as usize))
    }

    /// Notes that something is wrong at a node.
    pub fn wrong(&self, id: u64, code: Code, message: String) -> Wrong {
        Wrong { code, message, position: self.position(id) }
    }
}

/// The place of the `offset`-th character.
fn position_of(source: &str, offset: usize) -> Position {
    let before = source.chars().take(offset);
    let (mut line, mut column) = (1, 1);
    for c in before {
        if c == '\n' {
            (line, column) = (line + 1, 1);
        } else {
            column += 1;
        }
    }
    Position { line, column }
}

/// Parses `source`.
pub(crate) fn parse(source: &str) -> Result<Parsed, Vec<Wrong>> {
    let too_large = |message: String| vec![Wrong { code: Code::ExpressionTooLarge, message, position: None }];
    if source.len() > limit::EXPRESSION_BYTES {
        let message =
            format!("the expression has {} bytes, at most {}", source.len(), limit::EXPRESSION_BYTES);
        return Err(too_large(message));
    }
    if let Some(wrong) = nested_too_deep(source) {
        return Err(vec![wrong]);
    }
    // The parser is generated code that indexes as it likes: a text that it panics at is one that it cannot read.
    let parser = ENV.parser().max_recursion_depth(96).error_recovery_limit(10);
    let parsed = catch_unwind(AssertUnwindSafe(|| parser.parse_with_source_info(source)));
    let (tree, info) = match parsed {
        Err(_) => {
            let message = "the expression cannot be read".to_owned();
            return Err(vec![Wrong { code: Code::ExpressionSyntax, message, position: None }]);
        }
        Ok(Err(errors)) => return Err(syntax_errors(&errors)),
        Ok(Ok(parsed)) => parsed,
    };
    let (nodes, depth) = size(&tree);
    if nodes > limit::EXPRESSION_NODES {
        return Err(too_large(format!(
            "the expression has {nodes} parts, at most {}",
            limit::EXPRESSION_NODES
        )));
    }
    if depth > limit::EXPRESSION_DEPTH {
        return Err(too_large(format!(
            "the expression is {depth} levels deep, at most {}",
            limit::EXPRESSION_DEPTH
        )));
    }
    Ok(Parsed { tree, source: source.into(), info })
}

/// Brackets and signs nested deeper than a tree may be: refused before the recursive parser sees them.
fn nested_too_deep(source: &str) -> Option<Wrong> {
    let (mut depth, mut signs) = (0usize, 0usize);
    for (at, c) in source.chars().enumerate() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        signs = if matches!(c, '!' | '-' | '?') { signs + 1 } else { signs };
        if depth > limit::EXPRESSION_DEPTH || signs > limit::EXPRESSION_NODES {
            let message = format!("the expression is nested deeper than {} levels", limit::EXPRESSION_DEPTH);
            let position = Some(position_of(source, at));
            return Some(Wrong { code: Code::ExpressionTooLarge, message, position });
        }
    }
    None
}

fn syntax_errors(errors: &cel::ParseErrors) -> Vec<Wrong> {
    let mut wrongs: Vec<Wrong> = Vec::new();
    for error in &errors.errors {
        let (line, column) = error.pos;
        let position = (line > 0).then(|| Position { line: line as u32, column: column.max(1) as u32 });
        // The rest of such a message lists every token of the language.
        let message = error
            .msg
            .split(" expecting ")
            .next()
            .unwrap_or_default()
            .replace("'<EOF>'", "the end of the text");
        let wrong = Wrong { code: Code::ExpressionSyntax, message, position };
        if !wrongs.contains(&wrong) {
            wrongs.push(wrong);
        }
    }
    // One mistake makes a parser stumble many times; the first few are of use.
    wrongs.truncate(3);
    wrongs
}

/// Nodes and depth of a tree.
fn size(tree: &IdedExpr) -> (usize, usize) {
    let (mut nodes, mut depth) = (1, 0);
    each_child(tree, &mut |child| {
        let (child_nodes, child_depth) = size(child);
        nodes += child_nodes;
        depth = depth.max(child_depth);
    });
    (nodes, depth + 1)
}

/// Calls `visit` with each direct child.
pub(crate) fn each_child<'a>(tree: &'a IdedExpr, visit: &mut dyn FnMut(&'a IdedExpr)) {
    match &tree.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).for_each(visit),
        Expr::Select(select) => visit(&select.operand),
        Expr::List(list) => list.elements.iter().for_each(visit),
        Expr::Map(map) => map.entries.iter().for_each(|entry| entry_children(&entry.expr, visit)),
        Expr::Struct(of) => of.entries.iter().for_each(|entry| entry_children(&entry.expr, visit)),
        Expr::Comprehension(of) => {
            [&of.iter_range, &of.accu_init, &of.loop_cond, &of.loop_step, &of.result]
                .into_iter()
                .for_each(visit);
        }
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
    }
}

fn entry_children<'a>(entry: &'a EntryExpr, visit: &mut dyn FnMut(&'a IdedExpr)) {
    match entry {
        EntryExpr::StructField(field) => visit(&field.value),
        EntryExpr::MapEntry(entry) => {
            visit(&entry.key);
            visit(&entry.value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_text_is_reported_with_its_place() {
        for (source, line, column) in
            [("value >", 1, 8), ("value > 3 &&\n && true", 2, 2), ("value @ 3", 1, 7)]
        {
            let wrong = parse(source).err().unwrap();
            assert_eq!(wrong[0].code, Code::ExpressionSyntax, "{source}");
            assert_eq!(wrong[0].position, Some(Position { line, column }), "{source}: {wrong:?}");
        }
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let long = format!("value > {}", "1".repeat(limit::EXPRESSION_BYTES));
        let wide = vec!["value"; 300].join("+");
        let deep = format!("{}value{}", "(".repeat(1000), ")".repeat(1000));
        let signs = format!("{}value", "!".repeat(1900));
        for source in [long, wide, deep, signs, "-".repeat(2000), "[".repeat(2000)] {
            let wrong = parse(&source).err().unwrap();
            assert!(matches!(wrong[0].code, Code::ExpressionTooLarge | Code::ExpressionSyntax), "{wrong:?}");
        }
    }
}
