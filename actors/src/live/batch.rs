//! Values that came together: one copy for all subscribers who get them whole, and one text.
//!
//! Most subscribers of a source keep up with it, and then what they are sent differs in their own number for it only. So the text of the values is
//! written by the first of them and copied by the others. Who has something folded into it writes their own.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use edgesync_schemas::unit::Unit;
use edgesync_schemas::wire::live::{Folded, write_columns};

use super::conflate::Sample;

/// Values that came together, in the order of their arrival; not empty.
#[derive(Debug)]
pub struct Batch {
    values: Vec<Folded>,
    /// Number of the next value.
    pub(super) next: u64,
    /// Unit of the newest.
    pub(super) unit: Option<Unit>,
    /// Bytes of originals.
    pub(super) raw_bytes: usize,
    text: OnceLock<Box<str>>,
}

impl Batch {
    /// Of samples, which are not none.
    pub(super) fn of(samples: &[Sample]) -> Self {
        let values: Vec<_> = samples.iter().map(Sample::folded).collect();
        let raw_bytes = values.iter().map(Folded::raw_bytes).sum();
        let (next, unit) =
            samples.last().map(|newest| (newest.offset + 1, newest.unit.clone())).unwrap_or_default();
        Self { values, next, unit, raw_bytes, text: OnceLock::new() }
    }

    fn text(&self) -> &str {
        self.text.get_or_init(|| {
            let mut text = String::new();
            write_columns(&mut text, self.next, &self.values);
            text.into()
        })
    }
}

/// The values of an update.
#[derive(Debug, Clone)]
pub enum Values {
    /// This subscriber's own.
    Own(Vec<Folded>),
    /// What others get, too.
    Shared(Arc<Batch>),
}

impl Values {
    /// Appends them as they are sent, up to before the number `next`.
    pub fn write(&self, out: &mut String, next: u64) {
        match self {
            Self::Own(values) => write_columns(out, next, values),
            Self::Shared(batch) => out.push_str(batch.text()),
        }
    }
}

impl Deref for Values {
    type Target = [Folded];

    fn deref(&self) -> &[Folded] {
        match self {
            Self::Own(values) => values,
            Self::Shared(batch) => &batch.values,
        }
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

#[cfg(test)]
mod tests {
    use edgesync_schemas::time::Timestamp;
    use edgesync_schemas::wire::live::Point;

    use super::*;

    #[test]
    fn what_is_shared_reads_like_what_is_not_and_is_written_once() {
        let sample = |offset: u64, num: f64, raw: Option<&str>| {
            let ts = Timestamp::from_ms(offset as i64).unwrap();
            Sample { offset, point: Point { ts, num, raw: raw.map(Into::into) }, unit: None }
        };
        let batch = Arc::new(Batch::of(&[sample(7, 1.5, None), sample(9, 0.0, Some("\"on\""))]));
        let (shared, own) = (Values::Shared(batch.clone()), Values::Own(batch.values.clone()));
        let text = |values: &Values| {
            let mut out = String::new();
            values.write(&mut out, 10);
            out
        };
        assert_eq!(text(&shared), text(&own));
        assert_eq!(shared, own);
        let written = batch.text().as_ptr();
        text(&Values::Shared(batch.clone()));
        assert_eq!(batch.text().as_ptr(), written);
    }
}
