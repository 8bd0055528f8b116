//! `Idempotency-Key`: the same key, caller and input within 24 hours gets the first answer again.
//!
//! The answer is kept sealed with a key made from the idempotency key and the input, so that nobody who lacks either
//! can read it in the database; a session's tokens are among the answers.

use std::time::Duration;

use guildhall_domain::{
    Error, Result,
    error::Reason,
    event::{Actor, Audience},
};
use guildhall_repositories::Access;

use super::{Reach, app::App};
use crate::secrets::{hash, open, seal};

const KEPT: Duration = Duration::from_hours(24);

/// One use of a key.
pub(super) struct Claim {
    id: Vec<u8>,
    seal: [u8; 32],
}

/// What a key has come to.
pub(super) enum Claimed {
    /// Nobody used it yet: go on, then [`Claim::keep`].
    Fresh(Claim),
    /// The first answer, as JSON.
    Answered(Vec<u8>),
}

/// Takes `key` for a call of `procedure` with `input`, in the call's own transaction.
pub(super) async fn claim<R: Reach>(
    access: &Access,
    app: &App,
    reach: &R,
    procedure: &str,
    key: &str,
    input: &[u8],
) -> Result<Claimed> {
    let caller = match reach.actor() {
        Actor::User(id) => id.to_string(),
        Actor::EndUser(id) => id.to_string(),
        Actor::Nobody | Actor::System => String::new(),
    };
    let place = match reach.audience() {
        Some(Audience::Organization(id)) => id.to_string(),
        _ => String::new(),
    };
    let id = hash(&[b"key", caller.as_bytes(), key.as_bytes()]);
    let input = hash(&[b"input", key.as_bytes(), procedure.as_bytes(), place.as_bytes(), input]);
    let seal: [u8; 32] = hash(&[b"seal", key.as_bytes(), &input]).try_into().unwrap_or_default();
    // What is kept to compare must not be what seals.
    let compared = hash(&[b"compared", &input]);

    match access.system().take_idempotency_key(&id, &compared, app.now(), app.now().minus(KEPT)).await? {
        None => Ok(Claimed::Fresh(Claim { id, seal })),
        Some((first, _)) if first != compared => Err(Error::Conflict(Reason::IdempotencyKeyReused)),
        Some((_, Some(sealed))) => Ok(Claimed::Answered(open(&seal, &sealed)?)),
        Some((_, None)) => Err(Error::Unavailable),
    }
}

impl Claim {
    /// Leaves the key free for another try.
    pub(super) async fn give_back(self, access: &Access) -> Result<()> {
        Ok(access.system().give_back_idempotency_key(&self.id).await?)
    }

    /// Keeps the answer for whoever comes with the same key again.
    pub(super) async fn keep(self, access: &Access, app: &App, answer: &[u8]) -> Result<()> {
        let sealed = seal(&self.seal, app.random(), answer)?;
        Ok(access.system().keep_answer(&self.id, sealed).await?)
    }
}
