use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tickets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub number: i64,
    pub title: String,
    pub concise_summary: String,
    pub context: Option<String>,
    pub status: String,
    pub priority: i32,
    pub email: Option<String>,
    pub assignee_id: Option<Uuid>,
    pub method: String,
    pub server_id: Option<Uuid>,
    pub mcp_user_id: Option<Uuid>,
    pub mcp_session_id: Option<Uuid>,
    pub external_url: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
    pub resolved_at: Option<i64>,
    pub first_response_at: Option<i64>,
    pub first_response_due_at: Option<i64>,
    pub resolution_due_at: Option<i64>,
    pub due_at: i64,
    pub next_look_at: Option<i64>,
    pub missed: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
