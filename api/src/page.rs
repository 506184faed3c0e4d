//! Parameters in the address: ids in the path, and pages, search and filters behind the question mark.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use edgesync_schemas::entity::Page;
use edgesync_schemas::limit;
use edgesync_storage::catalog::{Listing, Slice};
use serde::de::DeserializeOwned;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use uuid::Uuid;

use crate::error::Problem;
use crate::openapi::Description;

/// What stands in the path, as ids. Something that is no id is as little there as an unknown one: 404.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(ids)) => Ok(Self(ids)),
            Err(_) => Err(Problem::not_found("thing: its id must be a UUID")),
        }
    }
}

/// Refuses what would otherwise be ignored, so that nobody takes an answer for something that it is not: parameters that the
/// operation does not describe, parameters given twice, and an `If-Match` that it does not heed. Tells the request which scope an API token needs for it.
///
/// # Errors
/// 400 that names the parameter or the header.
pub async fn refuse_ignored(
    State(api): State<Arc<Description>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let operation = api.operation(request.method(), path).cloned();
    if request.uri().query().is_some_and(|query| !query.is_empty()) {
        check_parameters(operation.as_ref().map_or(&[], |of| &of.parameters), request.uri())?;
    }
    if request.headers().contains_key(header::IF_MATCH)
        && !operation.as_ref().is_some_and(|of| of.heeds_version)
    {
        let detail =
            "If-Match is not heeded here: what this is about carries no ETag. Send the request without it";
        return Err(Problem::bad_request("if_match_unsupported", detail));
    }
    if let Some(operation) = operation {
        request.extensions_mut().insert(operation);
    }
    Ok(next.run(request).await)
}

fn check_parameters(taken: &[String], uri: &Uri) -> Result<(), Problem> {
    let Ok(Query(given)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
        return Err(unreadable());
    };
    for (at, (name, _)) in given.iter().enumerate() {
        if !taken.contains(name) {
            let names = if taken.is_empty() { "none".to_owned() } else { taken.join(", ") };
            return Err(Problem::parameter(name, &format!("is not known here; known: {names}")));
        }
        if given[..at].iter().any(|(earlier, _)| earlier == name) {
            return Err(Problem::parameter(name, "is given twice"));
        }
    }
    Ok(())
}

fn unreadable() -> Problem {
    Problem::bad_request("invalid_parameter", "the address cannot be read behind the question mark")
}

/// `limit` and `cursor` in the description of a list.
#[derive(Debug)]
pub enum Paging {}

impl IntoParams for Paging {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
        let number = number.maximum(Some(limit::PAGE_MAX as u64)).default(Some(limit::PAGE_DEFAULT.into()));
        let text = ObjectBuilder::new().schema_type(Type::String);
        vec![
            parameter("limit", number, "Entries of the page."),
            parameter("cursor", text, "What an earlier page had as its `next`."),
        ]
    }
}

/// `limit`, `cursor` and `q` in the description of a list.
#[derive(Debug)]
pub enum Listed {}

impl IntoParams for Listed {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let mut parameters = Paging::into_params(place);
        parameters.push(parameter(
            "q",
            text,
            "Part of the name. The letters A to Z are found in either case, all others as they stand.",
        ));
        parameters
    }
}

fn parameter(name: &str, schema: ObjectBuilder, description: &str) -> Parameter {
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query);
    parameter.schema(Some(schema)).description(Some(description)).build()
}

/// What stands behind the question mark. What is in it was let through by [`refuse_ignored`].
#[derive(Debug, Default)]
pub struct Params(HashMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(map)) => Ok(Self(map)),
            Err(_) => Err(unreadable()),
        }
    }
}

impl Params {
    /// A parameter as it stands; an empty one is none.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A parameter that prints and parses, such as an id or a time.
    ///
    /// # Errors
    /// 400, with what the type says.
    pub fn parse<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<Option<T>, Problem> {
        let parsed = self.text(name).map(str::parse).transpose();
        parsed.map_err(|error: T::Err| Problem::parameter(name, &error.to_string()))
    }

    /// `limit=`: entries of a page.
    ///
    /// # Errors
    /// 400 if it is not 1 to [`limit::PAGE_MAX`].
    pub fn limit(&self) -> Result<usize, Problem> {
        let Some(text) = self.text("limit") else { return Ok(limit::PAGE_DEFAULT) };
        match text.parse() {
            Ok(entries) if (1..=limit::PAGE_MAX).contains(&entries) => Ok(entries),
            _ => {
                let message = format!("must be a whole number from 1 to {}", limit::PAGE_MAX);
                Err(Problem::parameter("limit", &message))
            }
        }
    }

    /// `limit=` and `cursor=`: which part of a list of entities.
    ///
    /// # Errors
    /// 400.
    pub fn slice(&self) -> Result<Slice, Problem> {
        let after = match self.text("cursor") {
            None => None,
            Some(text) => Some(from_cursor(text).ok_or_else(|| {
                Problem::parameter("cursor", "must be what an earlier page had as its next")
            })?),
        };
        Ok(Slice { after, limit: self.limit()? })
    }
}

/// Version of the cursors below, so that a later kind can be told apart.
const CURSOR: &str = "a";

/// The page that shows this part of a list.
pub fn page<T>(listing: Listing<T>) -> Page<T> {
    Page { items: listing.items, next: listing.next.map(|after| format!("{CURSOR}{}", after.simple())) }
}

fn from_cursor(text: &str) -> Option<Uuid> {
    let hex = text.strip_prefix(CURSOR)?;
    if hex.len() == 32 { Uuid::try_parse(hex).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(name: &str, value: &str) -> Params {
        Params(HashMap::from([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn a_cursor_is_read_back_and_nothing_else_is() {
        let last = Uuid::now_v7();
        let next = page(Listing::<()> { items: vec![], next: Some(last) }).next.unwrap();
        assert_eq!(params("cursor", &next).slice().unwrap().after, Some(last));
        for wrong in [last.to_string(), format!("b{}", last.simple()), "a".to_owned(), "ä".repeat(20)] {
            assert!(params("cursor", &wrong).slice().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_page_has_1_to_500_entries() {
        assert_eq!(Params::default().limit().unwrap(), 50);
        assert_eq!(params("limit", "500").limit().unwrap(), 500);
        for wrong in ["0", "501", "-1", "x"] {
            assert!(params("limit", wrong).limit().is_err(), "{wrong}");
        }
    }
}
