//! The way down, in the order of a reading's way: device sockets, log, flows, what widgets keep of them, dashboards, actors.
//!
//! Each step has a deadline; one that runs out is named and the next begins. What was acknowledged is durable before any of it, so
//! a step that is cut short costs work that is done again, never a reading: flows go on from the cursor that they left in the log.

use std::time::Duration;

use edgesync_storage::log::ReadingLog;

use crate::System;

impl System {
    /// Takes everything down. New connections must be refused already. Not cancel safe.
    pub async fn shutdown(self, log: &ReadingLog, step_max: Duration) {
        let handle = self.handle();
        step("device sockets", step_max, async {
            handle.devices.drain().await;
            handle.devices.ended().await;
        })
        .await;
        step("log", step_max, async {
            if let Err(error) = log.shutdown().await {
                tracing::error!(%error, "the log did not close cleanly; what was acknowledged is on disk");
            }
        })
        .await;
        step("flows", step_max * 2, async {
            if !handle.flows.shutdown(step_max).await {
                tracing::warn!("some flows were cut off; after a restart they are fed what they did not see, and remember nothing");
            }
        })
        .await;
        step("samples of widgets", step_max, handle.kept.finish()).await;
        step("dashboards", step_max, handle.live.drain()).await;
        step("actors", step_max, async {
            self.stop(step_max).await;
        })
        .await;
    }
}

async fn step(name: &'static str, deadline: Duration, work: impl Future<Output = ()>) {
    if tokio::time::timeout(deadline, work).await.is_err() {
        tracing::warn!(step = name, "step of the way down ran out of time");
    }
}
