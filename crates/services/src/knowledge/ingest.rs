use std::collections::HashSet;

use guildhall_domain::{
    Error, Id, Issue, Result, access::Permission, error::Reason, event::Event, id, knowledge::NewDocument, text::Text,
};
use guildhall_repositories::NewIngestion;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, jobs::Job};

/// Hands documents in to a namespace. They are kept at once and read by a job: `knowledge.getJob` says how far it is. By
/// path: what is there already, the same, is skipped, and anything else replaces it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ingest {
    /// Into which namespace.
    pub namespace_id: Id<id::Namespace>,
    /// The documents; larger amounts go as an archive.
    #[schemars(length(min = 1, max = 500))]
    pub documents: Vec<NewDocument>,
    /// Whether what is not among these documents is removed, once they are read.
    #[serde(default)]
    pub prune: bool,
    /// Only what has a path that begins so is removed; every path given must begin so as well.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub prune_below: Text<0, 500>,
}

pub(super) fn is_empty(text: &Text<0, 500>) -> bool {
    text.as_str().is_empty()
}

/// Documents that were handed in.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Handed {
    /// The job that reads them.
    pub job_id: Id<id::Job>,
}

/// As many jobs of one organization as wait or are being done.
const MOST_OPEN: u64 = 100;

impl Procedure for Ingest {
    const NAME: &'static str = "knowledge.ingest";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteKnowledge;
    type Output = Handed;
    /// Some hundred long pages; whole books are archives.
    const MOST_BYTES: Option<usize> = Some(8 * 1024 * 1024);

    fn check(&self) -> Vec<Issue> {
        let mut seen = HashSet::new();
        let mut issues = Vec::new();
        for (index, document) in self.documents.iter().enumerate() {
            let at = || ["documents".into(), index.into(), "path".into()];
            if !seen.insert(&document.path) {
                issues.push(Issue::at(at(), "named twice"));
            }
            if self.prune && !document.path.as_str().starts_with(self.prune_below.as_str()) {
                issues.push(Issue::at(at(), "does not begin with pruneBelow"));
            }
        }
        issues
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Handed>> {
        let namespace = super::find_namespace(cx.tenant(), self.namespace_id).await?.namespace.id;
        let prune_below = self.prune.then(|| self.prune_below.into());
        let job_id = begin(cx, namespace, prune_below, self.documents.len()).await?;
        let item = |document: &NewDocument| {
            let kept = serde_json::to_string(document).map_err(Error::internal)?;
            Ok((document.path.to_string(), kept))
        };
        let items = self.documents.iter().map(item).collect::<Result<Vec<_>>>()?;
        cx.tenant().ingestions().add_items(job_id, items).await?;
        let event = Event::DocumentsHandedIn { namespace_id: namespace, job_id };
        Ok(Outcome::Changed(Handed { job_id }, event))
    }
}

/// Writes down that documents were handed in, and the job that reads them; they have that job's id.
pub(super) async fn begin(
    cx: &Cx<'_, InOrganization>,
    namespace: Id<id::Namespace>,
    prune_below: Option<String>,
    total: usize,
) -> Result<Id<id::Job>> {
    if cx.tenant().ingestions().count_open().await? >= MOST_OPEN {
        return Err(Error::Conflict(Reason::TooManyJobs));
    }
    let id = cx.enqueue(Job::Ingestion, Some(cx.tenant().id())).await?;
    cx.tenant().ingestions().begin(NewIngestion { id, namespace, prune_below, total }, cx.now()).await?;
    Ok(id)
}
