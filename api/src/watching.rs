//! Who watches one thing for a while, and whether they still may: asked before it begins, and again with each heartbeat. The one place for
//! the ways that show one thing only: events, long polls, and the compatible sockets.

use edgesync_schemas::id::{OrganizationId, UserId};
use edgesync_schemas::wire::live::{ErrCode, Target};
use tracing::warn;

use crate::auth::{Auth, Credential};
use crate::error::Problem;
use crate::state::AppState;
use crate::ws::subscribe::{self, Refused};

/// Somebody who watches something.
pub(crate) struct Watching {
    pub(crate) user: UserId,
    /// The only organization that they see.
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) target: Target,
    credential: Credential,
    /// How many memberships had ended when it was asked last whether they may.
    departures: u64,
}

/// Why somebody watches no longer.
pub(crate) enum Lost {
    /// What they showed to say who they are has ended.
    LoggedOut,
    /// They may not, or it cannot be looked up.
    Refused(Refused),
}

impl Watching {
    /// Somebody who may watch this, which is for the caller to ask next: what changes from now on is looked at.
    pub(crate) fn new(state: &AppState, auth: &Auth, token: &str, target: Target) -> Self {
        Self {
            user: auth.user.id,
            organization: auth.organization(),
            target,
            credential: Credential::of(token),
            departures: state.catalog.departures(),
        }
    }

    /// Whether they still may. What cannot be looked up just now is asked again the next time, but for who they are.
    pub(crate) async fn check(&mut self, state: &AppState) -> Result<(), Lost> {
        match self.credential.auth(state).await {
            Ok(Some(_)) => {}
            Ok(None) => return Err(Lost::LoggedOut),
            Err(error) => {
                warn!(%error, "a session cannot be looked up");
                let message = "sessions cannot be looked up just now".to_owned();
                return Err(Lost::Refused(Refused { code: ErrCode::Unavailable, message }));
            }
        }
        let departures = state.catalog.departures();
        if departures == self.departures {
            return Ok(());
        }
        match subscribe::check(state, self.user, &self.target).await {
            Ok(()) => self.departures = departures,
            Err(Refused { code: ErrCode::Unavailable, .. }) => {}
            Err(refused) => return Err(Lost::Refused(refused)),
        }
        Ok(())
    }
}

impl Lost {
    /// As it is told in a frame.
    pub(crate) fn refused(self) -> Refused {
        match self {
            Self::LoggedOut => {
                Refused { code: ErrCode::Forbidden, message: "the token is unknown or has ended".to_owned() }
            }
            Self::Refused(refused) => refused,
        }
    }
}

impl From<Lost> for Problem {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::LoggedOut => Self::unauthorized("the token is unknown or has ended"),
            Lost::Refused(refused) => refused.into(),
        }
    }
}

impl From<Refused> for Problem {
    fn from(Refused { code, message }: Refused) -> Self {
        match code {
            ErrCode::NotFound => Self { detail: message.into(), ..Self::not_found("widget") },
            ErrCode::Forbidden => Self::forbidden("forbidden", message),
            ErrCode::Limit => Self::forbidden("live_limit_reached", message),
            ErrCode::Malformed => Self::bad_request("invalid_parameter", message),
            ErrCode::Unavailable => Self { detail: message.into(), ..Self::busy() },
        }
    }
}
