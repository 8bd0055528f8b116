//! Writing walkthroughs, offering them, and taking people through them.
mod assign_to_server;
mod create;
mod create_step;
mod import;
mod next_step;
mod queries;
mod reorder_steps;
mod start;
mod update_step;

use guildhall_domain::{Error, Id, Resource, Result, id, walkthroughs::Walkthrough};
use guildhall_repositories::Tenant;

pub use assign_to_server::{AssignToServer, Place};
pub use create::CreateWalkthrough;
pub use create_step::CreateStep;
pub use import::ImportWalkthrough;
pub use next_step::GetNextStep;
pub use queries::{
    ExportWalkthrough, GetWalkthrough, ListForServer, ListWalkthroughs, RenderStep, WalkthroughWithSteps,
};
pub use reorder_steps::ReorderSteps;
pub use start::{Guided, OfferedWalkthrough, StartWalkthrough, StepShown, WalkthroughShown, Whereabouts};
pub use update_step::UpdateStep;

/// The organization's walkthrough of that id.
async fn find(tenant: Tenant<'_>, id: Id<id::Walkthrough>) -> Result<Walkthrough> {
    tenant.walkthroughs().find(id).await?.ok_or(Error::NotFound(Resource::Walkthrough))
}

/// The same, so that nobody else changes its steps before the call is over.
async fn find_to_change(tenant: Tenant<'_>, id: Id<id::Walkthrough>) -> Result<Walkthrough> {
    tenant.walkthroughs().find_to_change(id).await?.ok_or(Error::NotFound(Resource::Walkthrough))
}
