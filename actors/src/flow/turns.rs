//! One thing at a time of each flow. What changes which version runs, and where, has the flow's turn, and has it for as
//! long as cells take to come to it. A deployment takes it only when its version has warmed up, which may take long; whoever ends the flow ends that as well, and
//! does not wait for a cell that is to run the version and does not come to it. Who moves the flow gives the turn back within twice [`limit::MOVE_S`](edgesync_schemas::limit::MOVE_S).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use edgesync_schemas::id::FlowId;
use edgesync_schemas::time::Timestamp;
use serde::Serialize;
use tokio::sync::{OwnedMutexGuard, watch};
use utoipa::ToSchema;

use super::Error;
use crate::cell::now;

/// The flows that somebody has the turn of, or waits for it. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns {
    flows: Arc<Mutex<HashMap<FlowId, Weak<Doors>>>>,
}

#[derive(Debug)]
struct Doors {
    flow: FlowId,
    all: Turns,
    turn: Arc<tokio::sync::Mutex<()>>,
    deploying: Arc<tokio::sync::Mutex<()>>,
    /// How often the flow was ended.
    ends: watch::Sender<u64>,
    progress: Mutex<Option<Progress>>,
}

/// A flow's turn. What runs of the flow, and what is written down about that, is changed by who has it.
#[derive(Debug)]
pub struct Turn {
    _held: OwnedMutexGuard<()>,
    doors: Arc<Doors>,
    ends: u64,
}

/// The only deployment of a flow at the time.
#[derive(Debug)]
pub(super) struct Deploying {
    doors: Arc<Doors>,
    ends: u64,
    _alone: OwnedMutexGuard<()>,
}

/// How far a deployment is, beside what runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[schema(as = DeploymentProgress)]
pub struct Progress {
    /// The version that is to run.
    pub version: u32,
    /// What is being done.
    pub state: Stage,
    /// Since when.
    pub since: Timestamp,
    /// Stored readings that it was fed.
    pub readings: u64,
    /// How much of the time that it looks back at has been read, from 0 to 1.
    pub done: f64,
}

/// What a deployment is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DeploymentStage)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It waits until fewer versions warm up.
    Waiting,
    /// It reads what is stored.
    WarmingUp,
    /// It reads what came since, to take its place.
    CuttingOver,
}

impl Turns {
    fn lock(&self) -> MutexGuard<'_, HashMap<FlowId, Weak<Doors>>> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, flow: FlowId) -> Arc<Doors> {
        let mut flows = self.lock();
        if let Some(doors) = flows.get(&flow).and_then(Weak::upgrade) {
            return doors;
        }
        let doors = Arc::new(Doors {
            flow,
            all: self.clone(),
            turn: Arc::default(),
            deploying: Arc::default(),
            ends: watch::Sender::new(0),
            progress: Mutex::default(),
        });
        flows.insert(flow, Arc::downgrade(&doors));
        doors
    }

    /// Waits for a flow's turn. Cancel safe.
    pub async fn turn(&self, flow: FlowId) -> Turn {
        let doors = self.of(flow);
        Turn::new(doors.turn.clone().lock_owned().await, doors)
    }

    /// A flow's turn, if nobody has it.
    pub fn try_turn(&self, flow: FlowId) -> Option<Turn> {
        let doors = self.of(flow);
        Some(Turn::new(doors.turn.clone().try_lock_owned().ok()?, doors))
    }

    /// As [`Turns::turn`], to end the flow: deployments of it that were asked for before come to nothing. Cancel safe, but for that.
    pub async fn ending(&self, flow: FlowId) -> Turn {
        let doors = self.of(flow);
        doors.ends.send_modify(|ends| *ends += 1);
        Turn::new(doors.turn.clone().lock_owned().await, doors)
    }

    /// Waits until a flow is deployed by nobody else.
    ///
    /// # Errors
    /// [`Error::Cancelled`] if it was ended meanwhile.
    pub async fn deploying(&self, flow: FlowId) -> Result<Deploying, Error> {
        let doors = self.of(flow);
        let ends = *doors.ends.borrow();
        let alone = doors.deploying.clone().lock_owned().await;
        let deploying = Deploying { doors, ends, _alone: alone };
        if deploying.is_ended() { Err(Error::Cancelled) } else { Ok(deploying) }
    }

    /// How far the deployment of a flow is, if there is one that takes long.
    pub fn progress(&self, flow: FlowId) -> Option<Progress> {
        let doors = self.lock().get(&flow).and_then(Weak::upgrade)?;
        *doors.progress()
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.lock().len()
    }
}

impl Doors {
    /// Until the flow is ended once more.
    async fn ended(&self, before: u64) {
        let mut ends = self.ends.subscribe();
        // its sender is in here
        let _ = ends.wait_for(|ends| *ends != before).await;
    }

    fn progress(&self) -> MutexGuard<'_, Option<Progress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        let mut flows = self.all.lock();
        // another one may stand there by now
        if flows.get(&self.flow).is_some_and(|doors| doors.strong_count() == 0) {
            flows.remove(&self.flow);
        }
    }
}

impl Turn {
    fn new(held: OwnedMutexGuard<()>, doors: Arc<Doors>) -> Self {
        let ends = *doors.ends.borrow();
        Self { _held: held, doors, ends }
    }

    /// Whether somebody waits for it, to end the flow.
    pub(super) fn is_wanted(&self) -> bool {
        *self.doors.ends.borrow() != self.ends
    }

    /// Until somebody does.
    pub(super) async fn wanted(&self) {
        self.doors.ended(self.ends).await;
    }
}

impl Deploying {
    /// Which flow's.
    pub fn flow(&self) -> FlowId {
        self.doors.flow
    }

    /// Until the flow is ended.
    pub async fn ended(&self) {
        self.doors.ended(self.ends).await;
    }

    /// Whether it was.
    pub fn is_ended(&self) -> bool {
        *self.doors.ends.borrow() != self.ends
    }

    /// Waits for the flow's turn.
    ///
    /// # Errors
    /// [`Error::Cancelled`] if the flow was ended.
    pub async fn turn(&self) -> Result<Turn, Error> {
        let turn = self.doors.all.turn(self.flow()).await;
        if self.is_ended() { Err(Error::Cancelled) } else { Ok(turn) }
    }

    /// Shows what is being done.
    pub fn is_at(&self, version: u32, state: Stage) {
        let mut progress = self.doors.progress();
        let before =
            progress.get_or_insert(Progress { version, state, since: now(), readings: 0, done: 0.0 });
        (before.version, before.state) = (version, state);
    }

    /// Shows how far it has read.
    pub fn has_read(&self, readings: u64, done: f64) {
        if let Some(progress) = &mut *self.doors.progress() {
            progress.readings += readings;
            progress.done = done.clamp(0.0, 1.0);
        }
    }
}

impl Drop for Deploying {
    fn drop(&mut self) {
        *self.doors.progress() = None;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use uuid::Uuid;

    use super::*;

    fn flow(n: u128) -> FlowId {
        FlowId::from_uuid(Uuid::from_u128(n))
    }

    #[tokio::test]
    async fn flows_have_turns_of_their_own_and_none_is_kept_of_those_that_nobody_has() {
        let turns = Turns::default();
        let turn = turns.turn(flow(1)).await;
        assert!(turns.turn(flow(1)).now_or_never().is_none() && turns.try_turn(flow(1)).is_none());
        let mut others = Vec::new();
        for n in 2..300 {
            others.push(turns.turn(flow(n)).await);
        }
        assert_eq!(turns.len(), 299);
        drop((turn, others));
        assert_eq!(turns.len(), 0);
        assert!(turns.try_turn(flow(1)).is_some());
    }

    #[tokio::test]
    async fn who_ends_a_flow_waits_for_no_deployment_of_it_and_ends_those_that_were_asked_for() {
        let turns = Turns::default();
        let deploying = turns.deploying(flow(1)).await.unwrap();
        deploying.is_at(7, Stage::WarmingUp);
        deploying.has_read(5, 0.5);
        let progress = turns.progress(flow(1)).unwrap();
        assert_eq!((progress.version, progress.readings, progress.done), (7, 5, 0.5));
        let mut second = Box::pin(turns.deploying(flow(1)));
        assert!((&mut second).now_or_never().is_none() && deploying.ended().now_or_never().is_none());
        let turn = turns.ending(flow(1)).now_or_never().unwrap();
        assert!(deploying.ended().now_or_never().is_some());
        drop(turn);
        assert!(matches!(deploying.turn().await, Err(Error::Cancelled)));
        drop(deploying);
        assert!(matches!(second.await, Err(Error::Cancelled)), "it was asked for before the flow was ended");
        assert_eq!(turns.progress(flow(1)), None);
        let later = turns.deploying(flow(1)).await.unwrap();
        assert!(later.turn().await.is_ok());
    }
}
