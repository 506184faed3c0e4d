//! Users and what they may have.

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::organization::{MemberRole, Organization, OrganizationInput};
use edgesync_schemas::entity::session::{Origin, Session};
use edgesync_schemas::entity::user::{Person, SubscriptionType, User, UserProfile};
use edgesync_schemas::id::UserId;
use edgesync_schemas::limit;
use serde_json::json;

use super::changes::Change;
use super::db::Tx;
use super::error::Error;
use super::token::{Token, TokenKind};
use super::value::{Row, Value};
use super::{Catalog, audit, member, new_id, now, organization, session};

/// A user and the hash that their password is checked against. The hash does not print.
#[derive(Clone)]
pub struct Account {
    /// The user.
    pub user: User,
    /// In the form that `argon2` writes, parameters included.
    pub password_hash: String,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What a new user gets.
#[derive(Debug)]
pub struct SignedUp {
    /// The user.
    pub user: User,
    /// Their first organization.
    pub organization: Organization,
    /// Their first session.
    pub session: Session,
    /// Its token, to be shown once.
    pub token: Token,
}

/// Which new users are let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// All.
    Anybody,
    /// The first user of the installation.
    First,
}

impl Catalog {
    /// Makes a user, their profile, their first organization, their membership as its admin, and a session: all or nothing.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the address has an account.
    pub async fn sign_up(&self, email: &str, name: &str, password_hash: String) -> Result<SignedUp, Error> {
        self.sign_up_as(Admission::Anybody, email, name, password_hash, Origin::default()).await
    }

    /// Whether there is a user, or ever was.
    ///
    /// # Errors
    /// Of the database.
    pub async fn has_users(&self) -> Result<bool, Error> {
        Ok(self.db.first("SELECT f.place FROM first_users f", vec![]).await?.is_some())
    }

    /// Makes a user as [`Catalog::sign_up`] does, who signs up from there, if they are let in. Of any number that are the first at once, one is.
    ///
    /// # Errors
    /// [`Error::AlreadySetUp`] if they are not let in; [`Error::Conflict`] if the address has an account.
    pub async fn sign_up_as(
        &self,
        admission: Admission,
        email: &str,
        name: &str,
        password_hash: String,
        origin: Origin,
    ) -> Result<SignedUp, Error> {
        let token = Token::draw(TokenKind::Session)?;
        let mut tx = self.db.begin().await?;
        let user = new(email, name);
        if !is_first(&mut tx, &user).await? && admission == Admission::First {
            return Err(Error::AlreadySetUp);
        }
        let organization = insert(&mut tx, Some(user.id), &user, password_hash).await?;
        let session = session::insert(&mut tx, user.id, &token, origin, user.created_at).await?;
        tx.commit().await?;
        Ok(SignedUp { user, organization, session, token })
    }

    /// The account with this address (folded, as `Email` has it), to check a password against.
    ///
    /// # Errors
    /// Of the database.
    pub async fn account_by_email(&self, email: &str) -> Result<Option<Account>, Error> {
        // No account has such an address, and PostgreSQL does not take it for text.
        if email.contains('\0') {
            return Ok(None);
        }
        let row = self.db.first(
            "SELECT u.id, u.email, u.name, u.is_active, u.created_at, u.updated_at, p.subscription_type, p.device_limit,
                u.password_hash
             FROM users u JOIN user_profiles p ON p.user_id = u.id WHERE u.email = $1",
            vec![email.into()],
        );
        row.await?
            .map(|mut row| Ok(Account { user: read(&mut row)?, password_hash: row.take()? }))
            .transpose()
    }

    /// The user with this id.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn user(&self, id: UserId) -> Result<User, Error> {
        let row = self.db.first(
            "SELECT u.id, u.email, u.name, u.is_active, u.created_at, u.updated_at, p.subscription_type, p.device_limit
             FROM users u JOIN user_profiles p ON p.user_id = u.id WHERE u.id = $1",
            vec![id.into()],
        );
        read(&mut row.await?.ok_or(Error::not_found("user"))?)
    }

    /// Changes a user's name and password hash; what is `None` stays. A new password ends all sessions but `keep`.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn update_user(
        &self,
        id: UserId,
        name: Option<String>,
        password_hash: Option<String>,
        keep: Option<edgesync_schemas::id::TokenId>,
    ) -> Result<User, Error> {
        let mut tx = self.db.begin().await?;
        let (renamed, new_password) = (name.clone(), password_hash.is_some());
        if password_hash.is_some() {
            let kept = keep.map_or(uuid::Uuid::nil(), |id| id.uuid());
            tx.execute("DELETE FROM sessions WHERE user_id = $1 AND id <> $2", vec![id.into(), kept.into()])
                .await?;
        }
        let changed = tx
            .execute(
                "UPDATE users SET name = COALESCE($1, name), password_hash = COALESCE($2, password_hash), updated_at = $3
                 WHERE id = $4",
                vec![name.into(), password_hash.into(), now().into(), id.into()],
            )
            .await?;
        if changed == 0 {
            return Err(Error::not_found("user"));
        }
        if let Some(name) = renamed {
            audit::note(&mut tx, id, id, AuditAction::UserUpdated, id, json!({"name": name})).await?;
        }
        if new_password {
            audit::note(&mut tx, id, id, AuditAction::UserPasswordChanged, id, json!({})).await?;
        }
        self.commit_telling(tx, new_password.then_some(Change::User(id))).await?;
        self.user(id).await
    }

    /// Sets a user's plan. Limits are read where they are enforced, so a running server knows at once.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such account.
    pub async fn set_plan(
        &self,
        email: &str,
        kind: SubscriptionType,
        device_limit: u32,
    ) -> Result<User, Error> {
        let mut tx = self.db.begin().await?;
        let row = tx.first(
            "UPDATE user_profiles SET subscription_type = $1, device_limit = $2, updated_at = $3
             WHERE user_id = (SELECT id FROM users WHERE email = $4) RETURNING user_id",
            vec![Value::name(&kind), device_limit.into(), now().into(), email.into()],
        );
        let id: UserId = row.await?.ok_or(Error::not_found("user"))?.take()?;
        let details = json!({"subscription_type": kind, "device_limit": device_limit});
        audit::note(&mut tx, None, id, AuditAction::UserPlanSet, id, details).await?;
        tx.commit().await?;
        self.user(id).await
    }

    /// All users in the order of their accounts' making, a part at a time: for the operator of the installation.
    ///
    /// # Errors
    /// Of the database.
    pub async fn users(&self, slice: super::Slice) -> Result<super::Listing<User>, Error> {
        let rows = self.db.query(
            "SELECT u.id, u.email, u.name, u.is_active, u.created_at, u.updated_at, p.subscription_type, p.device_limit
             FROM users u JOIN user_profiles p ON p.user_id = u.id WHERE u.id > $1 ORDER BY u.id LIMIT $2",
            vec![slice.after().into(), slice.fetch().into()],
        );
        let items = rows.await?.into_iter().map(|mut row| read(&mut row)).collect::<Result<_, _>>()?;
        Ok(slice.cut(items, |user: &User| user.id.uuid()))
    }
}

/// A user as others see them, within a transaction; nothing if there is no such user.
pub(super) async fn person_of(tx: &mut Tx, id: UserId) -> Result<Option<Person>, Error> {
    let row = tx.first("SELECT u.id, u.email, u.name FROM users u WHERE u.id = $1", vec![id.into()]);
    row.await?.map_or(Ok(None), |mut row| person(&mut row))
}

/// id, email, name, or nothing of each
pub(super) fn person(row: &mut Row) -> Result<Option<Person>, Error> {
    let (id, email, name) = (row.take::<Option<_>>()?, row.take::<Option<_>>()?, row.take::<Option<_>>()?);
    Ok(id.zip(email).zip(name).map(|((id, email), name)| Person { id, email, name }))
}

/// An account that is to be made.
pub(super) fn new(email: &str, name: &str) -> User {
    let at = now();
    let profile =
        UserProfile { subscription_type: SubscriptionType::Free, device_limit: limit::DEVICE_LIMIT_DEFAULT };
    User {
        id: new_id(),
        email: email.to_owned(),
        name: name.to_owned(),
        is_active: true,
        profile,
        created_at: at,
        updated_at: at,
    }
}

/// Notes the user as the first of the installation. False if there is or was one.
pub(super) async fn is_first(tx: &mut Tx, user: &User) -> Result<bool, Error> {
    let noted = tx.execute(
        "INSERT INTO first_users (place, user_id, at) VALUES (1, $1, $2) ON CONFLICT (place) DO NOTHING",
        vec![user.id.into(), user.created_at.into()],
    );
    Ok(noted.await? > 0)
}

/// Makes an account, its profile, its first organization and its membership as its admin. `actor` makes them: none is the operator.
pub(super) async fn insert(
    tx: &mut Tx,
    actor: Option<UserId>,
    user: &User,
    password_hash: String,
) -> Result<Organization, Error> {
    let at = user.created_at;
    tx.execute(
        "INSERT INTO users (id, email, name, password_hash, is_active, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
        vec![
            user.id.into(),
            user.email.as_str().into(),
            user.name.as_str().into(),
            password_hash.into(),
            user.is_active.into(),
            at.into(),
        ],
    )
    .await?;
    tx.execute(
        "INSERT INTO user_profiles (user_id, subscription_type, device_limit, updated_at) VALUES ($1, $2, $3, $4)",
        vec![
            user.id.into(),
            Value::name(&user.profile.subscription_type),
            user.profile.device_limit.into(),
            at.into(),
        ],
    )
    .await?;
    let input = OrganizationInput { name: organization_name(&user.name), ..OrganizationInput::default() };
    let organization = organization::insert(tx, user.id, input, at).await?;
    member::insert(tx, organization.id, user.id, MemberRole::Admin, None, at).await?;
    let details = json!({"email": user.email});
    audit::note(tx, actor, user.id, AuditAction::UserSignedUp, user.id, details).await?;
    let (id, details) = (organization.id, json!({"name": organization.name}));
    audit::note(tx, actor, id, AuditAction::OrganizationCreated, id, details).await?;
    Ok(organization)
}

/// id, email, name, is_active, created_at, updated_at, subscription_type, device_limit
pub(super) fn read(row: &mut Row) -> Result<User, Error> {
    Ok(User {
        id: row.take()?,
        email: row.take()?,
        name: row.take()?,
        is_active: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
        profile: UserProfile { subscription_type: row.name()?, device_limit: row.take()? },
    })
}

/// What the first organization of somebody is called until they choose.
fn organization_name(name: &str) -> String {
    let name: String = name.chars().take(limit::NAME_CHARS - 20).collect();
    format!("{name}'s organization")
}
