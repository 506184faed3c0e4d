//! One turn of a device's socket at a time: read what is there, admit it, hand it to the log, answer what became durable.
//!
//! Bounds: one turn takes at most [`limit::TURN_FRAMES`] frames and about [`limit::TURN_BYTES`] of messages, and begins only while the log's byte
//! budget has room for whatever that can become ([`limit::TURN_ROOM_BYTES`]). Without room nothing is read, so TCP slows the device, and no reading is in memory
//! that the budget does not know. What may be asked of a connection meanwhile (close, replace, drain) is done at once. Nothing here
//! waits for a flow or a dashboard.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::Duration;

use edgesync_schemas::limit;
use edgesync_schemas::reading::{AdmittedBatch, Quality};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::wire::close::{Close, CloseCode};
use edgesync_schemas::wire::encoding::{Message, Received};
use edgesync_storage::log::{Append, OnCommit, Permit};
use futures_util::SinkExt;
use tokio::time::{Instant, timeout};

use super::counters::{Counters, Counting};
use super::open::{Context, End, Identity, end, send};
use super::presence::now;
use super::registry::Attached;
use super::socket::{Inbound, Outbound, Socket};
use super::{numbered, unnumbered};

/// Which form of the protocol a connection speaks.
pub(super) enum Session {
    Numbered(numbered::Session),
    Unnumbered(unnumbered::Session),
}

/// An open connection and what it waits for.
pub(super) struct Connection {
    context: Arc<Context>,
    counters: Arc<Counters>,
    attached: Attached,
    identity: Identity,
    session: Session,
    /// The budget has no room: nothing is read until this connection's turn comes.
    no_room: bool,
    /// Room for whatever this turn may take; given back when there is nothing to read, and cut to size when there was.
    room: Option<Permit>,
    replies: Vec<Message>,
    last_heard: Instant,
    next_ping: Instant,
    pings: u32,
    /// Since when the device has had more frames outstanding than its credit.
    over_credit: Option<Instant>,
    /// Until when nothing is read, because the device was faster than its rate.
    paused: Option<Instant>,
    /// When the rate would be used up exactly (a generic cell rate algorithm: one moment instead of a bucket).
    paid_until: Instant,
}

const HEARTBEAT: Duration = Duration::from_secs(limit::HEARTBEAT_S);
const IDLE: Duration = Duration::from_millis(limit::HEARTBEAT_S * 2500);
const CREDIT_GRACE: Duration = Duration::from_secs(limit::CREDIT_GRACE_S);
/// A device may be this far ahead of its rate before it is slowed: a second's frames at once.
const RATE_BURST: Duration = Duration::from_secs(1);

impl Connection {
    /// Boxed: it is handed from future to future, each of which would keep room for it for as long as the socket is open.
    pub(super) fn new(
        context: &Arc<Context>,
        attached: Attached,
        identity: Identity,
        session: Session,
    ) -> Box<Self> {
        let start = Instant::now();
        Box::new(Self {
            context: Arc::clone(context),
            counters: Arc::clone(context.devices.counters()),
            attached,
            identity,
            session,
            no_room: false,
            room: None,
            replies: Vec::new(),
            last_heard: start,
            next_ping: start + HEARTBEAT,
            pings: 0,
            over_credit: None,
            paused: None,
            paid_until: start,
        })
    }

    /// Turns until the connection ends. All that was taken by then is with the log.
    pub(super) async fn serve<S: Socket>(&mut self, socket: &mut S) -> End {
        loop {
            if let Err(end) = self.turn(socket).await {
                return end;
            }
        }
    }

    async fn turn<S: Socket>(&mut self, socket: &mut S) -> Result<(), End> {
        let (link, context, deadline) =
            (Arc::clone(&self.attached.link), Arc::clone(&self.context), self.deadline());
        let (no_room, may_read) = (self.no_room, self.may_read());
        // Boxed, and made when polled: nearly no turn waits for room, and an idle connection should not keep space for it.
        let reserve = async { Box::pin(context.log.reserve(limit::TURN_ROOM_BYTES)).await };
        tokio::select! {
            biased;
            () = link.woken() => {
                if let Some(close) = link.closing() {
                    return Err(close.clone().into());
                }
                self.settle();
                if link.take_recheck() {
                    Box::pin(self.identity.check(&context.catalog)).await?;
                }
            }
            room = reserve, if no_room => {
                self.no_room = false;
                self.room = Some(room);
            }
            read = self.receive(socket), if may_read => {
                read?;
            }
            () = tokio::time::sleep_until(deadline) => Box::pin(self.on_deadline(socket)).await?,
        }
        self.answer(socket).await
    }

    fn may_read(&self) -> bool {
        let is_full = match &self.session {
            // One more than the credit is read, so that a device that ignores it is noticed.
            Session::Numbered(_) => self.over_credit.is_some(),
            // These forms know no credit: their devices are slowed and nothing else.
            Session::Unnumbered(session) => session.outstanding() >= u64::from(limit::CREDIT_FRAMES),
        };
        !is_full && !self.no_room && self.paused.is_none()
    }

    /// Reads what is there, up to a turn's bounds.
    async fn receive<S: Socket>(&mut self, socket: &mut S) -> Result<(), End> {
        let (mut frames, mut bytes) = (0, 0);
        let mut now_ts = None;
        let end = poll_fn(|cx| {
            if self.room.is_none() {
                self.room = self.context.log.try_reserve(limit::TURN_ROOM_BYTES);
            }
            if self.room.is_none() {
                self.counters.waited.fetch_add(1, Relaxed);
                self.no_room = true;
                return Poll::Ready(None);
            }
            while frames < limit::TURN_FRAMES && bytes < limit::TURN_BYTES {
                let inbound = match Pin::new(&mut *socket).poll_next(cx) {
                    Poll::Pending if frames == 0 => {
                        // Room is for those who have something to say.
                        self.room = None;
                        return Poll::Pending;
                    }
                    Poll::Pending => break,
                    Poll::Ready(None) => return Poll::Ready(Some(End::Gone)),
                    Poll::Ready(Some(Err(broken))) => return Poll::Ready(Some(broken.into())),
                    Poll::Ready(Some(Ok(inbound))) => inbound,
                };
                frames += 1;
                let now = *now_ts.get_or_insert_with(now);
                let taken = match inbound {
                    Inbound::Text(text) => self.take(Received::Text(&text), now, &mut bytes),
                    Inbound::Binary(binary) => self.take(Received::Binary(&binary), now, &mut bytes),
                    Inbound::Ping => {
                        self.pings += 1;
                        if self.pings > limit::PINGS_PER_HEARTBEAT {
                            return Poll::Ready(Some(end(CloseCode::FlowControl, "too many pings")));
                        }
                        Ok(())
                    }
                    Inbound::Pong => Ok(()),
                    Inbound::Closed => return Poll::Ready(Some(End::Gone)),
                };
                if let Err(close) = taken {
                    return Poll::Ready(Some(close.into()));
                }
                if self.outstanding() > u64::from(limit::CREDIT_FRAMES) || self.is_full() {
                    break;
                }
            }
            Poll::Ready(None)
        })
        .await;
        if self.no_room {
            return Ok(());
        }
        self.last_heard = Instant::now();
        self.attached.link.hear(now_ts.unwrap_or_else(now));
        if let Session::Numbered(session) = &self.session
            && session.outstanding() > u64::from(limit::CREDIT_FRAMES)
        {
            self.over_credit.get_or_insert(self.last_heard);
        }
        self.pay(frames as u32);
        self.hand_over(now_ts.unwrap_or_else(now), frames as u64);
        match end {
            None => Ok(()),
            Some(end) => Err(end),
        }
    }

    fn take(&mut self, message: Received<'_>, now: Timestamp, bytes: &mut usize) -> Result<(), Close> {
        *bytes += message.len();
        let counters = Counting { all: &self.counters, own: self.attached.link.tally() };
        match &mut self.session {
            Session::Numbered(session) => session.take(message, now, counters, &mut self.replies),
            Session::Unnumbered(session) => session.take(message, now, counters),
        }
    }

    fn is_full(&self) -> bool {
        match &self.session {
            Session::Numbered(session) => session.is_full(),
            Session::Unnumbered(session) => session.is_full(),
        }
    }

    /// Makes a batch of what was taken, and hands it to the log.
    fn hand_over(&mut self, now: Timestamp, frames: u64) {
        let batch = match &mut self.session {
            Session::Numbered(session) => session.batch(now),
            Session::Unnumbered(session) => session.batch(now),
        };
        // A turn without readings keeps its room no longer than one with.
        let Some((tag, batch)) = batch else {
            self.room = None;
            return;
        };
        let ahead = batch.columns.quality.iter().filter(|quality| quality.has(Quality::CLOCK_AHEAD)).count();
        self.counters.frames.fetch_add(frames, Relaxed);
        self.counters.readings.fetch_add(batch.columns.len() as u64, Relaxed);
        self.counters.clock_ahead.fetch_add(ahead as u64, Relaxed);
        let Some(mut permit) = self.room.take() else { return };
        debug_assert!(batch_bytes(&batch) <= limit::TURN_ROOM_BYTES, "a turn has become more than its room");
        permit.shrink(batch_bytes(&batch));
        let on_commit = Arc::clone(&self.attached.link) as Arc<dyn OnCommit>;
        self.context.log.submit(Append { batch, permit, tag, on_commit });
    }

    fn settle(&mut self) {
        let counters = Counting { all: &self.counters, own: self.attached.link.tally() };
        while let Some((tag, outcome)) = self.attached.link.take_outcome() {
            match &mut self.session {
                Session::Numbered(session) => session.settle(tag, outcome, counters, &mut self.replies),
                Session::Unnumbered(session) => session.settle(tag, outcome),
            }
        }
        if self.outstanding() <= u64::from(limit::CREDIT_FRAMES) {
            self.over_credit = None;
        }
    }

    async fn answer<S: Socket>(&mut self, socket: &mut S) -> Result<(), End> {
        match &mut self.session {
            Session::Numbered(session) => self.replies.extend(std::iter::from_fn(|| session.ack())),
            Session::Unnumbered(session) => session.answers(&mut self.replies),
        }
        if self.replies.is_empty() {
            return Ok(());
        }
        Box::pin(self.write(socket)).await
    }

    /// All of a turn's answers in one write.
    async fn write<S: Socket>(&mut self, socket: &mut S) -> Result<(), End> {
        let replies = &mut self.replies;
        let write = async {
            for reply in replies.drain(..) {
                socket.feed(reply.into()).await?;
            }
            socket.flush().await
        };
        match timeout(CREDIT_GRACE, write).await {
            Ok(written) => Ok(written?),
            Err(_) => Err(end(CloseCode::FlowControl, "answers are not being read")),
        }
    }

    fn outstanding(&self) -> u64 {
        match &self.session {
            Session::Numbered(session) => session.outstanding(),
            Session::Unnumbered(session) => session.outstanding(),
        }
    }

    /// Charges a turn's frames to the device's rate, and pauses reading if it is ahead of it.
    fn pay(&mut self, frames: u32) {
        if self.context.frames_per_s == 0 {
            return;
        }
        let cost = Duration::from_secs(1) * frames / self.context.frames_per_s;
        self.paid_until = self.paid_until.max(self.last_heard) + cost;
        if self.paid_until > self.last_heard + RATE_BURST {
            self.paused = Some(self.paid_until - RATE_BURST);
        }
    }

    fn deadline(&self) -> Instant {
        let over = self.over_credit.map(|since| since + CREDIT_GRACE);
        let idle = self.may_read().then(|| self.last_heard + IDLE);
        [over, idle, self.paused].into_iter().flatten().fold(self.next_ping, Instant::min)
    }

    async fn on_deadline<S: Socket>(&mut self, socket: &mut S) -> Result<(), End> {
        let now = Instant::now();
        if self.paused.is_some_and(|until| until <= now) {
            self.paused = None;
        }
        if self.over_credit.is_some_and(|since| since + CREDIT_GRACE <= now) {
            return Err(end(CloseCode::FlowControl, "more frames outstanding than the credit for 10 s"));
        }
        // While we do not read, silence says nothing about the peer.
        if self.may_read() && self.last_heard + IDLE <= now {
            return Err(end(CloseCode::Idle, "nothing heard for 75 s"));
        }
        if self.next_ping <= now {
            self.identity.check(&self.context.catalog).await?;
            self.pings = 0;
            self.next_ping = now + HEARTBEAT;
            send(socket, Outbound::Ping).await?;
        }
        Ok(())
    }
}

/// What a batch takes of the budget.
fn batch_bytes(batch: &AdmittedBatch) -> usize {
    // Beside the columns: the batch itself, its queue entry and its frame ends.
    batch.columns.bytes() + 256 + batch.numbered.as_ref().map_or(0, |numbered| numbered.frames.len() * 16)
}
