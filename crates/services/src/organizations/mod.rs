//! Organizations and their members.
mod create;
mod queries;

pub use create::CreateOrganization;
pub use queries::{GetMembers, GetOrganization, ListMembers, MemberPage, OrganizationDetail};
