//! People with an account, and how they prove who they are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    id::{self, Id},
    text::Email,
    time::Timestamp,
};

/// A person with an account.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Its id.
    pub id: Id<id::User>,
    /// Where mail reaches the person.
    pub email: Email,
    /// What others see.
    pub name: Option<String>,
    /// A short unique name.
    pub username: Option<String>,
    /// A picture's address.
    pub image: Option<String>,
    /// Whether somebody with access to the mailbox has said so.
    pub email_verified: bool,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// What a client needs to go on after signing in.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    /// A JWT (RFC 7519, EdDSA) to send as `Authorization: Bearer`.
    pub access_token: String,
    /// When it stops working.
    pub access_token_expires_at: Timestamp,
    /// What `auth.refresh` takes; works once.
    pub refresh_token: String,
    /// When it stops working.
    pub refresh_token_expires_at: Timestamp,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}

/// One sign-in, as its owner sees it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// Its id.
    pub id: Id<id::Session>,
    /// The organization that calls without `x-organization` work in.
    pub active_organization_id: Option<Id<id::Organization>>,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
}

/// Passwords long enough to be accepted that everybody tries first; compared in lower case.
const KNOWN: [&str; 24] = [
    "000000000000",
    "111111111111",
    "121212121212",
    "123123123123",
    "123412341234",
    "123456123456",
    "1234567890123",
    "123456789012",
    "123456789abc",
    "1q2w3e4r5t6y",
    "aaaaaaaaaaaa",
    "abcdefghijkl",
    "administrator",
    "changeme1234",
    "iloveyou1234",
    "letmein12345",
    "passw0rd1234",
    "password1234",
    "password12345",
    "passwordpassword",
    "qwerty123456",
    "qwertyuiop12",
    "qwertyuiopas",
    "welcome12345",
];

/// Whether a password is among the first that an attacker tries.
#[must_use]
pub fn is_well_known_password(password: &str) -> bool {
    KNOWN.contains(&password.to_lowercase().as_str())
}
