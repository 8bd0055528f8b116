//! Figures, each beside a plain computation over the rows themselves.
mod calls;
mod chart;
mod crowd;
mod funnel;
mod overview;
mod retention;
mod top;
