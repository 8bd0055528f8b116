use guildhall_domain::{
    Error, Id, Resource, Result,
    access::Permission,
    id,
    page::{Cursor, Page, PageLimit, PageRequest},
    text::Text,
    walkthroughs::{Assignment, Document, PersonProgress, Step, Walkthrough, WalkthroughStatus, WalkthroughType},
};
use guildhall_repositories::WalkthroughFilter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Procedure, Query, mcp_servers};

/// The organization's walkthroughs, the newest first.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListWalkthroughs {
    /// How many.
    #[serde(default)]
    pub limit: PageLimit,
    /// After which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// Of this status only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<WalkthroughStatus>,
    /// Of this type only.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<WalkthroughType>,
    /// With these words in the title or the description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Text<1, 10_000>>,
}

impl Procedure for ListWalkthroughs {
    const NAME: &'static str = "walkthrough.list";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadWalkthroughs;
    type Output = Page<Walkthrough>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Page<Walkthrough>> {
        let filter = WalkthroughFilter { status: self.status, kind: self.kind, search: self.search.map(String::from) };
        Ok(cx.tenant().walkthroughs().list(filter, PageRequest::new(self.limit, self.cursor)).await?)
    }
}

/// One walkthrough with its steps.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetWalkthrough {
    /// Which walkthrough.
    pub walkthrough_id: Id<id::Walkthrough>,
}

/// A walkthrough with its steps, in order.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct WalkthroughWithSteps {
    /// The walkthrough.
    #[serde(flatten)]
    pub walkthrough: Walkthrough,
    /// Its steps.
    pub steps: Vec<Step>,
}

impl Procedure for GetWalkthrough {
    const NAME: &'static str = "walkthrough.get";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadWalkthroughs;
    type Output = WalkthroughWithSteps;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<WalkthroughWithSteps> {
        let walkthrough = super::find(cx.tenant(), self.walkthrough_id).await?;
        let steps = cx.tenant().walkthroughs().steps(walkthrough.id).await?;
        Ok(WalkthroughWithSteps { walkthrough, steps })
    }
}

/// A whole walkthrough as one document that `walkthrough.import` takes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportWalkthrough {
    /// Which walkthrough.
    pub walkthrough_id: Id<id::Walkthrough>,
}

impl Procedure for ExportWalkthrough {
    const NAME: &'static str = "walkthrough.export";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadWalkthroughs;
    type Output = Document;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Document> {
        let stored = cx.tenant().walkthroughs().document(self.walkthrough_id).await?;
        let stored = stored.ok_or(Error::NotFound(Resource::Walkthrough))?;
        let metadata = (stored.document_metadata, stored.metadata);
        Ok(Document::of(&stored.walkthrough, stored.steps, metadata, cx.now()))
    }
}

/// What a server offers, in its order, with what is switched off.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListForServer {
    /// Which server.
    pub server_id: Id<id::McpServer>,
}

impl Procedure for ListForServer {
    const NAME: &'static str = "walkthrough.listForServer";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadWalkthroughs;
    type Output = Vec<Assignment>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Vec<Assignment>> {
        let server = mcp_servers::find(cx.tenant(), self.server_id).await?;
        Ok(cx.tenant().assignments().of(&server).await?)
    }
}

/// Who is where in a walkthrough, the last begun first: of each person the latest run on each server. What was done counts
/// while its step exists.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetProgress {
    /// How many.
    #[serde(default)]
    pub limit: PageLimit,
    /// After which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// In which walkthrough.
    pub walkthrough_id: Id<id::Walkthrough>,
}

impl Procedure for GetProgress {
    const NAME: &'static str = "walkthrough.getProgress";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadWalkthroughs;
    type Output = Page<PersonProgress>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Page<PersonProgress>> {
        let walkthrough = super::find(cx.tenant(), self.walkthrough_id).await?;
        Ok(cx.tenant().runs().progress(&walkthrough, PageRequest::new(self.limit, self.cursor)).await?)
    }
}
