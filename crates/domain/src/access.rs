//! Who may do what. This table decides; nothing else does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A member's standing, weakest first, so `>=` reads "at least".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Does the daily work.
    Member,
    /// Runs the organization.
    Admin,
    /// May do all.
    Owner,
}

impl Role {
    /// Every role, weakest first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Member, Self::Admin, Self::Owner];

    /// Whether this role has `permission`.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        self >= permission.least_role()
    }

    /// Whether this role may give somebody who has no place one with `role`. Managing people goes downhill only: an
    /// owner may all, an admin what is below.
    #[must_use]
    pub fn may_grant(self, role: Self) -> bool {
        self == Self::Owner || self == Self::Admin && role < Self::Admin
    }

    /// Whether this role may end somebody's place who has `role`.
    #[must_use]
    pub fn may_remove(self, role: Self) -> bool {
        self.may_grant(role)
    }

    /// Whether this role may make `to` of somebody else who is `from`.
    #[must_use]
    pub fn may_change(self, from: Self, to: Self) -> bool {
        self.may_grant(from) && self.may_grant(to)
    }

    /// Whether somebody of this role may make `to` of its own: who manages people may step down. Leaving is open to
    /// everybody.
    #[must_use]
    pub fn may_become(self, to: Self) -> bool {
        self.may(Permission::ManagePeople) && to <= self
    }

    /// What this role may do, as the wire names it.
    pub fn permissions(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.may(*permission))
    }
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $Name:ident => $role:ident;)*) => {
        /// What a procedure asks for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Permission { $($(#[$doc])* $Name,)* }
        impl Permission {
            /// Every permission there is.
            pub const ALL: [Self; [$(stringify!($Name)),*].len()] = [$(Self::$Name),*];
            /// The weakest role that has this permission.
            #[must_use]
            pub const fn least_role(self) -> Role {
                match self { $(Self::$Name => Role::$role,)* }
            }
        }
    };
}

permissions! {
    /// See the organization and its people.
    ReadOrganization => Viewer;
    /// Invite, change and remove people, downhill only.
    ManagePeople => Admin;
    /// Change what the organization is called and how it presents itself.
    UpdateOrganization => Admin;
    /// Hand the organization over, or delete it.
    RuleOrganization => Owner;
    /// See MCP servers, their end users and sessions.
    ReadServers => Viewer;
    /// Publish and configure MCP servers.
    WriteServers => Member;
    /// Delete MCP servers, and their end users with all that is known of them.
    DeleteServers => Admin;
    /// See, write and delete how end users sign in somewhere else.
    ManageSignIn => Admin;
    /// See walkthroughs.
    ReadWalkthroughs => Viewer;
    /// Write walkthroughs and assign them.
    WriteWalkthroughs => Member;
    /// Delete walkthroughs, and with them how far everybody is.
    DeleteWalkthroughs => Admin;
    /// See documents, and search in them.
    ReadKnowledge => Viewer;
    /// Hand in and delete documents, and give them to servers.
    WriteKnowledge => Member;
    /// Delete namespaces with all their documents.
    DeleteKnowledge => Admin;
    /// See support tickets.
    ReadTickets => Viewer;
    /// Work on support tickets.
    WorkTickets => Member;
    /// Decide what is promised of tickets, and delete what others wrote on them.
    ManageTickets => Admin;
    /// See the figures.
    ReadAnalytics => Viewer;
}

#[cfg(test)]
mod tests {
    use super::{Permission, Role};

    #[test]
    fn a_stronger_role_may_do_all_a_weaker_one_may() {
        for pair in Role::ALL.windows(2) {
            for permission in Permission::ALL {
                assert!(pair[1].may(permission) || !pair[0].may(permission));
            }
        }
        assert!(Role::Viewer.may(Permission::ReadTickets));
        assert!(!Role::Viewer.may(Permission::WorkTickets));
    }

    #[test]
    fn nobody_grants_more_than_it_has_or_touches_an_equal_but_an_owner() {
        for (actor, from, to) in Role::ALL
            .iter()
            .flat_map(|a| Role::ALL.map(move |b| (*a, b)))
            .flat_map(|(a, b)| Role::ALL.map(move |c| (a, b, c)))
        {
            if actor.may_change(from, to) {
                assert!(actor == Role::Owner || from < actor && to < actor, "{actor:?} {from:?} {to:?}");
            }
        }
        assert!(Role::Owner.may_change(Role::Owner, Role::Viewer) && Role::Admin.may_grant(Role::Member));
        assert!(!Role::Member.may_grant(Role::Viewer) && !Role::Admin.may_grant(Role::Admin));
        assert!(Role::Admin.may_become(Role::Viewer) && !Role::Admin.may_become(Role::Owner));
        assert!(!Role::Member.may_become(Role::Viewer), "who does not manage people leaves, or asks");
    }
}
