//! Whether somebody may still listen.

use std::collections::{HashMap, HashSet};

use guildhall_domain::{
    Error, Id, Resource, Result,
    access::{Permission, Role},
    error::Denied,
    id,
};

use crate::App;

/// Who follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// A sign-in; it ends with it.
    Session(Id<id::Session>),
    /// A user that another program vouches for.
    User(Id<id::User>),
}

/// What lets somebody listen. Many streams may share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) who: Who,
    pub(crate) organization: Id<id::Organization>,
    pub(crate) needs: Permission,
}

/// Why somebody may no longer listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The sign-in, or the account, is over.
    Proof,
    /// The place in the organization, or the organization.
    Membership,
    /// The role that allowed it.
    Role,
}

impl From<Lost> for Error {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Proof => Self::Unauthenticated,
            Lost::Membership => Self::NotFound(Resource::Organization),
            Lost::Role => Self::Forbidden(Denied::InsufficientRole),
        }
    }
}

/// Who is good, and as what where.
type Standings = HashMap<Who, Vec<(Id<id::Organization>, Role)>>;

/// The most places that one statement asks about.
const AT_ONCE: usize = 500;

/// Those of these places that let nobody listen any more, each with why.
pub(super) async fn lost(app: &App, places: &[Place]) -> Result<Vec<(Place, Lost)>> {
    let mut all = Vec::new();
    for places in places.chunks(AT_ONCE) {
        let standings = standings(app, places).await?;
        all.extend(places.iter().filter_map(|place| Some((*place, judge(place, &standings)?))));
    }
    Ok(all)
}

async fn standings(app: &App, places: &[Place]) -> Result<Standings> {
    let organizations: HashSet<_> = places.iter().map(|place| place.organization).collect();
    let organizations: Vec<_> = organizations.into_iter().collect();
    let who: HashSet<_> = places.iter().map(|place| place.who).collect();
    let (mut sessions, mut users) = (Vec::new(), Vec::new());
    for who in who {
        match who {
            Who::Session(session) => sessions.push(session),
            Who::User(user) => users.push(user),
        }
    }
    let mut standings = Standings::new();
    let access = app.database().read();
    if !sessions.is_empty() {
        for standing in access.system().standing_sessions(&sessions, &organizations, app.now()).await? {
            standings.entry(Who::Session(standing.who)).or_default().extend(standing.place);
        }
    }
    if !users.is_empty() {
        for standing in access.system().standing_users(&users, &organizations).await? {
            standings.entry(Who::User(standing.who)).or_default().extend(standing.place);
        }
    }
    Ok(standings)
}

fn judge(place: &Place, standings: &Standings) -> Option<Lost> {
    let Some(places) = standings.get(&place.who) else { return Some(Lost::Proof) };
    match places.iter().find(|(organization, _)| *organization == place.organization) {
        None => Some(Lost::Membership),
        Some((_, role)) => (!role.may(place.needs)).then_some(Lost::Role),
    }
}

#[cfg(test)]
mod tests {
    use guildhall_domain::{
        Id,
        access::{Permission, Role},
    };

    use super::{Lost, Place, Standings, Who, judge};

    #[test]
    fn a_place_needs_a_proof_a_membership_and_a_role_in_that_very_organization() {
        let (here, elsewhere) = (Id::from_uuid(uuid::Uuid::from_u128(1)), Id::from_uuid(uuid::Uuid::from_u128(2)));
        let who = Who::User(Id::from_uuid(uuid::Uuid::from_u128(3)));
        let place = |needs| Place { who, organization: here, needs };
        let (reads, rules) = (place(Permission::ReadTickets), place(Permission::RuleOrganization));
        let with = |places: &[(_, Role)]| Standings::from([(who, places.to_vec())]);

        assert_eq!(judge(&reads, &Standings::new()), Some(Lost::Proof));
        assert_eq!(judge(&reads, &with(&[])), Some(Lost::Membership));
        assert_eq!(judge(&reads, &with(&[(elsewhere, Role::Owner)])), Some(Lost::Membership));
        assert_eq!(judge(&rules, &with(&[(elsewhere, Role::Owner), (here, Role::Admin)])), Some(Lost::Role));
        assert_eq!(judge(&reads, &with(&[(here, Role::Viewer)])), None);
    }
}
