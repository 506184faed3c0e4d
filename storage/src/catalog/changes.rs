//! What was changed of what people may see, told to whoever shows it to them for longer than a moment: live sockets, exports.
//!
//! A method that takes something away, or changes what a widget shows, commits with [`Catalog::commit_telling`], and what it tells stands
//! there. What another process did is told as [`Change::Any`] when it is [noticed](Catalog::notice_changes). A change is a reason to ask
//! again, nothing more: who is told may find everything as it was. `tests/changes.rs` has each kind of change and what it tells.

use std::collections::HashSet;

use edgesync_schemas::id::{OrganizationId, UserId};
use edgesync_schemas::limit;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::Catalog;
use super::audit::Book;
use super::db::Tx;
use super::error::Error;

/// Whom a change may concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// What one user may see, or what proves that it is they: a membership, a role, a session, a token, a share link of theirs.
    User(UserId),
    /// What is in an organization, or all of it.
    Organization(OrganizationId),
    /// Nobody knows: another process did it, or there were more than are kept.
    Any,
}

impl Change {
    /// Of a thing that is in an organization, or a user's alone.
    pub(super) fn of(book: Book) -> Self {
        match book {
            Book::Organization(organization) => Self::Organization(organization),
            Book::Account(user) => Self::User(user),
        }
    }

    /// Whether it concerns what `user` sees of these organizations.
    pub fn concerns(self, user: UserId, organizations: &HashSet<OrganizationId>) -> bool {
        match self {
            Self::User(of) => of == user,
            Self::Organization(of) => organizations.contains(&of),
            Self::Any => true,
        }
    }
}

/// Where changes are told. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Changes(broadcast::Sender<Change>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::Sender::new(limit::CHANGES_TOLD))
    }
}

impl Changes {
    pub(super) fn tell(&self, change: Change) {
        // nobody listens: nobody needs to know
        let _ = self.0.send(change);
    }
}

/// What is told from the moment on that this was asked for. Who wants to miss nothing asks for it before the catalog.
#[derive(Debug)]
pub struct News(broadcast::Receiver<Change>);

impl News {
    /// The next change, when it comes. Cancel safe.
    pub async fn next(&mut self) -> Change {
        match self.0.recv().await {
            Ok(change) => change,
            Err(RecvError::Lagged(_)) => Change::Any,
            // the catalog is gone, and so is who could change anything
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }

    /// The next change that has been told already.
    pub fn told(&mut self) -> Option<Change> {
        match self.0.try_recv() {
            Ok(change) => Some(change),
            Err(TryRecvError::Lagged(_)) => Some(Change::Any),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

impl Catalog {
    /// What changes from now on.
    pub fn news(&self) -> News {
        News(self.changes.0.subscribe())
    }

    /// Commits, and tells what that changed.
    pub(super) async fn commit_telling(
        &self,
        tx: Tx,
        told: impl IntoIterator<Item = Change>,
    ) -> Result<(), Error> {
        self.commit_then(tx, told, |_| ()).await
    }

    /// Commits, does what must follow whether it is known to be committed or not, and then tells what that changed.
    pub(super) async fn commit_then(
        &self,
        tx: Tx,
        told: impl IntoIterator<Item = Change>,
        then: impl FnOnce(&Result<(), Error>) + Send + 'static,
    ) -> Result<(), Error> {
        let (changes, told) = (self.changes.clone(), told.into_iter().collect::<Vec<_>>());
        // On its own feet: if whoever asked hangs up, the commit may still happen, and then it must be followed by this.
        let commit = tokio::spawn(async move {
            let done = tx.commit().await;
            then(&done);
            told.into_iter().for_each(|change| changes.tell(change));
            done
        });
        commit.await.map_err(|_| Error::Closed)?
    }
}
