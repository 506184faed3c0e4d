//! Answers that are made while they are sent. What a request's task carries (the organization that it sees, the key that it works for)
//! is not there any more when the connection asks for the next part of its answer: so a task that carries it makes the parts.

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use edgesync_storage::catalog::idempotency::carry_on;
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;

/// Whether an answer is made to its end if nobody takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenGone {
    /// No: what is not sent is not done.
    Stop,
    /// Yes.
    GoOn,
}

/// Whether the answer is made while it is sent. One whose length is known is whole.
pub(crate) fn is_streamed(response: &Response) -> bool {
    response.body().size_hint().exact().is_none()
}

/// The response, its answer made by a task that carries what the present one does. One part at most waits to be taken. `done` is
/// awaited behind the last.
pub(crate) fn carried(
    response: Response,
    when_gone: WhenGone,
    done: impl Future<Output = ()> + Send + 'static,
) -> Response {
    let (parts, body) = response.into_parts();
    let (to, taken) = mpsc::channel(1);
    tokio::spawn(carry_on(async move {
        pump(body, to, when_gone).await;
        done.await;
    }));
    let taken = stream::unfold(taken, async |mut taken| Some((taken.recv().await?, taken)));
    Response::from_parts(parts, Body::from_stream(taken))
}

async fn pump(body: Body, to: mpsc::Sender<Result<Bytes, axum::Error>>, when_gone: WhenGone) {
    let mut made = body.into_data_stream();
    loop {
        let part = tokio::select! {
            part = made.next() => part,
            // The next part may be long in coming, and what makes it holds a place meanwhile.
            () = to.closed(), if when_gone == WhenGone::Stop => return,
        };
        let Some(part) = part else { return };
        if to.send(part).await.is_err() && when_gone == WhenGone::Stop {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::oneshot;

    use super::*;

    /// How many of ten parts are made of an answer that nobody takes.
    async fn made(when_gone: WhenGone) -> u32 {
        let made = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&made);
        let parts = stream::iter(0..10).map(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::io::Error>("part")
        });
        let response = Response::new(Body::from_stream(parts));
        assert!(is_streamed(&response) && !is_streamed(&Response::new(Body::from("whole"))));
        let (done, is_done) = oneshot::channel();
        drop(carried(response, when_gone, async {
            let _ = done.send(());
        }));
        is_done.await.unwrap();
        made.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn an_answer_that_nobody_takes_is_made_to_its_end_or_not() {
        assert_eq!(made(WhenGone::GoOn).await, 10);
        assert!(made(WhenGone::Stop).await < 10);
    }

    #[tokio::test]
    async fn parts_are_handed_on_as_they_were_made() {
        let parts = ["one ", "two"].map(Ok::<_, std::io::Error>);
        let response = Response::new(Body::from_stream(stream::iter(parts)));
        let body = carried(response, WhenGone::Stop, async {}).into_body();
        assert_eq!(axum::body::to_bytes(body, 100).await.unwrap(), "one two");
    }
}
