//! People with an account, and how they prove who they are.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{
    id::{self, Id},
    text::{Email, checked_text},
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

/// One of a user's sign-ins, as a list of devices shows it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceSession {
    /// Its id.
    pub id: Id<id::Session>,
    /// What signed in: the program's `User-Agent`.
    pub device: Option<String>,
    /// From which network address.
    pub address: Option<String>,
    /// When it signed in.
    pub created_at: Timestamp,
    /// When it was last heard of, to within some minutes.
    pub last_seen_at: Timestamp,
    /// When it ends unless it is used.
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// A short unique name: 3 to 32 of `a-z`, `0-9` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Username(String);

impl TryFrom<String> for Username {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let legal = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if legal && (3..=32).contains(&text.len()) {
            Ok(Self(text))
        } else {
            Err("3 to 32 of a-z, 0-9 and _".to_owned())
        }
    }
}

checked_text!(
    [] Username,
    "Username".into(),
    json_schema!({ "type": "string", "minLength": 3, "maxLength": 32, "pattern": "^[a-z0-9_]+$" })
);
