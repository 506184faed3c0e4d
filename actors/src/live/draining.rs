//! The server's going down, for those who watch.

use tokio::sync::watch;

/// Tells a socket when the server goes down. The server waits until it is dropped.
#[derive(Debug)]
pub struct Draining(pub(super) watch::Receiver<bool>);

impl Draining {
    /// Waits until the server goes down. Cancel safe.
    pub async fn told(&mut self) {
        // the hub outlives its sockets; if it did not, the server would be down too
        let _ = self.0.wait_for(|draining| *draining).await;
    }
}
