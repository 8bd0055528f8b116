//! What an organization is and who belongs to it.

use guildhall_domain::{
    Id, Timestamp,
    access::Role,
    id,
    organizations::{Member, Organization, Owner, Person},
    text::{Email, Slug},
    time::Date,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, JoinType, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    RelationDef, SelectTwo,
    sea_query::{Expr, ExprTrait, LockType, OnConflict, SimpleExpr},
};
use uuid::Uuid;

use crate::{
    Result, Tenant,
    columns::{read, read_option, time, word},
    entities::{member, organization, ticket, user},
    error::of_somebody,
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

    /// The same, so that nobody else can change who belongs to it or what it is before this transaction ends.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn hold(self) -> Result<Option<Organization>> {
        let mut living = self.0.select::<organization::Entity>().filter(organization::Column::DeletedAt.is_null());
        if self.0.access.is_postgres() {
            living = living.lock(LockType::NoKeyUpdate); // SQLite has one writer
        }
        living.one(&self.0.executor()).await?.map(Organization::try_from).transpose()
    }

    /// Changes what the organization is called and how it presents itself to what `edited` says.
    ///
    /// # Errors
    /// [`crate::Error::Taken`] where the slug is.
    pub async fn update(self, edited: &Organization) -> Result<()> {
        let update = self
            .0
            .update::<organization::Entity>()
            .col_expr(organization::Column::Name, Expr::value(edited.name.clone()))
            .col_expr(organization::Column::Slug, Expr::value(word(&edited.slug)))
            .col_expr(organization::Column::Description, Expr::value(edited.description.clone()))
            .col_expr(organization::Column::LogoUrl, Expr::value(edited.logo_url.clone()))
            .col_expr(organization::Column::Website, Expr::value(edited.website.clone()))
            .col_expr(organization::Column::UpdatedAt, Expr::value(edited.updated_at.millis()));
        update.exec(&self.0.executor()).await?;
        Ok(())
    }

    /// Takes the organization out of every answer; its rows and names stay until it is purged.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete(self, now: Timestamp) -> Result<()> {
        let delete = self
            .0
            .update::<organization::Entity>()
            .col_expr(organization::Column::DeletedAt, Expr::value(now.millis()))
            .filter(organization::Column::DeletedAt.is_null());
        delete.exec(&self.0.executor()).await?;
        Ok(())
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
    /// [`crate::Error::Taken`] where the user has one, [`crate::Error::Contended`] where the account is gone.
    pub async fn add(self, id: Id<id::Member>, user: Id<id::User>, role: Role, now: Timestamp) -> Result<()> {
        let row = member::Model {
            id: id.uuid(),
            organization_id: self.0.organization.uuid(),
            user_id: user.uuid(),
            role: word(role),
            created_at: now.millis(),
        };
        let insert = self.0.inserting::<member::Entity>([row]);
        insert.exec_without_returning(&self.0.executor()).await.map_err(of_somebody)?;
        Ok(())
    }

    /// The place of that id.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find(self, id: Id<id::Member>) -> Result<Option<Member>> {
        let row = self.with_users().filter(member::Column::Id.eq(id.uuid())).one(&self.0.executor()).await?;
        row.map(read_member).transpose()
    }

    /// That user's place.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn of(self, user: Id<id::User>) -> Result<Option<Member>> {
        let row = self.with_users().filter(member::Column::UserId.eq(user.uuid())).one(&self.0.executor()).await?;
        row.map(read_member).transpose()
    }

    /// Whether somebody of that address has a place.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn has_address(self, email: &Email) -> Result<bool> {
        let found = self.0.select::<member::Entity>().join(JoinType::InnerJoin, its_user());
        Ok(found.filter(user::Column::Email.eq(email.as_str())).count(&self.0.executor()).await? > 0)
    }

    /// How many of them have that role.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn count_of(self, role: Role) -> Result<u64> {
        let found = self.0.select::<member::Entity>().filter(member::Column::Role.eq(word(role)));
        Ok(found.count(&self.0.executor()).await?)
    }

    /// Gives `member` another role.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn change(self, member: &Member, role: Role) -> Result<Member> {
        let change = self.0.update::<member::Entity>().col_expr(member::Column::Role, Expr::value(word(role)));
        change.filter(member::Column::Id.eq(member.id.uuid())).exec(&self.0.executor()).await?;
        Ok(Member { role, ..member.clone() })
    }

    /// Ends `member`'s place; what was assigned to it is assigned to nobody.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn remove(self, member: &Member) -> Result<()> {
        let nobody = Expr::value(None::<Uuid>);
        let unassign = self.0.update::<ticket::Entity>().col_expr(ticket::Column::AssigneeId, nobody);
        unassign.filter(ticket::Column::AssigneeId.eq(member.id.uuid())).exec(&self.0.executor()).await?;
        self.0.delete::<member::Entity>(Condition::all().add(member::Column::Id.eq(member.id.uuid()))).await?;
        Ok(())
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
