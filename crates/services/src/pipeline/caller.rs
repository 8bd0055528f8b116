//! Who calls, as far as a transport can tell.

use std::net::IpAddr;

use guildhall_domain::{Id, id, text::Text};

use crate::sessions::Guest;

/// Who calls, as far as a transport can tell. Nothing here is believed before the pipeline has checked it.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    pub(super) proof: Proof,
    pub(super) organization: Option<String>,
    pub(super) idempotency_key: Option<Text<1, 128>>,
    pub(super) address: Option<IpAddr>,
    pub(super) user_agent: Option<String>,
}

/// How the caller proves who it is.
#[derive(Clone, Default)]
pub(super) enum Proof {
    #[default]
    Nothing,
    /// An access token, as it was sent.
    Bearer(String),
    /// A browser's cookie, as it was sent.
    Cookie { token: String, own_page: bool },
    /// A user that the program around the services vouches for.
    User(Id<id::User>),
    /// A token that opens one stream, and nothing else.
    LiveToken(String),
    /// An end user of a hosted MCP server, whom [`crate::App::settle`] has let in.
    Guest(Box<Guest>),
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Bearer(_) => "Bearer(…)",
            Self::Cookie { .. } => "Cookie(…)",
            Self::User(_) => "User(…)",
            Self::LiveToken(_) => "LiveToken(…)",
            Self::Guest(_) => "Guest(…)",
        })
    }
}

impl Caller {
    /// Somebody without any proof.
    #[must_use]
    pub fn nobody() -> Self {
        Self::default()
    }

    /// Somebody with an access token, not yet verified.
    #[must_use]
    pub fn bearer(token: String) -> Self {
        Self { proof: Proof::Bearer(token), ..Self::default() }
    }

    /// Somebody whose browser sent our cookie from a page of ours.
    #[must_use]
    pub fn cookie(token: String) -> Self {
        Self { proof: Proof::Cookie { token, own_page: true }, ..Self::default() }
    }

    /// Somebody whose browser sent our cookie from another site, or may have: such a call can only read.
    #[must_use]
    pub fn cookie_from_foreign_page(token: String) -> Self {
        Self { proof: Proof::Cookie { token, own_page: false }, ..Self::default() }
    }

    /// A user whom the program that embeds the services has authenticated itself. Membership and role are still read
    /// from the database on every call.
    #[must_use]
    pub fn vouched(user: Id<id::User>) -> Self {
        Self { proof: Proof::User(user), ..Self::default() }
    }

    /// Somebody with a token that opens one stream, not yet used up. It says itself for which organization.
    #[must_use]
    pub fn live_token(token: String) -> Self {
        Self { proof: Proof::LiveToken(token), ..Self::default() }
    }

    /// An end user of a hosted MCP server.
    #[must_use]
    pub fn guest(guest: Guest) -> Self {
        Self { proof: Proof::Guest(Box::new(guest)), ..Self::default() }
    }

    /// In the organization of that id or slug, whatever the active one is.
    #[must_use]
    pub fn in_organization(self, named: String) -> Self {
        Self { organization: Some(named), ..self }
    }

    /// With a key under which a mutation happens at most once in 24 hours (10 seconds where its answer holds
    /// tokens).
    #[must_use]
    pub fn with_idempotency_key(self, key: Text<1, 128>) -> Self {
        Self { idempotency_key: Some(key), ..self }
    }

    /// From that address, with that program.
    #[must_use]
    pub fn from_device(self, address: Option<IpAddr>, user_agent: Option<String>) -> Self {
        Self { address, user_agent, ..self }
    }
}
