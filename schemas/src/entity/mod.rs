//! What people and programs make and keep: one file per entity, with what comes in (inputs, checked whole) and what goes out.
//!
//! An input is read from JSON by a function that reports every problem at once, each with the JSON pointer of its place;
//! behind it nothing is checked again, but what only the catalog can know (uniqueness, access, limits).

pub mod api_token;
pub mod audit;
pub mod dashboard;
pub mod dead_letter;
pub mod device;
pub mod device_actions;
pub mod device_history;
pub mod execution;
pub mod fleet;
pub mod flow;
pub mod flow_run;
pub mod flow_version;
pub mod input;
pub mod organization;
pub mod project;
pub mod session;
pub mod shape;
pub mod share_link;
pub mod user;
pub mod widget;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};

use utoipa::ToSchema;

pub use input::Problem;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// What to ask the next page with; none after the last.
    #[schema(required = true)]
    pub next: Option<String>,
}

/// Text that every database takes: without NUL characters, and where it has more than `most` bytes (3 at least) cut off between characters,
/// with a mark at its end.
pub fn cut(text: &str, most: usize) -> String {
    const MARK: &str = "…";
    let text = text.replace('\0', "\u{fffd}");
    if text.len() <= most {
        return text;
    }
    let end = text.floor_char_boundary(most.saturating_sub(MARK.len()));
    format!("{}{MARK}", &text[..end])
}

/// The name that a value of an enum has in JSON and in the catalog.
pub fn name_of<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// The value of an enum with this name; the error lists the names there are.
///
/// # Errors
/// The text to show, if there is no such value.
pub fn from_name<T: DeserializeOwned>(name: &str) -> Result<T, String> {
    let text: StrDeserializer<'_, serde::de::value::Error> = name.into_deserializer();
    T::deserialize(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_too_long_is_cut_between_characters_and_says_so() {
        assert_eq!(cut("a\0b", 10), "a\u{fffd}b");
        assert_eq!(cut("0123456789", 10), "0123456789");
        assert_eq!(cut("0123456789x", 10), "0123456…");
        assert_eq!(cut(&"é".repeat(10), 10), "ééé…");
    }
}
