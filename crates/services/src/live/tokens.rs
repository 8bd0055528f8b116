//! Tokens that open one stream, for browsers: their WebSockets can send no header of one's own. A token travels in a URL,
//! so it is worth little: it works once, for a minute, and only for following.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::secrets::hash;

/// How long one works.
pub(crate) const LIFE: Duration = Duration::from_secs(60);

/// A token made of these random bytes, and the hash that it is kept as.
pub(crate) fn fresh(random: [u8; 32]) -> (String, Vec<u8>) {
    let token = BASE64_URL_SAFE_NO_PAD.encode(random);
    let hash = hash_of(&token);
    (token, hash)
}

/// What a token is known by.
pub(crate) fn hash_of(token: &str) -> Vec<u8> {
    hash(&[b"live", token.as_bytes()])
}
