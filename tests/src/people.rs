//! People around an organization, for procedures that do something with them.

use guildhall_domain::{Id, access::Role, id};
use guildhall_services::Caller;
use serde_json::{Value, json};

use crate::{Side, World};

/// People around one organization.
#[derive(Clone, Debug)]
pub struct People {
    /// Places of members, and one of a second owner, so that nobody is the last.
    pub members: Vec<Id<id::Member>>,
    /// Invitations that stand: id and token.
    pub invitations: Vec<(Id<id::Invitation>, String)>,
    /// Invitations of the owner into other organizations: id and token.
    pub asked: Vec<(Id<id::Invitation>, String)>,
    /// Sign-ins of the owner on other devices.
    pub sessions: Vec<Id<id::Session>>,
    /// What opens the page for a new password of the owner's.
    pub reset_token: String,
    /// What shows that the owner's address is its own.
    pub verify_token: String,
}

impl People {
    pub(crate) async fn of(world: &World, side: &Side) -> Self {
        let call = async |caller: &Caller, name: &str, input: Value| {
            world.call(name, caller, input).await.unwrap_or_else(|e| panic!("{name}: {e:?}"))
        };
        let id = |value: &Value| value.as_str().expect("an id").to_owned();
        let verify_token = world.token_for(&side.email).await;
        world.verify(side.user).await;

        world.member(side, Role::Owner).await;
        for _ in 0..8 {
            world.member(side, Role::Member).await;
        }
        let listed = call(&side.vouched, "organization.listMembers", json!({ "pageSize": 100 })).await;
        let members = listed["members"].as_array().expect("members").iter();
        let members = members.filter(|member| member["role"] == "member").map(|member| id(&member["id"]));
        let members = members.map(|id| id.parse().expect("an id")).collect();

        let mut invitations = Vec::new();
        for n in 0..8 {
            let email = format!("guest{n}-{}@example.test", side.organization.slug);
            let made = call(&side.vouched, "organization.inviteMember", json!({ "email": email })).await;
            let token = world.token_for(&email).await;
            invitations.push((id(&made["invitation"]["id"]).parse().expect("an id"), token));
        }
        let mut asked = Vec::new();
        for n in 0..2 {
            let (host, _) = world.person(&format!("host{n}-{}@example.test", side.organization.slug)).await;
            let new = json!({ "name": format!("Host {n}"), "slug": format!("team{n}-{}", side.organization.slug) });
            call(&host, "organization.create", new).await;
            let made = call(&host, "organization.inviteMember", json!({ "email": side.email })).await;
            let token = world.token_for(&side.email).await;
            asked.push((id(&made["invitation"]["id"]).parse().expect("an id"), token));
        }
        let mut sessions = Vec::new();
        for _ in 0..3 {
            let sign_in = json!({ "email": side.email, "password": World::PASSWORD });
            let tokens = call(&Caller::nobody(), "auth.signIn", sign_in).await;
            let device = Caller::bearer(id(&tokens["session"]["accessToken"]));
            let session = call(&device, "auth.getSession", json!({})).await;
            sessions.push(id(&session["session"]["id"]).parse().expect("an id"));
        }
        call(&Caller::nobody(), "auth.requestPasswordReset", json!({ "email": side.email })).await;
        let reset_token = world.token_for(&side.email).await;
        Self { members, invitations, asked, sessions, reset_token, verify_token }
    }
}
