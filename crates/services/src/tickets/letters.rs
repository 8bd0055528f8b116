//! What tickets are written to people about: an answer to whoever asked, and news to whoever is on it. One thread a ticket.

use guildhall_domain::{
    Error, Resource, Result,
    mail::Matter,
    organizations::Member,
    tickets::{Activity, Ticket},
};

use crate::{AtServer, Cx, InOrganization};

/// Mails a public comment to whoever asked, where an address is known.
pub(super) async fn answer(cx: &Cx<'_, InOrganization>, ticket: &Ticket, said: &Activity) -> Result<()> {
    let Some(email) = ticket.email.clone() else { return Ok(()) };
    // Somebody may have typed another's address, and whoever answers may know that.
    let mailbox = format!("{} {email}", cx.tenant().id());
    cx.count("ticket answers", &mailbox, cx.settings().limits.ticket_recipient).await?;
    let matter = Matter::TicketAnswer {
        organization: organization(cx).await?,
        server: ticket.server_name.clone(),
        ticket: ticket.id,
        number: ticket.number,
        title: ticket.title.clone(),
        author: said.user_name.clone(),
        content: said.content.clone(),
        settled: ticket.status.is_settled(),
    };
    cx.post_from(cx.tenant().id(), email, matter).await
}

/// Tells `member` that the ticket is theirs now; who takes one knows.
pub(super) async fn assigned(cx: &Cx<'_, InOrganization>, ticket: &Ticket, member: &Member) -> Result<()> {
    if member.user_id == cx.user() {
        return Ok(());
    }
    let by = cx.tenant().members().of(cx.user()).await?.and_then(|member| member.name);
    let matter = Matter::TicketAssigned {
        organization: organization(cx).await?,
        ticket: ticket.id,
        number: ticket.number,
        title: ticket.title.clone(),
        summary: ticket.concise_summary.clone(),
        by,
    };
    cx.post_from(cx.tenant().id(), member.email.clone(), matter).await
}

/// Tells whoever is on the ticket that whoever asked has said more. An agent that goes on and on about one ticket fills no
/// mailbox: what is not mailed stands on the ticket all the same.
pub(super) async fn replied(cx: &Cx<'_, AtServer>, ticket: &Ticket, content: &str) -> Result<()> {
    let Some(assignee) = &ticket.assignee else { return Ok(()) };
    match cx.count("ticket replies", &ticket.id.to_string(), cx.settings().limits.ticket_reply).await {
        Err(Error::TooManyRequests { .. }) => return Ok(()),
        counted => counted?,
    }
    let matter = Matter::TicketReply {
        organization: cx.guest().organization_name().to_owned(),
        ticket: ticket.id,
        number: ticket.number,
        title: ticket.title.clone(),
        content: content.to_owned(),
    };
    cx.post_from(cx.tenant().id(), assignee.email.clone(), matter).await
}

async fn organization(cx: &Cx<'_, InOrganization>) -> Result<String> {
    let found = cx.tenant().profile().find().await?;
    Ok(found.ok_or(Error::NotFound(Resource::Organization))?.name)
}
