//! Figures about what end users do.
mod get_chart;
mod get_funnel;
mod list_calls;

pub use get_chart::GetChart;
pub use get_funnel::GetWalkthroughFunnel;
pub use list_calls::ListToolCalls;
