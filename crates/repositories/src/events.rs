//! An organization's history.

use guildhall_domain::{
    Id, Timestamp,
    event::{Actor, Audience, Event},
    id,
};
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    Error, Result, Tenant,
    asked::hex_id,
    columns,
    entities::{event, event_head},
    words::Words,
};

/// An organization's history.
#[derive(Clone, Copy, Debug)]
pub struct Events<'a>(pub(crate) Tenant<'a>);

impl Events<'_> {
    /// How many events there are.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn count(self) -> Result<u64> {
        Ok(self.0.select::<event::Entity>().count(&self.0.executor()).await?)
    }

    /// Writes down what happened in this organization, in one statement whose text is the same for any number of events.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn record(self, happened: &[NewEvent]) -> Result<()> {
        let rows = happened.iter().map(told).collect::<Result<Vec<_>>>()?;
        self.0.pour(&RECORD, &rows).await
    }

    /// The number of the last event that has one; 0 where none has.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn head(self) -> Result<i64> {
        let head = self.0.select::<event_head::Entity>().one(&self.0.executor()).await?;
        Ok(head.map_or(0, |head| head.last_sequence))
    }

    /// The first `limit` numbered events after `sequence`, in order. Whatever is committed later has a higher number.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn after(self, sequence: i64, limit: u64) -> Result<Vec<NumberedEvent>> {
        use event::Column;
        let select = self.0.select::<event::Entity>().filter(Column::Sequence.gt(sequence));
        let select = select.order_by_asc(Column::Sequence).limit(limit).select_only();
        let columns = select.columns([Column::Sequence, Column::Name, Column::Subject]);
        let rows: Vec<(i64, String, String)> = columns.into_tuple().all(&self.0.executor()).await?;
        Ok(rows.into_iter().map(|(sequence, name, subject)| NumberedEvent { sequence, name, subject }).collect())
    }
}

/// To be followed by a table of rows as [`told`] makes them.
pub(crate) const INSERT: &str = "insert into events (organization_id, id, actor_kind, actor_id, name, subject, data, \
    created_at) select $1, {id 0}, {text 1}, {id 2}, {text 3}, {text 4}, {text 5}, {number 6} from ";

static RECORD: Words = Words::new(&[INSERT, "{rows}"]);

/// An organization's event as a row of JSON.
pub(crate) fn told(new: &NewEvent) -> Result<impl Serialize + use<>> {
    let row = row(new)?;
    let (id, actor) = (hex_id(row.id), row.actor_id.map(hex_id));
    Ok((id, row.actor_kind, actor, row.name, row.subject, row.data, row.created_at))
}

/// An event that a feed may tell, as its row says it: a node may meet kinds that only a newer one knows.
#[derive(Clone, Debug)]
pub struct NumberedEvent {
    /// Its place among the organization's, in the order of their commits.
    pub sequence: i64,
    /// What it is called.
    pub name: String,
    /// The id of what it happened to.
    pub subject: String,
}

/// What an event's row is made from.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its id.
    pub id: Id<id::Event>,
    /// Who did it.
    pub actor: Actor,
    /// Whose history it is in.
    pub audience: Audience,
    /// What it was.
    pub event: Event,
    /// When.
    pub at: Timestamp,
}

/// The row of an event.
pub(crate) fn row(new: &NewEvent) -> Result<event::Model> {
    let NewEvent { id, actor, audience, event, at } = new;
    let (actor_kind, actor_id): (&str, Option<Uuid>) = match actor {
        Actor::User(id) => ("user", Some(id.uuid())),
        Actor::EndUser(id) => ("end_user", Some(id.uuid())),
        Actor::Nobody => ("nobody", None),
        Actor::System => ("system", None),
    };
    let (organization_id, user_id) = match audience {
        Audience::Organization(id) => (Some(id.uuid()), None),
        Audience::Account(id) => (None, Some(id.uuid())),
    };
    let mut parts = serde_json::to_value(event).map_err(|e| Error::Unreadable(e.to_string()))?;
    let name = parts["name"].as_str().unwrap_or_default().to_owned();
    Ok(event::Model {
        id: id.uuid(),
        organization_id,
        user_id,
        actor_kind: actor_kind.to_owned(),
        actor_id,
        name,
        subject: event.subject(),
        data: columns::json(parts["data"].take())?,
        created_at: at.millis(),
        sequence: None, // the database numbers it
    })
}
