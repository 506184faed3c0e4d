//! Sessions of users.

use std::net::IpAddr;

use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::session::{Origin, Session};
use edgesync_schemas::entity::user::User;
use edgesync_schemas::id::{TokenId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use serde_json::json;

use super::changes::Change;
use super::db::Tx;
use super::error::Error;
use super::token::{Token, TokenKind};
use super::value::Row;
use super::{Catalog, Listing, Slice, audit, new_id, now, user};

const LIFE_US: i64 = limit::SESSION_DAYS * 86_400_000_000;
/// How stale `last_used_at` may be: a write per request would cost a flush to disk each.
const TOUCH_US: i64 = 3_600_000_000;

impl Catalog {
    /// Starts a session of somebody who logged in from there. Those of the user that have ended are removed, and the oldest if there are too many.
    ///
    /// # Errors
    /// Of the database.
    pub async fn create_session(&self, user: UserId, origin: Origin) -> Result<(Session, Token), Error> {
        let (at, token) = (now(), Token::draw(TokenKind::Session)?);
        let mut tx = self.db.begin().await?;
        let session = insert(&mut tx, user, &token, origin, at).await?;
        let ended = tx.execute(
            "DELETE FROM sessions WHERE user_id = $1 AND (expires_at <= $2 OR id NOT IN
                (SELECT s.id FROM sessions s WHERE s.user_id = $1 ORDER BY s.id DESC LIMIT $3))",
            vec![user.into(), at.into(), limit::SESSIONS_PER_USER.into()],
        );
        let told = (ended.await? > 0).then_some(Change::User(user));
        let details = json!({"prefix": session.token_prefix});
        audit::note(&mut tx, user, user, AuditAction::SessionStarted, session.id, details).await?;
        self.commit_telling(tx, told).await?;
        Ok((session, token))
    }

    /// The session whose token has this SHA-256, and its user; nothing if it has ended or the user may not log in.
    ///
    /// Use moves its end on, written at most once an hour.
    ///
    /// # Errors
    /// Of the database.
    pub async fn session(&self, token_hash: &[u8; 32]) -> Result<Option<(Session, User)>, Error> {
        let at = now();
        let found = self.db.first(
            "SELECT s.id, s.user_id, s.token_prefix, s.user_agent, s.ip, s.expires_at, s.last_used_at, s.created_at,
                u.id, u.email, u.name, u.is_active, u.created_at, u.updated_at, p.subscription_type, p.device_limit
             FROM sessions s JOIN users u ON u.id = s.user_id JOIN user_profiles p ON p.user_id = u.id
             WHERE s.token_hash = $1 AND s.expires_at > $2 AND u.is_active = $3",
            vec![token_hash.into(), at.into(), true.into()],
        );
        let Some(mut row) = found.await? else { return Ok(None) };
        let mut session = read(&mut row)?;
        let user = user::read(&mut row)?;
        if session.last_used_at.plus_us(TOUCH_US) < at {
            session = Session { last_used_at: at, expires_at: at.plus_us(LIFE_US), ..session };
            self.touch_session(&session).await?;
        }
        Ok(Some((session, user)))
    }

    /// Ends a session. One that has ended is no error.
    ///
    /// # Errors
    /// Of the database.
    pub async fn end_session(&self, id: TokenId) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let ended =
            tx.first("DELETE FROM sessions WHERE id = $1 RETURNING user_id, token_prefix", vec![id.into()]);
        let Some(mut row) = ended.await? else { return Ok(()) };
        let (user, prefix): (UserId, String) = (row.take()?, row.take()?);
        let details = json!({"prefix": prefix});
        audit::note(&mut tx, user, user, AuditAction::SessionEnded, id, details).await?;
        self.commit_telling(tx, [Change::User(user)]).await
    }

    /// The sessions of `user` that have not ended.
    ///
    /// # Errors
    /// Of the database.
    pub async fn sessions(&self, user: UserId, slice: Slice) -> Result<Listing<Session>, Error> {
        let rows = self.db.query(
            "SELECT s.id, s.user_id, s.token_prefix, s.user_agent, s.ip, s.expires_at, s.last_used_at, s.created_at
             FROM sessions s
             WHERE s.user_id = $1 AND s.id > $2 AND s.expires_at > $3 ORDER BY s.id LIMIT $4",
            vec![user.into(), slice.after().into(), now().into(), slice.fetch().into()],
        );
        let items = rows.await?.into_iter().map(|mut row| read(&mut row)).collect::<Result<_, _>>()?;
        Ok(slice.cut(items, |session: &Session| session.id.uuid()))
    }

    /// Ends a session of `user`.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is none of theirs, or has ended.
    pub async fn end_session_of(&self, user: UserId, id: TokenId) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let ended = tx.first(
            "DELETE FROM sessions WHERE user_id = $1 AND id = $2 RETURNING token_prefix",
            vec![user.into(), id.into()],
        );
        let prefix: String = ended.await?.ok_or(Error::not_found("session"))?.take()?;
        audit::note(&mut tx, user, user, AuditAction::SessionEnded, id, json!({"prefix": prefix})).await?;
        self.commit_telling(tx, [Change::User(user)]).await
    }

    /// Ends all sessions of `user` but one.
    ///
    /// # Errors
    /// Of the database.
    pub async fn end_other_sessions(&self, user: UserId, keep: TokenId) -> Result<u64, Error> {
        let mut tx = self.db.begin().await?;
        let ended = tx
            .execute("DELETE FROM sessions WHERE user_id = $1 AND id <> $2", vec![user.into(), keep.into()]);
        let ended = ended.await?;
        let details = json!({"ended": ended});
        audit::note(&mut tx, user, user, AuditAction::SessionOthersEnded, keep, details).await?;
        self.commit_telling(tx, [Change::User(user)]).await?;
        Ok(ended)
    }

    async fn touch_session(&self, session: &Session) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        tx.execute(
            "UPDATE sessions SET last_used_at = $1, expires_at = $2 WHERE id = $3",
            vec![session.last_used_at.into(), session.expires_at.into(), session.id.into()],
        )
        .await?;
        tx.commit().await
    }
}

/// id, user_id, token_prefix, user_agent, ip, expires_at, last_used_at, created_at
fn read(row: &mut Row) -> Result<Session, Error> {
    Ok(Session {
        id: row.take()?,
        user_id: row.take()?,
        token_prefix: row.take()?,
        origin: Origin { user_agent: row.take()?, ip: ip(row)? },
        expires_at: row.take()?,
        last_used_at: row.take()?,
        created_at: row.take()?,
    })
}

fn ip(row: &mut Row) -> Result<Option<IpAddr>, Error> {
    let text: Option<String> = row.take()?;
    text.map(|text| text.parse().map_err(|_| Error::Corrupt { what: "address" })).transpose()
}

pub(super) async fn insert(
    tx: &mut Tx,
    user: UserId,
    token: &Token,
    origin: Origin,
    at: Timestamp,
) -> Result<Session, Error> {
    let session = Session {
        id: new_id(),
        user_id: user,
        token_prefix: token.prefix().to_owned(),
        origin,
        expires_at: at.plus_us(LIFE_US),
        last_used_at: at,
        created_at: at,
    };
    tx.execute(
        "INSERT INTO sessions (id, user_id, token_hash, token_prefix, user_agent, ip, expires_at, last_used_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        vec![
            session.id.into(),
            user.into(),
            (&token.hash()).into(),
            session.token_prefix.as_str().into(),
            session.origin.user_agent.as_deref().into(),
            session.origin.ip.map(|ip| ip.to_string()).into(),
            session.expires_at.into(),
            at.into(),
        ],
    )
    .await?;
    Ok(session)
}
