//! The connection to somebody who watches: frames wait for the network, and what may not wait for it is heard meanwhile.

use std::time::Duration;

use edgesync_actors::device::socket::Outbound;
use edgesync_actors::live::Draining;
use edgesync_schemas::limit;
use edgesync_schemas::wire::close::{Close, CloseCode};
use futures_util::SinkExt;
use tokio::time::{Instant, Interval, MissedTickBehavior, timeout};

use super::WsSocket;
use super::authority::{Lost, Watching};
use super::live::End;
use crate::state::AppState;

const HEARTBEAT: Duration = Duration::from_secs(limit::HEARTBEAT_S);
/// A write that lasts longer has waited for its reader.
const TAKEN: Duration = Duration::from_secs(1);

/// An open socket, who watches over it, and whether the server goes down.
pub(super) struct Line<'a> {
    pub(super) socket: &'a mut WsSocket,
    pub(super) state: &'a AppState,
    pub(super) watching: Watching,
    pub(super) draining: Draining,
    /// What was lost while the network was waited for: it ends before anything else is told.
    pub(super) meanwhile: Option<Lost>,
    heard: Instant,
    pings: u32,
}

impl<'a> Line<'a> {
    pub(super) fn new(
        socket: &'a mut WsSocket,
        state: &'a AppState,
        watching: Watching,
        draining: Draining,
    ) -> Self {
        Self { socket, state, watching, draining, meanwhile: None, heard: Instant::now(), pings: 0 }
    }

    /// Ticks when [`Self::beat`] is due.
    pub(super) fn heartbeat() -> Interval {
        let mut heartbeat = tokio::time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heartbeat
    }

    /// Something came.
    pub(super) fn hear(&mut self) {
        self.heard = Instant::now();
    }

    /// A ping came.
    pub(super) fn pinged(&mut self) -> Result<(), End> {
        self.pings += 1;
        if self.pings > limit::PINGS_PER_HEARTBEAT {
            return Err(Close::new(CloseCode::FlowControl, "too many pings").into());
        }
        Ok(())
    }

    /// Pings, and ends if nothing came for too long.
    pub(super) async fn beat(&mut self) -> Result<(), End> {
        if self.heard.elapsed() > HEARTBEAT * 5 / 2 {
            return Err(Close::new(CloseCode::Idle, "silent for too long").into());
        }
        self.pings = 0;
        self.write(vec![Outbound::Ping]).await
    }

    /// Writes frames, for [`limit::LIVE_WRITE_S`] at most. A network that stands still keeps nothing from being heard: what may not be watched any more is kept in
    /// mind until the frames that are on their way have gone; the end of what was shown, and the server's going down, end the socket.
    pub(super) async fn write(&mut self, frames: Vec<Outbound>) -> Result<(), End> {
        let began = Instant::now();
        let mut queued = self.state.actors.live.queued();
        let bytes = |frame: &Outbound| if let Outbound::Text(text) = frame { text.len() } else { 0 };
        queued.add(frames.iter().map(bytes).sum());
        let Self { socket, watching, draining, meanwhile, .. } = self;
        let writing = timeout(Duration::from_secs(limit::LIVE_WRITE_S), async {
            for frame in frames {
                socket.feed(frame).await?;
            }
            socket.flush().await
        });
        let mut writing = std::pin::pin!(writing);
        loop {
            tokio::select! {
                biased;
                written = &mut writing => {
                    written.map_err(|_| End::Gone)??;
                    break;
                }
                () = draining.told() => return Err(End::Drained),
                found = watching.lost(), if meanwhile.is_none() => match found {
                    Lost::All(close) => return Err(close.into()),
                    some => *meanwhile = Some(some),
                },
            }
        }
        if began.elapsed() > TAKEN {
            // It could not answer a ping that it had not read. Now it reads.
            self.heard = Instant::now();
        }
        Ok(())
    }
}

/// Waits until something is lost, and says at once what was while frames were written. Cancel safe.
pub(super) async fn lost(meanwhile: &mut Option<Lost>, watching: &mut Watching) -> Lost {
    match meanwhile.take() {
        Some(lost) => lost,
        None => watching.lost().await,
    }
}
