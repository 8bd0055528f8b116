//! Beginning a sign-in of somebody with an account, and keeping it going.

use guildhall_domain::{Id, Result, accounts::Tokens, id};
use guildhall_repositories::SessionRow;

use super::sign_ins;
use crate::{
    Cx, Public,
    secrets::{Purpose, RotatingToken},
};

/// Begins a sign-in of `user`.
pub(super) async fn begin(
    cx: &Cx<'_, Public>,
    user: Id<id::User>,
    organization: Option<Id<id::Organization>>,
) -> Result<(Id<id::Session>, Tokens)> {
    let token = RotatingToken::first(Purpose::Session, cx.fresh_id::<id::Session>().uuid(), cx.random());
    let (address, user_agent) = cx.device();
    let row = SessionRow {
        id: Id::from_uuid(token.family),
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
pub(super) async fn rotate(cx: &Cx<'_, Public>, row: &SessionRow, token: &RotatingToken) -> Result<Option<Tokens>> {
    let next = token.next(&cx.settings().secret);
    let expires_at = sign_ins::lasts(row.created_at, cx.now());
    let spent = cx.system().rotate(row.id, &token.hash(), &next.hash(), expires_at, cx.now()).await?;
    if spent { Ok(Some(tokens(cx, &SessionRow { expires_at, ..row.clone() }, &next)?)) } else { Ok(None) }
}

/// What a client goes on with.
pub(super) fn tokens(cx: &Cx<'_, Public>, row: &SessionRow, refresh: &RotatingToken) -> Result<Tokens> {
    let (access_token, access_token_expires_at) = cx.keys().issue(row.user_id, row.id, cx.now())?;
    Ok(Tokens {
        access_token,
        access_token_expires_at,
        refresh_token: refresh.text(&cx.settings().secret),
        refresh_token_expires_at: row.expires_at,
    })
}
