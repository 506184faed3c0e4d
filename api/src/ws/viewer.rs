//! Who watches: somebody with an account, by a session or an API token, or whoever has a share link.

use axum::http::HeaderMap;
use edgesync_actors::live::Account;
use edgesync_schemas::id::{DashboardId, OrganizationId, UserId};
use edgesync_schemas::time::Timestamp;
use edgesync_storage::catalog;
use edgesync_storage::catalog::token::SHARE_LINK;

use crate::auth::{self, By, Credential, Via};
use crate::error::Problem;
use crate::state::AppState;

/// Who watches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Viewer {
    /// As whom it is asked what may be watched: of a link its creator.
    pub(crate) user: UserId,
    /// The only organization that they see; all of the user's if none.
    pub(crate) organization: Option<OrganizationId>,
    /// The only dashboard whose widgets they see, and they see nothing else; whatever their organizations let them if none.
    pub(crate) dashboard: Option<DashboardId>,
    /// On whose account.
    pub(crate) account: Account,
    /// When what they have shown ends by itself.
    pub(crate) expires_at: Option<Timestamp>,
}

impl Viewer {
    /// Who has shown this; nobody if it is unknown or has ended. Every scope of an API token includes reading.
    ///
    /// # Errors
    /// Of the catalog.
    pub(crate) async fn of(
        state: &AppState,
        credential: &Credential,
    ) -> Result<Option<Self>, catalog::Error> {
        if let Some(open) = credential.share_link(state).await? {
            return Ok(Some(Self {
                user: open.link.creator_id,
                organization: Some(open.organization),
                dashboard: Some(open.link.dashboard_id),
                account: Account::Link(open.link.id),
                expires_at: Some(open.link.expires_at),
            }));
        }
        let Some(auth) = credential.auth(state).await? else { return Ok(None) };
        let expires_at = match &auth.by {
            By::Session(session) => Some(session.expires_at),
            By::ApiToken(token) => token.expires_at,
        };
        let (user, organization) = (auth.user.id, auth.organization());
        Ok(Some(Self { user, organization, dashboard: None, account: user.into(), expires_at }))
    }

    /// Who has shown this, for a handshake.
    ///
    /// # Errors
    /// 401 if it is unknown, or has ended.
    pub(crate) async fn require(state: &AppState, credential: &Credential) -> Result<Self, Problem> {
        let viewer = Self::of(state, credential).await?;
        viewer.ok_or_else(|| Problem::unauthorized("the token is unknown or has ended"))
    }
}

/// The token in an address (`share=`): that of a share link. Any other would be a secret in somebody's logs.
///
/// # Errors
/// 400 for another.
pub(crate) fn shared(share: &str) -> Result<&str, Problem> {
    match share.starts_with(SHARE_LINK) {
        true => Ok(share),
        false => Err(Problem::parameter("share", "must be the token of a share link")),
    }
}

/// The token that a handshake carries. One in the address goes before all else: that of a share link (`share=`), because a browser sends its session's cookie along
/// whatever its page wants to show, and of the compatible form any (`token=`). Then that of the `Authorization` header, or of the cookie if the page is one of ours.
///
/// # Errors
/// 400 for a `share` that is no share link's; 403 to a page of somebody else's that relies on the cookie.
pub(crate) fn token(
    headers: &HeaderMap,
    share: Option<String>,
    token: Option<String>,
) -> Result<Option<String>, Problem> {
    if let Some(share) = share {
        return shared(&share).map(|share| Some(share.to_owned()));
    }
    if token.is_some() {
        return Ok(token);
    }
    match auth::session_token(headers) {
        Some((_, Via::Cookie)) if !auth::is_same_origin(headers) => Err(auth::foreign_origin()),
        found => Ok(found.map(|(token, _)| token.to_owned())),
    }
}
