//! The listener: connections in, requests out, with the limits that hold before anybody has said who they are.
//!
//! An own loop instead of `axum::serve`, which sets no timeout for a request's head (a peer that dribbles headers would hold a
//! connection for ever) and counts nothing. A connection is counted until its TCP stream is dropped, upgraded sockets included.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::ConnectInfo;
use edgesync_schemas::limit;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What an operator may set.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections of the process. More are refused with 503.
    pub connections: usize,
    /// Connections from one address; 0 for no limit.
    pub connections_per_address: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: limit::CONNECTIONS, connections_per_address: limit::CONNECTIONS_PER_ADDRESS }
    }
}

/// Connections, counted.
#[derive(Debug, Default)]
pub struct Gate {
    options: Options,
    open: AtomicUsize,
    /// Connections taken since the start.
    pub accepted: AtomicU64,
    /// Connections refused because the process has too many.
    pub refused_full: AtomicU64,
    /// Connections refused because their address has too many.
    pub refused_address: AtomicU64,
    /// A std mutex: held for one look-up, never across an await.
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

impl Gate {
    /// A gate with these limits.
    pub fn new(options: Options) -> Self {
        Self { options, ..Self::default() }
    }

    /// Connections open now.
    pub fn open(&self) -> usize {
        self.open.load(Relaxed)
    }

    fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Place, &'static str> {
        if self.open.fetch_add(1, Relaxed) >= self.options.connections {
            self.open.fetch_sub(1, Relaxed);
            self.refused_full.fetch_add(1, Relaxed);
            return Err("the server has as many connections as it may");
        }
        let place = Place { gate: Arc::clone(self), address };
        if self.options.connections_per_address > 0 {
            let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
            let count = by_address.entry(address).or_default();
            *count += 1;
            if *count > self.options.connections_per_address {
                drop(by_address);
                self.refused_address.fetch_add(1, Relaxed);
                return Err("too many connections from this address");
            }
        }
        self.accepted.fetch_add(1, Relaxed);
        Ok(place)
    }
}

/// A connection's place among the counted.
#[derive(Debug)]
struct Place {
    gate: Arc<Gate>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gate.open.fetch_sub(1, Relaxed);
        if self.gate.options.connections_per_address > 0 {
            let mut by_address = self.gate.by_address.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = by_address.get_mut(&self.address) {
                *count -= 1;
                if *count == 0 {
                    by_address.remove(&self.address);
                }
            }
        }
    }
}

/// A TCP stream that holds its place for as long as it lives.
struct Counted {
    stream: TcpStream,
    _place: Place,
}

/// Serves `router` on `listener` until `stop` turns true, then waits for requests under way, however long they take. Upgraded sockets
/// are not waited for: they have owners of their own. Dropped, it cuts off what is under way.
pub async fn serve(listener: TcpListener, router: Router, gate: Arc<Gate>, mut stop: watch::Receiver<bool>) {
    let mut requests = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            accepted = listener.accept() => accepted,
            Some(_) = requests.join_next(), if !requests.is_empty() => continue,
        };
        match accepted {
            Ok((stream, peer)) => match gate.enter(peer.ip()) {
                Ok(place) => {
                    requests.spawn(connection(stream, peer, place, router.clone(), stop.clone()));
                }
                Err(reason) => {
                    requests.spawn(refuse(stream, reason));
                }
            },
            Err(error) => on_accept_error(&error).await,
        }
    }
    drop(listener);
    while requests.join_next().await.is_some() {}
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    // Acknowledgements are small and must not wait for more.
    let _ = stream.set_nodelay(true);
    hold_little(&stream);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.call(request)
    });
    let io = TokioIo::new(Counted { stream, _place: place });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(limit::REQUEST_HEAD_S))
        .max_headers(64)
        .serve_connection(io, service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%peer, %error, "connection ended early");
    }
}

/// Keeps the kernel from holding megabytes that are not sent yet: behind a slow network they would be seconds or minutes old when they arrive, and
/// values that are folded here instead would not. What is on its way is not counted, so fast networks stay fast.
fn hold_little(stream: &TcpStream) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(limit::UNSENT_BYTES);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = stream;
}

/// Ends when `stop` is true, or nobody is left who could say so.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

async fn refuse(mut stream: TcpStream, reason: &'static str) {
    let body = format!(
        r#"{{"type":"about:blank","title":"Service Unavailable","status":503,"code":"too_many_connections","detail":"{reason}"}}"#
    );
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 5\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let _ = tokio::time::timeout(Duration::from_secs(1), stream.write_all(answer.as_bytes())).await;
}

/// A peer that is gone again is nothing; anything else (no file descriptors) passes only with time.
async fn on_accept_error(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(%error, "connections cannot be accepted, trying again");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
