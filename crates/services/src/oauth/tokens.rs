//! The token endpoint: a code becomes a grant, and a grant is gone on with.

use std::time::Duration;

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use guildhall_domain::{
    Error, Id, Result, Timestamp,
    event::{Actor, Audience, Event},
    id,
    oauth::{OauthCode, SCOPE, granted, is_verifier},
};
use guildhall_repositories::{Access, NewGrant, StoredGrant, StoredSignIn};

use super::{
    Credentials, Failed, Parameters, SignInServer, codes::authorization_code_hash, config_of, refused, request::Request,
};
use crate::{
    App,
    secrets::{GRACE, Purpose, RotatingToken, hash},
};

/// How long an access token works: as long as somebody who lost one has to wait.
const ACCESS_LIFE: Duration = Duration::from_mins(15);
/// A grant that is not gone on with ends after this…
const IDLE_LIFE: Duration = Duration::from_hours(24 * 30);
/// … and every one after this.
const LONGEST_LIFE: Duration = Duration::from_hours(24 * 180);

/// What a client goes on with.
#[derive(Clone)]
pub struct Granted {
    /// Worth something at this server, and nowhere else.
    pub access_token: String,
    /// How many seconds.
    pub expires_in: u64,
    /// Gets the next ones; works once.
    pub refresh_token: String,
    /// What was allowed.
    pub scope: &'static str,
}

impl std::fmt::Debug for Granted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Granted(…)")
    }
}

impl App {
    /// Answers the token endpoint (OAuth 2.1 §3.2): `authorization_code` and `refresh_token`.
    ///
    /// # Errors
    /// [`Failed::Refused`].
    pub async fn grant_token(
        &self,
        at: &SignInServer,
        sent: &Parameters,
        header: Option<&Credentials>,
    ) -> Result<Granted, Failed> {
        let client_id = self.proven_client(at, sent, header).await?;
        match sent.need("grant_type")? {
            "authorization_code" => self.redeem(at, sent, &client_id).await,
            "refresh_token" => self.go_on(at, sent, &client_id).await,
            _ => Err(refused(OauthCode::UnsupportedGrantType, "grant_type is authorization_code or refresh_token")),
        }
    }

    /// Ends what a token belongs to (RFC 7009). A token that is none is no mistake.
    ///
    /// # Errors
    /// [`Failed::Refused`] where the client is not proven.
    pub async fn revoke_token(
        &self,
        at: &SignInServer,
        sent: &Parameters,
        header: Option<&Credentials>,
    ) -> Result<(), Failed> {
        let client_id = self.proven_client(at, sent, header).await?;
        let token = sent.need("token")?;
        let access = self.database().write().await?;
        let grants = at.tenant(&access).oauth_grants();
        let found = match RotatingToken::parse(Purpose::Grant, token, &self.settings().secret) {
            Some(token) => grants.find(at.server.id, Id::from_uuid(token.family)).await?,
            None => grants.of_access_token(at.server.id, &access_token_hash(token)).await?,
        };
        if let Some(found) = found.filter(|found| found.grant.client_id == client_id && !found.ended) {
            self.end_grant(at, access, &found, GrantEnd::Revoked).await?;
        }
        Ok(())
    }

    async fn redeem(&self, at: &SignInServer, sent: &Parameters, client_id: &str) -> Result<Granted, Failed> {
        let code = sent.need("code")?;
        let access = self.database().write().await?;
        let hash = authorization_code_hash(code);
        let found = at.tenant(&access).oauth_sign_ins().find_to_redeem(at.server.id, &hash).await?;
        let sign_in = found.ok_or_else(worthless)?;
        if sign_in.redeemed {
            // Two have had it: what the first made of it is worth nothing either (OAuth 2.1 §4.1.2).
            self.distrust(at, access, &sign_in).await?;
            return Err(worthless());
        }
        let request: Request = serde_json::from_str(&sign_in.request).map_err(Error::internal)?;
        let fits = self.fits(&sign_in, &request, sent, client_id);
        let (Ok(()), Some(person)) = (&fits, sign_in.person) else {
            // Whoever holds the code has not what belongs to it, and does not get to guess.
            at.tenant(&access).oauth_sign_ins().redeem(&sign_in, None, self.now()).await?;
            access.commit().await?;
            return Err(fits.err().unwrap_or_else(worthless));
        };
        let id: Id<id::OauthGrant> = self.fresh_id();
        let token = RotatingToken::first(Purpose::Grant, id.uuid(), self.random());
        let grant = NewGrant {
            id,
            server: at.server.id,
            person,
            client_id: client_id.to_owned(),
            config: config_of(&at.server),
            resource: request.resource,
            refresh_hash: token.hash(),
            expires_at: self.now().plus(IDLE_LIFE),
        };
        let tenant = at.tenant(&access);
        tenant.oauth_grants().add(grant, self.now()).await?;
        tenant.oauth_sign_ins().redeem(&sign_in, Some(id), self.now()).await?;
        let granted = self.issue(at, &access, id, &token).await?;
        access.commit().await?;
        Ok(granted)
    }

    /// Whether an authorization code came with what belongs to it.
    fn fits(
        &self,
        sign_in: &StoredSignIn,
        request: &Request,
        sent: &Parameters,
        client_id: &str,
    ) -> Result<(), Failed> {
        let verifier = sent.need("code_verifier")?;
        let hashed = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let proven = is_verifier(verifier)
            && verify_slices_are_equal(hashed.as_bytes(), request.challenge.as_str().as_bytes()).is_ok();
        let same_place = sent.one("redirect_uri")?.is_none_or(|uri| uri == request.back.redirect_uri.as_str());
        if !proven || !same_place || request.client_id != client_id || sign_in.expires_at <= self.now() {
            return Err(worthless());
        }
        same_resource(sent, &request.resource)
    }

    async fn go_on(&self, at: &SignInServer, sent: &Parameters, client_id: &str) -> Result<Granted, Failed> {
        let key = &self.settings().secret;
        let token = RotatingToken::parse(Purpose::Grant, sent.need("refresh_token")?, key).ok_or_else(worthless)?;
        granted(sent.one("scope")?)?;
        let id = Id::from_uuid(token.family);
        let access = self.database().write().await?;
        let grants = at.tenant(&access).oauth_grants();
        let found = grants.find(at.server.id, id).await?.ok_or_else(worthless)?;
        let stands = !found.ended
            && found.grant.expires_at > self.now()
            && found.grant.client_id == client_id
            && found.grant.config == config_of(&at.server);
        if !stands {
            return Err(worthless());
        }
        same_resource(sent, &found.grant.resource)?;
        let next = token.next(key);
        let expires_at = lasts(found.created_at, self.now());
        if grants.rotate(id, &token.hash(), &next.hash(), expires_at, self.now()).await? {
            self.touch_client(at, &access, client_id).await?;
            let granted = self.issue(at, &access, id, &next).await?;
            access.commit().await?;
            return Ok(granted);
        }
        // Read again: another call may have spent it between the two statements.
        let found = grants.find(at.server.id, id).await?.ok_or_else(worthless)?;
        let just_spent = found.previous_refresh_hash.as_deref() == Some(&token.hash())
            && found.grant.refresh_hash == next.hash()
            && found.rotated_at.plus(GRACE) > self.now();
        if just_spent && !found.ended {
            let granted = self.issue(at, &access, id, &next).await?;
            access.commit().await?;
            return Ok(granted);
        }
        self.end_grant(at, access, &found, GrantEnd::Reused).await?;
        Err(worthless())
    }

    async fn issue(
        &self,
        at: &SignInServer,
        access: &Access,
        grant: Id<id::OauthGrant>,
        refresh: &RotatingToken,
    ) -> Result<Granted> {
        let token = format!("ghma_{}", BASE64_URL_SAFE_NO_PAD.encode(self.random::<32>()));
        let expires_at = self.now().plus(ACCESS_LIFE);
        at.tenant(access).oauth_grants().issue(grant, access_token_hash(&token), expires_at, self.now()).await?;
        Ok(Granted {
            access_token: token,
            expires_in: ACCESS_LIFE.as_secs(),
            refresh_token: refresh.text(&self.settings().secret),
            scope: SCOPE,
        })
    }

    async fn distrust(&self, at: &SignInServer, access: Access, sign_in: &StoredSignIn) -> Result<()> {
        let Some(grant) = sign_in.grant else { return Ok(()) };
        match at.tenant(&access).oauth_grants().find(at.server.id, grant).await? {
            Some(found) if !found.ended => self.end_grant(at, access, &found, GrantEnd::Reused).await,
            _ => Ok(()),
        }
    }

    async fn end_grant(&self, at: &SignInServer, access: Access, found: &StoredGrant, why: GrantEnd) -> Result<()> {
        let person = found.grant.person;
        let mut happened = None;
        if at.tenant(&access).oauth_grants().end(found.grant.id, self.now()).await? {
            let (oauth_grant_id, mcp_user_id) = (found.grant.id, person);
            let event = match why {
                GrantEnd::Revoked => Event::OauthGrantEnded { oauth_grant_id, mcp_user_id },
                GrantEnd::Reused => Event::OauthGrantReuseDetected { oauth_grant_id, mcp_user_id },
            };
            let audience = Audience::Organization(at.organization);
            happened = Some(self.note(&access, Actor::EndUser(person), audience, event).await?);
        }
        access.commit().await?;
        if let Some(happened) = happened {
            self.announce(happened);
        }
        Ok(())
    }
}

/// Why a grant ended.
#[derive(Clone, Copy)]
enum GrantEnd {
    /// Its client gave it back.
    Revoked,
    /// What works once came twice, so somebody else has it too.
    Reused,
}

/// As the database knows an access token.
pub(crate) fn access_token_hash(token: &str) -> Vec<u8> {
    hash(&[b"mcp access", token.as_bytes()])
}

fn lasts(created_at: Timestamp, now: Timestamp) -> Timestamp {
    now.plus(IDLE_LIFE).min(created_at.plus(LONGEST_LIFE))
}

fn same_resource(sent: &Parameters, known: &str) -> Result<(), Failed> {
    match sent.one("resource")? {
        Some(resource) if resource.trim_end_matches('/') != known => {
            Err(refused(OauthCode::InvalidTarget, "resource is not the one that was allowed"))
        }
        _ => Ok(()),
    }
}

fn worthless() -> Failed {
    refused(OauthCode::InvalidGrant, "it does not work, or not any more, or not with this client")
}
