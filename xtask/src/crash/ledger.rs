//! What was acknowledged, and whether it is there.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::api::{Api, text};

/// A call that was answered.
#[derive(Clone, Debug)]
pub(super) struct Acknowledged {
    pub(super) tool: &'static str,
    pub(super) input: Value,
    pub(super) answer: Value,
}

/// Every acknowledged call, by reader; a reader calls one thing after another, in one session.
#[derive(Debug, Default)]
pub(super) struct Ledger(BTreeMap<String, Vec<Acknowledged>>);

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) calls: usize,
    pub(super) tickets: usize,
    pub(super) more_calls: usize,
    pub(super) more_tickets: usize,
    pub(super) passed: usize,
    pub(super) problems: Vec<String>,
}

impl Judged {
    fn holds(&mut self, fine: bool, problem: impl FnOnce() -> String) {
        if fine {
            self.passed = self.passed.saturating_add(1);
        } else {
            self.problems.push(problem());
        }
    }
}

impl Ledger {
    pub(super) fn note(&mut self, reader: String, calls: Vec<Acknowledged>) {
        self.0.insert(reader, calls);
    }

    pub(super) fn acknowledged(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// Compares with what the organization reads.
    pub(super) async fn judge(&self, owner: &Api, slug: &str) -> Result<Judged> {
        let mut judged = Judged { calls: self.acknowledged(), ..Judged::default() };
        self.judge_calls(owner, &mut judged).await?;
        self.judge_tickets(owner, &mut judged).await?;
        // Last, for it calls tools.
        self.judge_progress(owner, slug, &mut judged).await?;
        Ok(judged)
    }

    /// Each call once, with the input and the answer it had; at most one more, which was on its way.
    async fn judge_calls(&self, owner: &Api, judged: &mut Judged) -> Result<()> {
        let mut sessions: HashMap<String, Vec<Value>> = HashMap::new();
        for session in owner.everything("sessions.list").await? {
            sessions.entry(text(&session["clientName"])?).or_default().push(session["id"].clone());
        }
        for (reader, acknowledged) in &self.0 {
            let mut kept = Vec::new();
            for session in sessions.get(reader).map_or(&[][..], Vec::as_slice) {
                let calls = owner.call("sessions.getToolCalls", &json!({ "sessionId": session })).await?;
                kept.extend(calls.as_array().context("calls are a list")?.iter().cloned());
            }
            let missing = settle(acknowledged, &mut kept);
            judged.passed = judged.passed.saturating_add(acknowledged.len().saturating_sub(missing.len()));
            judged.problems.extend(missing.iter().map(|call| format!("{reader}: missing: {call:?}")));
            judged.more_calls = judged.more_calls.saturating_add(kept.len());
            judged.holds(kept.len() <= 1, || format!("{reader}: {} calls that were never sent: {kept:?}", kept.len()));
        }
        Ok(())
    }

    /// What somebody was told to have done is done.
    async fn judge_progress(&self, owner: &Api, slug: &str, judged: &mut Judged) -> Result<()> {
        for (reader, acknowledged) in &self.0 {
            let told = acknowledged.iter().rfind(|call| call.tool != "get_support");
            let (Some(told), Some(last)) = (told, acknowledged.last()) else { continue };
            let answer = owner.tool(slug, reader, "get_next_step", &json!({})).await?;
            let fine = may_follow(told, last, &answer["progress"]["completedSteps"]);
            judged.holds(fine, || format!("{reader}: was told {told:?}, is at {answer}"));
        }
        Ok(())
    }

    /// Each ticket once, whole, with a number of its own.
    async fn judge_tickets(&self, owner: &Api, judged: &mut Judged) -> Result<()> {
        let mut kept: HashMap<String, Vec<Value>> = HashMap::new();
        let mut numbers: HashMap<i64, usize> = HashMap::new();
        for ticket in owner.everything("supportTickets.list").await? {
            let number = numbers.entry(ticket["number"].as_i64().context("a ticket has a number")?).or_default();
            *number = number.saturating_add(1);
            let activities = owner.call("supportTickets.getActivities", &json!({ "ticketId": ticket["id"] })).await?;
            let activities = activities.as_array().or(activities["items"].as_array()).map_or(0, Vec::len);
            judged.holds(activities == 1, || format!("{}: {activities} activities", ticket["id"]));
            kept.entry(text(&ticket["title"])?).or_default().push(ticket);
        }
        judged.holds(numbers.values().all(|count| *count == 1), || "a ticket number was given twice".to_owned());
        for call in self.0.values().flatten().filter(|call| call.tool == "get_support") {
            judged.tickets = judged.tickets.saturating_add(1);
            let found = kept.remove(call.input["title"].as_str().unwrap_or_default()).unwrap_or_default();
            let fine = matches!(found.as_slice(), [one] if one["id"] == call.answer["ticketId"]);
            judged.holds(fine, || format!("{} is there {} times: {found:?}", call.input["title"], found.len()));
        }
        judged.more_tickets = kept.len();
        let allowed = self.0.len();
        judged.holds(kept.len() <= allowed, || format!("{} tickets that were never filed", kept.len()));
        Ok(())
    }
}

/// Whether somebody may have done `now` steps who was last told of `told`, with one more call on its way: that did one
/// more step, or began again.
fn may_follow(told: &Acknowledged, last: &Acknowledged, now: &Value) -> bool {
    let (Some(before), Some(now)) = (told.answer["progress"]["completedSteps"].as_u64(), now.as_u64()) else {
        return false;
    };
    let begins_again = last.tool == "get_support" || told.answer["status"] == "finished";
    now == before || now == before.saturating_add(1) || (begins_again && now == 0)
}

/// Takes each acknowledged call out of `kept`, once; what is not there is missing.
fn settle<'a>(acknowledged: &'a [Acknowledged], kept: &mut Vec<Value>) -> Vec<&'a Acknowledged> {
    let mut missing = Vec::new();
    for call in acknowledged {
        let same = |one: &Value| {
            one["toolName"] == call.tool && one["input"] == call.input && one["output"]["structured"] == call.answer
        };
        match kept.iter().position(same) {
            Some(place) => drop(kept.swap_remove(place)),
            None => missing.push(call),
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Acknowledged, may_follow, settle};

    fn acknowledged(title: &str, answer: u8) -> Acknowledged {
        Acknowledged { tool: "get_support", input: json!({ "title": title }), answer: json!(answer) }
    }

    fn kept(title: &str, answer: u8) -> Value {
        json!({ "toolName": "get_support", "input": { "title": title }, "output": { "structured": answer } })
    }

    #[test]
    fn a_call_counts_for_one_acknowledgement_only() {
        let mut rows = vec![kept("a", 1), kept("b", 2), kept("c", 3)];
        let calls = [acknowledged("a", 1), acknowledged("a", 1), acknowledged("b", 2)];

        assert_eq!(settle(&calls, &mut rows).len(), 1);
        assert_eq!(rows, [kept("c", 3)]);
    }

    #[test]
    fn another_answer_is_another_call() {
        assert_eq!(settle(&[acknowledged("a", 1)], &mut vec![kept("a", 2)]).len(), 1);
    }

    #[test]
    fn progress_goes_on_by_one_step_or_begins_again_after_the_end() {
        let told = |status: &str, steps: u8| Acknowledged {
            tool: "get_next_step",
            input: json!({}),
            answer: json!({ "status": status, "progress": { "completedSteps": steps } }),
        };
        let after = |told: &Acknowledged, last: &Acknowledged| -> Vec<u8> {
            (0..5).filter(|now| may_follow(told, last, &json!(now))).collect()
        };

        assert_eq!(after(&told("step", 2), &told("step", 2)), [2, 3]);
        assert_eq!(after(&told("step", 2), &acknowledged("a", 1)), [0, 2, 3]);
        assert_eq!(after(&told("finished", 3), &told("finished", 3)), [0, 3, 4]);
    }
}
