//! Documents for end users' agents: in which namespaces they are, how they come in, and how they are found.

mod documents;
mod gaps;
mod ingestions;
mod search;
mod search_postgres;
mod search_sqlite;
mod words;

use guildhall_domain::{Id, Timestamp, id, knowledge::Namespace, text::Text};
use sea_orm::{
    ColumnTrait, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, RelationDef, Select,
    sea_query::{Expr, ExprTrait, LockType},
};

pub use documents::{Documents, NewReading, StoredReading};
pub use gaps::Gaps;
pub use ingestions::{Ingestions, NewIngestion, Progress, StoredIngestion};
pub use search::{FoundPassage, KnownWord, Searches};

use crate::{
    Result, Tenant,
    columns::{ids, read, read_option, time, word},
    entities::{knowledge_assignment, knowledge_namespace},
    mcp_servers::StoredServer,
};

/// An organization's namespaces, and which servers offer them.
#[derive(Clone, Copy, Debug)]
pub struct Namespaces<'a>(pub(crate) Tenant<'a>);

/// A namespace, with how many words all its chunks have.
#[derive(Clone, Debug)]
pub struct StoredNamespace {
    /// The namespace.
    pub namespace: Namespace,
    /// How many words the texts of its chunks have.
    pub word_count: i64,
}

/// How much comes to a namespace, or goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    /// Documents.
    pub documents: i64,
    /// Chunks.
    pub chunks: i64,
    /// Words of their texts.
    pub words: i64,
}

impl Namespaces<'_> {
    /// Makes a namespace.
    ///
    /// # Errors
    /// [`crate::Error::Taken`] where the name is.
    pub async fn create(
        self,
        id: Id<id::Namespace>,
        name: &Text<1, 100>,
        description: Option<&Text<0, 500>>,
        now: Timestamp,
    ) -> Result<Namespace> {
        let row = knowledge_namespace::Model {
            id: id.uuid(),
            organization_id: self.0.organization.uuid(),
            name: word(name),
            description: description.map(word),
            document_count: 0,
            chunk_count: 0,
            word_count: 0,
            created_at: now.millis(),
            deleted_at: None,
        };
        self.0.insert::<knowledge_namespace::Entity>(vec![row.clone()]).await?;
        Ok(StoredNamespace::try_from(row)?.namespace)
    }

    /// How many there are.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn count(self) -> Result<u64> {
        Ok(self.living().count(&self.0.executor()).await?)
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn list(self) -> Result<Vec<StoredNamespace>> {
        let rows = self.living().order_by_asc(knowledge_namespace::Column::Name).all(&self.0.executor()).await?;
        rows.into_iter().map(StoredNamespace::try_from).collect()
    }

    /// Those of these ids that are this organization's.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find_all(self, which: &[Id<id::Namespace>]) -> Result<Vec<StoredNamespace>> {
        let rows = self.living().filter(knowledge_namespace::Column::Id.is_in(ids(which.iter().copied())));
        rows.all(&self.0.executor()).await?.into_iter().map(StoredNamespace::try_from).collect()
    }

    /// The namespace, unless it is missing, deleted or somebody else's.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find(self, id: Id<id::Namespace>) -> Result<Option<StoredNamespace>> {
        let row = self.living().filter(knowledge_namespace::Column::Id.eq(id.uuid())).one(&self.0.executor()).await?;
        row.map(StoredNamespace::try_from).transpose()
    }

    /// The same, so that nobody else changes its documents before this transaction ends.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find_to_change(self, id: Id<id::Namespace>) -> Result<Option<StoredNamespace>> {
        let mut select = self.living().filter(knowledge_namespace::Column::Id.eq(id.uuid()));
        if self.0.access.is_postgres() {
            select = select.lock(LockType::NoKeyUpdate); // SQLite has one writer
        }
        select.one(&self.0.executor()).await?.map(StoredNamespace::try_from).transpose()
    }

    /// Counts what came to a namespace that was read to be changed.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn grow(self, id: Id<id::Namespace>, by: Growth) -> Result<()> {
        use knowledge_namespace::Column;
        let more = |column, by: i64| Expr::col(column).add(by);
        let update = self
            .0
            .update::<knowledge_namespace::Entity>()
            .col_expr(Column::DocumentCount, more(Column::DocumentCount, by.documents))
            .col_expr(Column::ChunkCount, more(Column::ChunkCount, by.chunks))
            .col_expr(Column::WordCount, more(Column::WordCount, by.words));
        update.filter(Column::Id.eq(id.uuid())).exec(&self.0.executor()).await?;
        Ok(())
    }

    /// Takes a namespace, which was read to be changed, out of every answer, and from every server.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete(self, id: Id<id::Namespace>, now: Timestamp) -> Result<()> {
        self.0.delete::<knowledge_assignment::Entity>(knowledge_assignment::Column::NamespaceId.eq(id.uuid())).await?;
        let update = self.0.update::<knowledge_namespace::Entity>();
        let update = update.col_expr(knowledge_namespace::Column::DeletedAt, Expr::value(now.millis()));
        update.filter(knowledge_namespace::Column::Id.eq(id.uuid())).exec(&self.0.executor()).await?;
        Ok(())
    }

    /// Does away with a namespace that was deleted, and what is left of it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn erase(self, id: Id<id::Namespace>) -> Result<()> {
        use knowledge_namespace::Column;
        let deleted = Column::Id.eq(id.uuid()).and(Column::DeletedAt.is_not_null());
        self.0.delete::<knowledge_namespace::Entity>(deleted).await?;
        Ok(())
    }

    /// What that server offers, by name.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn of_server(self, server: Id<id::McpServer>) -> Result<Vec<StoredNamespace>> {
        let rows = self.living().join(JoinType::InnerJoin, assigned());
        let rows = rows.filter(knowledge_assignment::Column::ServerId.eq(server.uuid()));
        let rows = rows.order_by_asc(knowledge_namespace::Column::Name).all(&self.0.executor()).await?;
        rows.into_iter().map(StoredNamespace::try_from).collect()
    }

    /// Makes these namespaces all that `server`, which was read to be changed, offers.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn assign(self, server: &StoredServer, which: &[Id<id::Namespace>]) -> Result<()> {
        let of_server = knowledge_assignment::Column::ServerId.eq(server.id.uuid());
        self.0.delete::<knowledge_assignment::Entity>(of_server).await?;
        let row = |namespace: &Id<id::Namespace>| knowledge_assignment::Model {
            organization_id: self.0.organization.uuid(),
            server_id: server.id.uuid(),
            namespace_id: namespace.uuid(),
        };
        self.0.insert::<knowledge_assignment::Entity>(which.iter().map(row).collect()).await
    }

    fn living(self) -> Select<knowledge_namespace::Entity> {
        self.0.select::<knowledge_namespace::Entity>().filter(knowledge_namespace::Column::DeletedAt.is_null())
    }
}

fn assigned() -> RelationDef {
    use knowledge_assignment::Column as Assignment;
    use knowledge_namespace::Column as Namespace;
    let relation = knowledge_namespace::Entity::belongs_to(knowledge_assignment::Entity);
    let relation = relation.from((Namespace::OrganizationId, Namespace::Id));
    relation.to((Assignment::OrganizationId, Assignment::NamespaceId)).into()
}

impl TryFrom<knowledge_namespace::Model> for StoredNamespace {
    type Error = crate::Error;
    fn try_from(row: knowledge_namespace::Model) -> Result<Self> {
        let namespace = Namespace {
            id: Id::from_uuid(row.id),
            name: read(row.name)?,
            description: read_option(row.description)?,
            document_count: row.document_count,
            chunk_count: row.chunk_count,
            created_at: time(row.created_at),
        };
        Ok(Self { namespace, word_count: row.word_count })
    }
}
