//! What a running procedure has at hand.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use guildhall_domain::{
    Error, Id, Resource, Result, Timestamp,
    access::{Permission, Role},
    accounts::User,
    error::Denied,
    event::{Audience, Event},
    id::{self, Kind},
    mail::Matter,
    oauth_configs::AuthorizationServer,
    organizations::{Belonging, Member, Organization},
    text::Email,
};
use guildhall_repositories::{Access, Admission, Person, Purpose, StoredInvitation, System, Tenant};

use super::{
    App, AtServer, Caller, InOrganization, Reach, SignedIn,
    app::Happened,
    reach::Known,
    throttle::{throttle_key, use_limit},
};
use crate::{
    auth::{
        Keys, Passwords,
        links::{self, Opens},
    },
    jobs::{self, Job},
    ports::Fetch,
    sessions::Guest,
    settings::{Rate, Settings},
};

/// What [`Procedure::prepare`](super::Procedure::prepare) has at hand: no transaction, and nobody is admitted yet.
#[derive(Debug)]
pub struct Desk<'a> {
    pub(super) app: &'a App,
    pub(super) known: &'a Known,
}

impl Desk<'_> {
    /// Verifies the caller's own password; answers the account with the hash, so that a change in between is noticed.
    ///
    /// # Errors
    /// `BAD_REQUEST` naming `field` where it is another.
    pub(crate) async fn own_password(&self, field: &str, password: &str) -> Result<(User, String)> {
        let user = self.known.user().ok_or(Error::Unauthenticated)?;
        let access = self.app.database().read();
        let account = access.person(user).account().await?.ok_or(Error::Unauthenticated)?;
        let hash = access.person(user).password_hash().await?;
        let right = self.passwords().verify(password, hash.as_deref()).await?;
        let hash = hash.filter(|_| right).ok_or_else(|| Error::field(field, "is wrong"))?;
        Ok((account, hash))
    }

    /// The account whose mailed token that is.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` where it does not work (any more).
    pub(crate) async fn bearer_of(&self, token: &str, purpose: Purpose) -> Result<User> {
        let access = self.app.database().read();
        let missing = Error::NotFound(Resource::Token);
        let Some(user) = access.system().token(&links::hash_of(purpose.into(), token), purpose, self.app.now()).await?
        else {
            return Err(missing);
        };
        access.person(user).account().await?.ok_or(missing)
    }

    /// What reads documents at addresses that the caller names.
    pub(crate) fn fetch(&self) -> &dyn Fetch {
        self.app.fetch()
    }

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
    /// A new password's hash.
    pub(crate) new_password_hash: String,
    /// The hash that the given password was verified against.
    pub(crate) password_hash: String,
    /// What an authorization server says of itself.
    pub(crate) authorization_server: Option<AuthorizationServer>,
    /// How many documents an archive has.
    pub(crate) archived: usize,
}

/// Where a procedure runs: for whom, where, and through which one transaction.
#[derive(Debug)]
pub struct Cx<'a, R: Reach> {
    pub(super) reach: R,
    pub(super) access: Access,
    pub(super) app: &'a App,
    pub(super) caller: &'a Caller,
    pub(super) prepared: &'a Prepared,
    /// Whether a job was written down.
    pub(super) posted: AtomicBool,
    /// What happened besides what the call answers with.
    pub(super) also: Mutex<Vec<Happened>>,
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

    /// What runs this.
    pub(crate) const fn app(&self) -> &App {
        self.app
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

    /// Writes down a letter, to be sent once this transaction is committed.
    pub(crate) async fn post(&self, to: Email, matter: Matter) -> Result<()> {
        self.enqueue(Job::Letter { to, matter }, None).await.map(drop)
    }

    /// Writes down something to be done once this transaction is committed, for an organization where it is for one.
    pub(crate) async fn enqueue(&self, job: Job, organization: Option<Id<id::Organization>>) -> Result<Id<id::Job>> {
        self.posted.store(true, Ordering::Relaxed);
        jobs::write(self.app, &self.access, &job, organization).await
    }

    /// A new link for a letter, and the hash to know its token by.
    pub(crate) fn fresh_link(&self, opens: Opens) -> (String, Vec<u8>) {
        links::fresh(self.app, opens)
    }

    /// Writes a letter down that goes out while that organization is there.
    pub(crate) async fn post_from(&self, organization: Id<id::Organization>, to: Email, matter: Matter) -> Result<()> {
        self.enqueue(Job::Letter { to, matter }, Some(organization)).await.map(drop)
    }

    /// Writes into another history what this call does there; its own gets the event that it answers with.
    pub(crate) async fn note(&self, organization: Id<id::Organization>, event: Event) -> Result<()> {
        let audience = Audience::Organization(organization);
        let happened = self.app.note(&self.access, self.reach.actor(), audience, event).await?;
        self.also.lock().unwrap_or_else(PoisonError::into_inner).push(happened);
        Ok(())
    }

    /// Counts this call under a limit; a call that fails is not counted.
    pub(crate) async fn count(&self, name: &'static str, key: &str, rate: Rate) -> Result<()> {
        match use_limit(&self.access, &throttle_key(name, key), rate, self.now()).await? {
            0 => Ok(()),
            retry_after_ms => Err(Error::TooManyRequests { retry_after_ms }),
        }
    }

    /// Forgets what was used of the limit of that name for `key`: it was no guess.
    pub(crate) async fn forgive(&self, name: &'static str, key: &str) -> Result<()> {
        Ok(self.system().forget_limit(&throttle_key(name, key)).await?)
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

impl Cx<'_, SignedIn> {
    /// The rows of the organization that an invitation is into: whoever bears it may know of it.
    pub(crate) fn inviting(&self, invitation: &StoredInvitation) -> Tenant<'_> {
        self.access.tenant(invitation.organization)
    }

    /// The rows of an organization that the caller was just found to belong to.
    pub(crate) fn own(&self, belonging: &Belonging) -> Tenant<'_> {
        self.access.tenant(belonging.id)
    }
}

impl Cx<'_, InOrganization> {
    /// The caller's own rows.
    pub(crate) fn own_person(&self) -> Person<'_> {
        self.access.person(self.reach.user)
    }

    /// The account of somebody who is to be given a place.
    pub(crate) async fn account_of(&self, user: Id<id::User>) -> Result<Option<User>> {
        Ok(self.access.person(user).account().await?)
    }

    /// Holds the organization still: until this transaction ends nobody else changes who belongs to it. Then looks again
    /// whether the caller may, since the wait may have changed that. Answers the organization and the caller's place.
    pub(crate) async fn hold(&self, needs: Permission) -> Result<(Organization, Member)> {
        let missing = || Error::NotFound(Resource::Organization);
        let organization = self.tenant().profile().hold().await?.ok_or_else(missing)?;
        let member = self.tenant().members().of(self.user()).await?.ok_or_else(missing)?;
        if member.role.may(needs) {
            Ok((organization, member))
        } else {
            Err(Error::Forbidden(Denied::InsufficientRole))
        }
    }

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

    /// The sign-in that calls; none for a caller that another program vouches for.
    pub(crate) const fn session(&self) -> Option<Id<id::Session>> {
        self.reach.session
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
