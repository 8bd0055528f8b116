//! How accounts and organizations end, and how an organization comes back.

use super::{
    reference::Answer,
    state::{Model, Place, if_so},
};

impl Model {
    /// Deletes the account with its places, and the organizations that nobody else is in.
    pub(super) fn delete(&mut self, actor: usize) -> Answer {
        let mine: Vec<usize> = (0..self.organizations.len()).filter(|at| self.place_of(*at, actor).is_some()).collect();
        for &at in &mine {
            let alone = self.people_of(at).count() == 1;
            let rules = self.place_of(at, actor).is_some_and(|it| self.places[it].role == "owner");
            if_so(alone || !rules || self.owners_of(at) > 1, "Conflict(LastOwner)")?;
        }
        for at in mine {
            self.organizations[at].living = self.people_of(at).count() > 1;
        }
        self.accounts[actor].living = false;
        self.places.iter_mut().filter(|it| it.account == actor).for_each(|it| it.living = false);
        Ok(Some("user.deleted"))
    }

    /// An administrator of the installation puts back what was deleted; its owner may have to be named.
    pub(super) fn restore(&mut self, at: usize, owner: Option<usize>) -> Answer {
        if_so(!self.organizations[at].living, "NotFound(Organization)")?;
        if_so(!self.organizations[at].is_home, "Conflict(PersonalOrganization)")?;
        let owner = owner.map(|owner| self.accounts.iter().position(|it| it.living && it.address == owner));
        if let Some(owner) = owner {
            let account = owner.ok_or("NotFound(User)")?;
            match self.places.iter_mut().find(|it| it.living && (it.organization, it.account) == (at, account)) {
                Some(place) => place.role = "owner",
                None => self.places.push(Place { organization: at, account, role: "owner", living: true }),
            }
        }
        if_so(self.owners_of(at) > 0, "Conflict(LastOwner)")?;
        self.organizations[at].living = true;
        Ok(Some("organization.restored"))
    }
}
