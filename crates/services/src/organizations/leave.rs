use guildhall_domain::{Error, Id, Result, access::Permission, error::Reason, event::Event, id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{keep_an_owner, named};
use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, auth::Done};

/// Ends the caller's place in an organization. Not for its last owner, and not for a personal organization.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LeaveOrganization {
    /// Which organization.
    pub organization_id: Id<id::Organization>,
}

impl Procedure for LeaveOrganization {
    const NAME: &'static str = "organization.leave";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadOrganization;
    type Output = Done;

    fn organization(&self) -> Option<String> {
        named(Some(self.organization_id))
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Done>> {
        let (organization, me) = cx.hold(Self::NEEDS).await?;
        if organization.is_personal {
            return Err(Error::Conflict(Reason::PersonalOrganization));
        }
        keep_an_owner(cx.tenant(), &me).await?;
        cx.tenant().members().remove(&me).await?;
        Ok(Outcome::Changed(Done::new(), Event::MemberLeft { member_id: me.id, user_id: me.user_id }))
    }
}
