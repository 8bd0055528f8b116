//! Accounts and teams made straight in the database, for tests that need many: signing up would take a password's hash.

use guildhall_domain::{Id, access::Role, id};
use guildhall_repositories::{NewUser, OrganizationRow};
use guildhall_services::{Caller, ports::Clock};
use serde_json::json;

use crate::{Side, World, databases::is_postgres};

/// Somebody with an account, a home and everybody's password, whose address is verified.
#[derive(Clone, Debug)]
pub struct Account {
    /// The account.
    pub user: Id<id::User>,
    /// Its address.
    pub email: String,
    /// The person, vouched for.
    pub caller: Caller,
}

/// Somebody with a place in a team.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The account.
    pub account: Account,
    /// The person, vouched for, in the team whatever the active organization is.
    pub caller: Caller,
    /// The place.
    pub place: Id<id::Member>,
}

/// An organization with people and nothing else.
#[derive(Clone, Debug)]
pub struct Team {
    /// The organization.
    pub id: Id<id::Organization>,
    /// Its slug.
    pub slug: String,
    /// Its people, in the order of the roles that were asked for.
    pub people: Vec<Placed>,
}

/// [`World::PASSWORD`], hashed as cheaply as Argon2id goes: for races, which verifying would keep apart.
const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$ZXZlcnlib2R5J3Mgc2FsdA$xwDNRrIQwPKgshmAg0ngVMWDJrGio8HZMukX6QvQl4A";

impl World {
    /// Somebody with an account.
    pub async fn account(&self) -> Account {
        let account = self.unverified().await;
        self.verify(account.user).await;
        account
    }

    /// The same, whose address nobody has verified.
    pub async fn unverified(&self) -> Account {
        let home = self.fresh_id();
        self.account_that_works_in(home, home).await
    }

    /// A new organization with somebody new for each of `roles`.
    pub async fn team(&self, roles: &[Role]) -> Team {
        let id: Id<id::Organization> = self.fresh_id();
        let slug = format!("team-{}", id.uuid().simple());
        let access = self.database.write().await.expect("a transaction");
        let row = organization("Team", &slug, false);
        access.tenant(id).profile().found(row, self.clock.now()).await.expect("a team").expect("a free slug");
        access.commit().await.expect("a commit");
        let mut people = Vec::new();
        for role in roles {
            people.push(self.place(id, *role).await);
        }
        Team { id, slug, people }
    }

    /// A member of `side` with that role, vouched for.
    pub async fn member(&self, side: &Side, role: Role) -> Caller {
        self.member_of(side, role).await.0
    }

    /// The same with the account and the place.
    pub async fn member_of(&self, side: &Side, role: Role) -> (Caller, Id<id::User>, Id<id::Member>) {
        let placed = self.place(side.organization.id, role).await;
        (placed.account.caller, placed.account.user, placed.place)
    }

    /// Signs an account in; the access token's caller and the refresh token.
    pub async fn sign_in(&self, account: &Account) -> (Caller, String) {
        let input = json!({ "email": account.email, "password": World::PASSWORD });
        let signed_in = self.call("auth.signIn", &Caller::nobody(), input).await.expect("signs in");
        let token = |name: &str| signed_in["session"][name].as_str().expect("a token").to_owned();
        (Caller::bearer(token("accessToken")), token("refreshToken"))
    }

    /// Somebody with an account whose address nobody has verified and a home of that slug, both called `name`, signed in
    /// as a browser is.
    pub async fn newcomer(&self, email: &str, name: &str, slug: &str) -> (Caller, Id<id::User>) {
        let home = self.fresh_id();
        let account =
            self.found((self.fresh_id(), email.to_owned()), name, home, (home, organization(name, slug, true))).await;
        let sign_in = json!({ "email": account.email, "password": World::PASSWORD });
        let signed_in = self.call("auth.signIn", &Caller::nobody(), sign_in).await.expect("signs in");
        let token = signed_in["session"]["accessToken"].as_str().expect("a token");
        let (cookie, _) = self.app.browser_cookie(token).await.expect("a cookie");
        (Caller::cookie(cookie), account.user)
    }

    /// The number that a statement over all organizations answers with.
    pub async fn count(&self, sql: &'static str) -> i64 {
        let writer = self.database.writer();
        let counted = if is_postgres() {
            sqlx::query_scalar(sql).fetch_one(writer.get_postgres_connection_pool()).await
        } else {
            sqlx::query_scalar(sql).fetch_one(writer.get_sqlite_connection_pool()).await
        };
        counted.expect("a number")
    }

    /// Does something to the rows of all organizations that no procedure does; answers to how many.
    pub async fn tamper(&self, sql: &'static str) -> u64 {
        let writer = self.database.writer();
        if is_postgres() {
            let done = sqlx::query(sql).execute(writer.get_postgres_connection_pool()).await;
            done.expect("it is done").rows_affected()
        } else {
            let done = sqlx::query(sql).execute(writer.get_sqlite_connection_pool()).await;
            done.expect("it is done").rows_affected()
        }
    }

    /// How many events there are, without those of the organizations that an account leaves behind as it is deleted: so
    /// many calls have changed something.
    pub async fn changes(&self) -> u64 {
        let events =
            "select count(*) from events e where not (e.name in ('member.left', 'organization.deleted') and exists
            (select 1 from events d where d.user_id = e.actor_id and d.name = 'user.deleted'
            and d.created_at = e.created_at))";
        self.count(events).await.unsigned_abs()
    }

    /// The lines of text that a statement over all organizations answers with; `$1` is `bound`.
    pub async fn lines(&self, sql: &'static str, bound: &str) -> Vec<String> {
        let writer = self.database.writer();
        let found = if is_postgres() {
            sqlx::query_scalar(sql).bind(bound).fetch_all(writer.get_postgres_connection_pool()).await
        } else {
            sqlx::query_scalar(sql).bind(bound).fetch_all(writer.get_sqlite_connection_pool()).await
        };
        found.expect("lines")
    }

    /// Somebody new in that organization, which is where the account works.
    async fn place(&self, organization: Id<id::Organization>, role: Role) -> Placed {
        let account = self.account_that_works_in(organization, self.fresh_id()).await;
        self.verify(account.user).await;
        let place = self.fresh_id();
        let access = self.database.write().await.expect("a transaction");
        let members = access.tenant(organization).members();
        members.add(place, account.user, role, self.clock.now()).await.expect("a place");
        access.commit().await.expect("a commit");
        Placed { caller: account.caller.clone().in_organization(organization.to_string()), account, place }
    }

    async fn account_that_works_in(&self, active: Id<id::Organization>, home: Id<id::Organization>) -> Account {
        let who: Id<id::User> = self.fresh_id();
        let row = organization("Home", &format!("home-{}", who.uuid().simple()), true);
        self.found((who, format!("{who}@example.test")), "Somebody", active, (home, row)).await
    }

    async fn found(
        &self,
        (user, email): (Id<id::User>, String),
        name: &str,
        active: Id<id::Organization>,
        (home, row): (Id<id::Organization>, OrganizationRow),
    ) -> Account {
        let now = self.clock.now();
        let new = NewUser {
            id: user,
            email: email.parse().expect("an email"),
            name: Some(name.to_owned()),
            password_hash: HASH.to_owned(),
        };
        let access = self.database.write().await.expect("a transaction");
        access.system().create_user(new, active, now).await.expect("a user");
        let own = access.tenant(home);
        own.profile().found(row, now).await.expect("a home").expect("a free slug");
        own.members().add(self.fresh_id(), user, Role::Owner, now).await.expect("a place at home");
        access.commit().await.expect("a commit");
        Account { user, email, caller: Caller::vouched(user) }
    }
}

fn organization(name: &str, slug: &str, is_personal: bool) -> OrganizationRow {
    OrganizationRow {
        name: name.to_owned(),
        slug: slug.parse().expect("a slug"),
        description: None,
        logo_url: None,
        website: None,
        is_personal,
    }
}
