use guildhall_domain::{Issue, Result, access::Permission, error::Segment, event::Event, tickets::Target};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Decides how soon tickets of each priority are to be answered and settled, in place of what was decided before. It holds
/// for what is filed from now on, or given another priority: what was promised already stays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetTargets {
    /// Each priority once at the most; nothing is promised of one that is left out.
    #[schemars(length(max = 4))]
    pub targets: Vec<Target>,
}

/// The longest that can be promised: a year, in minutes.
const LONGEST: u32 = 525_600;

impl Procedure for SetTargets {
    const NAME: &'static str = "supportTickets.setTargets";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ManageTickets;
    type Output = Vec<Target>;

    fn check(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        for (index, target) in self.targets.iter().enumerate() {
            let at = |field: &str| [Segment::from("targets"), Segment::Index(index), Segment::from(field)];
            if self.targets.iter().take(index).any(|before| before.priority == target.priority) {
                issues.push(Issue::at(at("priority"), "comes twice"));
            }
            let times = [
                ("firstResponseMinutes", target.first_response_minutes),
                ("resolutionMinutes", target.resolution_minutes),
            ];
            for (field, _) in
                times.into_iter().filter(|(_, time)| time.is_some_and(|time| !(1..=LONGEST).contains(&time)))
            {
                issues.push(Issue::at(at(field), format!("1 to {LONGEST}")));
            }
        }
        issues
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Vec<Target>>> {
        let mut targets = self.targets;
        targets.sort_unstable_by_key(|target| std::cmp::Reverse(target.priority));
        if cx.tenant().tickets().targets().await? == targets {
            return Ok(Outcome::Unchanged(targets));
        }
        cx.tenant().tickets().set_targets(&targets).await?;
        let event = Event::TargetsChanged { organization_id: cx.tenant().id() };
        Ok(Outcome::Changed(targets, event))
    }
}
