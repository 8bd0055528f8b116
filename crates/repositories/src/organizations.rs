//! What an organization is and who belongs to it.

use guildhall_domain::{
    Id, Timestamp,
    access::Role,
    id,
    organizations::{Member, Organization, Owner, Person},
    text::Slug,
    time::Date,
};
use sea_orm::{
    ColumnTrait, EntityTrait, JoinType, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, RelationDef,
    SelectTwo,
    sea_query::{Expr, ExprTrait, OnConflict, SimpleExpr},
};

use crate::{
    Result, Tenant,
    columns::{read, read_option, time, word},
    entities::{member, organization, user},
};

/// What an organization is.
#[derive(Clone, Copy, Debug)]
pub struct Profile<'a>(pub(crate) Tenant<'a>);

/// What a new organization is made from.
#[derive(Clone, Debug)]
pub struct OrganizationRow {
    /// What people call it.
    pub name: String,
    /// Its name in addresses.
    pub slug: Slug,
    /// A sentence about it.
    pub description: Option<String>,
    /// Its picture.
    pub logo_url: Option<String>,
    /// Its home page.
    pub website: Option<String>,
    /// Whether it is one user's own place.
    pub is_personal: bool,
}

impl Profile<'_> {
    /// The organization, unless it was deleted.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find(self) -> Result<Option<Organization>> {
        let living = self.0.select::<organization::Entity>().filter(organization::Column::DeletedAt.is_null());
        living.one(&self.0.executor()).await?.map(Organization::try_from).transpose()
    }

    /// Founds the organization; none where the slug is taken, by a living organization or a deleted one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn found(self, new: OrganizationRow, now: Timestamp) -> Result<Option<Organization>> {
        let row = organization::Model {
            id: self.0.organization.uuid(),
            name: new.name,
            slug: word(&new.slug),
            description: new.description,
            logo_url: new.logo_url,
            website: new.website,
            is_personal: new.is_personal,
            plan: "free".to_owned(),
            created_at: now.millis(),
            updated_at: now.millis(),
            deleted_at: None,
        };
        let free = OnConflict::column(organization::Column::Slug).do_nothing().to_owned();
        let insert = self.0.inserting::<organization::Entity>([row.clone()]).on_conflict(free);
        match insert.exec_without_returning(&self.0.executor()).await? {
            0 => Ok(None),
            _ => Ok(Some(row.try_into()?)),
        }
    }
}

impl TryFrom<organization::Model> for Organization {
    type Error = crate::Error;
    fn try_from(row: organization::Model) -> Result<Self> {
        Ok(Self {
            id: Id::from_uuid(row.id),
            name: row.name,
            slug: read(row.slug)?,
            description: row.description,
            logo_url: row.logo_url,
            website: row.website,
            is_personal: row.is_personal,
            plan: read(row.plan)?,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
        })
    }
}

/// Who belongs to an organization.
#[derive(Clone, Copy, Debug)]
pub struct Members<'a>(pub(crate) Tenant<'a>);

impl Members<'_> {
    /// Gives a user a place.
    ///
    /// # Errors
    /// [`crate::Error::Taken`] where the user has one.
    pub async fn add(self, id: Id<id::Member>, user: Id<id::User>, role: Role, now: Timestamp) -> Result<()> {
        let row = member::Model {
            id: id.uuid(),
            organization_id: self.0.organization.uuid(),
            user_id: user.uuid(),
            role: word(role),
            created_at: now.millis(),
        };
        self.0.insert::<member::Entity>(vec![row]).await
    }

    /// Owners first, then admins, members, viewers; then by joining.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn by_rank(self, offset: u64, limit: u64) -> Result<Vec<Member>> {
        let members = self.with_users().order_by(rank(), Order::Desc).order_by_asc(member::Column::CreatedAt);
        let rows = members.order_by_asc(member::Column::Id).offset(offset).limit(limit).all(&self.0.executor()).await?;
        rows.into_iter().map(read_member).collect()
    }

    /// Everybody, by name, then by address.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn by_name(self) -> Result<Vec<Person>> {
        let name = Expr::col((user::Entity, user::Column::Name));
        let members =
            self.with_users().order_by(name.if_null(Expr::col((user::Entity, user::Column::Email))), Order::Asc);
        let rows = members.order_by_asc(user::Column::Email).all(&self.0.executor()).await?;
        rows.into_iter().filter_map(|(_, user)| user).map(Person::try_from).collect()
    }

    /// Who owns the organization: of several owners, who joined first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn owner(self) -> Result<Option<Owner>> {
        let owners = self.with_users().filter(member::Column::Role.eq(word(Role::Owner)));
        let first = owners.order_by_asc(member::Column::CreatedAt).order_by_asc(member::Column::Id);
        let row = first.one(&self.0.executor()).await?;
        Ok(row.and_then(|(_, user)| user).map(|user| Owner {
            id: Id::from_uuid(user.id),
            name: user.name,
            username: user.username,
            image: user.image,
        }))
    }

    /// Whether that user has a place.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn has(self, user: Id<id::User>) -> Result<bool> {
        let found = self.0.select::<member::Entity>().filter(member::Column::UserId.eq(user.uuid()));
        Ok(found.count(&self.0.executor()).await? > 0)
    }

    /// How many there are.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn count(self) -> Result<u64> {
        Ok(self.0.select::<member::Entity>().count(&self.0.executor()).await?)
    }

    fn with_users(self) -> SelectTwo<member::Entity, user::Entity> {
        self.0.select::<member::Entity>().join(JoinType::InnerJoin, its_user()).select_also(user::Entity)
    }
}

fn its_user() -> RelationDef {
    member::Entity::belongs_to(user::Entity).from(member::Column::UserId).to(user::Column::Id).into()
}

/// A member's rank as a number, so that the database can sort by it.
pub(crate) fn rank() -> SimpleExpr {
    let role = || Expr::col((member::Entity, member::Column::Role));
    let case = Expr::case(role().eq("owner"), 3).case(role().eq("admin"), 2).case(role().eq("member"), 1);
    case.finally(0).into()
}

fn read_member((member, user): (member::Model, Option<user::Model>)) -> Result<Member> {
    let user = user.ok_or_else(|| crate::Error::Unreadable("a member without a user".to_owned()))?;
    Ok(Member {
        id: Id::from_uuid(member.id),
        user_id: Id::from_uuid(member.user_id),
        role: read(member.role)?,
        created_at: Date(time(member.created_at)),
        name: user.name,
        email: read(user.email)?,
        image: user.image,
    })
}

impl TryFrom<user::Model> for Person {
    type Error = crate::Error;
    fn try_from(user: user::Model) -> Result<Self> {
        Ok(Self {
            id: Id::from_uuid(user.id),
            name: user.name,
            email: read(user.email)?,
            image: read_option(user.image)?,
        })
    }
}
