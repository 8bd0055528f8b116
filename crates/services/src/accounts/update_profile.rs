use guildhall_domain::{
    Error, Issue, Patch, Resource, Result,
    accounts::{User, Username},
    event::Event,
    text::{Text, WebUrl},
};
use guildhall_repositories as repositories;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, Mutation, Outcome, Procedure, SignedIn};

/// Changes what others see of the caller's account: what is left out stays, null clears.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateProfile {
    /// What others see.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub name: Patch<Text<1, 100>>,
    /// A short unique name.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub username: Patch<Username>,
    /// A picture's address, `https` only.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub image: Patch<WebUrl>,
}

impl Procedure for UpdateProfile {
    const NAME: &'static str = "account.updateProfile";
    type Effect = Mutation;
    type Reach = SignedIn;
    const NEEDS: () = ();
    type Output = User;

    fn check(&self) -> Vec<Issue> {
        match &self.image {
            Patch::Set(url) if !url.as_str().starts_with("https://") => {
                vec![Issue::at(["image".into()], "needs to begin with https://")]
            }
            _ => Vec::new(),
        }
    }

    async fn run(self, cx: &Cx<'_, SignedIn>) -> Result<Outcome<User>> {
        let before = cx.person().hold().await?.ok_or(Error::Unauthenticated)?;
        let user = User {
            name: self.name.apply(before.name.clone()),
            username: self.username.apply(before.username.clone()),
            image: self.image.apply(before.image.clone()),
            ..before.clone()
        };
        if (&user.name, &user.username, &user.image) == (&before.name, &before.username, &before.image) {
            return Ok(Outcome::Unchanged(before));
        }
        cx.person().update(&user, cx.now()).await.map_err(taken)?;
        let event = Event::UserUpdated { user_id: user.id };
        Ok(Outcome::Changed(user, event))
    }
}

fn taken(error: repositories::Error) -> Error {
    match error {
        repositories::Error::Taken(_) => Error::AlreadyExists { resource: Resource::User, field: "username" },
        other => other.into(),
    }
}
