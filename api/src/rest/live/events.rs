//! `GET /api/v1/live/{widget}/events`: a widget as server-sent events (HTML, section 9.2).
//!
//! One task makes the stream, and no more of it than the network takes: see [`super::out`]. A browser that loses the connection comes back by
//! itself with the id of the last event that it has, which is its place.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use edgesync_actors::live::{Draining, Session};
use edgesync_schemas::id::WidgetId;
use edgesync_schemas::limit;
use edgesync_schemas::wire::live::{self, Position};
use edgesync_storage::catalog::idempotency::carry_on;
use tokio::time::{Instant, MissedTickBehavior, timeout};
use tracing::debug;

use super::out::{self, Out, Room, Stalled};
use super::{Begun, anew, begin, first, next, number, place, token};
use crate::auth::Auth;
use crate::error::Problem;
use crate::openapi::Role;
use crate::page::{Params, Path};
use crate::state::AppState;
use crate::ws::authority::{Lost, Watching};
use crate::ws::live::after_ms;
use crate::ws::subscribe::{self, Begins, Refused};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A widget as server-sent events, for networks that let no WebSocket through.
///
/// Events `snap`, `upd`, `err` and `bye` with the frames of the live socket, whose `id` is 0. The id of `snap` and `upd` is their place, `epoch:offset`; a
/// browser that comes back sends it in `Last-Event-ID`, and the stream goes on from there. A comment comes every 15 s. Behind `err` and `bye` the stream ends.
#[utoipa::path(
    get,
    path = "/live/{widget}/events",
    operation_id = "watch_widget",
    tag = "dashboards",
    params(
        ("widget" = WidgetId, Path, description = "the widget, by its `id`"),
        ("points" = Option<u32>, Query, description = "Values to begin with; 2,000 at most. Those of the widget if absent."),
        ("max_hz" = Option<f64>, Query, description = "Values a second, 50 at most; more are folded. One in the widget's refresh interval if absent."),
        ("from" = Option<i64>, Query, description = "Begin with the history from this time on, in milliseconds since 1970, in at most `points` (2,000) points; `Last-Event-ID` goes before it."),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that is known, `epoch:offset`."),
    ),
    responses((status = 200, description = "the events", content((String = "text/event-stream")))),
    extensions(("x-role" = json!(Role::User)), ("x-scope" = json!("read")))
)]
pub(super) async fn events(
    State(state): State<AppState>,
    _auth: Auth,
    Path(widget): Path<WidgetId>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let since = last_event(&headers)?;
    let begun = begin(&state, token(&headers)?, widget, &params, since).await?;
    Ok(answer(state, begun))
}

/// The place that a browser comes back from.
pub(super) fn last_event(headers: &HeaderMap) -> Result<Option<Position>, Problem> {
    headers.get(LAST_EVENT_ID).map(since).transpose()
}

/// A stream that goes on from what was begun.
pub(super) fn answer(state: AppState, begun: Begun) -> Response {
    let (out, body) = out::answer();
    // It is looked up as this request sees it: a token may see one organization only.
    tokio::spawn(carry_on(Stream::run(state, begun, out)));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // nginx, and those who took it over, would collect events before they pass them on
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, body).into_response()
}

fn since(id: &HeaderValue) -> Result<Position, Problem> {
    let parts = id.to_str().ok().and_then(|id| id.split_once(':'));
    let position =
        parts.and_then(|(epoch, offset)| Some(Position { epoch: number(epoch)?, offset: number(offset)? }));
    let wrong = "Last-Event-ID must be the id of an event of this stream, epoch:offset";
    position.ok_or_else(|| Problem::bad_request("invalid_header", wrong))
}

/// A stream that goes on.
struct Stream {
    state: AppState,
    watching: Watching,
    session: Session,
    draining: Draining,
    epoch: u64,
    out: Out,
}

/// Why it ends.
enum End {
    Gone,
    Stalled,
    Drained,
    Refused(Refused),
}

impl From<Stalled> for End {
    fn from(_: Stalled) -> Self {
        Self::Stalled
    }
}

impl Stream {
    async fn run(state: AppState, begun: Begun, mut out: Out) {
        let Begun { watching, session, draining, began } = begun;
        let Ok(room) = out.room().await else { return };
        let mut text = format!("retry: {}\n\n", limit::LIVE_EVENTS_RETRY_MS);
        let position = place(&began);
        event(&mut text, "snap", Some(position), &first(&began));
        drop(began);
        out.write(room, text, state.actors.live.queued());
        let mut stream = Self { state, watching, session, draining, epoch: position.epoch, out };
        let end = stream.go_on().await;
        stream.end(end).await;
    }

    async fn go_on(&mut self) -> End {
        let period = Duration::from_secs(limit::LIVE_EVENTS_HEARTBEAT_S);
        let mut heartbeat = tokio::time::interval_at(Instant::now() + period, period);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let (out, session, draining) = (&self.out, &self.session, &mut self.draining);
            // Values fold while there is no room.
            let ready = async {
                let room = out.room().await?;
                session.ready().await;
                Ok::<_, Stalled>(room)
            };
            let done = tokio::select! {
                () = out.gone() => return End::Gone,
                () = draining.told() => return End::Drained,
                room = ready => room.map(|room| self.tell(room)).map_err(End::from),
                lost = self.watching.lost() => self.anew(lost).await,
                _ = heartbeat.tick() => {
                    self.beat();
                    Ok(())
                }
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// Tells what is due, as much as may be made ahead.
    fn tell(&mut self, room: Room) {
        let mut text = String::new();
        while text.len() < limit::LIVE_WRITE_BYTES {
            let Some((_, told)) = self.session.take_told() else { break };
            let (name, frame, offset) = next(&told);
            event(&mut text, name, Some(Position { epoch: self.epoch, offset }), &frame);
        }
        if !text.is_empty() {
            self.out.write(room, text, self.state.actors.live.queued());
        }
    }

    /// Begins with what the widget shows now, or ends. It may be lost again while that is read.
    async fn anew(&mut self, lost: Lost) -> Result<(), End> {
        let mut sub = anew(lost).map_err(End::Refused)?;
        let began = loop {
            let id = sub.id;
            let begins =
                subscribe::begin(&self.state, &mut self.watching, &mut self.session, sub.clone()).await;
            let mut beginning = match begins.map_err(End::Refused)? {
                Begins::Now(began) => break began,
                Begins::Reading(beginning) => beginning,
            };
            let read = tokio::select! {
                biased;
                () = self.draining.told() => return Err(End::Drained),
                lost = self.watching.lost() => {
                    sub = anew(lost).map_err(End::Refused)?;
                    continue;
                }
                read = beginning.read() => read,
            };
            let began = subscribe::begun(&mut self.watching, &mut self.session, id, beginning, read);
            break began.map_err(End::Refused)?;
        };
        let position = place(&began);
        self.epoch = position.epoch;
        let room = self.out.room().await?;
        let mut text = String::new();
        event(&mut text, "snap", Some(position), &first(&began));
        self.out.write(room, text, self.state.actors.live.queued());
        Ok(())
    }

    fn beat(&mut self) {
        // What is on its way keeps the connection open as well.
        if let Some(room) = self.out.room_now() {
            self.out.write(room, ":\n\n".to_owned(), self.state.actors.live.queued());
        }
    }

    /// Says why it ends, if there is room for that in time.
    async fn end(mut self, end: End) {
        let mut text = String::new();
        match end {
            End::Gone => return,
            End::Stalled => {
                debug!("a stream of events was cut, its reader takes nothing");
                return self.out.cut();
            }
            End::Drained => {
                let (after_ms, mut bye) = (after_ms(), String::new());
                live::write_bye(&mut bye, "draining", after_ms);
                text = format!("retry: {after_ms}\n");
                event(&mut text, "bye", None, &bye);
            }
            End::Refused(Refused { code, message }) => {
                let mut err = String::new();
                live::write_err(&mut err, Some(super::ID), code, &message);
                event(&mut text, "err", None, &err);
            }
        }
        let patience = Duration::from_secs(limit::LIVE_BYE_S);
        match timeout(patience, self.out.room()).await {
            Ok(Ok(room)) => self.out.write(room, text, self.state.actors.live.queued()),
            _ => return self.out.cut(),
        }
        // Until it is on its way the server waits.
        let _ = timeout(patience, self.out.room()).await;
    }
}

/// Appends an event. A line ends the field that it is in, so the JSON becomes one: where strict JSON has the end of a line, a space means the same.
fn event(out: &mut String, name: &str, id: Option<Position>, json: &str) {
    out.push_str("event: ");
    out.push_str(name);
    if let Some(Position { epoch, offset }) = id {
        out.push_str(&format!("\nid: {epoch}:{offset}"));
    }
    out.push_str("\ndata: ");
    out.extend(json.chars().map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }));
    out.push_str("\n\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_one_line_of_data() {
        let mut out = String::new();
        event(&mut out, "upd", Some(Position { epoch: 1, offset: 7 }), "{\"v\":[{\r\n\"a\":\n1}]}");
        assert_eq!(out, "event: upd\nid: 1:7\ndata: {\"v\":[{  \"a\": 1}]}\n\n");
    }

    #[test]
    fn a_place_is_two_numbers() {
        let of = |text: &str| since(&text.parse().unwrap());
        assert_eq!(of("1:42").unwrap(), Position { epoch: 1, offset: 42 });
        for wrong in ["", "1", "1:", ":1", "1:x", "+1:2", "1:2:3", "-1:2", "1:99999999999999999999"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
