//! What a feed is: a procedure's sibling that answers again and again, until the caller leaves or may no longer listen.

use guildhall_domain::{Error, Id, Result, access::Permission, id};
use guildhall_repositories::{NumberedEvent, Tenant};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    App, Caller, InOrganization, Reach,
    caller::Proof,
    reach::{Door, Known},
};
use crate::{
    auth::Signed,
    live::{Following, Place, Who, tokens},
};

/// Something that can be followed in one organization. The implementing struct is the input, its doc comment the manual's
/// entry. Feeds tell what is in the event log and nothing else, so whoever was away reads there what it missed.
pub trait Feed: Clone + Serialize + DeserializeOwned + JsonSchema + Send + Sync + Sized + 'static {
    /// `namespace.name`
    const NAME: &'static str;
    /// What the caller must be allowed to do in the organization, for as long as it follows.
    const NEEDS: Permission;
    /// What it tells; an object.
    type Item: Serialize + JsonSchema + Send + Sync + 'static;

    /// The organization that the input names by id or slug, where it names one; else it is the caller's.
    fn organization(&self) -> Option<String> {
        None
    }

    /// What there is to tell of `events`, in their order, each with the number of its event.
    fn tell(
        tenant: Tenant<'_>,
        events: &[NumberedEvent],
    ) -> impl Future<Output = Result<Vec<(i64, Self::Item)>>> + Send;
}

impl App {
    /// Follows a feed: what happened after the event of number `since`, then what happens, each once and in order. Without
    /// `since`, and where there is no such event yet, from now on.
    ///
    /// # Errors
    /// As for a query that needs the same.
    pub async fn follow<F: Feed>(&self, caller: &Caller, feed: F, since: Option<i64>) -> Result<Following> {
        self.keys().keep_fresh().await?;
        let (known, named) = self.recognize(caller).await?;
        let named = named.map(|organization| organization.to_string()).or_else(|| feed.organization());
        let access = self.database().read();
        let door = Door { app: self, access: &access, caller, known: &known, named: named.as_deref(), writes: false };
        let InOrganization { organization, .. } = InOrganization::admit(door, F::NEEDS).await?;
        let who = match known {
            Known::Session(signed) | Known::OwnPage(signed, _) => Who::Session(signed.session),
            Known::User(user) => Who::User(user),
            Known::Nobody => return Err(Error::Unauthenticated),
        };
        let head = access.tenant(organization).events().head().await?;
        let place = Place { who, organization, needs: F::NEEDS };
        Ok(Following::begin::<F>(self, place, head, since.map_or(head, |since| since.min(head))))
    }

    /// Who follows; a token for following is used up, and says where.
    async fn recognize(&self, caller: &Caller) -> Result<(Known, Option<Id<id::Organization>>)> {
        let Proof::LiveToken(token) = &caller.proof else {
            return Ok((Known::of::<InOrganization>(self, caller).await?, None));
        };
        let hash = tokens::hash_of(token);
        // What was never one does not wait for the writer.
        if !self.database().read().system().is_live_token(&hash).await? {
            return Err(Error::Unauthenticated);
        }
        let access = self.database().write().await?;
        let used = access.system().use_live_token(&hash, self.now()).await?;
        access.commit().await?;
        let used = used.ok_or(Error::Unauthenticated)?;
        let user = used.user;
        let known = used.session.map_or(Known::User(user), |session| Known::Session(Signed { user, session }));
        Ok((known, Some(used.organization)))
    }
}
