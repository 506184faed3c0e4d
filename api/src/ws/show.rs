//! A socket in the compatible form: it shows one thing, a frame per value, and there is nothing to ask.
//!
//! The newest value comes first, if there is one. What comes too fast is folded here as well, and this form has no field to say so: who
//! needs every value reads the history. [`super::widget`] and [`super::output`] say what is shown.

use std::time::Duration;

use axum::extract::WebSocketUpgrade;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use edgesync_actors::device::socket::{Inbound, Outbound};
use edgesync_actors::live::{Draining, Session, Snapshot, Told, Update};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::Unit;
use edgesync_schemas::wire::close::{Close, CloseCode};
use edgesync_schemas::wire::live::{ErrCode, Folded, Point, Sub, SubId, Target, write_widget_value};
use edgesync_storage::catalog::News;
use futures_util::StreamExt;
use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior};

use super::WsSocket;
use super::authority::{Gone, Lost, Watching};
use super::live::{End, bounded, close};
use super::subscribe::{self, Began, Refused};
use super::viewer::{self, Viewer};
use super::write::write;
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
    socket: &'a mut WsSocket,
    state: &'a AppState,
    watching: Watching,
    draining: Draining,
    session: Session,
    /// As in [`super::live`].
    lost: Option<Lost>,
    /// Of the value that was shown last.
    unit: Option<Unit>,
    /// The time of the newest value that was shown.
    newest: Option<Timestamp>,
    heard: Instant,
    pings: u32,
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
        let heard = Instant::now();
        let shown = Self {
            socket,
            state,
            watching,
            draining,
            session,
            lost: None,
            unit: None,
            newest: None,
            heard,
            pings: 0,
        };
        shown.show(sub).await
    }

    async fn show(mut self, sub: Sub) -> Result<(), End> {
        let node = sub.target.clone();
        self.check_node(&node)?;
        self.begin(sub).await?;
        let period = Duration::from_secs(limit::HEARTBEAT_S);
        let mut heartbeat = tokio::time::interval_at(Instant::now() + period, period);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if let Some(lost) = self.lost.take() {
                self.let_go(lost).await?;
                continue;
            }
            tokio::select! {
                came = self.socket.next() => match came.ok_or(End::Gone)?? {
                    Inbound::Closed => return Err(End::Gone),
                    Inbound::Ping => self.pinged()?,
                    _ => self.heard = Instant::now(),
                },
                () = self.session.ready() => {
                    match self.session.take_told() {
                        Some((_, Told::Values(update))) => self.tell(update).await?,
                        Some((_, Told::Metrics(_))) | None => {}
                    }
                }
                lost = self.watching.lost() => self.let_go(lost).await?,
                _ = heartbeat.tick() => {
                    self.beat(period).await?;
                    self.check_node(&node)?;
                }
                () = self.draining.told() => return Err(End::Drained),
            }
        }
    }

    /// Subscribes, and shows the newest value.
    async fn begin(&mut self, sub: Sub) -> Result<(), End> {
        let began = subscribe::subscribe(self.state, &mut self.watching, &mut self.session, sub).await;
        match began.map_err(closed)? {
            Began::Values(snap) => self.begin_with(snap).await,
            Began::Metrics(_) => Ok(()),
        }
    }

    async fn begin_with(&mut self, snap: Snapshot) -> Result<(), End> {
        self.unit = snap.unit;
        self.newest = snap.points.last().map(|point| point.ts);
        let newest = snap.points.last().map(|point| self.frame(point));
        self.write(newest.into_iter().collect()).await
    }

    async fn tell(&mut self, update: Update) -> Result<(), End> {
        self.unit = update.unit.or(self.unit.take());
        if !self.session.tells_buckets(SubId(0)) {
            let frames = update.values.iter().map(|value| self.frame(&value.point)).collect();
            return self.write(frames).await;
        }
        let newest = newest(&update.values, self.newest);
        self.newest = newest.map(|bucket| bucket.ts).or(self.newest);
        let frame = newest.map(|bucket| self.frame(bucket));
        self.write(frame.into_iter().collect()).await
    }

    fn frame(&self, point: &Point) -> Outbound {
        let mut out = String::new();
        write_widget_value(&mut out, point, self.unit.as_ref().map(Unit::as_str));
        Outbound::Text(out)
    }

    async fn write(&mut self, frames: Vec<Outbound>) -> Result<(), End> {
        let queued = self.state.actors.live.queued();
        let watching = self.lost.is_none().then_some(&mut self.watching);
        let written = write(self.socket, frames, queued, watching, &mut self.draining).await?;
        if written.waited {
            self.heard = Instant::now();
        }
        self.lost = self.lost.take().or(written.lost);
        Ok(())
    }

    fn pinged(&mut self) -> Result<(), End> {
        (self.heard, self.pings) = (Instant::now(), self.pings + 1);
        if self.pings > limit::PINGS_PER_HEARTBEAT {
            return Err(Close::new(CloseCode::FlowControl, "too many pings").into());
        }
        Ok(())
    }

    async fn beat(&mut self, period: Duration) -> Result<(), End> {
        if self.heard.elapsed() > period * 5 / 2 {
            return Err(Close::new(CloseCode::Idle, "silent for too long").into());
        }
        self.pings = 0;
        self.write(vec![Outbound::Ping]).await
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
                Gone::Changed(sub) => {
                    self.session.unsubscribe(sub.id);
                    self.begin(sub).await?;
                }
            }
        }
        Ok(())
    }

    /// That the node is there, as far as the flow runs: one that does not may get it with its next version, and is waited for.
    fn check_node(&self, target: &Target) -> Result<(), End> {
        let Target::FlowNode { flow, node, .. } = target else { return Ok(()) };
        if self.state.actors.live.has_node(*flow, node) == Some(false) {
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
