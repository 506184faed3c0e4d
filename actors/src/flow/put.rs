//! Putting versions on cells. A cell comes to that between two commits, which may take long; who does not wait so long gives it up, and then it is not done.

use edgesync_engine::cell::command::{Begin, Claim, Outcome, Told};
use tokio::time::Instant;

use super::{BUSY, Error, FlowsHandle, NotPut, PATIENCE, Version, manager};

/// Where a version is to run, and until when.
#[derive(Debug)]
pub struct Terms {
    /// The cell; or else where its flow runs, or the least loaded.
    pub(super) place: Option<usize>,
    /// A cell that was not asked by then is not asked any more.
    pub(super) until: Instant,
    /// What the cell has not come to when this is taken it does not do.
    pub(super) claim: Claim,
}

impl FlowsHandle {
    pub(super) async fn install(&self, version: Version, begin: Begin) -> Result<(), Error> {
        self.install_at(version, begin, None).await
    }

    pub(super) async fn install_at(
        &self,
        version: Version,
        begin: Begin,
        place: Option<usize>,
    ) -> Result<(), Error> {
        match self.put_at(version, begin, place).await?.outcome {
            Outcome::Installed(_) => Ok(()),
            Outcome::Removed => Err(Error::Stopped),
            Outcome::Behind(_) | Outcome::Ahead(_) | Outcome::BadState => Err(Error::WarmUp),
        }
    }

    /// Puts a version on a cell: this one, or where its flow runs, or else the least loaded.
    pub(super) async fn put_at(
        &self,
        version: Version,
        begin: Begin,
        place: Option<usize>,
    ) -> Result<Told, Error> {
        self.claimed(version, begin, place, Claim::default()).await
    }

    /// As [`Self::put_at`], unless `given_up` ends before the cell comes to it: then it is not put there. [`Error::Busy`] says so.
    pub(super) async fn put_unless(
        &self,
        version: Version,
        begin: Begin,
        place: Option<usize>,
        given_up: impl Future<Output = ()>,
    ) -> Result<Told, Error> {
        let claim = Claim::default();
        let mut put = std::pin::pin!(self.claimed(version, begin, place, claim.clone()));
        tokio::select! {
            told = &mut put => return told,
            () = given_up => {}
        }
        // what the cell is at it has done in a moment
        if claim.take() { Err(Error::Busy) } else { put.await }
    }

    async fn claimed(
        &self,
        version: Version,
        mut begin: Begin,
        place: Option<usize>,
        claim: Claim,
    ) -> Result<Told, Error> {
        use edgesync_engine::Error::{Busy, Condemned};
        let until = Instant::now() + PATIENCE;
        // a cell that is given thousands of flows at once works them off in a moment, and a condemned one is replaced in one
        loop {
            let (version, terms) = (version.clone(), Terms { place, until, claim: claim.clone() });
            let answer =
                self.ask(|reply| manager::Message::Deploy(version, begin, terms, reply), None).await?;
            match answer {
                Ok(told) => return Ok(told),
                Err(NotPut { error: Error::Engine(Busy | Condemned), begin: Some(again) })
                    if Instant::now() < until =>
                {
                    begin = again;
                    tokio::time::sleep(BUSY).await;
                }
                Err(NotPut { error: Error::Engine(Busy | Condemned), .. }) => return Err(Error::Busy),
                Err(NotPut { error, .. }) => return Err(error),
            }
        }
    }
}
