//! Beginning a sign-in and keeping it going: refresh tokens work once, and each names the next.
//!
//! A refresh token is `ghr_` and the base64url of its session's id and a secret. The next secret is derived from the
//! last with a key of the server's, so a client that lost the answer can ask again within [`GRACE`] and gets the same
//! one, without the database ever holding a token. A tag tells a token that was spent from one that was never issued,
//! so that nobody can end a session by guessing.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use guildhall_domain::{Id, Result, accounts::Tokens, id};
use guildhall_repositories::SessionRow;
use uuid::Uuid;

use super::sign_ins;
use crate::{
    Cx, Public,
    secrets::{derive, hash, is_derived},
};

/// How long a spent refresh token still gets the answer that may have been lost.
pub(super) const GRACE: Duration = Duration::from_secs(10);

const PREFIX: &str = "ghr_";

/// A refresh token taken apart.
pub(super) struct RefreshToken {
    pub(super) session: Id<id::Session>,
    secret: Vec<u8>,
}

impl RefreshToken {
    /// The token of that text; none where this installation never issued it.
    pub(super) fn parse(text: &str, server_secret: &[u8]) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (session, rest) = bytes.split_first_chunk::<16>()?;
        let (secret, tag) = rest.split_at_checked(32)?;
        let token = Self { session: Id::from_uuid(Uuid::from_bytes(*session)), secret: secret.to_vec() };
        is_derived(server_secret, &token.message(b"tag"), tag).then_some(token)
    }

    fn text(&self, server_secret: &[u8]) -> String {
        let tag = derive(server_secret, &self.message(b"tag"));
        let bytes = [self.session.uuid().as_bytes().as_slice(), &self.secret, &tag].concat();
        format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(super) fn hash(&self) -> Vec<u8> {
        hash(&[b"refresh", &self.secret])
    }

    /// The token that comes after this one.
    pub(super) fn next(&self, server_secret: &[u8]) -> Self {
        Self { session: self.session, secret: derive(server_secret, &self.message(b"next")) }
    }

    fn message(&self, purpose: &[u8]) -> Vec<u8> {
        [b"refresh ", purpose, self.session.uuid().as_bytes(), &self.secret].concat()
    }
}

/// Begins a sign-in of `user`.
pub(super) async fn begin(
    cx: &Cx<'_, Public>,
    user: Id<id::User>,
    organization: Option<Id<id::Organization>>,
) -> Result<(Id<id::Session>, Tokens)> {
    let token = RefreshToken { session: cx.fresh_id(), secret: cx.random::<32>().to_vec() };
    let (address, user_agent) = cx.device();
    let row = SessionRow {
        id: token.session,
        user_id: user,
        active_organization_id: organization,
        refresh_hash: token.hash(),
        previous_refresh_hash: None,
        rotated_at: cx.now(),
        created_at: cx.now(),
        expires_at: sign_ins::lasts(cx.now(), cx.now()),
        ended: false,
        address,
        user_agent,
    };
    cx.system().start_session(&row).await?;
    Ok((row.id, tokens(cx, &row, &token)?))
}

/// Spends `token` and answers with its successor; none where it was spent before or the session is over.
pub(super) async fn rotate(cx: &Cx<'_, Public>, row: &SessionRow, token: &RefreshToken) -> Result<Option<Tokens>> {
    let next = token.next(&cx.settings().secret);
    let expires_at = sign_ins::lasts(row.created_at, cx.now());
    let spent = cx.system().rotate(row.id, &token.hash(), &next.hash(), expires_at, cx.now()).await?;
    if spent { Ok(Some(tokens(cx, &SessionRow { expires_at, ..row.clone() }, &next)?)) } else { Ok(None) }
}

/// What a client goes on with.
pub(super) fn tokens(cx: &Cx<'_, Public>, row: &SessionRow, refresh: &RefreshToken) -> Result<Tokens> {
    let (access_token, access_token_expires_at) = cx.keys().issue(row.user_id, row.id, cx.now())?;
    Ok(Tokens {
        access_token,
        access_token_expires_at,
        refresh_token: refresh.text(&cx.settings().secret),
        refresh_token_expires_at: row.expires_at,
    })
}
