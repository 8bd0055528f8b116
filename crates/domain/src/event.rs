//! What happened: audit log, live feed, webhook and workflow trigger in one. A mutation answers with one of these.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    access::Role,
    id::{self, Id},
    mcp_servers::{AuthType, SupportTicketType},
    tickets::{Promise, TicketStatus},
};

/// Every kind of thing that happens, with a few facts, never secrets. On the wire: `{ "name": …, "data": … }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", content = "data", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the names say it; ids are of what the variant is about")]
pub enum Event {
    #[serde(rename = "user.signed_up")]
    UserSignedUp { user_id: Id<id::User> },
    #[serde(rename = "session.started")]
    SessionStarted { session_id: Id<id::Session>, user_id: Id<id::User> },
    #[serde(rename = "session.refreshed")]
    SessionRefreshed { session_id: Id<id::Session>, user_id: Id<id::User> },
    #[serde(rename = "session.ended")]
    SessionEnded { session_id: Id<id::Session>, user_id: Id<id::User> },
    /// A spent refresh token came again, so whoever holds it is signed out.
    #[serde(rename = "session.reuse_detected")]
    SessionReuseDetected { session_id: Id<id::Session>, user_id: Id<id::User> },
    #[serde(rename = "session.organization_switched")]
    OrganizationSwitched { session_id: Id<id::Session>, organization_id: Id<id::Organization> },
    /// Every session of the account, or every other than the one that asked for it.
    #[serde(rename = "session.all_ended")]
    SessionsEnded { user_id: Id<id::User> },
    #[serde(rename = "user.updated")]
    UserUpdated { user_id: Id<id::User> },
    #[serde(rename = "user.deleted")]
    UserDeleted { user_id: Id<id::User> },
    #[serde(rename = "user.email_verified")]
    EmailVerified { user_id: Id<id::User> },
    #[serde(rename = "user.email_verification_requested")]
    EmailVerificationRequested { user_id: Id<id::User> },
    #[serde(rename = "user.password_changed")]
    PasswordChanged { user_id: Id<id::User> },
    #[serde(rename = "user.password_reset_requested")]
    PasswordResetRequested { user_id: Id<id::User> },
    #[serde(rename = "user.password_reset")]
    PasswordReset { user_id: Id<id::User> },
    #[serde(rename = "organization.updated")]
    OrganizationUpdated { organization_id: Id<id::Organization> },
    #[serde(rename = "organization.deleted")]
    OrganizationDeleted { organization_id: Id<id::Organization> },
    #[serde(rename = "organization.restored")]
    OrganizationRestored { organization_id: Id<id::Organization> },
    #[serde(rename = "organization.ownership_transferred")]
    OwnershipTransferred { organization_id: Id<id::Organization>, member_id: Id<id::Member> },
    #[serde(rename = "member.added")]
    MemberAdded { member_id: Id<id::Member>, user_id: Id<id::User>, role: Role },
    #[serde(rename = "member.role_changed")]
    MemberRoleChanged { member_id: Id<id::Member>, from: Role, to: Role },
    #[serde(rename = "member.removed")]
    MemberRemoved { member_id: Id<id::Member>, user_id: Id<id::User> },
    #[serde(rename = "member.left")]
    MemberLeft { member_id: Id<id::Member>, user_id: Id<id::User> },
    #[serde(rename = "invitation.created")]
    InvitationCreated { invitation_id: Id<id::Invitation>, role: Role },
    #[serde(rename = "invitation.resent")]
    InvitationResent { invitation_id: Id<id::Invitation> },
    #[serde(rename = "invitation.revoked")]
    InvitationRevoked { invitation_id: Id<id::Invitation> },
    #[serde(rename = "invitation.accepted")]
    InvitationAccepted {
        organization_id: Id<id::Organization>,
        invitation_id: Id<id::Invitation>,
        member_id: Id<id::Member>,
    },
    #[serde(rename = "invitation.declined")]
    InvitationDeclined { organization_id: Id<id::Organization>, invitation_id: Id<id::Invitation> },
    #[serde(rename = "organization.created")]
    OrganizationCreated { organization_id: Id<id::Organization>, owner_role: Role },
    #[serde(rename = "mcp_server.created")]
    McpServerCreated { server_id: Id<id::McpServer>, slug: String },
    #[serde(rename = "mcp_server.configured")]
    McpServerConfigured { server_id: Id<id::McpServer>, auth_type: AuthType, support_ticket_type: SupportTicketType },
    #[serde(rename = "mcp_server.updated")]
    McpServerUpdated { server_id: Id<id::McpServer> },
    #[serde(rename = "mcp_server.deleted")]
    McpServerDeleted { server_id: Id<id::McpServer>, slug: String },
    #[serde(rename = "mcp_user.deleted")]
    McpUsersDeleted { organization_id: Id<id::Organization>, mcp_user_ids: Vec<Id<id::McpUser>> },
    #[serde(rename = "mcp_user.signed_in")]
    McpUserSignedIn { mcp_user_id: Id<id::McpUser>, server_id: Id<id::McpServer> },
    #[serde(rename = "mcp_user.code_mailed")]
    McpUserCodeMailed { mcp_user_id: Id<id::McpUser>, server_id: Id<id::McpServer> },
    #[serde(rename = "mcp_user.code_refused")]
    McpUserCodeRefused { mcp_user_id: Id<id::McpUser>, server_id: Id<id::McpServer> },
    /// Two turned out to be one; `from` is gone.
    #[serde(rename = "mcp_user.merged")]
    McpUserMerged { from: Id<id::McpUser>, into: Id<id::McpUser> },
    #[serde(rename = "oauth_grant.ended")]
    OauthGrantEnded { oauth_grant_id: Id<id::OauthGrant>, mcp_user_id: Id<id::McpUser> },
    /// A code or a spent refresh token came again, so whoever holds it is signed out.
    #[serde(rename = "oauth_grant.reuse_detected")]
    OauthGrantReuseDetected { oauth_grant_id: Id<id::OauthGrant>, mcp_user_id: Id<id::McpUser> },
    #[serde(rename = "oauth_config.created")]
    OauthConfigCreated { oauth_config_id: Id<id::OauthConfig> },
    #[serde(rename = "oauth_config.updated")]
    OauthConfigUpdated { oauth_config_id: Id<id::OauthConfig> },
    #[serde(rename = "oauth_config.deleted")]
    OauthConfigDeleted { oauth_config_id: Id<id::OauthConfig> },
    #[serde(rename = "walkthrough.created")]
    WalkthroughCreated { walkthrough_id: Id<id::Walkthrough> },
    #[serde(rename = "walkthrough.imported")]
    WalkthroughImported { walkthrough_id: Id<id::Walkthrough>, steps: usize },
    #[serde(rename = "walkthrough.updated")]
    WalkthroughUpdated { walkthrough_id: Id<id::Walkthrough> },
    #[serde(rename = "walkthrough.deleted")]
    WalkthroughDeleted { walkthrough_id: Id<id::Walkthrough>, steps: i64 },
    #[serde(rename = "walkthrough.step_created")]
    StepCreated { walkthrough_id: Id<id::Walkthrough>, step_id: Id<id::Step> },
    #[serde(rename = "walkthrough.step_updated")]
    StepUpdated { walkthrough_id: Id<id::Walkthrough>, step_id: Id<id::Step> },
    #[serde(rename = "walkthrough.step_deleted")]
    StepDeleted { walkthrough_id: Id<id::Walkthrough>, step_id: Id<id::Step> },
    #[serde(rename = "walkthrough.steps_reordered")]
    StepsReordered { walkthrough_id: Id<id::Walkthrough> },
    #[serde(rename = "walkthrough.assigned")]
    WalkthroughsAssigned { server_id: Id<id::McpServer>, walkthrough_ids: Vec<Id<id::Walkthrough>> },
    #[serde(rename = "walkthrough.assignment_updated")]
    AssignmentUpdated {
        server_id: Id<id::McpServer>,
        walkthrough_id: Id<id::Walkthrough>,
        display_order: i32,
        is_enabled: bool,
    },
    #[serde(rename = "walkthrough.unassigned")]
    WalkthroughUnassigned { server_id: Id<id::McpServer>, walkthrough_id: Id<id::Walkthrough> },
    #[serde(rename = "walkthrough.assignments_reordered")]
    AssignmentsReordered { server_id: Id<id::McpServer> },
    #[serde(rename = "walkthrough.started")]
    WalkthroughStarted { walkthrough_id: Id<id::Walkthrough>, mcp_user_id: Id<id::McpUser>, restarted: bool },
    #[serde(rename = "walkthrough.resumed")]
    WalkthroughResumed { walkthrough_id: Id<id::Walkthrough>, mcp_user_id: Id<id::McpUser> },
    #[serde(rename = "walkthrough.step_completed")]
    StepCompleted {
        walkthrough_id: Id<id::Walkthrough>,
        step_id: Id<id::Step>,
        mcp_user_id: Id<id::McpUser>,
        /// Whether no step is left.
        finished: bool,
    },
    #[serde(rename = "knowledge.namespace_created")]
    NamespaceCreated { namespace_id: Id<id::Namespace> },
    #[serde(rename = "knowledge.namespace_deleted")]
    NamespaceDeleted { namespace_id: Id<id::Namespace> },
    #[serde(rename = "knowledge.assigned")]
    NamespacesAssigned { server_id: Id<id::McpServer>, namespace_ids: Vec<Id<id::Namespace>> },
    /// Documents were handed in; they are read later.
    #[serde(rename = "knowledge.handed_in")]
    DocumentsHandedIn { namespace_id: Id<id::Namespace>, job_id: Id<id::Job> },
    /// Documents that were handed in were read, or given up.
    #[serde(rename = "knowledge.ingested")]
    DocumentsIngested {
        namespace_id: Id<id::Namespace>,
        job_id: Id<id::Job>,
        processed: i64,
        skipped: i64,
        removed: i64,
        failed: i64,
    },
    #[serde(rename = "knowledge.document_deleted")]
    DocumentDeleted { namespace_id: Id<id::Namespace>, document_id: Id<id::Document> },
    #[serde(rename = "knowledge.gap_reported")]
    GapReported { gap_id: Id<id::Gap>, server_id: Id<id::McpServer>, mcp_user_id: Id<id::McpUser> },
    #[serde(rename = "ticket.created")]
    TicketCreated { ticket_id: Id<id::Ticket>, status: TicketStatus },
    #[serde(rename = "ticket.status_changed")]
    TicketStatusChanged { ticket_id: Id<id::Ticket>, from: TicketStatus, to: TicketStatus },
    /// `fields`: which have other values now, as the wire spells them.
    #[serde(rename = "ticket.updated")]
    TicketUpdated { ticket_id: Id<id::Ticket>, fields: Vec<String> },
    #[serde(rename = "ticket.assigned")]
    TicketAssigned { ticket_id: Id<id::Ticket>, from: Option<Id<id::User>>, to: Option<Id<id::User>> },
    /// Somebody of the organization said something, and perhaps moved the ticket.
    #[serde(rename = "ticket.commented")]
    TicketCommented {
        ticket_id: Id<id::Ticket>,
        activity_id: Id<id::Activity>,
        is_public: bool,
        from: TicketStatus,
        to: TicketStatus,
    },
    /// Whoever asked said something more.
    #[serde(rename = "ticket.replied")]
    TicketReplied { ticket_id: Id<id::Ticket>, activity_id: Id<id::Activity>, from: TicketStatus, to: TicketStatus },
    #[serde(rename = "ticket.comment_edited")]
    CommentEdited { ticket_id: Id<id::Ticket>, activity_id: Id<id::Activity> },
    #[serde(rename = "ticket.comment_deleted")]
    CommentDeleted { ticket_id: Id<id::Ticket>, activity_id: Id<id::Activity> },
    /// It was also taken where its server sends tickets to.
    #[serde(rename = "ticket.delivered")]
    TicketDelivered { ticket_id: Id<id::Ticket>, to: SupportTicketType },
    /// It could not be, and nobody tries any more.
    #[serde(rename = "ticket.delivery_failed")]
    TicketDeliveryFailed { ticket_id: Id<id::Ticket>, to: SupportTicketType },
    /// A time that was promised is over.
    #[serde(rename = "ticket.overdue")]
    TicketOverdue { ticket_id: Id<id::Ticket>, what: Promise },
    /// A token was made that opens one stream.
    #[serde(rename = "live.token_created")]
    LiveTokenCreated { user_id: Id<id::User> },
    #[serde(rename = "ticket.targets_changed")]
    TargetsChanged { organization_id: Id<id::Organization> },
}

impl Event {
    /// The id of what it happened to.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::UserSignedUp { user_id }
            | Self::SessionsEnded { user_id }
            | Self::UserUpdated { user_id }
            | Self::UserDeleted { user_id }
            | Self::EmailVerified { user_id }
            | Self::EmailVerificationRequested { user_id }
            | Self::PasswordChanged { user_id }
            | Self::PasswordResetRequested { user_id }
            | Self::PasswordReset { user_id }
            | Self::LiveTokenCreated { user_id } => user_id.to_string(),
            Self::SessionStarted { session_id, .. }
            | Self::SessionRefreshed { session_id, .. }
            | Self::SessionEnded { session_id, .. }
            | Self::SessionReuseDetected { session_id, .. }
            | Self::OrganizationSwitched { session_id, .. } => session_id.to_string(),
            Self::OrganizationCreated { organization_id, .. }
            | Self::OrganizationUpdated { organization_id }
            | Self::OrganizationDeleted { organization_id }
            | Self::OrganizationRestored { organization_id }
            | Self::McpUsersDeleted { organization_id, .. }
            | Self::OwnershipTransferred { organization_id, .. } => organization_id.to_string(),
            Self::MemberAdded { member_id, .. }
            | Self::MemberRoleChanged { member_id, .. }
            | Self::MemberRemoved { member_id, .. }
            | Self::MemberLeft { member_id, .. } => member_id.to_string(),
            Self::InvitationCreated { invitation_id, .. }
            | Self::InvitationResent { invitation_id }
            | Self::InvitationRevoked { invitation_id }
            | Self::InvitationAccepted { invitation_id, .. }
            | Self::InvitationDeclined { invitation_id, .. } => invitation_id.to_string(),
            Self::McpServerCreated { server_id, .. }
            | Self::McpServerConfigured { server_id, .. }
            | Self::McpServerUpdated { server_id }
            | Self::McpServerDeleted { server_id, .. }
            | Self::WalkthroughsAssigned { server_id, .. }
            | Self::AssignmentUpdated { server_id, .. }
            | Self::WalkthroughUnassigned { server_id, .. }
            | Self::AssignmentsReordered { server_id } => server_id.to_string(),
            Self::McpUserSignedIn { mcp_user_id, .. }
            | Self::McpUserCodeMailed { mcp_user_id, .. }
            | Self::McpUserCodeRefused { mcp_user_id, .. } => mcp_user_id.to_string(),
            Self::McpUserMerged { into, .. } => into.to_string(),
            Self::OauthGrantEnded { oauth_grant_id, .. } | Self::OauthGrantReuseDetected { oauth_grant_id, .. } => {
                oauth_grant_id.to_string()
            }
            Self::OauthConfigCreated { oauth_config_id }
            | Self::OauthConfigUpdated { oauth_config_id }
            | Self::OauthConfigDeleted { oauth_config_id } => oauth_config_id.to_string(),
            Self::WalkthroughCreated { walkthrough_id }
            | Self::WalkthroughImported { walkthrough_id, .. }
            | Self::WalkthroughUpdated { walkthrough_id }
            | Self::WalkthroughDeleted { walkthrough_id, .. }
            | Self::StepsReordered { walkthrough_id }
            | Self::WalkthroughStarted { walkthrough_id, .. }
            | Self::WalkthroughResumed { walkthrough_id, .. } => walkthrough_id.to_string(),
            Self::StepCreated { step_id, .. }
            | Self::StepUpdated { step_id, .. }
            | Self::StepDeleted { step_id, .. }
            | Self::StepCompleted { step_id, .. } => step_id.to_string(),
            Self::NamespaceCreated { namespace_id }
            | Self::NamespaceDeleted { namespace_id }
            | Self::DocumentsHandedIn { namespace_id, .. }
            | Self::DocumentsIngested { namespace_id, .. } => namespace_id.to_string(),
            Self::NamespacesAssigned { server_id, .. } => server_id.to_string(),
            Self::DocumentDeleted { document_id, .. } => document_id.to_string(),
            Self::GapReported { gap_id, .. } => gap_id.to_string(),
            Self::TargetsChanged { organization_id } => organization_id.to_string(),
            Self::TicketCreated { ticket_id, .. }
            | Self::TicketStatusChanged { ticket_id, .. }
            | Self::TicketUpdated { ticket_id, .. }
            | Self::TicketAssigned { ticket_id, .. }
            | Self::TicketCommented { ticket_id, .. }
            | Self::TicketReplied { ticket_id, .. }
            | Self::CommentEdited { ticket_id, .. }
            | Self::CommentDeleted { ticket_id, .. }
            | Self::TicketDelivered { ticket_id, .. }
            | Self::TicketDeliveryFailed { ticket_id, .. }
            | Self::TicketOverdue { ticket_id, .. } => ticket_id.to_string(),
        }
    }
}

impl Event {
    /// Whose history it belongs to, where that does not follow from where the call was made.
    #[must_use]
    pub const fn home(&self) -> Option<Audience> {
        match self {
            Self::UserSignedUp { user_id }
            | Self::SessionsEnded { user_id }
            | Self::UserUpdated { user_id }
            | Self::UserDeleted { user_id }
            | Self::EmailVerified { user_id }
            | Self::EmailVerificationRequested { user_id }
            | Self::PasswordChanged { user_id }
            | Self::PasswordResetRequested { user_id }
            | Self::PasswordReset { user_id }
            | Self::SessionStarted { user_id, .. }
            | Self::SessionRefreshed { user_id, .. }
            | Self::SessionEnded { user_id, .. }
            | Self::SessionReuseDetected { user_id, .. } => Some(Audience::Account(*user_id)),
            Self::OrganizationCreated { organization_id, .. }
            | Self::OrganizationRestored { organization_id }
            | Self::InvitationAccepted { organization_id, .. }
            | Self::InvitationDeclined { organization_id, .. } => Some(Audience::Organization(*organization_id)),
            _ => None,
        }
    }
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody with an account.
    User(Id<id::User>),
    /// An end user of an MCP server.
    EndUser(Id<id::McpUser>),
    /// Nobody who can be named yet, such as somebody who signs up.
    Nobody,
    /// Guildhall itself: the command line or a worker.
    System,
}

/// Whose history it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// An organization's.
    Organization(Id<id::Organization>),
    /// One user's own.
    Account(Id<id::User>),
}
