use guildhall_domain::{Error, Id, Resource, Result, access::Permission, error::Denied, event::Event, id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, auth::Done};

/// Deletes a comment for good: one's own, or, for an admin, anybody's. What was mailed stays in the mailbox it went to.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeleteComment {
    /// Which comment.
    pub activity_id: Id<id::Activity>,
}

impl Procedure for DeleteComment {
    const NAME: &'static str = "supportTickets.deleteComment";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WorkTickets;
    type Output = Done;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Done>> {
        let stored = super::find_comment(cx.tenant(), self.activity_id).await?;
        if stored.author != Some(cx.user()) && !cx.role().may(Permission::ManageTickets) {
            return Err(Error::Forbidden(Denied::NotAuthor));
        }
        if !cx.tenant().tickets().strike(&stored.activity).await? {
            return Err(Error::NotFound(Resource::Activity));
        }
        let event = Event::CommentDeleted { ticket_id: stored.ticket, activity_id: stored.activity.id };
        Ok(Outcome::Changed(Done::new(), event))
    }
}
