//! The live feed of tickets: in order, once each, for whoever may, on every node.

mod access;
mod following;
mod http;
mod sockets;
mod tokens;

use std::{sync::Arc, time::Duration};

use guildhall_domain::{
    Id, Result,
    event::{Actor, Audience, Event},
    id,
};
use guildhall_repositories::NewEvent;
use guildhall_services::{App, Caller, Following, News, ports::Clock, tickets::LiveTickets};
use guildhall_tests::{Side, World};
use serde_json::json;
use tokio::time::timeout;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);
/// How soon a stream must end when what lets its reader in is gone.
const SOON: Duration = Duration::from_secs(5);

async fn follow(app: &App, caller: &Caller, since: Option<i64>) -> Following {
    app.follow(caller, LiveTickets {}, since).await.unwrap()
}

async fn next(following: &mut Following) -> Result<Arc<News>> {
    timeout(LONG, following.next()).await.unwrap()
}

/// Moves the ticket of `side`, through `app`.
async fn touch(world: &World, app: &App, side: &Side, n: usize) {
    let input = json!({ "ticketId": side.ticket, "status": "in_progress", "comment": format!("n{n}") });
    let entry = world.catalogue.get("supportTickets.updateStatus").unwrap();
    entry.call(app, &side.vouched, input).await.unwrap();
}

/// The numbers of all events of an organization that the feed tells, in order.
async fn log(world: &World, of: Id<id::Organization>) -> Vec<i64> {
    let events = world.database.read().tenant(of).events().after(0, 1_000_000).await.unwrap();
    events.iter().map(|event| event.sequence).collect()
}

/// Writes so many events about the ticket of `side` at once, past every node, so that none is woken by its own calls.
async fn flood(world: &World, side: &Side, count: u128) {
    let event = |n| NewEvent {
        id: Id::from_uuid(uuid::Uuid::from_u128(n)),
        actor: Actor::System,
        audience: Audience::Organization(side.organization.id),
        event: Event::TicketUpdated { ticket_id: side.ticket, fields: Vec::new() },
        at: world.clock.now(),
    };
    let access = world.database.write().await.unwrap();
    let events: Vec<_> = (1..=count).map(event).collect();
    access.system().record(&events).await.unwrap();
    access.commit().await.unwrap();
}
