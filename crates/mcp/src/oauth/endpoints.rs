//! What clients call: registration (RFC 7591), tokens (OAuth 2.1 §3.2), revocation (RFC 7009).
use axum::{
    Json,
    extract::{Request, State},
    response::Response,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use guildhall_domain::oauth::{OauthCode, Refused};
use guildhall_services::oauth::{Credentials, Failed, Parameters, Registered};
use http::{HeaderMap, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{At, Came, Place, Site, answer, nothing, parameters, read};
use crate::entrance;

/// Registers a client.
pub(super) async fn register(State(endpoint): Site, named: Place, request: Request) -> Response {
    let at = match At::find(&endpoint, named, Came::of(&request)).await {
        Ok(at) => at,
        Err(error) => return nothing(error),
    };
    let document: Option<Value> = read(request).await.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let Some(document) = document else {
        let why = Refused::new(OauthCode::InvalidClientMetadata, "the body is one JSON object of at most 64 KiB");
        return answer::failed(why.into(), false);
    };
    match endpoint.app.register_client(&at.server, &document, at.address).await {
        Ok(registered) => answer::for_everybody((StatusCode::CREATED, Json(shown(&registered)))),
        Err(failed) => answer::failed(failed, false),
    }
}

/// What was registered. Nothing is null: official clients take that for another type.
fn shown(registered: &Registered) -> Value {
    let Registered { id, metadata, secret, at } = registered;
    let mut shown = json!({
        "client_id": id,
        "client_id_issued_at": at.seconds(),
        "redirect_uris": metadata.redirect_uris,
        "token_endpoint_auth_method": metadata.auth_method.wire(),
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    });
    if let Some(name) = &metadata.name {
        shown["client_name"] = json!(name);
    }
    if let Some(secret) = secret {
        shown["client_secret"] = json!(secret);
        shown["client_secret_expires_at"] = json!(0);
    }
    shown
}

/// Makes tokens of a code or of a refresh token.
pub(super) async fn token(State(endpoint): Site, named: Place, request: Request) -> Response {
    let (at, sent, header) = match asked(&endpoint, named, request).await {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    match endpoint.app.grant_token(&at.server, &sent, header.as_ref()).await {
        Ok(granted) => answer::for_everybody(Json(json!({
            "access_token": granted.access_token,
            "token_type": "Bearer",
            "expires_in": granted.expires_in,
            "refresh_token": granted.refresh_token,
            "scope": granted.scope,
        }))),
        Err(failed) => answer::failed(failed, header.is_some()),
    }
}

/// Takes a token back.
pub(super) async fn revoke(State(endpoint): Site, named: Place, request: Request) -> Response {
    let (at, sent, header) = match asked(&endpoint, named, request).await {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    match endpoint.app.revoke_token(&at.server, &sent, header.as_ref()).await {
        Ok(()) => answer::for_everybody(StatusCode::OK),
        Err(failed) => answer::failed(failed, header.is_some()),
    }
}

async fn asked(
    endpoint: &crate::Endpoint,
    named: Place,
    request: Request,
) -> Result<(At, Parameters, Option<Credentials>), Response> {
    let at = At::find(endpoint, named, Came::of(&request)).await.map_err(nothing)?;
    let invalid = |why| answer::failed(Failed::Refused(Refused::new(OauthCode::InvalidRequest, why)), false);
    let header = match credentials(request.headers()) {
        Ok(header) => header,
        Err(()) => {
            let why = Refused::new(OauthCode::InvalidClient, "the Authorization header cannot be read");
            return Err(answer::failed(why.into(), true));
        }
    };
    if !entrance::sends(request.headers(), "application/x-www-form-urlencoded") {
        return Err(invalid("send application/x-www-form-urlencoded"));
    }
    let body = read(request).await.ok_or_else(|| invalid("the body is a form of at most 64 KiB"))?;
    Ok((at, parameters(&body), header))
}

/// How a client proves itself in the header: `Basic`, both halves form-encoded (RFC 6749 §2.3.1).
fn credentials(headers: &HeaderMap) -> Result<Option<Credentials>, ()> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next(), values.next()) else { return Err(()) };
    let Some(value) = value else { return Ok(None) };
    let (scheme, encoded) = value.to_str().map_err(|_| ())?.split_once(' ').ok_or(())?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(());
    }
    let pair = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).map_err(|_| ())?).map_err(|_| ())?;
    let (client_id, secret) = pair.split_once(':').ok_or(())?;
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8().map(|text| text.into_owned()).map_err(|_| ())
    };
    Ok(Some(Credentials { client_id: decoded(client_id)?, secret: decoded(secret)? }))
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

    use super::credentials;

    #[test]
    fn a_header_says_one_client_and_one_secret() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            }
            credentials(&headers)
        };
        let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
        assert!(of(&[]).unwrap().is_none());
        let read = of(&[&basic("a%3Ab:c%25+d")]).unwrap().unwrap();
        assert_eq!((read.client_id.as_str(), read.secret.as_str()), ("a:b", "c% d"));
        assert_eq!(of(&[&basic("a:b:c").replace("Basic", "bASIC")]).unwrap().unwrap().secret, "b:c");
        for bad in [
            "Basic",
            "Basic !",
            "Bearer x",
            &basic("nocolon"),
            &format!("Basic {}", BASE64_STANDARD.encode([0xff, b':'])),
        ] {
            assert!(of(&[bad]).is_err(), "{bad}");
        }
        assert!(of(&[&basic("a:b"), &basic("c:d")]).is_err());
    }
}
