//! Deploying and stopping flows, step by step: whoever asks writes down between two of them what is to run.

use edgesync_engine::Change;
use edgesync_engine::plan::Work;
use edgesync_schemas::flow::Diagram;
use edgesync_schemas::id::FlowId;

use super::check::{self, Gone};
use super::turns::{Deploying, Turn};
use super::warm::Warm;
use super::{Error, FlowsHandle, Version, manager};

/// A deployment of a flow, on its way.
#[derive(Debug)]
pub struct Deployment {
    flows: FlowsHandle,
    deploying: Deploying,
}

/// A version that may take the place of what runs.
#[derive(Debug)]
pub struct Ready {
    version: Version,
    /// With what it made of stored readings, if it had to.
    warm: Option<Warm>,
}

impl FlowsHandle {
    /// Begins a deployment of a flow, when no other one of it is on its way.
    ///
    /// # Errors
    /// [`Error::Cancelled`] if the flow was stopped meanwhile.
    pub async fn deployment(&self, flow: FlowId) -> Result<Deployment, Error> {
        Ok(Deployment { flows: self.clone(), deploying: self.shared.turns.deploying(flow).await? })
    }

    /// Waits for the flow's turn: what is deployed of it does not change while somebody has that. Cancel safe.
    pub async fn turn(&self, flow: FlowId) -> Turn {
        self.shared.turns.turn(flow).await
    }

    /// As [`Self::turn`], to stop the flow: a deployment of it that is on its way comes to nothing, and is not waited for.
    pub async fn ending(&self, flow: FlowId) -> Turn {
        self.shared.turns.ending(flow).await
    }

    /// Ends the flow, whose turn the caller has. False if it did not run. Its state is gone.
    ///
    /// # Errors
    /// [`Error::Engine`], [`Error::Busy`], [`Error::Stopped`].
    pub async fn stop(&self, flow: FlowId) -> Result<bool, Error> {
        let did = self.call(|reply| manager::Message::Stop(flow, reply)).await??;
        if did {
            self.shared.states.forget(flow).await?;
        }
        Ok(did)
    }
}

impl Deployment {
    /// Makes a version of the flow ready to run. One with nodes that remember in another way than those of what runs warms up beside it, which may
    /// take [`limit::WARM_UP_S`](edgesync_schemas::limit::WARM_UP_S); it shows how far that is in [`FlowsHandle::status`].
    ///
    /// # Errors
    /// All of [`Error`]; [`Error::Cancelled`] if the flow was stopped meanwhile.
    pub async fn ready(&self, version: u32, diagram: &Diagram) -> Result<Ready, Error> {
        let flow = self.deploying.flow();
        let plan = self.flows.compile(flow, diagram, Gone::Refuse).await?;
        let version = self.flows.version(flow, version, plan).await?;
        let warm = self.flows.warmed(&version, &self.deploying).await?;
        Ok(Ready { version, warm })
    }

    /// Waits for the flow's turn.
    ///
    /// # Errors
    /// [`Error::Cancelled`] if the flow was stopped meanwhile.
    pub async fn turn(&self) -> Result<Turn, Error> {
        self.deploying.turn().await
    }

    /// Runs the version in place of what runs of the flow now: no reading is missed or seen twice by the change, and nodes that are configured as they
    /// were go on with what they remember. One that was slowed runs with the others again, if it is another version and that was not so lately.
    ///
    /// # Errors
    /// All of [`Error`], [`Error::Cancelled`] if somebody waits to stop the flow; what ran before runs on then.
    pub async fn run(&self, ready: Ready, _turn: &Turn) -> Result<(), Error> {
        let Ready { version, warm } = ready;
        let (flow, number) = (version.flow, version.installed.version);
        let plan = version.installed.plan.clone();
        // it may have taken long, and memberships may have changed
        let problems = check::devices(&self.flows.shared.catalog, flow, &plan, Gone::Refuse).await?;
        if !problems.is_empty() {
            return Err(Error::Refused(problems));
        }
        let before = self.flows.running(flow).map(|(_, installed)| installed.plan);
        self.flows.switch(version, warm, &self.deploying).await?;
        self.flows.shared.executions.runs(flow, number);
        // what takes as much as before does not come back
        if before.is_none_or(|before| before.change_to(&plan) != Change::Cosmetic) {
            self.flows.unslow(flow).await;
        }
        for node in plan.nodes().iter().filter(|node| matches!(node.work, Work::Debug)) {
            self.flows.shared.debugged.look(flow, &node.id).await;
        }
        Ok(())
    }
}

#[cfg(test)]
impl Deployment {
    pub(super) fn deploying(&self) -> &Deploying {
        &self.deploying
    }
}

#[cfg(test)]
impl FlowsHandle {
    /// All steps, with nothing written down.
    pub(crate) async fn deploy(&self, flow: FlowId, version: u32, diagram: &Diagram) -> Result<(), Error> {
        let deployment = self.deployment(flow).await?;
        let ready = deployment.ready(version, diagram).await?;
        let turn = deployment.turn().await?;
        deployment.run(ready, &turn).await
    }
}
