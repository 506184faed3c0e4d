//! The audit log: each change to tenancy, devices, tokens and flows is noted in the transaction that makes it, so there is
//! no change without its entry and no entry without its change.
//!
//! An entry stands in the book of the organization that it concerns, or in that of an account. A book is bounded in entries
//! and in days; the oldest entries go with the coming of others, a few at a time, so no change waits for a long removal.

use edgesync_schemas::entity::audit::{AuditAction, AuditEntry, target_kind};
use edgesync_schemas::entity::name_of;
use edgesync_schemas::entity::organization::Role;
use edgesync_schemas::id::{AuditId, Id, OrganizationId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::access::require;
use super::db::Tx;
use super::error::Error;
use super::value::{Row, Value};
use super::{Catalog, Listing, Slice, new_id, now};

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Book {
    /// What concerns an organization; its admins read it.
    Organization(OrganizationId),
    /// What concerns one user alone; that user reads it.
    Account(UserId),
}

impl Book {
    /// That of the organization, or of the account if there is no organization: flows may be in none.
    pub(super) fn of(organization: Option<OrganizationId>, user: UserId) -> Self {
        organization.map_or(Self::Account(user), Self::Organization)
    }

    fn id(self) -> Uuid {
        match self {
            Self::Organization(id) => id.uuid(),
            Self::Account(id) => id.uuid(),
        }
    }

    fn entries(self) -> i64 {
        match self {
            Self::Organization(_) => limit::AUDIT_PER_ORGANIZATION,
            Self::Account(_) => limit::AUDIT_PER_ACCOUNT,
        }
    }
}

impl From<OrganizationId> for Book {
    fn from(id: OrganizationId) -> Self {
        Self::Organization(id)
    }
}
impl From<UserId> for Book {
    fn from(id: UserId) -> Self {
        Self::Account(id)
    }
}

/// Notes that `actor` (none: the operator) did `action` to `target`, in the transaction that does it. `details` is an object
/// without secrets: names, and which fields were changed.
pub(super) async fn note<K>(
    tx: &mut Tx,
    actor: impl Into<Option<UserId>>,
    book: impl Into<Book>,
    action: AuditAction,
    target: Id<K>,
    details: Json,
) -> Result<(), Error> {
    let (actor, book, at): (Option<UserId>, _, _) = (actor.into(), book.into(), now());
    let id: AuditId = new_id();
    let organization = match book {
        Book::Organization(id) => Some(id),
        Book::Account(_) => None,
    };
    tx.made(organization, || format!("{} {target}", target_kind(&name_of(&action))));
    let details = Value::json(&bounded(details));
    let row = tx.first(
        "INSERT INTO audit_log (id, book_id, is_account, seq, actor_id, action, target_id, details, at)
         VALUES ($1, $2, $3, (SELECT COALESCE(max(a.seq), 0) + 1 FROM audit_log a WHERE a.book_id = $2),
            $4, $5, $6, $7, $8)
         RETURNING seq",
        vec![
            id.into(),
            book.id().into(),
            matches!(book, Book::Account(_)).into(),
            actor.into(),
            Value::name(&action),
            target.into(),
            details,
            at.into(),
        ],
    );
    let seq: i64 = row.await?.ok_or(Error::Corrupt { what: "row" })?.take()?;
    if seq % limit::AUDIT_BATCH == 0 { trim(tx, book, seq - book.entries(), at).await } else { Ok(()) }
}

/// Removes what is too much and, of what is too old, a few.
async fn trim(tx: &mut Tx, book: Book, until: i64, at: Timestamp) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM audit_log WHERE book_id = $1 AND seq <= $2",
        vec![book.id().into(), until.into()],
    )
    .await?;
    tx.execute(
        "DELETE FROM audit_log WHERE id IN
            (SELECT a.id FROM audit_log a WHERE a.book_id = $1 AND a.at < $2 ORDER BY a.id LIMIT $3)",
        vec![
            book.id().into(),
            at.plus_us(-limit::AUDIT_DAYS * 86_400_000_000).into(),
            limit::AUDIT_BATCH.into(),
        ],
    )
    .await
    .map(drop)
}

/// What a change does to other things beside, for details: `{count, ids}` of those that `sql` finds, which counts all of a kind and says the
/// ids of the first [`limit::AUDIT_IDS`], the number and an id in each row. Its last parameter is how many.
pub(super) async fn beside(tx: &mut Tx, sql: &'static str, mut params: Vec<Value>) -> Result<Json, Error> {
    params.push(limit::AUDIT_IDS.into());
    let (mut count, mut ids) = (0, Vec::new());
    for mut row in tx.query(sql, params).await? {
        count = row.take::<u32>()?;
        ids.push(row.take::<Id<()>>()?);
    }
    Ok(json!({"count": count, "ids": ids}))
}

/// The names of the fields that are marked as changed, for details.
pub(super) fn changed(fields: &[(&'static str, bool)]) -> Vec<&'static str> {
    fields.iter().filter(|(_, changed)| *changed).map(|(name, _)| *name).collect()
}

/// What is kept of details: all, or how much there was.
fn bounded(details: Json) -> Json {
    let bytes = details.to_string().len();
    if bytes > limit::AUDIT_DETAILS_BYTES { json!({"left_out_bytes": bytes}) } else { details }
}

/// What is wanted of the audit log; what is `None` does not matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditFilter {
    /// Who did it.
    pub actor: Option<UserId>,
    /// What was done.
    pub action: Option<AuditAction>,
    /// What it was done to.
    pub target: Option<Uuid>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

impl Catalog {
    /// What was done in an organization, the newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`] to outsiders, [`Error::Forbidden`] to members who are no admins.
    pub async fn audit(
        &self,
        user: UserId,
        organization: OrganizationId,
        filter: AuditFilter,
        slice: Slice,
    ) -> Result<Listing<AuditEntry>, Error> {
        let listing = self.book(user, organization.into(), filter, slice).await?;
        if listing.items.is_empty() {
            let role = self.role(user, organization).await?.ok_or(Error::not_found("organization"))?;
            require(role, Role::Admin)?;
        }
        Ok(listing)
    }

    /// What was done to the account of `user`, and by them outside of any organization, the newest first.
    ///
    /// # Errors
    /// Of the database.
    pub async fn account_audit(
        &self,
        user: UserId,
        filter: AuditFilter,
        slice: Slice,
    ) -> Result<Listing<AuditEntry>, Error> {
        self.book(user, user.into(), filter, slice).await
    }

    /// What `user` may see of a book: their own, and that of an organization that they are an admin of.
    async fn book(
        &self,
        user: UserId,
        book: Book,
        filter: AuditFilter,
        slice: Slice,
    ) -> Result<Listing<AuditEntry>, Error> {
        let rows = self.db.query(
            "SELECT a.id, a.book_id, a.is_account, a.actor_id, u.email, a.action, a.target_id, a.details, a.at
             FROM audit_log a LEFT JOIN users u ON u.id = a.actor_id
             WHERE a.book_id = $1 AND (a.book_id = $2 OR EXISTS (SELECT 1 FROM organization_members m
                    WHERE m.organization_id = a.book_id AND m.user_id = $2 AND m.role = 'admin'))
                AND a.id < $3 AND (a.actor_id = $4 OR $4 IS NULL) AND (a.action = $5 OR $5 IS NULL)
                AND (a.target_id = $6 OR $6 IS NULL) AND (a.at >= $7 OR $7 IS NULL) AND (a.at < $8 OR $8 IS NULL)
             ORDER BY a.id DESC LIMIT $9",
            vec![
                book.id().into(),
                user.into(),
                slice.before().into(),
                filter.actor.into(),
                filter.action.map(|action| name_of(&action)).into(),
                filter.target.into(),
                filter.from.into(),
                filter.to.into(),
                slice.fetch().into(),
            ],
        );
        let items = rows.await?.into_iter().map(|mut row| read(&mut row)).collect::<Result<_, _>>()?;
        Ok(slice.cut(items, |entry: &AuditEntry| entry.id.uuid()))
    }
}

/// id, book_id, is_account, actor_id, email, action, target_id, details, at
fn read(row: &mut Row) -> Result<AuditEntry, Error> {
    let (id, book, is_account) = (row.take()?, row.take::<OrganizationId>()?, row.take::<bool>()?);
    let (actor_id, actor_email) = (row.take()?, row.take()?);
    let action: String = row.take()?;
    Ok(AuditEntry {
        id,
        organization_id: (!is_account).then_some(book),
        actor_id,
        actor_email,
        target_kind: target_kind(&action).to_owned(),
        action: action.parse().map_err(|_| Error::Corrupt { what: "name of a kind" })?,
        target_id: row.take::<Id<()>>()?.uuid(),
        details: row.json()?,
        at: row.take()?,
    })
}
