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
        if looked.len() >= limit::DEBUG_NODES && !looked.contains_key(&key) {
            let longest_unseen = looked.iter().min_by_key(|(_, one)| one.until).map(|(key, _)| key.clone());
            longest_unseen.map(|key| looked.remove(&key));
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

impl fmt::Debug for Debugged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Debugged").finish_non_exhaustive()
    }
}
