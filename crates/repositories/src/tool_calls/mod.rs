//! What an organization's end users called.
mod counting;
mod list;

use guildhall_domain::{Id, Timestamp, id, sessions::ToolCall};
use sea_orm::{ColumnTrait, ConnectionTrait as _, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;

use crate::{
    Result, Tenant,
    asked::hex_id,
    columns::{self, parse, time},
    entities::tool_call,
    sessions::StoredVisit,
    words::Words,
};

pub(crate) use counting::counts;
pub use list::CallFilter;

/// What an organization's end users called.
#[derive(Clone, Copy, Debug)]
pub struct ToolCalls<'a>(pub(crate) Tenant<'a>);

/// A call to be kept.
#[derive(Clone, Debug)]
pub struct NewCall {
    /// Its id.
    pub id: Id<id::ToolCall>,
    /// Of which server.
    pub server: Id<id::McpServer>,
    /// By whom.
    pub person: Id<id::McpUser>,
    /// In which visit.
    pub visit: Id<id::McpSession>,
    /// Which tool.
    pub tool_name: String,
    /// What it was given, as text of JSON.
    pub input: String,
    /// What it answered, as text of JSON.
    pub output: String,
    /// Whether it failed.
    pub is_error: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// When it began.
    pub at: Timestamp,
}

impl ToolCalls<'_> {
    /// The most calls of one visit that are shown.
    pub const MOST: u64 = 1000;

    /// Keeps calls and counts them.
    ///
    /// # Errors
    /// [`crate::Error::Taken`] where one of them was kept before; where whoever made it was forgotten a moment ago.
    pub async fn record(self, calls: &[NewCall]) -> Result<()> {
        let rows: Vec<_> = calls.iter().map(row).collect();
        if self.0.access.is_postgres() {
            return self.0.pour(&KEEP, &rows).await;
        }
        if !calls.is_empty() {
            let batch = [columns::json(rows)?.into(), counts(calls)?.into()];
            self.0.executor().execute_raw(self.0.statement(&KEEP_BATCH, batch)).await?;
        }
        Ok(())
    }

    /// The calls of a visit, oldest first; of more than 1,000 the newest.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn of_visit(self, visit: &StoredVisit) -> Result<Vec<ToolCall>> {
        let calls = self.0.select::<tool_call::Entity>();
        let calls = calls.filter(tool_call::Column::McpSessionId.eq(visit.session.id.uuid()));
        let newest = calls.order_by_desc(tool_call::Column::CreatedAt).order_by_desc(tool_call::Column::Id);
        let mut rows = newest.limit(Self::MOST).all(&self.0.executor()).await?;
        rows.reverse();
        let read = |row: tool_call::Model| {
            Ok(ToolCall {
                id: Id::from_uuid(row.id),
                tool_name: row.tool_name,
                input: parse(&row.input)?,
                output: parse(&row.output)?,
                is_error: row.is_error,
                duration_ms: row.duration_ms,
                created_at: time(row.created_at),
                server_name: visit.session.server_name.clone(),
                server_slug: visit.session.server_slug.clone(),
            })
        };
        rows.into_iter().map(read).collect()
    }
}

/// To be followed by a table of rows as [`row`] makes them.
pub(crate) const INSERT: &str = "insert into tool_calls (organization_id, id, server_id, mcp_user_id, mcp_session_id, \
    tool_name, input, output, is_error, duration_ms, created_at) \
    select $1, {id 0}, {id 1}, {id 2}, {id 3}, {text 4}, {text 5}, {text 6}, {flag 7}, {number 8}, {number 9} from ";

/// PostgreSQL counts by a trigger on the whole statement.
static KEEP: Words = Words::new(&[INSERT, "{rows}"]);

/// SQLite, by a trigger on what a batch comes to.
static KEEP_BATCH: Words =
    Words::new(&["insert into call_batches (organization_id, calls, counts) values ($1, jsonb($2), jsonb($3))"]);

/// A call as a row of JSON.
pub(crate) fn row(call: &NewCall) -> impl Serialize {
    let ids = [call.id.uuid(), call.server.uuid(), call.person.uuid(), call.visit.uuid()];
    let [id, server, person, visit] = ids.map(hex_id);
    let NewCall { tool_name, input, output, is_error, duration_ms, at, .. } = call;
    (id, server, person, visit, tool_name, input, output, is_error, duration_ms, at.millis())
}
