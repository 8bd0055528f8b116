//! One user's own rows: the account, its sign-ins, and the one question that crosses organizations: which are mine?
#![expect(clippy::disallowed_methods, reason = "starts from the user; every statement here names it")]

mod account;

use guildhall_domain::{
    Id, Timestamp,
    access::Role,
    accounts::User,
    id,
    organizations::{Belonging, Membership, Organization},
};
use sea_orm::{
    ColumnTrait, EntityTrait, JoinType, Order, QueryFilter, QueryOrder, QuerySelect, RelationDef, SelectTwo,
    sea_query::{Expr, ExprTrait},
};

use crate::{
    Result,
    columns::{read, time},
    database::Access,
    entities::{member, organization, session, user},
    organizations::rank,
};

/// One user's own rows.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    pub(crate) access: &'a Access,
    pub(crate) user: Id<id::User>,
}

impl Person<'_> {
    /// Whose.
    #[must_use]
    pub const fn id(self) -> Id<id::User> {
        self.user
    }

    /// The account.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn account(self) -> Result<Option<User>> {
        let row = user::Entity::find_by_id(self.user.uuid()).one(&self.access.executor()).await?;
        row.map(User::try_from).transpose()
    }

    /// The organization that the next sign-in will work in.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn default_organization(self) -> Result<Option<Id<id::Organization>>> {
        let row = user::Entity::find_by_id(self.user.uuid()).one(&self.access.executor()).await?;
        Ok(row.and_then(|row| row.default_organization_id).map(Id::from_uuid))
    }

    /// The organizations that the user belongs to: as owner first, then as admin, then the rest; then by joining.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn organizations(self) -> Result<Vec<Belonging>> {
        let standing: Expr = Expr::case(rank().lt(2), 0).finally(rank()).into();
        let mine = self.living().order_by(standing, Order::Desc);
        let rows = mine.order_by_asc(member::Column::CreatedAt).order_by_asc(member::Column::Id);
        rows.all(&self.access.executor()).await?.into_iter().map(belonging).collect()
    }

    /// The organization of that id, or the personal one, with the user's role there; none for a stranger.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn belongs_to(self, organization: Option<Id<id::Organization>>) -> Result<Option<(Organization, Role)>> {
        let mine = match organization {
            Some(id) => self.living().filter(organization::Column::Id.eq(id.uuid())),
            None => self.living().filter(organization::Column::IsPersonal.eq(true)),
        };
        self.one(mine).await
    }

    async fn one(self, mine: SelectTwo<member::Entity, organization::Entity>) -> Result<Option<(Organization, Role)>> {
        let Some((member, Some(organization))) = mine.one(&self.access.executor()).await? else { return Ok(None) };
        Ok(Some((organization.try_into()?, read(member.role)?)))
    }

    /// Makes `organization` the one that this session and the next sign-ins work in.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn activate(
        self,
        session: Id<id::Session>,
        organization: Id<id::Organization>,
        now: Timestamp,
    ) -> Result<()> {
        // The account first, as whatever ends its sessions does: so nobody waits in a circle.
        let prefer = user::Entity::update_many()
            .col_expr(user::Column::DefaultOrganizationId, Expr::value(organization.uuid()))
            .col_expr(user::Column::UpdatedAt, Expr::value(now.millis()))
            .filter(user::Column::Id.eq(self.user.uuid()));
        prefer.exec(&self.access.executor()).await?;
        let switch = session::Entity::update_many()
            .col_expr(session::Column::ActiveOrganizationId, Expr::value(organization.uuid()))
            .filter(session::Column::Id.eq(session.uuid()))
            .filter(session::Column::UserId.eq(self.user.uuid()));
        switch.exec(&self.access.executor()).await?;
        Ok(())
    }

    /// The user's place in the personal organization.
    pub(crate) async fn place_at_home(self) -> Result<Option<(Id<id::Organization>, Id<id::Member>, Role)>> {
        let home = self.living().filter(organization::Column::IsPersonal.eq(true)).one(&self.access.executor()).await?;
        let place = |(member, _): (member::Model, _)| {
            Ok((Id::from_uuid(member.organization_id), Id::from_uuid(member.id), read(member.role)?))
        };
        home.map(place).transpose()
    }

    /// Ends one of the user's sessions; false where it had ended.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn end_session(self, session: Id<id::Session>, now: Timestamp) -> Result<bool> {
        let end = session::Entity::update_many()
            .col_expr(session::Column::EndedAt, Expr::value(now.millis()))
            .filter(session::Column::Id.eq(session.uuid()))
            .filter(session::Column::UserId.eq(self.user.uuid()))
            .filter(session::Column::EndedAt.is_null());
        Ok(end.exec(&self.access.executor()).await?.rows_affected == 1)
    }

    fn living(self) -> SelectTwo<member::Entity, organization::Entity> {
        member::Entity::find()
            .join(JoinType::InnerJoin, its_organization())
            .filter(member::Column::UserId.eq(self.user.uuid()))
            .filter(organization::Column::DeletedAt.is_null())
            .select_also(organization::Entity)
    }
}

fn its_organization() -> RelationDef {
    member::Entity::belongs_to(organization::Entity)
        .from(member::Column::OrganizationId)
        .to(organization::Column::Id)
        .into()
}

fn belonging((member, organization): (member::Model, Option<organization::Model>)) -> Result<Belonging> {
    let organization = organization.ok_or_else(|| crate::Error::Unreadable("a member of nothing".to_owned()))?;
    let role: Role = read(member.role)?;
    Ok(Belonging {
        id: Id::from_uuid(organization.id),
        name: organization.name,
        slug: read(organization.slug)?,
        logo_url: organization.logo_url,
        description: organization.description,
        is_personal: organization.is_personal,
        membership: Membership {
            id: Id::from_uuid(member.id),
            role,
            joined_at: time(member.created_at),
            permissions: role.permissions().collect(),
        },
    })
}

impl TryFrom<user::Model> for User {
    type Error = crate::Error;
    fn try_from(row: user::Model) -> Result<Self> {
        Ok(Self {
            id: Id::from_uuid(row.id),
            email: read(row.email)?,
            name: row.name,
            username: row.username,
            image: row.image,
            email_verified: row.email_verified,
            created_at: time(row.created_at),
        })
    }
}
