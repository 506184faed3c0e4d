//! Settings as text or numbers -> values, with a problem for each that does not fit.

use std::path::PathBuf;

use edgesync_storage::postgres::Target;
use edgesync_storage::transfer;
use figment::value::{Dict, Value};

/// Reads settings by their keys, and notes what is wrong with them.
pub(super) struct Reader<'a> {
    pub values: &'a Dict,
    pub problems: Vec<String>,
}

impl Reader<'_> {
    pub fn text(&mut self, key: &str) -> Option<String> {
        match self.values.get(key)? {
            Value::String(_, text) => Some(text.clone()),
            Value::Num(_, num) => {
                num.to_i128().map(|n| n.to_string()).or_else(|| num.to_f64().map(|n| n.to_string()))
            }
            Value::Bool(_, flag) => Some(flag.to_string()),
            _ => {
                self.problems.push(format!("{key}: must be text or a number"));
                None
            }
        }
    }

    pub fn database(&mut self) -> Option<Target> {
        let url = self.text("database_url")?;
        match Target::parse(&url) {
            Ok(target) => Some(target),
            Err(problems) => {
                self.problems
                    .extend(problems.into_iter().map(|problem| format!("database_url: the URL {problem}")));
                None
            }
        }
    }

    pub fn directory(&mut self, key: &str, default: &str) -> PathBuf {
        let text = self.text(key).unwrap_or_else(|| default.to_owned());
        transfer::directory(&text).unwrap_or_else(|problem| {
            self.problems
                .push(format!("{key}: {problem}; where the server stores in a database is database_url"));
            default.into()
        })
    }

    pub fn flag(&mut self, key: &str) -> bool {
        match self.text(key).as_deref() {
            None | Some("false" | "0") => false,
            Some("true" | "1") => true,
            Some(other) => {
                self.problems.push(format!("{key}: must be true or false, not {other:?}"));
                false
            }
        }
    }

    pub fn parsed<T: std::str::FromStr>(
        &mut self,
        key: &str,
        default: &str,
        must: &str,
        fits: impl Fn(&T) -> bool,
    ) -> T {
        let given = self.text(key);
        if let Some(text) = &given {
            match text.parse::<T>() {
                Ok(value) if fits(&value) => return value,
                _ => self.problems.push(format!("{key}: must be {must}, not {text:?}")),
            }
        }
        default.parse().ok().expect("defaults are written to fit")
    }
}

/// A parser's message, which may quote the line it stumbled over, without what stands between the scheme and the host of URLs.
pub(super) fn masked(message: &str) -> String {
    let mut masked = String::with_capacity(message.len());
    let mut rest = message;
    while let Some((before, after)) = rest.split_once("://") {
        masked.push_str(before);
        masked.push_str("://");
        let line = after.find('\n').unwrap_or(after.len());
        rest = after[..line].rfind('@').map_or(after, |at| &after[at..]);
    }
    masked.push_str(rest);
    masked
}
