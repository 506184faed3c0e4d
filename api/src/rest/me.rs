//! One's own account.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use edgesync_schemas::entity;
use edgesync_schemas::entity::user::{User, UserPatch};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Auth;
use crate::body::JsonBody;
use crate::error::Problem;
use crate::openapi::Role;
use crate::openapi::problem::TooMany;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(show, change))
}

/// The own account.
#[utoipa::path(
    get,
    path = "/me",
    operation_id = "show_me",
    tag = "account",
    responses((status = 200, description = "it", body = User)),
    extensions(("x-role" = json!(Role::Any)), ("x-scope" = json!("read")))
)]
async fn show(auth: Auth) -> Json<User> {
    Json(auth.user)
}

/// Changes the own account. A new password ends all other sessions.
#[utoipa::path(
    patch,
    path = "/me",
    operation_id = "change_me",
    tag = "account",
    request_body = UserPatch,
    responses((status = 200, description = "as it is now", body = User), TooMany),
    extensions(("x-role" = json!(Role::Any)))
)]
async fn change(
    State(state): State<AppState>,
    auth: Auth,
    JsonBody(body): JsonBody,
) -> Result<Json<User>, Problem> {
    let session = auth.session()?.id;
    let patch = UserPatch::read(body)?;
    let hash = match patch.password {
        None => None,
        Some(change) => {
            // Counted as a login: a session left open must not be a way to guess the password.
            let email = auth.user.email.as_str();
            state.attempts.begin(email, None, std::time::Instant::now())?;
            let account = state.catalog.account_by_email(email).await?;
            let hash = account.map(|account| account.password_hash);
            let checked = state.passwords.verify(change.current, hash).await;
            if checked.is_err() {
                // Nothing was tried out: as for a login.
                state.attempts.succeeded(email, None);
            }
            if !checked? {
                let problem =
                    Problem::new(StatusCode::FORBIDDEN, "wrong_password", "the present password is wrong");
                let errors = vec![entity::Problem::at("/current_password", "is wrong")];
                return Err(Problem { errors, ..problem });
            }
            state.attempts.succeeded(email, None);
            Some(state.passwords.hash(change.new).await?)
        }
    };
    let user = state.catalog.update_user(auth.user.id, patch.name, hash, Some(session)).await?;
    Ok(Json(user))
}
