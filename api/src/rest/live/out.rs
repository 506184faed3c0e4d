//! Where a stream of events is written: one part at a time. The next may be made when the network has taken the one before, so what a slow
//! reader costs is one part, and values fold meanwhile.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use edgesync_actors::live::Queued;
use edgesync_schemas::limit;
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};

/// The writing end of an answer.
#[derive(Debug)]
pub(super) struct Out {
    to: mpsc::Sender<io::Result<Bytes>>,
    /// One permit, which the part that is on its way holds.
    room: Arc<Semaphore>,
    wrote: Instant,
}

/// That the part before has been taken.
pub(super) type Room = OwnedSemaphorePermit;

/// The reader took nothing for too long.
#[derive(Debug)]
pub(super) struct Stalled;

/// A part. The connection drops it when it has given its last byte to the network.
struct Part {
    text: String,
    _queued: Queued,
    _room: Room,
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

/// An answer that is written while it is sent. It ends when its writing end is dropped.
pub(super) fn answer() -> (Out, Body) {
    // A part, and behind it that it was cut.
    let (to, taken) = mpsc::channel(2);
    let parts =
        stream::unfold(taken, async |mut taken: mpsc::Receiver<_>| Some((taken.recv().await?, taken)));
    (Out { to, room: Arc::new(Semaphore::new(1)), wrote: Instant::now() }, Body::from_stream(parts))
}

impl Out {
    /// Waits until nothing is on its way. Cancel safe.
    ///
    /// # Errors
    /// [`Stalled`] if that takes more than [`limit::LIVE_EVENTS_WRITE_S`] from the last part on.
    pub(super) async fn room(&self) -> Result<Room, Stalled> {
        let until = self.wrote + Duration::from_secs(limit::LIVE_EVENTS_WRITE_S);
        match timeout_at(until, Arc::clone(&self.room).acquire_owned()).await {
            Ok(Ok(room)) => Ok(room),
            _ => Err(Stalled),
        }
    }

    /// Whether nothing is on its way.
    pub(super) fn room_now(&self) -> Option<Room> {
        Arc::clone(&self.room).try_acquire_owned().ok()
    }

    /// Sends a part on its way; `queued` counts it until it is gone. Nothing happens if the reader is gone.
    pub(super) fn write(&mut self, room: Room, text: String, mut queued: Queued) {
        self.wrote = Instant::now();
        queued.add(text.len());
        let _ = self.to.try_send(Ok(Bytes::from_owner(Part { text, _queued: queued, _room: room })));
    }

    /// Cuts the connection: what is on its way is not waited for.
    pub(super) fn cut(&self) {
        let _ = self.to.try_send(Err(io::Error::other("the reader takes nothing")));
    }

    /// Waits until the reader is gone. Cancel safe.
    pub(super) async fn gone(&self) {
        self.to.closed().await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_part_makes_room_when_it_was_taken_and_dropped() {
        let (mut out, body) = answer();
        let mut body = body.into_data_stream();
        let room = out.room().await.unwrap();
        assert!(out.room_now().is_none());
        out.write(room, "one".to_owned(), Queued::default());
        assert!(out.room_now().is_none(), "it is on its way");
        let part = body.next().await.unwrap().unwrap();
        assert_eq!(part, "one");
        let rest = part.slice(1..);
        drop(part);
        assert!(out.room_now().is_none(), "some of it is not written yet");
        drop(rest);
        assert!(out.room_now().is_some());

        let begun = Instant::now();
        let room = out.room().await.unwrap();
        out.write(room, "two".to_owned(), Queued::default());
        assert!(out.room().await.is_err(), "nobody takes it");
        assert_eq!(begun.elapsed().as_secs(), limit::LIVE_EVENTS_WRITE_S);
        out.cut();
        drop(out);
        let parts: Vec<_> = body.map(|part| part.is_ok()).collect().await;
        assert_eq!(parts, [true, false], "it is cut, not ended");
    }

    #[tokio::test]
    async fn who_hangs_up_is_gone() {
        let (out, body) = answer();
        drop(body);
        out.gone().await;
    }
}
