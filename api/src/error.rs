//! What goes wrong, as RFC 9457 problems: the one place where errors of the domain become HTTP.
//!
//! The public text is apart from the inner one: what a user reads names what they sent, what the log reads names the cause.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use edgesync_actors::{flow as flows, live};
use edgesync_schemas::entity;
use edgesync_schemas::flow;
use edgesync_storage::{catalog, history, log};
use serde::Serialize;
use utoipa::ToSchema;

/// An answer that says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// Which problem, for programs: does not change.
    pub code: Cow<'static, str>,
    /// Which problem, for people.
    pub detail: Cow<'static, str>,
    /// The places in the body that are wrong.
    pub errors: Vec<entity::Problem>,
    /// What is wrong with a flow's diagram, in the words of the editor: by node and field.
    pub problems: Vec<flow::Problem>,
    /// Seconds after which to try again.
    pub retry_after_s: Option<u64>,
}

/// An answer that says no, as it is sent (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Body<'a> {
    /// `about:blank`: `code` says which problem it is.
    r#type: &'static str,
    /// The status in words.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// Which problem, for people.
    detail: &'a str,
    /// Which problem, for programs: does not change.
    code: &'a str,
    /// The places in the body that are wrong.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [entity::Problem],
    /// What is wrong with a flow's diagram, by node and field.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    problems: &'a [flow::Problem],
}

impl Problem {
    /// A problem of any kind.
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            detail: detail.into(),
            errors: Vec::new(),
            problems: Vec::new(),
            retry_after_s: None,
        }
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(code: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 400: a parameter in the address is wrong.
    pub fn parameter(name: &str, message: &str) -> Self {
        Self::bad_request("invalid_parameter", format!("parameter {name} {message}"))
    }

    /// 401: it is not said, or not believed, who asks.
    pub fn unauthorized(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// 403: known, and not allowed.
    pub fn forbidden(code: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    /// 404: there is no such thing for the one who asks.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("no such {what}"))
    }

    /// 409: it clashes with what is there.
    pub fn conflict(code: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 422: the body is JSON, but not what it should be.
    pub fn invalid(errors: Vec<entity::Problem>) -> Self {
        let problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", "the body has problems");
        Self { errors, ..problem }
    }

    /// 422: the flow cannot run. `errors` says the same as `problems` once [`Problem::pointing_into`] knows the diagram.
    pub fn flow(problems: Vec<flow::Problem>) -> Self {
        let detail = format!("the flow cannot run: {} problems", problems.len());
        Self { problems, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "flow_invalid", detail) }
    }

    /// 429: not so often.
    pub fn too_many(detail: impl Into<Cow<'static, str>>, retry_after_s: u64) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail);
        Self { retry_after_s: Some(retry_after_s), ..problem }
    }

    /// 429: what the user has begun before must end first.
    pub fn running(code: &'static str, detail: &'static str) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail);
        Self { retry_after_s: Some(1), ..problem }
    }

    /// 503: too much is going on right now.
    pub fn busy() -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "the server is busy, try again");
        Self { retry_after_s: Some(1), ..problem }
    }

    /// 503: the change was done or it was not. Sent again under its key it is not done twice.
    pub fn outcome_unknown() -> Self {
        let detail = "outcome unknown: the database went away while the change was being committed, which was done whole or not at all. \
            If the request had an Idempotency-Key, send it again with the same one; if not, look at what is there";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown", detail);
        Self { retry_after_s: Some(1), ..problem }
    }

    /// 500: our fault. The cause goes to the log, not to the one who asks.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(error = %error, cause = ?error.source(), "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the server failed; its log says why")
    }

    /// What is sent of it.
    pub(crate) fn body(&self) -> Body<'_> {
        Body {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: &self.code,
            errors: &self.errors,
            problems: &self.problems,
        }
    }

    /// What is wrong with several parts of a body: the first says which problem it is, and each where it is.
    fn parts(parts: Vec<(String, catalog::Error)>) -> Self {
        let problems = parts.into_iter().map(|(at, error)| {
            let mut problem = Self::from(error);
            problem.errors.iter_mut().for_each(|error| error.pointer.insert_str(0, &at));
            problem
        });
        let all = problems.reduce(|mut first, other| {
            first.errors.extend(other.errors);
            first
        });
        all.unwrap_or_else(|| Self::invalid(Vec::new()))
    }

    fn with(self, pointer: String, message: &str) -> Self {
        Self { errors: vec![entity::Problem::at(pointer, message)], ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Vec<entity::Problem>> for Problem {
    fn from(errors: Vec<entity::Problem>) -> Self {
        Self::invalid(errors)
    }
}

impl From<catalog::Error> for Problem {
    fn from(error: catalog::Error) -> Self {
        use catalog::Error;
        match error {
            Error::NotFound { what } => Self::not_found(what),
            Error::Missing { field } => Self::not_found("thing as the body refers to")
                .with(format!("/{field}"), "refers to nothing there is"),
            Error::Invalid { field, message } => {
                Self::invalid(vec![entity::Problem::at(format!("/{field}"), message)])
            }
            Error::Parts(parts) => Self::parts(parts),
            Error::Forbidden => Self::forbidden("forbidden", "this needs an admin of the organization"),
            Error::NotOwner => Self::forbidden("forbidden", "this needs the owner of the organization"),
            Error::OneOrganization => Self::forbidden(
                "insufficient_scope",
                "the API token opens one organization only, and this would be outside of it",
            ),
            Error::AlreadySetUp => Self::conflict(
                "already_set_up",
                "the first user exists: sign up without a setup token, or log in",
            ),
            Error::Owner => {
                Self::conflict("owner_stays", "the owner of an organization can neither leave nor be demoted")
            }
            Error::Conflict { field } => Self::conflict("already_exists", format!("{field} is taken"))
                .with(format!("/{field}"), "is taken"),
            Error::Stale { current } => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "version_conflict",
                format!("somebody saved in between: it is at version {current}"),
            ),
            Error::LimitReached { code, limit } => {
                Self::forbidden(code, format!("the limit of {limit} is reached"))
            }
            Error::Busy | Error::Closed => Self::busy(),
            Error::OutcomeUnknown => Self::outcome_unknown(),
            error @ (Error::SchemaNewer { .. }
            | Error::SchemaOlder { .. }
            | Error::SchemaAltered { .. }
            | Error::SqliteTooOld { .. }
            | Error::Corrupt { .. }
            | Error::NoRandom
            | Error::Thread(_)
            | Error::Aborted
            | Error::Database(_)) => Self::internal(&error),
        }
    }
}

impl From<flows::Error> for Problem {
    fn from(error: flows::Error) -> Self {
        use flows::Error;
        match error {
            Error::Refused(problems) => Self::flow(problems),
            Error::Catalog(error) => error.into(),
            Error::Busy | Error::Stopped => Self::busy(),
            error @ Error::Cancelled => Self::conflict("deployment_cancelled", error.to_string()),
            error @ Error::NotDeployed => Self::conflict("not_deployed", error.to_string()),
            Error::Ended(why) => Self::new(StatusCode::CONFLICT, "run_ended", why),
            error @ Error::WarmUp => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "warm_up_failed", error.to_string())
            }
            error @ (Error::Engine(_) | Error::Log(_) | Error::Actor(_)) => Self::internal(&error),
        }
    }
}

impl From<live::Error> for Problem {
    fn from(error: live::Error) -> Self {
        match error {
            error @ live::Error::Limit { .. } => Self::forbidden("live_limit_reached", error.to_string()),
            live::Error::Log(error) => error.into(),
            live::Error::Busy | live::Error::TooLong => Self::busy(),
        }
    }
}

impl From<log::Error> for Problem {
    fn from(error: log::Error) -> Self {
        use log::Error;
        match error {
            Error::Cursor => Self::parameter("cursor", "must be what an earlier page had as its next"),
            Error::Unavailable | Error::Closed => Self::busy(),
            Error::TooSlow => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too_slow",
                "reading this took the database too long: ask for a shorter time, or again later",
            ),
            error => Self::internal(&error),
        }
    }
}

impl From<history::Error> for Problem {
    fn from(error: history::Error) -> Self {
        use history::Error;
        match error {
            Error::Busy => Self::busy(),
            Error::TooMuchText(error) => Self::bad_request(
                "too_much_text",
                format!("{error}: ask for fewer buckets, or without first and last"),
            ),
            Error::Log(error) => error.into(),
        }
    }
}

impl From<history::export::Error> for Problem {
    fn from(error: history::export::Error) -> Self {
        use history::export::Error;
        match error {
            Error::Log(error) => error.into(),
            Error::Catalog(error) => error.into(),
            error @ Error::Encode(_) => Self::internal(&error),
        }
    }
}
