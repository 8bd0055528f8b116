use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "oauth_sign_ins")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub server_id: Uuid,
    pub secret_hash: Vec<u8>,
    pub request: String,
    pub email: Option<String>,
    pub proof: Vec<u8>,
    pub tries: i32,
    pub created_at: i64,
    pub expires_at: i64,
    pub mcp_user_id: Option<Uuid>,
    pub code_hash: Option<Vec<u8>>,
    pub redeemed_at: Option<i64>,
    pub grant_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
