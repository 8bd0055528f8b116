use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "knowledge_ingestions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub namespace_id: Uuid,
    pub status: String,
    pub prune_below: Option<String>,
    pub place: i64,
    pub total: i64,
    pub processed: i64,
    pub skipped: i64,
    pub removed: i64,
    pub failed: i64,
    pub chunk_count: i64,
    pub created_at: i64,
    pub finished_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
