//! A socket in the compatible form: it shows one thing, a frame per value, and there is nothing to ask.
//!
//! The newest value comes first, if there is one. What comes too fast is folded here as well, and this form has no field to say so: who
//! needs every value reads the history. [`super::widget`] and [`super::output`] say what is shown.

use axum::extract::WebSocketUpgrade;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use edgesync_actors::device::socket::{Inbound, Outbound};
use edgesync_actors::live::{Session, Snapshot, Told, Update};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::Unit;
use edgesync_schemas::wire::close::{Close, CloseCode};
use edgesync_schemas::wire::live::{ErrCode, Folded, Point, Sub, SubId, Target, write_widget_value};
use edgesync_storage::catalog::News;
use futures_util::StreamExt;
use serde::Deserialize;

use super::WsSocket;
use super::authority::{Gone, Lost, Watching};
use super::line::{self, Line};
use super::live::{End, bounded, close};
use super::subscribe::{self, Began, Refused};
use super::viewer::{self, Viewer};
use crate::auth::{self, Credential};
use crate::error::Problem;
use crate::state::AppState;

/// What may stand behind the question mark of each such socket: any token, or that of a share link, for which a browser has no header.
#[derive(Deserialize)]
pub(super) struct Credentials {
    token: Option<String>,
    share: Option<String>,
}

/// Who asks for a socket, by the token of the address, of the header or of the cookie.
pub(super) struct Asking {
    news: News,
    credential: Credential,
    viewer: Viewer,
}

impl Asking {
    /// # Errors
    /// 401, and 403 for a cookie on somebody else's page.
    pub(super) async fn of(
        state: &AppState,
        credentials: Credentials,
        headers: &HeaderMap,
    ) -> Result<Self, Problem> {
        let token = viewer::token(headers, credentials.share, credentials.token)?
            .ok_or_else(|| Problem::unauthorized("this needs a session's token"))?;
        let (news, credential) = (state.catalog.news(), Credential::of(&token));
        Ok(Self { news, credential, viewer: Viewer::require(state, &credential).await? })
    }

    /// Completes the handshake and shows `target`, if they may watch it.
    ///
    /// # Errors
    /// 404 if there is no such thing for them, 403 if it is one whose source they may not read.
    pub(super) async fn shown(
        self,
        state: AppState,
        target: Target,
        upgrade: WebSocketUpgrade,
    ) -> Result<Response, Problem> {
        let Self { news, credential, viewer } = self;
        let mut watching = Watching::of(&state, news, credential, viewer);
        let max_hz = Some(limit::LIVE_HZ);
        let sub = Sub { id: SubId(0), target, points: Some(1), max_hz, since: None, from: None };
        watching.watch(&sub).await?;
        let serve = move |socket| async move {
            let mut socket = WsSocket::new(socket);
            let shown = Shown::run(&mut socket, &state, watching, sub);
            if let Err(end) = auth::narrowed(viewer.organization, shown).await {
                close(&mut socket, end).await;
            }
        };
        Ok(bounded(upgrade).on_upgrade(serve).into_response())
    }
}

/// An open socket, after what it shows first.
struct Shown<'a> {
    line: Line<'a>,
    session: Session,
    /// Of the value that was shown last.
    unit: Option<Unit>,
    /// The time of the newest value that was shown.
    newest: Option<Timestamp>,
}

impl<'a> Shown<'a> {
    async fn run(
        socket: &'a mut WsSocket,
        state: &'a AppState,
        watching: Watching,
        sub: Sub,
    ) -> Result<(), End> {
        let draining = state.actors.live.draining();
        let session = state.actors.live.session_of(watching.viewer().account);
        let session = session.map_err(|error| Close::new(CloseCode::Forbidden, error.to_string()))?;
        let line = Line::new(socket, state, watching, draining);
        Self { line, session, unit: None, newest: None }.show(sub).await
    }

    async fn show(mut self, sub: Sub) -> Result<(), End> {
        let node = sub.target.clone();
        self.check_node(&node)?;
        self.begin(sub).await?;
        let mut heartbeat = Line::heartbeat();
        loop {
            tokio::select! {
                biased;
                () = self.line.draining.told() => return Err(End::Drained),
                lost = line::lost(&mut self.line.meanwhile, &mut self.line.watching) => self.let_go(lost).await?,
                _ = heartbeat.tick() => {
                    self.line.beat().await?;
                    self.check_node(&node)?;
                }
                came = self.line.socket.next() => {
                    self.line.hear();
                    match came.ok_or(End::Gone)?? {
                        Inbound::Closed => return Err(End::Gone),
                        Inbound::Ping => self.line.pinged()?,
                        _ => {}
                    }
                }
                () = self.session.ready() => {
                    match self.session.take_told() {
                        Some((_, Told::Values(update))) => self.tell(update).await?,
                        Some((_, Told::Metrics(_))) | None => {}
                    }
                }
            }
        }
    }

    /// Subscribes, and shows the newest value.
    async fn begin(&mut self, sub: Sub) -> Result<(), End> {
        let began =
            subscribe::subscribe(self.line.state, &mut self.line.watching, &mut self.session, sub).await;
        match began.map_err(closed)? {
            Began::Values(snap) => self.begin_with(snap).await,
            Began::Metrics(_) => Ok(()),
        }
    }

    async fn begin_with(&mut self, snap: Snapshot) -> Result<(), End> {
        self.unit = snap.unit;
        self.newest = snap.points.last().map(|point| point.ts);
        let newest = snap.points.last().map(|point| self.frame(point));
        self.line.write(newest.into_iter().collect()).await
    }

    async fn tell(&mut self, update: Update) -> Result<(), End> {
        self.unit = update.unit.or(self.unit.take());
        if !self.session.tells_buckets(SubId(0)) {
            let frames = update.values.iter().map(|value| self.frame(&value.point)).collect();
            return self.line.write(frames).await;
        }
        let newest = newest(&update.values, self.newest);
        self.newest = newest.map(|bucket| bucket.ts).or(self.newest);
        let frame = newest.map(|bucket| self.frame(bucket));
        self.line.write(frame.into_iter().collect()).await
    }

    fn frame(&self, point: &Point) -> Outbound {
        let mut out = String::new();
        write_widget_value(&mut out, point, self.unit.as_ref().map(Unit::as_str));
        Outbound::Text(out)
    }

    /// Ends if it may not be watched any more; goes on with what the widget shows now.
    async fn let_go(&mut self, lost: Lost) -> Result<(), End> {
        let lost = match lost {
            Lost::All(close) => return Err(close.into()),
            Lost::Some(lost) => lost,
        };
        for (_, gone) in lost {
            match gone {
                Gone::Refused(refused) => return Err(closed(refused)),
                Gone::Changed(sub) => self.begin(sub).await?,
            }
        }
        Ok(())
    }

    /// That the node is there, as far as the flow runs: one that does not may get it with its next version, and is waited for.
    fn check_node(&self, target: &Target) -> Result<(), End> {
        let Target::FlowNode { flow, node, .. } = target else { return Ok(()) };
        if self.line.state.actors.live.has_node(*flow, node) == Some(false) {
            return Err(
                Close::new(CloseCode::NotFound, format!("the flow that runs has no node {node}")).into()
            );
        }
        Ok(())
    }
}

/// Of buckets the newest, unless a newer one was shown: this form shows one value, and has no place for what came late for an older one.
fn newest(values: &[Folded], shown: Option<Timestamp>) -> Option<&Point> {
    let newest = values.iter().map(|value| &value.point).max_by_key(|point| point.ts)?;
    shown.is_none_or(|shown| newest.ts >= shown).then_some(newest)
}

fn closed(Refused { code, message }: Refused) -> End {
    let code = match code {
        ErrCode::NotFound => CloseCode::NotFound,
        ErrCode::Forbidden | ErrCode::Limit => CloseCode::Forbidden,
        ErrCode::Malformed => CloseCode::Malformed,
        ErrCode::Unavailable => CloseCode::Unavailable,
    };
    Close::new(code, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_buckets_the_newest_is_shown_and_none_that_is_older_than_what_is() {
        let at = |ms| Timestamp::from_ms(ms).unwrap();
        let bucket = |ms: i64| {
            let point = Point { ts: at(ms), num: ms as f64, raw: None };
            Folded { point, spread: None }
        };
        let shown = |buckets: &[i64], shown: Option<i64>| {
            let buckets: Vec<_> = buckets.iter().copied().map(bucket).collect();
            newest(&buckets, shown.map(at)).map(|point| point.num)
        };
        assert_eq!(shown(&[1_000, 3_000, 2_000], None), Some(3_000.0));
        assert_eq!(shown(&[3_000], Some(3_000)), Some(3_000.0), "it goes on");
        assert_eq!(shown(&[1_000, 2_000], Some(3_000)), None, "they came late");
        assert_eq!(shown(&[1_000, 4_000], Some(3_000)), Some(4_000.0));
    }
}
