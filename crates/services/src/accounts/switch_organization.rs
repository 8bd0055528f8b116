use guildhall_domain::{Error, Id, Result, error::Denied, event::Event, id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, Mutation, Outcome, Procedure, SignedIn};

/// Makes an organization the one that this session and the next sign-ins work in; none means the personal one.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SwitchOrganization {
    /// To which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<Id<id::Organization>>,
}

/// Where calls work now.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Switched {
    /// Always true; a failure is an error.
    pub success: bool,
    /// The active organization.
    pub organization_id: Id<id::Organization>,
    /// The same as a sentence.
    pub message: String,
}

impl Procedure for SwitchOrganization {
    const NAME: &'static str = "account.switchOrganization";
    type Effect = Mutation;
    type Reach = SignedIn;
    const NEEDS: () = ();
    type Output = Switched;

    async fn run(self, cx: &Cx<'_, SignedIn>) -> Result<Outcome<Switched>> {
        let session_id = cx.admission().session.ok_or(Error::Unauthenticated)?;
        let found = cx.person().belongs_to(self.organization_id).await?;
        let (organization, _) = found.ok_or(Error::Forbidden(Denied::NotYours))?;
        let message = format!("Now working in {}.", organization.name);
        let switched = Switched { success: true, organization_id: organization.id, message };
        let there = [cx.admission().chosen_organization, cx.person().default_organization().await?];
        if there == [Some(organization.id); 2] {
            return Ok(Outcome::Unchanged(switched));
        }
        cx.person().activate(session_id, organization.id, cx.now()).await?;
        let event = Event::OrganizationSwitched { session_id, organization_id: organization.id };
        Ok(Outcome::Changed(switched, event))
    }
}
