//! Organizations, their members and whom they ask to join.
//!
//! **Invariant:** a living organization has an owner. Whatever changes who belongs to one holds it first
//! ([`crate::Cx::hold`]), so that two such calls take turns, and decides by what it reads then.
mod answer_invitation;
mod create;
mod delete;
mod get_invitation;
mod invite_member;
mod leave;
mod list_invitations;
mod queries;
mod remove_member;
mod resend_invitation;
mod revoke_invitation;
mod transfer_ownership;
mod update;
mod update_member_role;

use guildhall_domain::{Error, Id, Result, access::Role, error::Reason, id, organizations::Member};
use guildhall_repositories::Tenant;

pub use answer_invitation::{AcceptInvitation, DeclineInvitation, Joined};
pub use create::CreateOrganization;
pub use delete::{DeleteOrganization, DeletedOrganization};
pub use get_invitation::{GetInvitation, InvitationShown};
pub use invite_member::{InviteMember, Invited};
pub use leave::LeaveOrganization;
pub use list_invitations::ListInvitations;
pub use queries::{GetMembers, GetOrganization, ListMembers, MemberPage, OrganizationDetail};
pub use remove_member::RemoveMember;
pub use resend_invitation::ResendInvitation;
pub use revoke_invitation::RevokeInvitation;
pub use transfer_ownership::TransferOwnership;
pub use update::UpdateOrganization;
pub use update_member_role::UpdateMemberRole;

/// Refuses to take the last owner away. The organization is held.
pub(crate) async fn keep_an_owner(tenant: Tenant<'_>, leaving: &Member) -> Result<()> {
    if leaving.role == Role::Owner && tenant.members().count_of(Role::Owner).await? == 1 {
        return Err(Error::Conflict(Reason::LastOwner));
    }
    Ok(())
}

/// How an input names an organization for [`crate::Procedure::organization`].
fn named(id: Option<Id<id::Organization>>) -> Option<String> {
    id.map(|id| id.to_string())
}
