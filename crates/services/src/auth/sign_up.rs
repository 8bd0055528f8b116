use std::time::Duration;

use data_encoding::HEXLOWER;
use guildhall_domain::{
    Error, Resource, Result,
    access::Role,
    accounts::{Tokens, User},
    event::Event,
    mail::Matter,
    text::{Email, Slug, Text},
};
use guildhall_repositories::{self as repositories, NewUser, OrganizationRow, RetiredName, System, Tenant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Password, tokens, verify_email};
use crate::{
    App, Cx, Desk, Mutation, Outcome, Prepared, Procedure, Public, Throttle,
    secrets::GRACE,
    settings::{Limits, Settings},
};

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

/// What whoever signs up reads where addresses must be verified first, whether or not the address is known.
const VERIFY_FIRST: &str = "Open the link that was mailed to you to go on.";
/// As long as an answer takes where it must not tell whether the address is known: longer than either way's work.
const PACE: Duration = Duration::from_millis(500);

impl Procedure for SignUp {
    const NAME: &'static str = "auth.signUp";
    type Effect = Mutation;
    type Reach = Public;
    const NEEDS: () = ();
    type Output = SignedUp;
    const ANSWER_KEPT: Duration = GRACE;

    fn throttles(&self, limits: &Limits) -> Vec<Throttle> {
        vec![
            Throttle::Key("sign-up", self.email.as_str().to_owned(), limits.sign_up_account),
            Throttle::Address("sign-up", limits.sign_up_address),
        ]
    }

    /// An account that is there and one that is made take different work; the answer must not tell.
    fn pace(settings: &Settings) -> Option<Duration> {
        settings.verify_email.then_some(PACE)
    }

    /// Hashes before it is known whether the email is taken, so that both answers take as long.
    async fn prepare(&self, desk: &Desk<'_>) -> Result<Prepared> {
        let known = [self.email.as_str(), self.name.as_ref().map(Text::as_str).unwrap_or_default()];
        let new_password_hash = desk.passwords().hash_new("password", self.password.text(), &known).await?;
        Ok(Prepared { new_password_hash, ..Prepared::default() })
    }

    async fn run(self, cx: &Cx<'_, Public>) -> Result<Outcome<SignedUp>> {
        let verify_first = cx.settings().verify_email;
        let later = || SignedUp { user: None, session: None, message: Some(VERIFY_FIRST.to_owned()) };
        if verify_first && let Some((account, ..)) = cx.system().user_by_email(&self.email).await? {
            // The same answer as to a new address; the mailbox's owner learns more.
            cx.post(account.email, Matter::AlreadyRegistered { link: cx.settings().reset_page() }).await?;
            return Ok(Outcome::Unchanged(later()));
        }
        let home = cx.founding();
        let new = NewUser {
            id: cx.fresh_id(),
            email: self.email.clone(),
            name: self.name.map(String::from),
            password_hash: cx.prepared().new_password_hash.clone(),
        };
        let user = make_account(cx.app(), cx.system(), home, new).await.map_err(|error| match error {
            // Another sign-up was faster: the next attempt finds its account, and answers as if it had always been there.
            Error::AlreadyExists { .. } if verify_first => Error::Contended,
            other => other,
        })?;
        verify_email::ask(cx, user.id, user.email.clone()).await?;
        let event = Event::UserSignedUp { user_id: user.id };
        if verify_first {
            return Ok(Outcome::Changed(later(), event));
        }
        let (_, session) = tokens::begin(cx, user.id, Some(home.id())).await?;
        Ok(Outcome::Changed(SignedUp { user: Some(user), session: Some(session), message: None }, event))
    }
}

/// Makes an account with an organization of its own, whose rows are `home`.
pub(crate) async fn make_account(app: &App, system: System<'_>, home: Tenant<'_>, new: NewUser) -> Result<User> {
    let local = new.email.as_str().split('@').next().unwrap_or_default().to_owned();
    let called = new.name.clone().unwrap_or(local);
    let user = system.create_user(new, home.id(), app.now()).await.map_err(taken)?;
    let slug = Slug::derived(&called);
    let personal = |slug| OrganizationRow {
        name: called.clone(),
        slug,
        description: None,
        logo_url: None,
        website: None,
        is_personal: true,
    };
    let free = !system.is_retired(RetiredName::Organization, slug.as_str(), None).await?;
    if !free || home.profile().found(personal(slug.clone()), app.now()).await?.is_none() {
        let suffix = HEXLOWER.encode(&app.random::<4>());
        let second = home.profile().found(personal(slug.with_suffix(&suffix)), app.now()).await?;
        second.ok_or(Error::Contended)?;
    }
    home.members().add(app.fresh_id(), user.id, Role::Owner, app.now()).await?;
    Ok(user)
}

fn taken(error: repositories::Error) -> Error {
    match error {
        repositories::Error::Taken(_) => Error::AlreadyExists { resource: Resource::User, field: "email" },
        other => other.into(),
    }
}
