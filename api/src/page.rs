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
use edgesync_storage::catalog::{Listing, Order, Slice, SortKey};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::cursor;
use crate::error::Problem;
use crate::openapi::{self, Description, Operation};

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
/// operation does not describe, parameters given twice, and an `If-Match` that it does not heed. And what no parameter may be: longer than it is
/// described, or with a NUL character, which PostgreSQL does not take for text. Tells the request which scope an API token needs for it.
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

fn check_parameters(taken: &[openapi::Parameter], uri: &Uri) -> Result<(), Problem> {
    let Ok(Query(given)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
        return Err(unreadable());
    };
    for (at, (name, value)) in given.iter().enumerate() {
        let Some(parameter) = taken.iter().find(|parameter| parameter.name == *name) else {
            let names: Vec<_> = taken.iter().map(|parameter| parameter.name.as_str()).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(Problem::parameter(name, &format!("is not known here; known: {names}")));
        };
        if value.contains('\0') {
            return Err(Problem::parameter(name, "must have no NUL character"));
        }
        if let Some(most) = parameter.max_chars
            && value.chars().count() as u64 > most
        {
            return Err(Problem::parameter(name, &format!("must have at most {most} characters")));
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
        let text = text.max_length(Some(limit::SEARCH_CHARS));
        let mut parameters = Paging::into_params(place);
        parameters.push(parameter(
            "q",
            text,
            "Part of the name. The letters A to Z are found in either case, all others as they stand.",
        ));
        parameters
    }
}

/// `limit`, `cursor`, `q` and `sort` in the description of a list that is sorted.
#[derive(Debug)]
pub enum Sorted {}

impl IntoParams for Sorted {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        sorted(place, &[SortKey::Name, SortKey::CreatedAt, SortKey::UpdatedAt])
    }
}

/// As [`Sorted`], for what is seen: a device that never was counts as seen when it was made.
#[derive(Debug)]
pub enum SortedBySight {}

impl IntoParams for SortedBySight {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        sorted(place, &[SortKey::Name, SortKey::CreatedAt, SortKey::UpdatedAt, SortKey::LastSeen])
    }
}

/// As [`Sorted`], for members: they have joined, and are not changed in an order.
#[derive(Debug)]
pub enum SortedByJoining {}

impl IntoParams for SortedByJoining {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        sorted(place, &[SortKey::Name, SortKey::JoinedAt])
    }
}

fn sorted(place: impl Fn() -> Option<ParameterIn>, keys: &[SortKey]) -> Vec<Parameter> {
    let orders = keys.iter().flat_map(|key| [key.name().to_owned(), format!("-{}", key.name())]);
    let order = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(orders.collect::<Vec<_>>()));
    let mut parameters = Listed::into_params(place);
    let says = "The order, with `-` the greatest first; that of creation if absent. Names go byte by byte.";
    parameters.push(parameter("sort", order, says));
    parameters
}

fn parameter(name: &str, schema: ObjectBuilder, description: &str) -> Parameter {
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query);
    parameter.schema(Some(schema)).description(Some(description)).build()
}

/// What stands behind the question mark. What is in it was let through by [`refuse_ignored`].
#[derive(Debug, Default)]
pub struct Params {
    given: HashMap<String, String>,
    /// The orders that the operation describes, and what its list is.
    orders: Vec<String>,
    question: u64,
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Ok(Query(given)) = Query::<HashMap<String, String>>::from_request_parts(parts, state).await
        else {
            return Err(unreadable());
        };
        let operation = parts.extensions.get::<Arc<Operation>>();
        let orders = operation.map(|operation| operation.orders.clone()).unwrap_or_default();
        Ok(Self { question: question(parts.uri.path(), &given), orders, given })
    }
}

/// What tells lists apart: the address, and all parameters but those that say which part is wanted.
fn question(path: &str, given: &HashMap<String, String>) -> u64 {
    let mut parameters: Vec<_> =
        given.iter().filter(|(name, _)| !["limit", "cursor"].contains(&name.as_str())).collect();
    parameters.sort();
    let hash = Sha256::digest(format!("{path} {parameters:?}"));
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

const NO_CURSOR: &str = "must be what an earlier page had as its next";
const OTHER_CURSOR: &str = "belongs to another list, filter or order: begin without one";

impl Params {
    /// A parameter as it stands; an empty one is none.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str).filter(|text| !text.is_empty())
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

    /// `limit=`, `cursor=` and, where the operation describes it, `sort=`: which part of a list of entities.
    ///
    /// # Errors
    /// 400; for a cursor of another list, filter or order, too.
    pub fn slice(&self) -> Result<Slice, Problem> {
        let order = match self.text("sort") {
            None => Order::default(),
            Some(text) if self.orders.iter().any(|order| order == text) => {
                self.parse("sort")?.unwrap_or_default()
            }
            Some(_) => {
                return Err(Problem::parameter(
                    "sort",
                    &format!("must be one of {}", self.orders.join(", ")),
                ));
            }
        };
        let after = self.text("cursor").map(|text| {
            let after = cursor::read(text).ok_or(NO_CURSOR)?;
            if after.question != self.question {
                return Err(OTHER_CURSOR);
            }
            // None of ours: ours have the value that the list is sorted by.
            if after.key.fits(order.key) { Ok(after) } else { Err(NO_CURSOR) }
        });
        let after = after.transpose().map_err(|message| Problem::parameter("cursor", message))?;
        Ok(Slice { after, order, limit: self.limit()?, question: self.question })
    }
}

impl Params {
    /// `cursor=` of readings: the place of the log that it holds.
    ///
    /// # Errors
    /// 400; for a cursor of another device, filter or order, too.
    pub fn place(&self) -> Result<Option<String>, Problem> {
        let Some(text) = self.text("cursor") else { return Ok(None) };
        match cursor::read_place(text) {
            Some((question, place)) if question == self.question => Ok(Some(place.to_owned())),
            Some(_) => Err(Problem::parameter("cursor", OTHER_CURSOR)),
            None => Err(Problem::parameter("cursor", NO_CURSOR)),
        }
    }

    /// The cursor that holds a place of the log, for these parameters.
    pub fn cursor_at(&self, place: &str) -> String {
        cursor::write_place(self.question, place)
    }
}

/// The page that shows this part of a list.
pub fn page<T>(listing: Listing<T>) -> Page<T> {
    Page { items: listing.items, next: listing.next.as_ref().map(cursor::write) }
}

#[cfg(test)]
mod tests {
    use edgesync_storage::catalog::{After, Key};
    use uuid::Uuid;

    use super::*;

    fn params(name: &str, value: &str) -> Params {
        Params { given: HashMap::from([(name.to_owned(), value.to_owned())]), ..Params::default() }
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let next = After { id: Uuid::now_v7(), key: Key::Id, question: 7 };
        let page = page(Listing::<()> { items: vec![], next: Some(next.clone()) });
        let ask = |question| Params { question, ..params("cursor", page.next.as_ref().unwrap()) }.slice();
        assert_eq!(ask(7).unwrap().after, Some(next));
        assert!(ask(8).unwrap_err().detail.contains("belongs to another list"));
    }

    #[test]
    fn lists_are_told_apart_by_all_but_the_part_that_is_wanted() {
        let of = |path: &str, pairs: &[(&str, &str)]| {
            question(
                path,
                &pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            )
        };
        let list = of("/devices", &[("q", "x"), ("sort", "name"), ("limit", "5"), ("cursor", "c")]);
        assert_eq!(list, of("/devices", &[("sort", "name"), ("q", "x")]));
        for other in [of("/devices", &[("q", "x")]), of("/flows", &[("q", "x"), ("sort", "name")])] {
            assert_ne!(list, other);
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
