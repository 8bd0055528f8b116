use guildhall_domain::{
    Error, Id, Resource, Result,
    access::{Permission, Role},
    error::Denied,
    event::Event,
    id,
    organizations::Member,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{keep_an_owner, named};
use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Gives somebody another role, downhill only; who manages people may step down itself.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateMemberRole {
    /// Which organization; the active one where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<Id<id::Organization>>,
    /// Whose role.
    pub member_id: Id<id::Member>,
    /// Its new role.
    pub role: Role,
}

impl Procedure for UpdateMemberRole {
    const NAME: &'static str = "organization.updateMemberRole";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ManagePeople;
    type Output = Member;

    fn organization(&self) -> Option<String> {
        named(self.organization_id)
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Member>> {
        let (_, me) = cx.hold(Self::NEEDS).await?;
        let members = cx.tenant().members();
        let member = members.find(self.member_id).await?.ok_or(Error::NotFound(Resource::Member))?;
        let own = member.id == me.id;
        let may = if own { me.role.may_become(self.role) } else { me.role.may_change(member.role, self.role) };
        if !may {
            return Err(Error::Forbidden(Denied::InsufficientRole));
        }
        if member.role == self.role {
            return Ok(Outcome::Unchanged(member));
        }
        keep_an_owner(cx.tenant(), &member).await?;
        let changed = members.change(&member, self.role).await?;
        let event = Event::MemberRoleChanged { member_id: member.id, from: member.role, to: self.role };
        Ok(Outcome::Changed(changed, event))
    }
}
