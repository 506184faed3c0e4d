//! Requests that are answered once: a client's key is written down before the work, in a transaction of its own; that the work
//! is done is written in the transaction that does it; the answer after it.
//!
//! So whatever dies when, a key tells these states apart: nothing was done (it may be done now), it was done and this is the answer,
//! it was done but the answer was lost, and it was begun but nobody knows how it ended. A change learns of its key from the task that it
//! runs in ([`carrying`]): every method of the catalog would have to hand it on otherwise, and the one that forgot would be done twice.
//!
//! Readings are not in the catalog, and no transaction tells of them. Work on them is marked as begun before it begins; that none of them
//! reached the log is known to the process that did the work, and to nobody after it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use edgesync_schemas::id::{Id, OrganizationId, UserId};
use edgesync_schemas::limit;
use uuid::Uuid;

use super::db::Tx;
use super::error::Error;
use super::within::{self, within};
use super::{Catalog, new_id, now};

tokio::task_local! {
    static CARRIED: Mark;
}

/// The key that a task works for.
#[derive(Debug, Clone)]
pub struct Mark {
    row: Uuid,
    made: Arc<Mutex<Option<Made>>>,
    /// Whether readings were handed to the log.
    submitted: Arc<AtomicBool>,
}

/// What was made for a key first.
#[derive(Debug, Clone)]
struct Made {
    /// Its kind and id.
    what: String,
    /// Where it is, if it is in an organization.
    organization: Option<OrganizationId>,
}

impl Mark {
    fn of(row: Uuid) -> Self {
        Self { row, made: Arc::default(), submitted: Arc::default() }
    }

    /// That of this task.
    pub(super) fn current() -> Option<Self> {
        CARRIED.try_with(Clone::clone).ok()
    }

    /// Remembers what was made, for whoever asks after the answer was lost, and where: the first thing that is noted.
    pub(super) fn made(&self, organization: Option<OrganizationId>, what: impl FnOnce() -> String) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.get_or_insert_with(|| Made { what: what(), organization });
    }

    /// Writes down, in the transaction that does the work, that it is done.
    pub(super) async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (what, organization) = made.map(|made| (made.what, made.organization)).unzip();
        tx.execute(
            "UPDATE idempotency_keys SET applied = $1, made = $2, organization_id = $3 WHERE id = $4",
            vec![true.into(), what.into(), organization.flatten().into(), self.row.into()],
        )
        .await
        .map(drop)
    }
}

/// Remembers that readings go to the log for the key that the present task works for, if there is one.
pub(crate) fn submitting() {
    // Ordering: read by whoever has awaited the work.
    let _ = CARRIED.try_with(|mark| mark.submitted.store(true, Ordering::Relaxed));
}

/// Runs `work` for the key `mark`: what it commits to the catalog marks the key as applied. Cancel safe as `work` is.
pub async fn carrying<T>(mark: Mark, work: impl Future<Output = T>) -> T {
    CARRIED.scope(mark, work).await
}

/// Runs `work` for the key that the present task works for, and [`within`] what that is narrowed to, if there are any: for work that is
/// handed to another task.
pub fn carry_on<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let (mark, organization) = (Mark::current(), within::current());
    async move {
        match (mark, organization) {
            (Some(mark), Some(organization)) => carrying(mark, within(organization, work)).await,
            (Some(mark), None) => carrying(mark, work).await,
            (None, Some(organization)) => within(organization, work).await,
            (None, None) => work.await,
        }
    }
}

/// What is known of a key.
#[derive(Debug)]
pub enum Reserved {
    /// It is new, or nothing was done for it: the work is to be done now.
    Now(Mark),
    /// The work is done, and this was the answer.
    Answered(String),
    /// The work was begun, and the answer is lost, if there was one.
    Lost {
        /// What was made first, as far as is known.
        made: Option<String>,
        /// Whether the work came to its end.
        ended: bool,
    },
    /// It was used for another request.
    OtherRequest,
    /// What was answered is of an organization that the user does not see, or not any more.
    NotSeen,
}

impl Catalog {
    /// Writes down that the work for a key begins, or says what is known of it. Whoever asks knows that nobody works for the
    /// key right now. With `at_most_once` a key that was begun and neither answered nor forgotten is never begun again.
    ///
    /// Now and then the oldest are removed if the user has too many. Keys whose time is over are as good as gone, and
    /// [`Catalog::remove_ended`] removes them.
    ///
    /// # Errors
    /// Of the database.
    pub async fn reserve_key(
        &self,
        user: UserId,
        key: &str,
        fingerprint: &[u8; 32],
        at_most_once: bool,
    ) -> Result<Reserved, Error> {
        let (at, id) = (now(), new_id::<()>());
        let mut tx = self.db.begin().await?;
        tx.execute(
            "DELETE FROM idempotency_keys WHERE user_id = $1 AND idempotency_key = $2 AND expires_at <= $3",
            vec![user.into(), key.into(), at.into()],
        )
        .await?;
        let inserted = tx.execute(
            "INSERT INTO idempotency_keys (id, user_id, idempotency_key, fingerprint, applied, begun, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (user_id, idempotency_key) DO NOTHING",
            vec![
                id.into(),
                user.into(),
                key.into(),
                fingerprint.into(),
                false.into(),
                at_most_once.into(),
                at.plus_us(limit::IDEMPOTENCY_S * 1_000_000).into(),
            ],
        );
        if inserted.await? > 0 {
            // The last byte is random: no user can have their keys fall where nobody counts.
            if id.uuid().as_bytes()[15].is_multiple_of(limit::IDEMPOTENCY_TRIM) {
                trim(&mut tx, user).await?;
            }
            tx.commit().await?;
            return Ok(Reserved::Now(Mark::of(id.uuid())));
        }
        let row = tx.first(
            "SELECT k.id, k.fingerprint, k.organization_id IS NULL OR EXISTS (SELECT 1 FROM organization_members m
                    WHERE m.organization_id = k.organization_id AND m.user_id = k.user_id),
                k.applied, k.begun, k.ended, k.made, k.answer FROM idempotency_keys k
             WHERE k.user_id = $1 AND k.idempotency_key = $2",
            vec![user.into(), key.into()],
        );
        let mut row = row.await?.ok_or(Error::Busy)?;
        tx.commit().await?;
        let (id, known, is_seen): (Id<()>, [u8; 32], bool) = (row.take()?, row.take()?, row.take()?);
        let (applied, begun, ended): (bool, bool, bool) = (row.take()?, row.take()?, row.take()?);
        let (made, answer) = (row.take()?, row.take()?);
        Ok(match answer {
            _ if known != *fingerprint => Reserved::OtherRequest,
            _ if !is_seen => Reserved::NotSeen,
            Some(answer) => Reserved::Answered(answer),
            None if applied || begun || ended => Reserved::Lost { made, ended },
            None => Reserved::Now(Mark::of(id.uuid())),
        })
    }

    /// Writes down that the work for a key came to its end, and keeps the answer to it if there is one.
    ///
    /// # Errors
    /// Of the database.
    pub async fn answer_key(&self, mark: &Mark, answer: Option<String>) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        tx.execute(
            "UPDATE idempotency_keys SET ended = $1, answer = $2 WHERE id = $3",
            vec![true.into(), answer.into(), mark.row.into()],
        )
        .await?;
        tx.commit().await
    }

    /// Forgets a key whose work changed nothing, be it that it was refused: the next request may be another. False if something was done,
    /// or may have been: then the key stays. Whoever asks has awaited the work.
    ///
    /// # Errors
    /// Of the database.
    pub async fn forget_key(&self, mark: &Mark) -> Result<bool, Error> {
        if mark.submitted.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let mut tx = self.db.begin().await?;
        let forgotten = tx.execute(
            "DELETE FROM idempotency_keys WHERE id = $1 AND applied = $2",
            vec![mark.row.into(), false.into()],
        );
        let forgotten = forgotten.await? > 0;
        tx.commit().await?;
        Ok(forgotten)
    }
}

/// Forgets the oldest keys of a user who has too many.
async fn trim(tx: &mut Tx, user: UserId) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM idempotency_keys WHERE user_id = $1 AND id <=
            (SELECT k.id FROM idempotency_keys k WHERE k.user_id = $1 ORDER BY k.id DESC LIMIT 1 OFFSET $2)",
        vec![user.into(), limit::IDEMPOTENCY_KEYS_PER_USER.into()],
    )
    .await
    .map(drop)
}
