//! The fence: a panic stays within the node that it happened in.
//!
//! Stages are not supposed to panic. When one does, its call ends, its output is thrown away, and its caller counts the records
//! as errors and never calls it again; timely notices nothing.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `call`.
///
/// # Errors
/// What a panic in it said. What `call` was changing is then in an unknown state and must be thrown away.
pub(crate) fn fence<R>(call: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| describe(&*payload))
}

/// What a panic said.
pub(crate) fn describe(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    let mut text = text.unwrap_or_else(|| "a panic without a message".to_owned());
    if let Some((end, _)) = text.char_indices().nth(256) {
        text.truncate(end);
    }
    text
}
