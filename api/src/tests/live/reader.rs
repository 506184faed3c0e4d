//! Reads a stream of events, as a browser would.

use std::time::Duration;

use axum::body::BodyDataStream;

use super::super::*;

/// Shorter than the time between two comments.
const PATIENCE: Duration = Duration::from_secs(10);

/// A stream of events that is read.
pub(super) struct Events {
    pub(super) headers: HeaderMap,
    pub(super) body: BodyDataStream,
    text: String,
}

/// What stands between two empty lines.
#[derive(Debug, PartialEq)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) retry: String,
    pub(super) data: Value,
}

impl Events {
    pub(super) fn new(headers: HeaderMap, body: Body) -> Self {
        Self { headers, body: body.into_data_stream(), text: String::new() }
    }

    /// The next event or comment; nothing if the stream has ended.
    pub(super) async fn next(&mut self) -> Option<Event> {
        while !self.text.contains("\n\n") {
            let part = tokio::time::timeout(PATIENCE, self.body.next());
            let part = part.await.expect("something comes soon")?.ok()?;
            self.text.push_str(std::str::from_utf8(&part).unwrap());
        }
        let (block, rest) = self.text.split_once("\n\n").unwrap();
        let field = |name: &str| {
            let mut found = block.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            let first = found.next().unwrap_or_default().to_owned();
            assert_eq!(found.next(), None, "{name} twice in {block:?}");
            first
        };
        let data = field("data");
        let data = if data.is_empty() { Value::Null } else { serde_json::from_str(&data).unwrap() };
        let event = Event { name: field("event"), id: field("id"), retry: field("retry"), data };
        self.text = rest.to_owned();
        Some(event)
    }

    /// The next event, which must have this name; comments are passed over.
    pub(super) async fn expect(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("it ended before {name}"));
            if !event.name.is_empty() {
                assert_eq!(event.name, name, "{event:?}");
                return event;
            }
        }
    }
}
