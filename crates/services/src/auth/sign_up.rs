use guildhall_domain::{
    Error, Issue, Resource, Result,
    access::Role,
    accounts::{Tokens, User, is_well_known_password},
    event::Event,
    text::{Email, Slug, Text},
};
use guildhall_repositories::{self as repositories, NewUser, OrganizationRow};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Password, tokens};
use crate::{Cx, Desk, Mutation, Outcome, Prepared, Procedure, Public, Throttle, secrets::hex, settings::Limits};

/// Makes an account, with an organization of the user's own, and signs in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignUp {
    /// Where mail reaches the person.
    pub email: Email,
    /// 12 to 128 characters.
    pub password: Password<12, 128>,
    /// What others see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<1, 100>>,
}

/// The account, signed in; nulls and a message where the email must be verified first.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SignedUp {
    /// The account.
    pub user: Option<User>,
    /// What to go on with.
    pub session: Option<Tokens>,
    /// What to do next, where there is something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Procedure for SignUp {
    const NAME: &'static str = "auth.signUp";
    type Effect = Mutation;
    type Reach = Public;
    const NEEDS: () = ();
    type Output = SignedUp;

    fn throttles(&self, limits: &Limits) -> Vec<Throttle> {
        vec![Throttle::Address("sign-up", limits.sign_up_address)]
    }

    fn check(&self) -> Vec<Issue> {
        let known = is_well_known_password(self.password.text());
        known.then(|| Issue::at(["password".into()], "is among the first that anybody would try")).into_iter().collect()
    }

    /// Hashes before it is known whether the email is taken, so that both answers take as long.
    async fn prepare(&self, desk: &Desk<'_>) -> Result<Prepared> {
        Ok(Prepared { password_hash: desk.passwords().hash(self.password.text()).await? })
    }

    async fn run(self, cx: &Cx<'_, Public>) -> Result<Outcome<SignedUp>> {
        let password_hash = cx.prepared().password_hash.clone();
        let name = self.name.map(String::from);
        let home = cx.founding();
        let new = NewUser { id: cx.fresh_id(), email: self.email.clone(), name: name.clone(), password_hash };
        let user = cx.system().create_user(new, home.id(), cx.now()).await.map_err(taken)?;

        let local = self.email.as_str().split('@').next().unwrap_or_default().to_owned();
        let called = name.unwrap_or(local);
        let suffix = hex(&cx.random::<4>());
        let slug = Slug::derived(&called);
        let personal = |slug| OrganizationRow {
            name: called.clone(),
            slug,
            description: None,
            logo_url: None,
            website: None,
            is_personal: true,
        };
        if home.profile().found(personal(slug.clone()), cx.now()).await?.is_none() {
            let second = home.profile().found(personal(slug.with_suffix(&suffix)), cx.now()).await?;
            second.ok_or(Error::Contended)?;
        }
        home.members().add(cx.fresh_id(), user.id, Role::Owner, cx.now()).await?;
        let (_, session) = tokens::begin(cx, user.id, Some(home.id())).await?;
        let event = Event::UserSignedUp { user_id: user.id };
        Ok(Outcome::Changed(SignedUp { user: Some(user), session: Some(session), message: None }, event))
    }
}

fn taken(error: repositories::Error) -> Error {
    match error {
        repositories::Error::Taken(_) => Error::AlreadyExists { resource: Resource::User, field: "email" },
        other => other.into(),
    }
}
