//! The closed set of ways a call can fail (`contract.md`, "Errors").

mod issue;
mod oauth;

use std::error::Error as StdError;

use serde_json::{Value, json};

use issue::summary;
pub use issue::{Issue, Segment};
pub use oauth::{MetadataProblem, Unreachable};

/// What every procedure answers with.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure as the caller may know it. Only [`Error::Internal`] has a cause; adapters log it and never send it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input does not fit its schema or a rule; every problem at once.
    #[error("{}", summary(.0))]
    BadRequest(Vec<Issue>),
    /// Nobody is signed in, or the token is bad or expired.
    #[error("sign in first")]
    Unauthenticated,
    /// The email or the password is wrong; which one is not said.
    #[error("email or password is wrong")]
    WrongCredentials,
    /// Signed in, but not allowed.
    #[error("{}", .0.sentence())]
    Forbidden(Denied),
    /// Not there, or in another organization: the caller cannot tell which.
    #[error("{} not found", .0.words())]
    NotFound(Resource),
    /// There is nobody to invite: the person is in, or has been asked. The code is the reference document's.
    #[error("there is nobody to invite: {}", .0.sentence())]
    NobodyToInvite(Standing),
    /// A subdomain's form.
    #[error("this subdomain cannot be used: {}", .0.sentence())]
    InvalidSubdomain(SubdomainProblem),
    /// A subdomain is taken, perhaps by a server that was deleted.
    #[error("this subdomain is taken")]
    SubdomainAlreadyExists,
    /// Something else unique is taken.
    #[error("another {} has this {field}", .resource.words())]
    AlreadyExists {
        /// Which kind of thing.
        resource: Resource,
        /// Which of its fields, as the wire spells it.
        field: &'static str,
    },
    /// Something else needs what was to be deleted.
    #[error("this {} is used by a {}", .resource.words(), .used_by.words())]
    InUse {
        /// Which kind of thing.
        resource: Resource,
        /// Which kind of thing needs it.
        used_by: Resource,
    },
    /// An upstream authorization server says something of itself that cannot be used.
    #[error("this authorization server's metadata cannot be used: {}", .0.sentence())]
    InvalidOauthMetadata(MetadataProblem),
    /// An upstream authorization server did not answer.
    #[error("the authorization server cannot be reached: {0}")]
    OauthServerUnreachable(Unreachable),
    /// A rule about the whole, or an edit based on an old version.
    #[error("{}", .0.sentence())]
    Conflict(Reason),
    /// Known, but not offered yet.
    #[error("{0} is not available yet")]
    FeatureNotAvailable(&'static str),
    /// Over a size limit, in bytes.
    #[error("more than {limit} bytes")]
    PayloadTooLarge {
        /// The most that is accepted.
        limit: usize,
    },
    /// Too often.
    #[error("too many requests; try again later")]
    TooManyRequests {
        /// Milliseconds until it is worth trying again.
        retry_after_ms: u64,
    },
    /// Lost against other calls of the same rows, again and again.
    #[error("too busy right now; try again shortly")]
    Contended,
    /// The owner of a hosted server lets nobody in for now.
    #[error("the owner of this server has paused it; try again later")]
    Paused,
    /// Shutting down, or the database is away.
    #[error("not available right now; try again shortly")]
    Unavailable,
    /// A bug or a broken dependency.
    #[error("something broke on our side")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

/// An error with all its causes, for the log.
#[must_use]
pub fn chain(error: &dyn StdError) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told.push_str(": ");
        told.push_str(&error.to_string());
        cause = error.source();
    }
    told
}

/// Why somebody who is signed in may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The role does not allow it.
    InsufficientRole,
    /// It belongs to somebody else.
    NotYours,
    /// Somebody else wrote it.
    NotAuthor,
    /// It was sent to another address than the account's.
    EmailMismatch,
    /// Nobody has shown yet that the account's address is the account's.
    EmailUnverified,
    /// A hosted server wants to know an address first.
    EmailNeeded,
    /// A mutation with a cookie, from a page that is not ours.
    CrossSite,
}

impl Denied {
    const fn sentence(self) -> &'static str {
        match self {
            Self::InsufficientRole => "your role does not allow this",
            Self::NotYours => "you do not belong to it",
            Self::NotAuthor => "somebody else wrote it",
            Self::EmailMismatch => "it was sent to another address",
            Self::EmailUnverified => "verify your email address first: the link is in your mail",
            Self::EmailNeeded => {
                "this server needs the user's email address first: ask the user for it, then call provide_email with it"
            }
            Self::CrossSite => "a request from another site cannot do this",
        }
    }
    const fn reason(self) -> &'static str {
        match self {
            Self::InsufficientRole => "insufficient_role",
            Self::NotYours | Self::NotAuthor => "not_yours",
            Self::EmailMismatch => "email_mismatch",
            Self::EmailUnverified => "email_unverified",
            Self::EmailNeeded => "email_needed",
            Self::CrossSite => "cross_site",
        }
    }
}

/// A rule about the whole that a call would break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The same `Idempotency-Key` came with another input.
    IdempotencyKeyReused,
    /// The walkthrough has as many steps as fit.
    TooManySteps,
    /// The organization has as many namespaces as fit.
    TooManyNamespaces,
    /// As many documents wait to be read as may.
    TooManyJobs,
    /// The organization would be without an owner.
    LastOwner,
    /// Nobody else enters a personal organization, and its owner cannot leave or delete it.
    PersonalOrganization,
    /// The invitation was answered, revoked or is too old, or whoever sent it may not invite any more.
    InvitationClosed,
    /// The ticket is done with.
    TicketClosed,
}

/// Why somebody cannot be invited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The person belongs to the organization.
    Member,
    /// The person has been asked already.
    Invited,
}

impl Standing {
    const fn sentence(self) -> &'static str {
        match self {
            Self::Member => "already a member",
            Self::Invited => "already invited",
        }
    }
    const fn reason(self) -> &'static str {
        match self {
            Self::Member => "already_member",
            Self::Invited => "already_invited",
        }
    }
}

impl Reason {
    const fn sentence(self) -> &'static str {
        match self {
            Self::IdempotencyKeyReused => "this idempotency key came with another input before",
            Self::TooManySteps => "the walkthrough has as many steps as fit",
            Self::TooManyNamespaces => "the organization has as many namespaces as fit",
            Self::TooManyJobs => "too much waits to be read already; try again later",
            Self::LastOwner => "an organization needs an owner: make somebody else one first",
            Self::PersonalOrganization => "this cannot be done with a personal organization",
            Self::InvitationClosed => "this invitation does not stand any more",
            Self::TicketClosed => "this ticket is closed: file another one",
        }
    }
    const fn reason(self) -> &'static str {
        match self {
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::TooManySteps => "too_many_steps",
            Self::TooManyNamespaces => "too_many_namespaces",
            Self::TooManyJobs => "too_many_jobs",
            Self::LastOwner => "last_owner",
            Self::PersonalOrganization => "personal_organization",
            Self::InvitationClosed => "invitation_closed",
            Self::TicketClosed => "ticket_closed",
        }
    }
}

/// What is wrong with a subdomain's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubdomainProblem {
    /// Not 6 to 36 characters.
    Length,
    /// Something but letters, digits and inner hyphens.
    Characters,
    /// Kept for Guildhall itself.
    Reserved,
}

impl SubdomainProblem {
    const fn sentence(self) -> &'static str {
        match self {
            Self::Length => "it needs 6 to 36 characters",
            Self::Characters => "only letters, digits and single hyphens inside",
            Self::Reserved => "it is reserved",
        }
    }
    const fn reason(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Characters => "characters",
            Self::Reserved => "reserved",
        }
    }
}

macro_rules! resources {
    ($($(#[$doc:meta])* $Name:ident = $wire:literal;)*) => {
        /// A kind of thing that may be missing or taken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Resource { $($(#[$doc])* $Name,)* }
        impl Resource {
            /// As the wire names it.
            #[must_use]
            pub const fn wire(self) -> &'static str {
                match self { $(Self::$Name => $wire,)* }
            }
        }
    };
}

resources! {
    /// A procedure of the catalogue.
    Procedure = "procedure";
    /// A person with an account.
    User = "user";
    /// One sign-in of a user.
    Session = "session";
    /// An organization.
    Organization = "organization";
    /// A published MCP server.
    McpServer = "mcp_server";
    /// How end users sign in somewhere else.
    OauthConfig = "oauth_config";
    /// A visit of an end user.
    McpSession = "mcp_session";
    /// Somebody's place in an organization.
    Member = "member";
    /// An offer to join an organization.
    Invitation = "invitation";
    /// What a letter's link carries.
    Token = "token";
    /// An end user of MCP servers.
    McpUser = "mcp_user";
    /// A walkthrough.
    Walkthrough = "walkthrough";
    /// A walkthrough's step.
    Step = "step";
    /// A walkthrough's place on a server.
    Assignment = "assignment";
    /// A collection of documents.
    Namespace = "namespace";
    /// A document that agents can read.
    Document = "document";
    /// Documents that were handed in together.
    Job = "job";
    /// A support ticket.
    Ticket = "ticket";
    /// An entry of a ticket's history.
    Activity = "activity";
}

impl Resource {
    fn words(self) -> String {
        self.wire().replace('_', " ")
    }
}

impl Error {
    /// Every code of the closed set, with the HTTP status it usually has.
    pub const CODES: [(&'static str, u16); 16] = [
        ("BAD_REQUEST", 400),
        ("UNAUTHORIZED", 401),
        ("RESOURCE_NOT_FOUND", 404),
        ("INVALID_SUBDOMAIN", 422),
        ("SUBDOMAIN_ALREADY_EXISTS", 409),
        ("RESOURCE_ALREADY_EXISTS", 409),
        ("RESOURCE_IN_USE", 409),
        ("CONFLICT", 409),
        ("INVALID_OAUTH_METADATA", 422),
        ("OAUTH_SERVER_UNREACHABLE", 502),
        ("PLAN_LIMIT_REACHED", 403),
        ("FEATURE_NOT_AVAILABLE", 403),
        ("PAYLOAD_TOO_LARGE", 413),
        ("TOO_MANY_REQUESTS", 429),
        ("INTERNAL_SERVER_ERROR", 500),
        ("SERVICE_UNAVAILABLE", 503),
    ];

    /// One problem with one field.
    #[must_use]
    pub fn field(name: &str, message: impl Into<String>) -> Self {
        Self::BadRequest(vec![Issue::at([name.into()], message)])
    }

    /// A broken dependency or a broken promise of our own.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// What a program switches on, and the HTTP status that goes with it.
    #[must_use]
    pub const fn code(&self) -> (&'static str, u16) {
        match self {
            Self::BadRequest(_) => ("BAD_REQUEST", 400),
            Self::Unauthenticated | Self::WrongCredentials => ("UNAUTHORIZED", 401),
            Self::Forbidden(_) => ("UNAUTHORIZED", 403),
            Self::NotFound(_) | Self::NobodyToInvite(_) => ("RESOURCE_NOT_FOUND", 404),
            Self::InvalidSubdomain(_) => ("INVALID_SUBDOMAIN", 422),
            Self::SubdomainAlreadyExists => ("SUBDOMAIN_ALREADY_EXISTS", 409),
            Self::AlreadyExists { .. } => ("RESOURCE_ALREADY_EXISTS", 409),
            Self::InUse { .. } => ("RESOURCE_IN_USE", 409),
            Self::InvalidOauthMetadata(_) => ("INVALID_OAUTH_METADATA", 422),
            Self::OauthServerUnreachable(_) => ("OAUTH_SERVER_UNREACHABLE", 502),
            Self::Conflict(_) => ("CONFLICT", 409),
            Self::FeatureNotAvailable(_) => ("FEATURE_NOT_AVAILABLE", 403),
            Self::PayloadTooLarge { .. } => ("PAYLOAD_TOO_LARGE", 413),
            Self::TooManyRequests { .. } => ("TOO_MANY_REQUESTS", 429),
            Self::Paused | Self::Contended | Self::Unavailable => ("SERVICE_UNAVAILABLE", 503),
            Self::Internal(_) => ("INTERNAL_SERVER_ERROR", 500),
        }
    }

    /// The facts that go with the code. `Internal` has none here: the adapter adds its request id.
    #[must_use]
    pub fn data(&self) -> Option<Value> {
        Some(match self {
            Self::BadRequest(issues) => json!({ "issues": issues }),
            Self::Unauthenticated | Self::WrongCredentials => json!({ "reason": "unauthenticated" }),
            Self::Forbidden(denied) => json!({ "reason": denied.reason() }),
            Self::NotFound(resource) => json!({ "resource": resource.wire() }),
            Self::NobodyToInvite(standing) => {
                json!({ "resource": Resource::User.wire(), "reason": standing.reason() })
            }
            Self::InvalidSubdomain(problem) => json!({ "reason": problem.reason() }),
            Self::AlreadyExists { resource, field } => json!({ "resource": resource.wire(), "field": field }),
            Self::InUse { resource, used_by } => json!({ "resource": resource.wire(), "usedBy": used_by.wire() }),
            Self::InvalidOauthMetadata(problem) => json!({ "reason": problem.reason() }),
            Self::OauthServerUnreachable(why) => json!({ "reason": why.reason() }),
            Self::Conflict(reason) => json!({ "reason": reason.reason() }),
            Self::FeatureNotAvailable(feature) => json!({ "feature": feature, "plan": null }),
            Self::PayloadTooLarge { limit } => json!({ "limit": limit }),
            Self::TooManyRequests { retry_after_ms } => json!({ "retryAfterMs": retry_after_ms }),
            Self::SubdomainAlreadyExists | Self::Paused | Self::Contended | Self::Unavailable | Self::Internal(_) => {
                return None;
            }
        })
    }
}
