use guildhall_domain::{Error, Result, event::Event, text::Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::find::words_of;
use crate::{AtServer, Cx, Mutation, Outcome, Procedure, Served, Tool};

/// Tells the people behind this documentation what is missing in it. Call it when you searched and found no answer, or a
/// wrong one. Never send anything about the user.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportDocsGap {
    /// What you searched for.
    pub query: Text<1, 300>,
    /// What is missing or wrong.
    pub what: Text<1, 2000>,
}

/// A gap that was reported.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GapReported {
    /// Always true; a failure is an error.
    pub reported: bool,
}

impl Procedure for ReportDocsGap {
    const NAME: &'static str = "report_docs_gap";
    type Effect = Mutation;
    type Reach = AtServer;
    const NEEDS: () = ();
    type Output = GapReported;

    async fn run(self, cx: &Cx<'_, AtServer>) -> Result<Outcome<GapReported>> {
        let (server_id, query) = (cx.guest().server().id, self.query.as_str());
        let words = words_of(query);
        if words.is_empty() {
            return Err(Error::field("query", "has no word in it"));
        }
        let what = Some(self.what.as_str());
        let gap_id = cx.tenant().gaps().miss(cx.fresh_id(), server_id, (&words, query), what, cx.now()).await?;
        let event = Event::GapReported { gap_id, server_id, mcp_user_id: cx.guest().person() };
        Ok(Outcome::Changed(GapReported { reported: true }, event))
    }
}

impl Tool for ReportDocsGap {
    const TITLE: &'static str = "Report a gap in the documentation";
    fn offered(server: &Served) -> bool {
        server.has_knowledge
    }
    fn text(_: &GapReported, _: &str) -> String {
        "The people behind this documentation know now. It does not answer the user: say so, or offer other help."
            .to_owned()
    }
}
