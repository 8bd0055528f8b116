use guildhall_domain::{Error, Result, event::Event};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Cx, Desk, Mutation, Outcome, Prepared, Procedure, SignedIn, Throttle,
    auth::{Done, Password},
    organizations::keep_an_owner,
    settings::Limits,
};

/// Deletes the caller's account for good, with its sessions, its places and its personal organization, and teams that
/// nobody else is in. Refused while it is the last owner of a team that has others in it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteAccount {
    /// The account's password.
    pub password: Password<1, 1024>,
}

impl Procedure for DeleteAccount {
    const NAME: &'static str = "account.delete";
    type Effect = Mutation;
    type Reach = SignedIn;
    const NEEDS: () = ();
    type Output = Done;
    const ENDS_ITS_SESSION: bool = true;

    fn throttles(&self, limits: &Limits) -> Vec<Throttle> {
        vec![Throttle::Caller("password", limits.password_account)]
    }

    async fn prepare(&self, desk: &Desk<'_>) -> Result<Prepared> {
        let (_, password_hash) = desk.own_password("password", self.password.text()).await?;
        Ok(Prepared { password_hash, ..Prepared::default() })
    }

    async fn run(self, cx: &Cx<'_, SignedIn>) -> Result<Outcome<Done>> {
        // Held first: whoever founds or joins something with this account now waits, and then finds it gone.
        let account = cx.person().hold().await?.ok_or(Error::Unauthenticated)?;
        if cx.person().password_hash().await?.as_ref() != Some(&cx.prepared().password_hash) {
            return Err(Error::field("password", "is wrong"));
        }
        let mut mine = cx.person().organizations().await?;
        mine.sort_by_key(|one| one.id.uuid()); // all who hold several hold them in one order
        for belonging in &mine {
            let tenant = cx.own(belonging);
            if tenant.profile().hold().await?.is_none() {
                continue;
            }
            let members = tenant.members();
            let Some(place) = members.of(account.id).await? else { continue };
            if members.count().await? == 1 {
                tenant.profile().delete(cx.now()).await?;
                cx.note(belonging.id, Event::OrganizationDeleted { organization_id: belonging.id }).await?;
            } else {
                keep_an_owner(tenant, &place).await?;
                cx.note(belonging.id, Event::MemberLeft { member_id: place.id, user_id: account.id }).await?;
            }
        }
        cx.person().delete().await?;
        Ok(Outcome::Changed(Done::new(), Event::UserDeleted { user_id: account.id }))
    }
}
