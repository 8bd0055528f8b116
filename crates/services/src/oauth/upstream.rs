//! Signing in at the organization's own authorization server (OpenID Connect Core §3.1, code flow with PKCE).
//!
//! **Invariant:** the upstream server hears of no client, and no client of the upstream server: its tokens are read here
//! and forgotten. Who somebody is there is the pair of that server and its word for the person, never an address.

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use guildhall_domain::{
    Error, Id, Result, Timestamp,
    error::MetadataProblem,
    id,
    oauth::{OauthCode, Refused},
    oauth_configs::AuthorizationServer,
    text::{Email, WebUrl},
};
use guildhall_repositories::{StoredOauthConfig, StoredSignIn};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    jwk::{Jwk, JwkSet, PublicKeyUse},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use super::{
    Failed, Parameters, SignInServer,
    codes::ticket_hash,
    config_of, refused,
    request::{PATIENCE, Request},
};
use crate::{
    App,
    oauth_configs::read_metadata,
    ports::{Body, Question},
    secrets::{hash, open, seal},
};

/// How far two clocks may be apart, in seconds.
const LEEWAY: i64 = 60;
/// What a public key can verify; no secret that is shared, and never `none`.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Where the person goes, and what the browser has to bring back.
#[derive(Clone)]
pub struct Upstream {
    /// The upstream server's page.
    pub url: String,
    /// The value of the cookie.
    pub cookie: String,
}

/// What only we know until the person comes back.
#[derive(Serialize, Deserialize)]
struct Secrets {
    config: Id<id::OauthConfig>,
    metadata_url: WebUrl,
    client_id: String,
    server: AuthorizationServer,
    nonce: String,
    verifier: String,
}

impl Secrets {
    fn are_of(&self, config: &StoredOauthConfig) -> bool {
        let StoredOauthConfig { id, metadata_url, client_id, .. } = config;
        (self.config, &self.metadata_url, &self.client_id) == (*id, metadata_url, client_id)
    }
}

/// What an ID token says (OpenID Connect Core §2), as far as it matters.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    azp: Option<String>,
    aud: Value,
    email: Option<String>,
    #[serde(default)]
    email_verified: Value,
    name: Option<String>,
}

/// Who somebody is at the upstream server.
struct Identity {
    subject: Vec<u8>,
    email: Option<Email>,
    name: Option<String>,
}

impl App {
    /// Sends somebody who has allowed it to the organization's own authorization server.
    ///
    /// # Errors
    /// [`Failed::Refused`] where the page was too old; [`Failed::Back`] where that server cannot be used.
    pub async fn go_upstream(&self, at: &SignInServer, sealed: &str) -> Result<Upstream, Failed> {
        let request = self.unseal(at, sealed)?;
        let config = self.upstream_config(at).await?;
        let server = match read_metadata(self.fetch(), &config.metadata_url).await {
            Ok(server) => server,
            Err(error) => return Err(away(&request, &error)),
        };
        let [state, cookie, nonce, verifier] =
            std::array::from_fn(|_| BASE64_URL_SAFE_NO_PAD.encode(self.random::<32>()));
        let id: Id<id::OauthSignIn> = self.fresh_id();
        let challenge =
            BASE64_URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes()));
        let state = format!("{id}.{state}");
        let mut url = url::Url::parse(server.authorization_endpoint.as_str()).map_err(Error::internal)?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &config.client_id)
            .append_pair("redirect_uri", &callback(at))
            .append_pair("scope", config.scopes.as_str())
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        let StoredOauthConfig { id: config, metadata_url, client_id, .. } = config;
        let secrets = Secrets { config, metadata_url, client_id, server, nonce, verifier };
        let secrets = serde_json::to_vec(&secrets).map_err(Error::internal)?;
        let begun = StoredSignIn {
            id,
            server: at.server.id,
            secret_hash: both(&state, &cookie),
            request: serde_json::to_string(&request).map_err(Error::internal)?,
            email: None,
            proof: seal(&self.settings().secret, self.random(), &secrets)?,
            tries: 0,
            expires_at: self.now().plus(PATIENCE),
            person: None,
            redeemed: false,
            grant: None,
        };
        let access = self.database().write().await?;
        at.tenant(&access).oauth_sign_ins().add(begun, self.now()).await?;
        access.commit().await?;
        Ok(Upstream { url: url.into(), cookie })
    }

    /// Reads what the upstream server answers, in the browser that was sent there; answers the client's address with the
    /// outcome.
    ///
    /// # Errors
    /// [`Failed::Refused`] where nobody was sent there with that state, not from this browser, or not any more.
    pub async fn come_back(
        &self,
        at: &SignInServer,
        sent: &Parameters,
        cookie: Option<&str>,
    ) -> Result<String, Failed> {
        let over = || refused(OauthCode::InvalidRequest, "this sign-in was not begun in this browser, or is over");
        let state = sent.one("state")?.ok_or_else(over)?;
        let id = state.split_once('.').and_then(|(id, _)| id.parse().ok()).ok_or_else(over)?;
        let access = self.database().write().await?;
        let sign_ins = at.tenant(&access).oauth_sign_ins();
        let begun = sign_ins.try_at(at.server.id, id, &both(state, cookie.unwrap_or_default()), 1, self.now()).await?;
        access.commit().await?;
        let sign_in = begun.ok_or_else(over)?;
        let request: Request = serde_json::from_str(&sign_in.request).map_err(Error::internal)?;
        let secrets = open(&self.settings().secret, &sign_in.proof)?;
        let secrets: Secrets = serde_json::from_slice(&secrets).map_err(Error::internal)?;
        let config = self.upstream_config(at).await?;
        // Changed since the person left: a new secret is not for the server that was in its place.
        if !secrets.are_of(&config) {
            return Err(over());
        }
        match self.identify(at, sent, &config, &secrets).await {
            Ok(identity) => Ok(self.known_upstream(at, &sign_in, identity).await?),
            Err(Stopped::Declined) => {
                Ok(request.back.refusal(&Refused::new(OauthCode::AccessDenied, "the organization's sign-in said no")))
            }
            Err(Stopped::Failed(why)) => {
                tracing::warn!(server = at.server.slug.as_str(), why, "an upstream sign-in failed");
                Ok(request
                    .back
                    .refusal(&Refused::new(OauthCode::ServerError, "the organization's sign-in cannot be used")))
            }
        }
    }

    async fn known_upstream(&self, at: &SignInServer, sign_in: &StoredSignIn, identity: Identity) -> Result<String> {
        let access = self.database().write().await?;
        let Identity { subject, email, name } = identity;
        let users = at.tenant(&access).mcp_users();
        let person = users.of_subject(self.fresh_id(), subject, email.as_ref(), name, self.now()).await?;
        let (answer, happened) = self.proven(at, &access, sign_in, person).await?;
        access.commit().await?;
        self.announce(happened);
        Ok(answer)
    }

    /// Who came back (OpenID Connect Core §3.1.3).
    async fn identify(
        &self,
        at: &SignInServer,
        sent: &Parameters,
        config: &StoredOauthConfig,
        secrets: &Secrets,
    ) -> Result<Identity, Stopped> {
        let server = &secrets.server;
        let one = |name| sent.one(name).map_err(|_| Stopped::Failed("a parameter came twice"));
        match one("iss")? {
            Some(iss) if iss != server.issuer.as_str() => return Err(Stopped::Failed("iss is another server's")),
            None if server.authorization_response_iss_parameter_supported => {
                return Err(Stopped::Failed("iss is missing"));
            }
            _ => {}
        }
        if one("error")?.is_some() {
            return Err(Stopped::Declined);
        }
        let code = one("code")?.ok_or(Stopped::Failed("code is missing"))?;
        let tokens = self.tokens(at, config, secrets, code).await?;
        let id_token = tokens["id_token"].as_str().ok_or(Stopped::Failed("there is no ID token"))?;
        let keys = self.document(&Question::get(server.jwks_uri.clone()), "the keys cannot be read").await?;
        let keys: JwkSet =
            serde_json::from_value(usable(keys)).map_err(|_| Stopped::Failed("the keys are no JWK set"))?;
        let mut claims = verified(id_token, &keys, server, &config.client_id)?;
        still_true(&claims, secrets, &config.client_id, self.now())?;
        if let (None, Some(url), Some(token)) =
            (&claims.email, &server.userinfo_endpoint, tokens["access_token"].as_str())
        {
            let authorization = Some(format!("Bearer {token}"));
            let question = Question { authorization, ..Question::get(url.clone()) };
            let more = self.document(&question, "userinfo cannot be read").await?;
            // OpenID Connect Core §5.3.2: else it may be of somebody else.
            if more["sub"].as_str() != Some(claims.sub.as_str()) {
                return Err(Stopped::Failed("userinfo is of somebody else"));
            }
            claims.email = more["email"].as_str().map(str::to_owned);
            claims.email_verified = more["email_verified"].clone();
            claims.name = claims.name.or_else(|| more["name"].as_str().map(str::to_owned));
        }
        let (config, issuer) = (config.id.uuid(), server.issuer.as_str());
        Ok(Identity {
            subject: hash(&[b"subject", config.as_bytes(), issuer.as_bytes(), claims.sub.as_bytes()]),
            email: claims.email.filter(|_| is_true(&claims.email_verified)).and_then(|email| email.parse().ok()),
            name: claims.name.map(|name| name.chars().filter(|c| !c.is_control()).take(200).collect()),
        })
    }

    /// Redeems the upstream server's code.
    async fn tokens(
        &self,
        at: &SignInServer,
        config: &StoredOauthConfig,
        secrets: &Secrets,
        code: &str,
    ) -> Result<Value, Stopped> {
        let broken = |_| Stopped::Failed("the secret was sealed with another key");
        let secret = open(&self.settings().secret, &config.sealed_client_secret).map_err(broken)?;
        let secret = String::from_utf8(secret).map_err(|_| Stopped::Failed("the secret is no text"))?;
        let mut form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", callback(at)),
            ("code_verifier", secrets.verifier.clone()),
        ];
        let methods = &secrets.server.token_endpoint_auth_methods_supported;
        let has = |method: &str| methods.iter().any(|known| known == method);
        // RFC 8414 §2: who says nothing takes `client_secret_basic`.
        let authorization = if methods.is_empty() || has("client_secret_basic") {
            let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encoded(&config.client_id), encoded(&secret));
            Some(format!("Basic {}", BASE64_STANDARD.encode(pair)))
        } else {
            form.extend([("client_id", config.client_id.clone()), ("client_secret", secret)]);
            None
        };
        let url = secrets.server.token_endpoint.clone();
        let question = Question { authorization, ..Question::post(url, Body::Form(form)) };
        self.document(&question, "the code was not taken").await
    }

    async fn document(&self, question: &Question, otherwise: &'static str) -> Result<Value, Stopped> {
        let document = self.fetch().send(question).await.map_err(|why| {
            tracing::info!(%why, otherwise, "an upstream server");
            Stopped::Failed(otherwise)
        })?;
        serde_json::from_slice(&document).map_err(|_| Stopped::Failed(otherwise))
    }

    async fn upstream_config(&self, at: &SignInServer) -> Result<StoredOauthConfig, Failed> {
        let id = config_of(&at.server).ok_or_else(|| refused(OauthCode::InvalidRequest, "nobody signs in there"))?;
        let config = at.tenant(&self.database().read()).oauth_configs().find(id).await?;
        config.ok_or_else(|| refused(OauthCode::InvalidRequest, "nobody signs in there"))
    }
}

/// Why nobody is known.
enum Stopped {
    /// The upstream server, or the person there, said no.
    Declined,
    /// It does not do as it should; for the log, never with what it sent.
    Failed(&'static str),
}

/// What the ID token says, where a key of the server signed it for us.
fn verified(token: &str, keys: &JwkSet, server: &AuthorizationServer, client_id: &str) -> Result<Claims, Stopped> {
    let bad = Stopped::Failed;
    let header = jsonwebtoken::decode_header(token).map_err(|_| bad("the ID token cannot be read"))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(bad("the ID token is signed in a way that proves nothing"));
    }
    let signs = |key: &&Jwk| {
        let named = header.kid.is_none() || key.common.key_id == header.kid;
        named && key.common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature)
    };
    let mut rules = Validation::new(header.alg);
    rules.set_audience(&[client_id]);
    rules.set_issuer(&[server.issuer.as_str()]);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // Told by our own clock, below.
    (rules.validate_exp, rules.validate_nbf) = (false, false);
    let read = |key: &Jwk| {
        let key = DecodingKey::from_jwk(key).ok()?;
        jsonwebtoken::decode::<Claims>(token, &key, &rules).ok()
    };
    let found = keys.keys.iter().filter(signs).find_map(read);
    found.map(|token| token.claims).ok_or_else(|| bad("the ID token is not of that server, or not for us"))
}

/// Whether the ID token answers what was asked just now.
fn still_true(claims: &Claims, secrets: &Secrets, client_id: &str, now: Timestamp) -> Result<(), Stopped> {
    let now = now.seconds();
    let others = claims.aud.as_array().is_some_and(|list| list.len() > 1);
    let for_us = claims.azp.as_deref().map_or(!others, |azp| azp == client_id);
    if claims.nonce.as_deref() != Some(secrets.nonce.as_str()) {
        Err(Stopped::Failed("the ID token answers another question"))
    } else if claims.exp.saturating_add(LEEWAY) <= now || claims.iat.saturating_sub(LEEWAY) > now {
        Err(Stopped::Failed("the ID token is too old, or of tomorrow"))
    } else if !for_us || claims.sub.is_empty() || claims.sub.len() > 255 {
        Err(Stopped::Failed("the ID token is for somebody else"))
    } else {
        Ok(())
    }
}

/// Some servers write the word (Apple, Cognito).
fn is_true(claim: &Value) -> bool {
    *claim == true || claim == "true"
}

/// The keys of a kind that we know; others are no reason to know none.
fn usable(mut keys: Value) -> Value {
    if let Some(list) = keys["keys"].as_array_mut() {
        list.retain(|key| serde_json::from_value::<Jwk>(key.clone()).is_ok());
    }
    keys
}

fn callback(at: &SignInServer) -> String {
    format!("{}/oauth/callback", at.issuer)
}

/// The state in the address and the cookie in the browser: neither alone is worth anything.
fn both(state: &str, cookie: &str) -> Vec<u8> {
    ticket_hash(&format!("{state} {cookie}"))
}

fn away(request: &Request, error: &Error) -> Failed {
    let code = match error {
        Error::InvalidOauthMetadata(MetadataProblem::NotJson | MetadataProblem::Missing(_)) => OauthCode::ServerError,
        _ => OauthCode::TemporarilyUnavailable,
    };
    tracing::warn!(%error, "an upstream server cannot be used");
    Failed::Back(request.back.refusal(&Refused::new(code, "the organization's sign-in cannot be reached")))
}
