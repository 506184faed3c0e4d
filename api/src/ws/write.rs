//! Frames on their way to somebody who watches: they wait for the network, and what may not wait for it is heard meanwhile.

use std::time::Duration;

use edgesync_actors::device::socket::{Broken, Outbound};
use edgesync_actors::live::{Draining, Queued};
use edgesync_schemas::limit;
use futures_util::SinkExt;
use tokio::time::{Instant, timeout};

use super::WsSocket;
use super::authority::{Lost, Watching};
use super::live::End;

/// A write that lasts longer has waited for its reader.
const TAKEN: Duration = Duration::from_secs(1);

/// What happened while frames were written.
pub(super) struct Written {
    /// They had to wait for their reader.
    pub(super) waited: bool,
    /// What may not be watched any more: nothing of it may be told from now on.
    pub(super) lost: Option<Lost>,
}

/// Writes frames. A network that stands still keeps neither what is lost nor the server's going down from being heard: the first is told behind the frames that are
/// on their way, the second ends the socket.
pub(super) async fn write(
    socket: &mut WsSocket,
    frames: Vec<Outbound>,
    mut queued: Queued,
    mut watching: Option<&mut Watching>,
    draining: &mut Draining,
) -> Result<Written, End> {
    let began = Instant::now();
    let bytes = |frame: &Outbound| if let Outbound::Text(text) = frame { text.len() } else { 0 };
    queued.add(frames.iter().map(bytes).sum());
    let writing = in_time(async {
        for frame in frames {
            socket.feed(frame).await?;
        }
        socket.flush().await
    });
    let mut writing = std::pin::pin!(writing);
    let mut lost = None;
    loop {
        let ends = async {
            match &mut watching {
                Some(watching) => watching.lost().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            written = &mut writing => {
                written?;
                return Ok(Written { waited: began.elapsed() > TAKEN, lost });
            }
            () = draining.told() => return Err(End::Drained),
            found = ends, if lost.is_none() => lost = Some(found),
        }
    }
}

/// Waits for the network, but not for ever.
pub(super) async fn in_time(write: impl Future<Output = Result<(), Broken>>) -> Result<(), End> {
    match timeout(Duration::from_secs(limit::LIVE_WRITE_S), write).await {
        Ok(written) => Ok(written?),
        Err(_) => Err(End::Gone),
    }
}
