//! Where people leave a walkthrough.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::share;
use crate::{
    id::{self, Id},
    walkthroughs::Walkthrough,
};

/// How far those came who began a walkthrough. A run is one person's way through it on one server; who starts again makes
/// another run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WalkthroughFunnel {
    /// The walkthrough.
    pub walkthrough: Walkthrough,
    /// Runs started.
    pub runs: i64,
    /// Its steps of today, in order. What was done counts while its step exists.
    pub steps: Vec<FunnelStep>,
}

/// How many came to a step, and what became of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunnelStep {
    /// The step.
    pub step_id: Id<id::Step>,
    /// Its name.
    pub title: String,
    /// Its place, from 0.
    pub display_order: i32,
    /// Runs that came to it: those that have done every step before it (the first step: all), or have done the step itself.
    pub reached: i64,
    /// Runs that have done it.
    pub completed: i64,
    /// Half of the runs took no longer from reaching it, which is when the last of the steps before it was done (the first
    /// step: the run's start), to having done it. Runs that did it before those do not count; null where none does.
    pub median_minutes: Option<f64>,
    /// The share of those who reached it that have not done it, 0 to 1; null where nobody has reached it.
    pub drop_off: Option<f64>,
}

impl FunnelStep {
    /// The step with what follows from `reached` and `completed`.
    #[must_use]
    pub fn with_drop_off(self) -> Self {
        Self { drop_off: share(self.reached.saturating_sub(self.completed), self.reached), ..self }
    }
}
