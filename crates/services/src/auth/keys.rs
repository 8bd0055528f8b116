//! The keys that sign access tokens and cookies: Ed25519, kept in the database with the private half sealed, the same
//! on every node. The algorithm is fixed by the key, never by the token (RFC 8725 §3.1).

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use guildhall_domain::{Error, Id, Result, Timestamp, id};
use guildhall_repositories::{Access, Database, StoredKey};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{ports::Ports, secrets, settings::Settings};

/// How long an access token works.
pub(crate) const ACCESS_LIFE: Duration = Duration::from_mins(10);
const LEEWAY_SECONDS: i64 = 5;
const AUDIENCE: &str = "guildhall";
const COOKIE_AUDIENCE: &str = "guildhall browser";
const ACCESS: &str = "at+jwt"; // RFC 9068
const COOKIE: &str = "cookie+jwt";
const LONGEST_TOKEN: usize = 4096;

/// What a token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// Signs and verifies tokens.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    database: Database,
    settings: Settings,
    ports: Ports,
    ring: RwLock<Ring>,
    reading: tokio::sync::Mutex<()>,
}

/// What a token of ours was signed for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed {
    /// The account.
    pub(crate) user: Id<id::User>,
    /// The sign-in.
    pub(crate) session: Id<id::Session>,
}

/// The keys known to this node.
#[derive(Default)]
struct Ring {
    signer: Option<(String, EncodingKey)>,
    verifiers: HashMap<String, DecodingKey>,
    published: Vec<Value>,
    read_at: Option<Timestamp>,
    /// Tokens that these keys were found to have signed: the check is a tenth of what a short query costs. Forgotten
    /// with the keys, whenever they are read again.
    signed: Mutex<HashMap<String, Said>>,
}

/// What a token says that we signed; whether it still holds, the clock decides.
#[derive(Clone, Copy)]
struct Said {
    typ: &'static str,
    from: i64,
    until: i64,
    signed: Signed,
}

/// How many tokens are remembered at once; the others are verified each time.
const REMEMBERED: usize = 10_000;
/// How long an unknown key id is believed to be unknown before the database is asked again.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the keys are used without asking whether they have changed.
const STALE: Duration = Duration::from_secs(4);
/// From when on nobody is admitted by them.
const TOO_OLD: Duration = Duration::from_secs(5);
/// After how long every node, and whoever reads the JWK set, can be taken to know a key.
const SETTLED: Duration = Duration::from_secs(6);

impl Keys {
    pub(crate) async fn open(database: Database, settings: Settings, ports: Ports) -> Result<Self> {
        let (ring, reading) = (RwLock::default(), tokio::sync::Mutex::default());
        let keys = Self(Arc::new(Inner { database, settings, ports, ring, reading }));
        keys.read().await?;
        if keys.ring(|ring| ring.signer.is_none()) {
            let access = keys.0.database.write().await?;
            keys.make(&access).await?;
            access.commit().await?;
            keys.read().await?;
        }
        Ok(keys)
    }

    /// Reads the keys again where that was some seconds ago: an administrator may have made a new one, or dropped one
    /// that leaked, on another node. One caller reads; the others go on with what is known, unless that is too old.
    ///
    /// # Errors
    /// Where the database fails.
    pub(crate) async fn keep_fresh(&self) -> Result<()> {
        if !self.is_older_than(STALE) {
            return Ok(());
        }
        let _reading = match self.0.reading.try_lock() {
            Ok(reading) => reading,
            Err(_) if !self.is_older_than(TOO_OLD) => return Ok(()),
            Err(_) => self.0.reading.lock().await,
        };
        if self.is_older_than(STALE) { self.read().await } else { Ok(()) }
    }

    fn is_older_than(&self, age: Duration) -> bool {
        let now = self.0.ports.clock.now();
        self.ring(|ring| ring.read_at.is_none_or(|at| at.plus(age) <= now))
    }

    /// Makes a new key that signs as soon as every node knows it. The others verify what they signed until that is worth
    /// nothing any more.
    ///
    /// # Errors
    /// Where the database fails.
    pub(crate) async fn rotate(&self) -> Result<Id<id::SigningKey>> {
        let access = self.0.database.write().await?;
        let id = self.make(&access).await?;
        access.system().retire_signing_keys(id, self.0.ports.clock.now()).await?;
        access.commit().await?;
        self.read().await?;
        Ok(id)
    }

    /// Makes a new key that signs from now on and drops the others: every access token and cookie is void at once, and
    /// refresh tokens are not.
    ///
    /// # Errors
    /// Where the database fails.
    pub(crate) async fn replace(&self) -> Result<Id<id::SigningKey>> {
        let access = self.0.database.write().await?;
        let id = self.make(&access).await?;
        access.system().forget_other_signing_keys(id).await?;
        access.commit().await?;
        self.read().await?;
        Ok(id)
    }

    /// An access token for a session of a user, and when it stops working.
    pub(crate) fn issue(
        &self,
        user: Id<id::User>,
        session: Id<id::Session>,
        now: Timestamp,
    ) -> Result<(String, Timestamp)> {
        let until = now.plus(ACCESS_LIFE);
        Ok((self.sign(ACCESS, user.to_string(), session, now, until)?, until))
    }

    /// A cookie's value that stands for a session of a user.
    pub(crate) fn issue_cookie(
        &self,
        user: Id<id::User>,
        session: Id<id::Session>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<String> {
        self.sign(COOKIE, user.to_string(), session, now, until)
    }

    /// The session of an access token.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] where it is not one of ours, or is expired.
    pub(crate) async fn access(&self, token: &str, now: Timestamp) -> Result<Signed> {
        self.verify(ACCESS, token, now).await
    }

    /// The session of a cookie's value.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] where it is not one of ours, or is expired.
    pub(crate) async fn cookie(&self, token: &str, now: Timestamp) -> Result<Signed> {
        self.verify(COOKIE, token, now).await
    }

    /// The public halves as a JWK set (RFC 7517, RFC 8037).
    pub(crate) async fn published(&self) -> Result<Value> {
        self.keep_fresh().await?;
        Ok(json!({ "keys": self.ring(|ring| ring.published.clone()) }))
    }

    fn sign(
        &self,
        typ: &str,
        sub: String,
        session: Id<id::Session>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<String> {
        let claims = Claims {
            iss: self.0.settings.public_url.clone(),
            aud: audience(typ).to_owned(),
            sub,
            sid: session.to_string(),
            iat: now.seconds(),
            nbf: now.seconds(),
            exp: until.seconds(),
        };
        self.ring(|ring| {
            let (kid, key) = ring.signer.as_ref().ok_or_else(|| Error::internal("no signing key"))?;
            let mut header = Header::new(Algorithm::EdDSA);
            header.typ = Some(typ.to_owned());
            header.kid = Some(kid.clone());
            jsonwebtoken::encode(&header, &claims, key).map_err(Error::internal)
        })
    }

    async fn verify(&self, typ: &'static str, token: &str, now: Timestamp) -> Result<Signed> {
        if token.len() > LONGEST_TOKEN {
            return Err(Error::Unauthenticated);
        }
        let said = match self.ring(|ring| ring.remembered(token)) {
            Some(said) if said.typ == typ => said,
            _ => self.prove(typ, token, now).await?,
        };
        let seconds = now.seconds();
        let expired = said.until.saturating_add(LEEWAY_SECONDS) <= seconds;
        let early = said.from > seconds.saturating_add(LEEWAY_SECONDS);
        if expired || early { Err(Error::Unauthenticated) } else { Ok(said.signed) }
    }

    /// What `token` says, if we signed it for that.
    async fn prove(&self, typ: &'static str, token: &str, now: Timestamp) -> Result<Said> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Error::Unauthenticated)?;
        let kid = header.kid.filter(|_| header.typ.as_deref() == Some(typ)).ok_or(Error::Unauthenticated)?;
        let mut key = self.ring(|ring| ring.verifiers.get(&kid).cloned());
        if key.is_none() && self.ring(|ring| ring.read_at.is_none_or(|at| at.plus(PATIENCE) < now)) {
            self.read().await?; // another node may have made it
            key = self.ring(|ring| ring.verifiers.get(&kid).cloned());
        }
        let key = key.ok_or(Error::Unauthenticated)?;
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_issuer(&[&self.0.settings.public_url]);
        rules.set_audience(&[audience(typ)]);
        rules.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // Checked by the caller against our own clock.
        (rules.validate_exp, rules.validate_nbf) = (false, false);
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &rules).map_err(|_| Error::Unauthenticated)?.claims;
        let bad = |_| Error::Unauthenticated;
        let signed = Signed { user: claims.sub.parse().map_err(bad)?, session: claims.sid.parse().map_err(bad)? };
        let said = Said { typ, from: claims.nbf.max(claims.iat), until: claims.exp, signed };
        self.ring(|ring| ring.remember(&kid, token, said));
        Ok(said)
    }

    async fn read(&self) -> Result<()> {
        let stored = self.0.database.read().system().signing_keys().await?;
        let now = self.0.ports.clock.now();
        let mut ring = Ring { read_at: Some(now), ..Ring::default() };
        if let Some(key) = signer(&stored, now) {
            let private = secrets::open(&self.0.settings.secret, &key.sealed_private_key).map_err(|_| {
                Error::internal("this database was sealed with another secret: set GUILDHALL_SECRET to that one")
            })?;
            ring.signer = Some((key.id.to_string(), EncodingKey::from_ed_der(&private)));
        }
        for key in stored {
            let kid = key.id.to_string();
            let x = BASE64_URL_SAFE_NO_PAD.encode(&key.public_key);
            ring.published
                .push(json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x }));
            ring.verifiers.insert(kid, DecodingKey::from_ed_der(&key.public_key));
        }
        *self.0.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(())
    }

    async fn make(&self, access: &Access) -> Result<Id<id::SigningKey>> {
        let broken = |_| Error::internal("an Ed25519 key could not be made");
        let pair = Ed25519KeyPair::generate().map_err(broken)?;
        let private = pair.to_pkcs8().map_err(broken)?;
        let mut nonce = [0; 12];
        self.0.ports.random.fill(&mut nonce);
        let mut bits = [0; 10];
        self.0.ports.random.fill(&mut bits);
        let now = self.0.ports.clock.now();
        let id = uuid::Builder::from_unix_timestamp_millis(now.millis().unsigned_abs(), &bits).into_uuid();
        let key = StoredKey {
            id: Id::from_uuid(id),
            public_key: pair.public_key().as_ref().to_vec(),
            sealed_private_key: secrets::seal(&self.0.settings.secret, nonce, private.as_ref())?,
            created_at: now,
            retired_at: None,
        };
        let id = key.id;
        access.system().add_signing_key(key).await?;
        Ok(id)
    }

    fn ring<T>(&self, look: impl FnOnce(&Ring) -> T) -> T {
        look(&self.0.ring.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Ring {
    fn remembered(&self, token: &str) -> Option<Said> {
        self.signed.lock().unwrap_or_else(PoisonError::into_inner).get(token).copied()
    }

    /// Unless that key was dropped in the meantime.
    fn remember(&self, kid: &str, token: &str, said: Said) {
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        if self.verifiers.contains_key(kid) && signed.len() < REMEMBERED {
            signed.insert(token.to_owned(), said);
        }
    }
}

/// The newest key that every node knows. One that was just retired goes on until its successor is known as well.
fn signer(newest_first: &[StoredKey], now: Timestamp) -> Option<&StoredKey> {
    let settled = |at: Timestamp| at.plus(SETTLED) <= now;
    let known = newest_first.iter().find(|key| settled(key.created_at) && !key.retired_at.is_some_and(settled));
    known.or_else(|| newest_first.iter().find(|key| key.retired_at.is_none()))
}

fn audience(typ: &str) -> &'static str {
    if typ == COOKIE { COOKIE_AUDIENCE } else { AUDIENCE }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}
