//! The caller's own account and organizations.
mod delete;
mod get_default_organization;
mod get_profile;
mod list_organizations;
mod switch_organization;
mod update_profile;

pub use delete::DeleteAccount;
pub use get_default_organization::{DefaultOrganization, GetDefaultOrganization};
pub use get_profile::GetProfile;
pub use list_organizations::ListOrganizations;
pub use switch_organization::{SwitchOrganization, Switched};
pub use update_profile::UpdateProfile;
