//! API tokens of users.

use edgesync_schemas::entity::api_token::{ApiToken, ApiTokenInput};
use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::user::User;
use edgesync_schemas::id::{TokenId, UserId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use serde_json::json;

use super::audit::{self, Book};
use super::changes::Change;
use super::error::Error;
use super::token::{Token, TokenKind};
use super::value::{Row, Value};
use super::{Catalog, Listing, Slice, access, new_id, now, user};

/// How stale `last_used_at` may be: a write per request would cost a flush to disk each.
const TOUCH_US: i64 = 3_600_000_000;

impl Catalog {
    /// Makes an API token of `user`.
    ///
    /// # Errors
    /// [`Error::LimitReached`]; [`Error::Missing`] if the organization is none of theirs.
    pub async fn create_api_token(
        &self,
        user: UserId,
        input: ApiTokenInput,
    ) -> Result<(ApiToken, Token), Error> {
        let (at, token) = (now(), Token::draw(TokenKind::Api)?);
        let mut tx = self.db.begin().await?;
        if let Some(organization) = input.organization_id {
            access::role(&mut tx, user, organization).await.map_err(|error| match error {
                Error::NotFound { .. } => Error::Missing { field: "organization_id" },
                error => error,
            })?;
        }
        let made = tx.first(
            "SELECT count(*) FROM api_tokens t WHERE t.user_id = $1
                AND (t.organization_id IS NULL OR EXISTS (SELECT 1 FROM organizations o WHERE o.id = t.organization_id))",
            vec![user.into()],
        );
        let made = made.await?;
        if made.map_or(Ok(0), |mut row| row.take::<u32>())? >= limit::API_TOKENS_PER_USER {
            let (code, limit) = ("api_token_limit_reached", limit::API_TOKENS_PER_USER);
            return Err(Error::LimitReached { code, limit });
        }
        let made = ApiToken {
            id: new_id(),
            user_id: user,
            name: input.name,
            scopes: input.scopes,
            organization_id: input.organization_id,
            token_prefix: token.prefix().to_owned(),
            expires_at: input.expires_at,
            last_used_at: None,
            created_at: at,
        };
        tx.execute(
            "INSERT INTO api_tokens (id, user_id, organization_id, name, scopes, token_hash, token_prefix, expires_at,
                created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            vec![
                made.id.into(),
                user.into(),
                made.organization_id.into(),
                made.name.as_str().into(),
                Value::json(&made.scopes),
                (&token.hash()).into(),
                made.token_prefix.as_str().into(),
                made.expires_at.into(),
                at.into(),
            ],
        )
        .await?;
        let (book, details) = (Book::of(made.organization_id, user), details(&made));
        audit::note(&mut tx, user, book, AuditAction::ApiTokenCreated, made.id, details).await?;
        tx.commit().await?;
        Ok((made, token))
    }

    /// The API tokens of `user`, those that have ended among them.
    ///
    /// # Errors
    /// Of the database.
    pub async fn api_tokens(&self, user: UserId, slice: Slice) -> Result<Listing<ApiToken>, Error> {
        let rows = self.db.query(
            "SELECT t.id, t.user_id, t.name, t.scopes, t.organization_id, t.token_prefix, t.expires_at, t.last_used_at,
                t.created_at
             FROM api_tokens t WHERE t.user_id = $1 AND t.id > $2
                AND (t.organization_id IS NULL OR EXISTS (SELECT 1 FROM organizations o WHERE o.id = t.organization_id))
             ORDER BY t.id LIMIT $3",
            vec![user.into(), slice.after().into(), slice.fetch().into()],
        );
        let items = rows.await?.into_iter().map(|mut row| read(&mut row)).collect::<Result<_, _>>()?;
        Ok(slice.cut(items, |token: &ApiToken| token.id.uuid()))
    }

    /// Ends an API token of `user`.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is none of theirs.
    pub async fn delete_api_token(&self, user: UserId, id: TokenId) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let row = tx.first(
            "DELETE FROM api_tokens WHERE user_id = $1 AND id = $2
                AND (organization_id IS NULL OR EXISTS (SELECT 1 FROM organizations o WHERE o.id = organization_id))
             RETURNING id, user_id, name, scopes, organization_id, token_prefix, expires_at, last_used_at, created_at",
            vec![user.into(), id.into()],
        );
        let ended = read(&mut row.await?.ok_or(Error::not_found("API token"))?)?;
        let (book, details) = (Book::of(ended.organization_id, user), details(&ended));
        audit::note(&mut tx, user, book, AuditAction::ApiTokenDeleted, id, details).await?;
        self.commit_telling(tx, [Change::User(user)]).await
    }

    /// The API token with this SHA-256, and whose it is; nothing if it has ended, or its owner may not log in or is no member any
    /// more of the organization that it opens.
    ///
    /// # Errors
    /// Of the database.
    pub async fn api_token(&self, token_hash: &[u8; 32]) -> Result<Option<(ApiToken, User)>, Error> {
        let at = now();
        let found = self.db.first(
            "SELECT t.id, t.user_id, t.name, t.scopes, t.organization_id, t.token_prefix, t.expires_at, t.last_used_at,
                t.created_at, u.id, u.email, u.name, u.is_active, u.created_at, u.updated_at, p.subscription_type,
                p.device_limit
             FROM api_tokens t JOIN users u ON u.id = t.user_id JOIN user_profiles p ON p.user_id = u.id
             WHERE t.token_hash = $1 AND (t.expires_at > $2 OR t.expires_at IS NULL) AND u.is_active = $3
                AND (t.organization_id IS NULL OR EXISTS (SELECT 1 FROM organization_members m
                    WHERE m.user_id = t.user_id AND m.organization_id = t.organization_id))",
            vec![token_hash.into(), at.into(), true.into()],
        );
        let Some(mut row) = found.await? else { return Ok(None) };
        let token = read(&mut row)?;
        let user = user::read(&mut row)?;
        if token.last_used_at.is_none_or(|used| used.plus_us(TOUCH_US) < at) {
            self.touch_api_token(token.id, at).await?;
            return Ok(Some((ApiToken { last_used_at: Some(at), ..token }, user)));
        }
        Ok(Some((token, user)))
    }

    async fn touch_api_token(&self, id: TokenId, at: Timestamp) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        tx.execute("UPDATE api_tokens SET last_used_at = $1 WHERE id = $2", vec![at.into(), id.into()])
            .await?;
        tx.commit().await
    }
}

fn details(token: &ApiToken) -> serde_json::Value {
    json!({"name": token.name, "prefix": token.token_prefix, "scopes": token.scopes})
}

/// id, user_id, name, scopes, organization_id, token_prefix, expires_at, last_used_at, created_at
fn read(row: &mut Row) -> Result<ApiToken, Error> {
    Ok(ApiToken {
        id: row.take()?,
        user_id: row.take()?,
        name: row.take()?,
        scopes: row.json()?,
        organization_id: row.take()?,
        token_prefix: row.take()?,
        expires_at: row.take()?,
        last_used_at: row.take()?,
        created_at: row.take()?,
    })
}
