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
    /// See MCP servers, their end users and sessions.
    ReadServers => Viewer;
    /// Publish and configure MCP servers.
    WriteServers => Member;
    /// See walkthroughs.
    ReadWalkthroughs => Viewer;
    /// Write walkthroughs and assign them.
    WriteWalkthroughs => Member;
    /// See support tickets.
    ReadTickets => Viewer;
    /// Work on support tickets.
    WorkTickets => Member;
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
}
