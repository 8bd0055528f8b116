//! Passwords: Argon2id with the parameters OWASP recommends, on threads of their own and not too many at once.

use std::{borrow::Cow, fmt, sync::Arc};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use guildhall_domain::{Error, Result};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use zxcvbn::{Score, zxcvbn};

use crate::ports::Random;

/// A password as somebody typed it: `MIN` to `MAX` characters, at most 1,024 bytes, never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Password<const MIN: usize, const MAX: usize>(String);

impl<const MIN: usize, const MAX: usize> Password<MIN, MAX> {
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> fmt::Debug for Password<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl<const MIN: usize, const MAX: usize> TryFrom<String> for Password<MIN, MAX> {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let length = text.chars().count();
        if !(MIN..=MAX).contains(&length) || text.len() > 1024 {
            return Err(format!("a password has {MIN} to {MAX} characters"));
        }
        if text.contains('\0') { Err("a password has no NUL".to_owned()) } else { Ok(Self(text)) }
    }
}

impl<const MIN: usize, const MAX: usize> From<Password<MIN, MAX>> for String {
    fn from(password: Password<MIN, MAX>) -> Self {
        password.0
    }
}

impl<const MIN: usize, const MAX: usize> JsonSchema for Password<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Password{MIN}To{MAX}").into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": MIN, "maxLength": MAX, "format": "password", "pattern": "^[^\\u0000]*$" })
    }
}

/// Hashes and verifies passwords. At most one a core at a time, and a short queue, so that logins cannot starve the
/// rest: whoever does not fit is told to try again.
#[derive(Clone)]
pub struct Passwords {
    room: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    random: Arc<dyn Random>,
    /// The hash of a password nobody has, verified where there is no account, so that the answer takes as long.
    nobodys: Arc<str>,
}

const QUEUE: usize = 64;

impl Passwords {
    pub(crate) fn new(random: Arc<dyn Random>) -> Result<Self> {
        // One core stays free of hashing: whoever works already does not wait for those who sign in.
        let cores = std::thread::available_parallelism().map_or(1, usize::from).saturating_sub(1).max(1);
        let mut secret = [0; 32];
        random.fill(&mut secret);
        let nobodys = hash(&secret, salt(&*random))?.into();
        let queue = Arc::new(Semaphore::new(cores.saturating_add(QUEUE)));
        Ok(Self { room: Arc::new(Semaphore::new(cores)), queue, random, nobodys })
    }

    /// The PHC string of a new password of somebody of whom `known` is known.
    ///
    /// # Errors
    /// `BAD_REQUEST` naming `field` where the password is among the first that anybody would try,
    /// [`Error::TooManyRequests`] where too many wait already.
    pub(crate) async fn hash_new(&self, field: &str, password: &str, known: &[&str]) -> Result<String> {
        let (password, salt) = (password.to_owned(), salt(&*self.random));
        let (field, known) = (field.to_owned(), known.iter().map(|&known| known.to_owned()).collect::<Vec<_>>());
        self.work(move || {
            let known: Vec<&str> =
                known.iter().flat_map(|known| [known.as_str()].into_iter().chain(known.split('@'))).collect();
            if zxcvbn(&password, &known).score() < Score::Two {
                return Err(Error::field(&field, "is among the first that anybody would try"));
            }
            hash(password.as_bytes(), salt)
        })
        .await?
    }

    /// Whether `password` is the one hashed; takes as long where there is no hash to compare with.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] where too many wait already.
    pub(crate) async fn verify(&self, password: &str, hashed: Option<&str>) -> Result<bool> {
        let (password, known) = (password.as_bytes().to_vec(), hashed.is_some());
        let hashed = hashed.unwrap_or(&self.nobodys).to_owned();
        self.work(move || {
            let hashed = PasswordHash::new(&hashed).map_err(|e| Error::internal(e.to_string()))?;
            Ok(Argon2::default().verify_password(&password, &hashed).is_ok() && known)
        })
        .await?
    }

    async fn work<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let busy = || Error::TooManyRequests { retry_after_ms: 1000 };
        let waiting = self.queue.clone().try_acquire_owned().map_err(|_| busy())?;
        let working = self.room.clone().acquire_owned().await.map_err(|_| busy())?;
        // The places go with the work: it goes on when the caller leaves.
        let held = move || {
            let done = job();
            drop((waiting, working));
            done
        };
        tokio::task::spawn_blocking(held).await.map_err(Error::internal)
    }
}

fn salt(random: &dyn Random) -> [u8; 16] {
    let mut salt = [0; 16];
    random.fill(&mut salt);
    salt
}

fn hash(password: &[u8], salt: [u8; 16]) -> Result<String> {
    let hashed = Argon2::default().hash_password_with_salt(password, &salt);
    Ok(hashed.map_err(|e| Error::internal(e.to_string()))?.to_string())
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords")
    }
}
