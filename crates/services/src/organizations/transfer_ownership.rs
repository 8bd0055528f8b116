use guildhall_domain::{
    Error, Id, Resource, Result,
    access::{Permission, Role},
    event::Event,
    id,
    organizations::Member,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Hands the active organization over: somebody else becomes owner, and the caller admin.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TransferOwnership {
    /// Who becomes owner.
    pub member_id: Id<id::Member>,
}

impl Procedure for TransferOwnership {
    const NAME: &'static str = "organization.transferOwnership";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::RuleOrganization;
    type Output = Member;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Member>> {
        let (organization, me) = cx.hold(Self::NEEDS).await?;
        let members = cx.tenant().members();
        let heir = members.find(self.member_id).await?.ok_or(Error::NotFound(Resource::Member))?;
        if heir.id == me.id {
            return Err(Error::field("memberId", "is yourself"));
        }
        let heir = members.change(&heir, Role::Owner).await?;
        members.change(&me, Role::Admin).await?;
        let event = Event::OwnershipTransferred { organization_id: organization.id, member_id: heir.id };
        Ok(Outcome::Changed(heir, event))
    }
}
