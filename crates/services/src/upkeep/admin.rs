//! What an administrator of the installation does: nobody is asked for a permission, and every history says who it was.

use guildhall_domain::{
    Error, Id, Resource, Result, Timestamp,
    access::Role,
    accounts::User,
    error::{Reason, chain},
    event::{Actor, Audience, Event},
    id,
    organizations::Member,
    text::{Email, Slug, Text},
};
use guildhall_repositories::{Access, NewUser};

use super::MONTH;
use crate::{
    App,
    auth::{Password, make_account},
    organizations::keep_an_owner,
};

/// What a purge did away with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Organizations, with all that they had.
    pub organizations: u64,
    /// Organizations that are left for the next purge, since something failed; the log says what.
    pub left: u64,
}

/// As many owners as are held while their organization comes back.
const MOST_OWNERS: u64 = 100;
/// As many organizations as one purge takes at once, each in a transaction of its own.
const PURGED_AT_ONCE: u64 = 1000;
/// As many rows as are erased in one transaction.
const ERASED_AT_ONCE: u64 = 2000;

impl App {
    /// Makes an account, whose address counts as verified, with an organization of its own.
    ///
    /// # Errors
    /// `RESOURCE_ALREADY_EXISTS` where the address has one, `BAD_REQUEST` where the password is a well-known one.
    pub async fn create_user(
        &self,
        email: Email,
        name: Option<Text<1, 100>>,
        password: &Password<12, 128>,
    ) -> Result<User> {
        let password_hash = self.passwords().hash_new("password", password.text(), &[email.as_str()]).await?;
        let access = self.database().write().await?;
        let new = NewUser { id: self.fresh_id(), email, name: name.map(String::from), password_hash };
        let user = make_account(self, access.system(), access.tenant(self.fresh_id()), new).await?;
        access.person(user.id).verify_email(self.now()).await?;
        self.close(access, Audience::Account(user.id), Event::UserSignedUp { user_id: user.id }).await?;
        Ok(User { email_verified: true, ..user })
    }

    /// Gives an account that role in an organization, and a place where it has none.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` where account or organization is missing, `CONFLICT` where the organization would be without
    /// an owner or is somebody's personal one.
    pub async fn set_role(&self, email: &Email, organization: &Slug, role: Role) -> Result<Member> {
        let access = self.database().write().await?;
        let (user, ..) = access.system().user_by_email(email).await?.ok_or(Error::NotFound(Resource::User))?;
        let missing = Error::NotFound(Resource::Organization);
        let Some(id) = access.system().organization_by_slug(organization).await? else { return Err(missing) };
        let tenant = access.tenant(id);
        let Some(held) = tenant.profile().hold().await? else { return Err(missing) };
        let before = tenant.members().of(user.id).await?;
        let (member, event) = match before {
            Some(before) if before.role == role => return Ok(before),
            Some(before) => {
                keep_an_owner(tenant, &before).await?;
                let member = tenant.members().change(&before, role).await?;
                (member, Event::MemberRoleChanged { member_id: before.id, from: before.role, to: role })
            }
            None if held.is_personal => return Err(Error::Conflict(Reason::PersonalOrganization)),
            None => {
                let member_id = self.fresh_id();
                tenant.members().add(member_id, user.id, role, self.now()).await?;
                let member = tenant.members().find(member_id).await?.ok_or(Error::NotFound(Resource::Member))?;
                (member, Event::MemberAdded { member_id, user_id: user.id, role })
            }
        };
        self.close(access, Audience::Organization(id), event).await?;
        Ok(member)
    }

    /// Puts back an organization that was deleted no more than 30 days ago; `owner` becomes its owner where the last one's
    /// account is gone.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` where there is no such deleted organization or no such account, `CONFLICT` where nobody owns
    /// it and no owner is named, or where it went with the account whose own it was.
    pub async fn restore_organization(&self, slug: &Slug, owner: Option<&Email>) -> Result<Id<id::Organization>> {
        let access = self.database().write().await?;
        let missing = || Error::NotFound(Resource::Organization);
        let deleted = access.system().deleted_organization(slug).await?.ok_or_else(missing)?;
        if deleted.deleted_at < self.now().minus(MONTH) {
            return Err(missing()); // a purge may have begun with it
        }
        if deleted.is_personal {
            return Err(Error::Conflict(Reason::PersonalOrganization)); // it went with its account
        }
        let members = access.tenant(deleted.id).members();
        if let Some(email) = owner {
            let (user, ..) = access.system().user_by_email(email).await?.ok_or(Error::NotFound(Resource::User))?;
            match members.of(user.id).await? {
                Some(member) => drop(members.change(&member, Role::Owner).await?),
                None => members.add(self.fresh_id(), user.id, Role::Owner, self.now()).await?,
            }
        }
        // Held: an owner's account that is being deleted is waited for, and then not counted.
        let owners = members.by_rank(0, MOST_OWNERS).await?;
        for owner in owners.iter().filter(|member| member.role == Role::Owner) {
            access.person(owner.user_id).hold().await?;
        }
        if members.count_of(Role::Owner).await? == 0 {
            return Err(Error::Conflict(Reason::LastOwner));
        }
        if !access.system().restore_organization(deleted.id).await? {
            return Err(missing());
        }
        let event = Event::OrganizationRestored { organization_id: deleted.id };
        self.close(access, Audience::Organization(deleted.id), event).await?;
        Ok(deleted.id)
    }

    /// Does away with organizations that were deleted more than 30 days ago, with all that they had. Their names stay
    /// reserved for another 90 days.
    ///
    /// # Errors
    /// Where the database fails at once.
    pub async fn purge(&self) -> Result<Purged> {
        let then = self.now().minus(MONTH);
        let mut purged = Purged::default();
        for doomed in self.database().read().system().deleted_before(then, PURGED_AT_ONCE).await? {
            match self.purge_one(doomed.id, then).await {
                Ok(true) => purged.organizations += 1,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(organization = %doomed.id, error = chain(&error), "not purged; the next purge tries again");
                    purged.left += 1;
                }
            }
        }
        Ok(purged)
    }

    /// What there may be much of goes first, a little at a time, so that nobody has to wait for it.
    async fn purge_one(&self, id: Id<id::Organization>, then: Timestamp) -> Result<bool> {
        loop {
            let access = self.database().write().await?;
            let erased = access.system().erase_some(id, then, ERASED_AT_ONCE).await?;
            access.commit().await?;
            if erased == 0 {
                break;
            }
        }
        let access = self.database().write().await?;
        let done = access.system().purge_organization(id, then, self.now()).await?;
        if done {
            access.commit().await?;
        }
        Ok(done)
    }

    /// Makes a new key, which every node signs with in some 10 seconds, once all of them know it. The keys until now verify
    /// what they signed.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn rotate_keys(&self) -> Result<Id<id::SigningKey>> {
        self.keys().rotate().await
    }

    /// Makes a new key and drops all others, since one leaked: within 5 seconds every access token and cookie is void on
    /// every node. Clients go on with their refresh tokens.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn replace_keys(&self) -> Result<Id<id::SigningKey>> {
        self.keys().replace().await
    }

    /// Ends every session of that account, or of everybody; answers of how many accounts.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` where there is no such account.
    pub async fn sign_out_everywhere(&self, email: Option<&Email>) -> Result<usize> {
        let users = match email {
            Some(email) => vec![self.account_of(email).await?.id],
            None => self.database().read().system().signed_in(self.now()).await?,
        };
        let mut signed_out = 0;
        for user in users {
            let access = self.database().write().await?;
            if access.person(user).end_sessions(None, self.now()).await? > 0 {
                signed_out += 1;
                self.close(access, Audience::Account(user), Event::SessionsEnded { user_id: user }).await?;
            }
        }
        Ok(signed_out)
    }

    /// Writes down what an administrator did, and commits it.
    async fn close(&self, access: Access, audience: Audience, event: Event) -> Result<()> {
        let happened = self.note(&access, Actor::System, audience, event).await?;
        access.commit().await?;
        self.announce(happened);
        Ok(())
    }
}
