//! `Idempotency-Key`: the same key, caller and input within 24 hours gets the first answer again; within 10 seconds where
//! the answer holds tokens.
//!
//! The answer is kept sealed with a key made from the server's secret, the idempotency key and the input, so that nobody
//! who lacks one of them can read it in the database; a session's tokens are among the answers.

use std::time::Duration;

use guildhall_domain::{Error, Result, error::Reason, event::Actor};
use guildhall_repositories::Access;

use super::{Caller, Procedure, app::App, throttle::network};
use crate::secrets::{derive, hash, open, seal};

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

/// What a key is for: one caller's call of one procedure in one place with one input.
pub(super) struct Use {
    id: Vec<u8>,
    compared: Vec<u8>,
    seal: [u8; 32],
    kept: Duration,
}

impl Use {
    /// The place is what the call says of where it works, not what that has come to: the call that deleted an organization
    /// still is the same call.
    pub(super) fn of<P: Procedure>(app: &App, caller: &Caller, actor: Actor, key: &str, input: &P) -> Result<Self> {
        let place = input.organization().or_else(|| caller.organization.clone());
        let address = caller.address;
        let whose = match actor {
            Actor::User(id) => id.to_string(),
            Actor::EndUser(id) => id.to_string(),
            // Strangers do not get into each other's way by choosing the same key.
            Actor::Nobody => address.map(network).unwrap_or_default(),
            Actor::System => String::new(),
        };
        let input = serde_json::to_vec(input).map_err(Error::internal)?;
        // Made with the server's secret: an input may hold a password, and a key may be easy to guess.
        let derived = |parts: &[&[u8]]| derive(&app.settings().secret, &hash(parts));
        let place = place.as_deref().unwrap_or_default().as_bytes();
        let input = derived(&[b"input", key.as_bytes(), P::NAME.as_bytes(), place, &input]);
        Ok(Self {
            id: derived(&[b"key", whose.as_bytes(), key.as_bytes()]),
            seal: derived(&[b"seal", key.as_bytes(), &input]).try_into().unwrap_or_default(),
            // What is kept to compare must not be what seals.
            compared: derived(&[b"compared", &input]),
            kept: P::ANSWER_KEPT,
        })
    }

    /// Takes the key, in the call's own transaction.
    pub(super) async fn claim(self, access: &Access, app: &App) -> Result<Claimed> {
        let before = access.system();
        let before =
            before.take_idempotency_key(&self.id, &self.compared, app.now(), app.now().minus(self.kept)).await?;
        match before {
            None => Ok(Claimed::Fresh(Claim { id: self.id, seal: self.seal })),
            Some(first) => Ok(Claimed::Answered(self.answer(first)?)),
        }
    }

    /// The first answer, where there is one.
    pub(super) async fn replay(self, access: &Access, app: &App) -> Result<Option<Vec<u8>>> {
        let first = access.system().idempotency_key(&self.id, app.now().minus(self.kept)).await?;
        first.map(|first| self.answer(first)).transpose()
    }

    fn answer(&self, (compared, sealed): (Vec<u8>, Option<Vec<u8>>)) -> Result<Vec<u8>> {
        if compared != self.compared {
            return Err(Error::Conflict(Reason::IdempotencyKeyReused));
        }
        open(&self.seal, &sealed.ok_or(Error::Unavailable)?)
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
