//! Writing walkthroughs, offering them, and taking people through them.
mod assign_to_server;
mod create;
mod create_step;
mod delete;
mod delete_step;
mod import;
mod next_step;
mod queries;
mod remove_assignment;
mod render_step;
mod reorder_for_server;
mod reorder_steps;
mod start;
mod update;
mod update_assignment;
mod update_step;

use guildhall_domain::{
    Error, Id, Resource, Result, id,
    walkthroughs::{Step, Walkthrough},
};
use guildhall_repositories::Tenant;

pub use assign_to_server::{AssignToServer, Place};
pub use create::CreateWalkthrough;
pub use create_step::CreateStep;
pub use delete::DeleteWalkthrough;
pub use delete_step::DeleteStep;
pub use import::ImportWalkthrough;
pub use next_step::GetNextStep;
pub use queries::{
    ExportWalkthrough, GetProgress, GetWalkthrough, ListForServer, ListWalkthroughs, WalkthroughWithSteps,
};
pub use remove_assignment::RemoveAssignment;
pub use render_step::RenderStep;
pub use reorder_for_server::ReorderForServer;
pub use reorder_steps::ReorderSteps;
pub use start::{Guided, OfferedWalkthrough, StartWalkthrough, StepShown, WalkthroughShown, Whereabouts};
pub use update::UpdateWalkthrough;
pub use update_assignment::UpdateAssignment;
pub use update_step::UpdateStep;

/// The organization's walkthrough of that id.
async fn find(tenant: Tenant<'_>, id: Id<id::Walkthrough>) -> Result<Walkthrough> {
    tenant.walkthroughs().find(id).await?.ok_or(Error::NotFound(Resource::Walkthrough))
}

/// The same, so that nobody else changes its steps before the call is over.
async fn find_to_change(tenant: Tenant<'_>, id: Id<id::Walkthrough>) -> Result<Walkthrough> {
    tenant.walkthroughs().find_to_change(id).await?.ok_or(Error::NotFound(Resource::Walkthrough))
}

/// The organization's step of that id with its walkthrough, so that nobody else changes either before the call is over.
async fn find_step_to_change(tenant: Tenant<'_>, id: Id<id::Step>) -> Result<(Walkthrough, Step)> {
    let missing = || Error::NotFound(Resource::Step);
    let found = tenant.walkthroughs().find_step(id).await?.ok_or_else(missing)?;
    // A walkthrough is held by its row; what its step was before that may have changed meanwhile, so it is read again.
    let walkthrough = tenant.walkthroughs().find_to_change(found.walkthrough_id).await?.ok_or_else(missing)?;
    let step = tenant.walkthroughs().find_step(id).await?.ok_or_else(missing)?;
    Ok((walkthrough, step))
}
