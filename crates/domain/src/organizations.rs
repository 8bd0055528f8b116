//! Organizations and their members.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    access::{Permission, Role},
    id::{self, Id},
    text::{Email, Slug},
    time::{Date, Timestamp},
};

/// What an organization has bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// To begin with.
    Free,
    /// For teams.
    Pro,
    /// For companies.
    Enterprise,
}

/// A company, a team or one person's own place: the tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// Its id.
    pub id: Id<id::Organization>,
    /// What people call it.
    pub name: String,
    /// Its name in addresses, unique.
    pub slug: Slug,
    /// A sentence about it.
    pub description: Option<String>,
    /// A picture's address.
    pub logo_url: Option<String>,
    /// Its home page.
    pub website: Option<String>,
    /// Whether it is one user's own place, which nobody else can enter.
    pub is_personal: bool,
    /// What it has bought.
    pub plan: Plan,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A user's place in one organization.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The place's id.
    pub id: Id<id::Member>,
    /// Whose place.
    pub user_id: Id<id::User>,
    /// With what standing.
    pub role: Role,
    /// When the user joined.
    pub created_at: Date,
    /// The user's name.
    pub name: Option<String>,
    /// The user's address.
    pub email: Email,
    /// The user's picture.
    pub image: Option<String>,
}

/// A member as a picker shows it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Person {
    /// The user's id.
    pub id: Id<id::User>,
    /// The user's name.
    pub name: Option<String>,
    /// The user's address.
    pub email: Email,
    /// The user's picture.
    pub image: Option<String>,
}

/// Who owns an organization, as its members see it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Owner {
    /// The user's id.
    pub id: Id<id::User>,
    /// The user's name.
    pub name: Option<String>,
    /// The user's short name.
    pub username: Option<String>,
    /// The user's picture.
    pub image: Option<String>,
}

/// One of the caller's own organizations.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Belonging {
    /// The organization's id.
    pub id: Id<id::Organization>,
    /// What people call it.
    pub name: String,
    /// Its name in addresses.
    pub slug: Slug,
    /// Its picture.
    pub logo_url: Option<String>,
    /// A sentence about it.
    pub description: Option<String>,
    /// Whether it is the caller's own place.
    pub is_personal: bool,
    /// The caller's place in it.
    pub membership: Membership,
}

/// The caller's place in an organization, with what it allows.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// The place's id.
    pub id: Id<id::Member>,
    /// The caller's standing.
    pub role: Role,
    /// When the caller joined.
    pub joined_at: Timestamp,
    /// What the role table grants.
    pub permissions: Vec<Permission>,
}

/// What became of an offer to join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvitationStatus {
    /// Nobody has answered it.
    Pending,
    /// The person joined.
    Accepted,
    /// The person does not want to.
    Declined,
    /// The organization took it back.
    Revoked,
    /// Nobody answered it in time.
    Expired,
}

/// An offer to join an organization. Its token is in the letter only.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// Its id.
    pub id: Id<id::Invitation>,
    /// Who is asked.
    pub email: Email,
    /// With what standing.
    pub role: Role,
    /// What became of it.
    pub status: InvitationStatus,
    /// What the inviter wants to say.
    pub message: Option<String>,
    /// Who asks; null where that account is gone.
    pub inviter: Option<Inviter>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

/// Who invites.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Inviter {
    /// The user's id.
    pub id: Id<id::User>,
    /// The user's name.
    pub name: Option<String>,
    /// The user's address.
    pub email: Email,
}
