//! `GET /ws/v1/device`: the device socket, in the form that the sub-protocol names: EdgeSync in JSON or CBOR, or SenML.

use axum::Router;
use axum::extract::{RawQuery, State, WebSocketUpgrade};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::get;
use edgesync_actors::device::{Dialect, Form, Identity};
use edgesync_schemas::wire::encoding::Encoding;
use edgesync_schemas::wire::senml;

use super::socket::serve;
use crate::error::Problem;
use crate::state::AppState;

/// The forms of this socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spoken {
    EdgeSync(Encoding),
    Senml,
}

impl Spoken {
    const ALL: [Self; 3] = [Self::EdgeSync(Encoding::Json), Self::EdgeSync(Encoding::Cbor), Self::Senml];

    const fn sub_protocol(self) -> &'static str {
        match self {
            Self::EdgeSync(encoding) => encoding.sub_protocol(),
            Self::Senml => senml::SUB_PROTOCOL,
        }
    }

    /// The first that the handshake offers and we know: the order is the device's wish (RFC 6455, section 4.1). A handshake that offers
    /// none at all speaks JSON.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL);
        let mut names = offered
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .peekable();
        if names.peek().is_none() {
            return Some(Self::EdgeSync(Encoding::Json));
        }
        names.find_map(|name| Self::ALL.into_iter().find(|spoken| spoken.sub_protocol() == name))
    }
}

/// The route.
pub fn routes() -> Router<AppState> {
    Router::new().route("/ws/v1/device", get(connect))
}

async fn connect(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    if query.is_some_and(|query| query.split('&').any(|pair| pair.split('=').next() == Some("token"))) {
        // Addresses end up in the logs of proxies.
        return Err(Problem::bad_request(
            "token_in_query",
            "the token belongs in the Authorization header or in hello",
        ));
    }
    let Some(spoken) = Spoken::of(&headers) else {
        return Err(Problem::bad_request(
            "sub_protocol",
            "the sub-protocols of this socket are edgesync.v1.json, edgesync.v1.cbor and senml.v1",
        ));
    };
    let identity = match bearer(&headers) {
        None => None,
        Some(token) => match Identity::of(token, &state.catalog).await? {
            Some(identity) => Some(identity),
            None => return Err(Problem::unauthorized("token is unknown or revoked")),
        },
    };
    let form = match (spoken, identity) {
        (Spoken::EdgeSync(encoding), identity) => Form::Numbered(encoding, identity),
        (Spoken::Senml, Some(identity)) => Form::Unnumbered(Dialect::Senml, identity),
        (Spoken::Senml, None) => {
            return Err(Problem::unauthorized(
                "senml.v1 has no hello: the token belongs in the Authorization header",
            ));
        }
    };
    Ok(serve(upgrade.protocols([spoken.sub_protocol()]), form, state.actors.context))
}

/// Token of an `Authorization: Bearer` header.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sub_protocol_that_is_known_is_spoken() {
        let json = Some(Spoken::EdgeSync(Encoding::Json));
        let cbor = Some(Spoken::EdgeSync(Encoding::Cbor));
        for (offered, spoken) in [
            (&[][..], json),
            (&["edgesync.v1.cbor"], cbor),
            (&["senml.v1"], Some(Spoken::Senml)),
            (&["edgesync.v1.cbor, edgesync.v1.json"], cbor),
            (&["edgesync.v1.json,edgesync.v1.cbor"], json),
            (&["edgesync.v2.cbor , senml.v1", "edgesync.v1.json"], Some(Spoken::Senml)),
            (&["mqtt"], None),
            (&["EDGESYNC.V1.JSON"], None),
            (&[""], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in offered {
                headers.append(header::SEC_WEBSOCKET_PROTOCOL, value.parse().unwrap());
            }
            assert_eq!(Spoken::of(&headers), spoken, "{offered:?}");
        }
    }
}
