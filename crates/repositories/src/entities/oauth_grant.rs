use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "oauth_grants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub server_id: Uuid,
    pub mcp_user_id: Uuid,
    pub client_id: String,
    pub config_id: Option<Uuid>,
    pub resource: String,
    pub refresh_hash: Vec<u8>,
    pub previous_refresh_hash: Option<Vec<u8>>,
    pub rotated_at: i64,
    pub created_at: i64,
    pub expires_at: i64,
    pub ended_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
