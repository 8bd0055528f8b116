//! Signing in with a code that is mailed.

use std::net::IpAddr;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use guildhall_domain::{
    Error, Id, Result,
    event::{Actor, Audience, Event},
    id,
    mail::Matter,
    text::Email,
};
use guildhall_repositories::{Access, StoredSignIn};

use super::{Failed, SignInServer, request::Request};
use crate::{
    App,
    jobs::{self, Job},
    mailed_codes::{LIFE, MOST_TRIES},
    pipeline::{Happened, network},
    secrets::hash,
};

/// How long an authorization code works.
const CODE_LIFE: std::time::Duration = std::time::Duration::from_secs(60);
/// What came of a code that was typed.
#[derive(Clone, Debug)]
pub enum Entered {
    /// It is the one: on to the client, at that address.
    Right(String),
    /// It is another; how many more tries there are.
    Wrong(u32),
    /// It was tried too often, or is too old.
    Over,
}

impl App {
    /// Mails a code to somebody who wants to go on; answers the ticket to come back with. Whether anybody has that
    /// address shows nowhere.
    ///
    /// # Errors
    /// [`Failed::Refused`] where the page was too old; `TOO_MANY_REQUESTS`.
    pub async fn mail_sign_in_code(
        &self,
        at: &SignInServer,
        sealed: &str,
        email: &Email,
        address: Option<IpAddr>,
    ) -> Result<String, Failed> {
        let request = self.unseal(at, sealed)?;
        self.count_code(at, email, address).await?;
        let (id, secret) = (self.fresh_id::<id::OauthSignIn>(), BASE64_URL_SAFE_NO_PAD.encode(self.random::<32>()));
        let (code, proof) = self.mailed_code(id.uuid().as_bytes());
        let expires_at = self.now().plus(LIFE);
        let begun = StoredSignIn {
            id,
            server: at.server.id,
            secret_hash: ticket_hash(&secret),
            request: serde_json::to_string(&request).map_err(Error::internal)?,
            email: Some(email.clone()),
            proof,
            tries: 0,
            expires_at,
            person: None,
            redeemed: false,
            grant: None,
        };
        let access = self.database().write().await?;
        at.tenant(&access).oauth_sign_ins().add(begun, self.now()).await?;
        let matter = Matter::SignInCode {
            server: at.server.name.clone(),
            organization: at.organization_name.clone(),
            site: at.issuer.clone(),
            code,
            expires_at,
        };
        jobs::write(self, &access, &Job::Letter { to: email.clone(), matter }, Some(at.organization)).await?;
        access.commit().await?;
        Ok(format!("{id}.{secret}"))
    }

    /// Reads a code that was typed.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn enter_sign_in_code(&self, at: &SignInServer, ticket: &str, code: &str) -> Result<Entered> {
        let Some((id, secret_hash)) = read_ticket(ticket) else { return Ok(Entered::Over) };
        let access = self.database().write().await?;
        let sign_ins = at.tenant(&access).oauth_sign_ins();
        let tried = sign_ins.try_at(at.server.id, id, &secret_hash, MOST_TRIES, self.now()).await?;
        let Some((sign_in, email)) = tried.and_then(|tried| tried.email.clone().map(|email| (tried, email))) else {
            return Ok(Entered::Over);
        };
        if !self.is_mailed_code(id.uuid().as_bytes(), code, &sign_in.proof) {
            access.commit().await?;
            let left = u32::try_from(MOST_TRIES.saturating_sub(sign_in.tries)).unwrap_or(0);
            return Ok(if left > 0 { Entered::Wrong(left) } else { Entered::Over });
        }
        let person = at.tenant(&access).mcp_users().of_email(self.fresh_id(), &email, self.now()).await?;
        let (answer, happened) = self.proven(at, &access, &sign_in, person).await?;
        access.commit().await?;
        self.announce(happened);
        Ok(Entered::Right(answer))
    }

    /// Writes down who it turned out to be; answers the client's address with a fresh authorization code.
    pub(super) async fn proven(
        &self,
        at: &SignInServer,
        access: &Access,
        sign_in: &StoredSignIn,
        person: Id<id::McpUser>,
    ) -> Result<(String, Happened)> {
        let request: Request = serde_json::from_str(&sign_in.request).map_err(Error::internal)?;
        let code = BASE64_URL_SAFE_NO_PAD.encode(self.random::<32>());
        let until = self.now().plus(CODE_LIFE);
        at.tenant(access).oauth_sign_ins().prove(sign_in, person, authorization_code_hash(&code), until).await?;
        self.touch_client(at, access, &request.client_id).await?;
        let event = Event::McpUserSignedIn { mcp_user_id: person, server_id: at.server.id };
        let happened =
            self.note(access, Actor::EndUser(person), Audience::Organization(at.organization), event).await?;
        Ok((request.back.answer(&[("code", &code)]), happened))
    }

    /// Counts a code that is to be mailed: nobody's mailbox is filled, and nobody guesses for long.
    async fn count_code(&self, at: &SignInServer, email: &Email, address: Option<IpAddr>) -> Result<()> {
        let limits = &self.settings().limits;
        let place = address.map(network).unwrap_or_default();
        let uses = [
            ("code", email.as_str(), limits.code_recipient),
            ("codes", &place, limits.code_address),
            ("codes at", &at.server.id.to_string(), limits.code_server),
        ];
        self.count_uses(&uses).await
    }
}

pub(super) fn authorization_code_hash(code: &str) -> Vec<u8> {
    hash(&[b"authorization code", code.as_bytes()])
}

pub(super) fn ticket_hash(secret: &str) -> Vec<u8> {
    hash(&[b"sign-in", secret.as_bytes()])
}

/// The sign-in that a ticket is for, and what its secret is kept as.
pub(super) fn read_ticket(ticket: &str) -> Option<(Id<id::OauthSignIn>, Vec<u8>)> {
    let (id, secret) = ticket.split_once('.')?;
    Some((id.parse().ok()?, ticket_hash(secret)))
}
