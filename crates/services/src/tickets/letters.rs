//! What tickets are written to people about: an answer to whoever asked, and news to whoever is on it. One thread a ticket.

use guildhall_domain::{
    Error, Resource, Result,
    mail::Matter,
    organizations::Member,
    text::Email,
    tickets::{Activity, Ticket},
};

use crate::{AtServer, Cx, InOrganization, Reach};

/// Mails a public comment to whoever asked, where an address is known.
pub(super) async fn answer(cx: &Cx<'_, InOrganization>, ticket: &Ticket, said: &Activity) -> Result<()> {
    let Some(email) = ticket.email.clone() else { return Ok(()) };
    // Somebody may have typed another's address, and whoever answers may know that.
    count(cx, &email).await?;
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

/// Tells `member` that the ticket is theirs now; who takes one knows. A mailbox that has had enough is spared: the ticket
/// says it all the same.
pub(super) async fn assigned(cx: &Cx<'_, InOrganization>, ticket: &Ticket, member: &Member) -> Result<()> {
    if member.user_id == cx.user() || has_enough(cx, &member.email).await? {
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

/// Tells whoever is on the ticket that whoever asked has said more. An agent that goes on and on fills no mailbox.
pub(super) async fn replied(cx: &Cx<'_, AtServer>, ticket: &Ticket, content: &str) -> Result<()> {
    let Some(assignee) = &ticket.assignee else { return Ok(()) };
    if has_enough(cx, &assignee.email).await? {
        return Ok(());
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

/// Counts a letter; `TOO_MANY_REQUESTS` where the mailbox has had as many as it may.
async fn count<R: Reach>(cx: &Cx<'_, R>, to: &Email) -> Result<()> {
    cx.count("ticket letters", to.as_str(), cx.settings().limits.ticket_recipient).await
}

/// Counts a letter that is not worth failing for; whether it is one too many.
async fn has_enough<R: Reach>(cx: &Cx<'_, R>, to: &Email) -> Result<bool> {
    match count(cx, to).await {
        Err(Error::TooManyRequests { .. }) => Ok(true),
        counted => counted.map(|()| false),
    }
}

async fn organization(cx: &Cx<'_, InOrganization>) -> Result<String> {
    let found = cx.tenant().profile().find().await?;
    Ok(found.ok_or(Error::NotFound(Resource::Organization))?.name)
}
