//! Expressions: CEL text, parsed and bounded ([`parse`]), typed ([`check`]), and as far as it goes compiled to loops over
//! columns ([`kernel`]). What the kernels cannot do, and rows whose value is no number, the `cel` crate computes row by row
//! ([`row`]); both give the same answers.
//!
//! Variables: `value` (number, bool, text or JSON), `unit` (text, empty for none), `ts` (integer, milliseconds since the Unix
//! epoch), `device` and `sensor` (text). A whole number written beside a decimal one is read as decimal: `value * 2 > 3`.

pub mod check;
pub mod kernel;
pub mod parse;
pub mod row;

use cel::IdedExpr;
use edgesync_schemas::flow::problem::{Code, Position};

use self::kernel::Kernel;

/// A checked expression that answers true or false.
#[derive(Debug)]
pub struct Predicate {
    /// As it was written.
    pub source: Box<str>,
    /// Its tree, with whole numbers made decimal where they must be.
    pub tree: IdedExpr,
    /// How to compute it over columns, for rows whose value is a number; `None` if only row by row.
    pub kernel: Option<Kernel>,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Which kind of trouble.
    pub code: Code,
    /// A sentence for the user.
    pub message: String,
    /// Where.
    pub position: Option<Position>,
}

impl Predicate {
    /// Parses, checks and compiles.
    ///
    /// # Errors
    /// Everything that is wrong with it; not empty.
    pub fn compile(source: &str) -> Result<Self, Vec<Wrong>> {
        let mut parsed = parse::parse(source)?;
        check::check_predicate(&mut parsed)?;
        let kernel = Kernel::compile(&parsed.tree);
        Ok(Self { source: source.into(), tree: parsed.tree, kernel })
    }
}
