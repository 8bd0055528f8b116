//! How far somebody is. Progress counts *ids of steps done*, so moving, adding or removing steps never loses or
//! invents any.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    id::{self, Id},
    sessions::McpUser,
    time::Timestamp,
};

/// How far somebody is in one walkthrough as it stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Steps done that still exist.
    pub completed_steps: u32,
    /// Steps there are.
    pub total_steps: u32,
    /// Done of all, rounded half up; 100 only when all are done.
    pub progress_percent: u32,
}

impl Progress {
    /// Progress in a walkthrough of `total` steps of which `completed` are done.
    #[must_use]
    pub fn new(completed: u32, total: u32) -> Self {
        let completed = completed.min(total);
        let percent = match u64::from(total) {
            0 => 0,
            total => (u64::from(completed) * 200 + total) / (total * 2),
        };
        let capped = if completed == total { percent } else { percent.min(99) };
        Self { completed_steps: completed, total_steps: total, progress_percent: u32::try_from(capped).unwrap_or(100) }
    }

    /// Whether nothing is left to do; there must have been something.
    #[must_use]
    pub const fn is_complete(self) -> bool {
        self.total_steps > 0 && self.completed_steps == self.total_steps
    }
}

/// Where one person is in a walkthrough on one server: the latest run there. Earlier ones are history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonProgress {
    /// Who.
    pub mcp_user: McpUser,
    /// On which server.
    pub server_id: Id<id::McpServer>,
    /// How far.
    #[serde(flatten)]
    pub progress: Progress,
    /// When the run began.
    pub started_at: Timestamp,
    /// When it was last started or went on.
    pub last_activity_at: Timestamp,
    /// When the last of the steps there are now was done; null while one is left.
    pub completed_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::Progress;

    #[test]
    fn percent_rounds_half_up_and_is_100_only_at_the_end() {
        for (done, total, percent) in
            [(0, 0, 0), (0, 3, 0), (1, 3, 33), (2, 3, 67), (1, 8, 13), (3, 3, 100), (199, 200, 99), (9, 3, 100)]
        {
            assert_eq!(Progress::new(done, total).progress_percent, percent, "{done} of {total}");
        }
        assert_eq!(Progress::new(499, 500).progress_percent, 99, "99.8 is not 100");
    }
}
