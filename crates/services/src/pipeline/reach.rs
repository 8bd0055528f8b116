//! How far a procedure reaches, and who is let in.

use guildhall_domain::{
    Error, Id, Resource, Result,
    access::{Permission, Role},
    error::Denied,
    event::{Actor, Audience},
    id,
};
use guildhall_repositories::{Access, Admission};

use super::{
    app::App,
    caller::{Caller, Proof},
};
use crate::{
    auth::{Signed, sign_ins},
    sessions::Guest,
};

/// How far a procedure reaches.
pub trait Reach: Send + Sync + Sized + 'static {
    /// What it can ask the caller for.
    type Needs: Copy + Send + Sync + 'static;
    /// As the manual calls it.
    const NAME: &'static str;
    /// Whether it is for somebody with an account.
    const RECOGNIZES: bool;
    /// The permission among the needs, for tables of who may do what.
    fn permission(_: Self::Needs) -> Option<Permission> {
        None
    }
    /// Lets the caller in, or not.
    #[doc(hidden)]
    fn admit(door: Door<'_>, needs: Self::Needs) -> impl Future<Output = Result<Self>> + Send;
    /// Who acts.
    fn actor(&self) -> Actor;
    /// Whose history it belongs to, unless the event says so itself.
    fn audience(&self) -> Option<Audience>;
}

/// What a caller's proof turned out to be, before the database is asked: a bad one costs no transaction.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// Nothing was proven, or nothing had to be.
    Nobody,
    /// A session by its access token.
    Session(Signed),
    /// A session by a browser's cookie, and whether the page is one of ours.
    OwnPage(Signed, bool),
    /// A user that another program vouches for.
    User(Id<id::User>),
}

impl Known {
    /// Who it says it is; what it may is still to be read.
    pub(super) fn user(&self) -> Option<Id<id::User>> {
        match self {
            Self::Nobody => None,
            Self::Session(signed) | Self::OwnPage(signed, _) => Some(signed.user),
            Self::User(user) => Some(*user),
        }
    }

    pub(super) async fn of<R: Reach>(app: &App, caller: &Caller) -> Result<Self> {
        if !R::RECOGNIZES {
            return Ok(Self::Nobody);
        }
        match &caller.proof {
            Proof::Nothing | Proof::Guest(_) | Proof::LiveToken(_) => Err(Error::Unauthenticated),
            Proof::Bearer(token) => Ok(Self::Session(app.keys().access(token, app.now()).await?)),
            Proof::Cookie { token, own_page } => {
                Ok(Self::OwnPage(app.keys().cookie(token, app.now()).await?, *own_page))
            }
            Proof::User(user) => Ok(Self::User(*user)),
        }
    }
}

/// Where a caller stands before it is let in.
#[derive(Clone, Copy, Debug)]
pub struct Door<'a> {
    pub(super) app: &'a App,
    pub(super) access: &'a Access,
    pub(super) caller: &'a Caller,
    pub(super) known: &'a Known,
    /// The organization that the input names.
    pub(super) named: Option<&'a str>,
    /// Whether the call may change anything.
    pub(super) writes: bool,
}

impl Door<'_> {
    /// Who the caller is, read fresh, with its place in the organization asked for.
    async fn recognize(self) -> Result<Admission> {
        let named = self.named.or(self.caller.organization.as_deref());
        let admission = match self.known {
            Known::User(user) => self.access.system().admit_user(*user, named).await?,
            Known::Session(signed) => self.session(signed.session, named).await?,
            Known::OwnPage(signed, own_page) => {
                if self.writes && !own_page {
                    return Err(Error::Forbidden(Denied::CrossSite));
                }
                self.session(signed.session, named).await?
            }
            Known::Nobody => None,
        };
        admission.ok_or(Error::Unauthenticated)
    }

    async fn session(self, session: Id<id::Session>, named: Option<&str>) -> Result<Option<Admission>> {
        let admission = self.access.system().admit_session(session, named, self.app.now()).await?;
        if let Some(admission) = &admission {
            sign_ins::notice(self.app, session, admission);
        }
        Ok(admission)
    }
}

/// Anybody.
#[derive(Debug)]
pub struct Public(());

impl Reach for Public {
    type Needs = ();
    const NAME: &'static str = "public";
    const RECOGNIZES: bool = false;
    async fn admit(_: Door<'_>, (): ()) -> Result<Self> {
        Ok(Self(()))
    }
    fn actor(&self) -> Actor {
        Actor::Nobody
    }
    fn audience(&self) -> Option<Audience> {
        None
    }
}

/// The caller's own account.
#[derive(Debug)]
pub struct SignedIn(pub(super) Admission);

impl Reach for SignedIn {
    type Needs = ();
    const NAME: &'static str = "user";
    const RECOGNIZES: bool = true;
    async fn admit(door: Door<'_>, (): ()) -> Result<Self> {
        Ok(Self(door.recognize().await?))
    }
    fn actor(&self) -> Actor {
        Actor::User(self.0.user)
    }
    fn audience(&self) -> Option<Audience> {
        Some(Audience::Account(self.0.user))
    }
}

/// One organization that the caller belongs to.
#[derive(Debug)]
pub struct InOrganization {
    pub(super) user: Id<id::User>,
    /// The sign-in; none for a caller that another program vouches for.
    pub(super) session: Option<Id<id::Session>>,
    pub(super) organization: Id<id::Organization>,
    pub(super) role: Role,
}

impl Reach for InOrganization {
    type Needs = Permission;
    const NAME: &'static str = "org";
    const RECOGNIZES: bool = true;
    fn permission(needs: Permission) -> Option<Permission> {
        Some(needs)
    }
    async fn admit(door: Door<'_>, needs: Permission) -> Result<Self> {
        let admission = door.recognize().await?;
        let (organization, _, role) = admission.membership.ok_or(Error::NotFound(Resource::Organization))?;
        if !role.may(needs) {
            return Err(Error::Forbidden(Denied::InsufficientRole));
        }
        Ok(Self { user: admission.user, session: admission.session, organization, role })
    }
    fn actor(&self) -> Actor {
        Actor::User(self.user)
    }
    fn audience(&self) -> Option<Audience> {
        Some(Audience::Organization(self.organization))
    }
}

/// One hosted MCP server, for one of its end users.
#[derive(Debug)]
pub struct AtServer(pub(super) Guest);

impl Reach for AtServer {
    type Needs = ();
    const NAME: &'static str = "server";
    const RECOGNIZES: bool = false;
    async fn admit(door: Door<'_>, (): ()) -> Result<Self> {
        match &door.caller.proof {
            Proof::Guest(guest) => Ok(Self((**guest).clone())),
            _ => Err(Error::Unauthenticated),
        }
    }
    fn actor(&self) -> Actor {
        Actor::EndUser(self.0.person())
    }
    fn audience(&self) -> Option<Audience> {
        Some(Audience::Organization(self.0.organization()))
    }
}
