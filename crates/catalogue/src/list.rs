use guildhall_services::{
    accounts, analytics, auth, example, knowledge, mcp_servers, oauth_configs, organizations, sessions, tickets,
    walkthroughs,
};

use crate::{Catalogue, Tools};

/// Everything, in the order of the manual. `cargo xtask tidy` refuses a procedure that is missing here.
#[must_use]
pub fn catalogue() -> Catalogue {
    Catalogue::default()
        // example
        .with::<example::Execute>()
        // auth
        .with::<auth::SignUp>()
        .with::<auth::SignIn>()
        .with::<auth::Refresh>()
        .with::<auth::SignOut>()
        .with::<auth::GetSession>()
        .with::<auth::ListSessions>()
        .with::<auth::RevokeSession>()
        .with::<auth::ChangePassword>()
        .with::<auth::RequestPasswordReset>()
        .with::<auth::ResetPassword>()
        .with::<auth::VerifyEmail>()
        // account
        .with::<accounts::GetProfile>()
        .with::<accounts::UpdateProfile>()
        .with::<accounts::ListOrganizations>()
        .with::<accounts::GetDefaultOrganization>()
        .with::<accounts::SwitchOrganization>()
        .with::<accounts::DeleteAccount>()
        // organization
        .with::<organizations::CreateOrganization>()
        .with::<organizations::GetOrganization>()
        .with::<organizations::UpdateOrganization>()
        .with::<organizations::DeleteOrganization>()
        .with::<organizations::LeaveOrganization>()
        .with::<organizations::TransferOwnership>()
        .with::<organizations::GetMembers>()
        .with::<organizations::ListMembers>()
        .with::<organizations::InviteMember>()
        .with::<organizations::ResendInvitation>()
        .with::<organizations::ListInvitations>()
        .with::<organizations::RevokeInvitation>()
        .with::<organizations::GetInvitation>()
        .with::<organizations::AcceptInvitation>()
        .with::<organizations::DeclineInvitation>()
        .with::<organizations::UpdateMemberRole>()
        .with::<organizations::RemoveMember>()
        // mcpServers
        .with::<mcp_servers::CreateMcpServer>()
        .with::<mcp_servers::ValidateSubdomain>()
        .with::<mcp_servers::ListMcpServers>()
        .with::<mcp_servers::GetMcpServer>()
        .with::<mcp_servers::UpdateMcpServer>()
        .with::<mcp_servers::UpdateConfiguration>()
        .with::<mcp_servers::DeleteMcpServer>()
        .with::<mcp_servers::ListMcpUsers>()
        .with::<mcp_servers::DeleteMcpUsers>()
        // oauthConfigs
        .with::<oauth_configs::ValidateOauthConfig>()
        .with::<oauth_configs::CreateOauthConfig>()
        .with::<oauth_configs::UpdateOauthConfig>()
        .with::<oauth_configs::DeleteOauthConfig>()
        .with::<oauth_configs::ListOauthConfigs>()
        // sessions
        .with::<sessions::ListSessions>()
        .with::<sessions::GetToolCalls>()
        .with::<sessions::GetSupportTickets>()
        // walkthrough
        .with::<walkthroughs::CreateWalkthrough>()
        .with::<walkthroughs::ListWalkthroughs>()
        .with::<walkthroughs::GetWalkthrough>()
        .with::<walkthroughs::UpdateWalkthrough>()
        .with::<walkthroughs::DeleteWalkthrough>()
        .with::<walkthroughs::CreateStep>()
        .with::<walkthroughs::UpdateStep>()
        .with::<walkthroughs::DeleteStep>()
        .with::<walkthroughs::ReorderSteps>()
        .with::<walkthroughs::RenderStep>()
        .with::<walkthroughs::ExportWalkthrough>()
        .with::<walkthroughs::ImportWalkthrough>()
        .with::<walkthroughs::ListForServer>()
        .with::<walkthroughs::AssignToServer>()
        .with::<walkthroughs::UpdateAssignment>()
        .with::<walkthroughs::RemoveAssignment>()
        .with::<walkthroughs::ReorderForServer>()
        .with::<walkthroughs::GetProgress>()
        // knowledge
        .with::<knowledge::CreateNamespace>()
        .with::<knowledge::ListNamespaces>()
        .with::<knowledge::DeleteNamespace>()
        .with::<knowledge::SetForServer>()
        .with::<knowledge::ListNamespacesForServer>()
        .with::<knowledge::Ingest>()
        .with::<knowledge::IngestArchive>()
        .with::<knowledge::GetJob>()
        .with::<knowledge::ListJobs>()
        .with::<knowledge::ListDocuments>()
        .with::<knowledge::GetDocument>()
        .with::<knowledge::DeleteDocument>()
        .with::<knowledge::SearchKnowledge>()
        .with::<knowledge::ListGaps>()
        // supportTickets
        .with::<tickets::ListTickets>()
        .with::<tickets::GetTicket>()
        .with::<tickets::CreateTicket>()
        .with::<tickets::GetActivities>()
        .with::<tickets::GetWithMcpUser>()
        .with::<tickets::UpdateTicketStatus>()
        .with::<tickets::UpdateTicketFields>()
        .with::<tickets::AssignTicket>()
        .with::<tickets::AddComment>()
        .with::<tickets::EditComment>()
        .with::<tickets::DeleteComment>()
        .with::<tickets::GetTargets>()
        .with::<tickets::SetTargets>()
        .feed::<tickets::LiveTickets>()
        .with::<tickets::CreateLiveToken>()
        // toolCalls
        .with::<analytics::GetChart>()
        .with::<analytics::ListToolCalls>()
        // analytics
        .with::<analytics::GetWalkthroughFunnel>()
}

/// What a hosted MCP server offers to an end user's agent, in the order it is listed.
#[must_use]
pub fn tools() -> Tools {
    Tools::default()
        .with::<tickets::GetSupport>()
        .with::<tickets::CheckSupport>()
        .with::<tickets::ReplyToSupport>()
        .with::<walkthroughs::StartWalkthrough>()
        .with::<walkthroughs::GetNextStep>()
        .with::<knowledge::SearchDocumentation>()
        .with::<knowledge::ReadDocument>()
        .with::<knowledge::ReportDocsGap>()
        .with::<sessions::ProvideEmail>()
}
