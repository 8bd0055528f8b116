use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mcp_users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub tracking_id: Option<String>,
    pub email: Option<String>,
    pub display_name: Option<String>,
    pub handle_hash: Option<Vec<u8>>,
    pub first_seen_at: i64,
    pub last_seen_at: i64,
    pub session_count: i64,
    pub subject: Option<Vec<u8>>,
    pub merged_into: Option<Uuid>,
    pub recent_since: i64,
    pub recent_calls: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
