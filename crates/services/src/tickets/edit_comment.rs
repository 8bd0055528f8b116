use guildhall_domain::{
    Error, Id, Issue, Resource, Result,
    access::Permission,
    error::Denied,
    event::Event,
    id,
    text::Text,
    tickets::{Activity, ContentType},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Writes a comment of one's own anew. What was mailed is not mailed again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditComment {
    /// Which comment.
    pub activity_id: Id<id::Activity>,
    /// What it says.
    pub content: Text<1, 10_000>,
    /// How that is written; as before where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<ContentType>,
}

impl Procedure for EditComment {
    const NAME: &'static str = "supportTickets.editComment";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WorkTickets;
    type Output = Activity;

    fn check(&self) -> Vec<Issue> {
        self.content_type.map(|content_type| super::unfit(&self.content, content_type)).unwrap_or_default()
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Activity>> {
        let stored = super::find_comment(cx.tenant(), self.activity_id).await?;
        if stored.author != Some(cx.user()) {
            return Err(Error::Forbidden(Denied::NotAuthor));
        }
        let before = stored.activity;
        let content_type = self.content_type.unwrap_or(before.content_type);
        let issues = super::unfit(&self.content, content_type);
        if !issues.is_empty() {
            return Err(Error::BadRequest(issues));
        }
        if (before.content.as_str(), before.content_type) == (self.content.as_str(), content_type) {
            return Ok(Outcome::Unchanged(before));
        }
        let after = Activity { content: self.content.into(), content_type, edited_at: Some(cx.now()), ..before };
        if !cx.tenant().tickets().rewrite(&after, cx.now()).await? {
            return Err(Error::NotFound(Resource::Activity));
        }
        let event = Event::CommentEdited { ticket_id: stored.ticket, activity_id: after.id };
        Ok(Outcome::Changed(after, event))
    }
}
