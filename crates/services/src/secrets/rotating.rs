//! Refresh tokens: each works once and names the next.
//!
//! A token is a prefix and the base64url of what it belongs to, a secret and a tag. The next secret is derived from the
//! last with a key of the server's, so a client that lost the answer can ask again within [`GRACE`] and gets the same
//! one, without the database ever holding a token. The tag tells a token that was spent from one that was never issued,
//! so that nobody can end what it belongs to by guessing.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use uuid::Uuid;

use super::{derive, hash, is_derived};

/// How long a spent token still gets the answer that may have been lost.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// What tokens are for; one never works as another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// Going on with the sign-in of somebody with an account.
    Session,
    /// Going on with what an end user allowed a client.
    Grant,
}

/// A token taken apart.
pub(crate) struct RotatingToken {
    purpose: Purpose,
    pub(crate) family: Uuid,
    secret: Vec<u8>,
}

impl Purpose {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Session => "ghr_",
            Self::Grant => "ghmr_",
        }
    }

    /// What is mixed into all that is derived, so that no two purposes ever come to the same.
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Session => b"refresh",
            Self::Grant => b"refresh of a grant",
        }
    }
}

impl RotatingToken {
    /// The first one of `family`; `secret` is what nobody can guess.
    pub(crate) fn first(purpose: Purpose, family: Uuid, secret: [u8; 32]) -> Self {
        Self { purpose, family, secret: secret.to_vec() }
    }

    /// The token of that text; none where this installation never issued it for `purpose`.
    pub(crate) fn parse(purpose: Purpose, text: &str, key: &[u8]) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.strip_prefix(purpose.prefix())?).ok()?;
        let (family, rest) = bytes.split_first_chunk::<16>()?;
        let (secret, tag) = rest.split_at_checked(32)?;
        let token = Self { purpose, family: Uuid::from_bytes(*family), secret: secret.to_vec() };
        is_derived(key, &token.message(b"tag"), tag).then_some(token)
    }

    /// As its holder gets it.
    pub(crate) fn text(&self, key: &[u8]) -> String {
        let tag = derive(key, &self.message(b"tag"));
        let bytes = [self.family.as_bytes().as_slice(), &self.secret, &tag].concat();
        format!("{}{}", self.purpose.prefix(), BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// As the database knows it.
    pub(crate) fn hash(&self) -> Vec<u8> {
        hash(&[self.purpose.label(), &self.secret])
    }

    /// The token that comes after this one.
    pub(crate) fn next(&self, key: &[u8]) -> Self {
        Self { purpose: self.purpose, family: self.family, secret: derive(key, &self.message(b"next")) }
    }

    fn message(&self, what: &[u8]) -> Vec<u8> {
        [self.purpose.label(), b" ", what, self.family.as_bytes(), &self.secret].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::{Purpose, RotatingToken, Uuid};

    #[test]
    fn a_token_is_read_by_its_own_purpose_and_key_only() {
        let token = RotatingToken::first(Purpose::Grant, Uuid::from_u128(7), [9; 32]);
        let text = token.text(b"key");
        let read = RotatingToken::parse(Purpose::Grant, &text, b"key").unwrap();
        assert_eq!((read.family, read.hash()), (token.family, token.hash()));
        assert_ne!(read.hash(), read.next(b"key").hash());
        assert!(RotatingToken::parse(Purpose::Grant, &text, b"yek").is_none());
        assert!(RotatingToken::parse(Purpose::Session, &text.replace("ghmr_", "ghr_"), b"key").is_none());
        assert!(RotatingToken::parse(Purpose::Grant, "ghmr_AAAA", b"key").is_none());
    }
}
