//! An organization's offers to join.

use guildhall_domain::{
    Id, Timestamp,
    access::Role,
    id,
    organizations::{Invitation, InvitationStatus, Inviter},
    page::{Cursor, Page, PageRequest},
    text::Email,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, RelationDef,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use crate::{
    Result, Tenant,
    columns::{read, time, word},
    entities::{
        invitation::{self, Column},
        user,
    },
};

/// An organization's offers to join.
#[derive(Clone, Copy, Debug)]
pub struct Invitations<'a>(pub(crate) Tenant<'a>);

/// An offer as it is kept.
#[derive(Clone, Debug)]
pub struct StoredInvitation {
    /// Its id.
    pub id: Id<id::Invitation>,
    /// Who may join.
    pub organization: Id<id::Organization>,
    /// Who is asked.
    pub email: Email,
    /// With what standing.
    pub role: Role,
    /// What was last said about it.
    pub status: InvitationStatus,
    /// What the inviter wants to say.
    pub message: Option<String>,
    /// Who asks; none where that account is gone.
    pub inviter: Option<Id<id::User>>,
    /// The hash of its token.
    pub token_hash: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

impl StoredInvitation {
    /// What it is now: one that nobody answered in time is over.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> InvitationStatus {
        match self.status {
            InvitationStatus::Pending if self.expires_at <= now => InvitationStatus::Expired,
            status => status,
        }
    }
}

impl Invitations<'_> {
    /// Keeps an offer; false where one to that address stands.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn offer(self, new: &StoredInvitation) -> Result<bool> {
        let lapsed = self
            .0
            .update::<invitation::Entity>()
            .col_expr(Column::Status, Expr::value(word(InvitationStatus::Expired)))
            .filter(Column::Email.eq(new.email.as_str()))
            .filter(Column::Status.eq(word(InvitationStatus::Pending)))
            .filter(Column::ExpiresAt.lte(new.created_at.millis()));
        lapsed.exec(&self.0.executor()).await?;
        let row = invitation::Model {
            id: new.id.uuid(),
            organization_id: self.0.organization.uuid(),
            email: new.email.as_str().to_owned(),
            role: word(new.role),
            status: word(new.status),
            message: new.message.clone(),
            inviter_id: new.inviter.map(Id::uuid),
            token_hash: new.token_hash.clone(),
            created_at: new.created_at.millis(),
            expires_at: new.expires_at.millis(),
        };
        let asked = OnConflict::columns([Column::OrganizationId, Column::Email])
            // Written out: PostgreSQL compares it with the index's own condition.
            .target_and_where(Expr::cust("status = 'pending'"))
            .do_nothing()
            .to_owned();
        let insert = self.0.inserting::<invitation::Entity>([row]).on_conflict(asked);
        Ok(insert.exec_without_returning(&self.0.executor()).await? == 1)
    }

    /// The offer, unless it is missing or somebody else's.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find(self, id: Id<id::Invitation>) -> Result<Option<StoredInvitation>> {
        let row = self.0.select::<invitation::Entity>().filter(Column::Id.eq(id.uuid()));
        row.one(&self.0.executor()).await?.map(StoredInvitation::try_from).transpose()
    }

    /// Whether that address has been asked and may still answer.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn stands_for(self, email: &Email, now: Timestamp) -> Result<bool> {
        let found = self.0.select::<invitation::Entity>().filter(Column::Email.eq(email.as_str()));
        Ok(found.filter(standing(now)).count(&self.0.executor()).await? > 0)
    }

    /// When the offer was made that came `count`th, counted back from the last; none where there are fewer.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn made_before_the_last(self, count: u64) -> Result<Option<Timestamp>> {
        let newest = self.0.select::<invitation::Entity>().order_by_desc(Column::CreatedAt);
        let row = newest.offset(count.saturating_sub(1)).limit(1).one(&self.0.executor()).await?;
        Ok(row.map(|row| time(row.created_at)))
    }

    /// Offers of that status, the newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn list(self, status: InvitationStatus, page: PageRequest, now: Timestamp) -> Result<Page<Invitation>> {
        let wanted = match status {
            InvitationStatus::Pending => standing(now),
            InvitationStatus::Expired => {
                let late = Column::Status.eq(word(InvitationStatus::Pending)).and(Column::ExpiresAt.lte(now.millis()));
                Condition::any().add(Column::Status.eq(word(status))).add(late)
            }
            _ => Condition::all().add(Column::Status.eq(word(status))),
        };
        let mut select = self.0.select::<invitation::Entity>().filter(wanted);
        if let Some(cursor) = page.cursor {
            select = select.filter(Column::Id.lt(cursor.id));
        }
        let select = select.join(JoinType::LeftJoin, its_inviter()).select_also(user::Entity);
        let rows = select.order_by_desc(Column::Id).limit(page.limit.saturating_add(1)).all(&self.0.executor()).await?;
        let shown = rows.into_iter().map(|(row, inviter)| shown(row.try_into()?, inviter, now));
        let shown = shown.collect::<Result<Vec<Invitation>>>()?;
        Ok(Page::cut(shown, page.limit, |last| Cursor { key: 0, id: last.id.uuid() }))
    }

    /// The offer as its organization sees it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn show(self, id: Id<id::Invitation>, now: Timestamp) -> Result<Option<Invitation>> {
        let one = self.0.select::<invitation::Entity>().filter(Column::Id.eq(id.uuid()));
        let found =
            one.join(JoinType::LeftJoin, its_inviter()).select_also(user::Entity).one(&self.0.executor()).await?;
        found.map(|(row, inviter)| shown(row.try_into()?, inviter, now)).transpose()
    }

    /// Gives a standing offer its last status; false where it stands no more, and nothing is changed. One statement, so
    /// that of two answers one counts.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn settle(self, offer: &StoredInvitation, status: InvitationStatus, now: Timestamp) -> Result<bool> {
        let settle = self
            .0
            .update::<invitation::Entity>()
            .col_expr(Column::Status, Expr::value(word(status)))
            .filter(Column::Id.eq(offer.id.uuid()))
            .filter(Column::TokenHash.eq(offer.token_hash.clone()))
            .filter(standing(now));
        Ok(settle.exec(&self.0.executor()).await?.rows_affected == 1)
    }

    /// Renews a pending offer, late or not, with the token, inviter and time of `renewed`; false where it was answered.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn renew(self, renewed: &StoredInvitation) -> Result<bool> {
        let renew = self
            .0
            .update::<invitation::Entity>()
            .col_expr(Column::TokenHash, Expr::value(renewed.token_hash.clone()))
            .col_expr(Column::InviterId, Expr::value(renewed.inviter.map(Id::uuid)))
            .col_expr(Column::ExpiresAt, Expr::value(renewed.expires_at.millis()))
            .filter(Column::Id.eq(renewed.id.uuid()))
            .filter(Column::Status.eq(word(InvitationStatus::Pending)));
        Ok(renew.exec(&self.0.executor()).await?.rows_affected == 1)
    }
}

fn standing(now: Timestamp) -> Condition {
    let pending = Column::Status.eq(word(InvitationStatus::Pending));
    Condition::all().add(pending).add(Column::ExpiresAt.gt(now.millis()))
}

fn its_inviter() -> RelationDef {
    invitation::Entity::belongs_to(user::Entity).from(Column::InviterId).to(user::Column::Id).into()
}

fn shown(offer: StoredInvitation, inviter: Option<user::Model>, now: Timestamp) -> Result<Invitation> {
    let read_inviter = |user: user::Model| -> Result<Inviter> {
        Ok(Inviter { id: Id::from_uuid(user.id), name: user.name, email: read(user.email)? })
    };
    Ok(Invitation {
        id: offer.id,
        status: offer.status(now),
        email: offer.email,
        role: offer.role,
        message: offer.message,
        inviter: inviter.map(read_inviter).transpose()?,
        created_at: offer.created_at,
        expires_at: offer.expires_at,
    })
}

impl TryFrom<invitation::Model> for StoredInvitation {
    type Error = crate::Error;
    fn try_from(row: invitation::Model) -> Result<Self> {
        Ok(Self {
            id: Id::from_uuid(row.id),
            organization: Id::from_uuid(row.organization_id),
            email: read(row.email)?,
            role: read(row.role)?,
            status: read(row.status)?,
            message: row.message,
            inviter: row.inviter_id.map(Id::from_uuid),
            token_hash: row.token_hash,
            created_at: time(row.created_at),
            expires_at: time(row.expires_at),
        })
    }
}
