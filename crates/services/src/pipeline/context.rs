//! What a running procedure has at hand.

use guildhall_domain::{
    Id, Result, Timestamp,
    access::Role,
    id::{self, Kind},
    text::Email,
};
use guildhall_repositories::{Access, Admission, Person, System, Tenant};

use super::{App, AtServer, Caller, InOrganization, Reach, SignedIn};
use crate::{auth::Keys, auth::Passwords, sessions::Guest, settings::Settings};

/// What [`Procedure::prepare`](super::Procedure::prepare) has at hand: no transaction, and nobody is admitted yet.
#[derive(Debug)]
pub struct Desk<'a> {
    pub(super) app: &'a App,
}

impl Desk<'_> {
    /// What hashes and verifies passwords.
    pub(crate) fn passwords(&self) -> &Passwords {
        self.app.passwords()
    }

    /// The hash of the password of that account.
    pub(crate) async fn password_hash(&self, email: &Email) -> Result<Option<String>> {
        let found = self.app.database().read().system().user_by_email(email).await?;
        Ok(found.map(|(_, hash, _)| hash))
    }
}

/// What was done before the transaction.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    /// A new password's hash, or the one that the given password was verified against.
    pub(crate) password_hash: String,
}

/// Where a procedure runs: for whom, where, and through which one transaction.
#[derive(Debug)]
pub struct Cx<'a, R: Reach> {
    pub(super) reach: R,
    pub(super) access: Access,
    pub(super) app: &'a App,
    pub(super) caller: &'a Caller,
    pub(super) prepared: &'a Prepared,
}

impl<R: Reach> Cx<'_, R> {
    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.app.now()
    }

    /// An id that never was.
    #[must_use]
    pub fn fresh_id<K: Kind>(&self) -> Id<K> {
        self.app.fresh_id()
    }

    /// Bytes that nobody can guess.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        self.app.random()
    }

    /// What the operator decided.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        self.app.settings()
    }

    /// From where the call came, and with what.
    pub(crate) fn device(&self) -> (Option<String>, Option<String>) {
        let agent = self.caller.user_agent.as_ref().map(|agent| agent.chars().take(300).collect());
        (self.caller.address.map(|address| address.to_string()), agent)
    }

    /// What signs and verifies tokens.
    pub(crate) fn keys(&self) -> &Keys {
        self.app.keys()
    }

    /// What was done before the transaction.
    pub(crate) const fn prepared(&self) -> &Prepared {
        self.prepared
    }

    /// The rows of an organization that is only now being founded: its id is fresh, so there is nothing to see.
    pub(crate) fn founding(&self) -> Tenant<'_> {
        self.access.tenant(self.app.fresh_id())
    }

    /// The rows of a user that is only now signing up or in.
    pub(crate) fn person_of(&self, user: Id<id::User>) -> Person<'_> {
        self.access.person(user)
    }

    /// What must be unique across organizations, and who signs in.
    pub(crate) fn system(&self) -> System<'_> {
        self.access.system()
    }
}

impl Cx<'_, SignedIn> {
    /// The caller's own rows.
    #[must_use]
    pub fn person(&self) -> Person<'_> {
        self.access.person(self.reach.0.user)
    }

    /// Who the caller is, as read in this call.
    #[must_use]
    pub const fn admission(&self) -> &Admission {
        &self.reach.0
    }
}

impl Cx<'_, InOrganization> {
    /// The organization's rows. A procedure that does not reach into an organization has no such method.
    #[must_use]
    pub fn tenant(&self) -> Tenant<'_> {
        self.access.tenant(self.reach.organization)
    }

    /// The caller's role here, read in this call.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.reach.role
    }

    /// The caller.
    #[must_use]
    pub const fn user(&self) -> Id<id::User> {
        self.reach.user
    }
}

impl Cx<'_, AtServer> {
    /// The rows of the server's organization.
    #[must_use]
    pub fn tenant(&self) -> Tenant<'_> {
        self.access.tenant(self.reach.0.organization())
    }

    /// The end user, and where.
    #[must_use]
    pub const fn guest(&self) -> &Guest {
        &self.reach.0
    }
}
