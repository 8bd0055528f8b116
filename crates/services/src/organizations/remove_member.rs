use guildhall_domain::{
    Error, Id, Resource, Result,
    access::Permission,
    error::{Denied, Reason},
    event::Event,
    id,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{keep_an_owner, named};
use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, auth::Done};

/// Ends somebody's place, downhill only, or the caller's own. That person's next call works in its personal organization;
/// what was assigned to it is assigned to nobody.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemoveMember {
    /// Which organization; the active one where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<Id<id::Organization>>,
    /// Whose place.
    pub member_id: Id<id::Member>,
}

impl Procedure for RemoveMember {
    const NAME: &'static str = "organization.removeMember";
    type Effect = Mutation;
    type Reach = InOrganization;
    // Everybody may remove itself; whom else is decided below.
    const NEEDS: Permission = Permission::ReadOrganization;
    type Output = Done;

    fn organization(&self) -> Option<String> {
        named(self.organization_id)
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Done>> {
        let (organization, me) = cx.hold(Self::NEEDS).await?;
        let members = cx.tenant().members();
        let member = members.find(self.member_id).await?.ok_or(Error::NotFound(Resource::Member))?;
        if member.id != me.id && !me.role.may_remove(member.role) {
            return Err(Error::Forbidden(Denied::InsufficientRole));
        }
        if organization.is_personal {
            return Err(Error::Conflict(Reason::PersonalOrganization));
        }
        keep_an_owner(cx.tenant(), &member).await?;
        members.remove(&member).await?;
        let (member_id, user_id) = (member.id, member.user_id);
        let left = Event::MemberLeft { member_id, user_id };
        let event = if member.id == me.id { left } else { Event::MemberRemoved { member_id, user_id } };
        Ok(Outcome::Changed(Done::new(), event))
    }
}
