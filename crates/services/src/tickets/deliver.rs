//! Taking a ticket where its server sends tickets besides Guildhall.
//!
//! **Invariant:** the ticket exists either way, and its history says how it went: that it was taken there, in the
//! transaction in which the job is done; or why it was not, in the one in which the job is given up. Linear has one issue
//! of a ticket, however often the job is begun; Slack may hear twice of one whose job died between the two.

use guildhall_domain::{
    Error, Id, Result,
    error::{Unreachable, chain},
    event::{Actor, Audience, Event},
    id,
    mcp_servers::SupportTicketType,
    text::WebUrl,
    ticket_destinations::DestinationKind,
    tickets::{ActivityType, Ticket},
};
use guildhall_repositories::{Access, NewActivity, StoredDestination, StoredJob};
use serde_json::{Value, json};

use super::{linear, slack};
use crate::{
    App, Cx, Happened, Reach,
    jobs::{Failed, Job},
    secrets::open,
};

/// As the jobs are called that do this.
pub(crate) const KIND: &str = "ticket_delivery";

/// What became of a ticket there.
struct Taken {
    /// In words.
    said: String,
    /// Where it can be seen.
    url: Option<WebUrl>,
}

/// Has a ticket taken where `method` says, once this transaction is committed.
pub(super) async fn dispatch<R: Reach>(
    cx: &Cx<'_, R>,
    organization: Id<id::Organization>,
    ticket: Id<id::Ticket>,
    method: SupportTicketType,
) -> Result<()> {
    let Some(to) = DestinationKind::of(method) else { return Ok(()) };
    cx.enqueue(Job::TicketDelivery { ticket, to }, Some(organization)).await.map(drop)
}

/// One attempt.
pub(crate) async fn carry_out(
    app: &App,
    (job, lease): (&StoredJob, &[u8]),
    id: Id<id::Ticket>,
    to: DestinationKind,
) -> Result<(), Failed> {
    let organization = job.organization.ok_or_else(|| Failed::ForGood("for no organization".to_owned()))?;
    let (ticket, destination) = look_up(app, organization, id, to).await?;
    let secret = open(&app.settings().secret, &destination.sealed_secret).ok();
    let Some(secret) = secret.and_then(|secret| String::from_utf8(secret).ok()) else {
        return Err(Failed::ForGood("what opens it was sealed with another secret: enter it once more".to_owned()));
    };
    let taken = match to {
        DestinationKind::Slack => to_slack(app, &secret, &ticket).await?,
        DestinationKind::Linear => to_linear(app, &secret, &destination, &ticket).await?,
    };
    finish(app, (job, lease), (organization, id), to, taken).await.map_err(broken)
}

/// Writes down that nobody tries any more, in the transaction in which the job is given up.
pub(crate) async fn give_up(
    app: &App,
    access: &Access,
    organization: Option<Id<id::Organization>>,
    (id, to): (Id<id::Ticket>, DestinationKind),
    why: &str,
) -> Result<Option<Happened>> {
    let Some(organization) = organization else { return Ok(None) };
    if access.tenant(organization).tickets().find_to_change(id).await?.is_none() {
        return Ok(None);
    }
    let said = format!("Could not be taken to {}: {why}.", to.name());
    note(app, access, (organization, id), said, json!({ "to": to, "delivered": false })).await?;
    let event = Event::TicketDeliveryFailed { ticket_id: id, to: to.into() };
    Ok(Some(app.note(access, Actor::System, Audience::Organization(organization), event).await?))
}

/// How an attempt failed for which there was no answer.
pub(super) fn unreached(whom: &str, why: Unreachable) -> Failed {
    match why {
        Unreachable::Status(code @ (408 | 425 | 429 | 500..)) => Failed::For(format!("{whom} answered {code}")),
        Unreachable::Status(code) => Failed::ForGood(format!("{whom} answered {code}")),
        Unreachable::NotCalled => Failed::ForGood(format!("{whom}: {why}")),
        _ => Failed::For(format!("{whom}: {why}")),
    }
}

async fn look_up(
    app: &App,
    organization: Id<id::Organization>,
    id: Id<id::Ticket>,
    to: DestinationKind,
) -> Result<(Ticket, StoredDestination), Failed> {
    let gone = |what: &str| Failed::ForGood(what.to_owned());
    let access = app.database().read();
    let tenant = access.tenant(organization);
    let there = tenant.profile().find().await.map_err(broken)?;
    there.ok_or_else(|| gone("its organization is gone"))?;
    let ticket = tenant.tickets().find(id).await.map_err(broken)?.ok_or_else(|| gone("the ticket is gone"))?;
    let destination = tenant.ticket_destinations().for_ticket(id, to).await.map_err(broken)?;
    Ok((ticket, destination.ok_or_else(|| gone("its server does not say any more where that is"))?))
}

async fn to_slack(app: &App, webhook: &str, ticket: &Ticket) -> Result<Taken, Failed> {
    let url = webhook.parse().map_err(Failed::ForGood)?;
    slack::taken(app.fetch().send(&slack::message(url, ticket)).await)?;
    Ok(Taken { said: "Posted to Slack.".to_owned(), url: None })
}

async fn to_linear(app: &App, key: &str, destination: &StoredDestination, ticket: &Ticket) -> Result<Taken, Failed> {
    let url = &app.settings().linear_url;
    let team = destination.team_id.as_deref().unwrap_or_default();
    let id = linear::issue_id(ticket.id, team);
    let said = app.fetch().send(&linear::create(url, key, team, id, ticket)).await;
    let issue = match linear::created(said)? {
        linear::Created::Issue(issue) => issue,
        // Perhaps because it is there: an earlier attempt made it, and its answer was lost.
        linear::Created::Refused(why) => {
            let said = app.fetch().send(&linear::find(url, key, id)).await;
            linear::found(said)?.ok_or(Failed::ForGood(why))?
        }
    };
    let said = issue.identifier.map_or_else(String::new, |identifier| format!(" as {identifier}"));
    Ok(Taken { said: format!("Created in Linear{said}."), url: issue.url })
}

/// Writes down that it was taken there, unless another attempt did.
async fn finish(
    app: &App,
    (job, lease): (&StoredJob, &[u8]),
    (organization, id): (Id<id::Organization>, Id<id::Ticket>),
    to: DestinationKind,
    taken: Taken,
) -> Result<()> {
    let access = app.database().write().await?;
    if !access.system().finish_job(job.id, lease).await? {
        return Ok(()); // somebody else has taken over
    }
    let mut happened = None;
    let tickets = access.tenant(organization).tickets();
    if let Some(ticket) = tickets.find_to_change(id).await? {
        if let Some(url) = &taken.url {
            let external_url = Some(url.to_string());
            tickets.save(&Ticket { external_url, updated_at: app.now(), ..ticket }).await?;
        }
        let facts = json!({ "to": to, "delivered": true, "url": taken.url });
        note(app, &access, (organization, id), taken.said, facts).await?;
        let event = Event::TicketDelivered { ticket_id: id, to: to.into() };
        happened = Some(app.note(&access, Actor::System, Audience::Organization(organization), event).await?);
    }
    access.commit().await?;
    if let Some(happened) = happened {
        app.announce(happened);
    }
    Ok(())
}

async fn note(
    app: &App,
    access: &Access,
    (organization, id): (Id<id::Organization>, Id<id::Ticket>),
    content: String,
    metadata: Value,
) -> Result<()> {
    let activity = NewActivity::inward(app.fresh_id(), ActivityType::System, content, metadata, None);
    Ok(access.tenant(organization).tickets().note(id, activity, app.now()).await?)
}

/// Something of ours, which is nobody's business but the log's.
fn broken(error: impl Into<Error>) -> Failed {
    let error = error.into();
    tracing::warn!(error = chain(&error), "a ticket waits to be delivered");
    Failed::For("something broke on our side".to_owned())
}
