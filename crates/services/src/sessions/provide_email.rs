use guildhall_domain::{
    Error, Id, Result,
    event::Event,
    id,
    mail::Matter,
    mcp_servers::AuthType,
    text::{Email, Text},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    AtServer, Cx, Mutation, Outcome, Procedure, Served, Tool,
    mailed_codes::{LIFE, MOST_TRIES},
};

/// Says who the user is: ask the user for an email address first, never make one up. A code of six digits is mailed to it;
/// call this again with the same address and the code that the user reads there. Only then does the rest of this server
/// answer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProvideEmail {
    /// The user's own address.
    pub email: Email,
    /// The code from the letter; left out: one is mailed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Text<1, 20>>,
}

/// How far the user has come.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Provided {
    /// What was done.
    pub status: ProvidedStatus,
    /// Who the user turned out to be.
    #[serde(skip)]
    pub(crate) person: Option<Id<id::McpUser>>,
}

/// What was done about an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProvidedStatus {
    /// A code is on its way.
    CodeMailed,
    /// The address is the user's.
    Verified,
}

impl Procedure for ProvideEmail {
    const NAME: &'static str = "provide_email";
    type Effect = Mutation;
    type Reach = AtServer;
    const NEEDS: () = ();
    type Output = Provided;

    async fn run(self, cx: &Cx<'_, AtServer>) -> Result<Outcome<Provided>> {
        match &self.code {
            None => self.mail_code(cx).await,
            Some(code) => self.verify(cx, code.as_str()).await,
        }
    }
}

impl ProvideEmail {
    async fn mail_code(&self, cx: &Cx<'_, AtServer>) -> Result<Outcome<Provided>> {
        let (guest, limits) = (cx.guest(), &cx.settings().limits);
        cx.count("code", self.email.as_str(), limits.code_recipient).await?;
        cx.count("codes at", &guest.server().id.to_string(), limits.code_server).await?;
        let (code, proof) = cx.app().mailed_code(guest.person().uuid().as_bytes());
        let expires_at = cx.now().plus(LIFE);
        cx.tenant().mcp_users().claim(guest.person(), &self.email, proof, expires_at).await?;
        let organization = cx.tenant().profile().find().await?.map(|organization| organization.name);
        let matter = Matter::SignInCode {
            server: guest.server().name.clone(),
            organization: organization.unwrap_or_default(),
            site: cx.settings().server_url(guest.server().slug.as_str()),
            code,
            expires_at,
        };
        cx.post_from(cx.tenant().id(), self.email.clone(), matter).await?;
        let event = Event::McpUserCodeMailed { mcp_user_id: guest.person(), server_id: guest.server().id };
        Ok(Outcome::Changed(Provided { status: ProvidedStatus::CodeMailed, person: None }, event))
    }

    async fn verify(&self, cx: &Cx<'_, AtServer>, code: &str) -> Result<Outcome<Provided>> {
        let (from, server_id) = (cx.guest().person(), cx.guest().server().id);
        let users = cx.tenant().mcp_users();
        let Some(proof) = users.try_claim(from, &self.email, MOST_TRIES, cx.now()).await? else {
            return Err(Error::field(
                "code",
                "no code works for this address (any more): leave it out to have one mailed",
            ));
        };
        if !cx.app().is_mailed_code(from.uuid().as_bytes(), code, &proof) {
            let event = Event::McpUserCodeRefused { mcp_user_id: from, server_id };
            return Ok(Outcome::Refused(Error::field("code", "is not the code from the letter"), event));
        }
        let person = users.of_email(cx.fresh_id(), &self.email, cx.now()).await?;
        if users.merge(from, person, cx.fresh_id()).await? {
            cx.note(cx.tenant().id(), Event::McpUserMerged { from, into: person }).await?;
        }
        let event = Event::McpUserSignedIn { mcp_user_id: person, server_id };
        Ok(Outcome::Changed(Provided { status: ProvidedStatus::Verified, person: Some(person) }, event))
    }
}

impl Tool for ProvideEmail {
    const TITLE: &'static str = "Provide an email address";
    const BEFORE_EMAIL: bool = true;
    fn offered(server: &Served) -> bool {
        server.auth_type == AuthType::CollectEmail
    }
    fn text(output: &Provided, _: &str) -> String {
        match output.status {
            ProvidedStatus::CodeMailed => {
                "A code of six digits is on its way to that address and works for ten minutes. Ask the user for it, then \
                 call provide_email again with the same email and the code."
            }
            ProvidedStatus::Verified => "The address is verified. Everything else answers now: go on.",
        }
        .to_owned()
    }
    fn person(output: &Provided) -> Option<Id<id::McpUser>> {
        output.person
    }
}
