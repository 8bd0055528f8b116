//! One valid input for every procedure.

use guildhall_tests::{Library, Side, Web, World};
use serde_json::{Value, json};

/// A valid input for our owner; another `n` makes another of what must be unique.
pub(super) fn example(name: &str, side: &Side, n: usize) -> Option<Value> {
    let step = |index: usize| side.steps[index].id;
    let spares = || side.spares.as_ref().unwrap_or_else(|| panic!("{name} wants a furnished world"));
    let people = || side.people.as_ref().unwrap_or_else(|| panic!("{name} wants a furnished world"));
    let library = || &spares().library;
    let member = || people().members[n % people().members.len()];
    let invitation = || people().invitations[n % people().invitations.len()].clone();
    let organization = side.organization.id;
    Some(match name {
        "example.execute" => json!({ "name": format!("n{n}"), "age": 30 }),
        "auth.signUp" => json!({ "email": format!("new{n}@example.test"), "password": World::PASSWORD, "name": "New" }),
        "auth.signIn" => json!({ "email": side.email, "password": World::PASSWORD }),
        "auth.refresh" => json!({ "refreshToken": side.refresh_token }),
        "auth.signOut" | "auth.getSession" | "auth.listSessions" => json!({}),
        "auth.revokeSession" => json!({ "sessionId": people().sessions[n % people().sessions.len()] }),
        "auth.changePassword" => {
            json!({ "currentPassword": World::PASSWORD, "newPassword": format!("another long enough phrase {n}") })
        }
        "auth.requestPasswordReset" => json!({ "email": format!("somebody{n}@example.test") }),
        "auth.resetPassword" => {
            json!({ "token": people().reset_token, "newPassword": format!("another long enough phrase {n}") })
        }
        "auth.verifyEmail" => json!({ "token": people().verify_token }),
        "account.getProfile" | "account.listOrganizations" | "account.getDefaultOrganization" => json!({}),
        "account.updateProfile" => json!({ "name": format!("Renamed {n}"), "username": format!("renamed_{n}"),
            "image": "https://example.test/i.png" }),
        "account.delete" => json!({ "password": World::PASSWORD }),
        "account.switchOrganization" => json!({}),
        "organization.create" => json!({ "name": "New", "slug": format!("new-org-{n}"), "description": "d",
            "logoUrl": "https://example.test/l.png", "website": "https://example.test" }),
        "organization.get" => json!({ "organizationId": side.organization.id, "includeMembers": true }),
        "organization.update" => json!({ "organizationId": organization, "name": format!("Renamed {n}"),
            "slug": side.organization.slug, "description": null, "logoUrl": "https://example.test/l.png",
            "website": null }),
        "organization.delete" => json!({ "organizationId": organization, "confirmSlug": side.organization.slug }),
        "organization.leave" => json!({ "organizationId": organization }),
        "organization.transferOwnership" => json!({ "memberId": member() }),
        "organization.inviteMember" => json!({ "organizationId": organization, "message": "Come in",
            "email": format!("invited{n}@example.test"), "role": "viewer" }),
        "organization.resendInvitation" | "organization.revokeInvitation" => json!({ "invitationId": invitation().0 }),
        "organization.listInvitations" => json!({ "limit": 5, "status": "pending" }),
        "organization.getInvitation" => {
            json!({ "token": people().invitations[(n + 4) % people().invitations.len()].1 }) // its token is not renewed
        }
        "organization.acceptInvitation" => json!({ "token": people().asked[0].1 }),
        "organization.declineInvitation" => json!({ "invitationId": people().asked[1].0 }),
        "organization.updateMemberRole" => {
            json!({ "organizationId": organization, "memberId": member(), "role": "viewer" })
        }
        "organization.removeMember" => json!({ "organizationId": organization,
            "memberId": people().members[(n + 4) % people().members.len()] }),
        "organization.getMembers" => json!({}),
        "organization.listMembers" => json!({ "page": 1, "pageSize": 10 }),
        "mcpServers.create" => json!({ "name": "New", "slug": format!("new-server-{n}"), "productPlatformOrTool": "p",
            "authType": "none", "supportTicketType": "dashboard", "walkthroughToolsEnabled": false,
            "slackWebhookUrl": "https://hooks.example.test/x", "linear": { "apiKey": "lin_1", "teamId": "team" } }),
        "mcpServers.validateSubdomain" => json!({ "subdomain": "free-subdomain" }),
        "mcpServers.list" => json!({}),
        "mcpServers.get" => json!({ "serverId": side.server.id }),
        "mcpServers.updateConfiguration" => {
            let auth_type = if n.is_multiple_of(2) { "collect_email" } else { "platform_oauth" };
            json!({ "serverId": side.server.id, "authType": auth_type, "supportTicketType": "dashboard",
                "slackWebhookUrl": format!("https://hooks.example.test/{n}"),
                "linear": { "apiKey": format!("lin_{n}"), "teamId": "team" } })
        }
        "mcpServers.update" => json!({ "serverId": side.server.id, "name": format!("Renamed {n}"),
            "productPlatformOrTool": "p", "walkthroughToolsEnabled": true, "knowledgeToolsEnabled": true,
            "payloadCapture": "redacted", "isPaused": false }),
        "mcpServers.delete" => {
            let server = &spares().servers[n % spares().servers.len()];
            json!({ "serverId": server.id, "confirmSlug": server.slug })
        }
        "mcpServers.listUsers" => json!({ "limit": 5, "serverId": side.server.id, "search": "spare" }),
        "mcpServers.deleteUsers" => json!({ "userIds": [spares().persons[n % spares().persons.len()]] }),
        "oauthConfigs.validate" => json!({ "metadataUrl": Web::METADATA_URL }),
        "oauthConfigs.create" => json!({ "name": format!("New {n}"), "metadataUrl": Web::METADATA_URL,
            "clientId": "guildhall", "clientSecret": format!("secret {n}"), "scopes": "openid" }),
        "oauthConfigs.update" => json!({ "oauthConfigId": spares().oauth_configs[n % spares().oauth_configs.len()],
            "name": format!("Renamed {n}"), "metadataUrl": Web::METADATA_URL, "clientId": "guildhall",
            "clientSecret": format!("secret {n}"), "scopes": "openid" }),
        "oauthConfigs.delete" => json!({ "oauthConfigId": spares().oauth_configs[n % spares().oauth_configs.len()] }),
        "oauthConfigs.list" => json!({}),
        "sessions.list" => json!({ "limit": 5, "serverId": side.server.id, "mcpUserId": side.person, "from": 0,
            "to": 4_000_000_000_000_i64 }),
        "sessions.getToolCalls" | "sessions.getSupportTickets" => json!({ "sessionId": side.session }),
        "walkthrough.create" => json!({ "title": format!("New {n}"), "description": "d", "type": "course",
            "isPublished": true, "tags": ["a"], "estimatedDurationMinutes": 5 }),
        "walkthrough.list" => json!({ "limit": 5, "status": "published", "type": "course", "search": "walk" }),
        "walkthrough.get" | "walkthrough.export" => json!({ "walkthroughId": side.walkthrough.id }),
        "walkthrough.update" => json!({ "walkthroughId": side.scratch.id, "title": format!("Renamed {n}"),
            "description": "d", "type": "installer", "status": "archived", "tags": ["a"],
            "estimatedDurationMinutes": 5 }),
        "walkthrough.delete" => json!({ "walkthroughId": spares().drafts[n % spares().drafts.len()] }),
        "walkthrough.deleteStep" => json!({ "stepId": spares().steps[n % spares().steps.len()].id }),
        "walkthrough.createStep" => json!({ "walkthroughId": side.scratch.id, "title": format!("New {n}"),
            "contentFields": { "version": "v1", "contentForUser": "hi" } }),
        "walkthrough.updateStep" => json!({ "stepId": step(0), "title": format!("Renamed {n}"),
            "contentFields": { "version": "v1", "contextForAgent": "c" } }),
        "walkthrough.reorderSteps" => {
            let mut ids = [step(0), step(1), step(2)];
            ids.rotate_left(1 + n % 2);
            json!({ "walkthroughId": side.walkthrough.id, "stepIds": ids })
        }
        "walkthrough.renderStep" => json!({ "walkthrough": { "title": "T", "description": "d", "type": "course" },
            "step": { "id": step(0), "title": "S", "displayOrder": 0,
                "contentFields": { "version": "v1", "contentForUser": "**hi**" } } }),
        "walkthrough.import" => json!({ "document": { "version": "1.0", "exportedAt": "2026-01-01T00:00:00.000Z",
            "metadata": { "from": "tests" },
            "walkthrough": { "title": format!("Imported {n}"), "description": "d", "type": "installer",
                "status": "published", "estimatedDurationMinutes": 3, "tags": ["a"], "metadata": { "k": [1] } },
            "steps": [{ "title": "S", "displayOrder": 0, "nextStepReference": null, "metadata": { "m": 1 },
                "contentFields": { "version": "v1", "introductionForAgent": "i", "contextForAgent": "c",
                    "contentForUser": "u", "operationsForAgent": "o" } }] } }),
        "walkthrough.listForServer" => json!({ "serverId": side.server.id }),
        "walkthrough.assignToServer" => {
            let place = json!({ "walkthroughId": side.walkthrough.id, "displayOrder": 3 });
            let places = if n.is_multiple_of(2) { vec![] } else { vec![place] };
            json!({ "serverId": side.server.id, "walkthroughs": places })
        }
        "walkthrough.updateAssignment" => json!({ "serverId": spares().window, "walkthroughId": spares().shown[0],
            "displayOrder": 100 + n, "isEnabled": false }),
        "walkthrough.removeAssignment" => {
            // Not what the example of walkthrough.delete is about.
            json!({ "serverId": spares().shelf, "walkthroughId": spares().drafts[(n + 2) % spares().drafts.len()] })
        }
        "walkthrough.reorderForServer" => {
            let mut ids = spares().shown.clone();
            ids.rotate_left(1 + n % 2);
            json!({ "serverId": spares().window, "walkthroughIds": ids })
        }
        "walkthrough.getProgress" => json!({ "limit": 5, "walkthroughId": side.walkthrough.id }),
        "knowledge.createNamespace" => json!({ "name": format!("New {n}"), "description": "d" }),
        "knowledge.listNamespaces" => json!({}),
        "knowledge.deleteNamespace" => {
            json!({ "namespaceId": library().spare_namespaces[n % library().spare_namespaces.len()] })
        }
        "knowledge.setForServer" => {
            let namespaces = if n.is_multiple_of(2) { vec![] } else { vec![library().namespace] };
            json!({ "serverId": side.server.id, "namespaceIds": namespaces })
        }
        "knowledge.listForServer" => json!({ "serverId": side.server.id }),
        "knowledge.ingest" => json!({ "namespaceId": library().namespace, "prune": true, "pruneBelow": "n",
            "documents": [{ "path": format!("n{n}.md"), "title": "T", "content": "c", "contentType": "text/markdown",
                "tags": ["a"] }] }),
        "knowledge.ingestArchive" => json!({ "namespaceId": library().namespace, "prune": n.is_multiple_of(2),
            "archive": Library::example().sha256(), "pruneBelow": "n" }),
        "knowledge.getJob" => json!({ "jobId": library().job }),
        "knowledge.listJobs" => json!({ "limit": 5, "namespaceId": library().namespace }),
        "knowledge.listDocuments" => json!({ "limit": 5, "namespaceId": library().namespace, "prefix": "spare" }),
        "knowledge.getDocument" => json!({ "documentId": library().documents[0] }),
        "knowledge.deleteDocument" => {
            json!({ "documentId": library().documents[1 + n % (library().documents.len() - 1)] })
        }
        "knowledge.search" => json!({ "query": "a page", "namespaceIds": [library().namespace], "limit": 5 }),
        "knowledge.listGaps" => json!({ "limit": 5, "serverId": side.server.id }),
        "supportTickets.list" => json!({ "limit": 5, "status": ["pending"], "priority": "medium", "assigneeId": null,
            "serverId": side.server.id, "search": "help", "sort": "updated", "dueBefore": 4_000_000_000_000_i64 }),
        "supportTickets.get" | "supportTickets.getWithMcpUser" => json!({ "ticketId": side.ticket }),
        "supportTickets.getActivities" => json!({ "ticketId": side.ticket, "limit": 10, "offset": 0 }),
        "supportTickets.updateStatus" => {
            json!({ "ticketId": side.ticket, "status": "in_progress", "comment": format!("n{n}") })
        }
        "supportTickets.create" => json!({ "title": format!("New {n}"), "conciseSummary": "s", "context": "c",
            "email": "caller@example.test", "priority": "high", "serverId": side.server.id }),
        "supportTickets.updateFields" => json!({ "ticketId": side.ticket, "title": format!("Renamed {n}"),
            "conciseSummary": "s", "priority": "low", "email": "other@example.test" }),
        "supportTickets.assign" => json!({ "ticketId": side.ticket, "assigneeId": side.user }),
        "supportTickets.addComment" => json!({ "ticketId": side.ticket, "content": format!("n{n}"),
            "contentType": "text", "isPublic": true, "status": "in_progress" }),
        "supportTickets.editComment" => {
            json!({ "activityId": spares().comments[0], "content": format!("n{n}"), "contentType": "text" })
        }
        "supportTickets.deleteComment" => {
            json!({ "activityId": spares().comments[1 + n % (spares().comments.len() - 1)] })
        }
        "supportTickets.getTargets" => json!({}),
        "supportTickets.setTargets" => json!({ "targets": [{ "priority": "high",
            "firstResponseMinutes": 10 + n, "resolutionMinutes": 600 }] }),
        "supportTickets.live" | "supportTickets.createLiveToken" => json!({}),
        "toolCalls.getChart" => json!({ "timeRange": "1d", "serverId": side.server.id }),
        "toolCalls.list" => json!({ "limit": 5, "serverId": side.server.id, "mcpUserId": side.person,
            "toolName": "get_support", "isError": false, "from": 0, "to": 4_000_000_000_000_i64 }),
        "analytics.getOverview" => json!({ "timeRange": "1d" }),
        "analytics.getTopTools" | "analytics.getTopUsers" => json!({ "timeRange": "1w", "limit": 5 }),
        "analytics.getWalkthroughFunnel" => {
            json!({ "walkthroughId": side.walkthrough.id, "timeRange": "1m" })
        }
        "analytics.getRetention" => json!({ "weeks": 4 }),
        _ => return None,
    })
}

/// Procedures after which our owner is signed out, is no owner any more, or has nothing to own.
pub(super) const LAST: [&str; 7] = [
    "auth.signOut",
    "auth.changePassword",
    "auth.resetPassword",
    "account.delete",
    "organization.delete",
    "organization.leave",
    "organization.transferOwnership",
];

/// What a law goes through: all procedures that can share a world, and then each of the others in one of its own.
pub(super) async fn worlds() -> Vec<(World, Vec<&'static str>)> {
    let shared = World::furnished().await;
    let names = shared.catalogue.iter().map(|entry| entry.name).filter(|name| !LAST.contains(name)).collect();
    let mut worlds = vec![(shared, names)];
    for last in LAST {
        worlds.push((World::furnished().await, vec![last]));
    }
    worlds
}

/// The example of a procedure that must have one.
pub(super) fn required(name: &str, side: &Side, n: usize) -> Value {
    example(name, side, n).unwrap_or_else(|| panic!("{name} has no example in tests/it/laws/examples.rs"))
}

#[tokio::test]
async fn every_procedure_has_an_example_and_a_checked_schema() {
    let world = World::furnished().await;
    for entry in world.catalogue.iter() {
        required(entry.name, &world.ours, 0);
        assert!(entry.is_checked(), "{}: its schema does not compile", entry.name);
        assert!(entry.input["description"].is_string(), "{}: its input has no doc comment", entry.name);
    }
}
