//! What debug nodes put out: kept in memory for whoever looks, and only for a while after somebody did.
//!
//! Looking at a node watches it for another [`limit::DEBUG_S`]; the records are those in the live hub's ring of its source, so they cost what
//! one more dashboard costs, and nothing when the time is up.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use edgesync_schemas::wire::live::{OUTPUT, Point, SubId};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::warn;

use crate::live::{Hub, Request, Session, Source};

const KEPT: Duration = Duration::from_secs(limit::DEBUG_S);

/// The nodes that are looked at.
pub(super) struct Debugged {
    live: Hub,
    /// A lock that may be held while a ring is read: looks are rare and short.
    looked: Arc<Mutex<LookedAt>>,
}

type LookedAt = HashMap<(FlowId, Arc<str>), Looked>;

struct Looked {
    /// Keeps the node watched.
    session: Session,
    until: Instant,
}

impl Debugged {
    pub(super) fn new(live: Hub) -> Self {
        Self { live, looked: Arc::default() }
    }

    /// The node's newest records, oldest first. It is watched from now on, for a while.
    pub(super) async fn look(&self, flow: FlowId, node: &str) -> Vec<Point> {
        let now = Instant::now();
        let key = (flow, Arc::<str>::from(node));
        let mut looked = self.looked.lock().await;
        if looked.is_empty() {
            tokio::spawn(forget(self.looked.clone()));
        }
        if !looked.contains_key(&key) {
            // a flow with many of them takes from itself first
            let of_flow = looked.keys().filter(|(of, _)| *of == flow).count();
            if of_flow >= limit::DEBUG_NODES_PER_FLOW {
                let_go(&mut looked, |of| of == flow);
            } else if looked.len() >= limit::DEBUG_NODES {
                let_go(&mut looked, |_| true);
            }
        }
        let one = looked.entry(key).or_insert_with(|| Looked { session: self.live.session(), until: now });
        one.until = now + KEPT;
        let source = Source::FlowNode { flow, node: node.into(), field: OUTPUT.into() };
        let request = Request {
            id: SubId(0),
            source,
            points: limit::LIVE_POINTS,
            max_hz: limit::LIVE_HZ_MIN,
            since: None,
            from: None,
        };
        match one.session.subscribe(request).await {
            Ok(snapshot) => snapshot.points,
            Err(error) => {
                warn!(%flow, %node, %error, "debug node cannot be watched");
                Vec::new()
            }
        }
    }
}

/// Lets go of the longest unseen node among some flows.
fn let_go(looked: &mut LookedAt, among: impl Fn(FlowId) -> bool) {
    let among = looked.iter().filter(|((flow, _), _)| among(*flow));
    let longest_unseen = among.min_by_key(|(_, one)| one.until).map(|(key, _)| key.clone());
    longest_unseen.map(|key| looked.remove(&key));
}

/// Lets go of nodes that nobody looked at for long, until there are none.
async fn forget(looked: Arc<Mutex<LookedAt>>) {
    loop {
        let next = looked.lock().await.values().map(|one| one.until).min();
        let Some(next) = next else { return };
        tokio::time::sleep_until(next).await;
        let now = Instant::now();
        let mut looked = looked.lock().await;
        looked.retain(|_, one| one.until > now);
        if looked.is_empty() {
            return;
        }
    }
}

#[cfg(test)]
impl Debugged {
    /// The nodes of a flow that are watched.
    pub(super) async fn watched(&self, flow: FlowId) -> Vec<Arc<str>> {
        let looked = self.looked.lock().await;
        looked.keys().filter(|(of, _)| *of == flow).map(|(_, node)| node.clone()).collect()
    }
}

impl fmt::Debug for Debugged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Debugged").finish_non_exhaustive()
    }
}
