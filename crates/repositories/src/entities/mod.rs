//! Rows as the database holds them: one table, one file. Private to this crate, and neither read from the wire nor
//! written to it.
#![expect(unreachable_pub, reason = "the derive wants pub")]

pub(crate) mod connection_count;
pub(crate) mod connection_mark;
pub(crate) mod duration_count;
pub(crate) mod email_proof;
pub(crate) mod event;
pub(crate) mod event_head;
pub(crate) mod idempotency_key;
pub(crate) mod invitation;
pub(crate) mod job;
pub(crate) mod knowledge_assignment;
pub(crate) mod knowledge_chunk;
pub(crate) mod knowledge_document;
pub(crate) mod knowledge_failure;
pub(crate) mod knowledge_gap;
pub(crate) mod knowledge_ingestion;
pub(crate) mod knowledge_item;
pub(crate) mod knowledge_namespace;
pub(crate) mod knowledge_piece;
pub(crate) mod knowledge_word;
pub(crate) mod live_token;
pub(crate) mod mailed_token;
pub(crate) mod mcp_server;
pub(crate) mod mcp_session;
pub(crate) mod mcp_user;
pub(crate) mod member;
pub(crate) mod oauth_access_token;
pub(crate) mod oauth_client;
pub(crate) mod oauth_config;
pub(crate) mod oauth_grant;
pub(crate) mod oauth_sign_in;
pub(crate) mod organization;
pub(crate) mod person_day;
pub(crate) mod rate_limit;
pub(crate) mod retired_name;
pub(crate) mod session;
pub(crate) mod signing_key;
pub(crate) mod ticket;
pub(crate) mod ticket_activity;
pub(crate) mod ticket_destination;
pub(crate) mod ticket_number;
pub(crate) mod tool_call;
pub(crate) mod tool_count;
pub(crate) mod user;
pub(crate) mod walkthrough;
pub(crate) mod walkthrough_assignment;
pub(crate) mod walkthrough_completion;
pub(crate) mod walkthrough_run;
pub(crate) mod walkthrough_step;

/// Says that every row of a table belongs to one organization.
macro_rules! tenant_tables {
    ($($table:ident),+ $(,)?) => {$(
        impl crate::tenant::TenantTable for $table::Entity {
            const ORGANIZATION: $table::Column = $table::Column::OrganizationId;
        }
    )+};
}

// An organization's own row is reached like the rows it has.
impl crate::tenant::TenantTable for organization::Entity {
    const ORGANIZATION: organization::Column = organization::Column::Id;
}

tenant_tables!(
    connection_count,
    connection_mark,
    duration_count,
    email_proof,
    event,
    event_head,
    invitation,
    knowledge_assignment,
    knowledge_chunk,
    knowledge_document,
    knowledge_failure,
    knowledge_gap,
    knowledge_ingestion,
    knowledge_item,
    knowledge_namespace,
    knowledge_piece,
    knowledge_word,
    mcp_server,
    mcp_session,
    mcp_user,
    member,
    oauth_access_token,
    oauth_client,
    oauth_config,
    oauth_grant,
    oauth_sign_in,
    person_day,
    ticket,
    ticket_activity,
    ticket_destination,
    ticket_number,
    tool_call,
    tool_count,
    walkthrough,
    walkthrough_assignment,
    walkthrough_completion,
    walkthrough_run,
    walkthrough_step,
);
