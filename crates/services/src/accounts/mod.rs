//! The caller's own account and organizations.
mod list_organizations;
mod switch_organization;

pub use list_organizations::ListOrganizations;
pub use switch_organization::{SwitchOrganization, Switched};
