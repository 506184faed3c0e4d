//! Answers of handlers beyond those that follow from what they take: named among a handler's `responses`.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{Ref, RefOr, Response};

type Responses = BTreeMap<String, RefOr<Response>>;

/// 409: it clashes with what is there.
#[derive(Debug)]
pub enum Conflict {}

impl IntoResponses for Conflict {
    fn responses() -> Responses {
        Responses::from([("409".to_owned(), Ref::from_response_name("Conflict").into())])
    }
}

/// 503: too much is going on, for operations that say so themselves.
#[derive(Debug)]
pub enum Busy {}

impl IntoResponses for Busy {
    fn responses() -> Responses {
        Responses::from([("503".to_owned(), Ref::from_response_name("Busy").into())])
    }
}

/// 401, of operations that anybody may ask: what is said of who asks is wrong.
#[derive(Debug)]
pub enum Unauthorized {}

impl IntoResponses for Unauthorized {
    fn responses() -> Responses {
        Responses::from([("401".to_owned(), Ref::from_response_name("Unauthorized").into())])
    }
}

/// 429: not so often.
#[derive(Debug)]
pub enum TooMany {}

impl IntoResponses for TooMany {
    fn responses() -> Responses {
        Responses::from([("429".to_owned(), Ref::from_response_name("TooManyRequests").into())])
    }
}
