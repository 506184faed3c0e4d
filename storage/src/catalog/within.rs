//! Work that is to see one organization only: that of an API token which opens no other.
//!
//! Every question of a user goes through a membership. So the narrowing is done where statements are sent: before each of them stand, under
//! the name of their table, the memberships in the one organization. A question that nobody has thought of is narrowed like
//! the others. (A flow in no project is its owner's without any membership: those questions ask [`is_everywhere`].) What a task is
//! narrowed to is a matter of that task ([`within`]), and goes along to another by [`super::idempotency::carry_on`].

use std::borrow::Cow;

use edgesync_schemas::id::OrganizationId;

use super::error::Error;

tokio::task_local! {
    static WITHIN: OrganizationId;
}

/// Runs `work` so that users are members of no organization but this, and own nothing outside of it. Cancel safe as `work` is.
pub async fn within<T>(organization: OrganizationId, work: impl Future<Output = T>) -> T {
    WITHIN.scope(organization, work).await
}

/// What the present task is narrowed to.
pub(super) fn current() -> Option<OrganizationId> {
    WITHIN.try_with(|organization| *organization).ok()
}

/// Whether the present task is narrowed to nothing.
pub(super) fn is_everywhere() -> bool {
    current().is_none()
}

/// Refuses what is in no organization.
///
/// # Errors
/// [`Error::OneOrganization`] if the present task is narrowed.
pub(super) fn require_everywhere() -> Result<(), Error> {
    if is_everywhere() { Ok(()) } else { Err(Error::OneOrganization) }
}

/// How the database writes a UUID in a statement, and names a table that is hidden by one of ours.
#[derive(Debug, Clone, Copy)]
pub(super) enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// The statement as the present task may ask it.
pub(super) fn narrowed(sql: &'static str, dialect: Dialect) -> Cow<'static, str> {
    let Some(organization) = current() else { return Cow::Borrowed(sql) };
    // An id prints as hexadecimal digits: nothing in it can end the literal. It is written out, not bound, since the statement's own
    // parameters are numbered from its beginning.
    let (id, real) = match dialect {
        Dialect::Sqlite => (format!("X'{}'", organization.uuid().simple()), "main."),
        // There a name within its own definition is the table's, but after RECURSIVE; and the table's schema is not ours to name.
        Dialect::Postgres => (format!("UUID '{}'", organization.uuid()), ""),
    };
    let (recursive, rest) = match sql.trim_start().strip_prefix("WITH ") {
        None => ("", sql.to_owned()),
        Some(others) => match others.strip_prefix("RECURSIVE ") {
            None => ("", format!(", {others}")),
            Some(others) => ("RECURSIVE ", format!(", {others}")),
        },
    };
    Cow::Owned(format!(
        "WITH {recursive}organization_members AS (SELECT * FROM {real}organization_members WHERE organization_id = {id}) {rest}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_statement_is_narrowed_within_an_organization_only() {
        let plain = "SELECT 1 FROM flows";
        assert!(matches!(narrowed(plain, Dialect::Sqlite), Cow::Borrowed(sql) if sql == plain));
        let organization = "01890000-0000-7000-8000-000000000000".parse().unwrap();
        within(organization, async {
            let with = narrowed("WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a", Dialect::Sqlite);
            assert!(
                with.starts_with("WITH RECURSIVE organization_members AS (SELECT * FROM main."),
                "{with}"
            );
            assert_eq!(with.matches("X'01890000000070008000000000000000'").count(), 1);
            assert_eq!(with.matches("WITH").count(), 1);
        })
        .await;
        assert_eq!(current(), None);
    }
}
