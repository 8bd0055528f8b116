//! What a client asks for on behalf of the person in front of the browser.

use std::{net::IpAddr, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use guildhall_domain::{
    Error, Id, Timestamp, id,
    oauth::{Challenge, OauthCode, RedirectUri, Refused, granted},
};
use serde::{Deserialize, Serialize};

use super::{Failed, Parameters, SignInServer, refused};
use crate::{
    App,
    secrets::{open, seal},
};

/// How long somebody may think before going on.
pub(super) const PATIENCE: Duration = Duration::from_mins(10);
const LONGEST_STATE: usize = 2_000;
const SEALED_AS: &str = "oauth request";

/// What was asked for, and checked; it travels with the page, sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Request {
    sealed_as: String,
    server: Id<id::McpServer>,
    expires_at: Timestamp,
    pub(super) client_id: String,
    client_name: Option<String>,
    client_host: Option<String>,
    pub(super) challenge: Challenge,
    pub(super) resource: String,
    pub(super) back: Back,
}

/// The way back to the client.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Back {
    issuer: String,
    pub(super) redirect_uri: RedirectUri,
    state: Option<String>,
}

/// What a person is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What the client calls itself.
    pub client_name: Option<String>,
    /// The host that answers for the client's name; none: nobody does.
    pub client_host: Option<String>,
    /// Where the answer goes, as a person may recognize it.
    pub goes_to: String,
    /// The same for a content security policy.
    pub source: String,
    /// The request, to come back with.
    pub sealed: String,
    /// Whether the person signs in at the organization's own authorization server.
    pub is_upstream: bool,
}

impl Back {
    /// The client's address with `answer`, its state and who answers (RFC 9207).
    pub(super) fn answer(&self, answer: &[(&str, &str)]) -> String {
        let mut all = answer.to_vec();
        all.extend(self.state.as_deref().map(|state| ("state", state)));
        all.push(("iss", &self.issuer));
        self.redirect_uri.with(&all)
    }

    /// The client's address with a refusal.
    pub(super) fn refusal(&self, refused: &Refused) -> String {
        self.answer(&[("error", refused.code.wire()), ("error_description", &refused.description)])
    }
}

impl App {
    /// Reads an authorization request (OAuth 2.1 §4.1.1). Nothing is sent anywhere before client and redirect URI are
    /// known to belong together.
    ///
    /// # Errors
    /// [`Failed::Refused`] for the person to read; [`Failed::Back`] for the client.
    pub async fn ask_to_sign_in(
        &self,
        at: &SignInServer,
        sent: &Parameters,
        address: Option<IpAddr>,
    ) -> Result<Asked, Failed> {
        let client = self.client(at, sent.need("client_id")?, address).await?;
        let redirect_uri = match (sent.one("redirect_uri")?, client.metadata.redirect_uris.as_slice()) {
            (Some(asked), _) => RedirectUri::try_from(asked.to_owned()).ok().filter(|uri| client.metadata.admits(uri)),
            (None, [only]) => Some(only.clone()),
            (None, _) => None,
        };
        let redirect_uri = redirect_uri
            .ok_or_else(|| refused(OauthCode::InvalidRequest, "redirect_uri is not one that the client registered"))?;
        let state = sent.one("state")?.map(str::to_owned);
        if state.as_ref().is_some_and(|state| state.len() > LONGEST_STATE) {
            return Err(refused(OauthCode::InvalidRequest, "state has at most 2000 characters"));
        }
        let back = Back { issuer: at.issuer.clone(), redirect_uri, state };
        let wanted = self.wanted(at, sent).map_err(|refused| Failed::Back(back.refusal(&refused)))?;
        let (challenge, resource) = wanted;
        let request = Request {
            sealed_as: SEALED_AS.to_owned(),
            server: at.server.id,
            expires_at: self.now().plus(PATIENCE),
            client_id: client.id,
            client_name: client.metadata.name,
            client_host: client.host,
            challenge,
            resource,
            back,
        };
        let sealed = serde_json::to_vec(&request).map_err(Error::internal)?;
        let sealed = BASE64_URL_SAFE_NO_PAD.encode(seal(&self.settings().secret, self.random(), &sealed)?);
        Ok(asked(at, request, sealed))
    }

    /// What was asked on a page of this server.
    ///
    /// # Errors
    /// [`Failed::Refused`] where the page was too old.
    pub fn asked_to_sign_in(&self, at: &SignInServer, sealed: &str) -> Result<Asked, Failed> {
        Ok(asked(at, self.unseal(at, sealed)?, sealed.to_owned()))
    }

    /// The client's address with the answer of somebody who does not want to.
    ///
    /// # Errors
    /// [`Failed::Refused`] where the page was too old.
    pub fn decline_to_sign_in(&self, at: &SignInServer, sealed: &str) -> Result<String, Failed> {
        let refused = Refused::new(OauthCode::AccessDenied, "the person did not allow it");
        Ok(self.unseal(at, sealed)?.back.refusal(&refused))
    }

    /// What travelled with a page of this server.
    pub(super) fn unseal(&self, at: &SignInServer, sealed: &str) -> Result<Request, Failed> {
        let over = || refused(OauthCode::InvalidRequest, "this page is too old, or is not ours");
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed).map_err(|_| over())?;
        let bytes = open(&self.settings().secret, &bytes).map_err(|_| over())?;
        let request: Request = serde_json::from_slice(&bytes).map_err(|_| over())?;
        let ours = request.sealed_as == SEALED_AS && request.server == at.server.id && request.back.issuer == at.issuer;
        if ours && request.expires_at > self.now() { Ok(request) } else { Err(over()) }
    }

    /// The challenge, and the address that the token is to be for.
    fn wanted(&self, at: &SignInServer, sent: &Parameters) -> Result<(Challenge, String), Refused> {
        if sent.need("response_type")? != "code" {
            return Err(Refused::new(OauthCode::UnsupportedResponseType, "response_type is code"));
        }
        if sent.one("response_mode")?.is_some_and(|mode| mode != "query") {
            return Err(Refused::new(OauthCode::InvalidRequest, "response_mode is query"));
        }
        granted(sent.one("scope")?)?;
        let method = sent.one("code_challenge_method")?;
        let challenge = sent.one("code_challenge")?.and_then(Challenge::parse).filter(|_| method == Some("S256"));
        let challenge = challenge.ok_or(Refused::new(
            OauthCode::InvalidRequest,
            "code_challenge is required, with code_challenge_method S256",
        ))?;
        let resource = match sent.one("resource")? {
            Some(resource) if at.is_here(self, resource) => resource.trim_end_matches('/').to_owned(),
            Some(_) => return Err(Refused::new(OauthCode::InvalidTarget, "resource is not an address of this server")),
            None => format!("{}/mcp", at.issuer),
        };
        Ok((challenge, resource))
    }
}

fn asked(at: &SignInServer, request: Request, sealed: String) -> Asked {
    Asked {
        goes_to: request.back.redirect_uri.shown(),
        source: request.back.redirect_uri.source(),
        client_name: request.client_name,
        client_host: request.client_host,
        sealed,
        is_upstream: super::config_of(&at.server).is_some(),
    }
}
