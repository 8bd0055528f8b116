//! Figures about what end users do.
mod get_chart;

pub use get_chart::GetChart;
