//! Letters that Guildhall writes to people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    access::Role,
    id::{self, Id},
    text::Email,
    time::Timestamp,
};

/// One letter to one person.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Letter {
    /// The job that sends it: the same in every attempt, so that a mailbox can tell a repetition (RFC 5322 §3.6.4).
    pub id: Id<id::Job>,
    /// To whom.
    pub to: Email,
    /// What about.
    pub matter: Matter,
}

/// What a letter is about. The names of the variants, in kebab case, are the names of the templates.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", rename_all_fields = "snake_case", tag = "template")]
pub enum Matter {
    /// Somebody may join an organization.
    Invitation {
        /// Which organization.
        organization: String,
        /// Who invites.
        inviter: String,
        /// With what standing.
        role: Role,
        /// What the inviter wants to say.
        message: Option<String>,
        /// Where to accept.
        link: String,
        /// Until when.
        expires_at: Timestamp,
    },
    /// Somebody with an account was given a place in an organization.
    Membership {
        /// Which organization.
        organization: String,
        /// By whom.
        inviter: String,
        /// With what standing.
        role: Role,
        /// What that person wants to say.
        message: Option<String>,
        /// Where Guildhall is.
        link: String,
    },
    /// Somebody asked for a new password.
    PasswordReset {
        /// Where to choose one.
        link: String,
        /// Until when.
        expires_at: Timestamp,
    },
    /// The address of a new account is to be verified.
    EmailVerification {
        /// Where to.
        link: String,
        /// Until when.
        expires_at: Timestamp,
    },
    /// Somebody signed up with the address of an account that is there already.
    AlreadyRegistered {
        /// Where to ask for a new password.
        link: String,
    },
    /// Somebody signs in at a hosted server with this address.
    SignInCode {
        /// What people call the server.
        server: String,
        /// Whose it is.
        organization: String,
        /// Where it is.
        site: String,
        /// Six digits.
        code: String,
        /// Until when.
        expires_at: Timestamp,
    },
    /// Somebody of the organization answered whoever asked.
    TicketAnswer {
        /// Which organization.
        organization: String,
        /// The server that the ticket came through.
        server: Option<String>,
        /// Which ticket.
        ticket: Id<id::Ticket>,
        /// Its number.
        number: i64,
        /// Its one line.
        title: String,
        /// Who answers.
        author: Option<String>,
        /// What is answered.
        content: String,
        /// Whether the ticket is settled with that.
        settled: bool,
    },
    /// A ticket is somebody's to work on.
    TicketAssigned {
        /// Which organization.
        organization: String,
        /// Which ticket.
        ticket: Id<id::Ticket>,
        /// Its number.
        number: i64,
        /// Its one line.
        title: String,
        /// What is wrong.
        summary: String,
        /// Who gave it.
        by: Option<String>,
    },
    /// Whoever asked said more, to who works on it.
    TicketReply {
        /// Which organization.
        organization: String,
        /// Which ticket.
        ticket: Id<id::Ticket>,
        /// Its number.
        number: i64,
        /// Its one line.
        title: String,
        /// What was said.
        content: String,
    },
    /// The password was changed; whoever did not do that must know.
    PasswordChanged {
        /// Where to ask for a new password.
        link: String,
    },
}

impl Matter {
    /// Until when its link or its code works; none where it always does.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::Invitation { expires_at, .. }
            | Self::PasswordReset { expires_at, .. }
            | Self::EmailVerification { expires_at, .. }
            | Self::SignInCode { expires_at, .. } => Some(*expires_at),
            Self::Membership { .. }
            | Self::AlreadyRegistered { .. }
            | Self::PasswordChanged { .. }
            | Self::TicketAnswer { .. }
            | Self::TicketAssigned { .. }
            | Self::TicketReply { .. } => None,
        }
    }

    /// What mailboxes show it together with: all letters about one ticket.
    #[must_use]
    pub const fn thread(&self) -> Option<Id<id::Ticket>> {
        match self {
            Self::TicketAnswer { ticket, .. }
            | Self::TicketAssigned { ticket, .. }
            | Self::TicketReply { ticket, .. } => Some(*ticket),
            _ => None,
        }
    }
}

impl std::fmt::Debug for Matter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A link opens doors: it belongs into the letter and nowhere else.
        f.write_str("Matter(…)")
    }
}
