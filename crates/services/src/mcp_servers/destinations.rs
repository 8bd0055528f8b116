//! Where a server's tickets go besides Guildhall.
//!
//! **Invariant:** what opens a destination is sealed before it is kept, and leaves for that destination only: no answer,
//! event or log has it.

use guildhall_domain::{
    Error, Result,
    mcp_servers::SupportTicketType,
    ticket_destinations::{DestinationKind, LinearTeam, WebhookUrl},
};
use guildhall_repositories::{StoredDestination, StoredServer};

use crate::{
    Cx, InOrganization,
    secrets::{open, seal},
};

/// Keeps what is given; answers whether any of it was not known. Where tickets are to go must be known then.
pub(super) async fn keep(
    cx: &Cx<'_, InOrganization>,
    server: &StoredServer,
    chosen: SupportTicketType,
    given: (Option<WebhookUrl>, Option<LinearTeam>),
) -> Result<bool> {
    let chosen = DestinationKind::of(chosen);
    let (slack, linear) = given;
    if chosen.is_none() && slack.is_none() && linear.is_none() {
        return Ok(false);
    }
    let slack = slack.map(|url| (DestinationKind::Slack, String::from(url), None));
    let linear = linear.map(|team| (DestinationKind::Linear, String::from(team.api_key), Some(team.team_id.into())));
    let destinations = cx.tenant().ticket_destinations();
    let mut known = destinations.of(server.id).await?;
    let mut changed = false;
    for (kind, secret, team_id) in slack.into_iter().chain(linear) {
        let same = |it: &StoredDestination| {
            // Not, where the installation's own secret has changed since.
            let opened = open(&cx.settings().secret, &it.sealed_secret);
            it.kind == kind && it.team_id == team_id && opened.is_ok_and(|known| known == secret.as_bytes())
        };
        if known.iter().any(same) {
            continue;
        }
        let sealed_secret = seal(&cx.settings().secret, cx.random(), secret.as_bytes())?;
        let new = StoredDestination { kind, sealed_secret, team_id };
        destinations.keep(server.id, new.clone()).await?;
        known.push(new);
        changed = true;
    }
    match chosen {
        Some(kind) if known.iter().all(|it| it.kind != kind) => Err(match kind {
            DestinationKind::Slack => Error::field("slackWebhookUrl", "needed where supportTicketType is slack"),
            DestinationKind::Linear => Error::field("linear", "needed where supportTicketType is linear"),
        }),
        _ => Ok(changed),
    }
}
