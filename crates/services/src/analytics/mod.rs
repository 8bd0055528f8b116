//! Figures about what end users do.
mod get_chart;
mod get_funnel;
mod get_overview;
mod get_retention;
mod get_top;
mod list_calls;

pub use get_chart::GetChart;
pub use get_funnel::GetWalkthroughFunnel;
pub use get_overview::GetOverview;
pub use get_retention::GetRetention;
pub use get_top::{GetTopTools, GetTopUsers};
pub use list_calls::ListToolCalls;
